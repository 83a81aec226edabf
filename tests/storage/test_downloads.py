"""Downloads from a server on this machine that cuts, refuses, changes its file and ignores ranges."""

from __future__ import annotations

import errno
import hashlib
import shutil
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from storage import downloads
from storage.downloads import MAX_FAILURES, Conduct, check_sha256, copy_checked, fetch_file
from storage.errors import DamagedFileError, StageError, UsageError
from tests.storage.download_server import FileServer, serving

CONTENT = np.random.default_rng(0).bytes(300_000)
CHECK = partial(check_sha256, expected=hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "CHUNK_SIZE", 10_000)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(FileServer(CONTENT)) as files:
        yield files


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "weights.mat"


class Fetch:
    """Fetch and remember the pauses and the progress."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.progress: list[tuple[int, int | None]] = []

    def __call__(self, url: str, target: Path, check: Callable[[Path], object] = CHECK) -> None:
        conduct = Conduct(lambda *progress: self.progress.append(progress), self.pauses.append)
        fetch_file(url, target, check, conduct)


@pytest.fixture
def fetch() -> Fetch:
    return Fetch()


def part_of(target: Path) -> Path:
    return target.with_name(target.name + ".part")


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(".lock"))


def interrupt(server: FileServer, target: Path, after: int) -> None:
    """Leave the part of a download whose machine went away after some bytes."""
    server.plan[:] = [after, *["503"] * MAX_FAILURES]
    with pytest.raises(StageError):
        Fetch()(server.url, target)
    server.requests.clear()
    server.plan.clear()
    assert part_of(target).stat().st_size == after


# -- whole files ------------------------------------------------------------------------------------------------------


def test_a_file_arrives_whole_and_alone(server: FileServer, target: Path, fetch: Fetch) -> None:
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert visible(target.parent) == ["weights.mat"]
    assert server.starts == [None]


def test_progress_ends_at_the_size_that_the_server_told(server: FileServer, target: Path, fetch: Fetch) -> None:
    fetch(server.url, target)
    received = [done for done, _ in fetch.progress]
    assert received == sorted(received)
    assert len(received) > 5
    assert fetch.progress[-1] == (len(CONTENT), len(CONTENT))


def test_a_file_of_unknown_length_arrives(server: FileServer, target: Path, fetch: Fetch) -> None:
    server.has_length = False
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert fetch.progress[-1] == (len(CONTENT), None)


def test_the_server_is_asked_for_the_bytes_as_they_are(server: FileServer, target: Path, fetch: Fetch) -> None:
    fetch(server.url, target)
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_an_older_file_is_replaced(server: FileServer, target: Path, fetch: Fetch) -> None:
    target.parent.mkdir()
    target.write_bytes(b"older")
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT


# -- going on ---------------------------------------------------------------------------------------------------------


def test_a_cut_connection_is_taken_up_where_it_broke_off(server: FileServer, target: Path, fetch: Fetch) -> None:
    server.plan[:] = [100_000, 50_000, 0]
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert server.starts == [None, 100_000, 150_000, 150_000]


def test_a_later_call_goes_on_where_the_former_stopped(server: FileServer, target: Path, fetch: Fetch) -> None:
    interrupt(server, target, after=120_000)
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert server.starts == [120_000]
    assert server.requests[0].headers["if-range"] == '"first"'
    assert fetch.progress[0][0] > 120_000
    assert visible(target.parent) == ["weights.mat"]


def test_a_killed_program_s_part_is_taken_up(server: FileServer, target: Path, fetch: Fetch) -> None:
    class Killed(BaseException):
        pass

    def kill(received: int, _total: int | None) -> None:
        if received > 100_000:
            raise Killed

    with pytest.raises(Killed):
        fetch_file(server.url, target, CHECK, Conduct(on_progress=kill))
    kept = part_of(target).stat().st_size
    assert kept > 100_000
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert server.starts == [None, kept]


def test_a_file_that_changed_meanwhile_is_fetched_anew(server: FileServer, target: Path, fetch: Fetch) -> None:
    interrupt(server, target, after=120_000)
    server.content, server.etag = CONTENT[::-1], '"second"'
    fetch(server.url, target, partial(check_sha256, expected=hashlib.sha256(CONTENT[::-1]).hexdigest()))
    assert target.read_bytes() == CONTENT[::-1]
    assert server.starts == [120_000]


def test_a_file_that_changes_between_two_attempts_is_fetched_anew(
    server: FileServer, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(_seconds: float) -> None:
        server.content, server.etag = CONTENT[:200_000], '"second"'

    server.plan[:] = [100_000]
    fetch_file(server.url, target, lambda _path: None, Conduct(pause=change))
    assert target.read_bytes() == CONTENT[:200_000]


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_the_date_of_change_serves_where_there_is_no_strong_etag(
    server: FileServer, target: Path, fetch: Fetch, etag: str | None
) -> None:
    server.etag, server.last_modified = etag, "Sat, 01 Oct 2022 10:00:00 GMT"
    interrupt(server, target, after=120_000)
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert server.requests[0].headers["if-range"] == server.last_modified
    assert server.starts == [120_000]


def test_without_any_version_the_file_is_fetched_anew(server: FileServer, target: Path, fetch: Fetch) -> None:
    server.etag = None
    interrupt(server, target, after=120_000)
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert server.starts == [None]


def test_a_server_without_ranges_starts_anew(server: FileServer, target: Path, fetch: Fetch) -> None:
    server.has_ranges = False
    interrupt(server, target, after=120_000)
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT


def test_a_part_of_another_address_is_not_taken_up(server: FileServer, target: Path, fetch: Fetch) -> None:
    interrupt(server, target, after=120_000)
    fetch(server.url + "?mirror", target)
    assert target.read_bytes() == CONTENT
    assert server.starts == [None]


@pytest.mark.parametrize("note", ["", "{", "[]", "{}", '{"url": 1, "validator": [], "total": "x"}', "\u00e9"])
def test_a_part_of_unknown_origin_is_fetched_anew(server: FileServer, target: Path, fetch: Fetch, note: str) -> None:
    interrupt(server, target, after=120_000)
    part_of(target).with_name("weights.mat.part.json").write_text(note, encoding="latin-1")
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert server.starts == [None]


def test_a_part_that_is_complete_needs_no_server(server: FileServer, target: Path, fetch: Fetch) -> None:
    interrupt(server, target, after=120_000)
    part_of(target).write_bytes(CONTENT)
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert server.requests == []


def test_a_part_longer_than_the_file_is_fetched_anew(server: FileServer, target: Path, fetch: Fetch) -> None:
    interrupt(server, target, after=120_000)
    part_of(target).write_bytes(CONTENT + b"more")
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert server.starts == [None]


def test_a_refused_range_is_fetched_anew(server: FileServer, target: Path, fetch: Fetch) -> None:
    interrupt(server, target, after=120_000)
    server.plan[:] = ["416"]
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert server.starts == [120_000, None]


def test_a_server_that_continues_elsewhere_is_not_trusted(
    server: FileServer, target: Path, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(server, target, after=120_000)
    monkeypatch.setattr(FileServer, "range_start", lambda _self, request: 119_000 if request.start else 0)
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert server.starts == [120_000, None]


# -- errors that may pass ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["500", "502", "503", "429", "408"])
def test_a_server_in_trouble_is_asked_again_after_growing_pauses(
    server: FileServer, target: Path, fetch: Fetch, status: str
) -> None:
    server.plan[:] = [status, status, status]
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert fetch.pauses == [2, 4, 8]


def test_progress_gives_new_patience(server: FileServer, target: Path, fetch: Fetch) -> None:
    server.plan[:] = ["503", "503", 100_000, "503", "503", "503"]
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert fetch.pauses == [2, 4, 2, 4, 8, 16]


def test_a_server_that_always_cuts_at_the_same_place_is_given_up(
    server: FileServer, target: Path, fetch: Fetch
) -> None:
    server.has_ranges = False
    server.plan[:] = [100_000] * 50
    with pytest.raises(StageError, match=r"connection.*given up after 5 attempts.*run the same command again.*--from"):
        fetch(server.url, target)
    assert len(server.requests) == MAX_FAILURES
    assert not target.exists()


def test_a_server_that_stays_in_trouble_is_given_up(server: FileServer, target: Path, fetch: Fetch) -> None:
    server.plan[:] = ["500"] * 50
    with pytest.raises(StageError, match=r"the server answers 500 Internal Server Error; given up after 5 attempts"):
        fetch(server.url, target)
    assert len(server.requests) == MAX_FAILURES


def test_a_refused_connection_is_told(target: Path, fetch: Fetch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(StageError, match="connection broke off or was refused"):
        fetch(f"http://127.0.0.1:{port}/weights.mat", target)


def test_an_unknown_server_name_is_told(target: Path, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: Any, **_options: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(StageError, match="name of the server is not known here; is this machine online"):
        fetch("http://weights.example/weights.mat", target)


def test_a_server_that_says_nothing_is_told(
    server: FileServer, target: Path, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "READ_TIMEOUT_S", 0.05)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(StageError, match="does not answer in time"):
            fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/weights.mat", target)


# -- errors that stay -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "meaning"), [("404", "no such file"), ("403", "not allowed"), ("401", "login"), ("410", "no longer")]
)
def test_a_refusal_is_told_at_once(server: FileServer, target: Path, fetch: Fetch, status: str, meaning: str) -> None:
    server.plan[:] = [status] * 9
    with pytest.raises(StageError, match=f"{meaning}.*answers {status}.*--url.*--from") as caught:
        fetch(server.url, target)
    assert server.url in str(caught.value)
    assert len(server.requests) == 1
    assert fetch.pauses == []


def test_a_refusal_keeps_what_came_before(server: FileServer, target: Path, fetch: Fetch) -> None:
    interrupt(server, target, after=120_000)
    server.plan[:] = ["403"]
    with pytest.raises(StageError):
        fetch(server.url, target)
    assert part_of(target).stat().st_size == 120_000


def test_another_file_than_expected_is_removed(server: FileServer, target: Path, fetch: Fetch) -> None:
    server.content = b"<html>Please log in</html>"
    with pytest.raises(DamagedFileError, match=r"was removed again: .* sha256 [0-9a-f]{64}, expected [0-9a-f]{64}"):
        fetch(server.url, target)
    assert visible(target.parent) == []


def test_another_file_than_expected_leaves_the_former_one(server: FileServer, target: Path, fetch: Fetch) -> None:
    target.parent.mkdir()
    target.write_bytes(b"former")
    server.content = b"other"
    with pytest.raises(DamagedFileError):
        fetch(server.url, target)
    assert target.read_bytes() == b"former"


@pytest.mark.parametrize("url", ["", "weights.mat", "file:///etc/hosts", "ftp://host/file", "http://", "https:///x"])
def test_an_address_that_is_none_is_a_wrong_call(target: Path, fetch: Fetch, url: str) -> None:
    with pytest.raises(UsageError, match="must begin with http:// or https://"):
        fetch(url, target)
    assert not target.parent.exists()


def test_an_address_with_an_impossible_port_is_told(target: Path, fetch: Fetch) -> None:
    with pytest.raises(StageError, match="cannot fetch http://host:port/"):
        fetch("http://host:port/", target)


def test_a_disk_too_small_is_told_before_the_transfer(
    server: FileServer, target: Path, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=200_000))
    with pytest.raises(StageError, match=r"no room in .*: 0\.3 MB are still to come, 0\.2 MB are free"):
        fetch(server.url, target)
    assert fetch.progress == []


def test_a_disk_that_fills_up_keeps_what_came(
    server: FileServer, target: Path, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(received: int, _total: int | None) -> None:
        if received >= 100_000:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StageError, match=r"cannot write .*\.part: No space left on device; make room") as caught:
        fetch_file(server.url, target, CHECK, Conduct(on_progress=full))
    assert type(caught.value) is StageError
    assert part_of(target).stat().st_size >= 100_000
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT


def test_two_downloads_of_one_file_do_not_mix(server: FileServer, target: Path) -> None:
    def start_another(_received: int, _total: int | None) -> None:
        with pytest.raises(StageError, match="in use by another run"):
            fetch_file(server.url, target, CHECK)

    fetch_file(server.url, target, CHECK, Conduct(on_progress=start_another))
    assert len(server.requests) == 1


def test_a_certificate_that_is_not_trusted_is_told_at_once() -> None:
    from requests.exceptions import SSLError

    error = downloads._explained("https://host/", SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"))
    assert isinstance(error, StageError)
    assert "REQUESTS_CA_BUNDLE" in str(error)


# -- proxies ----------------------------------------------------------------------------------------------------------


def test_the_proxy_of_the_environment_is_used(
    server: FileServer, target: Path, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
    fetch("http://weights.example/weights.mat", target)
    assert [request.path for request in server.requests] == ["http://weights.example/weights.mat"]
    assert target.read_bytes() == CONTENT


def test_hosts_named_in_no_proxy_are_asked_directly(
    server: FileServer, target: Path, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    fetch(server.url, target)
    assert [request.path for request in server.requests] == ["/weights.mat"]


def test_a_proxy_that_is_not_there_is_named(target: Path, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused.getsockname()[1]}")
    with pytest.raises(StageError, match="proxy .*HTTP_PROXY"):
        fetch("http://weights.example/weights.mat", target)


# -- files fetched elsewhere ------------------------------------------------------------------------------------------


def test_a_file_fetched_elsewhere_is_copied(tmp_path: Path, target: Path) -> None:
    source = tmp_path / "Downloads.mat"
    source.write_bytes(CONTENT)
    copy_checked(source, target, CHECK)
    assert target.read_bytes() == source.read_bytes() == CONTENT
    assert visible(target.parent) == ["weights.mat"]


def test_a_wrong_file_fetched_elsewhere_is_refused_and_kept(tmp_path: Path, target: Path) -> None:
    source = tmp_path / "Downloads.mat"
    source.write_bytes(CONTENT[:-1])
    with pytest.raises(DamagedFileError, match=r"Downloads\.mat is cut, altered or another file"):
        copy_checked(source, target, CHECK)
    assert source.exists()
    assert not target.exists()


@pytest.mark.parametrize("name", ["absent.mat", "."])
def test_a_file_that_is_not_there_is_a_wrong_call(tmp_path: Path, target: Path, name: str) -> None:
    with pytest.raises(UsageError, match="--from .*: there is no such file"):
        copy_checked(tmp_path / name, target, CHECK)


def test_a_copy_that_differs_takes_no_place(tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "Downloads.mat"
    source.write_bytes(CONTENT)
    monkeypatch.setattr(shutil, "copyfile", lambda _source, copy: copy.write_bytes(CONTENT[:-1]))
    with pytest.raises(StageError, match="changed while it was copied"):
        copy_checked(source, target, CHECK)
    assert visible(target.parent) == []


def test_sums_in_capital_letters_are_the_same_sums(tmp_path: Path) -> None:
    path = tmp_path / "weights.mat"
    path.write_bytes(CONTENT)
    check_sha256(path, hashlib.sha256(CONTENT).hexdigest().upper())
