"""Gathering what the report shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.report import gather_report, read_report_inputs
from stages.reporting.content import ReportContent
from stages.reporting.photos import see_photos
from storage.errors import StageError
from storage.formats.report_record import ReportRecord
from storage.report import SkippedPhoto
from tests.drawn_work import HALL, HOSTILE, MISSING, SHOP, UNREADABLE, DrawnWork, draw_work, reasons


@pytest.fixture
def work(tmp_path: Path) -> DrawnWork:
    return draw_work(tmp_path)


def gathered(work: DrawnWork) -> ReportContent:
    inputs = read_report_inputs(work.settings)
    seen = see_photos(work.settings, work.report_dir, inputs.names, ReportRecord())
    return gather_report(inputs, seen.facts, seen.problems)


def test_buildings_come_largest_first_with_the_names_of_their_export_folders(work: DrawnWork) -> None:
    content = gathered(work)
    assert [(building.number, building.folder) for building in content.buildings] == [
        (0, "building_1"),
        (3, "building_2"),
    ]
    assert [building.title for building in content.buildings] == [HOSTILE, "Building 3"]


def test_representatives_come_first_then_the_others_by_name(work: DrawnWork) -> None:
    hall = gathered(work).buildings[0]
    assert [photo.name for photo in hall.photos] == ["north/c.jpg", "north/b.jpg", MISSING, "north/a 1.jpg"]
    assert [photo.is_representative for photo in hall.photos] == [True, True, False, False]


def test_no_photo_is_lost(work: DrawnWork) -> None:
    inputs = read_report_inputs(work.settings)
    assert sorted(photo.name for photo in gathered(work).photos) == inputs.names


def test_times_cameras_and_place_are_those_of_the_photos(work: DrawnWork) -> None:
    hall = gathered(work).buildings[0]
    assert hall.cameras == [("Drawn A", 2), ("Drawn B", 1)]
    assert (hall.times[0], hall.times[-1]) == ("2023-05-09T09:00:00", "2023-05-10T11:00:00")
    assert hall.place is not None and hall.place.num_positions == 3
    assert (hall.place.latitude_deg, hall.place.longitude_deg) == pytest.approx((45.0, 15.0001), abs=1e-6)


def test_a_photo_that_is_gone_is_shown_with_its_reason_and_skipped(work: DrawnWork) -> None:
    content = gathered(work)
    (gone,) = [photo for photo in content.photos if photo.name == MISSING]
    assert gone.facts is None and gone.problem and gone.position is None and gone.exif.camera is None
    assert MISSING in {photo.name for photo in content.skipped}


def test_a_photo_skipped_by_two_stages_is_named_once_with_the_reason_of_the_first(work: DrawnWork) -> None:
    skipped = [photo for photo in gathered(work).skipped if photo.name == UNREADABLE]
    assert skipped == [SkippedPhoto(UNREADABLE, "cut: 10 bytes")]


def test_lone_photos_come_nearest_first_with_their_neighbour(work: DrawnWork) -> None:
    first, second = gathered(work).singletons
    assert (first.photo.name, first.score, first.cluster) == ("south/g.jpg", 0.61, 0)
    assert first.neighbour is not None and first.neighbour.name == "north/b.jpg"
    assert (second.photo.name, second.neighbour, second.score) == ("south/f.jpg", None, None)


def test_the_weakest_link_has_photos_only_where_a_pair_is_it(work: DrawnWork) -> None:
    hall, shop = gathered(work).buildings
    assert hall.weakest is not None and hall.weakest.first.name == "north/a 1.jpg"
    assert shop.weakest is None and shop.weakest_words.startswith("The positions lie near")


def test_a_doubt_is_told_on_both_sides_each_with_the_other_cluster(work: DrawnWork) -> None:
    hall, shop = gathered(work).buildings
    assert [(link.first.name, link.second.name, link.cluster) for link in hall.doubts] == [
        ("north/b.jpg", "south/d.jpg", 3)
    ]
    assert [(link.first.name, link.second.name, link.cluster) for link in shop.doubts] == [
        ("south/d.jpg", "north/b.jpg", 0)
    ]


def test_a_doubt_within_one_cluster_is_told_once(work: DrawnWork) -> None:
    info = reasons()
    info["review"] = [{"reason": "positions", "pair": [*HALL[:2], 0.9], "clusters": [0, 0], "distance_m": 2000.0}]
    work.write_clusters({"0": HALL, "-1": []}, info)
    assert len(gathered(work).buildings[0].doubts) == 1


def test_settings_and_runs_are_there(work: DrawnWork) -> None:
    content = gathered(work)
    assert content.settings["method"] == "evidence" and content.settings["strong_edg_thresh"] == 0.8
    assert [run.stage for run in content.runs] == ["extract_features"]


def test_clusters_of_another_program_are_shown_without_reasons(work: DrawnWork) -> None:
    (work.folder / "results" / "clusters_info.json").unlink()
    content = gathered(work)
    assert [len(building.photos) for building in content.buildings] == [4, 2]
    assert "not known" in content.buildings[0].reasons[0] and "clusters_info.json" in content.notes[0]
    assert not any(photo.is_representative for photo in content.photos)


def test_reasons_of_other_clusters_are_left_out(work: DrawnWork) -> None:
    info = work.folder / "results" / "clusters_info.json"
    former = info.read_bytes()
    work.write_clusters({"0": SHOP, "-1": HALL}, reasons())
    info.write_bytes(former)
    content = gathered(work)
    assert "does not belong" in content.notes[0] and content.settings == {}


def test_without_clusters_the_command_that_makes_them_is_named(work: DrawnWork) -> None:
    (work.folder / "results" / "clusters.json").unlink()
    with pytest.raises(StageError, match=r"create_clusters\.py"):
        read_report_inputs(work.settings)


def test_without_the_image_folder_it_is_named(work: DrawnWork) -> None:
    with pytest.raises(StageError, match="--image_dir"):
        read_report_inputs(work.with_flags(image_dir=work.folder / "gone"))
