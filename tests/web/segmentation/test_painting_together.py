"""Two pages with a server in one browser, on another address than loopback."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from tests.drawn_painting_session import draw_photos, painting_session
from tests.web.local_server import Client, served
from web.guard import Guard
from web.segmentation.painting import Painting
from web.segmentation.routes import make_painting_app


def test_both_stay_open(tmp_path: Path) -> None:
    with ExitStack() as stack:
        clients: list[Client] = []
        for name in ("one", "two"):
            draw_photos(tmp_path / name / "photos")
            tools = stack.enter_context(painting_session(tmp_path / name))
            guard = Guard(host="0.0.0.0")
            app = make_painting_app(Painting(tools, name), guard)
            clients.append(stack.enter_context(served(app, guard)))
        jar: dict[str, str] = {}
        for client in clients:
            answer = client.get(f"/?token={client.guard.token}")
            assert answer.status == 302
            key, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
            jar[key] = value
        cookies = "; ".join(f"{key}={value}" for key, value in jar.items())
        titles = [client.get("/api/overview", Cookie=cookies).content["title"] for client in clients]
        assert titles == ["one", "two"]
