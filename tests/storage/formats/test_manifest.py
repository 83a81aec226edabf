from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import DamagedFileError, StageError, UsageError
from storage.fingerprints import Fingerprint, fingerprint
from storage.formats.manifest import (
    MANIFEST_NAME,
    Manifest,
    ManifestEntry,
    Resized,
    check_unchanged_mode,
    has_manifest,
    is_made_of_links,
    names_by_source,
    printable,
    read_manifest,
    read_or_new,
    write_manifest,
)
from tests.traced_memory import bytes_per_item

DIGEST = "0123456789abcdef" * 4
FINGERPRINTS = st.builds(
    Fingerprint,
    st.integers(0, 2**50),
    st.integers(-(2**62), 2**62),
    st.text("0123456789abcdef", min_size=64, max_size=64),
)
RESIZED = st.builds(Resized, st.integers(1, 99999), st.integers(1, 99999), FINGERPRINTS)
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0:"), min_size=1, max_size=20).filter(
    lambda name: name not in (".", "..")
)
ENTRIES = st.builds(
    ManifestEntry,
    NAMES,
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).map(lambda text: f"/{text}"),
    FINGERPRINTS,
    st.just(40),
    st.just(30),
    st.none() | RESIZED | st.builds(replace, RESIZED, former=RESIZED),
)


@pytest.fixture
def entry() -> ManifestEntry:
    return ManifestEntry("a/1.jpg", "/photos/a/1.jpg", Fingerprint(7, 123, DIGEST))


@pytest.fixture
def path(tmp_path: Path, entry: ManifestEntry) -> Path:
    path = tmp_path / MANIFEST_NAME
    write_manifest(path, Manifest("copy", {entry.name: entry}))
    return path


@given(entries=st.lists(ENTRIES, max_size=5), mode=st.sampled_from(("copy", "hardlink", "symlink", "reflink")))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, entries: list[ManifestEntry], mode: str
) -> None:
    path = tmp_path_factory.mktemp("manifest") / MANIFEST_NAME
    manifest = Manifest(mode, {entry.name: entry for entry in entries})
    write_manifest(path, manifest)
    assert read_manifest(path) == manifest


def test_order_of_adding_does_not_show_in_the_file(tmp_path: Path, entry: ManifestEntry) -> None:
    other = replace(entry, name="b.jpg", source="/photos/b.jpg")
    texts = []
    for entries in ((entry, other), (other, entry)):
        manifest = Manifest()
        for each in entries:
            manifest.add(each)
        write_manifest(tmp_path / MANIFEST_NAME, manifest)
        texts.append((tmp_path / MANIFEST_NAME).read_text(encoding="utf-8"))
    assert texts[0] == texts[1]


def test_file_has_the_specified_fields(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    assert len(content.pop("checksum")) == 64
    assert content == {
        "format": "manifest",
        "format_version": 1,
        "mode": "copy",
        "entries": [
            {"name": "a/1.jpg", "source": "/photos/a/1.jpg", "size": 7, "mtime_ns": 123, "sha256": DIGEST},
        ],
    }


def test_resized_copy_has_the_specified_fields(path: Path, entry: ManifestEntry) -> None:
    former = Resized(20, 10, Fingerprint(5, 1, DIGEST))
    resized = replace(entry, width=40, height=20, resized=Resized(10, 5, Fingerprint(3, 2, DIGEST), former))
    write_manifest(path, Manifest("copy", {resized.name: resized}))
    (row,) = json.loads(path.read_text(encoding="utf-8"))["entries"]
    assert (row["width"], row["height"]) == (40, 20)
    assert row["resized"] == {
        "width": 10,
        "height": 5,
        "size": 3,
        "mtime_ns": 2,
        "sha256": DIGEST,
        "former": {"width": 20, "height": 10, "size": 5, "mtime_ns": 1, "sha256": DIGEST},
    }


@pytest.mark.skipif(os.name == "nt", reason="file names are text on Windows")
def test_source_that_is_not_utf8_comes_back_exactly(path: Path, entry: ManifestEntry) -> None:
    source = os.fsdecode(b"/photos/caf\xe9.jpg")
    write_manifest(path, Manifest("copy", {entry.name: replace(entry, source=source)}))
    (row,) = json.loads(path.read_text(encoding="utf-8"))["entries"]
    assert row["source_bytes"] == b"/photos/caf\xe9.jpg".hex()
    assert read_manifest(path).by_name[entry.name].source == source


def test_printable_spells_what_is_not_unicode() -> None:
    assert printable("caf\udce9.jpg") == "caf\\udce9.jpg"
    assert printable(Path("é b.jpg")) == "é b.jpg"


def _with(path: Path, **changes: Any) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    content["entries"][0] |= changes
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    "changes",
    [
        {"size": -1},
        {"size": "7"},
        {"size": True},
        {"mtime_ns": 1.5},
        {"mtime_ns": None},
        {"sha256": "abc"},
        {"sha256": DIGEST.upper()},
        {"sha256": None},
        {"source": ""},
        {"source": 3},
        {"source_bytes": "zz"},
        {"width": 0, "height": 3},
        {"width": 4},
        {"resized": {}},
        {"resized": None},
        {"resized": {"width": 1, "height": 1, "size": 1, "mtime_ns": 1, "sha256": DIGEST, "former": 3}},
    ],
)
def test_wrong_field_is_refused_with_the_path(path: Path, changes: dict[str, Any]) -> None:
    _with(path, **changes)
    with pytest.raises(DamagedFileError, match="damaged: .*manifest.json"):
        read_manifest(path)


@pytest.mark.parametrize("name", ["../up.jpg", "/abs.jpg", "a//b.jpg", "c:/x.jpg", "a\\b.jpg", "", "a/\0.jpg", 7, None])
def test_hostile_name_is_refused(path: Path, name: Any) -> None:
    _with(path, name=name)
    with pytest.raises(StageError, match="image name"):
        read_manifest(path)


def test_name_given_twice_is_refused(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    content["entries"] *= 2
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DamagedFileError, match="twice"):
        read_manifest(path)


@pytest.mark.parametrize("field", ["mode", "entries", "format", "format_version"])
def test_missing_header_field_is_refused(path: Path, field: str) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    del content[field]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DamagedFileError):
        read_manifest(path)


@pytest.mark.parametrize("mode", ["move", "", None, 3])
def test_unknown_mode_is_refused(path: Path, mode: Any) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace('"copy"', json.dumps(mode)), encoding="utf-8")
    with pytest.raises(DamagedFileError):
        read_manifest(path)


def test_newer_version_is_refused_as_newer(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace('"format_version": 1', '"format_version": 2'), "utf-8")
    with pytest.raises(DamagedFileError, match="newer release"):
        read_manifest(path)


def test_every_cut_file_is_refused(path: Path) -> None:
    whole = path.read_bytes().rstrip()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedFileError):
            read_manifest(path)


def test_folder_without_manifest_is_no_work_folder(tmp_path: Path) -> None:
    assert not has_manifest(tmp_path)
    assert not is_made_of_links(tmp_path)
    assert read_or_new(tmp_path, "symlink") == Manifest("symlink")
    with pytest.raises(StageError, match="copy_images.py"):
        read_manifest(tmp_path / MANIFEST_NAME)


def test_work_folder_of_links_is_known(tmp_path: Path) -> None:
    for mode in ("copy", "hardlink", "symlink"):
        write_manifest(tmp_path / MANIFEST_NAME, Manifest(mode))
        assert has_manifest(tmp_path)
        assert is_made_of_links(tmp_path) == (mode == "symlink")
        assert read_or_new(tmp_path, "copy").mode == mode


def test_work_folder_of_links_is_known_from_a_manifest_that_was_laid_out_anew(tmp_path: Path) -> None:
    for mode in ("copy", "symlink"):
        write_manifest(tmp_path / MANIFEST_NAME, Manifest(mode))
        content = json.loads((tmp_path / MANIFEST_NAME).read_text(encoding="utf-8"))
        (tmp_path / MANIFEST_NAME).write_text(json.dumps(content, indent=4), encoding="utf-8")
        assert is_made_of_links(tmp_path) == (mode == "symlink")


def test_mode_is_read_without_the_entries(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])
    assert not is_made_of_links(path.parent)
    path.write_bytes(path.read_bytes().replace(b'"copy"', b'"cop"'))
    with pytest.raises(DamagedFileError):
        is_made_of_links(path.parent)


def test_other_mode_is_refused_unless_there_is_nothing_yet(entry: ManifestEntry, tmp_path: Path) -> None:
    check_unchanged_mode(Manifest("copy"), "symlink", tmp_path)
    check_unchanged_mode(Manifest("copy", {entry.name: entry}), "copy", tmp_path)
    with pytest.raises(UsageError, match="--mode copy, not symlink"):
        check_unchanged_mode(Manifest("copy", {entry.name: entry}), "symlink", tmp_path)


def test_source_leads_to_its_name(entry: ManifestEntry) -> None:
    assert names_by_source([entry]) == {"/photos/a/1.jpg": "a/1.jpg"}
    assert entry.source_path == Path("/photos/a/1.jpg")


@pytest.fixture
def copied(tmp_path: Path) -> tuple[ManifestEntry, Path]:
    target = tmp_path / "1.jpg"
    target.write_bytes(b"source")
    return ManifestEntry("1.jpg", "/photos/1.jpg", fingerprint(target)), target


def test_untouched_copy_is_in_the_state_of_its_source(copied: tuple[ManifestEntry, Path]) -> None:
    entry, target = copied
    assert entry.state(target) == entry.fingerprint
    assert entry.resized_as(entry.fingerprint) is None


def test_untouched_copy_is_not_read(copied: tuple[ManifestEntry, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    entry, target = copied
    monkeypatch.setattr("storage.formats.manifest.sha256_of_file", lambda path: pytest.fail("was read"))
    assert entry.state(target) == entry.fingerprint


def test_copy_with_another_time_is_known_by_its_content(copied: tuple[ManifestEntry, Path]) -> None:
    entry, target = copied
    os.utime(target, ns=(1, 1))
    assert entry.state(target) == entry.fingerprint


def test_edited_copy_is_in_no_known_state(copied: tuple[ManifestEntry, Path]) -> None:
    entry, target = copied
    for content in (b"edited", b"longer than before"):
        target.write_bytes(content)
        os.utime(target, ns=(1, 1))
        assert entry.state(target) is None


def test_missing_copy_is_in_no_known_state(copied: tuple[ManifestEntry, Path]) -> None:
    entry, target = copied
    target.unlink()
    assert entry.state(target) is None


def test_resized_copy_and_the_one_before_are_told_apart(copied: tuple[ManifestEntry, Path]) -> None:
    entry, target = copied
    former = Resized(8, 6, Fingerprint(3, entry.fingerprint.mtime_ns, "1" * 64))
    resized = Resized(4, 3, Fingerprint(2, entry.fingerprint.mtime_ns, "2" * 64), former)
    entry = replace(entry, resized=resized)
    assert entry.state(target) == entry.fingerprint
    assert entry.resized_as(resized.fingerprint) == resized
    assert entry.resized_as(former.fingerprint) == former


def test_fresh_copy_forgets_what_was_done_to_the_former(copied: tuple[ManifestEntry, Path]) -> None:
    entry, _ = copied
    resized = replace(entry, width=8, height=6, resized=Resized(4, 3, entry.fingerprint))
    found = Fingerprint(9, 9, "9" * 64)
    assert resized.fresh(found) == ManifestEntry(entry.name, entry.source, found)


def test_a_manifest_is_read_in_800_bytes_an_entry(tmp_path: Path) -> None:
    paths = {count: tmp_path / f"{count}.json" for count in (200, 1200)}
    for count, path in paths.items():
        names = [f"photos/{number:03d}/{number:06d}.jpg" for number in range(count)]
        found = [Fingerprint(10**6 + number, 10**18 + number, f"{number:064x}") for number in range(count)]
        entries = [ManifestEntry(name, f"/media/disk/{name}", each) for name, each in zip(names, found, strict=True)]
        write_manifest(path, Manifest("copy", {entry.name: entry for entry in entries}))
    assert bytes_per_item(lambda count: read_manifest(paths[count]), 200, 1200) < 800
