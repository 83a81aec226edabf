"""Checks of arguments that several stages share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from storage.errors import StageError, UsageError
from storage.formats.manifest import printable


def check_apart(source: Path, output: Path, source_flag: str, output_flag: str) -> None:
    """Refuse an output folder in the source folder, and the other way round.

    Raises
    ------
    UsageError
        When one of the two, resolved, is the other or lies in it.
    """
    real_source, real_output = source.resolve(), output.resolve()
    if real_output.is_relative_to(real_source):
        raise UsageError(f"{output_flag} {output} lies in {source_flag} {source}: give a folder outside of it")
    if real_source.is_relative_to(real_output):
        raise UsageError(f"{source_flag} {source} lies in {output_flag} {output}: give another {output_flag}")


def only_pairs_file(candidates: Sequence[Path], outputs_dir: Path) -> Path:
    """Give the one pairs file that a call without ``--pairs_file`` can mean.

    Raises
    ------
    StageError
        When there is none.
    UsageError
        When there are several.
    """
    if not candidates:
        raise StageError(f"no pairs-*.txt or pairs-*.h5 in {outputs_dir}; make one with: python extract_features.py")
    if len(candidates) > 1:
        listed = ", ".join(str(path) for path in candidates)
        raise UsageError(f"several pairs files in {outputs_dir}; choose one by --pairs_file: {listed}")
    return candidates[0]


def check_range(flag: str, value: float, least: float, most: float = float("inf")) -> None:
    """Refuse a number outside of ``least`` to ``most``; the UsageError names flag, value and range."""
    if not least <= value <= most:
        allowed = f"{least:g} or more" if most == float("inf") else f"{least:g} to {most:g}"
        raise UsageError(f"{flag} is {value:g}, but must be {allowed}")


def check_mode(mode: str, modes: tuple[str, ...]) -> None:
    """Refuse an unknown ``--mode``; the UsageError names the known ones."""
    if mode not in modes:
        raise UsageError(f"--mode is {mode!r}, but must be one of {', '.join(modes)}")


def settings_as_json(settings: Any) -> dict[str, Any]:
    """Give a settings dataclass as JSON types, paths as text, for the run report."""
    return {field.name: _as_json(getattr(settings, field.name)) for field in fields(settings)}


def _as_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_as_json(each) for each in value]
    return printable(value) if isinstance(value, Path) else value
