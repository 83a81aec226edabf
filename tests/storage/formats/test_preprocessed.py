from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import DamagedFileError
from storage.fingerprints import Fingerprint, fingerprint
from storage.formats.preprocessed import (
    PREPROCESSED_NAME,
    Preprocessed,
    PreprocessedPhoto,
    read_preprocessed,
    standing,
    write_preprocessed,
)

TIMES = st.integers(-(2**63) * 10**9, (2**63 - 1) * 10**9)  # all that a clock of 64 bits of seconds tells
STATES = st.builds(Fingerprint, st.integers(0, 9), TIMES, st.text("0123456789abcdef", min_size=64, max_size=64))
SOURCES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | st.just("\udcff.jpg")
PHOTOS = st.builds(
    PreprocessedPhoto,
    source=SOURCES,
    name=st.sampled_from(["a.jpg", "b/c.png"]),
    source_state=STATES,
    state=STATES,
    width=st.integers(1, 9000),
    height=st.integers(1, 9000),
    trimmed=st.tuples(*[st.integers(0, 99)] * 4),
    former=STATES | st.none(),
)


def made(state: Fingerprint, former: Fingerprint | None = None) -> PreprocessedPhoto:
    return PreprocessedPhoto("a.png", "a.jpg", Fingerprint(1, 2, "0" * 64), state, 8, 6, former=former)


@pytest.mark.skipif(os.name == "nt", reason="names that are not UTF-8 do not exist there")
@given(photos=st.lists(PHOTOS, max_size=4, unique_by=lambda photo: photo.source))
def test_what_is_read_is_what_was_written(photos: list[PreprocessedPhoto], tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("record")
    record = Preprocessed({"trim": True, "size": [3, 4]}, {photo.source: photo for photo in photos})
    write_preprocessed(folder, record)
    assert read_preprocessed(folder) == record


def test_a_folder_without_a_record_has_none(tmp_path: Path) -> None:
    assert read_preprocessed(tmp_path) is None


@pytest.mark.parametrize(
    "change", [{"name": "../a.jpg"}, {"name": None}, {"trimmed": [1]}, {"state": {}}, {"width": "wide"}]
)
def test_a_damaged_record_is_refused_in_one_line(change: dict[str, Any], tmp_path: Path) -> None:
    write_preprocessed(tmp_path, Preprocessed({}, {"a.png": made(Fingerprint(1, 2, "0" * 64))}))
    content = json.loads((tmp_path / PREPROCESSED_NAME).read_text())
    content["photos"][0] |= change
    (tmp_path / PREPROCESSED_NAME).write_text(json.dumps(content))
    with pytest.raises(DamagedFileError, match="not understood") as caught:
        read_preprocessed(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_record_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    (tmp_path / PREPROCESSED_NAME).write_text('{"format": "preprocessed", "format_version": 2}')
    with pytest.raises(DamagedFileError, match="newer release"):
        read_preprocessed(tmp_path)


def test_what_stands_is_known_by_size_and_time_or_else_by_content(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"made")
    photo = made(fingerprint(path))
    assert standing(photo, path) == photo.state
    os.utime(path, ns=(5, 5))
    assert standing(photo, path) == photo.state
    path.write_bytes(b"edit")
    assert standing(photo, path) is None
    assert standing(photo, tmp_path / "gone.jpg") is None


def test_a_former_state_of_equal_size_and_time_is_told_apart_by_content(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"old!")
    old = fingerprint(path)
    new = Fingerprint(old.size, old.mtime_ns, "f" * 64)
    assert standing(made(new, former=old), path) == old
