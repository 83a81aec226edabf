"""A building opens in the painting page, served by the review itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.lock import work_lock
from tests.conftest import ROOT
from tests.web.local_server import Client, served
from tests.web.review.drawn_work import NUM_PHOTOS, make_work
from web.guard import Guard
from web.review.review import Folders, Review
from web.review.routes import make_review_app


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return make_work(tmp_path / "work")  # photos of its own: masks go beside them


@pytest.fixture
def review(folders: Folders) -> Iterator[Review]:
    review = Review(folders)
    yield review
    review.end()


def masks_of(folders: Folders) -> Path:
    return folders.image_dir.with_name("datasets_segmented")


def test_a_building_shows_its_photos_as_they_stand_now(client: Client, review: Review) -> None:
    for number in (0, 1):
        told = client.get(f"/paint/api/overview?building={number}").content
        assert told["base"] == "/paint/" and not told["can_quit"]
        assert [photo["number"] for photo in told["photos"]] == sorted(review.state.members[number])
        assert {photo["name"] for photo in told["photos"]} == {
            review.state.names[n] for n in review.state.members[number]
        }
    client.post("/api/actions", {"action": "merge", "clusters": ["0", "1"]})
    both = client.get("/paint/api/overview?building=0").content["photos"]
    assert [photo["number"] for photo in both] == sorted(review.state.members[0]) and len(both) > 5
    assert client.get("/paint/api/overview?building=1").status == 400
    assert len(client.get("/paint/api/overview").content["photos"]) == NUM_PHOTOS


@pytest.mark.parametrize("building", ["-1", "99", "x", "1e3", "%D9%A3"])
def test_a_building_that_is_not_there_is_refused(client: Client, building: str) -> None:
    assert client.get(f"/paint/api/overview?building={building}").status == 400


def test_the_page_and_its_scripts_are_served(client: Client) -> None:
    frame = client.get("/paint/?building=0")
    assert frame.status == 200 and client.guard.token in frame.body.decode()
    assert 'content="/paint/"' in frame.body.decode()
    assert "default-src 'self'" in frame.headers["content-security-policy"]
    assert client.get("/segmentation/static/paint.js").status == 200
    assert client.get("/segmentation/static/../routes.py").status == 404


def test_a_photo_is_painted_and_saved_beside_the_photos(client: Client, folders: Folders) -> None:
    state = client.post("/paint/api/photos/0/open", {}).content
    while state["job"] is not None:
        client.get(f"/paint/api/jobs/{state['job']['job']}?wait=1")
        state = client.post("/paint/api/photos/0/open", {}).content
    action = {"action": "fill", "at": [5, 5]}
    answer = client.post("/paint/api/photos/0/actions", {"revision": 0, "actions": [action]})
    assert answer.status == 200 and answer.content["painted"] > 0
    written = client.post("/paint/api/photos/0/save", {}).content["written"]
    assert written and all((masks_of(folders) / name).is_file() for name in written)


def test_painting_needs_the_token_and_the_host_of_the_review(client: Client, folders: Folders) -> None:
    for target in ("open", "actions", "save"):
        answer = client.ask("POST", f"/paint/api/photos/0/{target}", b"{}", Content_Type="application/json")
        assert answer.status == 403
    assert client.get("/paint/", Host="evil.example").status == 403
    assert not masks_of(folders).exists()


def test_masks_that_another_program_paints_are_said_to_be_in_use(client: Client, folders: Folders) -> None:
    with work_lock(masks_of(folders)):
        answer = client.get("/paint/api/overview")
        assert answer.status == 409 and "in use by another run" in answer.content["error"]
        assert client.get("/api/overview").status == 200
    assert client.get("/paint/api/overview").status == 200


def test_the_end_of_the_review_frees_the_masks(folders: Folders) -> None:
    review, guard = Review(folders), Guard()
    with served(make_review_app(review, guard), guard) as client:
        assert client.get("/paint/api/overview").status == 200
        review.end()
    with work_lock(masks_of(folders)):
        pass


def test_the_review_begins_without_what_painting_needs() -> None:
    program = "import sys, web.review.routes; print([m for m in ('cv2', 'pebble', 'segmentation') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
