"""A web server on this machine that can misbehave as real ones do: cut, refuse, change the file, ignore ranges."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Request:
    """What a client asked for; ``path`` is a whole address when the server serves as a proxy."""

    path: str
    headers: dict[str, str]

    @property
    def start(self) -> int | None:
        """First byte asked for, or None when the whole file is."""
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("range", ""))
        return int(match[1]) if match else None


@dataclass
class FileServer:
    """One file under every path; or several, by the last part of their path, where ``contents`` is given.

    ``plan`` says how the next answers misbehave, one entry each: a number of bytes after which the connection is cut,
    a status as ``"503"``, or None for a good answer. When it is empty, all answers are good.
    """

    content: bytes
    etag: str | None = '"first"'
    last_modified: str | None = None
    has_ranges: bool = True
    has_length: bool = True
    plan: list[int | str | None] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    contents: dict[str, bytes] | None = None

    def content_of(self, path: str) -> bytes | None:
        """The file under a path; None where there is none."""
        return self.content if self.contents is None else self.contents.get(path.rpartition("/")[2])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/weights.mat"

    @property
    def starts(self) -> list[int | None]:
        """First byte asked for, request by request."""
        return [request.start for request in self.requests]

    def range_start(self, request: Request) -> int:
        """First byte to send: 0 when the client's version is another one."""
        is_same = request.headers.get("if-range") in (self.etag, self.last_modified)
        return (request.start or 0) if self.has_ranges and is_same else 0


def _handler_of(files: FileServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 (the name that http.server calls)
            request = Request(self.path, {name.lower(): value for name, value in self.headers.items()})
            files.requests.append(request)
            fault = files.plan.pop(0) if files.plan else None
            if isinstance(fault, str):
                self.send_error(int(fault))
                return
            content = files.content_of(request.path)
            if content is None:
                self.send_error(404)
                return
            start = files.range_start(request)
            if start and start >= len(content):
                self.send_error(416)
                return
            body = content[start:]
            self.send_headers(start, len(body))
            self.wfile.write(body[:fault] if fault is not None else body)

        def send_headers(self, start: int, length: int) -> None:
            total = start + length
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            if files.has_length:
                self.send_header("Content-Length", str(length))
            if files.etag:
                self.send_header("ETag", files.etag)
            if files.last_modified:
                self.send_header("Last-Modified", files.last_modified)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing on standard error."""

    return Handler


@contextmanager
def serving(files: FileServer) -> Iterator[FileServer]:
    """Serve ``files`` on a free port of this machine while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(files))
    files.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield files
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
