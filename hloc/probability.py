"""Evidence to probability: a logistic model of a few numbers, none of which may count against the building.

Every piece of evidence is made so that more of it speaks for the same building; coefficients below zero would only fit
the accidents of the labelled photos, so they are held at zero or above, and shrunk. Source: Platt, "Probabilistic
outputs for support vector machines" (1999), for reading probabilities off a logistic curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from storage.formats.calibration import Calibration

DEFAULT_CALIBRATION = Path(__file__).with_name("calibration.json")

SHRINKAGE = 5.0  # weight of half the squared coefficients against the sum of log losses
LEAST_PAIRS_PER_CLASS = 5

FloatArray = NDArray[np.float64]


def probabilities(calibration: Calibration, evidence: FloatArray) -> FloatArray:
    """Give the probability (E,) that both photos of a pair show the same building.

    Parameters
    ----------
    calibration : Calibration
        A fitted model.
    evidence : ndarray, shape (E, F)
        In the order of the model's names.
    """
    standard = (evidence - np.array(calibration.means)) / np.array(calibration.scales)
    return np.asarray(expit(standard @ np.array(calibration.coefficients) + calibration.intercept))


def fit_calibration(
    names: Sequence[str], evidence: FloatArray, is_same: NDArray[np.bool_], weights: FloatArray | None = None
) -> Calibration:
    """Fit the logistic model.

    Parameters
    ----------
    names : sequence of str
        Names of the columns of ``evidence``.
    evidence : ndarray, shape (E, F)
        One row per labelled pair.
    is_same : ndarray of bool, shape (E,)
        Whether both photos show the same building.
    weights : ndarray, shape (E,), optional
        How many pairs each stands for; 1 where not given.

    Raises
    ------
    ValueError
        When there are fewer than 5 pairs of one of the two kinds.
    """
    num_same = int(is_same.sum())
    if min(num_same, len(is_same) - num_same) < LEAST_PAIRS_PER_CLASS:
        raise ValueError(
            f"{num_same} labelled pairs of the same building and {len(is_same) - num_same} of different ones; "
            f"{LEAST_PAIRS_PER_CLASS} of each are needed at least"
        )
    means, scales = evidence.mean(axis=0), np.maximum(evidence.std(axis=0), 1e-9)
    standard = np.column_stack([(evidence - means) / scales, np.ones(len(evidence))])
    sign, counts = np.where(is_same, 1.0, -1.0), np.ones(len(is_same)) if weights is None else weights

    def loss(factors: FloatArray) -> tuple[float, FloatArray]:
        margin = sign * (standard @ factors)
        gradient = -standard.T @ (counts * sign * expit(-margin))
        gradient[:-1] += SHRINKAGE * factors[:-1]
        return float(-(counts * log_expit(margin)).sum() + SHRINKAGE * (factors[:-1] ** 2).sum() / 2), gradient

    bounds = [(0.0, None)] * len(names) + [(None, None)]
    found = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", bounds=bounds)
    factors = [float(value) for value in found.x]
    return Calibration(list(names), means.tolist(), scales.tolist(), factors[:-1], factors[-1])
