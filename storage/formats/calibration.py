"""The calibration file: the coefficients that turn evidence into a probability, and what they were fitted on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.errors import DamagedFileError
from storage.formats.json_file import read_versioned_json, with_checksum
from storage.unchanged import write_json_if_changed

CALIBRATION_FORMAT = "calibration"
CALIBRATION_VERSION = 1
MADE_BY = "python -m tools.calibrate"


@dataclass(frozen=True)
class Calibration:
    """A logistic model.

    Attributes
    ----------
    names : list of str
        Pieces of evidence, in the order of the other lists.
    means, scales : list of float
        Taken off each piece and divided by, before it is weighed.
    coefficients : list of float
        Weight of each piece.
    intercept : float
        What is added.
    fitted_on : Mapping
        Model, matcher and numbers of photos, buildings and pairs, for people.
    """

    names: list[str]
    means: list[float]
    scales: list[float]
    coefficients: list[float]
    intercept: float
    fitted_on: Mapping[str, Any] = field(default_factory=dict)


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration file atomically, unless it stands so."""
    parts = zip(calibration.names, calibration.means, calibration.scales, calibration.coefficients, strict=True)
    content = {
        "format": CALIBRATION_FORMAT,
        "format_version": CALIBRATION_VERSION,
        "evidence": [dict(zip(("name", "mean", "scale", "coefficient"), part, strict=True)) for part in parts],
        "intercept": calibration.intercept,
        "fitted_on": dict(calibration.fitted_on),
    }
    write_json_if_changed(path, with_checksum(content))


def read_calibration(path: Path, names: Sequence[str]) -> Calibration:
    """Read a calibration file.

    Parameters
    ----------
    path : Path
        The file.
    names : sequence of str
        The evidence that there is; the file must weigh the same.

    Raises
    ------
    StageError
        When there is no such file.
    DamagedFileError
        When it is not a calibration, or weighs other evidence.
    """
    content = read_versioned_json(path, MADE_BY, CALIBRATION_FORMAT, CALIBRATION_VERSION)
    try:
        rows = list(content["evidence"])
        found = [str(row["name"]) for row in rows]
        means, scales, coefficients = ([_finite(row[key]) for row in rows] for key in ("mean", "scale", "coefficient"))
        intercept, fitted_on = _finite(content["intercept"]), dict(content["fitted_on"])
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(
            f"damaged: {path} is no calibration ({error!r}); make it again with: {MADE_BY}"
        ) from error
    if found != list(names) or min(scales, default=1.0) <= 0:
        raise DamagedFileError(
            f"{path} weighs the evidence {', '.join(found)}, this program has {', '.join(names)}; make it again with: "
            f"{MADE_BY}"
        )
    return Calibration(found, means, scales, coefficients, intercept, fitted_on)


def _finite(value: Any) -> float:
    number = float(value)
    if isinstance(value, str) or not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number")
    return number
