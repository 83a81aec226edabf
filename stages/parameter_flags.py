"""Flags made of what clusterers declare; imports nothing heavy, as ``--help`` of their scripts shows these flags."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from clustering.parameters import Parameter

Owned = Mapping[str, Parameter]


def add_parameter_flags(add: Callable[..., Any], owned: Mapping[str, Owned], are_several: bool = False) -> None:
    """Add a flag for each parameter; None where it is not given.

    Parameters
    ----------
    add : callable
        ``add_argument`` of a parser.
    owned : mapping of str to mapping of str to Parameter
        Parameter to owner to what the owner says of it (:func:`clustering.parameters.owned_parameters`).
    are_several : bool
        True lets a flag take several values.
    """
    for name, owners in owned.items():
        first = next(iter(owners.values()))
        if first.kind is bool:
            add(f"--{name}", action="store_const", const=True, default=None, help=_help(owners))
            continue
        words = tuple(dict.fromkeys(word for each in owners.values() for word in each.words))
        options: dict[str, Any] = {"nargs": "+"} if are_several else {}
        if first.choices:
            options["choices"] = first.choices
        add(f"--{name}", type=number_or(first.kind, *words), default=None, help=_help(owners), **options)


def number_or(kind: type, *words: str) -> Callable[[str], Any]:
    """Make what reads a number (or text, for ``str``) or one of a few words from the command line."""

    def read(text: str) -> Any:
        if text in words:
            return text
        try:
            return kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r}: must be {', '.join(words)} or a number") from None

    return read if words else kind


def _help(owners: Owned) -> str:
    """Say whose parameter it is, and what it is; once, where all say the same."""
    told: dict[str, list[str]] = {}
    for owner, declared in owners.items():
        values = " ".join(str(value) for value in declared.values if value not in (None, False))
        told.setdefault(f"{declared.help}; default: {values}" if values else declared.help, []).append(owner)
    return "; ".join(f"{', '.join(names)}: {text}" for text, names in told.items()).replace("%", "%%")
