"""The matches file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import DamagedFileError, StageError
from storage.formats.matches import (
    SOURCES,
    TABLE_COLUMNS,
    VERDICTS,
    MatchesFile,
    join_matches,
    matches_path,
    no_matches,
    read_matches,
    table_path,
    write_matches,
    write_table,
)
from tests.hloc.matching.tables import equal, one_pair

ROWS = st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 65535)), max_size=4)


def content(num_pairs: int = 3) -> MatchesFile:
    pairs = [
        one_pair(
            0,
            number + 1,
            inliers=[(number, 2)] * number,
            overlay=[(1, 1)] * (number % 2),
            num_matches=40 + number,
            num_places=number,
            coverage=(0.25, 0.5),
            transform=np.array([[1.0, 0, number], [0, 1, 0.5]]),
            kind=2,
        )
        for number in range(num_pairs)
    ]
    names = ["a b.jpg", *(f"street/{number}.jpg" for number in range(num_pairs))]
    score = np.array([0.5, np.nan, 0.25][:num_pairs])
    probability = np.array([0.9, 0.2, 0.01][:num_pairs])
    source, verdict = np.array([0, 1, 2][:num_pairs], np.uint8), np.array([2, 1, 0][:num_pairs], np.uint8)
    hashes = [f"{number:064x}" for number in range(len(names))]
    again = np.array([0, 1, 0][:num_pairs], np.uint8)
    return MatchesFile(
        {"model": "vlad"}, names, hashes, join_matches(pairs), source, score, probability, verdict, again
    )


@pytest.mark.parametrize("num_pairs", [0, 1, 3])
def test_what_was_written_reads_back(tmp_path: Path, num_pairs: int) -> None:
    written = content(num_pairs)
    write_matches(tmp_path / "m.h5", written)
    found = read_matches(tmp_path / "m.h5")
    assert found.settings == written.settings and found.names == written.names and found.sha256 == written.sha256
    assert equal(found.matches, written.matches) and found.checksum == written.checksum
    assert np.array_equal(found.score, written.score, equal_nan=True)
    assert np.array_equal(found.probability, written.probability)
    assert np.array_equal(found.looked_again, written.looked_again)


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    for name in ("one.h5", "two.h5"):
        write_matches(tmp_path / name, content())
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


@given(st.lists(st.tuples(ROWS, ROWS), max_size=6), st.randoms())
def test_pairs_that_are_joined_and_taken_keep_their_rows(parts: list, random: object) -> None:
    tables = [one_pair(0, number, inliers, overlay) for number, (inliers, overlay) in enumerate(parts)]
    joined = join_matches(tables)
    order = list(range(len(parts)))
    random.shuffle(order)  # type: ignore[attr-defined]
    taken = joined.take(np.array(order, np.intp))
    assert taken.second.tolist() == order
    for place, number in enumerate(order):
        inliers, overlay = parts[number]
        assert list(map(tuple, taken.inliers_of(place).tolist())) == inliers
        assert list(map(tuple, taken.overlay_of(place).tolist())) == overlay


def test_taking_no_pair_gives_the_empty_table() -> None:
    assert equal(content().matches.take(np.zeros(0, np.intp)), no_matches())
    assert len(join_matches([])) == 0


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"python match_pairs\.py"):
        read_matches(tmp_path / "none.h5")


def test_rows_that_name_no_photo_are_damage(tmp_path: Path) -> None:
    written = content()
    bad = replace(written, matches=replace(written.matches, second=np.array([1, 2, 9], np.int32)))
    write_matches(tmp_path / "m.h5", bad)
    with pytest.raises(DamagedFileError, match="photos that it does not list"):
        read_matches(tmp_path / "m.h5")


def test_a_flipped_byte_is_never_read_wrongly(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    write_matches(path, content())
    plain, true = path.read_bytes(), content().checksum
    num_damaged = 0
    for place in np.random.default_rng(1).integers(0, len(plain), 80):
        path.write_bytes(plain[:place] + bytes([plain[place] ^ 0x41]) + plain[place + 1 :])
        try:
            found = read_matches(path)
        except StageError as error:
            assert str(path) in str(error)
            num_damaged += 1
            continue
        assert found.checksum == true
    assert num_damaged > 10


def test_the_table_tells_people_the_same(tmp_path: Path) -> None:
    write_table(tmp_path / "m.tsv", content())
    heading, *lines = (tmp_path / "m.tsv").read_text(encoding="utf-8").splitlines()
    assert tuple(heading.split("\t")) == TABLE_COLUMNS
    rows = [dict(zip(TABLE_COLUMNS, line.split("\t"), strict=True)) for line in lines]
    assert rows[0]["name0"] == "a b.jpg" and rows[1]["name1"] == "street/1.jpg"
    assert [row["verdict"] for row in rows] == [VERDICTS[2], VERDICTS[1], VERDICTS[0]]
    assert [row["source"] for row in rows] == list(SOURCES[:3])
    assert rows[0]["score"] == "0.5" and rows[1]["score"] == "" and rows[2]["inliers"] == "2"
    assert rows[1]["kind"] == "affine" and rows[1]["c"] == "1" and rows[1]["probability"] == "0.2000"


def test_paths_name_the_model(tmp_path: Path) -> None:
    assert matches_path(tmp_path, "vlad").name == "matches-vlad.h5"
    assert table_path(tmp_path, "vlad").name == "matches-vlad.tsv"
