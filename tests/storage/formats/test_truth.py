"""``manifest.csv`` and ``truth.csv``."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import StageError
from storage.formats.truth import ATTACK_COLUMNS, CLASS_COLUMNS, TruthRow, read_truth, write_truth

HOSTILE = ("=1+1.jpg", "@SUM(A1)", "+x", "-rf", "a,b.jpg", 'a"b', "line\nbreak", "\ttab.jpg", "'quoted", "ü/日本 x.jpg")
COMPONENT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="/\\\0"), min_size=1, max_size=8)
NAMES = st.lists(COMPONENT.filter(lambda part: part not in (".", "..")), min_size=1, max_size=3).map("/".join)


def attacked(query: str, source: str, parameter: str = "5") -> TruthRow:
    return TruthRow(query, source, {"attack": "rotation", "parameter": parameter})


def test_it_is_the_table_that_the_documentation_describes(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    assert write_truth(path, ATTACK_COLUMNS, [attacked("b_x.png", "b.jpg"), attacked("a_x.png", "a.jpg", "-12.5")])
    assert path.read_bytes() == (
        b"query,source,attack,parameter\na_x.png,a.jpg,rotation,-12.5\nb_x.png,b.jpg,rotation,5\n"
    )


def test_equal_truth_is_not_written_again(tmp_path: Path) -> None:
    rows = [attacked("b", "x"), attacked("a", "x")]
    assert write_truth(tmp_path / "t.csv", ATTACK_COLUMNS, rows)
    assert not write_truth(tmp_path / "t.csv", ATTACK_COLUMNS, rows[::-1])


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_and_classes_come_back_and_no_cell_is_a_formula(tmp_path: Path, name: str) -> None:
    path = tmp_path / "t.csv"
    row = TruthRow(f"{name}_q", name, {"class": name})
    write_truth(path, CLASS_COLUMNS, [row])
    assert read_truth(path) == [row]
    cells = list(csv.reader(path.read_text(encoding="utf-8").splitlines(keepends=True)))[1]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@given(query=NAMES.filter(lambda name: name[1:2] != ":" and not name.startswith("/")), label=st.text(max_size=9))
def test_what_is_read_is_what_was_written(tmp_path_factory: pytest.TempPathFactory, query: str, label: str) -> None:
    path = tmp_path_factory.mktemp("truth") / "t.csv"
    label = label.encode("utf-8", "replace").decode().replace("\0", "")
    row = TruthRow(query, f"x/{query}", {"class": label})
    write_truth(path, CLASS_COLUMNS, [row])
    assert read_truth(path) == [row]


def test_a_query_may_have_several_sources_and_columns_any_order(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("class,source,query\nx,./a.jpg,q.jpg\ny,dir\\b.jpg,q.jpg\n", encoding="utf-8")
    assert read_truth(path) == [
        TruthRow("q.jpg", "a.jpg", {"class": "x"}),
        TruthRow("q.jpg", "dir/b.jpg", {"class": "y"}),
    ]


@pytest.mark.parametrize("name", ["../a.jpg", "/etc/passwd", "a//b", "C:/x.jpg", ""])
def test_a_hostile_path_is_refused_with_its_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"query,source\nq.jpg,a.jpg\nq.jpg,{name}\n", encoding="utf-8")
    with pytest.raises(StageError, match="line 3"):
        read_truth(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "no column"), ("query,other\na,b\n", "no column source"), ("query,source\n", "holds no query")],
)
def test_a_table_without_truth_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(StageError, match=message):
        read_truth(path)
