"""The checkpoints of a fine-tuning: one file for every few epochs, the newest few of them, and always the start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from storage.errors import UsageError
from storage.folders import paths_in
from training.checkpoints import read_checkpoint, save_checkpoint
from training.finetuning.settings import CHECKPOINTS_FOLDER, MADE_BY


def checkpoint_path(output_dir: Path, epoch: int) -> Path:
    """Give the path of an epoch's checkpoint; epoch 0 is the start."""
    return output_dir / CHECKPOINTS_FOLDER / f"epoch-{epoch:04d}.pt"


def list_checkpoints(output_dir: Path) -> dict[int, Path]:
    """List the checkpoints of a fine-tuning by epoch, ascending."""
    found = {}
    for path in paths_in(output_dir / CHECKPOINTS_FOLDER, "epoch-*.pt"):
        if match := re.fullmatch(r"epoch-(\d+)", path.stem):
            found[int(match[1])] = path
    return dict(sorted(found.items()))


def keep_checkpoint(output_dir: Path, epoch: int, state: Mapping[str, Any], keep_last: int) -> None:
    """Write an epoch's checkpoint, then remove all but the newest ``keep_last`` and the start."""
    save_checkpoint(checkpoint_path(output_dir, epoch), dict(state))
    learnt = [number for number in list_checkpoints(output_dir) if 0 < number <= epoch]
    for number in learnt[:-keep_last]:
        checkpoint_path(output_dir, number).unlink(missing_ok=True)


def newest_checkpoint(output_dir: Path, identity: str, device: str) -> dict[str, Any] | None:
    """Read the newest checkpoint; None where there is none.

    Raises
    ------
    UsageError
        When it is of a fine-tuning with other settings, photos or start.
    DamagedFileError
        When it is damaged.
    """
    found = list_checkpoints(output_dir)
    if not found:
        return None
    path = found[max(found)]
    state = read_checkpoint(path, device, MADE_BY)
    if state.get("identity") != identity:
        raise UsageError(
            f"{path} is of a fine-tuning with other settings, photos or weights; use those, or another --output_dir"
        )
    return state
