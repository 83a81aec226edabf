"""RootSIFT turned to each keypoint's dominant gradient: for photos that lie on their side and say so nowhere.

Upright RootSIFT finds more matches between photos that stand upright (``benchmarks/matching.md``); this one does not
mind how they stand.
"""

from __future__ import annotations

from hloc.matching.rootsift import RootSift


def create(num_keypoints: int) -> RotatedRootSift:
    """Make the matcher; UsageError when ``num_keypoints`` is out of range."""
    return RotatedRootSift(num_keypoints)


class RotatedRootSift(RootSift):
    """RootSIFT in the direction of the dominant gradient."""

    name = "rootsift_rotated"
    is_upright = False
