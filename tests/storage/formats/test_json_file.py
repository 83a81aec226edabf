"""JSON files: what cannot be trusted is one line that names the file; no altered value passes for another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import DamagedFileError, StageError
from storage.formats.json_file import (
    check_whole,
    read_json,
    read_versioned_json,
    with_checksum,
    write_checked_json,
)

HEADER = {"format": "notes", "format_version": 1}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


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


def read(path: Path) -> dict[str, object]:
    return read_versioned_json(path, "the maker", "notes", 1)


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    write_checked_json(tmp_path / "a.json", HEADER | {"numbers": (1, 2.5), "ö": None})
    assert read(tmp_path / "a.json")["numbers"] == [1, 2.5]


@given(st.dictionaries(st.text().filter(lambda key: key != "checksum"), VALUES))
def test_any_content_fits_its_checksum_however_it_is_laid_out(content: dict[str, object]) -> None:
    written = json.loads(json.dumps(with_checksum(content), indent=3))
    check_whole(Path("a.json"), written, "the maker")


def test_a_checksum_of_former_content_does_not_count() -> None:
    assert with_checksum({"checksum": "of the former", "a": 1}) == with_checksum({"a": 1})


def test_numbers_as_keys_fit_too(tmp_path: Path) -> None:
    write_checked_json(tmp_path / "a.json", HEADER | {"by": {10: "a", 9: "b"}})
    assert read(tmp_path / "a.json")["by"] == {"10": "a", "9": "b"}


def test_an_altered_value_is_said_with_path_maker_and_way_out(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_checked_json(path, HEADER | {"number": 12})
    path.write_text(path.read_text().replace("12", "13"))
    with pytest.raises(DamagedFileError, match='damaged: .*a.json .*the maker .*"checksum"'):
        read(path)


def test_a_file_without_a_checksum_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(HEADER | {"number": 12}))
    assert read(tmp_path / "a.json")["number"] == 12


def test_whoever_looks_at_names_first_checks_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_checked_json(path, HEADER | {"name": "b.jpg"})
    path.write_text(path.read_text().replace("b.jpg", "c.jpg"))
    content = read_versioned_json(path, "the maker", "notes", 1, names_come_first=True)
    with pytest.raises(DamagedFileError, match="checksum"):
        check_whole(path, content, "the maker")
