from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import DamagedFileError, StageError
from storage.formats.pairs import (
    is_binary,
    list_pairs_files,
    origin_path,
    pairs_path,
    read_origin,
    read_pairs,
    standing,
    verified_path,
    write_pairs,
)

ROWS = [("b/ö.jpg", "a.jpg", 0.5), ("a.jpg", "c d.jpg", -0.25), ("a.jpg", "b/ö.jpg", 1e-7)]
# Any text that is an image name: no drive, no backslash, no component that leads elsewhere.
name_texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\\:/"), min_size=1, max_size=20
).filter(lambda name: name not in (".", ".."))


def rows_of(path: Path) -> list[tuple[str, str, float]]:
    pairs = read_pairs(path)
    columns = zip(pairs.first.tolist(), pairs.second.tolist(), pairs.scores.tolist(), strict=True)
    return [(pairs.names[first], pairs.names[second], score) for first, second, score in columns]


@given(rows=st.lists(st.tuples(name_texts, name_texts, st.floats(-1, 1))))
@settings(max_examples=30, deadline=None)
def test_both_forms_hold_the_same_pairs(
    rows: list[tuple[str, str, float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("pairs")
    text, binary = folder / "pairs-a.txt", folder / "pairs-b.h5"
    assert write_pairs(text, rows, {"model": "a"}) == write_pairs(binary, rows, {"model": "b"}) == len(rows)
    assert rows_of(text) == rows_of(binary) == rows
    one, other = read_pairs(text), read_pairs(binary)
    assert one.names == other.names and one.first.dtype == other.first.dtype == np.int64


def test_the_origin_is_in_the_file(tmp_path: Path) -> None:
    path = pairs_path(tmp_path, "vlad", "hdf5")
    write_pairs(path, ROWS, {"model": "vlad", "num_to_match": 3})
    origin = read_origin(path) or {}
    assert (origin["model"], origin["num_to_match"], origin["num_pairs"]) == ("vlad", 3, 3)
    assert len(origin["sha256"]) == 64 and not origin_path(path).exists()


def test_the_form_is_told_by_content_and_not_by_name(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs.h5", ROWS, {})
    shutil.move(tmp_path / "pairs.h5", tmp_path / "pairs.txt")
    assert is_binary(tmp_path / "pairs.txt") and rows_of(tmp_path / "pairs.txt") == ROWS


def test_equal_pairs_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("one.h5", "two.h5"):
        write_pairs(tmp_path / name, ROWS, {"model": "vlad"})
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


def test_one_form_takes_the_place_of_the_other(tmp_path: Path) -> None:
    text, binary = pairs_path(tmp_path, "vlad"), pairs_path(tmp_path, "vlad", "hdf5")
    write_pairs(text, ROWS, {})
    write_pairs(binary, ROWS, {})
    assert list_pairs_files(tmp_path) == [binary] and not origin_path(text).exists()
    assert standing(text) == standing(binary) == binary
    write_pairs(text, ROWS, {})
    assert list_pairs_files(tmp_path) == [text] and read_origin(text) is not None


def test_verified_pairs_of_a_model_are_other_pairs(tmp_path: Path) -> None:
    write_pairs(pairs_path(tmp_path, "vlad"), ROWS, {})
    write_pairs(verified_path(tmp_path, "vlad", "hdf5"), ROWS, {})
    assert [path.name for path in list_pairs_files(tmp_path)] == ["pairs-vlad-verified.h5", "pairs-vlad.txt"]


def test_altered_values_are_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "pairs-vlad.h5"
    write_pairs(path, ROWS, {})
    with h5py.File(path, "r+") as file:
        file["score"][0] = 0.75
    for read in (read_pairs, read_origin):
        with pytest.raises(DamagedFileError, match="checksum"):
            read(path)


def test_a_cut_file_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "pairs-vlad.h5"
    write_pairs(path, ROWS, {})
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(DamagedFileError, match=r"damaged: .*pairs-vlad\.h5"):
        read_pairs(path)


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pairs-vlad.h5"
    write_pairs(path, ROWS, {})
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 2
    with pytest.raises(StageError, match="version 2"):
        read_pairs(path)


def test_hdf5_of_another_kind_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "pairs-vlad.h5", "w") as file:
        file.attrs["format"] = "global-features"
    with pytest.raises(DamagedFileError, match="not 'binary-pairs'"):
        read_pairs(tmp_path / "pairs-vlad.h5")


def test_version_1_is_read(root_dir: Path) -> None:
    path = root_dir / "tests" / "archives" / "pairs-1.h5"
    assert rows_of(path) == ROWS
    assert json.loads(json.dumps(read_origin(path)))["model"] == "vlad"
