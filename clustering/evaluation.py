"""How well groups of photos agree with labels: measures on two groupings of the same photos, as arrays."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

SINGLE = -1


@dataclass(frozen=True)
class Evaluation:
    """Agreement of predicted groups with true groups; shares lie in 0..1, higher is better.

    Attributes
    ----------
    num_photos : int
        Photos compared.
    num_true_groups, num_predicted_groups : int
        Groups of two photos or more.
    pairwise_precision, pairwise_recall, pairwise_f1 : float
        Of the pairs of photos that are together in the prediction, the share that is together in truth; of those
        together in truth, the share together in the prediction; their harmonic mean. 1 where there are no such pairs.
    bcubed_precision, bcubed_recall, bcubed_f1 : float
        The same of the photos in each photo's group, itself included, averaged over photos (Bagga and Baldwin 1998).
    adjusted_rand_index : float
        Pairwise agreement above chance (Hubert and Arabie 1985); may be below 0.
    normalised_mutual_information : float
        Mutual information over the mean of the two entropies.
    num_split : int
        True groups whose photos are in more than one predicted group.
    num_merging : int
        Predicted groups with photos of more than one true group.
    num_moves : int
        Fewest moves of one photo into another, possibly new, group that turn the prediction into the truth.
    """

    num_photos: int
    num_true_groups: int
    num_predicted_groups: int
    pairwise_precision: float
    pairwise_recall: float
    pairwise_f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    adjusted_rand_index: float
    normalised_mutual_information: float
    num_split: int
    num_merging: int
    num_moves: int

    def as_dict(self) -> dict[str, int | float]:
        """Give all measures by name, in the order above."""
        return asdict(self)


def evaluate(true: ArrayLike, predicted: ArrayLike) -> Evaluation:
    """Compare two groupings of the same photos.

    Parameters
    ----------
    true, predicted : array-like of int, shape (N,)
        Group of each photo, any numbers; -1 for a photo that is a group of its own.

    Raises
    ------
    ValueError
        When the two differ in length, are not one-dimensional, or there is no photo.
    """
    true_groups, predicted_groups = number_groups(true), number_groups(predicted)
    if true_groups.shape != predicted_groups.shape or len(true_groups) == 0:
        raise ValueError(
            f"two groupings of the same photos, one at least, are needed; got {true_groups.shape} and "
            f"{predicted_groups.shape}"
        )
    counts = count_common(predicted_groups, true_groups)
    predicted_sizes, true_sizes = counts.sum(axis=1), counts.sum(axis=0)
    together = _num_pairs(counts.data)
    pairwise = _share(together, _num_pairs(predicted_sizes)), _share(together, _num_pairs(true_sizes))
    squares = counts.data.astype(np.float64) ** 2
    num_photos = len(true_groups)
    bcubed = (
        float((squares / predicted_sizes[counts.row]).sum() / num_photos),
        float((squares / true_sizes[counts.col]).sum() / num_photos),
    )
    return Evaluation(
        num_photos,
        int((true_sizes > 1).sum()),
        int((predicted_sizes > 1).sum()),
        *pairwise,
        _harmonic_mean(*pairwise),
        *bcubed,
        _harmonic_mean(*bcubed),
        float(adjusted_rand_score(true_groups, predicted_groups)),
        float(normalized_mutual_info_score(true_groups, predicted_groups)),
        int((np.bincount(counts.col) > 1).sum()),
        int((np.bincount(counts.row) > 1).sum()),
        num_photos - largest_agreement(counts),
    )


def number_groups(labels: ArrayLike) -> NDArray[np.int64]:
    """Number the groups from 0 without gaps, each photo labelled -1 as a group of its own; shape (N,).

    Raises
    ------
    ValueError
        When the labels are not one-dimensional.
    """
    labels = np.asarray(labels, dtype=np.int64)
    if labels.ndim != 1:
        raise ValueError(f"labels must be one-dimensional, got the shape {labels.shape}")
    groups = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    is_single = labels == SINGLE
    groups[is_single] = len(labels) + np.arange(int(is_single.sum()))
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def count_common(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> sparse.coo_array:
    """Count the photos that a group of one grouping and one of the other have in common; only counts above 0."""
    ones = np.ones(len(rows), dtype=np.int64)
    shape = (int(rows.max()) + 1, int(columns.max()) + 1)
    return sparse.coo_array((ones, (rows, columns)), shape=shape).tocsr().tocoo()


def largest_agreement(counts: sparse.coo_array) -> int:
    """Find the most photos that can stay when every predicted group becomes one true group, or none.

    It is the greatest total of counts of which no two share a row or a column: a maximum weight matching of the two
    groupings. Parts of the table that are one row or one column have their largest count as the answer; the rest goes
    to SciPy's sparse assignment.
    """
    num_rows, num_columns = counts.shape
    nodes = sparse.coo_array(
        (counts.data, (counts.row, counts.col + num_rows)), shape=(num_rows + num_columns, num_rows + num_columns)
    )
    num_parts, part = connected_components(nodes, directed=False)
    rows_in_part = np.bincount(part[:num_rows], minlength=num_parts)
    columns_in_part = np.bincount(part[num_rows:], minlength=num_parts)
    is_simple = (np.minimum(rows_in_part, columns_in_part) == 1)[part[counts.row]]
    largest = np.zeros(num_parts, dtype=np.int64)
    np.maximum.at(largest, part[counts.row[is_simple]], counts.data[is_simple])
    return int(largest.sum()) + _best_assignment(
        counts.row[~is_simple], counts.col[~is_simple], counts.data[~is_simple]
    )


def _best_assignment(rows: NDArray[np.int64], columns: NDArray[np.int64], counts: NDArray[np.int64]) -> int:
    """Give the greatest total of counts of which no two share a row or a column."""
    if not len(counts):
        return 0
    rows = np.unique(rows, return_inverse=True)[1]
    columns = np.unique(columns, return_inverse=True)[1]
    num_rows, num_columns = int(rows.max()) + 1, int(columns.max()) + 1
    # A column of its own for every row, at the cost of gaining nothing: so that a row may stay without a partner.
    ceiling = int(counts.max()) + 1
    costs = np.concatenate((ceiling - counts, np.full(num_rows, ceiling))).astype(np.float64)
    own = np.arange(num_rows)
    places = (np.concatenate((rows, own)), np.concatenate((columns, num_columns + own)))
    table = sparse.csr_array((costs, places), shape=(num_rows, num_columns + num_rows))
    chosen_rows, chosen_columns = min_weight_full_bipartite_matching(table)
    total_cost = table[chosen_rows, chosen_columns].sum()
    return int(round(ceiling * num_rows - float(total_cost)))


def _num_pairs(sizes: NDArray[np.int64]) -> int:
    sizes = sizes.astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _harmonic_mean(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0
