"""The wavelet hash: low frequencies of a photo's Haar wavelets, against their median.

Source: the wavelet hash of ImageHash (Petrov, 2016): the photo at the largest power of two that its shorter side holds,
its mean taken away, decomposed until ``hash_size`` x ``hash_size`` coefficients are left.
"""

from __future__ import annotations

import imagehash
from PIL import Image

from hloc.similarities.base import SimilarityOptions
from hloc.similarities.perceptual_hash import PerceptualHash
from storage.errors import UsageError


class WHash(PerceptualHash):
    """Sees light and dark areas, each against the median of all.

    Raises
    ------
    UsageError
        When the hash's side is no power of two.
    """

    def __init__(self, name: str, options: SimilarityOptions) -> None:
        super().__init__(name, options)
        if self.hash_size.bit_count() != 1:
            raise UsageError(f"--hash_size {self.hash_size}: must be a power of two (8, 16, 32, ...) for {name}")

    def hashed(self, image: Image.Image) -> imagehash.ImageHash:
        """Give the hash of an RGB image."""
        return imagehash.whash(image, self.hash_size)


def create(name: str, options: SimilarityOptions) -> WHash:
    """Make the similarity."""
    return WHash(name, options)
