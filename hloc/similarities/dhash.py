"""The difference hash: each pixel of a photo at ``hash_size + 1`` x ``hash_size``, against its left neighbour.

Source: Krawetz, "Kind of like that" (hackerfactor.com, 2013), as ImageHash computes it.
"""

from __future__ import annotations

import imagehash
from PIL import Image

from hloc.similarities.base import SimilarityOptions
from hloc.similarities.perceptual_hash import PerceptualHash


class DHash(PerceptualHash):
    """Sees where a photo grows lighter from left to right."""

    def hashed(self, image: Image.Image) -> imagehash.ImageHash:
        """Give the hash of an RGB image."""
        return imagehash.dhash(image, self.hash_size)


def create(name: str, options: SimilarityOptions) -> DHash:
    """Make the similarity."""
    return DHash(name, options)
