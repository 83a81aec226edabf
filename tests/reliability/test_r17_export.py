"""R17: the export holds every photo once, byte for byte, and overwrites nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.atomic import write_text
from storage.errors import StageError
from storage.fingerprints import sha256_of_file
from storage.formats.clusters import clusters_text
from storage.formats.export import EXPORT_NAME, read_export
from tests.reliability.campaign import Campaign
from tests.reliability.quick_stages import QuickStages, save_tiny_photos
from tests.watched_calls import changes_under, contents, states

TWINS = ("a/IMG 1.jpg", "A/img 1.jpg", "b/IMG 1.jpg", "img 1.jpg")
PER_BUILDING = 7
EXPORTED = "building_images"


def clustered(folder: Path, count: int) -> QuickStages:
    """Give a work folder of many photos, and twins by name, in buildings of seven; the last three are alone."""
    work = QuickStages(folder, reads="photos")
    names = save_tiny_photos(work.photos, count - len(TWINS))
    for number, name in enumerate(TWINS):
        (work.photos / name).parent.mkdir(exist_ok=True)
        (work.photos / name).write_bytes((work.photos / names[number]).read_bytes() + b"twin")
    names = sorted([*names, *TWINS])
    clusters = {
        str(number): names[first : min(first + PER_BUILDING, count - 3)]
        for number, first in enumerate(range(0, count - 3, PER_BUILDING))
    }
    write_text(work.results / "clusters.json", clusters_text(clusters | {"-1": names[-3:]}))
    return work


def test_copies_have_the_hash_of_their_photo(campaign: Campaign, tmp_path: Path) -> None:
    work = clustered(tmp_path, campaign.count(12, 10_000))
    report = work.export()
    record = read_export(work.results / EXPORT_NAME)
    assert record is not None and report.counts["exported"] == len(record.photos)
    by_name = {photo.name: path for path, photo in record.photos.items()}
    names = sorted(name for name in contents(work.photos))
    for attempt in campaign.attempts(len(names), len(names)):
        with attempt:
            name = names[attempt.number]
            target = work.results / EXPORTED / by_name[name]
            assert sha256_of_file(target) == sha256_of_file(work.photos / name)
    campaign.note(f"{len(set(by_name.values())):,} files of their own")
    assert len(contents(work.results / EXPORTED)) == len(names) == len(set(by_name.values()))


def test_a_second_export_writes_nothing(campaign: Campaign, tmp_path: Path) -> None:
    work = clustered(tmp_path, campaign.count(12, 10_000))
    work.export()
    before = states(work.results / EXPORTED), contents(work.results)
    for attempt in campaign.attempts(1, 1):
        with attempt:
            with changes_under(work.results / EXPORTED) as changes:
                report = work.export()
            assert report.is_current and not changes
            assert (states(work.results / EXPORTED), contents(work.results)) == before
    campaign.note(f"{len(contents(work.results / EXPORTED)):,} files, {len(changes)} written")


def test_a_file_of_somebody_else_is_refused_and_stays(campaign: Campaign, tmp_path: Path) -> None:
    work = clustered(tmp_path, 2 * PER_BUILDING)
    work.export()
    tree = work.results / EXPORTED
    paths = sorted(path for path in tree.rglob("*") if path.is_file())
    names = sorted(contents(work.photos))
    for attempt in campaign.attempts(2, 200):
        path = attempt.random.choice(paths)
        former = path.read_bytes()
        target = attempt.random.choice([path, path.with_name("notes.txt"), path.with_name(f"2 {path.name}")])
        target.write_bytes(attempt.random.randbytes(40))
        with attempt:
            # Photos in other buildings, so that the tree would have to be replaced.
            clusters = {"0": names[attempt.number % 5 :], "-1": names[: attempt.number % 5]}
            write_text(work.results / "clusters.json", clusters_text(clusters))
            before = contents(work.results)
            with pytest.raises(StageError, match="move that file"):
                work.export()
            assert contents(work.results) == before
        target.unlink()
        path.write_bytes(former)
