from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from PIL import Image

from stages.cluster import create_clusters
from stages.settings.pipeline import ClusterSettings
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.pairs import write_pairs
from storage.report import RunReport
from tests.drawn_photos import draw_photo, save_photos
from tests.watched_calls import file_states

Pair = tuple[str, str, float]
TWO_BUILDINGS: list[Pair] = [
    ("photo_000.jpg", "photo_001.jpg", 0.9),
    ("photo_001.jpg", "photo_002.jpg", 0.8),
    ("photo_003.jpg", "photo_004.jpg", 0.7),
    ("photo_000.jpg", "photo_003.jpg", 0.05),
]


def save_with_position(path: Path, latitude: float, longitude: float) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update(
        {
            1: "N" if latitude >= 0 else "S",
            2: (abs(latitude), 0.0, 0.0),
            3: "E" if longitude >= 0 else "W",
            4: (abs(longitude), 0.0, 0.0),
        }
    )
    draw_photo(1).save(path, exif=exif)


def cluster(folder: Path, pairs: list[Pair] | None = None, **options: Any) -> RunReport:
    if pairs is not None:
        write_pairs(folder / "netvlad" / "pairs-vlad.txt", pairs, options.pop("origin", {"model": "vlad"}))
    options = {"strong_edg_thresh": 0.35, "weak_edg_thresh": 0.2} | options
    settings = ClusterSettings(folder / "photos", outputs_dir=folder / "netvlad", results_dir=folder / "results")
    return create_clusters(ClusterSettings(**{**vars(settings), **options}))


def clusters_of(folder: Path) -> dict[str, list[str]]:
    return json.loads((folder / "results" / "clusters.json").read_text(encoding="utf-8"))


def info_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results" / "clusters_info.json").read_text(encoding="utf-8"))


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    return save_photos(tmp_path / "photos", 6)


def test_photos_of_scored_pairs_are_grouped_and_the_others_are_alone(tmp_path: Path, names: list[str]) -> None:
    report = cluster(tmp_path, TWO_BUILDINGS)
    assert clusters_of(tmp_path) == {"0": names[:3], "1": names[3:5], "-1": names[5:]}
    assert report.counts == {
        "photos": 6,
        "clusters": 2,
        "clustered": 5,
        "singletons": 1,
        "skipped": 0,
        "with_position": 0,
        "to_review": 0,
    }
    assert report.exit_code == 0


def test_the_reason_for_every_cluster_stands_beside_it(tmp_path: Path, names: list[str]) -> None:
    cluster(tmp_path, TWO_BUILDINGS)
    assert info_of(tmp_path)["clusters"]["0"] == {
        "size": 3,
        "run_number": 0,
        "representatives": [names[1], names[2], names[0]],
        "cohesion": 0.85,
        "weakest_link": {"stage": "strong", "pair": [names[1], names[2], 0.8]},
        "strong_pairs": [[names[0], names[1], 0.9], [names[1], names[2], 0.8]],
        "joins": [],
    }


def test_a_join_by_a_weak_edge_names_its_pair(tmp_path: Path, names: list[str]) -> None:
    cluster(tmp_path, [*TWO_BUILDINGS[:3], (names[5], names[4], 0.25)])
    (join,) = info_of(tmp_path)["clusters"]["1"]["joins"]
    assert join["stage"] == "expansion"
    assert join["pairs"] == [[names[4], names[5], 0.25]]
    assert join["joined_photos"] == [names[5]]


def test_clusters_of_near_positions_are_joined_and_the_metres_are_told(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(4):
        save_with_position(photos / f"photo_{number:03d}.jpg", 46.5 + 0.0001 * (number // 2), 6.6)
    pairs = [("photo_000.jpg", "photo_001.jpg", 0.9), ("photo_002.jpg", "photo_003.jpg", 0.9)]
    report = cluster(tmp_path, pairs, gps_count_thresh=2)
    assert len(clusters_of(tmp_path)) == 2 and report.counts["with_position"] == 4
    ((join,),) = [found["joins"] for found in info_of(tmp_path)["clusters"].values()]
    assert join["stage"] == "gps" and join["distance_m"] == pytest.approx(11.12, abs=0.1)


def test_both_files_fit_their_schemas(tmp_path: Path, names: list[str], root_dir: Path) -> None:
    cluster(tmp_path, [*TWO_BUILDINGS, (names[5], names[4], 0.25)])
    for name, content in [("clusters", clusters_of(tmp_path)), ("clusters_info", info_of(tmp_path))]:
        schema = json.loads((root_dir / "docs" / "schemas" / f"{name}.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(content, schema)


def test_the_schemas_refuse_what_they_should(root_dir: Path) -> None:
    schema = json.loads((root_dir / "docs" / "schemas" / "clusters.schema.json").read_text())
    for wrong in ({}, {"0": ["a", "b"]}, {"0": ["a"], "-1": []}, {"x": ["a", "b"], "-1": []}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_a_second_run_writes_nothing(tmp_path: Path, names: list[str]) -> None:
    cluster(tmp_path, TWO_BUILDINGS)
    before = file_states(tmp_path)
    report = cluster(tmp_path)
    assert report.is_current and report.counts["clusters"] == 2
    assert file_states(tmp_path) == before


@pytest.mark.parametrize("change", ["threshold", "photo", "pairs", "result"])
def test_any_change_of_the_inputs_is_clustered_again(tmp_path: Path, names: list[str], change: str) -> None:
    cluster(tmp_path, TWO_BUILDINGS)
    if change == "photo":
        draw_photo(77).save(tmp_path / "photos" / "photo_009.jpg")
    if change == "result":
        (tmp_path / "results" / "clusters.json").write_text("{}")
    report = cluster(
        tmp_path,
        TWO_BUILDINGS[:2] if change == "pairs" else None,
        strong_edg_thresh=0.85 if change == "threshold" else 0.35,
    )
    assert not report.is_current


def test_the_order_of_lines_does_not_matter(tmp_path: Path, names: list[str]) -> None:
    pairs = [*TWO_BUILDINGS, (names[5], names[2], 0.3), (names[5], names[3], 0.3)]
    cluster(tmp_path, pairs)
    expected = clusters_of(tmp_path)
    cluster(tmp_path, [(second, first, score) for first, second, score in reversed(pairs)])
    assert clusters_of(tmp_path) == expected


def test_photos_that_could_not_be_described_are_skipped_and_named(tmp_path: Path, names: list[str]) -> None:
    origin = {"model": "vlad", "skipped": [{"name": names[5], "reason": "empty file"}]}
    report = cluster(tmp_path, TWO_BUILDINGS, origin=origin)
    assert report.exit_code == 3 and [photo.name for photo in report.skipped] == [names[5]]
    assert clusters_of(tmp_path)["-1"] == []
    assert info_of(tmp_path)["skipped"] == origin["skipped"]


def test_a_photo_that_is_gone_stays_in_its_cluster_and_is_noted(tmp_path: Path, names: list[str]) -> None:
    (tmp_path / "photos" / names[2]).unlink()
    report = cluster(tmp_path, TWO_BUILDINGS)
    assert names[2] in clusters_of(tmp_path)["0"]
    assert any("1 photos of the pairs file are not in the image folder" in note for note in report.notes)


def test_thresholds_come_from_the_model_of_the_pairs(tmp_path: Path, names: list[str]) -> None:
    report = cluster(tmp_path, TWO_BUILDINGS, origin={"model": "netvlad"}, strong_edg_thresh=None, weak_edg_thresh=None)
    assert (report.settings["strong_edg_thresh"], report.settings["weak_edg_thresh"]) == (0.35, 0.2)


def test_pairs_of_another_tool_take_the_specified_thresholds_and_say_so(tmp_path: Path, names: list[str]) -> None:
    path = tmp_path / "mine.txt"
    path.write_text(f"{names[0]} {names[1]} 0.36\n")
    report = cluster(tmp_path, pairs_file=path, strong_edg_thresh=None, weak_edg_thresh=None)
    assert report.settings["strong_edg_thresh"] == 0.35
    assert any("not known" in note for note in report.notes)


def test_several_pairs_files_need_a_choice(tmp_path: Path, names: list[str]) -> None:
    cluster(tmp_path, TWO_BUILDINGS)
    (tmp_path / "netvlad" / "pairs-other.txt").write_text("")
    with pytest.raises(UsageError, match=r"choose one by --pairs_file: .*pairs-other\.txt"):
        cluster(tmp_path)


def test_no_pairs_name_the_command_that_makes_them(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(StageError, match=r"python extract_features\.py"):
        cluster(tmp_path)


def test_altered_pairs_are_refused(tmp_path: Path, names: list[str]) -> None:
    cluster(tmp_path, TWO_BUILDINGS)
    (tmp_path / "netvlad" / "pairs-vlad.txt").write_text("photo_000.jpg\tphoto_001.jpg\t0.9\n")
    with pytest.raises(DamagedFileError, match="is not the file that"):
        cluster(tmp_path)


def test_an_empty_image_folder_is_an_error_and_leaves_the_former_result(tmp_path: Path, names: list[str]) -> None:
    cluster(tmp_path, TWO_BUILDINGS)
    before = (tmp_path / "results" / "clusters.json").read_bytes()
    for name in names:
        (tmp_path / "photos" / name).unlink()
    with pytest.raises(StageError):
        cluster(tmp_path)
    assert (tmp_path / "results" / "clusters.json").read_bytes() == before


def test_a_weak_threshold_above_the_strong_one_is_refused(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(UsageError, match="weak_edg_thresh"):
        cluster(tmp_path, TWO_BUILDINGS, strong_edg_thresh=0.3, weak_edg_thresh=0.4)


def test_pairs_as_hdf5_give_the_clusters_of_the_text(tmp_path: Path, names: list[str]) -> None:
    cluster(tmp_path, TWO_BUILDINGS)
    expected = clusters_of(tmp_path)
    write_pairs(tmp_path / "netvlad" / "pairs-vlad.h5", TWO_BUILDINGS, {"model": "vlad"})
    report = cluster(tmp_path)
    assert report.settings["pairs_file"].endswith("pairs-vlad.h5") and clusters_of(tmp_path) == expected
    assert info_of(tmp_path)["model"] == "vlad"


@pytest.mark.parametrize(("num_photos", "is_refused"), [(5, True), (6, False)])
def test_when_most_photos_of_the_pairs_are_gone_the_results_stay(
    tmp_path: Path, num_photos: int, is_refused: bool
) -> None:
    names = save_photos(tmp_path / "photos", 12)
    cluster(tmp_path, [(one, other, 0.9) for one, other in zip(names, names[1:], strict=False)])
    before = clusters_of(tmp_path)
    for name in names[num_photos:]:
        (tmp_path / "photos" / name).unlink()
    if is_refused:
        with pytest.raises(StageError, match="7 of the 12 photos in .* are gone from the image folder"):
            cluster(tmp_path)
    else:
        assert "6 photos of the pairs file are not in the image folder" in " ".join(cluster(tmp_path).notes)
    assert clusters_of(tmp_path) == before


def test_clusters_are_made_anew_after_what_the_refusal_advises(tmp_path: Path) -> None:
    names = save_photos(tmp_path / "photos", 12)
    cluster(tmp_path, [(one, other, 0.9) for one, other in zip(names, names[1:], strict=False)])
    for name in names[5:]:
        (tmp_path / "photos" / name).unlink()
    with pytest.raises(StageError) as refused:
        cluster(tmp_path)
    found = re.search(r"move (\S+) away to go on", str(refused.value))
    assert found is not None
    Path(found[1]).rename(tmp_path / "away.json")
    assert cluster(tmp_path).counts["clusters"] == 1
