from __future__ import annotations

from pathlib import Path

import pytest

from storage.errors import StageError
from storage.formats.labels import read_labels


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "labels.csv"


def read(file: Path, text: str, encoding: str = "utf-8") -> dict[str, str]:
    file.write_bytes(text.encode(encoding))
    return read_labels(file)


def test_labels_come_in_the_order_of_the_file(file: Path) -> None:
    labels = read(file, "path,building\nb.jpg,town hall\na/c.jpg,school\n")
    assert list(labels.items()) == [("b.jpg", "town hall"), ("a/c.jpg", "school")]


def test_further_columns_in_any_order_are_allowed(file: Path) -> None:
    assert read(file, "note,building,path\nnice,school,a.jpg\n") == {"a.jpg": "school"}


def test_a_byte_order_mark_is_skipped(file: Path) -> None:
    assert read(file, "path,building\na.jpg,school\n", "utf-8-sig") == {"a.jpg": "school"}


def test_blank_lines_and_windows_line_ends_are_allowed(file: Path) -> None:
    assert read(file, "path,building\r\n\r\na.jpg,school\r\n\r\n") == {"a.jpg": "school"}


def test_quoted_names_may_hold_commas_quotes_and_blanks(file: Path) -> None:
    assert read(file, 'path,building\n"my house, old ""one"".jpg",Škola 5\n') == {'my house, old "one".jpg': "Škola 5"}


def test_paths_of_windows_and_of_the_current_folder_are_understood(file: Path) -> None:
    assert list(read(file, "path,building\nphotos\\a.jpg,x\n./b.jpg,y\n")) == ["photos/a.jpg", "b.jpg"]


def test_the_same_label_twice_is_one_label(file: Path) -> None:
    assert read(file, "path,building\na.jpg,x\na.jpg,x\n") == {"a.jpg": "x"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,building\na.jpg,x\n\na.jpg,y\n", "line 4: 'a.jpg' is labelled 'y' here but 'x' in line 2"),
        ("file,building\na.jpg,x\n", "line 1: no column path; the header must name path,building"),
        ("a.jpg,x\n", "line 1: no column path and no column building"),
        ("", "line 1: no column path and no column building"),
        ("path,building\na.jpg,x\nb.jpg,\n", "line 3: no building"),
        ("path,building\na.jpg\n", "line 2: no building"),
        ("path,building\n ,x\n", "line 2: no path"),
        ("path,building\n", "holds no label"),
        ('path,building\n"a.jpg,x\n', "line 2: not valid CSV"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(file: Path, text: str, message: str) -> None:
    with pytest.raises(StageError) as caught:
        read(file, text)
    assert str(file) in str(caught.value)
    assert message in str(caught.value)


def test_a_missing_file_is_said_with_what_it_should_be(file: Path) -> None:
    with pytest.raises(StageError, match=r"labels\.csv is missing; give a CSV file"):
        read_labels(file)


def test_a_folder_in_place_of_the_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="cannot read"):
        read_labels(tmp_path)


def test_text_that_is_not_utf8_is_said(file: Path) -> None:
    with pytest.raises(StageError, match="not UTF-8"):
        read(file, "path,building\né.jpg,x\n", "latin-1")


def test_the_labels_of_the_real_photos_are_read(shared_dir: Path) -> None:
    labels = read_labels(shared_dir / "photos" / "buildings" / "labels.csv")
    assert len(labels) == 220
