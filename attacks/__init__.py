"""The registry of attacks on photos: what a copy of a photo may have gone through before it is met again.

An attack is a family (``rotation``) with a parameter (``20``). A new family is one file here and one line in
``FAMILIES``. Importing this module imports nothing heavy.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage.errors import UsageError

if TYPE_CHECKING:
    from attacks.base import Change

ALL = "all"


@dataclass(frozen=True)
class AttackFamily:
    """A registered family of attacks.

    Attributes
    ----------
    module, function : str
        The module under ``attacks`` and the function in it, an ``attacks.base.Change``.
    pattern : str
        The id of an attack, with ``{}`` for its parameter.
    grid : tuple of float
        The parameters that are used when nobody asks for others.
    least, most : float
        Range of the parameter.
    step : int or None
        1 for whole numbers, 2 for odd ones (from ``least`` on); None for any number.
    """

    module: str
    function: str
    pattern: str
    grid: tuple[float, ...]
    least: float
    most: float
    step: int | None = None

    def accepts(self, value: float) -> bool:
        """Say whether ``value`` is a parameter of this family."""
        is_in_step = self.step is None or (value - self.least) % self.step == 0
        return math.isfinite(value) and self.least <= value <= self.most and is_in_step

    def described(self) -> str:
        """Say which parameters it takes."""
        kind = {None: "numbers", 1: "whole numbers", 2: "odd numbers"}[self.step]
        return f"{kind} from {self.least:g} to {self.most:g}"


@dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes
    ----------
    id : str
        Unique among all; part of file names.
    family : str
        Key of ``FAMILIES``.
    parameter : float
        What the family's function is called with.
    """

    id: str
    family: str
    parameter: float

    @property
    def parameter_text(self) -> str:
        """The parameter, written as short as it can be."""
        return _text(self.parameter)


_ENHANCED = (0.5, 0.66, 1.5, 2.0)

# Families and grids are those of Vallez et al.'s "Unsupervised improvement of image similarity" experiments, 58 attacks
# in all, so that figures can be compared. What it calls "s&p_noise" has a name here that no command line stumbles over.
FAMILIES: dict[str, AttackFamily] = {
    "gaussian_noise": AttackFamily("gaussian_noise", "add_noise", "gaussian_noise_{}", (0.01, 0.02, 0.05), 0, 10),
    "salt_and_pepper_noise": AttackFamily(
        "salt_and_pepper_noise", "add_salt_and_pepper", "salt_and_pepper_noise_{}", (0.05, 0.1, 0.15), 0, 1
    ),
    "speckle_noise": AttackFamily("speckle_noise", "add_speckle", "speckle_noise_{}", (0.01, 0.02, 0.05), 0, 10),
    "gaussian_filter": AttackFamily("gaussian_filter", "blur", "gaussian_filter_{0}x{0}", (3, 5, 7), 3, 255, 2),
    "median_filter": AttackFamily("median_filter", "take_median", "median_filter_{0}x{0}", (3, 5, 7), 3, 255, 2),
    "jpg_compression": AttackFamily("jpg_compression", "compress", "jpg_compression_{}", (10, 50, 90), 1, 100, 1),
    "scaling": AttackFamily("scaling", "scale", "scaling_{}", (0.4, 0.8, 1.2, 1.6), 0.01, 4),
    "cropping": AttackFamily("cropping", "crop", "cropping_{}_and_rescaling", (5, 10, 20, 40, 60), 0, 99),
    "rotation": AttackFamily("rotation", "rotate", "rotation_{}_and_rescaling", (5, 10, 20, 40, 60), -360, 360),
    "shearing": AttackFamily("shearing", "shear", "shearing_{}", (1, 2, 5, 10, 20), -60, 60),
    "contrast_enhancement": AttackFamily("enhancement", "change_contrast", "contrast_enhancement_{}", _ENHANCED, 0, 10),
    "color_enhancement": AttackFamily("enhancement", "change_color", "color_enhancement_{}", _ENHANCED, 0, 10),
    "brightness_enhancement": AttackFamily(
        "enhancement", "change_brightness", "brightness_enhancement_{}", _ENHANCED, 0, 10
    ),
    "sharpness_enhancement": AttackFamily(
        "enhancement", "change_sharpness", "sharpness_enhancement_{}", _ENHANCED, 0, 10
    ),
    "text": AttackFamily("text", "write_text_on", "text_length_{}", (10, 20, 30, 40, 50), 1, 1000, 1),
}


def choose_attacks(names: Sequence[str], grids: Mapping[str, Any] | None = None) -> list[Attack]:
    """Give the attacks that are asked for, in the order of the registry, each once.

    Parameters
    ----------
    names : sequence of str
        Families, ids of attacks, or ``all``.
    grids : mapping of str to list of float, optional
        Parameters by family, in the place of the family's own grid.

    Raises
    ------
    UsageError
        When a name or a family is not known, a parameter is out of range, or nothing is asked for.
    """
    known = _all_attacks(_checked_grids(grids or {}))
    wanted = set(names)
    unknown = sorted(wanted - {ALL, *known, *(attack.family for attack in known.values())})
    if unknown or not wanted:
        said = f"{unknown[0]!r} is not known" if unknown else "nothing is asked for"
        raise UsageError(f"--attacks: {said}; choose from {ALL}, {', '.join(FAMILIES)}, or ids such as {_example()}")
    return [attack for attack in known.values() if wanted & {ALL, attack.family, attack.id}]


def load_change(family: str) -> Change:
    """Give the function of a registered family."""
    entry = FAMILIES[family]
    change: Change = getattr(importlib.import_module(f"attacks.{entry.module}"), entry.function)
    return change


def _example() -> str:
    return FAMILIES["rotation"].pattern.format(20)


def _all_attacks(grids: Mapping[str, Sequence[float]]) -> dict[str, Attack]:
    attacks = (
        Attack(entry.pattern.format(_text(value)), family, float(value))
        for family, entry in FAMILIES.items()
        for value in grids.get(family, entry.grid)
    )
    return {attack.id: attack for attack in attacks}


def _checked_grids(grids: Mapping[str, Any]) -> dict[str, list[float]]:
    checked = {}
    for family, values in grids.items():
        if family not in FAMILIES:
            raise UsageError(f"--params: {family!r} is no family of attacks; choose from {', '.join(FAMILIES)}")
        if not isinstance(values, list) or not values:
            raise UsageError(f"--params: {family} needs a list of {FAMILIES[family].described()}, not {values!r:.100}")
        for value in values:
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not is_number or not FAMILIES[family].accepts(value):
                raise UsageError(f"--params: {family} takes {FAMILIES[family].described()}, not {value!r:.100}")
        checked[family] = [float(value) for value in values]
    return checked


def _text(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
