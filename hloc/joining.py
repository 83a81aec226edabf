"""Joining models: the similarities of several models, made comparable on the collection at hand and added up.

Similarities of different models spread differently, so each is z-scored first over all pairs of the collection, with
median and interquartile range in place of mean and standard deviation, and the z-scores are added (Jain, Nandakumar and
Ross, "Score normalization in multimodal biometric systems", 2005, section 2). A constant shift and a common factor
change no order, so the sum is given as a mean of the similarities themselves, weighted by the inverse of their spread,
less that of the collection's median pair. So it stays near the cosines in size, thresholds mean the same in a
collection of much alike photos, and one too small to measure anything on gives sound scores too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.formats.features import Features, joined_checksum
from storage.report import SkippedPhoto

MAX_SAMPLE = 4096  # photos that a spread is measured on: eight million pairs, evenly spread over the names
ROWS_PER_BLOCK = 512
WEIGHT_DECIMALS = 6  # sums in another order, on another machine, differ by less
SMALLEST_SPREAD = 1e-3  # similarities that are all the same tell nothing; below this they are the same
BINS = 20_000  # of the similarities from -1 to 1, where quantiles are looked for
INTERQUARTILE_RANGE = 1.349  # of a normal distribution of standard deviation 1
# Pairs that a median is held against: among a few photos, perhaps all of one building, it says nothing of others.
PRIOR_PAIRS = 1000


@dataclass(frozen=True, eq=False)
class JoinedFeatures:
    """Descriptors whose scalar product less ``background`` is the joined similarity; for one model, its own.

    Attributes
    ----------
    model : str
        Names of the models, joined by ``+``.
    names : list of str
        Image names, sorted: the photos that every model has a descriptor of, N.
    descriptors : ndarray, (N, sum of D), float32
        The models' vectors side by side, each times the square root of its weight.
    weights : Mapping of str to float
        Share of each model's similarity; they sum to 1.
    background : float
        What is taken off each product: that of a typical pair of the collection; 0 for one model.
    skipped : list of SkippedPhoto
        Photos that some model has no descriptor of, sorted.
    checksum : str
        Of the features that they were made from.
    """

    model: str
    names: list[str]
    descriptors: NDArray[np.floating]
    weights: Mapping[str, float]
    background: float
    skipped: list[SkippedPhoto]
    checksum: str


def join_features(parts: Sequence[Features]) -> JoinedFeatures:
    """Join the features of one model or more, in the order given.

    Raises
    ------
    ValueError
        When there are none, or a model stands twice.
    """
    models = [part.model for part in parts]
    if not parts or len(set(models)) < len(models):
        raise ValueError(f"one or more different models can be joined, got {models}")
    names = sorted(set.intersection(*(set(part.names) for part in parts)))
    joined, weights = join_descriptors([_rows_of(part, names) for part in parts])
    return JoinedFeatures(
        "+".join(models),
        names,
        joined,
        dict(zip(models, weights, strict=True)),
        background_similarity(joined) if len(parts) > 1 else 0.0,
        _skipped(parts, names),
        joined_checksum([part.checksum for part in parts]),
    )


def join_descriptors(parts: Sequence[NDArray[np.floating]]) -> tuple[NDArray[np.floating], list[float]]:
    """Give descriptors whose scalar product is the weighted mean of the similarities, and the share of each model.

    Parameters
    ----------
    parts : sequence of ndarray of float, shapes (N, D)
        Unit vectors of the same photos, one array a model; the only array of one model stays as it is.
    """
    if len(parts) == 1:
        return parts[0], [1.0]
    weights = join_weights(parts)
    ends = np.cumsum([part.shape[1] for part in parts])
    joined = np.empty((len(parts[0]), int(ends[-1])), np.float32)  # filled in place: no second copy of everything
    for weight, part, end in zip(weights, parts, ends, strict=True):
        np.multiply(part, np.float32(np.sqrt(weight)), out=joined[:, end - part.shape[1] : end])
    return joined, weights


def join_weights(parts: Sequence[NDArray[np.floating]]) -> list[float]:
    """Give the share of each model's similarity in the joined one: inverse to its spread on these photos.

    Parameters
    ----------
    parts : sequence of ndarray of float, shapes (N, D)
        Unit vectors of the same photos.
    """
    spreads = np.array([similarity_spread(part) for part in parts])
    if (spreads < SMALLEST_SPREAD).all():
        shares = np.ones(len(parts))
    else:
        shares = np.where(spreads < SMALLEST_SPREAD, 0.0, 1.0 / np.maximum(spreads, SMALLEST_SPREAD))
    return [float(share) for share in np.round(shares / shares.sum(), WEIGHT_DECIMALS)]


def similarity_spread(descriptors: NDArray[np.floating]) -> float:
    """Give the spread of the scalar products of pairs of different photos as a standard deviation.

    It is the interquartile range by 1.349, as for a normal distribution: the standard deviation itself grows with the
    share of pairs that show the same building, which differs from collection to collection. Photos with a zero vector
    are left out; 0 where fewer than two are left. Of more than 4,096 photos, as many are taken, spread evenly over
    their order.

    Parameters
    ----------
    descriptors : ndarray of float, shape (N, D)
        Unit vectors.
    """
    lower, upper = _quantiles(descriptors, (0.25, 0.75))[0]
    return (upper - lower) / INTERQUARTILE_RANGE


def background_similarity(descriptors: NDArray[np.floating]) -> float:
    """Give the median of the scalar products of all pairs, less where the pairs are few; photos as for the spread.

    Most pairs of a collection of several buildings show two buildings, so it is what unrelated photos have.

    Parameters
    ----------
    descriptors : ndarray of float, shape (N, D)
        Unit vectors.
    """
    (median,), count = _quantiles(descriptors, (0.5,))
    return round(median * count / (count + PRIOR_PAIRS), WEIGHT_DECIMALS)


def _quantiles(descriptors: NDArray[np.floating], shares: Sequence[float]) -> tuple[list[float], int]:
    """Give quantiles of the products of all pairs, to half a bin, and how many products there are."""
    counts = np.zeros(BINS, np.int64)
    for products in _products(descriptors):
        counts += np.histogram(products, BINS, (-1.0, 1.0))[0]
    total = int(counts.sum())
    if total == 0:
        return [0.0] * len(shares), 0
    bins = np.searchsorted(np.cumsum(counts), np.array(shares) * total)
    return [float(place) for place in -1.0 + (bins + 0.5) * 2.0 / BINS], total


def _products(descriptors: NDArray[np.floating]) -> Iterator[NDArray[np.float64]]:
    """Give the scalar products of all pairs of different photos, each twice, in blocks."""
    usable = np.flatnonzero(np.einsum("ij,ij->i", descriptors, descriptors) > 0)
    if len(usable) > MAX_SAMPLE:
        usable = usable[np.linspace(0, len(usable) - 1, MAX_SAMPLE).round().astype(np.intp)]
    vectors = descriptors[usable].astype(np.float32)
    for start in range(0, len(vectors), ROWS_PER_BLOCK):
        rows = np.arange(start, min(start + ROWS_PER_BLOCK, len(vectors)))
        products = (vectors[rows] @ vectors.T).astype(np.float64)
        is_other = np.ones(products.shape, bool)
        is_other[rows - start, rows] = False
        yield np.clip(products[is_other], -1.0, 1.0)


def _rows_of(part: Features, names: Sequence[str]) -> NDArray[np.floating]:
    if list(part.names) == list(names):
        return part.descriptors
    place = {name: row for row, name in enumerate(part.names)}
    rows: NDArray[np.floating] = part.descriptors[[place[name] for name in names]]
    return rows


def _skipped(parts: Sequence[Features], names: Sequence[str]) -> list[SkippedPhoto]:
    """Name every photo that is not joined once, with the first model's reason that has one."""
    reasons = {photo.name: photo for part in reversed(parts) for photo in part.skipped}
    missing = {name for part in parts for name in part.names} - set(names) - reasons.keys()
    without = [SkippedPhoto(name, "not described by every model that is joined") for name in missing]
    return sorted([*reasons.values(), *without])
