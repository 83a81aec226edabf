"""Whether a file is a weight file, without running what it holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from storage.errors import DamagedFileError, StageError
from storage.formats.torch_file import check_torch_file, open_weights


def safetensors(length: int = 24, said: int = 24) -> bytes:
    header = {"__metadata__": {"by": "x"}, "weight": {"dtype": "F32", "shape": [6], "data_offsets": [0, said]}}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(length)


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    return path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch = pytest.importorskip("torch")
    torch.save({"weight": torch.ones(500)}, tmp_path / "saved.pth")
    return tmp_path / "saved.pth"


def test_a_file_of_torch_save_is_one(saved: Path) -> None:
    check_torch_file(saved)


def test_a_file_of_torch_before_1_6_is_one(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"weight": torch.ones(3)}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    check_torch_file(tmp_path / "old.pth")


def test_a_safetensors_file_is_one(tmp_path: Path) -> None:
    check_torch_file(write(tmp_path, safetensors()))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_cut_file_of_torch_save_is_refused(tmp_path: Path, saved: Path, share: float) -> None:
    content = saved.read_bytes()
    with pytest.raises(DamagedFileError, match="is cut or damaged"):
        check_torch_file(write(tmp_path, content[: int(share * len(content))]))


def test_an_altered_file_of_torch_save_is_refused(tmp_path: Path, saved: Path) -> None:
    content = saved.read_bytes().replace(b"\x00\x00\x80\x3f" * 4, b"\x00\x00\x80\x40" * 4)
    assert content != saved.read_bytes()
    with pytest.raises(DamagedFileError, match="in it cannot be read"):
        check_torch_file(write(tmp_path, content))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>Please log in</html>" * 100,
        safetensors()[:-1],
        safetensors(said=25),
        (5).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (9).to_bytes(8, "little") + b'{"a": {}}',
    ],
)
def test_anything_else_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DamagedFileError, match="is no weight file"):
        check_torch_file(write(tmp_path, content))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"cannot read .*absent\.pth"), open_weights(tmp_path / "absent.pth"):
        pass
