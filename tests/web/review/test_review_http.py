"""Campaign R27 of the reliability plan, and the calls of the page, through real requests to a real server."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from html import escape
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from stages.cluster import create_clusters
from storage.formats.decisions import read_decisions
from storage.formats.pairs import write_pairs
from storage.lock import work_lock
from tests.drawn_photos import draw_photo
from tests.web.local_server import Client, Reply, served
from tests.web.review.drawn_work import NUM_PHOTOS, ORIGIN, PAIRS_NAME, cluster_settings, groups_of, make_work
from web.guard import Guard
from web.review.review import Folders, Review
from web.review.routes import make_review_app
from web.review.serving import ServeSettings, serve_review

SECRET = b"the content of a file outside"
DOTS = ["..", "%2e%2e", "%2E%2E", "%252e%252e", ".%2e", "..%00", "%c0%ae%c0%ae", "..%5c..", "%2e%2e%2f", "..;"]
SLASHES = ["/", "%2f", "%252f", "\\", "%5c", "//"]
PREFIXES = ["/static/", "/review/static/", "/api/photos/", "/api/photos/0/", "/api/clusters/", "/"]


@pytest.fixture
def client(review: Review) -> Iterator[Client]:
    guard = Guard()
    with served(make_review_app(review, guard), guard) as client:
        yield client


def tree_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(f"{path.relative_to(folder)}\0".encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


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


# -- R27 --------------------------------------------------------------------------------------------------------------


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


# -- the calls of the page --------------------------------------------------------------------------------------------


def act(client: Client, **request: Any) -> Reply:
    return client.post("/api/actions", request)


def test_an_action_is_answered_and_seen(client: Client, folders: Folders) -> None:
    before = client.get("/api/overview").content
    answer = act(client, action="merge", clusters=["0", "1"])
    after = client.get("/api/overview").content
    assert answer.status == 200 and answer.content["removed"] == ["1"] and answer.content["clusters"] == ["0"]
    assert after["counts"]["clusters"] == before["counts"]["clusters"] - 1 and after["counts"]["actions"] == 1
    assert after["revision"] == answer.content["revision"] > before["revision"]
    assert after["can_undo"] == "merge into building 0" and after["counts"]["unapplied"] == 1
    assert read_decisions(folders.results_dir / "decisions.json").must_link


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"action": "explode"},
        {"action": ["merge"]},
        {"action": "merge", "clusters": ["0"]},
        {"action": "merge", "clusters": "01"},
        {"action": "merge", "clusters": ["0", "99"]},
        {"action": "merge", "clusters": [True, "1"]},
        {"action": "split", "cluster": "0", "photos": []},
        {"action": "split", "cluster": "0", "photos": [10_000]},
        {"action": "move", "photos": [0.5], "to": "new"},
        {"action": "move", "photos": [0], "to": None},
        {"action": "name", "cluster": "0", "name": 5},
        {"action": "note", "cluster": "0", "text": "x" * 3000},
        {"action": "lock", "cluster": "0", "locked": "yes"},
        {"action": "place", "photos": [0], "position": [91, 0]},
        {"action": "place", "photos": [0], "position": ["1", "2"]},
        {"action": "answer", "key": "0-0", "answer": "same"},
        {"action": "answer", "key": "0-1", "answer": "maybe"},
        {"action": "answer", "key": None, "answer": "same"},
    ],
)
def test_a_wrong_request_is_answered_in_one_line(client: Client, review: Review, request_: dict[str, Any]) -> None:
    before = groups_of(review)
    answer = client.post("/api/actions", request_)
    assert answer.status in (400, 409) and "\n" not in answer.content["error"]
    assert groups_of(review) == before and review.session.num_actions == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'{"a": NaN', b"\xff"])
def test_a_body_that_is_no_object_is_refused(client: Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "X-Review-Token": client.guard.token}
    assert client.ask("POST", "/api/actions", body, **headers).status == 400


def test_undo_and_redo_answer_what_they_did(client: Client, review: Review) -> None:
    before = groups_of(review)
    assert client.post("/api/undo", {}).status == 409
    act(client, action="merge", clusters=["0", "1"])
    assert client.post("/api/undo", {}).content["clusters"] == ["0", "1"] and groups_of(review) == before
    assert client.post("/api/redo", {}).content["removed"] == ["1"]
    assert client.post("/api/redo", {}).status == 409


def test_the_queue_is_answered_with_one_call(client: Client) -> None:
    queue = client.get("/api/queue").content
    item = next(item for item in queue["items"] if item["kind"] != "inside")
    assert set(item) >= {"key", "kind", "pair", "score", "agreement", "reason", "text", "left", "right"}
    assert item["pair"][0] in item["left"]["photos"] and item["pair"][1] in item["right"]["photos"]
    assert act(client, action="answer", key=item["key"], answer="different").status == 200
    after = client.get("/api/queue").content
    assert item["key"] not in [other["key"] for other in after["items"]] and after["answered"] == 1


def test_what_nobody_can_tell_is_asked_again_last(client: Client) -> None:
    first = client.get("/api/queue").content["items"][0]
    act(client, action="answer", key=first["key"], answer="unsure")
    items = client.get("/api/queue").content["items"]
    assert items[-1]["key"] == first["key"] and items[-1]["unsure"]


def test_lists_are_given_in_stretches(client: Client) -> None:
    every = client.get("/api/clusters?sort=size&order=desc").content
    part = client.get("/api/clusters?sort=size&order=desc&offset=1&limit=2").content
    assert part["total"] == every["total"] and part["clusters"] == every["clusters"][1:3]
    sizes = [card["size"] for card in every["clusters"]]
    assert sizes == sorted(sizes, reverse=True)
    assert client.get("/api/clusters?offset=-1").status == 400 == client.get("/api/clusters?sort=colour").status


def test_clusters_are_found_by_name_and_filtered(client: Client) -> None:
    act(client, action="name", cluster="1", name="Mill")
    act(client, action="lock", cluster="2", locked=True)
    act(client, action="note", cluster="3", text="look")
    for query, wanted in (
        ("q=mILL", ["1"]),
        ("filter=locked", ["2"]),
        ("filter=noted", ["3"]),
        ("filter=named", ["1"]),
    ):
        assert [card["number"] for card in client.get(f"/api/clusters?{query}").content["clusters"]] == wanted
    changed = client.get("/api/clusters?filter=changed").content["clusters"]
    assert {card["number"] for card in changed} == {"1", "2", "3"}


def test_a_cluster_tells_its_photos_and_where_it_comes_apart(client: Client, review: Review) -> None:
    found = client.get("/api/clusters/0").content
    split = client.get("/api/clusters/0/split").content
    assert [photo["id"] for photo in found["photos"]] == review.state.photos(0)
    assert sorted(split["kept"] + split["parted"]) == review.state.photos(0) and split["link"]
    assert found["weakest_link"]["pair"] and found["joins"][0]["pair"]
    assert client.get("/api/clusters/99").status == 400


def test_photos_are_given_as_jpeg_and_need_not_be_sent_twice(client: Client) -> None:
    first = client.get("/api/photos/0/thumbnail?side=160")
    assert first.status == 200 and first.body[:2] == b"\xff\xd8" and "max-age" in first.headers["cache-control"]
    assert client.get("/api/photos/0/thumbnail?side=160", If_None_Match=first.headers["etag"]).status == 304
    assert client.get("/api/photos/0/thumbnail?side=161").status == 400
    assert client.get("/api/photos/0").content["size"] == [48, 32]


def test_a_pair_is_matched_on_demand(client: Client) -> None:
    found = client.get("/api/pairs/0/1").content
    assert set(found) >= {"score", "verdict", "inliers", "num_matches", "num_inliers", "coverage", "text"}
    assert client.get("/api/pairs/0/0").status == 400


def test_a_photo_that_is_gone_is_said_to_be(client: Client, review: Review, tmp_path: Path) -> None:
    review.collection._names = ["gone.jpg"] * NUM_PHOTOS  # the shared photos stay
    answer = client.get("/api/photos/0/thumbnail")
    assert answer.status == 404 and "cannot be read" in answer.content["error"]


def test_a_second_window_sees_the_change(client: Client) -> None:
    revision = client.get("/api/overview").content["revision"]
    done = act(client, action="merge", clusters=["0", "1"]).content
    answer = client.get("/api/events?since=99999", Last_Event_ID="x")
    assert answer.status == 400
    text = first_event(client, revision)
    assert json.loads(text) == {"revision": done["revision"], "clusters": ["0", "1"]}


def first_event(client: Client, since: int) -> str:
    connection = HTTPConnection("127.0.0.1", client.guard.port, timeout=30)
    connection.request("GET", f"/api/events?since={since}")
    answer = connection.getresponse()
    while not (line := answer.readline().decode()).startswith("data: "):
        assert line
    connection.close()
    return line.removeprefix("data: ")


def test_a_preview_writes_nothing_and_an_apply_does(client: Client, folders: Folders, review: Review) -> None:
    before = tree_hash(folders.results_dir)
    preview = client.post("/api/thresholds/preview", {"strong": 0.95, "weak": 0.3})
    assert preview.status == 200 and preview.content["parted"] and tree_hash(folders.results_dir) == before
    assert client.post("/api/thresholds/preview", {"strong": 2, "weak": 0.3}).status == 400
    groups = groups_of(review)
    taken = client.post("/api/thresholds/apply", {"strong": 0.95, "weak": 0.3})
    overview = client.get("/api/overview").content
    assert taken.status == 200 and overview["thresholds"]["strong"] == 0.95 and overview["counts"]["unapplied"] == 0
    assert overview["counts"]["clusters"] == preview.content["clusters"]
    assert client.post("/api/undo", {}).status == 200 and groups_of(review) == groups
    assert client.get("/api/overview").content["thresholds"]["strong"] == 0.8


def test_apply_says_who_works_on_the_results(client: Client, folders: Folders) -> None:
    act(client, action="merge", clusters=["0", "1"])
    with work_lock(folders.results_dir):
        answer = client.post("/api/apply", {})
    assert answer.status == 409 and "in use by another run" in answer.content["error"]
    assert client.post("/api/apply", {}).content["counts"]["photos"] == NUM_PHOTOS


def test_a_server_that_ends_while_calls_are_open_says_nothing(review: Review, caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard()
    with served(make_review_app(review, guard), guard) as client:
        connection = HTTPConnection("127.0.0.1", client.guard.port, timeout=30)
        connection.request("GET", "/api/events?since=0")
        assert connection.getresponse().readline() == b"retry: 2000\n"
    connection.close()
    assert [record.getMessage() for record in caplog.records] == []
