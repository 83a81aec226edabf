"""A tiny work folder, drawn: photos with EXIF, clusters with reasons, run reports. No stage runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image

from stages.settings.tools import LabelsSettings, ReportSettings
from storage.atomic import write_text
from storage.fingerprints import sha256_of_file
from storage.formats.clusters import clusters_text, write_clusters_info
from storage.report import RunReport, SkippedPhoto
from tests.drawn_photos import draw_photo

HOSTILE = "<script>alert('x')</script> & \"Hall\""
MISSING = "north/<img src=x onerror=alert(1)>.jpg"
HALL = ["north/a 1.jpg", "north/b.jpg", "north/c.jpg", MISSING]
SHOP = ["south/d.jpg", "south/e.jpg"]
ALONE = ["south/f.jpg", "south/g.jpg"]
UNREADABLE = "south/broken.jpg"
# Latitude, longitude, time, camera; nothing for photos without EXIF.
EXIF: dict[str, tuple[float, float, str, str]] = {
    "north/a 1.jpg": (45.0000, 15.0000, "2023:05:09 09:00:00", "Drawn A"),
    "north/b.jpg": (45.0001, 15.0001, "2023:05:09 09:05:00", "Drawn A"),
    "north/c.jpg": (45.0000, 15.0002, "2023:05:10 11:00:00", "Drawn B"),
    "south/d.jpg": (44.9990, 15.0000, "2023:05:09 10:00:00", "Drawn B"),
    "south/f.jpg": (44.9985, 15.0010, "2023:05:09 10:10:00", "Drawn B"),
}
JOIN = {
    "stage": "evidence",
    "survivor": 0,
    "absorbed": 1,
    "survivor_size": 1,
    "absorbed_size": 1,
    "joined_photos": ["north/b.jpg"],
    "agreement": 0.9,
    "pairs": [["north/a 1.jpg", "north/b.jpg", 0.97]],
}
SETTINGS = {"strong_edg_thresh": 0.8, "weak_edg_thresh": 0.3, "agreement_thresh": 0.5}


@dataclass(frozen=True)
class DrawnWork:
    """A drawn work folder."""

    folder: Path

    @property
    def settings(self) -> ReportSettings:
        """Settings of a report of it, with small pictures."""
        folders = (self.folder / "datasets", self.folder / "netvlad", self.folder / "results")
        return ReportSettings(*folders, title="Drawn street", thumbnail_side=64, photo_side=96, num_workers=0)

    @property
    def labels(self) -> LabelsSettings:
        """Settings of labels of it."""
        return LabelsSettings(image_dir=self.folder / "datasets", results_dir=self.folder / "results")

    @property
    def report_dir(self) -> Path:
        """Where the report goes."""
        return self.folder / "results" / "report"

    def with_flags(self, **flags: Any) -> ReportSettings:
        """Give the settings with some changed."""
        return replace(self.settings, **flags)

    def write_clusters(self, clusters: dict[str, list[str]], info: dict[str, Any]) -> None:
        """Write clusters and reasons that belong together."""
        results = self.folder / "results"
        write_text(results / "clusters.json", clusters_text(clusters))
        write_clusters_info(
            results / "clusters_info.json", info | {"clusters_sha256": sha256_of_file(results / "clusters.json")}
        )


def save_photo(path: Path, seed: int, exif: tuple[float, float, str, str] | None = None) -> None:
    """Save a drawn JPEG, with position, time and camera where they are given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = Image.Exif()
    if exif is not None:
        latitude, longitude, time, camera = exif
        content[ExifTags.Base.Model] = camera
        content.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = time
        content.get_ifd(ExifTags.IFD.GPSInfo).update(
            {1: "N", 2: (latitude, 0.0, 0.0), 3: "E" if longitude >= 0 else "W", 4: (abs(longitude), 0.0, 0.0)}
        )
    draw_photo(seed, 120, 90 if seed % 2 else 160).save(path, quality=85, exif=content)


def draw_work(folder: Path) -> DrawnWork:
    """Draw a work folder with a building of a hostile name, a nameless one, two lone photos and skipped ones."""
    work = DrawnWork(folder)
    for seed, name in enumerate(name for name in [*HALL, *SHOP, *ALONE] if name != MISSING):
        save_photo(folder / "datasets" / name, seed, EXIF.get(name))
    work.write_clusters({"0": HALL, "3": SHOP, "-1": ALONE}, reasons())
    report = RunReport("extract_features", {"model": "vlad", "image_dir": "/home/someone/datasets", "batch_size": None})
    report.counts, report.seconds = {"photos": 9, "described": 8}, 1.5
    report.skipped = [SkippedPhoto(UNREADABLE, "cut: 10 bytes")]
    report.write(folder / "netvlad")
    return work


def reasons() -> dict[str, Any]:
    """Give what ``clusters_info.json`` of the drawn work folder holds."""
    hall = {
        "size": 4,
        "name": HOSTILE,
        "representatives": ["north/c.jpg", "north/b.jpg"],
        "cohesion": 0.875,
        "weakest_link": {"stage": "evidence", "pair": ["north/a 1.jpg", "north/b.jpg", 0.97], "agreement": 0.9},
        "strong_pairs": [],
        "joins": [JOIN, JOIN],
    }
    link = {"stage": "gps", "distance_m": 12.3}
    shop = hall | {"size": 2, "representatives": SHOP, "cohesion": None, "weakest_link": link}
    shop |= {"joins": [{"stage": "gps", "survivor_size": 1, "absorbed_size": 1, "distance_m": 12.3}]}
    del shop["name"]
    near = {"reason": "unsure", "neighbour": "north/b.jpg", "score": 0.61, "cluster": 0}
    doubt = {"reason": "few_agree", "pair": ["north/b.jpg", "south/d.jpg", 0.9], "clusters": [0, 3], "agreement": 0.2}
    return {
        "method": "evidence",
        "model": "vlad",
        "pairs_file": "pairs-vlad-verified.txt",
        "settings": SETTINGS,
        "counts": {},
        "skipped": [{"name": UNREADABLE, "reason": "has no descriptor"}],
        "clusters": {"0": hall, "3": shop},
        "singletons": {"south/f.jpg": {"reason": "no_pairs"}, "south/g.jpg": near},
        "review": [doubt],
    }
