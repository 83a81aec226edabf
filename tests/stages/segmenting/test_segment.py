"""The stage that segments a folder of photos."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segmentation import AUTOMATIC, method_parameters
from stages.segmenting.segment import photos_of, segment_images
from stages.settings.segmentation import SegmentSettings
from storage.errors import StageError, UsageError
from storage.formats.label_images import read_label_image
from storage.formats.segment_records import read_segment_records
from tests.drawn_segments import draw_facade

DRAWN = draw_facade(96, 64)


def save(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.roll(DRAWN.photo, number, axis=1)).save(folder / name)


def settings(tmp_path: Path, **changes: object) -> SegmentSettings:
    base = SegmentSettings(tmp_path / "out", image_dir=tmp_path / "photos", num_workers=0)
    return replace(base, **changes)  # type: ignore[arg-type]


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    kept = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".lock"]
    return {path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes()) for path in kept}


def test_each_photo_gets_a_label_image_a_preview_and_lines_in_the_table(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.png", "b/c.jpg")
    report = segment_images(settings(tmp_path))
    assert report.exit_code == 0 and report.counts["segmented"] == 2
    for name in ("a", "b/c"):
        labels = read_label_image(tmp_path / "out" / "labels" / f"{name}.png")
        assert labels.labels.shape == (64, 96) and labels.settings["method"] == "graph"
        with Image.open(tmp_path / "out" / "previews" / f"{name}.jpg") as preview:
            assert preview.size == (96, 64)
        with open(tmp_path / "out" / "segments.csv", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["path"].startswith(f"{name}.")]
        assert sum(int(row["pixels"]) for row in rows) == labels.labels.size
        assert [int(row["id"]) for row in rows] == list(range(1, labels.labels.max() + 1))
    assert report.counts["segments"] > 2


def test_a_second_run_writes_nothing(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.png", "b.png")
    segment_images(settings(tmp_path))
    before = files(tmp_path / "out")
    report = segment_images(settings(tmp_path))
    assert report.is_current and report.counts["already_done"] == 2 and files(tmp_path / "out") == before


def test_only_new_and_changed_photos_are_segmented(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.png", "b.png")
    segment_images(settings(tmp_path))
    save(tmp_path / "photos", "c.png")
    Image.fromarray(DRAWN.photo[::-1].copy()).save(tmp_path / "photos" / "b.png")
    report = segment_images(settings(tmp_path))
    assert (report.counts["segmented"], report.counts["already_done"]) == (2, 1)


def test_a_result_that_is_gone_is_made_again_to_the_byte(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.png", "b.png")
    segment_images(settings(tmp_path))
    label_image = tmp_path / "out" / "labels" / "a.png"
    before = label_image.read_bytes()
    label_image.unlink()
    assert segment_images(settings(tmp_path)).counts["segmented"] == 1
    assert label_image.read_bytes() == before


def test_worker_processes_change_nothing(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.png", "b.png")
    segment_images(settings(tmp_path))
    segment_images(settings(tmp_path, batch=tmp_path / "other", num_workers=1))
    kept = ("labels/a.png", "labels/b.png", "previews/a.jpg", "segments.csv")
    first, second = files(tmp_path / "out"), files(tmp_path / "other")
    assert all(first[name][1] == second[name][1] for name in kept)


def test_a_photo_that_cannot_be_read_is_skipped_and_named(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.png")
    (tmp_path / "photos" / "bad.jpg").write_bytes(b"no photo")
    report = segment_images(settings(tmp_path))
    assert report.exit_code == 3 and [photo.name for photo in report.skipped] == ["bad.jpg"]
    assert report.counts["segmented"] == 1
    written = json.loads((tmp_path / "out" / "reports" / "segment_images" / "report.json").read_text())
    assert written["skipped"][0]["name"] == "bad.jpg"


def test_without_any_usable_photo_the_run_fails(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "bad.jpg").write_bytes(b"no photo")
    with pytest.raises(StageError, match="none of the 1 photos.*'bad.jpg'"):
        segment_images(settings(tmp_path))


def test_photos_that_differ_in_their_ending_only_get_label_images_of_their_own(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.jpg", "a.png")
    segment_images(settings(tmp_path, preview="none"))
    assert sorted(path.name for path in (tmp_path / "out" / "labels").iterdir()) == ["a.png", "a~2.png"]
    assert not (tmp_path / "out" / "previews").exists()


def test_another_method_into_the_same_folder_is_refused_with_the_flag(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.png")
    segment_images(settings(tmp_path))
    with pytest.raises(UsageError, match="made with --method graph, not felzenszwalb"):
        segment_images(settings(tmp_path, method="felzenszwalb"))
    with pytest.raises(UsageError, match="made with --k auto, not 30.0"):
        segment_images(settings(tmp_path, given={"k": "30"}))


def test_sizes_follow_each_photo_and_stand_in_its_records_and_in_the_report(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.png")
    Image.fromarray(draw_facade(1200, 700).photo).save(tmp_path / "photos" / "b.png")
    report = segment_images(settings(tmp_path, given={"min_segment_size": "30"}))
    records = read_segment_records(tmp_path / "out")
    sizes = {name: record.settings["sizes"] for name, record in records.items()}
    assert sizes == {
        "a.png": {"k": 15.0, "min_segment_size": 30},
        "b.png": {"k": 30.01, "min_segment_size": 30},
    }
    assert records["a.png"].settings["parameters"]["k"] == "auto"
    for name in ("a", "b"):
        labels = read_label_image(tmp_path / "out" / "labels" / f"{name}.png")
        assert labels.settings == records[f"{name}.png"].settings
    assert report.notes == ["by the size of the photos: k 15 to 30.01"]


def test_sizes_that_were_given_make_the_labels_that_the_same_sizes_by_auto_make(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.png")
    segment_images(settings(tmp_path))
    sizes = read_segment_records(tmp_path / "out")["a.png"].settings["sizes"]
    report = segment_images(settings(tmp_path, batch=tmp_path / "given", given=sizes))
    labels = [read_label_image(tmp_path / folder / "labels" / "a.png").labels for folder in ("out", "given")]
    assert (labels[0] == labels[1]).all() and not report.notes


def of_an_earlier_version(folder: Path, parameters: dict[str, object]) -> None:
    """Leave the records as they were when all sizes were numbers and stood among the parameters alone."""
    for path in (folder / ".segments").iterdir():
        record = json.loads(path.read_text())
        record["settings"] = {"method": record["settings"]["method"], "parameters": parameters}
        del record["checksum"]
        path.write_text(json.dumps(record))


def test_a_folder_made_with_the_former_sizes_is_refused_and_goes_on_with_these_sizes(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.png")
    former = {"k": 15.0, "min_segment_size": 100}
    segment_images(settings(tmp_path, given=former))
    of_an_earlier_version(tmp_path / "out", {"grid_megapixels": 2.0, "sigma": 0.5, "k": 15.0, "min_segment_size": 100})
    with pytest.raises(UsageError, match="made with --k 15.0, not auto: give the same, or another folder"):
        segment_images(settings(tmp_path))
    assert segment_images(settings(tmp_path, given=former)).is_current


def test_a_folder_made_without_a_parameter_is_refused_with_its_name(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.png")
    segment_images(settings(tmp_path))
    of_an_earlier_version(tmp_path / "out", {"grid_megapixels": 2.0, "sigma": 0.5, "k": "auto"})
    with pytest.raises(UsageError, match="by a version without --min_segment_size: give another folder"):
        segment_images(settings(tmp_path))


def test_a_folder_made_before_there_was_a_parameter_goes_on_with_the_value_that_stood_for_it(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.png")
    former = {"region_size": 40, "k": 4, "color_importance": 1.0}
    segment_images(settings(tmp_path, method="slickmeans", given=former))
    parameters = method_parameters("slickmeans", former).as_json()
    del parameters["color_importance"]
    of_an_earlier_version(tmp_path / "out", parameters)
    with pytest.raises(UsageError, match=r"made with --color_importance 1\.0, not 2\.0: give the same"):
        segment_images(settings(tmp_path, method="slickmeans", given=former | {"color_importance": 2.0}))
    assert segment_images(settings(tmp_path, method="slickmeans", given=former)).is_current


def test_a_file_of_someone_else_is_never_overwritten(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.png", "b.png")
    (tmp_path / "out" / "labels").mkdir(parents=True)
    (tmp_path / "out" / "labels" / "a.png").write_bytes(b"mine")
    report = segment_images(settings(tmp_path))
    assert [photo.name for photo in report.skipped] == ["a.png"] and "move it away" in report.skipped[0].reason
    assert (tmp_path / "out" / "labels" / "a.png").read_bytes() == b"mine"


def test_a_sheet_shows_all_eight_and_takes_parameters_of_each(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.png")
    report = segment_images(settings(tmp_path, preview="all", given={"region_size": "16", "number_of_bins": "5"}))
    with Image.open(tmp_path / "out" / "sheets" / "a.jpg") as sheet:
        assert sheet.size[0] > 3 * 96 and sheet.size[1] > 3 * 64
    assert report.outputs["pictures"].endswith("sheets") and len(AUTOMATIC) == 8


def test_a_preview_asked_for_later_is_added_and_labels_stay(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.png")
    segment_images(settings(tmp_path, preview="none"))
    before = read_label_image(tmp_path / "out" / "labels" / "a.png").labels
    segment_images(settings(tmp_path))
    assert (tmp_path / "out" / "previews" / "a.jpg").is_file()
    assert (read_label_image(tmp_path / "out" / "labels" / "a.png").labels == before).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "otsu"}, "'otsu'"),
        ({"given": {"region_size": "20"}}, "--region_size: --method graph has no use"),
        ({"given": {"k": "many"}}, "--k is many"),
        ({"preview": "some"}, "--preview"),
        ({"preview_side": 3}, "--preview_side"),
        ({"num_workers": -1}, "--num_workers"),
        ({"method": "sam"}, "--checkpoint"),
        ({"image_dir": None}, "give --image_dir, or --work_dir"),
        ({"building": 1}, "--building 1 needs --work_dir"),
    ],
)
def test_a_wrong_call_is_refused_before_anything_is_written(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    save(tmp_path / "photos", "a.png")
    with pytest.raises(UsageError, match=message):
        segment_images(settings(tmp_path, **changes))
    assert not (tmp_path / "out").exists()


def test_results_in_the_image_folder_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "photos", "a.png")
    with pytest.raises(UsageError, match="--batch"):
        segment_images(settings(tmp_path, batch=tmp_path / "photos" / "out"))


def work_folder(tmp_path: Path) -> SegmentSettings:
    save(tmp_path / "work" / "datasets", "a.png", "b.png", "c.png", "d.png")
    (tmp_path / "work" / "results").mkdir()
    clusters = {"0": ["c.png", "a.png"], "1": ["b.png"], "-1": ["d.png"]}
    (tmp_path / "work" / "results" / "clusters.json").write_text(json.dumps(clusters))
    return SegmentSettings(tmp_path / "out", work_dir=tmp_path / "work", building=0, num_workers=0)


def test_of_a_building_its_photos_alone_are_segmented(tmp_path: Path) -> None:
    report = segment_images(work_folder(tmp_path))
    assert report.counts["photos"] == 2
    assert sorted(path.name for path in (tmp_path / "out" / "labels").iterdir()) == ["a.png", "c.png"]


def test_without_a_building_all_photos_of_the_work_folder_are_taken(tmp_path: Path) -> None:
    image_dir, names = photos_of(replace(work_folder(tmp_path), building=None))
    assert image_dir == tmp_path / "work" / "datasets" and names == ["a.png", "b.png", "c.png", "d.png"]


def test_an_unknown_building_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--building 7: is no building.*there are 0 to 1"):
        photos_of(replace(work_folder(tmp_path), building=7))
