"""The review of clusters that were made of descriptors: there are no pairs and no thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clustering.features.drawn_vectors import draw_groups
from tests.stages.drawn_features import draw_work, groups_in, run
from tests.web.local_server import Client, served
from web.guard import Guard
from web.review.review import Folders, Review
from web.review.routes import make_review_app

VECTORS, _ = draw_groups([5, 4, 3], dimension=8)
ADDRESSES = (
    "/",
    "/api/overview",
    "/api/clusters",
    "/api/clusters/0",
    "/api/clusters/0/split",
    "/api/singletons",
    "/api/queue",
    "/api/photos/0",
    "/api/photos/0/thumbnail",
    "/api/pairs/0/1",
    "/api/map",
)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    draw_work(tmp_path, VECTORS)
    run(tmp_path, algorithm="kmeans", n_clusters=(3,))
    review = Review(Folders(tmp_path / "datasets", tmp_path / "netvlad", tmp_path / "results"))
    guard = Guard()
    with served(make_review_app(review, guard), guard) as client:
        yield client


def test_every_address_answers(client: Client) -> None:
    assert {target: client.get(target).status for target in ADDRESSES} == dict.fromkeys(ADDRESSES, 200)
    assert client.get("/api/overview").content["counts"]["clusters"] == 3


@pytest.mark.parametrize("target", ["/api/apply", "/api/thresholds/preview", "/api/thresholds/apply"])
def test_what_works_on_pairs_says_what_to_do_instead(client: Client, target: str) -> None:
    answer = client.post(target, {"strong": 0.5, "weak": 0.3})
    assert answer.status == 400 and "python -m tools.cluster_features again" in answer.content["error"]


def test_what_is_decided_in_the_review_holds_in_the_next_run(client: Client, tmp_path: Path) -> None:
    numbers = sorted(int(key) for key in groups_in(tmp_path) if key != "-1")
    merged = {*groups_in(tmp_path)[str(numbers[0])], *groups_in(tmp_path)[str(numbers[1])]}
    action = {"action": "merge", "clusters": [str(number) for number in numbers[:2]]}
    answer = client.post("/api/actions", action)
    assert answer.status == 200, answer.body
    run(tmp_path, algorithm="kmeans", n_clusters=(3,))
    assert merged in [set(members) for members in groups_in(tmp_path).values()]
