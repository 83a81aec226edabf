"""A work folder of a few drawn photos with clusters, for the tests of the review page, and a server for it."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from PIL import Image, ImageDraw

from stages.cluster import create_clusters
from stages.settings.pipeline import ClusterSettings
from storage.formats.pairs import write_pairs
from web.guard import Guard
from web.review.review import Folders, Review
from web.review.routes import make_review_app
from web.server import PageServer

# building -> colour, photos; the last two buildings look alike, and one photo that is alone looks like "mill"
BUILDINGS = {"church": ("#8a4b3a", 5), "mill": ("#3a6b8a", 4), "shop": ("#5d8a3a", 3), "shop annex": ("#6a8f45", 2)}
ALONE = {"alone/sky.jpg": "#9ab8d8", "alone/<b>wheel & co.jpg": "#3f7090", "alone/z.jpg": "#444444"}
SAME, LIKELY, UNSURE = 0.95, 0.9, 0.6
DEGREES_APART = 0.001


def name_of(building: str, number: int) -> str:
    """Give the image name of a photo."""
    return f"{building}/photo {number}.jpg"


def photos_of(building: str) -> list[str]:
    """Give the image names of a building."""
    return [name_of(building, number) for number in range(BUILDINGS[building][1])]


def draw(path: Path, colour: str, text: str, position: tuple[float, float] | None = None) -> None:
    """Save one photo: a coloured front with a text."""
    photo = Image.new("RGB", (96, 72), colour)
    ImageDraw.Draw(photo).text((6, 6), text, fill="white")
    exif = Image.Exif()
    if position is not None:
        exif.get_ifd(0x8825).update({1: "N", 2: (position[0], 0.0, 0.0), 3: "E", 4: (position[1], 0.0, 0.0)})
    path.parent.mkdir(parents=True, exist_ok=True)
    photo.save(path, exif=exif, quality=80)


def draw_street(work_dir: Path) -> None:
    """Draw the photos and write pairs and clusters of them; the photos of the first two buildings have positions."""
    pairs = [
        (name_of("shop", 0), name_of("shop annex", 0), LIKELY),
        (name_of("mill", 0), "alone/<b>wheel & co.jpg", UNSURE),
        ("alone/sky.jpg", "alone/z.jpg", UNSURE),
    ]
    for place, (building, (colour, count)) in enumerate(BUILDINGS.items()):
        for number in range(count):
            at = (45.8 + number * DEGREES_APART / 20, 15.9 + place * DEGREES_APART) if place < 2 else None
            draw(work_dir / "datasets" / name_of(building, number), colour, f"{building} {number}", at)
        names = photos_of(building)
        pairs += [(one, other, SAME) for row, one in enumerate(names) for other in names[row + 1 :]]
    for name, colour in ALONE.items():
        draw(work_dir / "datasets" / name, colour, "alone")
    write_pairs(work_dir / "netvlad" / "pairs-vlad.txt", pairs, {"model": "vlad", "is_probability": True})
    cluster_again(work_dir)


def cluster_again(work_dir: Path) -> None:
    """Run ``create_clusters.py`` on the work folder."""
    create_clusters(
        ClusterSettings(work_dir / "datasets", outputs_dir=work_dir / "netvlad", results_dir=work_dir / "results")
    )


class ServedReview:
    """A review of a work folder, served on a free port of this machine.

    Attributes
    ----------
    work_dir : Path
        The work folder.
    review : Review
        What is served.
    address : str
        Where the page is.
    """

    def __init__(self, work_dir: Path) -> None:
        self.work_dir = work_dir
        self._start()

    def _start(self) -> None:
        folder = self.work_dir
        self.review = Review(Folders(folder / "datasets", folder / "netvlad", folder / "results"))
        guard = Guard()
        self._server = PageServer(make_review_app(self.review, guard), guard)
        self.address = guard.address
        self.review.start()
        threading.Thread(target=self._server.run, daemon=True).start()

    def stop(self) -> None:
        """End the server."""
        self._server.close()
        self.review.end()

    def restart(self) -> None:
        """End the server and start another on the same work folder, at another address."""
        self.stop()
        self._start()


def copied_street(template: Path, work_dir: Path) -> Path:
    """Copy a drawn street, so that a test can change it."""
    return Path(shutil.copytree(template, work_dir))
