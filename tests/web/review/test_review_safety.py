"""What a review's server refuses, and what no page of it lets happen."""

from __future__ import annotations

import json
import random
from html import escape
from pathlib import Path

import pytest

from stages.cluster import create_clusters
from storage.formats.pairs import write_pairs
from tests.drawn_photos import draw_photo
from tests.web.local_server import Client, served
from tests.web.review.drawn_work import (
    NUM_PHOTOS,
    ORIGIN,
    PAIRS_NAME,
    cluster_settings,
    groups_of,
    make_work,
    tree_hash,
)
from web.guard import Guard
from web.review.review import Folders, Review
from web.review.routes import make_review_app
from web.review.serving import ServeSettings, serve_review

SECRET = b"the content of a file outside"
DOTS = ["..", "%2e%2e", "%2E%2E", "%252e%252e", ".%2e", "..%00", "%c0%ae%c0%ae", "..%5c..", "%2e%2e%2f", "..;"]
SLASHES = ["/", "%2f", "%252f", "\\", "%5c", "//"]
PREFIXES = ["/static/", "/review/static/", "/api/photos/", "/api/photos/0/", "/api/clusters/", "/"]


def traversals(folder: Path) -> list[str]:
    """Give 500 ways to ask for a file outside of what is served."""
    targets = []
    for prefix in PREFIXES:
        for dots in DOTS:
            for slash in SLASHES:
                targets.append(f"{prefix}{slash.join([dots] * 6)}{slash}secret.txt")
        targets += [
            f"{prefix}{folder}/secret.txt",
            f"{prefix}/{folder}/secret.txt",
            f"{prefix}file://{folder}/secret.txt",
        ]
        targets += [f"{prefix}%00", f"{prefix}secret.txt%00.js", f"{prefix}link/secret.txt", f"{prefix}C:%5Csecret.txt"]
        targets += [
            f"{prefix}{'../' * depth}{path}"
            for depth in (1, 2, 3, 9)
            for path in ("etc/passwd", "server.py", "guard.py")
        ]
        targets += [
            f"{prefix}{number}/thumbnail" for number in ("-1", "99999999999999999999", "0x0", "1e3", "%D9%A3", "%30x")
        ]
    return targets


def test_of_500_attempts_to_leave_the_folder_none_is_answered(
    client: Client, folders: Folders, review: Review, tmp_path: Path
) -> None:
    (tmp_path / "secret.txt").write_bytes(SECRET)
    (folders.results_dir / "link").symlink_to(tmp_path)
    (folders.results_dir / "thumbnails").symlink_to(tmp_path)
    targets = traversals(tmp_path)
    assert len(set(targets)) >= 500
    for target in targets:
        answer = client.get(target.replace(" ", "%20"))
        assert answer.status in (308, 400, 403, 404, 405), (target, answer.status)
        assert SECRET not in answer.body and b"root:" not in answer.body and b"import " not in answer.body, target


def test_a_photo_that_is_a_link_out_of_the_folder_is_not_shown(tmp_path: Path) -> None:
    folders = make_work(tmp_path / "work")
    outside = draw_photo(7)
    outside.save(tmp_path / "outside.jpg")
    photo = sorted(folders.image_dir.rglob("*.jpg"))[0]
    photo.unlink()
    photo.symlink_to(tmp_path / "outside.jpg")
    guard, review = Guard(), Review(folders)
    with served(make_review_app(review, guard), guard) as client:
        number = review.state.names.index(photo.relative_to(folders.image_dir).as_posix())
        for address in ("thumbnail?side=160", "image?side=800"):
            answer = client.get(f"/api/photos/{number}/{address}")
            assert answer.status in (404, 409) and answer.headers["content-type"] == "application/json"


def test_of_20_foreign_hosts_all_are_refused(client: Client) -> None:
    own = client.guard.port
    names = ["evil.example", "127.0.0.1.evil.example", "evil.example@127.0.0.1", "127.1", "2130706433", "0.0.0.0"]
    hosts = [f"{name}:{own}" for name in [*names, "localhost.", "[::ffff:127.0.0.1]", "localhost.localdomain", " "]]
    hosts += ["127.0.0.1", "127.0.0.1:1", f"127.0.0.1:{own + 1}", f"127.0.0.1:0{own}", f"127.0.0.1:{own}:{own}"]
    hosts += ["localhost", "localhost:80", "[::1]:1", "evil.example", ""]
    assert len(set(hosts)) == 20
    for host in hosts:
        for answer in (client.get("/", Host=host), client.post("/api/undo", {}, Host=host)):
            assert answer.status in (400, 403), host
            assert client.guard.token.encode() not in answer.body


def test_of_20_changes_without_token_or_from_another_page_all_are_refused(client: Client, review: Review) -> None:
    before, token, port = groups_of(review), client.guard.token, client.guard.port
    tokens = [None, "", "wrong", token[:-1], f"{token}x", token.swapcase(), f" {token}x", "0", "null", token[::-1]]
    origins = ["http://evil.example", "null", f"https://127.0.0.1:{port}", "http://127.0.0.1", "file://"]
    origins += [f"http://127.0.0.1:{port + 1}", f"http://evil.example:{port}", f"http://127.0.0.1:{port}@evil.example"]
    wrong: list[dict[str, str]] = [{} if text is None else {"X-Review-Token": text} for text in tokens]
    wrong += [{"X-Review-Token": token, "Origin": origin} for origin in origins]
    wrong += [{"X-Review-Token": token, "Sec-Fetch-Site": site} for site in ("cross-site", "same-site")]
    assert len(wrong) == 20
    content = json.dumps({"action": "merge", "clusters": ["0", "1"]}).encode()
    for headers in wrong:
        answer = client.ask("POST", "/api/actions", content, **{"Content-Type": "application/json"}, **headers)
        assert answer.status == 403 and groups_of(review) == before, headers


def test_reading_changes_nothing(client: Client, folders: Folders, review: Review, drawn_work: Folders) -> None:
    for photo in range(NUM_PHOTOS):  # small pictures are kept: they are no state of the review
        for side in (160, 320):
            client.get(f"/api/photos/{photo}/thumbnail?side={side}")
        client.get(f"/api/photos/{photo}/image?side=1600")
    before = tree_hash(folders.results_dir), tree_hash(folders.image_dir), tree_hash(folders.outputs_dir)
    chance, groups = random.Random(1), groups_of(review)
    for _ in range(200):
        photo, other, number = chance.randrange(NUM_PHOTOS), chance.randrange(NUM_PHOTOS), chance.randrange(6)
        client.get(
            chance.choice(
                [
                    "/",
                    "/api/overview",
                    f"/api/clusters?sort={chance.choice(['size', 'doubt', 'time', 'name', 'place'])}",
                    f"/api/clusters/{number}",
                    f"/api/clusters/{number}/split",
                    f"/api/clusters/{number}/split?photos={photo},{other}",
                    "/api/singletons",
                    "/api/queue",
                    f"/api/photos/{photo}",
                    "/api/map",
                    "/api/actions",
                    "/api/undo",
                    "/api/apply",
                    "/api/thresholds/apply",
                    "/api/actions?action=merge&clusters=0,1",
                ]
            )
        )
    after = tree_hash(folders.results_dir), tree_hash(folders.image_dir), tree_hash(folders.outputs_dir)
    assert after == before and groups_of(review) == groups


def test_every_answer_says_what_pages_may_load_and_nothing_may_be_read_by_others(client: Client) -> None:
    for target in ("/", "/api/overview", "/api/photos/0/thumbnail", "/nothing", "/api/clusters/99"):
        headers = client.get(target, Origin=f"http://127.0.0.1:{client.guard.port}").headers
        assert headers["content-security-policy"].startswith("default-src 'self'; img-src 'self' blob:")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert not [name for name in headers if name.startswith("access-control")]


def test_names_of_photos_stay_text_whatever_they_are(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "datasets", tmp_path / "netvlad", tmp_path / "results")
    names = [
        f"{place:03d}{text}.jpg"
        for place, text in enumerate(
            ["<script>alert(1)", "\"'><img src=x onerror=y>", "javascript:x", "a\nb", "&amp;", "\u202e"] * 5
        )
    ]
    folders.image_dir.mkdir()
    for seed, name in enumerate(names):
        draw_photo(seed).save(folders.image_dir / name, "JPEG")
    write_pairs(folders.outputs_dir / PAIRS_NAME, [(names[2], names[4], 0.95)], ORIGIN)
    create_clusters(cluster_settings(folders))
    guard, review = Guard(), Review(folders)
    with served(make_review_app(review, guard), guard) as client:
        assert client.post("/api/actions", {"action": "name", "cluster": "0", "name": "<script>x"}).status == 200
        page = client.get("/").body.decode()
        for text in [*names, "<script>x"]:
            assert text == escape(text) or text not in page
        listed = client.get("/api/singletons")
        assert listed.headers["content-type"].startswith("application/json")
        assert {photo["name"] for photo in listed.content["photos"]} < set(names)
        assert client.get("/api/photos/0/thumbnail").headers["content-type"] == "image/jpeg"


def test_on_another_address_the_page_needs_the_printed_token(review: Review) -> None:
    guard = Guard("0.0.0.0")
    with served(make_review_app(review, guard), guard) as client:
        assert client.get("/").status == client.get("/api/overview").status == 403
        opened = client.get(f"/?token={guard.token}")
        cookie = opened.headers["set-cookie"]
        assert opened.status == 302 and "HttpOnly" in cookie and "SameSite=Strict" in cookie
        assert client.get("/api/overview", Cookie=cookie.split(";")[0]).status == 200
        assert client.get("/?token=wrong").status == 403


def test_another_address_is_warned_of(folders: Folders, caplog: pytest.LogCaptureFixture) -> None:
    def stop(address: str) -> None:
        raise KeyboardInterrupt(address)

    places = (folders.image_dir, folders.outputs_dir, folders.results_dir)
    with pytest.raises(KeyboardInterrupt, match="token="):
        serve_review(ServeSettings(*places, host="0.0.0.0"), stop)  # noqa: S104 - what is warned of
    assert "can see these photos and change the clusters; it is not encrypted" in caplog.text


def test_a_request_that_is_too_large_is_refused(client: Client) -> None:
    headers = {"X-Review-Token": client.guard.token, "Content-Type": "application/json", "Content-Length": str(9 << 20)}
    answer = client.ask("POST", "/api/actions", b"", **headers)
    assert answer.status == 413
