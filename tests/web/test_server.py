"""The floor of all local pages: what it tells, and where it listens."""

from __future__ import annotations

import logging
import socket

import pytest
from flask import Flask

from storage.errors import UsageError
from web.guard import Guard
from web.server import PageServer


def test_a_window_that_is_closed_is_nothing_to_be_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    PageServer(Flask("page"), Guard()).close()
    logging.getLogger("waitress").info("Client disconnected while serving /api/events")
    logging.getLogger("waitress.queue").warning("Task queue depth is 3")
    assert not caplog.records
    logging.getLogger("waitress").error("what went wrong")
    assert caplog.messages == ["what went wrong"]


def test_only_this_machine_is_listened_to_where_nothing_else_is_asked_for() -> None:
    guard = Guard()
    server = PageServer(Flask("page"), guard)
    with socket.create_connection(("127.0.0.1", guard.port), 5) as connection:
        assert connection.getpeername()[0] == "127.0.0.1"
    with pytest.raises(OSError):  # another address of the same machine
        socket.create_connection(("127.0.0.2", guard.port), 5)
    server.close()


def test_a_port_that_is_taken_is_said_to_be() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match="choose another port"):
            PageServer(Flask("page"), Guard(port=taken.getsockname()[1]))
