from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import DamagedFileError, StageError
from storage.fingerprints import Fingerprint
from storage.formats.export import EXPORT_NAME, ExportedPhoto, ExportRecord, read_export, write_export

DIGEST = "0123456789abcdef" * 4
PARTS = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0:"), min_size=1, max_size=9).filter(
    lambda part: part not in (".", "..")
)
PHOTOS = st.builds(
    ExportedPhoto,
    PARTS.map(lambda part: f"building_1/{part}"),
    PARTS,
    st.builds(Fingerprint, st.integers(0, 2**50), st.integers(-(2**62), 2**62), st.just(DIGEST)),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    photo = ExportedPhoto("building_1/a.jpg", "a.jpg", Fingerprint(7, 123, DIGEST))
    write_export(tmp_path / EXPORT_NAME, ExportRecord("0" * 16, "copy", "/photos", DIGEST, {photo.path: photo}))
    return tmp_path / EXPORT_NAME


@given(photos=st.lists(PHOTOS, max_size=5), mode=st.sampled_from(("copy", "hardlink", "symlink", "reflink")))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, photos: list[ExportedPhoto], mode: str
) -> None:
    path = tmp_path_factory.mktemp("export") / EXPORT_NAME
    record = ExportRecord("0a" * 8, mode, "/photos", DIGEST, {photo.path: photo for photo in photos})
    write_export(path, record)
    assert read_export(path) == record


def test_file_has_the_specified_fields(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    assert len(content.pop("checksum")) == 64
    assert content == {
        "format": "export",
        "format_version": 1,
        "token": "0" * 16,
        "mode": "copy",
        "image_dir": "/photos",
        "clusters_sha256": DIGEST,
        "photos": [
            {"path": "building_1/a.jpg", "name": "a.jpg", "size": 7, "mtime_ns": 123, "sha256": DIGEST},
        ],
    }


def test_no_file_is_no_record(tmp_path: Path) -> None:
    assert read_export(tmp_path / EXPORT_NAME) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"token": "../../etc"},
        {"token": 3},
        {"mode": "move"},
        {"mode": None},
        {"image_dir": None},
        {"clusters_sha256": 1},
        {"photos": 3},
        {"photos": [{}]},
        {"photos": [3]},
        {"photos": [{"path": "a", "name": "a", "size": "7", "mtime_ns": 1, "sha256": DIGEST}]},
        {"photos": [{"path": "a", "name": "a", "size": 7, "mtime_ns": 1.5, "sha256": DIGEST}]},
        {"photos": [{"path": "a", "name": "a", "size": 7, "mtime_ns": 1, "sha256": None}]},
        {"format": "manifest"},
        {"format_version": 2},
    ],
)
def test_wrong_field_is_refused(path: Path, changes: dict[str, Any]) -> None:
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DamagedFileError, match="export.json"):
        read_export(path)


@pytest.mark.parametrize("field", ["path", "name"])
@pytest.mark.parametrize("name", ["../up.jpg", "/abs.jpg", "a//b.jpg", "a\\b.jpg", "", 7])
def test_hostile_name_is_refused(path: Path, field: str, name: Any) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    content["photos"][0][field] = name
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(StageError, match="image name"):
        read_export(path)


def test_every_cut_file_is_refused(path: Path) -> None:
    whole = path.read_bytes().rstrip()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedFileError):
            read_export(path)
