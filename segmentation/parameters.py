"""What a method of segmentation can be told: each parameter with its default, range and help text.

Flags of ``tools.segment_images`` and fields of forms are made from these. Imports nothing heavy, as scripts read
their flags from here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from storage.errors import UsageError

REFERENCE_SIZE = (864, 486)  # width and height of the photo that segmentimg's sizes in pixels suit
_REFERENCE_PIXELS = REFERENCE_SIZE[0] * REFERENCE_SIZE[1]
_DIGITS = 4  # significant ones of a size that follows the photo's


class Auto(StrEnum):
    """The value of a length or an area that follows the size of the photo."""

    AUTO = "auto"

    def __format__(self, format_spec: str) -> str:
        """Give its text also where the format of a number is asked for, as tables of defaults do."""
        return str(self)


AUTO = Auto.AUTO


@dataclass(frozen=True)
class Parameter:
    """One parameter of a method.

    Attributes
    ----------
    name : str
        Of the field, and of the flag ``--NAME``.
    kind : type
        ``int``, ``float``, ``bool``, ``str`` or ``Path``.
    default : Any
        Its value where none is given; None for a path that is needed only by some.
    help : str
        What it does, in a line.
    least, most : float
        Range of a number, both ends allowed.
    spelling : str or None
        Another spelling of the flag, without dashes, that is accepted, too.
    choices : tuple of str
        All values of a text, where it cannot be anything.
    is_odd : bool
        Whether only odd numbers are allowed.
    dimension : int
        1 for a length and 2 for an area in pixels, which may be ``auto``; 0 for all else.
    at_reference : float
        What ``auto`` stands for on a photo of ``REFERENCE_SIZE``, and on smaller ones.
    before : Any
        The value that stands for what was done before there was this parameter; None where it was there always.
    """

    name: str
    kind: type
    default: Any
    help: str
    least: float = -math.inf
    most: float = math.inf
    spelling: str | None = None
    choices: tuple[str, ...] = ()
    is_odd: bool = False
    dimension: int = 0
    at_reference: float = 0
    before: Any = None

    @property
    def allowed(self) -> str:
        """What values it takes, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.kind not in (int, float):
            return "on or off" if self.kind is bool else "a path" if self.kind is Path else "text"
        other = "auto, or " if self.dimension else ""
        what = "an odd number" if self.is_odd else "a whole number" if self.kind is int else "a number"
        if self.most == math.inf:
            return f"{other}{what} of {self.least:,.15g} or more"
        return f"{other}{what} from {self.least:,.15g} to {self.most:,.15g}"

    def read(self, value: Any) -> Any:
        """Give a value, which may be text, as this parameter's type.

        Raises
        ------
        UsageError
            When it is of another kind or out of range; names flag, value and range.
        """
        problem = UsageError(f"--{self.name} is {value!s}, but must be {self.allowed}")
        if value is None and self.default is None:
            return None
        if self.dimension and value == AUTO:
            return AUTO
        if self.kind is Path:
            return Path(value)
        if self.kind is bool:
            if str(value).lower() not in _TRUTH:
                raise problem
            return _TRUTH[str(value).lower()]
        if self.kind is str:
            if self.choices and value not in self.choices:
                raise problem
            return str(value)
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise problem from None
        is_whole = number.is_integer() if math.isfinite(number) else False
        if not self.least <= number <= self.most or (self.kind is int and not is_whole):
            raise problem
        if self.is_odd and number % 2 != 1:
            raise problem
        return int(number) if self.kind is int else number

    def size_on(self, value: float | Auto, num_pixels: int) -> float:
        """Give a length or an area in pixels: the value itself, or what ``auto`` stands for.

        That is ``at_reference`` up to ``REFERENCE_SIZE``; beyond, a length grows with the square root of the photo's
        area and an area with it, so that large photos have about as many segments. It does not shrink below, as the
        noise of pixels does not either: segments of a few pixels would be made of noise.

        Parameters
        ----------
        value : float or Auto
            Of this parameter.
        num_pixels : int
            Of the photo.
        """
        if not isinstance(value, Auto):
            return value
        growth = max(1.0, num_pixels / _REFERENCE_PIXELS) ** (self.dimension / 2)
        size = min(self.at_reference * growth, self.most)
        return round(size) if self.kind is int else float(f"{size:.{_DIGITS}g}")


_TRUTH = {"on": True, "true": True, "1": True, "yes": True, "off": False, "false": False, "0": False, "no": False}


def parameter(default: Any, help: str, least: float = -math.inf, most: float = math.inf, **further: Any) -> Any:  # noqa: A002
    """Give a field of a :class:`Parameters` class; ``further`` are attributes of :class:`Parameter`."""
    return field(default=default, metadata={"help": help, "least": least, "most": most} | further)


def size(
    at_reference: float,
    help: str,  # noqa: A002
    least: float,
    most: float,
    dimension: int = 1,
    **further: Any,
) -> Any:
    """Give a field that is ``auto`` by default: a length (``dimension`` 1) or an area (2), see :class:`Parameter`."""
    width, height = REFERENCE_SIZE
    grows = "side" if dimension == 1 else "area"
    told = f"{help}; auto: {at_reference:g} up to {width} x {height} pixels, then more with the {grows} of the photo"
    more = {"kind": type(at_reference), "dimension": dimension, "at_reference": at_reference}
    return parameter(AUTO, told, least, most, **more, **further)


def _described(name: str, default: Any, metadata: dict[str, Any]) -> Parameter:
    kind = metadata.pop("kind", type(default))
    return Parameter(name=name, kind=kind, default=default, **metadata)


@dataclass(frozen=True)
class Parameters:
    """Parameters of one method; a subclass adds a field for each. Values out of range are a UsageError."""

    def __post_init__(self) -> None:
        for each in self.described():
            object.__setattr__(self, each.name, each.read(getattr(self, each.name)))

    @classmethod
    def described(cls) -> tuple[Parameter, ...]:
        """Give all parameters in the order of the fields."""
        return tuple(_described(each.name, each.default, dict(each.metadata)) for each in fields(cls))

    @classmethod
    def from_given(cls, given: Mapping[str, Any]) -> Self:
        """Make parameters from those that were given by name; values may be text.

        Raises
        ------
        UsageError
            When a name is none of these, or a value is out of range.
        """
        known = [each.name for each in cls.described()]
        unknown = [name for name in given if name not in known]
        if unknown:
            raise UsageError(f"--{unknown[0]}: is no parameter of this method, which takes {', '.join(known)}")
        return cls(**given)

    def sizes(self, num_pixels: int, scale: float = 1) -> dict[str, float]:
        """Give all lengths and areas by name, as numbers; see :meth:`Parameter.size_on`.

        Parameters
        ----------
        num_pixels : int
            Of the photo.
        scale : float
            Factor from sides of the photo to sides of its copy.

        Returns
        -------
        dict of str to float
            In pixels of the copy.
        """
        return {
            each.name: each.size_on(getattr(self, each.name), num_pixels) * scale**each.dimension
            for each in self.described()
            if each.dimension
        }

    def as_json(self) -> dict[str, Any]:
        """Give all values by name as JSON types."""
        values = {each.name: getattr(self, each.name) for each in self.described()}
        return {name: str(value) if isinstance(value, Path | Auto) else value for name, value in values.items()}
