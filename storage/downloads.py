"""Fetching a large file over HTTP so that it exists whole and checked, or not at all.

What has come so far stays in ``<name>.part`` beside the target, with ``<name>.part.json`` saying which version of the
file it belongs to; a later call goes on from there (RFC 9110, sections 13.1.5 and 14). ``requests`` does the talking:
it honours the proxies of the environment and of the system, and brings its own certificates.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage.atomic import atomic_path, write_json
from storage.errors import DamagedFileError, StageError, UsageError
from storage.fingerprints import sha256_of_file
from storage.lock import work_lock

if TYPE_CHECKING:
    import requests

MAX_FAILURES = 5  # in a row, without a byte more
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 20.0, 60.0
CHUNK_SIZE = 1 << 16  # a chunk that breaks off is lost
AGAIN_LATER = (408, 425, 429, 500, 502, 503, 504)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Conduct:
    """How a download tells of its progress and waits.

    Attributes
    ----------
    on_progress : callable (received, total) -> None
        Called with the bytes that are there and those of the whole file, or None where the server does not say.
    pause : callable (seconds) -> None
        Waits between two attempts.
    """

    on_progress: Callable[[int, int | None], None] = lambda _received, _total: None
    pause: Callable[[float], None] = time.sleep


class _BrokenOffError(Exception):
    """The transfer broke off for a reason that may pass."""


@dataclass
class _Part:
    """What has come of a file, and of which version of it."""

    path: Path
    url: str
    validator: str | None = None
    total: int | None = None
    received: int = field(default=0, init=False)

    @property
    def note(self) -> Path:
        return self.path.with_name(self.path.name + ".json")

    def load(self) -> None:
        """Take over what a former call left, if it belongs to the same address."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
            url, validator, total = str(note["url"]), str(note["validator"] or ""), int(note["total"] or 0)
            received = self.path.stat().st_size
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return  # no part, or one of unknown origin: it is fetched anew, which is always right
        if url == self.url and validator and (not total or received <= total):
            self.validator, self.total, self.received = validator, total or None, received

    def start_anew(self, validator: str | None, total: int | None) -> None:
        self.remove()
        self.validator, self.total, self.received = validator, total, 0
        write_json(self.note, {"url": self.url, "validator": validator, "total": total})

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)
        self.validator, self.total, self.received = None, None, 0


def fetch_file(url: str, target: Path, check: Callable[[Path], object], conduct: Conduct = Conduct()) -> None:
    """Fetch ``url`` to ``target``; go on where an interrupted call stopped.

    Parameters
    ----------
    url : str
        An ``http://`` or ``https://`` address.
    target : Path
        The file to make or replace. It is touched only once the new one is complete and checked.
    check : callable (path)
        Raises ``DamagedFileError`` when the complete file is not what it should be.
    conduct : Conduct, optional
        Progress and waiting.

    Raises
    ------
    UsageError
        When the address is none.
    DamagedFileError
        When the check fails; what came is removed.
    StageError
        When the server refuses, cannot be reached, breaks off again and again, or there is no room. What came is kept.
    """
    if not re.match(r"https?://[^/]", url, re.IGNORECASE):
        raise UsageError(f"--url {url}: must begin with http:// or https://; for a file on this machine use --from")
    with work_lock(target.parent):
        part = _Part(target.with_name(target.name + ".part"), url)
        try:
            part.load()
            _receive_all(part, conduct)
        except OSError as error:
            raise StageError(
                f"cannot write {part.path}: {error.strerror or error}; make room or choose another folder, then run "
                "the same command again to go on"
            ) from error
        try:
            check(part.path)
        except DamagedFileError as error:
            part.remove()
            raise DamagedFileError(f"what {url} gave was removed again: {error}") from error
        with atomic_path(target) as temporary:
            part.path.replace(temporary)
        part.remove()


def copy_checked(source: Path, target: Path, check: Callable[[Path], object]) -> None:
    """Copy the file ``source`` to ``target`` when it is what it should be; compare the copy before it takes its place.

    Raises
    ------
    UsageError
        When there is no such file.
    StageError
        When it cannot be copied.
    DamagedFileError
        When the check fails; the target is untouched.
    """
    if not source.is_file():
        raise UsageError(f"--from {source}: there is no such file")
    check(source)
    with work_lock(target.parent), atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)
        if sha256_of_file(temporary) != sha256_of_file(source):
            raise StageError(f"{source} changed while it was copied; run the same command again")


def check_sha256(path: Path, expected: str) -> None:
    """Raise ``DamagedFileError`` unless the file's SHA-256 is ``expected`` or begins so."""
    found = sha256_of_file(path)
    if not expected or not found.startswith(expected.lower()):
        raise DamagedFileError(f"{path} is cut, altered or another file: sha256 {found}, expected {expected.lower()}")


# -- the transfer -----------------------------------------------------------------------------------------------------


def _receive_all(part: _Part, conduct: Conduct) -> None:
    import requests

    failures, furthest = 0, part.received
    with requests.Session() as session:
        while part.total is None or part.received < part.total:
            try:
                _receive(session, part, conduct)
                return
            except _BrokenOffError as stop:
                failures = 1 if part.received > furthest else failures + 1
                furthest = max(furthest, part.received)
                if failures >= MAX_FAILURES:
                    raise StageError(
                        f"cannot fetch {part.url}: {stop}; given up after {failures} attempts without a byte more; run "
                        "the same command again to go on (what came is kept), or fetch the file elsewhere and give it "
                        "with --from"
                    ) from stop
                log.info("%s; trying again in %d s", stop, 2**failures)
                conduct.pause(2**failures)


def _receive(session: requests.Session, part: _Part, conduct: Conduct) -> None:
    """Make one attempt; append to the part, or start it anew when the server has another version."""
    from requests import exceptions

    headers = {"Accept-Encoding": "identity"}
    if part.received:
        headers |= {"Range": f"bytes={part.received}-", "If-Range": part.validator or ""}
    try:
        with session.get(part.url, headers=headers, stream=True, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S)) as answer:
            _check_status(part, answer)
            if not _continues(part, answer):
                length = answer.headers.get("Content-Length", "")
                part.start_anew(_validator(answer.headers), int(length) if length.isdigit() else None)
            _check_room(part)
            with open(part.path, "ab") as file:
                for chunk in answer.iter_content(CHUNK_SIZE):
                    file.write(chunk)
                    part.received += len(chunk)
                    conduct.on_progress(part.received, part.total)
    except exceptions.RequestException as error:
        raise _explained(part.url, error) from error
    if part.total is not None and part.received != part.total:
        raise _BrokenOffError(f"the connection ended after {part.received} of {part.total} bytes")


def _check_status(part: _Part, answer: requests.Response) -> None:
    status = f"{answer.status_code} {answer.reason or ''}".strip()
    if answer.status_code in AGAIN_LATER:
        raise _BrokenOffError(f"the server answers {status}")
    if answer.status_code == 416:  # the part does not fit the server's file
        part.remove()
        raise _BrokenOffError("the server's file is shorter than what was kept of it")
    if answer.status_code not in (200, 206):
        meaning = {401: "not without a login", 403: "not allowed", 404: "no such file", 410: "no longer there"}
        explanation = meaning.get(answer.status_code, "no file")
        raise StageError(
            f"cannot fetch {part.url}: {explanation} (the server answers {status}); give another address with --url, "
            "or fetch the file elsewhere and give it with --from"
        )


def _continues(part: _Part, answer: requests.Response) -> bool:
    if answer.status_code != 206:
        return False
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
    total = int(match[2]) if match and match[2] != "*" else part.total
    if not match or int(match[1]) != part.received or part.total not in (None, total):
        part.remove()
        raise _BrokenOffError("the server continues another file than the one begun")
    part.total = total
    return True


def _validator(headers: Any) -> str | None:
    """Give what tells one version of the file from another; a weak ETag may not stand in If-Range."""
    etag = headers.get("ETag")
    return etag if etag and not etag.startswith("W/") else headers.get("Last-Modified")


def _check_room(part: _Part) -> None:
    missing = (part.total or 0) - part.received
    free = shutil.disk_usage(part.path.parent).free
    if free < missing:
        raise StageError(
            f"no room in {part.path.parent}: {missing / 1e6:.1f} MB are still to come, {free / 1e6:.1f} MB are free; "
            "make room or choose another folder with --cache_dir"
        )


def _explained(url: str, error: requests.RequestException) -> Exception:
    """Give the error that a user understands: one that may pass, or a final one."""
    from requests import exceptions

    text = str(error)
    if isinstance(error, (exceptions.InvalidURL, exceptions.InvalidSchema, exceptions.TooManyRedirects)):
        return StageError(f"cannot fetch {url}: {text}")
    if isinstance(error, exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in text:
        return StageError(
            f"cannot fetch {url}: its certificate is not trusted here; where a proxy signs for it, name the proxy's "
            "certificate file in the environment variable REQUESTS_CA_BUNDLE"
        )
    if isinstance(error, exceptions.ProxyError):
        return _BrokenOffError("the proxy that the environment names cannot be used (HTTP_PROXY, HTTPS_PROXY)")
    if isinstance(error, exceptions.Timeout):
        return _BrokenOffError("the server does not answer in time")
    if "NameResolutionError" in text or "getaddrinfo" in text:
        return _BrokenOffError("the name of the server is not known here; is this machine online, or behind a proxy?")
    return _BrokenOffError(f"the connection broke off or was refused ({type(error).__name__})")
