"""Maps of descriptors: many numbers a photo to two, by PCA, t-SNE or UMAP, the same on every run."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.errors import StageError, UsageError

METHODS = {"tsne": "t-SNE", "pca": "PCA", "umap": "UMAP"}
NUM_DIMENSIONS_BEFORE = 50  # t-SNE and UMAP look at the first principal components alone, as their authors advise
FULL_SVD_UP_TO = 4_000_000  # numbers in a matrix that is decomposed exactly
LEAST_PHOTOS = 5  # with fewer, neighbourhoods mean nothing: all methods are PCA

Points = NDArray[np.float64]


@dataclass(frozen=True)
class ProjectionSettings:
    """How a map is made.

    Attributes
    ----------
    method : str
        A key of ``METHODS``.
    seed : int
        Of everything random in it.
    perplexity : float
        Number of neighbours that t-SNE and UMAP care for, about; less is taken for few photos.
    """

    method: str
    seed: int = 0
    perplexity: float = 30.0


def check_method(method: str) -> None:
    """Refuse an unknown method (UsageError), and one whose library is not installed (StageError)."""
    if method not in METHODS:
        raise UsageError(f"--methods {method}: is not known; choose from {', '.join(METHODS)}")
    if method == "umap" and importlib.util.find_spec("umap") is None:
        raise StageError("--methods umap needs umap-learn, which is not installed: pip install umap-learn")


def project(descriptors: NDArray[np.floating], settings: ProjectionSettings) -> Points:
    """Give every photo a place on a map.

    Parameters
    ----------
    descriptors : ndarray, (N, D), floating
        Finite vectors.

    Returns
    -------
    ndarray, (N, 2), float64
        Centred, within -1 to 1, the first axis the one of greatest spread. The photo farthest out along an axis lies
        on its positive side, so that a run is not the mirror image of another.

    Raises
    ------
    UsageError, StageError
        As :func:`check_method`.
    """
    check_method(settings.method)
    vectors = np.asarray(descriptors, dtype=np.float32)
    if settings.method == "pca" or len(vectors) < LEAST_PHOTOS:
        return _standing(principal_components(vectors, 2, settings.seed))
    reduced = principal_components(vectors, NUM_DIMENSIONS_BEFORE, settings.seed)
    embed = _tsne if settings.method == "tsne" else _umap
    return _standing(embed(reduced, settings))


def principal_components(vectors: NDArray[np.floating], most: int, seed: int) -> NDArray[np.floating]:
    """Give the first principal components of vectors (N, D): (N, at most ``most``)."""
    from sklearn.decomposition import PCA

    count = min(most, *vectors.shape)
    if len(vectors) < 2 or not np.ptp(vectors, axis=0).any():
        return np.zeros((len(vectors), max(count, 1)))
    solver = "full" if vectors.size <= FULL_SVD_UP_TO else "randomized"
    found: NDArray[np.floating] = PCA(count, svd_solver=solver, random_state=seed).fit_transform(vectors)
    return found


def _tsne(vectors: NDArray[np.floating], settings: ProjectionSettings) -> NDArray[np.floating]:
    from sklearn.manifold import TSNE

    perplexity = min(settings.perplexity, (len(vectors) - 1) / 3)
    # "pca" needs two components; its orientation is put right afterwards in any case
    start = "pca" if vectors.shape[1] >= 2 else "random"
    found: NDArray[np.floating] = TSNE(2, perplexity=perplexity, init=start, random_state=settings.seed).fit_transform(
        vectors
    )
    return found


def _umap(vectors: NDArray[np.floating], settings: ProjectionSettings) -> NDArray[np.floating]:
    import umap

    num_neighbours = max(2, min(round(settings.perplexity / 2), len(vectors) - 1))
    reducer = umap.UMAP(n_neighbors=num_neighbours, min_dist=0.1, random_state=settings.seed, n_jobs=1, init="pca")
    return np.asarray(reducer.fit_transform(vectors))


def _standing(points: NDArray[np.floating]) -> Points:
    """Centre, turn to the axes of greatest spread, choose the signs, and scale to -1 to 1."""
    flat = np.zeros((len(points), 2))
    flat[:, : points.shape[1]] = points[:, :2]
    if not len(flat):
        return flat
    flat -= flat.mean(axis=0)
    _, _, axes = np.linalg.svd(flat, full_matrices=False) if len(flat) > 1 else (None, None, np.eye(2))
    turned = flat @ axes.T
    farthest = np.abs(turned).argmax(axis=0)
    turned *= np.where(turned[farthest, [0, 1]] < 0, -1.0, 1.0)
    extent = np.abs(turned).max()
    return np.asarray(turned / extent if extent > 0 else turned)


def colour_clusters(points: Points, labels: NDArray[np.integer], num_colours: int) -> dict[int, int]:
    """Give each cluster one of a few colours so that clusters of one colour lie far apart on the map.

    Parameters
    ----------
    points : ndarray, (N, 2)
        The map.
    labels : ndarray of int, (N,)
        Cluster number of each photo; negative for photos that are alone, which get no colour.
    num_colours : int
        Number of colours.

    Returns
    -------
    dict of int to int
        Cluster number to colour, 0 to ``num_colours - 1``; the largest cluster chooses first, ties by number.
    """
    numbers, where, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    centres = np.zeros((len(numbers), 2))
    np.add.at(centres, where.ravel(), points)
    centres /= sizes[:, None]
    order = [int(row) for row in np.lexsort((numbers, -sizes)) if numbers[row] >= 0]
    nearest = np.full((num_colours, len(numbers)), np.inf)  # distance of each centre to the nearest one of the colour
    used = np.zeros(num_colours, dtype=np.int64)
    chosen: dict[int, int] = {}
    for row in order:
        colour = int(np.lexsort((used, -nearest[:, row]))[0])
        chosen[int(numbers[row])] = colour
        used[colour] += 1
        nearest[colour] = np.minimum(nearest[colour], np.linalg.norm(centres - centres[row], axis=1))
    return chosen


def morton_order(points: Points) -> NDArray[np.int64]:
    """Order photos along a Z-shaped curve over the map (Morton 1966): those near in the order are near on the map."""
    bits = 16
    cells = np.clip((points + 1) / 2 * (2**bits - 1), 0, 2**bits - 1).astype(np.int64)
    code = np.zeros(len(points), dtype=np.int64)
    for bit in range(bits):
        for axis in (0, 1):
            code |= ((cells[:, axis] >> bit) & 1) << (2 * bit + axis)
    return np.argsort(code, kind="stable")
