"""Fitting and testing the probability on labelled photos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hloc.matching.evidence import EVIDENCE
from stages.calibrate import (
    LabelledPairs,
    calibrate,
    calibration_error,
    cross_validate,
    join_labelled,
    labelled_pairs,
    read_labelled_pairs,
    reliability,
)
from storage.errors import StageError
from storage.formats.matches import MatchesFile, join_matches, write_matches
from tests.hloc.matching.tables import one_pair

NUM_BUILDINGS, PHOTOS_EACH = 20, 4


def drawn(seed: int = 0, signal: float = 2.0) -> LabelledPairs:
    """Draw all pairs of some buildings; the first two pieces of evidence are higher within a building."""
    random = np.random.default_rng(seed)
    buildings = [f"b{number // PHOTOS_EACH}" for number in range(NUM_BUILDINGS * PHOTOS_EACH)]
    first, second = np.triu_indices(len(buildings), 1)
    is_same = np.array(buildings, object)[first] == np.array(buildings, object)[second]
    chosen = np.flatnonzero(is_same | (random.random(len(first)) < 0.1))
    evidence = random.standard_normal((len(chosen), len(EVIDENCE)))
    evidence[:, :2] += signal * is_same[chosen, None]
    names = [f"{number:03}.jpg" for number in range(len(buildings))]
    return LabelledPairs(names, buildings, first[chosen], second[chosen], evidence, {"model": "m", "matcher": "r"})


def file_of(num_photos: int = 6) -> MatchesFile:
    """Give all pairs of some photos; those of one half match well."""
    half = num_photos // 2
    pairs = [
        one_pair(
            one,
            two,
            num_matches=60,
            num_places=30 if (one < half) == (two < half) else 1,
            distinctiveness=9.0 if (one < half) == (two < half) else 0.5,
        )
        for one in range(num_photos)
        for two in range(one + 1, num_photos)
    ]
    names, count = [f"street/{number}.jpg" for number in range(num_photos)], len(pairs)
    none, numbers = np.zeros(count, np.uint8), np.zeros(count)
    hashes = [f"{number:064x}" for number in range(num_photos)]
    settings: dict[str, Any] = {"model": "vlad", "matcher": "rootsift"}
    return MatchesFile(settings, names, hashes, join_matches(pairs), none, numbers, numbers, none, none)


def test_a_fit_tells_what_it_was_fitted_on() -> None:
    pairs = drawn()
    fitted = calibrate(pairs)
    assert fitted.fitted_on["photos"] == 80 and fitted.fitted_on["buildings"] == 20
    assert fitted.fitted_on["pairs"] == len(pairs.first) and fitted.fitted_on["pairs_of_one_building"] == 120
    assert (fitted.fitted_on["model"], fitted.fitted_on["matcher"]) == ("m", "r")
    assert min(fitted.coefficients[:2]) > 5 * max(fitted.coefficients[2:])


def test_too_few_labels_say_what_is_missing() -> None:
    pairs = drawn()
    few = np.flatnonzero(~pairs.is_same)
    alone = LabelledPairs(
        pairs.names, pairs.buildings, pairs.first[few], pairs.second[few], pairs.evidence[few], pairs.settings
    )
    with pytest.raises(StageError, match="0 labelled pairs of the same building.*label more photos"):
        calibrate(alone)
    with pytest.raises(StageError, match="too few labels for 5 folds"):
        cross_validate(alone)


def test_photos_of_one_building_are_in_one_fold_and_folds_are_even() -> None:
    pairs = drawn()
    folds = pairs.folds()
    by_building = [set(folds[np.array(pairs.buildings) == name]) for name in set(pairs.buildings)]
    assert all(len(found) == 1 for found in by_building)
    assert sorted(np.bincount(folds).tolist()) == [16] * 5
    assert not np.array_equal(folds, pairs.folds(seed=1))


def test_folds_do_not_hang_on_the_order_of_photos() -> None:
    pairs = drawn()
    turned = LabelledPairs(
        pairs.names[::-1], pairs.buildings[::-1], pairs.first, pairs.second, pairs.evidence, pairs.settings
    )
    assert np.array_equal(pairs.folds(), turned.folds()[::-1])


def test_cross_validation_predicts_buildings_that_it_did_not_see() -> None:
    pairs = drawn(signal=3.0)
    found = cross_validate(pairs)
    assert ((found > 0.5) == pairs.is_same).mean() > 0.95
    assert calibration_error(reliability(found, pairs.is_same)) < 0.07


def test_the_label_of_a_pair_has_no_part_in_its_own_probability() -> None:
    pairs = drawn()
    before = cross_validate(pairs)
    folds = pairs.folds()
    buildings = [f"other {name}" if fold == 0 else name for name, fold in zip(pairs.buildings, folds, strict=True)]
    # The same deal, so that only the labels of fold 0 differ.
    changed = _Dealt(pairs.names, buildings, pairs.first, pairs.second, pairs.evidence, pairs.settings)
    changed.dealt.extend(folds.tolist())
    inside = (folds[pairs.first] == 0) & (folds[pairs.second] == 0)
    assert np.array_equal(cross_validate(changed)[inside], before[inside])


class _Dealt(LabelledPairs):
    """Pairs whose folds are given."""

    @property
    def dealt(self) -> list[int]:
        return self.__dict__.setdefault("_dealt", [])

    def folds(self, num_folds: int = 5, seed: int = 0) -> np.ndarray:
        return np.array(self.dealt)


def test_evidence_without_any_sense_is_worth_the_share_of_pairs() -> None:
    pairs = drawn(signal=0.0)
    found = cross_validate(pairs)
    assert abs(found.mean() - pairs.is_same.mean()) < 0.03 and found.std() < 0.1


def test_reliability_counts_every_pair_once() -> None:
    probability, is_same = np.array([0.0, 0.3, 0.5, 1.0]), np.array([False, False, True, True])
    rows = reliability(probability, is_same, (0.0, 0.25, 0.75, 1.0))
    assert [(row.count, row.predicted, row.observed) for row in rows] == [(1, 0, 0), (2, 0.4, 0.5), (1, 1, 1)]
    assert calibration_error(rows) == pytest.approx(0.05)


def test_ranges_without_a_pair_are_left_out() -> None:
    assert [row.low for row in reliability(np.array([0.05]), np.array([True]), (0.0, 0.5, 1.0))] == [0.0]
    assert reliability(np.zeros(0), np.zeros(0, bool)) == [] and calibration_error([]) == 0


def test_photos_without_a_label_are_left_out_and_single_ones_are_alone() -> None:
    labels = {"street/0.jpg": "x", "street/1.jpg": "x", "street/3.jpg": "single", "street/4.jpg": "single"}
    found = labelled_pairs(file_of(), labels)
    assert found.names == sorted(labels) and len(found.first) == 6
    assert found.is_same.sum() == 1


def test_files_are_read_by_the_end_of_names(tmp_path: Path) -> None:
    write_matches(tmp_path / "m.h5", file_of())
    (tmp_path / "labels.csv").write_text("path,building\n" + "".join(f"{n}.jpg,b{n // 3}\n" for n in range(6)))
    found = read_labelled_pairs(tmp_path / "m.h5", tmp_path / "labels.csv")
    assert len(found.first) == 15 and found.is_same.sum() == 6


def test_labels_of_other_photos_are_an_error(tmp_path: Path) -> None:
    write_matches(tmp_path / "m.h5", file_of())
    (tmp_path / "labels.csv").write_text("path,building\nelsewhere.jpg,x\n")
    with pytest.raises(StageError, match="none of the 1 photos labelled"):
        read_labelled_pairs(tmp_path / "m.h5", tmp_path / "labels.csv")


def test_joined_collections_have_no_building_in_common_and_weights() -> None:
    one, other = drawn(0), drawn(1)
    both = join_labelled(one, other, 0.25)
    assert len(set(both.buildings)) == 2 * NUM_BUILDINGS and len(both.names) == len(set(both.names))
    assert both.is_same.tolist() == [*one.is_same, *other.is_same]
    assert both.counts.tolist() == [1.0] * len(one.first) + [0.25] * len(other.first)


def test_a_collection_of_little_weight_changes_little() -> None:
    one, other = drawn(0), drawn(1, signal=-2.0)
    plain = np.array(calibrate(one).coefficients)
    assert np.abs(np.array(calibrate(join_labelled(one, other, 1e-6)).coefficients) - plain).max() < 0.15
    assert np.abs(np.array(calibrate(join_labelled(one, other, 1.0)).coefficients) - plain).max() > 0.3
