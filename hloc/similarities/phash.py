"""The perceptual hash: low frequencies of a photo's cosine transform, against their median.

Source: Krawetz, "Looks like it" (hackerfactor.com, 2011), as ImageHash computes it: of the two-dimensional DCT-II of
the photo at ``hash_size`` x ``highfreq_factor`` pixels a side, the block of the lowest frequencies, the mean included.
"""

from __future__ import annotations

from typing import Any

import imagehash
from PIL import Image

from hloc.similarities.base import SimilarityOptions
from hloc.similarities.perceptual_hash import PerceptualHash

# The photo is brought to this many times the hash's side; clusterimg hashes 64 x 64 bits of 1024 x 1024 pixels.
HIGHFREQ_FACTOR = 4
HIGHFREQ_FACTORS = {64: 16}


class PHash(PerceptualHash):
    """Survives scaling, recompression and changes of brightness."""

    @property
    def highfreq_factor(self) -> int:
        """Side, in pixels, of what is transformed, divided by the hash's side."""
        return HIGHFREQ_FACTORS.get(self.hash_size, HIGHFREQ_FACTOR)

    def settings(self) -> dict[str, Any]:
        """Give the factor as well."""
        return super().settings() | {"highfreq_factor": self.highfreq_factor}

    def hashed(self, image: Image.Image) -> imagehash.ImageHash:
        """Give the hash of an RGB image."""
        return imagehash.phash(image, self.hash_size, self.highfreq_factor)


def create(name: str, options: SimilarityOptions) -> PHash:
    """Make the similarity."""
    return PHash(name, options)
