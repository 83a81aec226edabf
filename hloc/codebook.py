"""Visual words, and what a photo's local descriptors say about each: VLAD.

Sources: Jégou et al., "Aggregating local descriptors into a compact image representation" (CVPR 2010); Arandjelović and
Zisserman, "All about VLAD" (CVPR 2013) for intra-normalisation; Delhumeau et al., "Revisiting the VLAD image
representation" (ACM MM 2013) for normalised residuals.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from hloc.whitening import unit_rows

ITERATIONS = 5  # of Lloyd's algorithm; 10 gain nothing that two seeds do not differ by
DESCRIPTORS_PER_WORD = 10  # small collections get fewer words; 50 instead cost 7 photos of one building 2 points


def learn_codebooks(
    descriptors: NDArray[np.float32], num_words: int, num_codebooks: int, seed: int
) -> NDArray[np.float32]:
    """Cluster descriptors into visual words.

    Parameters
    ----------
    descriptors : ndarray of float32, shape (N, d)
        Local descriptors of many photos; may be few or none.
    num_words : int
        Words wanted; there are fewer where that would leave less than 10 descriptors a word, but one at least.
    num_codebooks : int
        Codebooks, each from its own start.
    seed : int
        The same descriptors and seed give the same words.

    Returns
    -------
    ndarray of float32, shape (num_codebooks, K, d)
        The words' centres.
    """
    num_distinct = len(np.unique(descriptors, axis=0))
    num_words = max(1, min(num_words, num_distinct // DESCRIPTORS_PER_WORD))
    if num_words == 1:
        centre = descriptors.mean(axis=0) if len(descriptors) else np.zeros(descriptors.shape[1])
        return np.tile(centre.astype(np.float32), (num_codebooks, 1, 1))
    codebooks = [
        KMeans(num_words, init="random", n_init=1, max_iter=ITERATIONS, random_state=seed + number, algorithm="lloyd")
        .fit(descriptors)
        .cluster_centers_
        for number in range(num_codebooks)
    ]
    return np.stack(codebooks).astype(np.float32)


def nearest_words(descriptors: NDArray[np.float32], words: NDArray[np.float32]) -> NDArray[np.intp]:
    """Give the index of the nearest of K words (K, d) for each of M descriptors (M, d)."""
    half_squares = np.einsum("kd,kd->k", words, words) / 2
    return np.argmax(descriptors @ words.T - half_squares, axis=1)


def sum_residuals(
    descriptors: NDArray[np.float32], words: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Add up, for each word that the photo shows, the unit vectors that lead from the word to its descriptors.

    Parameters
    ----------
    descriptors : ndarray of float32, shape (M, d)
        One photo's.
    words : ndarray of float32, shape (K, d)

    Returns
    -------
    shown : ndarray of int, shape (k,)
        The words that are nearest to some descriptor, ascending.
    sums : ndarray of float32, shape (k, d)
        Their sums, scaled to unit length: a word shown a hundred times (a row of windows, foliage) counts once.
    """
    if not len(descriptors):
        return np.zeros(0, np.intp), np.zeros((0, words.shape[1]), np.float32)
    nearest = nearest_words(descriptors, words)
    order = np.argsort(nearest, kind="stable")
    shown, starts = np.unique(nearest[order], return_index=True)
    residuals = unit_rows(descriptors - words[nearest])
    return shown, unit_rows(np.add.reduceat(residuals[order], starts, axis=0))


def encode_vlad(descriptors: NDArray[np.float32], codebooks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Describe a photo by its residuals to every word of every codebook.

    Parameters
    ----------
    descriptors : ndarray of float32, shape (M, d)
        One photo's.
    codebooks : ndarray of float32, shape (V, K, d)

    Returns
    -------
    ndarray of float32, shape (V * K * d,)
        Sums of unit residuals, scaled to unit length per word, signed square root, unit length; zeros when M is 0.
    """
    vlad = np.zeros(codebooks.shape, np.float32)
    for part, words in zip(vlad, codebooks, strict=True):
        shown, sums = sum_residuals(descriptors, words)
        part[shown] = np.sign(sums) * np.sqrt(np.abs(sums))
    return unit_rows(vlad.ravel())
