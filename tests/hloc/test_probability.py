"""Evidence to probability."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hloc.matching.evidence import EVIDENCE
from hloc.probability import DEFAULT_CALIBRATION, fit_calibration, probabilities
from storage.formats.calibration import Calibration, read_calibration

NAMES = ["signal", "noise"]


def drawn(count: int = 2000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw evidence whose first column carries the logarithm of the odds, and the outcomes."""
    random = np.random.default_rng(seed)
    evidence = random.standard_normal((count, 2)) * [2.0, 5.0] + [1.0, 3.0]
    true = 1 / (1 + np.exp(-(1.5 * evidence[:, 0] - 2)))
    return evidence, true, random.random(count) < true


def test_the_probability_that_made_the_outcomes_is_found() -> None:
    evidence, true, outcomes = drawn(20_000)
    found = probabilities(fit_calibration(NAMES, evidence, outcomes), evidence)
    assert np.abs(found - true).mean() < 0.01


def test_what_says_nothing_has_hardly_a_weight() -> None:
    evidence, _, outcomes = drawn()
    fitted = fit_calibration(NAMES, evidence, outcomes)
    assert fitted.coefficients[0] > 10 * fitted.coefficients[1]


def test_no_evidence_counts_against_the_building() -> None:
    evidence, _, outcomes = drawn()
    fitted = fit_calibration(NAMES, np.column_stack([evidence[:, 0], -evidence[:, 0]]), outcomes)
    assert min(fitted.coefficients) >= 0


def test_the_unit_of_a_column_does_not_matter() -> None:
    evidence, _, outcomes = drawn()
    plain = probabilities(fit_calibration(NAMES, evidence, outcomes), evidence)
    scaled = evidence * [1000.0, 0.01] + [7.0, -3.0]
    assert np.allclose(plain, probabilities(fit_calibration(NAMES, scaled, outcomes), scaled), atol=1e-4)


def test_the_order_of_pairs_does_not_matter() -> None:
    evidence, _, outcomes = drawn(300)
    order = np.random.default_rng(1).permutation(300)
    one, other = fit_calibration(NAMES, evidence, outcomes), fit_calibration(NAMES, evidence[order], outcomes[order])
    assert np.allclose(one.coefficients, other.coefficients, atol=1e-4)


def test_a_perfect_signal_gives_finite_weights() -> None:
    signal = np.repeat([0.0, 1.0], 50)
    fitted = fit_calibration(NAMES, np.column_stack([signal, signal]), signal > 0)
    assert np.isfinite([*fitted.coefficients, fitted.intercept]).all()


def test_a_column_that_never_changes_is_no_fault() -> None:
    evidence, _, outcomes = drawn(200)
    evidence[:, 1] = 4
    found = probabilities(fit_calibration(NAMES, evidence, outcomes), evidence)
    assert np.isfinite(found).all() and found.std() > 0.1


@pytest.mark.parametrize("outcome", [True, False])
def test_pairs_of_one_kind_only_are_refused(outcome: bool) -> None:
    with pytest.raises(ValueError, match="5 of each are needed"):
        fit_calibration(NAMES, np.zeros((30, 2)), np.full(30, outcome))


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=20))
def test_a_probability_lies_between_0_and_1_and_grows_with_evidence(rows: list[tuple[float, float]]) -> None:
    plain = Calibration(NAMES, [0.0, 1.0], [2.0, 0.5], [1.0, 0.25], -1.0)
    evidence = np.array(rows)
    found = probabilities(plain, evidence)
    assert ((found >= 0) & (found <= 1)).all()
    assert (probabilities(plain, evidence + 1) >= found).all()


def test_the_calibration_that_comes_with_the_project_weighs_the_evidence_that_there_is() -> None:
    shipped = read_calibration(DEFAULT_CALIBRATION, list(EVIDENCE))
    strong = {"surprise": 12.0, "distinctiveness": 5.0, "guided_excess": 6.0, "coverage": 0.8, "match_excess": 1.0}
    weak = {"best_rank": -2.4, "worst_rank": -2.4}
    same = np.array([[{**weak, **strong}.get(name, 0.0) for name in EVIDENCE]])
    different = np.array([[weak.get(name, 0.0) for name in EVIDENCE]])
    assert probabilities(shipped, same)[0] > 0.99 > 0.2 > probabilities(shipped, different)[0]
    assert min(replace(shipped).coefficients) >= 0


def test_a_pair_of_weight_two_counts_like_two_pairs() -> None:
    evidence, _, outcomes = drawn(300)
    weights = np.where(outcomes, 2.0, 1.0)
    weighed = fit_calibration(NAMES, evidence, outcomes, weights)
    twice = np.repeat(np.arange(300), weights.astype(int))
    repeated = fit_calibration(NAMES, evidence[twice], outcomes[twice])
    grid = evidence[:50]
    assert np.allclose(probabilities(weighed, grid), probabilities(repeated, grid), atol=0.01)
    assert (probabilities(weighed, grid) > probabilities(fit_calibration(NAMES, evidence, outcomes), grid)).all()
