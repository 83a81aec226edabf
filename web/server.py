"""The floor that every local page with a server stands on: one guarded Flask application behind waitress."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from flask import Flask, Response, make_response, redirect, request, send_from_directory
from waitress.server import create_server
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter

from storage.errors import PhotoError, StageError, UsageError
from web.guard import HEADERS, LOOPBACK, TOKEN_FIELD, Guard

logger = logging.getLogger(__name__)
STATIC = Path(__file__).parent / "static"
MAX_BODY_BYTES = 8 << 20
NUM_THREADS = 12
SEND_REST_S, STEP_S = 2.0, 0.05  # at the end, for answers that are on their way
# what happens all day: windows are closed, a page asks for more small pictures than there are threads
LOG_LEVELS = {"waitress": logging.WARNING, "waitress.queue": logging.ERROR}


class NumberConverter(IntegerConverter):
    """Whole numbers in the digits 0 to 9; Werkzeug's own takes the digits of every script."""

    regex = "[0-9]{1,9}"


def make_app(guard: Guard, name: str) -> Flask:
    """Make an application that refuses what the guard refuses and answers every error in one line of JSON.

    Parameters
    ----------
    guard : Guard
        Who may call.
    name : str
        Of the application, for its log lines.
    """
    app = Flask(name, static_folder=None)
    app.url_map.converters["number"] = NumberConverter
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.before_request(lambda: _guarded(guard))
    app.after_request(_with_headers)
    app.register_error_handler(Exception, _failed)
    serve_folder(app, "/static", STATIC)
    return app


def serve_folder(app: Flask, prefix: str, folder: Path) -> None:
    """Serve the files of a folder of pages below ``prefix``; nothing outside of it is ever answered."""

    def file(path: str) -> Response:
        return send_from_directory(folder, path, max_age=0)

    app.add_url_rule(f"{prefix}/<path:path>", f"files of {prefix}", file, methods=["GET"])


def answer(content: Any, status: int = 200) -> Response:
    """Give an answer as JSON that no page can take for anything else."""
    text = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Response(text, status, mimetype="application/json", headers={"Cache-Control": "no-store"})


def body() -> dict[str, Any]:
    """Give the JSON object that a call brought.

    Raises
    ------
    UsageError
        When it brought something else.
    """
    content = request.get_json(silent=True) if request.mimetype == "application/json" else None
    if not isinstance(content, dict):
        raise UsageError("a JSON object is expected")
    return content


def _guarded(guard: Guard) -> Response | None:
    given = request.args.get(TOKEN_FIELD) if request.method == "GET" else None
    brought = given or request.cookies.get(guard.cookie)
    refusal = guard.refusal(request.method, request.headers, brought)  # type: ignore[arg-type]
    if refusal is not None:
        return answer({"error": refusal}, 403)
    if given is not None and guard.is_public:
        response = make_response(redirect(request.path))
        response.set_cookie(guard.cookie, guard.token, httponly=True, samesite="Strict")
        return response
    return None


def _with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


def _failed(error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return answer({"error": error.description or error.name}, error.code or 500)
    if isinstance(error, UsageError):
        return answer({"error": str(error)}, 400)
    if isinstance(error, StageError):
        return answer({"error": str(error)}, 409)
    if isinstance(error, PhotoError):
        return answer({"error": f"the photo {error.reason}"}, 404)
    logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return answer({"error": "the server failed; its log says why"}, 500)


class PageServer:
    """A server that listens, and answers once :meth:`run` is called.

    Parameters
    ----------
    app : Flask
        The application.
    guard : Guard
        Where to listen; gets the port that was found for port 0.

    Raises
    ------
    UsageError
        When the address or the port cannot be had.
    """

    def __init__(self, app: Flask, guard: Guard) -> None:
        try:
            self._server = create_server(
                app,
                host=_address(guard.host),
                port=guard.port,
                threads=NUM_THREADS,
                max_request_body_size=MAX_BODY_BYTES,
                ident=None,
                clear_untrusted_proxy_headers=True,
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(
                f"--host {guard.host} --port {guard.port} cannot be listened on: {reason}; choose another port"
            ) from error
        for name, level in LOG_LEVELS.items():
            logging.getLogger(name).setLevel(level)
        guard.port = int(self._server.effective_port)
        self._is_closed = threading.Event()

    def run(self, on_stop: Callable[[], None] = lambda: None) -> None:
        """Answer until :meth:`close` is called or the program is interrupted."""
        server = self._server
        try:
            while not self._is_closed.is_set():
                server.asyncore.loop(server.adj.asyncore_loop_timeout, server.adj.asyncore_use_poll, server._map, 1)
        except (KeyboardInterrupt, SystemExit):
            pass  # how the program is ended
        finally:
            on_stop()
            self._send_rest()
            for channel in list(server.active_channels.values()):
                channel.handle_close()
            server.task_dispatcher.shutdown()
            server.close()  # last: threads that end wake the server through its trigger

    def close(self) -> None:
        """Let :meth:`run` end, from another thread: the server's own closes its sockets."""
        self._is_closed.set()
        with suppress(OSError):  # it woke by itself meanwhile, and its trigger is gone
            self._server.pull_trigger()

    def _send_rest(self) -> None:
        """Send what was answered already."""
        server, limit = self._server, time.monotonic() + SEND_REST_S
        while time.monotonic() < limit and any(one.total_outbufs_len for one in server.active_channels.values()):
            server.asyncore.loop(STEP_S, server.adj.asyncore_use_poll, server._map, 1)


def _address(host: str) -> str:
    """Give one address of a host: of several, each would get a port of its own."""
    if host == "localhost":
        return LOOPBACK[0]
    return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
