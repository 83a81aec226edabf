from __future__ import annotations

import os
from pathlib import Path

import pytest

from stages.work_folder import Places, Sources, clear_leftovers, has_content, source_fingerprint, target_names
from storage.errors import PhotoError, StageError
from storage.fingerprints import Fingerprint, fingerprint
from storage.formats.manifest import Manifest, ManifestEntry

NOWHERE = Path("/nowhere").absolute()  # no source lies in it
needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "old" / "a.jpg"
    path.parent.mkdir()
    path.write_bytes(b"photo")
    return path


def manifest_of(name: str, source: Path) -> Manifest:
    return Manifest("copy", {name: ManifestEntry(name, str(source), fingerprint(source))})


def test_new_photos_get_safe_names(tmp_path: Path) -> None:
    names = target_names({"p/a?.jpg": tmp_path / "a?.jpg", "p/b.jpg": tmp_path / "b.jpg"}, Manifest(), NOWHERE)
    assert names == {"p/a?.jpg": "p/a_.jpg", "p/b.jpg": "p/b.jpg"}


def test_known_source_keeps_its_name(photo: Path) -> None:
    assert target_names({"p/a.jpg": photo}, manifest_of("p/other.jpg", photo), NOWHERE) == {"p/a.jpg": "p/other.jpg"}


def test_name_of_another_source_is_taken(photo: Path, tmp_path: Path) -> None:
    other = tmp_path / "new.jpg"
    other.write_bytes(b"other")
    assert target_names({"p/a.jpg": other}, manifest_of("p/a.jpg", photo), NOWHERE) == {"p/a.jpg": "p/a~2.jpg"}


def test_name_of_a_vanished_source_stays_taken(photo: Path, tmp_path: Path) -> None:
    manifest = manifest_of("p/a.jpg", photo)
    photo.unlink()
    other = tmp_path / "new.jpg"
    other.write_bytes(b"other")
    assert target_names({"p/a.jpg": other}, manifest, NOWHERE) == {"p/a.jpg": "p/a~2.jpg"}


def test_moved_photo_keeps_its_name(photo: Path, tmp_path: Path) -> None:
    manifest = manifest_of("p/a.jpg", photo)
    moved = photo.rename(tmp_path / "moved.jpg")
    assert target_names({"p/a.jpg": moved}, manifest, NOWHERE) == {"p/a.jpg": "p/a.jpg"}


def test_renamed_photo_keeps_its_name(photo: Path) -> None:
    manifest = manifest_of("p/a.jpg", photo)
    renamed = photo.rename(photo.with_name("b.jpg"))
    assert target_names({"p/b.jpg": renamed}, manifest, photo.parent) == {"p/b.jpg": "p/a.jpg"}


def test_photo_renamed_in_another_folder_is_a_new_one(photo: Path, tmp_path: Path) -> None:
    manifest = manifest_of("p/a.jpg", photo)
    renamed = photo.rename(tmp_path / "b.jpg")
    assert target_names({"q/b.jpg": renamed}, manifest, tmp_path / "new") == {"q/b.jpg": "q/b.jpg"}


def test_of_equal_photos_that_moved_each_keeps_its_own_name(photo: Path, tmp_path: Path) -> None:
    twin = photo.with_name("b.jpg")
    twin.write_bytes(photo.read_bytes())
    manifest = manifest_of("p/a.jpg", photo)
    manifest.add(manifest_of("p/b.jpg", twin).by_name["p/b.jpg"])
    (tmp_path / "new").mkdir()
    moved = {f"p/new/{path.name}": path.rename(tmp_path / "new" / path.name) for path in (twin, photo)}
    assert target_names(moved, manifest, tmp_path) == {"p/new/a.jpg": "p/a.jpg", "p/new/b.jpg": "p/b.jpg"}


def test_empty_photo_is_not_taken_for_another_empty_one(photo: Path) -> None:
    photo.write_bytes(b"")
    manifest = manifest_of("p/a.jpg", photo)
    other = photo.rename(photo.with_name("b.jpg"))
    assert target_names({"p/b.jpg": other}, manifest, photo.parent) == {"p/b.jpg": "p/b.jpg"}


def test_photo_of_another_size_is_not_read(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = manifest_of("p/a.jpg", photo)
    photo.unlink()
    other = photo.with_name("b.jpg")
    other.write_bytes(b"longer photo")
    monkeypatch.setattr("storage.fingerprints.hashlib.file_digest", lambda *_: pytest.fail("was read"))
    assert target_names({"p/b.jpg": other}, manifest, photo.parent) == {"p/b.jpg": "p/b.jpg"}


@needs_links
def test_photo_whose_former_name_leads_to_it_too_was_renamed(photo: Path) -> None:
    """As on a disk that ignores case."""
    manifest = manifest_of("p/a.jpg", photo)
    renamed = photo.with_name("A.jpg")
    renamed.hardlink_to(photo)
    assert target_names({"p/A.jpg": renamed}, manifest, photo.parent) == {"p/A.jpg": "p/a.jpg"}


def test_sources_hold_the_listed_photos_alone(tmp_path: Path) -> None:
    sources = Sources(tmp_path / "heap", ["b.jpg", "a/c.jpg"])
    assert dict(sources) == {"heap/b.jpg": tmp_path / "heap/b.jpg", "heap/a/c.jpg": tmp_path / "heap/a/c.jpg"}
    assert "heap/none.jpg" not in sources and "b.jpg" not in sources
    assert sources.get("heap/none.jpg") is None


def test_sources_of_a_disk_have_no_folder_in_front() -> None:
    root = Path(Path.cwd().anchor)
    assert dict(Sources(root, ["a.jpg"])) == {"a.jpg": root / "a.jpg"}


def test_photo_that_still_stands_was_not_moved(photo: Path, tmp_path: Path) -> None:
    twin = tmp_path / "twin.jpg"
    twin.write_bytes(photo.read_bytes())
    assert target_names({"p/a.jpg": twin}, manifest_of("p/a.jpg", photo), NOWHERE) == {"p/a.jpg": "p/a~2.jpg"}


@pytest.mark.skipif(os.name == "nt", reason="such names cannot be made on Windows")
def test_two_equal_photos_do_not_share_one_moved_name(photo: Path, tmp_path: Path) -> None:
    manifest = manifest_of("p/a_.jpg", photo)
    first = photo.rename(tmp_path / "a?.jpg")
    second = tmp_path / "a:.jpg"
    second.write_bytes(first.read_bytes())
    names = target_names({"p/a?.jpg": first, "p/a:.jpg": second}, manifest, NOWHERE)
    assert sorted(names.values()) == ["p/a_.jpg", "p/a_~2.jpg"]


def test_places_lie_in_the_folder(tmp_path: Path) -> None:
    places = Places(tmp_path)
    assert places.path("a/b/c.jpg") == tmp_path / "a/b/c.jpg"
    assert places.path("c.jpg") == tmp_path / "c.jpg"


@needs_links
def test_place_may_be_a_link_itself(tmp_path: Path, photo: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.jpg").symlink_to(photo)
    assert Places(tmp_path / "work").path("a.jpg").samefile(photo)


@needs_links
def test_place_behind_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    for name in ("work", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "work" / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StageError, match="leads out"):
        Places(tmp_path / "work").path("a/b.jpg")


def test_content_is_compared_whatever_the_time(photo: Path) -> None:
    found = fingerprint(photo)
    os.utime(photo, ns=(1, 1))
    assert has_content(photo, found)
    assert not has_content(photo, Fingerprint(found.size, found.mtime_ns, "0" * 64))
    assert not has_content(photo, Fingerprint(4, found.mtime_ns, found.sha256))
    assert not has_content(photo.with_name("gone.jpg"), found)


def test_unchanged_source_is_not_read(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = ManifestEntry("a.jpg", str(photo), fingerprint(photo))
    monkeypatch.setattr("storage.fingerprints.hashlib.file_digest", lambda *_: pytest.fail("was read"))
    assert source_fingerprint(photo, entry) == entry.fingerprint


def test_source_that_cannot_be_read_is_a_photo_error(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="cannot be read"):
        source_fingerprint(tmp_path / "gone.jpg", None)


def test_leftovers_of_killed_runs_go_and_photos_stay(tmp_path: Path) -> None:
    leftovers = [tmp_path / name for name in (".m.0123abcd.tmp", "a/.p.00000002.tmp", "reports/copy/.r.00000003.tmp")]
    kept = [tmp_path / name for name in ("a/p.jpg", "b/.elsewhere.00000004.tmp", ".of another program.tmp")]
    for path in (*leftovers, *kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    clear_leftovers(tmp_path, "copy", [tmp_path / "a", tmp_path / "missing"])
    assert not any(path.exists() for path in leftovers)
    assert all(path.exists() for path in kept)
