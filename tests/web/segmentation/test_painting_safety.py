"""What the server of the painting page refuses, and what names of photos do to it."""

from __future__ import annotations

import gzip
import json
import os
import sys
from html import escape
from pathlib import Path

import numpy as np
import pytest

from tests.drawn_painting_session import LEFT, draw_photos, painting_session
from tests.web.local_server import served
from tests.web.segmentation.conftest import Page
from web.guard import Guard
from web.segmentation.painting import Painting
from web.segmentation.routes import make_painting_app

SECRET = b"the content of a file outside"
DOTS = ("..", "%2e%2e", "%252e%252e", ".%2e", "%c0%ae%c0%ae", "..%5c..", "..;", "..%00")
SLASHES = ("/", "%2f", "%252f", "\\", "%5c", "//")
PREFIXES = (
    "/static/",
    "/segmentation/static/",
    "/api/photos/0/labels/",
    "/api/photos/0/layers/",
    "/api/photos/",
    "/api/templates/0/pictures/",
    "/",
)
HOSTILE = (
    "<script>alert(1)</script>.png".replace("/", "_"),
    "\"'&--><img src=x onerror=alert(1)>.png",
    "a\nb.png",
    "%2e%2e%2fsecret.png",
    "{{ 7 * 7 }}.png",
    "\u202egnp.png",
    "\U0001f3da ruin.png",
)


def traversals(folder: Path) -> list[str]:
    targets = [
        f"{prefix}{slash.join([dots] * depth)}{slash}secret.txt"
        for prefix in PREFIXES
        for dots in DOTS
        for slash in SLASHES
        for depth in (1, 6)
    ]
    return targets + [
        f"{prefix}{rest}"
        for prefix in PREFIXES
        for rest in (f"{folder}/secret.txt", f"/{folder}/secret.txt", "%00", "-1", "0x0", "%D9%A3", "1e3", "9" * 20)
    ]


def test_of_many_attempts_to_leave_the_folder_none_is_answered(page: Page) -> None:
    page.open()
    (page.folder / "secret.txt").write_bytes(SECRET)
    targets = traversals(page.folder)
    assert len(set(targets)) > 600
    for target in targets:
        answer = page.client.get(target)
        assert answer.status in (308, 400, 403, 404, 405, 409), (target, answer.status)
        assert SECRET not in answer.body and b"root:" not in answer.body and b"import " not in answer.body, target


@pytest.mark.parametrize("file", ["../../../secret.txt", "/etc/passwd", "actions.jsonl", "labels-" + "0" * 23 + ".png"])
def test_no_action_names_a_path(page: Page, file: str) -> None:
    page.open()
    for action in ({"action": "labels", "file": file}, {"action": "picture", "file": file, "at": [0, 0]}):
        answer = page.post("photos/0/actions", revision=0, actions=[action])
        assert answer.status == 400 and "no label image or picture" in answer.content["error"]


def test_a_photo_that_is_a_link_out_of_the_folder_is_not_shown(page: Page) -> None:
    draw_photos(page.folder / "elsewhere")
    photo = page.folder / "photos" / "a.png"
    photo.unlink()
    photo.symlink_to(page.folder / "elsewhere" / "a.png")
    for target in ("image", "thumbnail"):
        answer = page.get(f"photos/0/{target}")
        assert answer.status in (404, 409) and answer.headers["content-type"] == "application/json"
    assert page.post("photos/0/open").status in (404, 409)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost", "127.0.0.1:1", "0.0.0.0", "[::1]:1", ""]
)
def test_foreign_hosts_are_refused(page: Page, host: str) -> None:
    for answer in (
        page.client.get("/", Host=host),
        page.get("overview", Host=host),
        page.client.post("/api/prefetch", {"photos": []}, Host=host),
    ):
        assert answer.status in (400, 403) and page.client.guard.token.encode() not in answer.body


POSTS = ("settings", "classes", "prefetch", "quit", "templates", "jobs/1/cancel") + tuple(
    f"photos/0/{what}"
    for what in ("open", "labels", "sheet", "sheet/cancel", "actions", "save", "masks")
    + ("grabcut", "grabcut/labels", "sam", "templates", "templates/layer")
)


@pytest.mark.parametrize("target", POSTS)
def test_nothing_is_changed_without_token_or_from_another_page(page: Page, target: str) -> None:
    token, port = page.client.guard.token, page.client.guard.port
    wrong: list[dict[str, str]] = [
        {},
        {"X-Review-Token": token[::-1]},
        {"X-Review-Token": token, "Origin": "http://evil.example"},
        {"X-Review-Token": token, "Origin": "null"},
        {"X-Review-Token": token, "Origin": f"http://127.0.0.1:{port + 1}"},
        {"X-Review-Token": token, "Sec-Fetch-Site": "cross-site"},
    ]
    for headers in wrong:
        answer = page.client.ask("POST", f"/api/{target}", b"{}", **{"Content-Type": "application/json"}, **headers)
        assert answer.status == 403, headers
    assert page.client.get(f"/api/{target}").status in (404, 405, 200, 409)
    assert not (page.folder / "masks" / ".painting").exists()


def test_a_body_that_is_no_object_is_refused(page: Page) -> None:
    token = {"X-Review-Token": page.client.guard.token}
    for content, kind in ((b"[]", "application/json"), (b"{}", "text/plain"), (b"\xff", "application/json"), (b"", "")):
        answer = page.client.ask("POST", "/api/photos/0/open", content, **token, **{"Content-Type": kind})
        assert answer.status == 400 and "JSON object" in answer.content["error"]


def test_a_body_that_is_too_large_is_refused(page: Page) -> None:
    answer = page.client.ask(
        "POST",
        "/api/photos/0/actions",
        b"",
        **{"X-Review-Token": page.client.guard.token, "Content-Length": str(9 << 20)},
    )
    assert answer.status == 413


def test_every_answer_says_what_a_page_may_load(page: Page) -> None:
    page.open()
    for target in ("/api/overview", "/api/photos/0/image", "/api/photos/0/planes", "/nothing", "/"):
        headers = page.client.get(target).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"


def test_hostile_names_are_shown_as_text_and_saved_inside_the_folder(tmp_path: Path) -> None:
    draw_photos(tmp_path / "photos", HOSTILE)
    guard = Guard()
    with (
        painting_session(tmp_path, names="safe") as tools,
        served(make_painting_app(Painting(tools, HOSTILE[0]), guard), guard) as client,
    ):
        page = Page(client, tmp_path, tools)
        names = [photo["name"] for photo in page.get("overview").content["photos"]]
        assert sorted(names) == sorted(HOSTILE)
        frame = client.get("/").body.decode()
        assert escape(HOSTILE[0], quote=False) in frame and HOSTILE[0] not in frame
        for number in range(len(HOSTILE)):
            page.open(number)
            page.act(number, {"action": "fill", "at": list(LEFT)})
            assert page.told(f"photos/{number}/save")["written"]
            assert page.get(f"photos/{number}/thumbnail").status == 200
    index = json.loads((tmp_path / "masks" / "masks.json").read_text(encoding="utf-8"))
    assert len(index["photos"]) == len(HOSTILE)
    assert {path.name for path in tmp_path.iterdir()} == {"photos", "masks"}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
def test_a_name_that_is_not_utf_8_is_listed_and_refused(tmp_path: Path) -> None:
    draw_photos(tmp_path / "photos", ["a.png", os.fsdecode(b"b\xff.png")])
    guard = Guard()
    with painting_session(tmp_path) as tools, served(make_painting_app(Painting(tools, "x"), guard), guard) as client:
        photos = client.get("/api/overview").content["photos"]
        assert photos[0]["problem"] == "" and photos[1]["name"] == "b\\udcff.png" and "UTF-8" in photos[1]["problem"]
        for answer in (client.post("/api/photos/1/open", {}), client.get("/api/photos/1/image")):
            assert answer.status == 404 and "not UTF-8" in answer.content["error"]
        assert client.post("/api/prefetch", {"photos": [1]}).status == 200
        Page(client, tmp_path, tools).open(0)


def test_on_another_address_every_call_needs_the_token(tmp_path: Path) -> None:
    draw_photos(tmp_path / "photos")
    guard = Guard(host="0.0.0.0")
    with painting_session(tmp_path) as tools, served(make_painting_app(Painting(tools, "x"), guard), guard) as client:
        assert client.get("/api/overview").status == 403
        cookie = {"Cookie": f"{guard.cookie}={guard.token}"}
        assert client.get("/api/overview", **cookie).status == 200


def test_far_browsers_get_planes_packed(tmp_path: Path) -> None:
    draw_photos(tmp_path / "photos")
    guard = Guard(host="0.0.0.0")
    with painting_session(tmp_path) as tools, served(make_painting_app(Painting(tools, "x"), guard), guard) as client:
        Page(client, tmp_path, tools).told("photos/0/labels", method="graph", parameters={})
        tools.desk.jobs.find(1, 60)
        assert client.post("/api/photos/0/open", {}).content["is_ready"]
        given = {"Cookie": f"{guard.cookie}={guard.token}", "Accept-Encoding": "gzip"}
        answer = client.get("/api/photos/0/planes", **given)
        assert answer.headers["content-encoding"] == "gzip"
        planes = np.frombuffer(gzip.decompress(answer.body), "<i4")
        assert planes.size == 2 * 60 * 40 and planes[0] > 0
