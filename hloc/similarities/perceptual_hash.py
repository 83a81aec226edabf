"""What the perceptual hashes share: bits of a photo by ImageHash, packed; scores by the number of differing bits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from imagehash import ImageHash
from numpy.typing import NDArray
from PIL import Image

from hloc.similarities.base import Similarity, SimilarityOptions
from hloc.similarities.counting import CountingScorer, differing_bits, stacked
from hloc.similarities.resizing import Resizing
from storage.errors import UsageError

HASH_SIZE = 8
SMALLEST_HASH_SIZE = 2
LARGEST_HASH_SIZE = 256
HASH_SCALES = ("bits", "rows")
WORD = np.dtype(np.uint64)


class PerceptualHash(Similarity):
    """A hash of ``hash_size`` x ``hash_size`` bits.

    With ``--hash_scale bits`` the score is the share of equal bits, from 0 to 1; unrelated photos lie around 0.5. With
    ``rows`` it is 1 less the differing bits divided by ``hash_size``, from 1 - ``hash_size`` to 1, as in clusterimg. A
    photo of one colour has a hash like any other.

    Raises
    ------
    UsageError
        When an option is out of its range, or not for hashes.
    """

    scores_blocks = True

    def __init__(self, name: str, options: SimilarityOptions) -> None:
        options.only(name, "size", "scale", "hash_size", "hash_scale")
        self.name = name
        self.hash_size = options.hash_size if options.hash_size is not None else HASH_SIZE
        if not SMALLEST_HASH_SIZE <= self.hash_size <= LARGEST_HASH_SIZE:
            allowed = f"between {SMALLEST_HASH_SIZE} and {LARGEST_HASH_SIZE}"
            raise UsageError(f"--hash_size {self.hash_size}: must lie {allowed}")
        self._scale = options.choice("hash_scale", HASH_SCALES)
        self._divisor = self.hash_size**2 if self._scale == "bits" else self.hash_size
        self.lowest = 1.0 - self.hash_size**2 / self._divisor
        self._resizing = Resizing.told_by(options, own_size=None)

    @abstractmethod
    def hashed(self, image: Image.Image) -> ImageHash:
        """Give the hash of an RGB image; ImageHash makes it grey and small by itself."""

    def settings(self) -> dict[str, Any]:
        """Give the hash's size, the scale of its scores and what is done to photos before."""
        return {"hash_size": self.hash_size, "hash_scale": self._scale} | self._resizing.settings()

    def describe(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Give the bits, row by row, eight a byte, the first the most significant: (ceil(hash_size² / 8),)."""
        return np.packbits(self.hashed(Image.fromarray(self._resizing.of(photo))).hash)

    def scorer(self, features: Sequence[NDArray[Any]]) -> CountingScorer:
        """Put the hashes into words of 64 bits and count the bits that differ."""
        num_bytes = -(-(self.hash_size**2) // 8)
        num_words = -(-num_bytes // WORD.itemsize)
        padded = [np.pad(feature, (0, num_words * WORD.itemsize - num_bytes)).view(WORD) for feature in features]
        scores = 1 - np.arange(self.hash_size**2 + 1) / self._divisor
        return CountingScorer(*stacked(padded, num_words, WORD), differing_bits, scores)
