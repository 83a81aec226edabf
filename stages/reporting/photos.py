"""What the report knows of each photo, and its pictures: made once, in worker processes, and only what is new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hloc.stream import Prepared, run_in_workers, workers_for
from stages.image_folder import follows_links
from stages.settings.tools import ReportSettings
from storage.errors import PhotoError, UsageError
from storage.exif import read_exif
from storage.fingerprints import Fingerprint, fingerprint
from storage.formats.report_record import PhotoFacts, ReportRecord
from storage.names import inside
from storage.photos import photo_size
from storage.progress import progress_bar
from storage.report import SkippedPhoto
from storage.thumbnails import thumbnail
from storage.transfer import transfer

SMALL, LARGE = "photos/small", "photos/large"
CACHE_NAME = "thumbnails"
PHOTOS_PER_WORKER = 64  # starting one more takes longer than these; one there always is, as a photo may crash it


@dataclass(frozen=True)
class SeenPhotos:
    """What came of looking at all photos.

    Attributes
    ----------
    facts : dict of str to PhotoFacts
        Of every photo that can be shown, by image name.
    problems : dict of str to str
        Why the others cannot be.
    num_made : int
        Photos whose pictures were made now.
    """

    facts: dict[str, PhotoFacts] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    num_made: int = 0


@dataclass(frozen=True)
class _Job:
    """One photo, and where its pictures go."""

    path: Path
    known: Fingerprint | None
    cache_dir: Path
    export_dir: Path
    sides: tuple[int, int]
    keeps_pictures: bool
    max_megapixels: float


def see_photos(settings: ReportSettings, export_dir: Path, names: Iterable[str], record: ReportRecord) -> SeenPhotos:
    """Look at every photo: its EXIF, and two pictures of it in the report's folder.

    Photos that did not change since the report stood are not opened.

    Parameters
    ----------
    settings : ReportSettings
        Where the photos are, and the sides of the pictures.
    export_dir : Path
        The report's folder.
    names : iterable of str
        Image names.
    record : ReportRecord
        What stands in the folder.
    """
    seen, todo = SeenPhotos(), list[tuple[str, _Job]]()
    sides = (settings.thumbnail_side, settings.photo_side)
    keeps_pictures = record.sides == sides
    is_linked = follows_links(settings.image_dir, settings.follow_links)
    for name in sorted(names):
        path = inside(settings.image_dir, name, is_linked)
        known = record.photos.get(name)
        if known is not None and keeps_pictures and _is_current(path, known, export_dir):
            seen.facts[name] = known
            continue
        former = None if known is None else known.fingerprint
        cache_dir = settings.results_dir / CACHE_NAME
        job = _Job(path, former, cache_dir, export_dir, sides, keeps_pictures, settings.max_megapixels)
        todo.append((name, job))
    num_workers = workers_for(settings.num_workers, len(todo), PHOTOS_PER_WORKER)
    results = run_in_workers(_see, todo, num_workers, settings.timeout_s, max_megapixels=settings.max_megapixels)
    num_made = 0
    for result in progress_bar(results, len(todo), "pictures"):
        if isinstance(result, SkippedPhoto):
            seen.problems[result.name] = result.reason
        else:
            seen.facts[result.name] = result.value
            num_made += 1
    return SeenPhotos(seen.facts, seen.problems, num_made)


def picture_paths(photos: Mapping[str, PhotoFacts]) -> set[str]:
    """Give the paths of all pictures, relative to the report's folder."""
    return {f"{folder}/{facts.picture}" for facts in photos.values() for folder in (SMALL, LARGE)}


def _is_current(path: Path, known: PhotoFacts, export_dir: Path) -> bool:
    try:
        status = path.stat()
    except OSError:  # gone, or not to be read: looked at again, which says so
        return False
    is_unchanged = (status.st_size, status.st_mtime_ns) == (known.fingerprint.size, known.fingerprint.mtime_ns)
    return is_unchanged and all((export_dir / folder / known.picture).is_file() for folder in (SMALL, LARGE))


def _see(name: str, job: _Job) -> Prepared:
    """Look at one photo, in a worker process; the value of the result are its facts."""
    try:
        found = fingerprint(job.path, job.known)
    except OSError as error:
        raise PhotoError(f"cannot be read: {error.strerror or error}") from error
    width, height = photo_size(job.path, job.max_megapixels)
    facts = PhotoFacts(found, width, height, read_exif(job.path))
    targets = [job.export_dir / folder / facts.picture for folder in (SMALL, LARGE)]
    # Pictures go by content: those of an equal photo, or of this one under another name, may stand there.
    if not (job.keeps_pictures and all(target.is_file() for target in targets)):
        large = thumbnail(job.path, job.cache_dir, job.sides[1], job.max_megapixels)
        small = thumbnail(job.path, job.cache_dir, job.sides[0], job.max_megapixels, made_of=large)
        for source, target in zip((small, large), targets, strict=True):
            _put(source, target)
    return Prepared(name, found, (width, height), facts)


def _put(source: Path, target: Path) -> None:
    """Share the picture with the cache where the disk can; else copy it."""
    try:
        transfer(source, target, "hardlink")
    except UsageError:  # a disk without hard links, or another disk
        transfer(source, target, "copy")
