"""Parameters of clusterers, declared where they are used; imports nothing heavy.

A clusterer is a frozen dataclass. A field made by :func:`parameter` is one of its parameters: flags, settings, records
and refusals are made of what stands there, so that a parameter is written down once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from storage.errors import UsageError

_KEY = "parameter"


@dataclass(frozen=True)
class Parameter:
    """What a clusterer says of one of its parameters.

    Attributes
    ----------
    kind : type
        ``int``, ``float``, ``str`` or ``bool``.
    help : str
        What ``--help`` says of it.
    values : tuple
        What is tried where nothing is given, by clusterers that try several values; the default alone for others.
    choices : tuple of str
        All values of a ``str`` that has few.
    words : tuple of str
        Words that are taken in the place of a number.
    least : float or None
        Smallest number that has a meaning.
    is_count : bool
        True where the number of vectors is the most that has a meaning.
    """

    kind: type
    help: str
    values: tuple[Any, ...] = ()
    choices: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    least: float | None = None
    is_count: bool = False

    def check(self, name: str, value: Any) -> None:
        """Refuse a value that has no meaning (UsageError)."""
        if value is None:
            return
        if isinstance(value, str) and self.kind is not str and value not in self.words:
            raise UsageError(f"--{name} {value!r}: must be {' or '.join(('a number', *self.words))}")
        if self.choices and value not in self.choices:
            raise UsageError(f"--{name} {value!r}: must be one of {', '.join(self.choices)}")
        if self.least is not None and not isinstance(value, str) and value < self.least:
            raise UsageError(f"--{name} is {value}, but must be {self.least:g} or more")


def parameter(default: Any, kind: type, help: str, **more: Any) -> Any:  # noqa: A002 the word that argparse has
    """Declare a parameter: a field of a dataclass with this default; ``more`` are fields of :class:`Parameter`."""
    values = more.pop("values", (default,))
    return field(default=default, metadata={_KEY: Parameter(kind, help, values, **more)})


def parameters_of(clusterer: type) -> dict[str, Parameter]:
    """Give the parameters that a clusterer declares, by name, in their order."""
    return {each.name: each.metadata[_KEY] for each in fields(clusterer) if _KEY in each.metadata}


def owned_parameters(clusterers: Mapping[str, type]) -> dict[str, dict[str, Parameter]]:
    """Give the parameters of several clusterers: name to what each of its owners says of it, by the owner's name.

    Raises
    ------
    TypeError
        When two clusterers mean different things by one name, for which there is one flag only.
    """
    found: dict[str, dict[str, Parameter]] = {}
    for owner, clusterer in clusterers.items():
        for name, declared in parameters_of(clusterer).items():
            for other, theirs in found.setdefault(name, {}).items():
                if (theirs.kind, theirs.choices) != (declared.kind, declared.choices):
                    raise TypeError(f"{owner} and {other} both declare {name}, but of other kinds: rename one")
            found[name][owner] = declared
    return found
