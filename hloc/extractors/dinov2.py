"""DINOv2: the class token of a vision transformer that learnt without labels.

Source: Oquab et al., "DINOv2: Learning Robust Visual Features without Supervision" (2023); the picture is that of its
evaluation: the short side to 256 pixels, bicubic, then the middle 224 x 224.
"""

from __future__ import annotations

from hloc.extractors.base import ENGINE_FLAGS, PICTURE_FLAGS, ExtractorOptions
from hloc.extractors.hub_network import HubExtractor, HubNetwork
from hloc.extractors.picture import Picture

UNDERSTOOD_FLAGS = (*PICTURE_FLAGS, *ENGINE_FLAGS)
PICTURE = Picture((224, 224), "crop", short_side=256, interpolation="bicubic", stride=14, min_side=56)
NETWORK = HubNetwork("dinov2_vitb14", PICTURE, 768)


def create(options: ExtractorOptions) -> HubExtractor:
    """Make the extractor that the flags ask for."""
    return HubExtractor(options, NETWORK)
