"""What all trainings let choose alike, and its checks; imports nothing heavy, so that ``--help`` answers at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any

from storage.errors import UsageError


@dataclass(frozen=True)
class TrainingRun:
    """What is learnt from, where to, and on what machine.

    Attributes
    ----------
    images : tuple of Path
        Folders of photos to learn from.
    output_dir : Path
        Where everything is written.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    num_threads : int or None
        Threads of the processor; None for torch's own choice.
    tensorboard : bool
        Whether scalars are written for TensorBoard too.
    """

    images: tuple[Path, ...]
    output_dir: Path
    _: KW_ONLY
    device: str = "cpu"
    num_threads: int | None = None
    tensorboard: bool = False


def half_cosine(share: float) -> float:
    """Give what is left of a learning rate after a share, 0 to 1, of the steps that it falls in: 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * share))


def check_choices(settings: Any, allowed: Mapping[str, Sequence[str]]) -> None:
    """Refuse a setting that is none of its choices; the UsageError names the flag and all of them."""
    for flag, choices in allowed.items():
        if getattr(settings, flag) not in choices:
            raise UsageError(f"--{flag} {getattr(settings, flag)}: must be one of {', '.join(choices)}")


def check_least(settings: Any, least: Mapping[str, float]) -> None:
    """Refuse a number that is below its least, infinite or none at all; a setting of None passes."""
    for flag, bound in least.items():
        value = getattr(settings, flag)
        if value is not None and not bound <= value < math.inf:
            raise UsageError(f"--{flag} {value:g}: must be {bound} or more")


def check_positive(settings: Any, flags: Sequence[str]) -> None:
    """Refuse a number that is 0, negative, infinite or none at all; a setting of None passes."""
    for flag in flags:
        value = getattr(settings, flag)
        if value is not None and not 0 < value < math.inf:
            raise UsageError(f"--{flag} {value:g}: must be above 0")
