"""The checkpoints of a fine-tuning."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.errors import DamagedFileError, UsageError
from training.finetuning.checkpoints import checkpoint_path, keep_checkpoint, list_checkpoints, newest_checkpoint

pytest.importorskip("torch")


def kept(folder: Path, *epochs: int, keep_last: int = 2) -> list[int]:
    for epoch in epochs:
        keep_checkpoint(folder, epoch, {"epoch": epoch, "identity": "mine"}, keep_last)
    return list(list_checkpoints(folder))


def test_the_start_and_the_newest_stay(tmp_path: Path) -> None:
    assert kept(tmp_path, 0, 1, 2, 3, 4) == [0, 3, 4]
    assert kept(tmp_path / "one", 0, 10, 20, keep_last=1) == [0, 20]


def test_other_files_are_no_checkpoints_and_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    mine = tmp_path / "checkpoints/epoch-best.pt"
    mine.write_bytes(b"")
    assert kept(tmp_path, 0, 1, 2, 3) == [0, 2, 3] and mine.is_file()


def test_epochs_beyond_four_digits_are_in_order(tmp_path: Path) -> None:
    assert kept(tmp_path, 9999, 10000) == [9999, 10000]
    assert newest_checkpoint(tmp_path, "mine", "cpu") == {"epoch": 10000, "identity": "mine"}


def test_without_a_checkpoint_there_is_none(tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path, "mine", "cpu") is None


def test_a_checkpoint_of_another_fine_tuning_is_refused(tmp_path: Path) -> None:
    kept(tmp_path, 0)
    with pytest.raises(UsageError, match="epoch-0000.pt is of a fine-tuning with other settings"):
        newest_checkpoint(tmp_path, "theirs", "cpu")


def test_a_cut_checkpoint_is_one_line(tmp_path: Path) -> None:
    kept(tmp_path, 0, 1)
    path = checkpoint_path(tmp_path, 1)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DamagedFileError, match="epoch-0001.pt is no checkpoint"):
        newest_checkpoint(tmp_path, "mine", "cpu")
