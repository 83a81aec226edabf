"""Every page that a server of the project answers: how it is started, what it reads and what it changes."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.web.local_server import Client, served
from tests.web.review.drawn_work import NUM_PHOTOS, copy_results, make_work
from web.guard import Guard
from web.review.review import Folders, Review
from web.review.routes import make_review_app

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
    prefixes : tuple of str
        Addresses below which a path or a number is expected.
    reading : tuple of str
        Addresses of reading, and of changing where only GET is refused; ``{photo}`` and ``{number}`` are drawn.
    change : tuple of str and dict
        An address that changes something, and what it takes.
    """

    name: str
    serve: Callable[[Path], AbstractContextManager[Client]]
    prefixes: tuple[str, ...]
    reading: tuple[str, ...]
    change: tuple[str, dict[str, Any]]

    def read(self, chance: random.Random) -> str:
        """Draw an address to read."""
        drawn = {"photo": chance.randrange(NUM_PHOTOS), "other": chance.randrange(NUM_PHOTOS)}
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
    if sys.platform != "win32":  # where users may make none
        (folder / "results" / "link").symlink_to(folder)
    with served(make_review_app(review, guard), guard) as client:
        yield client


def review_folders(folder: Path) -> Folders:
    """Give the folders of the review that is served of ``folder``."""
    return Folders(folder / "work" / "datasets", folder / "work" / "netvlad", folder / "results")


SERVED = [
    ServedPage(
        "review",
        _served_review,
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
]
