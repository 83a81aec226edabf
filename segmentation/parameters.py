"""What a method of segmentation can be told: each parameter with its default, range and help text.

Flags of ``tools.segment_images`` and fields of forms are made from these. Imports nothing heavy, as scripts read
their flags from here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from storage.errors import UsageError


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

    @property
    def allowed(self) -> str:
        """What values it takes, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.kind not in (int, float):
            return "on or off" if self.kind is bool else "a path" if self.kind is Path else "text"
        what = "an odd number" if self.is_odd else "a whole number" if self.kind is int else "a number"
        if self.most == math.inf:
            return f"{what} of {self.least:,.15g} or more"
        return f"{what} from {self.least:,.15g} to {self.most:,.15g}"

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


_TRUTH = {"on": True, "true": True, "1": True, "yes": True, "off": False, "false": False, "0": False, "no": False}


def parameter(default: Any, help: str, least: float = -math.inf, most: float = math.inf, **further: Any) -> Any:  # noqa: A002
    """Give a field of a :class:`Parameters` class; ``further`` are attributes of :class:`Parameter`."""
    return field(default=default, metadata={"help": help, "least": least, "most": most} | further)


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

    def as_json(self) -> dict[str, Any]:
        """Give all values by name as JSON types."""
        values = {each.name: getattr(self, each.name) for each in self.described()}
        return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}
