"""A real server on a loopback port, and raw requests to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

from flask import Flask

from web.guard import TOKEN_HEADER, Guard
from web.server import PageServer


@dataclass(frozen=True)
class Reply:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    """Sends requests exactly as they are given: no path is tidied on the way."""

    guard: Guard

    def ask(self, method: str, target: str, body: bytes | None = None, /, **headers: str) -> Reply:
        connection = HTTPConnection("127.0.0.1", self.guard.port, timeout=30)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            given = {"Host": f"127.0.0.1:{self.guard.port}"} | {
                key.replace("_", "-"): value for key, value in headers.items()
            }
            if body is not None:
                given.setdefault("Content-Length", str(len(body)))
            for key, value in given.items():
                connection.putheader(key, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return Reply(answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, target: str, **headers: str) -> Reply:
        return self.ask("GET", target, None, **headers)

    def post(self, target: str, content: Any, **headers: str) -> Reply:
        given = {"Content_Type": "application/json", TOKEN_HEADER: self.guard.token} | headers
        return self.ask("POST", target, json.dumps(content).encode(), **given)


@contextmanager
def served(app: Flask, guard: Guard) -> Iterator[Client]:
    """Serve an application on a free port until the block ends."""
    server = PageServer(app, guard)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield Client(guard)
    finally:
        server.close()
        thread.join(10)
