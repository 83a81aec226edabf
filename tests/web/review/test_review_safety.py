"""What a review's server refuses, beside what tests/reliability/test_r27_pages.py tries on every page."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pytest

from stages.cluster import create_clusters
from storage.formats.pairs import write_pairs
from tests.drawn_photos import draw_photo
from tests.web.local_server import Client, served
from tests.web.review.drawn_work import (
    ORIGIN,
    PAIRS_NAME,
    cluster_settings,
    make_work,
)
from web.guard import Guard
from web.review.review import Folders, Review
from web.review.routes import make_review_app
from web.review.serving import ServeSettings, serve_review


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
