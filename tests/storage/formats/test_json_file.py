"""JSON files with a checksum."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import DamagedFileError
from storage.formats.json_file import check_whole, read_versioned_json, with_checksum, write_checked_json

HEADER = {"format": "notes", "format_version": 1}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def read(path: Path) -> dict[str, object]:
    return read_versioned_json(path, "the maker", "notes", 1)


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    write_checked_json(tmp_path / "a.json", HEADER | {"numbers": (1, 2.5), "ö": None})
    assert read(tmp_path / "a.json")["numbers"] == [1, 2.5]


@given(st.dictionaries(st.text().filter(lambda key: key != "checksum"), VALUES))
def test_any_content_fits_its_checksum_however_it_is_laid_out(content: dict[str, object]) -> None:
    written = json.loads(json.dumps(with_checksum(content), indent=3))
    check_whole(Path("a.json"), written, "the maker")


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
