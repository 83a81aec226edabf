"""VLAD of RootSIFT turned to each keypoint's dominant gradient: for photos that may be turned or tilted.

Upright RootSIFT tells more buildings apart, as long as photos stand upright (``benchmarks/vlad.md``); this one does not
mind how they stand (``benchmarks/attacks.md``).
"""

from __future__ import annotations

from hloc.extractors.base import ExtractorOptions
from hloc.extractors.vlad import VladExtractor


def create(options: ExtractorOptions) -> RotatedVladExtractor:
    """Make the extractor that the flags ask for."""
    return RotatedVladExtractor.of(options)


class RotatedVladExtractor(VladExtractor):
    """VLAD of RootSIFT in the direction of the dominant gradient."""

    name = "vlad-rotated"
    is_upright = False
