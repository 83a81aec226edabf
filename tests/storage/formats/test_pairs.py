from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import DamagedFileError, StageError
from storage.formats.pairs import origin_path, read_origin, read_pairs, write_pairs

# Any text that is an image name: no drive, no backslash, no component that leads elsewhere.
name_texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\\:/"), min_size=1, max_size=20
).filter(lambda name: name not in (".", ".."))
row_lists = st.lists(st.tuples(name_texts, name_texts, st.floats(-1, 1)))


def rows_of(path: Path, known: tuple[str, ...] = ()) -> list[tuple[str, str, float]]:
    pairs = read_pairs(path, known)
    columns = zip(pairs.first, pairs.second, pairs.scores, strict=True)
    return [(pairs.names[first], pairs.names[second], float(score)) for first, second, score in columns]


@given(rows=row_lists)
@settings(max_examples=60, deadline=None)
def test_pairs_read_back_as_written(
    rows: list[tuple[str, str, float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("pairs") / "pairs-vlad.txt"
    assert write_pairs(path, rows, {"model": "vlad"}) == len(rows)
    assert rows_of(path) == rows
    assert (read_origin(path) or {})["model"] == "vlad"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.jpg b.jpg 0.5\n", [("a.jpg", "b.jpg", 0.5)]),
        ("a.jpg b.jpg 0.5", [("a.jpg", "b.jpg", 0.5)]),
        ("a.jpg, b.jpg, 0.5\n", [("a.jpg", "b.jpg", 0.5)]),
        ("a.jpg,b.jpg,1e-05\r\n", [("a.jpg", "b.jpg", 1e-05)]),
        ("a 1.jpg,b 2.jpg,0.5\n", [("a 1.jpg", "b 2.jpg", 0.5)]),
        ('"a,1.jpg",b.jpg,0.5\n', [("a,1.jpg", "b.jpg", 0.5)]),
        ("a 1.jpg\tb,2.jpg\t0.5\n", [("a 1.jpg", "b,2.jpg", 0.5)]),
        ("a.jpg b.jpg 0.5\n\n  \nc.jpg d.jpg 1\n", [("a.jpg", "b.jpg", 0.5), ("c.jpg", "d.jpg", 1.0)]),
        ("image_i,image_j,score\na.jpg,b.jpg,0.5\n", [("a.jpg", "b.jpg", 0.5)]),
        ("\ufeffa.jpg b.jpg 0.5\n", [("a.jpg", "b.jpg", 0.5)]),
        ("", []),
    ],
)
def test_forms_of_other_tools_are_read(tmp_path: Path, text: str, expected: list[tuple[str, str, float]]) -> None:
    path = tmp_path / "pairs.txt"
    path.write_bytes(text.encode("utf-8"))
    assert rows_of(path) == expected


@pytest.mark.parametrize("text", ["my photo.jpg b.jpg 0.5\n", "b.jpg my photo.jpg 0.5\n"])
def test_known_names_tell_where_a_name_with_blanks_ends(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text(text)
    ((name0, name1, _),) = rows_of(path, ("my photo.jpg", "b.jpg"))
    assert {name0, name1} == {"my photo.jpg", "b.jpg"}


def test_known_names_tell_where_a_name_with_commas_ends(tmp_path: Path) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text("a, left.jpg,b.jpg,0.5\n")
    assert rows_of(path, ("a, left.jpg", "b.jpg")) == [("a, left.jpg", "b.jpg", 0.5)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.jpg b.jpg 0.5\nmy photo.jpg b.jpg 0.5\n", r"line 2 has 4 columns.*need TABs"),
        ("a.jpg b.jpg\n", r"line 1 has 2 columns"),
        ("a.jpg b.jpg high\n", r"line 1 has a score that is no number: 'high'"),
        ("a.jpg\tb.jpg\t0.5\textra\n", r"line 1 has 4 columns"),
        ("a.jpg\t\t0.5\n", r"line 1 has an empty name"),
        ("a.jpg b.jpg inf\n", r"infinite score"),
        ("a.jpg,b.jpg,0.5\na.jpg,\rc.jpg,0.5\n", r"line 2 has a carriage return, or too long a field"),
        (f"a.jpg,{'b' * 200_000},0.5\n", r"line 1 has a carriage return, or too long a field"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_its_reason(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text(text)
    with pytest.raises(DamagedFileError, match=message):
        read_pairs(path)


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_bytes(b"a.jpg b.jpg 0.5\n\xff.jpg b.jpg 0.5\n")
    with pytest.raises(DamagedFileError, match="line 2 is not UTF-8"):
        read_pairs(tmp_path / "pairs.txt")


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"python extract_features\.py"):
        read_pairs(tmp_path / "pairs.txt")


def test_pairs_that_were_altered_are_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "pairs-vlad.txt"
    write_pairs(path, [("a.jpg", "b.jpg", 0.5)], {})
    path.write_text("a.jpg\tb.jpg\t0.6\n")
    with pytest.raises(DamagedFileError, match="is not the file that"):
        read_origin(path)


def test_pairs_of_other_tools_have_no_origin(tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_text("a.jpg b.jpg 0.5\n")
    assert read_origin(tmp_path / "pairs.txt") is None


def test_scores_that_are_scalars_of_numpy_are_written_as_plain_numbers(tmp_path: Path) -> None:
    write_pairs(
        tmp_path / "pairs-vlad.txt", [("a.jpg", "b.jpg", np.float64(0.02)), ("a.jpg", "c.jpg", np.int64(1))], {}
    )
    assert (tmp_path / "pairs-vlad.txt").read_text() == "a.jpg\tb.jpg\t0.02\na.jpg\tc.jpg\t1.0\n"


def test_the_origin_carries_format_version_and_count(tmp_path: Path) -> None:
    path = tmp_path / "pairs-vlad.txt"
    write_pairs(path, [("a.jpg", "b.jpg", 0.5)], {"num_to_match": 3})
    origin = json.loads(origin_path(path).read_text())
    assert (origin["format"], origin["format_version"], origin["num_pairs"]) == ("pairs", 1, 1)
    assert origin["num_to_match"] == 3


@given(rows=row_lists, bytes_at_once=st.integers(1, 200))
@settings(max_examples=60, deadline=None)
def test_reading_in_bulk_is_reading_line_by_line(
    rows: list[tuple[str, str, float]], bytes_at_once: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("pairs") / "pairs-vlad.txt"
    write_pairs(path, rows, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("storage.formats.pairs.BYTES_AT_ONCE", bytes_at_once)
        assert rows_of(path) == rows
        assert read_pairs(path).names == list(dict.fromkeys(name for row in rows for name in row[:2]))


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"a\tb\n", "has 2 columns"),
        (b"a\tb\tfar\n", "has a score that is no number"),
        (b"a\tb\tinf\n", "has an empty name or an infinite score"),
        (b"\tb\t1\n", "has an empty name or an infinite score"),
        (b"a\xff\tb\t1\n", "is not UTF-8 text"),
        (b"a\tb\na\tb\tc\t1\n", "has 2 columns"),
    ],
)
def test_a_bad_line_among_many_good_ones_is_named(tmp_path: Path, line: bytes, what: str) -> None:
    path = tmp_path / "pairs-a.txt"
    path.write_bytes(b"a\tb\t0.5\n" * 500 + line + b"a\tb\t0.5\n" * 500)
    with pytest.raises(DamagedFileError, match=f"line 501 {what}"):
        read_pairs(path)
