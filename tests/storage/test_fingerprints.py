from __future__ import annotations

import copy
import hashlib
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from storage.fingerprints import Fingerprint, fingerprint, if_unchanged, sha256_of_file
from tests.traced_memory import bytes_per_item


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"first content")
    return path


def test_sha256_is_that_of_the_bytes(photo: Path) -> None:
    assert sha256_of_file(photo) == hashlib.sha256(b"first content").hexdigest()


def test_an_empty_file_has_the_sha256_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty.jpg"
    path.touch()
    assert sha256_of_file(path) == hashlib.sha256(b"").hexdigest()


def test_a_file_larger_than_a_read_buffer_is_hashed_whole(tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    content = bytes(range(256)) * 8_192
    path.write_bytes(content)
    assert sha256_of_file(path) == hashlib.sha256(content).hexdigest()


def test_fingerprint_holds_size_time_and_hash(photo: Path) -> None:
    os.utime(photo, ns=(1_600_000_000_000_000_000, 1_600_000_000_000_000_000))
    found = fingerprint(photo)
    assert found == Fingerprint(13, photo.stat().st_mtime_ns, hashlib.sha256(b"first content").hexdigest())


def test_an_unchanged_file_is_not_read_again(photo: Path) -> None:
    status = photo.stat()
    known = Fingerprint(status.st_size, status.st_mtime_ns, "0" * 64)
    assert fingerprint(photo, known).sha256 == "0" * 64


def test_a_file_with_another_time_is_hashed_again(photo: Path) -> None:
    status = photo.stat()
    known = Fingerprint(status.st_size, status.st_mtime_ns - 1, "0" * 64)
    assert fingerprint(photo, known).sha256 == hashlib.sha256(b"first content").hexdigest()


def test_a_file_with_another_size_is_hashed_again(photo: Path) -> None:
    status = photo.stat()
    known = Fingerprint(status.st_size + 1, status.st_mtime_ns, "0" * 64)
    assert fingerprint(photo, known).sha256 == hashlib.sha256(b"first content").hexdigest()


def test_a_link_has_the_fingerprint_of_its_target(photo: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.jpg"
    try:
        link.symlink_to(photo)
    except OSError:
        pytest.skip("this system lets no link be made")
    assert fingerprint(link) == fingerprint(photo)


def test_a_vanished_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        fingerprint(tmp_path / "gone.jpg")
    with pytest.raises(FileNotFoundError):
        sha256_of_file(tmp_path / "gone.jpg")


def test_a_touched_file_is_unchanged_and_has_its_new_fingerprint(photo: Path) -> None:
    known = fingerprint(photo)
    os.utime(photo, ns=(1, 1))
    found = if_unchanged(photo, known)
    assert found is not None and (found.sha256, found.mtime_ns) == (known.sha256, 1)


def test_other_bytes_and_a_vanished_file_are_not_unchanged(photo: Path) -> None:
    known = fingerprint(photo)
    photo.write_bytes(b"other")
    assert if_unchanged(photo, known) is None
    photo.unlink()
    assert if_unchanged(photo, known) is None


FOUND = Fingerprint(10, -20, "ab" * 32)  # a photo from before 1970


def test_a_fingerprint_gives_the_parts_that_it_was_made_of() -> None:
    assert (FOUND.size, FOUND.mtime_ns, FOUND.sha256) == (10, -20, "ab" * 32)
    assert repr(FOUND) == f"Fingerprint(size=10, mtime_ns=-20, sha256='{'ab' * 32}')"


def test_a_fingerprint_of_nothing_has_no_sha256() -> None:
    assert Fingerprint(0, 0, "").sha256 == ""


def test_a_fingerprint_goes_to_other_processes_and_into_copies() -> None:
    assert [pickle.loads(pickle.dumps(FOUND)), copy.deepcopy(FOUND)] == [FOUND, FOUND]
    assert type(pickle.loads(pickle.dumps(FOUND))) is Fingerprint


def test_times_beyond_64_bits_are_kept_as_some_disks_have_them() -> None:
    year_2400 = 13_569_465_600 * 10**9
    assert year_2400 > 2**63 and Fingerprint(1, year_2400, "00" * 32).mtime_ns == year_2400


@pytest.mark.parametrize(("size", "mtime_ns"), [(-1, 0), (1 << 64, 0), (0, 1 << 127)])
def test_numbers_that_no_file_has_are_refused(size: int, mtime_ns: int) -> None:
    with pytest.raises(ValueError, match=f"size {size}, mtime_ns {mtime_ns}"):
        Fingerprint(size, mtime_ns, "00" * 32)


def test_many_fingerprints_take_little_memory() -> None:
    made = [(number, 10**18 + number, f"{number:064x}") for number in range(1200)]
    assert bytes_per_item(lambda count: [Fingerprint(*parts) for parts in made[:count]], 200, 1200) < 136


def test_a_fingerprint_is_read_from_json_as_it_was_written() -> None:
    assert Fingerprint.of_row(json.loads(json.dumps(FOUND.as_row()))) == FOUND


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"size": "10"}, "size '10'"),
        ({"size": True}, "size True"),
        ({"size": -1}, "size -1"),
        ({"mtime_ns": 1.5}, "mtime_ns 1.5"),
        ({"sha256": None}, "sha256 None"),
        ({"sha256": "AB" * 32}, "sha256 'ABAB"),
        ({"sha256": "ab" * 32 + "\n"}, "sha256 'abab"),
    ],
)
def test_what_is_no_fingerprint_is_refused(change: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Fingerprint.of_row(FOUND.as_row() | change)


def test_a_part_of_a_fingerprint_is_none() -> None:
    with pytest.raises(KeyError):
        Fingerprint.of_row({"size": 10, "mtime_ns": 20})
