"""The calls of the page, through real requests to a real server."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from storage.formats.decisions import read_decisions
from storage.lock import work_lock
from tests.web.local_server import Client, Reply, served
from tests.web.review.drawn_work import NUM_PHOTOS, groups_of, tree_hash
from web.guard import Guard
from web.review.review import Folders, Review
from web.review.routes import make_review_app


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
    for joined in client.post("/api/thresholds/preview", {"strong": 0.2, "weak": 0.1}).content["joined"]:
        assert len(joined["pieces"]) + len(joined["photos"]) > 1
        for piece in joined["pieces"]:
            members = set(review.state.photos(int(piece["cluster"])))
            assert set(piece["photos"]) <= members and piece["is_whole"] == (set(piece["photos"]) == members)
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
