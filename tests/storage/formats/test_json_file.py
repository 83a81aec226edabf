"""JSON files: what cannot be trusted is one line that names the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.errors import DamagedFileError, StageError
from storage.formats.json_file import read_json, read_versioned_json


def test_numbers_read_back_as_they_were_written(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[1, 1.5, -2e-3, 1e308]")
    assert read_json(tmp_path / "a.json", "a test") == [1, 1.5, -0.002, 1e308]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "NaN",
        "[Infinity]",
        "[1e999]",
        "[-1e999]",
        "9" * 5000,
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"a": 1, "a": 2}',
        "\ufeff{}",
    ],
    ids=lambda text: text[:12],
)
def test_what_is_no_json_is_called_damaged_in_one_short_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(
        DamagedFileError, match=r"^damaged: .*a\.json is not valid JSON .*make it again with: a test$"
    ) as caught:
        read_json(tmp_path / "a.json", "a test")
    assert len(str(caught.value)) < 500


def test_bytes_that_are_no_text_are_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(DamagedFileError, match="is not valid JSON"):
        read_json(tmp_path / "a.json", "a test")


@pytest.mark.parametrize("version", ["2", "0", "null", '"' + "x" * 100_000 + '"', "[" + "0," * 9999 + "0]"])
def test_another_version_is_told_in_one_short_line(tmp_path: Path, version: str) -> None:
    (tmp_path / "a.json").write_text(f'{{"format": "test", "format_version": {version}}}')
    with pytest.raises(
        DamagedFileError, match="has version .* of the format test; this program reads versions 1 to 1"
    ) as caught:
        read_versioned_json(tmp_path / "a.json", "a test", "test", 1)
    assert len(str(caught.value)) < 500


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="cannot read"):
        read_json(tmp_path, "a test")


def test_a_missing_file_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="is missing; make it with: a test"):
        read_json(tmp_path / "a.json", "a test")
