"""The average hash: pixels of a photo at ``hash_size`` x ``hash_size``, against their mean.

Source: Krawetz, "Looks like it" (hackerfactor.com, 2011), as ImageHash computes it.
"""

from __future__ import annotations

import imagehash
from PIL import Image

from hloc.similarities.base import SimilarityOptions
from hloc.similarities.perceptual_hash import PerceptualHash


class AHash(PerceptualHash):
    """Sees where a photo is lighter and darker than on the average."""

    def hashed(self, image: Image.Image) -> imagehash.ImageHash:
        """Give the hash of an RGB image."""
        return imagehash.average_hash(image, self.hash_size)


def create(name: str, options: SimilarityOptions) -> AHash:
    """Make the similarity."""
    return AHash(name, options)
