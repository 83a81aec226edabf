"""MinHash of where a photo's corners lie: the share of places that two photos have in common, estimated.

Sources: Harris and Stephens, "A combined corner and edge detector" (1988), by OpenCV; Broder, "On the resemblance and
containment of documents" (1997), by datasketch. With 128 permutations the standard error of a score is at most 0.044.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray

from hloc.similarities.base import Similarity, SimilarityOptions
from hloc.similarities.counting import CountingScorer, differing_words, stacked
from hloc.similarities.resizing import Resizing

NUM_PERMUTATIONS = 128
SEED = 1
SCHEME = "affine32"  # said explicitly: signatures of different schemes cannot be compared
NUM_CORNERS = 100
GRID = 32
TOKENS = ("cells", "axes")
SIGNATURE = np.dtype(np.uint32)


class MinHashSimilarity(Similarity):
    """Estimated Jaccard similarity of the places of the 100 strongest corners, from 0 to 1.

    A place is a cell of a 32 x 32 grid. With ``--minhash_tokens axes`` it is the relative row of a corner, and its
    relative column, in one set, as in clusterimg: which row goes with which column is lost, so that two photos with
    corners anywhere share a third of them. A photo without corners (of one colour) is comparable with nothing.

    Raises
    ------
    UsageError
        When an option is out of its range, or not for this similarity.
    """

    scores_blocks = True

    def __init__(self, name: str, options: SimilarityOptions) -> None:
        options.only(name, "size", "scale", "minhash_tokens")
        self.name = name
        self._tokens = options.choice("minhash_tokens", TOKENS)
        self._resizing = Resizing.told_by(options)

    def settings(self) -> dict[str, Any]:
        """Give what a token is, how corners are taken and how signatures are made."""
        signatures = {"permutations": NUM_PERMUTATIONS, "seed": SEED, "scheme": SCHEME}
        corners = {"minhash_tokens": self._tokens, "corners": NUM_CORNERS, "grid": GRID}
        return corners | signatures | self._resizing.settings()

    def describe(self, photo: NDArray[np.uint8]) -> NDArray[np.uint32]:
        """Give the signature (128,), or no numbers where there is no corner."""
        grey = self._resizing.grey(photo)
        corners = strongest_corners(grey)
        if not len(corners):
            return np.empty(0, SIGNATURE)
        make_tokens = cell_tokens if self._tokens == "cells" else axis_tokens
        return signature(make_tokens(corners, grey.shape))

    def scorer(self, features: Sequence[NDArray[Any]]) -> CountingScorer:
        """Count the numbers of two signatures that agree."""
        scores = 1 - np.arange(NUM_PERMUTATIONS + 1) / NUM_PERMUTATIONS
        return CountingScorer(*stacked(features, NUM_PERMUTATIONS, SIGNATURE), differing_words, scores)


def strongest_corners(grey: NDArray[np.uint8], count: int = NUM_CORNERS) -> NDArray[np.int64]:
    """Find the pixels of the greatest Harris response.

    Parameters
    ----------
    grey : ndarray of uint8, shape (H, W)
        Photo.
    count : int
        Most to give.

    Returns
    -------
    ndarray of int64, shape (C, 2)
        Row and column, the strongest first, equal ones in the order of the raster; only pixels whose response is
        positive, as that of an edge or of a plain area is not.
    """
    response = cv2.cornerHarris(grey, blockSize=2, ksize=3, k=0.04).ravel()
    corners = np.flatnonzero(response > 0)
    if len(corners) > count:
        weakest = np.partition(response[corners], -count)[-count]
        corners = corners[response[corners] >= weakest]
    chosen = corners[np.argsort(-response[corners], kind="stable")[:count]]
    return np.stack(np.divmod(chosen, grey.shape[1]), axis=1)


def cell_tokens(corners: NDArray[np.int64], shape: tuple[int, ...]) -> set[bytes]:
    """Give the cells of a 32 x 32 grid that hold corners."""
    cells = corners * GRID // np.array(shape[:2])
    return {bytes(cell) for cell in cells.astype(np.uint8)}


def axis_tokens(corners: NDArray[np.int64], shape: tuple[int, ...]) -> set[bytes]:
    """Give the relative rows and the relative columns of corners; a zero stands for corners that are missing."""
    places = np.zeros((NUM_CORNERS, 2), "<f8")
    places[: len(corners)] = corners / np.array(shape[:2])
    return {place.tobytes() for place in places.ravel()}


def signature(tokens: Iterable[bytes], scheme: str = SCHEME) -> NDArray[np.uint32]:
    """Give the MinHash signature (128,) of a set of tokens, by one of datasketch's schemes of permutations."""
    minhash = MinHash(num_perm=NUM_PERMUTATIONS, seed=SEED, scheme=scheme)
    minhash.update_batch(sorted(tokens))
    return np.asarray(minhash.hashvalues).astype(SIGNATURE)


def create(name: str, options: SimilarityOptions) -> MinHashSimilarity:
    """Make the similarity."""
    return MinHashSimilarity(name, options)
