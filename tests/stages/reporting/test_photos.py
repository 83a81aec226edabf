"""Pictures and facts of photos: made once, and again only for what changed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.reporting.photos import CACHE_NAME, LARGE, SMALL, SeenPhotos, picture_paths, see_photos
from storage.errors import UsageError
from storage.formats.report_record import ReportRecord
from tests.drawn_work import EXIF, HALL, MISSING, DrawnWork, draw_work, save_photo


@pytest.fixture
def work(tmp_path: Path) -> DrawnWork:
    return draw_work(tmp_path)


def see(work: DrawnWork, record: ReportRecord | None = None, names: list[str] = HALL) -> SeenPhotos:
    return see_photos(work.settings, work.report_dir, names, record or ReportRecord())


def recorded(seen: SeenPhotos) -> ReportRecord:
    return ReportRecord(True, (64, 96), photos=seen.facts)


def test_each_photo_gets_a_small_and_a_large_picture(work: DrawnWork) -> None:
    seen = see(work)
    for folder, side in ((SMALL, 64), (LARGE, 96)):
        picture = Image.open(work.report_dir / folder / seen.facts["north/b.jpg"].picture)
        assert picture.format == "JPEG" and max(picture.size) == side


def test_pictures_carry_no_metadata(work: DrawnWork) -> None:
    seen = see(work)
    assert not Image.open(work.report_dir / LARGE / seen.facts["north/b.jpg"].picture).getexif()


def test_facts_are_those_of_the_photo(work: DrawnWork) -> None:
    facts = see(work).facts["north/b.jpg"]
    assert (facts.width, facts.height) == (120, 90)
    assert (facts.exif.latitude_deg, facts.exif.longitude_deg) == pytest.approx(EXIF["north/b.jpg"][:2])
    assert (facts.exif.captured_at, facts.exif.camera) == ("2023-05-09T09:05:00", "Drawn A")


def test_a_photo_that_cannot_be_read_is_named_with_a_reason_and_stops_nothing(work: DrawnWork) -> None:
    (work.folder / "datasets" / "north" / "c.jpg").write_bytes(b"no photo")
    seen = see(work)
    assert sorted(seen.problems) == ["north/<img src=x onerror=alert(1)>.jpg", "north/c.jpg"]
    assert sorted(seen.facts) == ["north/a 1.jpg", "north/b.jpg"] and seen.num_made == 2


def test_a_second_look_opens_nothing(work: DrawnWork, monkeypatch: pytest.MonkeyPatch) -> None:
    first = see(work)
    monkeypatch.setattr("stages.reporting.photos.photo_size", lambda *_: pytest.fail("a photo was opened"))
    second = see(work, recorded(first), [name for name in HALL if name != MISSING])
    assert second.facts == first.facts and second.num_made == 0


def test_a_photo_that_changed_gets_pictures_of_its_own(work: DrawnWork) -> None:
    first = see(work)
    save_photo(work.folder / "datasets" / "north" / "b.jpg", 99)
    second = see(work, recorded(first))
    assert second.num_made == 1
    assert second.facts["north/b.jpg"].picture != first.facts["north/b.jpg"].picture


def test_a_picture_that_is_gone_is_made_again(work: DrawnWork) -> None:
    first = see(work)
    gone = work.report_dir / SMALL / first.facts["north/b.jpg"].picture
    gone.unlink()
    assert see(work, recorded(first)).num_made == 1 and gone.is_file()


def test_other_sides_make_all_pictures_again(work: DrawnWork) -> None:
    first = see(work)
    record = ReportRecord(True, (32, 96), photos=first.facts)
    assert see(work, record).num_made == 3


def test_pictures_are_kept_for_the_next_report(work: DrawnWork) -> None:
    see(work)
    assert len(list((work.folder / "results" / CACHE_NAME).rglob("*.jpg"))) == 6


def test_on_a_disk_without_hard_links_pictures_are_copied(work: DrawnWork, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(1, "not permitted")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    seen = see(work)
    picture = work.report_dir / SMALL / seen.facts["north/b.jpg"].picture
    assert picture.stat().st_nlink == 1 and np.asarray(Image.open(picture)).any()


def test_photos_of_equal_content_share_their_pictures(work: DrawnWork) -> None:
    source, twin = (work.folder / "datasets" / "north" / name for name in ("b.jpg", "c.jpg"))
    twin.write_bytes(source.read_bytes())
    seen = see(work)
    assert seen.facts["north/b.jpg"].picture == seen.facts["north/c.jpg"].picture
    assert len(picture_paths(seen.facts)) == 4


def test_workers_see_the_same(work: DrawnWork) -> None:
    alone = see(work).facts
    settings = work.with_flags(num_workers=1)
    assert see_photos(settings, work.folder / "other", HALL, ReportRecord()).facts == alone


def test_the_original_is_not_touched(work: DrawnWork) -> None:
    path = work.folder / "datasets" / "north" / "b.jpg"
    before = path.read_bytes(), path.stat().st_mtime_ns
    see(work)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_usage_errors_of_a_link_do_not_hide_other_failures(work: DrawnWork, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_source: Path, _target: Path, mode: str) -> None:
        raise UsageError(f"{mode} cannot be done")

    monkeypatch.setattr("stages.reporting.photos.transfer", refuse)
    with pytest.raises(UsageError, match="copy"):
        see(work)
