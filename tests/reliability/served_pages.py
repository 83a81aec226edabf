"""Every page that a server of the project answers: how it is started, what it reads and what it changes."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.drawn_painting_session import LEFT, NAMES, draw_photos, fill, make_ready, painting_session
from tests.web.local_server import Client, served
from tests.web.review.drawn_work import NUM_PHOTOS, copy_results, make_work
from web.guard import Guard
from web.review.review import Folders, Review
from web.review.routes import make_review_app
from web.segmentation.painting import Painting
from web.segmentation.routes import make_painting_app

DOTS = ["..", "%2e%2e", "%2E%2E", "%252e%252e", ".%2e", "..%00", "%c0%ae%c0%ae", "..%5c..", "%2e%2e%2f", "..;"]
SLASHES = ["/", "%2f", "%252f", "\\", "%5c", "//"]
NUMBERS = ("-1", "99999999999999999999", "0x0", "1e3", "%D9%A3", "%30x")


@dataclass(frozen=True)
class ServedPage:
    """A page behind a server.

    Attributes
    ----------
    name : str
        What it is for.
    serve : callable
        Makes a work folder below a folder and serves the page of it until the block ends.
    num_photos : int
        How many photos it shows.
    prefixes : tuple of str
        Addresses below which a path or a number is expected.
    reading : tuple of str
        Addresses of reading, and of changing where only GET is refused; ``{photo}`` and ``{number}`` are drawn.
    change : tuple of str and dict
        An address that changes something, and what it takes.
    """

    name: str
    serve: Callable[[Path], AbstractContextManager[Client]]
    num_photos: int
    prefixes: tuple[str, ...]
    reading: tuple[str, ...]
    change: tuple[str, dict[str, Any]]

    def read(self, chance: random.Random) -> str:
        """Draw an address to read."""
        drawn = {"photo": chance.randrange(self.num_photos), "other": chance.randrange(self.num_photos)}
        return chance.choice(self.reading).format(**drawn, number=chance.randrange(6))

    def traversals(self, folder: Path) -> list[str]:
        """Give ways to ask for ``folder/secret.txt``, and for other files that are not served; 500 and more."""
        targets = []
        for prefix in self.prefixes:
            targets += [
                f"{prefix}{slash.join([dots] * 6)}{slash}secret.txt".replace(" ", "%20")
                for dots in DOTS
                for slash in SLASHES
            ]
            targets += [f"{prefix}{before}{folder}/secret.txt" for before in ("", "/", "file://")]
            targets += [f"{prefix}{text}" for text in ("%00", "secret.txt%00.js", "link/secret.txt", "C:%5Csecret.txt")]
            targets += [
                f"{prefix}{'../' * depth}{path}"
                for depth in (1, 2, 3, 9)
                for path in ("etc/passwd", "server.py", "guard.py", "review/routes.py", "datasets/0.jpg")
            ]
            targets += [f"{prefix}{number}/thumbnail" for number in NUMBERS]
        return targets


@contextmanager
def _served_review(folder: Path) -> Iterator[Client]:
    folders = make_work(folder / "work")
    review, guard = Review(copy_results(folders, folder / "results")), Guard()
    _lead_out(folder / "results", folder)
    with served(make_review_app(review, guard), guard) as client:
        yield client


def _lead_out(place: Path, target: Path) -> None:
    """Put a link to a folder below another."""
    if sys.platform != "win32":  # where users may make none
        (place / "link").symlink_to(target)


@contextmanager
def _served_painting(folder: Path) -> Iterator[Client]:
    draw_photos(folder / "photos")
    guard = Guard()
    with painting_session(folder) as tools:
        for photo in range(len(NAMES)):
            make_ready(tools, photo)
        for place in (folder / "masks", tools.desk.folder.folder):
            _lead_out(place, folder)
        with served(make_painting_app(Painting(tools, "street"), guard), guard) as client:
            yield client


def review_folders(folder: Path) -> Folders:
    """Give the folders of the review that is served of ``folder``."""
    return Folders(folder / "work" / "datasets", folder / "work" / "netvlad", folder / "results")


SERVED = [
    ServedPage(
        "review",
        _served_review,
        NUM_PHOTOS,
        ("/static/", "/review/static/", "/api/photos/", "/api/photos/0/", "/api/clusters/", "/"),
        (
            "/",
            "/api/overview",
            "/api/clusters?sort=doubt",
            "/api/clusters/{number}",
            "/api/clusters/{number}/split",
            "/api/clusters/{number}/split?photos={photo},{other}",
            "/api/singletons",
            "/api/queue",
            "/api/photos/{photo}",
            "/api/photos/{photo}/thumbnail?side=160",
            "/api/pairs/{photo}/{other}",
            "/api/map",
            "/api/actions",
            "/api/actions?action=merge&clusters=0,1",
            "/api/undo",
            "/api/apply",
            "/api/thresholds/apply",
        ),
        ("/api/actions", {"action": "merge", "clusters": ["0", "1"]}),
    ),
    ServedPage(
        "painting",
        _served_painting,
        len(NAMES),
        (
            "/static/",
            "/segmentation/static/",
            "/api/photos/",
            "/api/photos/0/",
            "/api/photos/0/labels/",
            "/api/photos/0/layers/",
            "/api/templates/0/pictures/",
            "/",
        ),
        (
            "/",
            "/api/overview",
            "/api/overview?building={number}",
            "/api/jobs",
            "/api/jobs/{number}",
            "/api/templates",
            "/api/templates/{number}/pictures/0",
            "/api/photos/{photo}",
            *(
                f"/api/photos/{{photo}}/{what}"
                for what in ("image", "thumbnail", "planes", "history", "checksum", "script")
            ),
            # of changing
            *(f"/api/{what}" for what in ("settings", "classes", "prefetch", "quit", "jobs/{number}/cancel")),
            *(
                f"/api/photos/{{photo}}/{what}"
                for what in ("open", "labels", "sheet", "sheet/cancel", "actions", "save", "masks")
                + ("grabcut", "grabcut/labels", "sam", "templates", "templates/layer")
            ),
        ),
        ("/api/photos/0/actions", {"revision": 0, "actions": [fill(LEFT)]}),
    ),
]
