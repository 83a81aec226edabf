"""What ``tools/calibrate.py`` does: fit the probability of a pair on photos whose building is known, and test it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hloc.matching.evidence import EVIDENCE, Candidates, evidence_of
from hloc.probability import fit_calibration, probabilities
from stages.evaluate import match_labels
from storage.errors import StageError
from storage.formats.calibration import Calibration
from storage.formats.labels import SINGLE_LABEL, read_labels
from storage.formats.matches import MatchesFile, read_matches

NUM_FOLDS = 5
RELIABILITY_EDGES = (0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99, 1.0)


@dataclass(frozen=True, eq=False)
class LabelledPairs:
    """Pairs of photos whose building is known.

    Attributes
    ----------
    names : list of str
        The labelled photos.
    buildings : list of str
        Building of each; of a single photo, a name of its own.
    first, second : ndarray of int, shape (E,)
        Rows of the two photos in ``names``.
    evidence : ndarray, shape (E, F)
        In the order of ``EVIDENCE``.
    settings : Mapping
        Model and matcher that the pairs were verified with.
    weights : ndarray, shape (E,), optional
        How many pairs each counts for; 1 where not given.
    """

    names: list[str]
    buildings: list[str]
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    evidence: NDArray[np.float64]
    settings: Mapping[str, object]
    weights: NDArray[np.float64] | None = None

    @property
    def counts(self) -> NDArray[np.float64]:
        """How many pairs each counts for, (E,)."""
        return np.ones(len(self.first)) if self.weights is None else self.weights

    @property
    def is_same(self) -> NDArray[np.bool_]:
        """Whether both photos of a pair show the same building, (E,)."""
        buildings = np.array(self.buildings, object)
        return np.asarray(buildings[self.first] == buildings[self.second], bool)

    def folds(self, num_folds: int = NUM_FOLDS, seed: int = 0) -> NDArray[np.intp]:
        """Deal the buildings into folds of nearly equal numbers; give that of each photo."""
        by_hash = sorted(set(self.buildings), key=lambda name: sha256(f"{seed}\t{name}".encode()).hexdigest())
        fold_of = {building: place % num_folds for place, building in enumerate(by_hash)}
        return np.array([fold_of[building] for building in self.buildings], np.intp)


def read_labelled_pairs(matches_path: Path, labels_path: Path) -> LabelledPairs:
    """Read verified pairs and the labels of their photos; pairs with a photo that has no label are left out.

    Raises
    ------
    StageError
        When a file is missing or damaged, or no pair has two labels.
    """
    content = read_matches(matches_path)
    labels = read_labels(labels_path)
    label_of, _ = match_labels(content.names, labels)
    if not label_of:
        raise StageError(f"none of the {len(labels)} photos labelled in {labels_path} is in {matches_path}")
    return labelled_pairs(content, label_of)


def labelled_pairs(content: MatchesFile, label_of: Mapping[str, str]) -> LabelledPairs:
    """Put evidence and labels together; the evidence is that of the whole collection."""
    matches = content.matches
    evidence = evidence_of(Candidates.of(len(content.names), matches, content.score))
    rows = [row for row, name in enumerate(content.names) if name in label_of]
    place = np.full(len(content.names), -1)
    place[rows] = np.arange(len(rows))
    first, second = place[matches.first], place[matches.second]
    is_labelled = (first >= 0) & (second >= 0)
    names = [content.names[row] for row in rows]
    buildings = [f"\t{name}" if label_of[name] == SINGLE_LABEL else label_of[name] for name in names]
    return LabelledPairs(
        names, buildings, first[is_labelled], second[is_labelled], evidence[is_labelled], content.settings
    )


def join_labelled(one: LabelledPairs, other: LabelledPairs, weight: float) -> LabelledPairs:
    """Put two collections together; they have no building in common, and pairs of the other count ``weight``."""
    shift = len(one.names)
    return LabelledPairs(
        [*one.names, *(f"\t{name}" for name in other.names)],
        [*one.buildings, *(f"\t\t{name}" for name in other.buildings)],
        np.concatenate([one.first, other.first + shift]),
        np.concatenate([one.second, other.second + shift]),
        np.concatenate([one.evidence, other.evidence]),
        one.settings,
        np.concatenate([one.counts, weight * other.counts]),
    )


def calibrate(pairs: LabelledPairs) -> Calibration:
    """Fit the probability on all labelled pairs.

    Raises
    ------
    StageError
        When there are too few pairs of either kind.
    """
    try:
        fitted = fit_calibration(list(EVIDENCE), pairs.evidence, pairs.is_same, pairs.counts)
    except ValueError as error:
        raise StageError(f"{error}; label more photos, two of the same building at least") from error
    fitted_on = {
        "model": pairs.settings.get("model"),
        "matcher": pairs.settings.get("matcher"),
        "photos": len(pairs.names),
        "buildings": len(set(pairs.buildings)),
        "pairs": len(pairs.first),
        "pairs_of_one_building": int(pairs.is_same.sum()),
    }
    return replace(fitted, fitted_on=fitted_on)


def cross_validate(pairs: LabelledPairs, num_folds: int = NUM_FOLDS, seed: int = 0) -> NDArray[np.float64]:
    """Give the probability (E,) of each pair by a model that saw neither of its two buildings.

    A pair between two folds is judged by a model fitted on the pairs within all others. Among fewer buildings there
    are fewer pairs of two buildings for each pair of one; they count for more, so that the odds are those of all.

    Raises
    ------
    StageError
        When the pairs left for fitting are too few.
    """
    folds = pairs.folds(num_folds, seed)
    of_first, of_second = folds[pairs.first], folds[pairs.second]
    found = np.zeros(len(of_first))
    for one, other in combinations_with_replacement(range(num_folds), 2):
        is_tested = (np.minimum(of_first, of_second) == one) & (np.maximum(of_first, of_second) == other)
        if not is_tested.any():
            continue
        is_fitted = ~(np.isin(of_first, (one, other)) | np.isin(of_second, (one, other)))
        is_same = pairs.is_same[is_fitted]
        weights = np.where(is_same, 1.0, num_folds / (num_folds - len({one, other}))) * pairs.counts[is_fitted]
        try:
            model = fit_calibration(list(EVIDENCE), pairs.evidence[is_fitted], is_same, weights)
        except ValueError as error:
            raise StageError(f"too few labels for {num_folds} folds: {error}") from error
        found[is_tested] = probabilities(model, pairs.evidence[is_tested])
    return found


@dataclass(frozen=True)
class ReliabilityRow:
    """Pairs whose probability lies in one range: how many, what was predicted in the mean, what was observed."""

    low: float
    high: float
    count: int
    predicted: float
    observed: float


def reliability(
    probability: NDArray[np.float64], is_same: NDArray[np.bool_], edges: Sequence[float] = RELIABILITY_EDGES
) -> list[ReliabilityRow]:
    """Compare predicted probabilities with observed shares, range by range; ranges without a pair are left out."""
    places = np.clip(np.searchsorted(edges, probability, side="right") - 1, 0, len(edges) - 2)
    rows = []
    for place in range(len(edges) - 1):
        inside = places == place
        if inside.any():
            means = float(probability[inside].mean()), float(is_same[inside].mean())
            rows.append(ReliabilityRow(edges[place], edges[place + 1], int(inside.sum()), *means))
    return rows


def calibration_error(rows: Sequence[ReliabilityRow]) -> float:
    """Give the mean difference of predicted and observed, weighed by the number of pairs."""
    total = sum(row.count for row in rows)
    return sum(row.count * abs(row.predicted - row.observed) for row in rows) / max(total, 1)
