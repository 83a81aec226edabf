from __future__ import annotations

from pathlib import Path

import pytest

from storage.errors import StageError, UsageError
from storage.formats.csv_rows import read_csv_rows


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes('\ufefffile,note,class\na.jpg,"x, ""y""\nz",one\n\nb.jpg,,two\n'.encode())
    return path


def test_the_wanted_columns_come_in_the_wanted_order_with_their_lines(table: Path) -> None:
    assert list(read_csv_rows(table, ["class", "file"])) == [(3, ["one", "a.jpg"]), (5, ["two", "b.jpg"])]


def test_without_columns_all_come_and_the_heading_first(table: Path) -> None:
    rows = [values for _, values in read_csv_rows(table)]
    assert rows == [["file", "note", "class"], ["a.jpg", 'x, "y"\nz', "one"], ["b.jpg", "", "two"]]


def test_without_a_heading_columns_are_numbers_from_one(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("stem,name,other\n", encoding="utf-8")
    assert list(read_csv_rows(path, ["2", "1"], has_header=False)) == [(1, ["name", "stem"])]


@pytest.mark.parametrize("column", ["0", "-1", "file", "1.5", ""])
def test_a_column_that_is_no_number_is_refused_where_there_is_no_heading(table: Path, column: str) -> None:
    with pytest.raises(UsageError, match="columns are numbers"):
        list(read_csv_rows(table, [column], has_header=False))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"file,label\na,b\n", "line 1: no column 'class'.*'label'"),
        (b"file,class,class\na,b,c\n", "more than one column 'class'"),
        (b"file,class\na,b\nc\n", "line 3: has 1 values"),
        (b'file,class\n"a" b,c\n', "line 2: not valid CSV"),
        (b"file,class\n\xff,c\n", "not UTF-8"),
    ],
)
def test_a_wrong_table_is_refused_with_the_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(StageError, match=message):
        list(read_csv_rows(path, ["file", "class"]))


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"no\.csv is missing"):
        list(read_csv_rows(tmp_path / "no.csv", ["file"]))
    with pytest.raises(StageError, match="cannot read"):
        list(read_csv_rows(tmp_path, ["file"]))
