"""The whole pipeline, from a folder of photos to one folder per building."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import run_pipeline
from stages.copy import copy_photos
from stages.settings.pipeline import CopySettings
from tests.drawn_photos import draw_photo
from tests.hloc.matching.folders import save_walls
from tests.hloc.netvlad_reference import draw_net, write_net
from tests.watched_calls import file_states
from tools import check_results

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_net(tmp_path_factory.mktemp("weights") / "weights.mat", draw_net())


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three subjects by three photos that hardly differ, and one photo that is like no other."""
    folder = tmp_path / "heap"
    for subject in range(3):
        for view in range(3):
            path = folder / f"day {view}" / f"img {subject}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            draw_photo(subject, 64, 48).save(path, quality=95 - view)
    draw_photo(99, 48, 64).save(folder / "Ünique.PNG")
    return folder


def run(photos: Path, weights: Path, *flags: str, capsys: pytest.CaptureFixture[str] | None = None) -> Any:
    arguments = ["--image_dir", str(photos), "--work_dir", str(photos.parent / "work"), "--quiet"]
    arguments += ["--model", "netvlad", "--weights", str(weights), "--num_workers", "0", "--device", "cpu"]
    arguments += ["--strong_edg_thresh", "0.999", "--weak_edg_thresh", "0.999", "--no_verify", *flags]
    return run_pipeline.main(run_pipeline.parse_args(arguments))


def tree_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_heap_becomes_one_folder_per_subject(photos: Path, weights: Path) -> None:
    originals = tree_of(photos)
    assert run(photos, weights) == 0
    exported = tree_of(photos.parent / "work" / "results" / "building_images")
    folders = {name.split("/")[0] for name in exported}
    assert folders == {"building_1", "building_2", "building_3", "NotAssigned"}
    for folder in sorted(folders - {"NotAssigned"}):
        members = [name for name in exported if name.startswith(folder)]
        assert len(members) == 3 and len({name.rsplit("/", 1)[-1] for name in members}) == 1
    assert sorted(exported.values()) == sorted(originals.values())
    assert tree_of(photos) == originals


def test_a_second_run_writes_nothing(photos: Path, weights: Path) -> None:
    run(photos, weights)
    work = photos.parent / "work"
    before = file_states(work)
    assert run(photos, weights) == 0
    assert file_states(work) == before


def test_a_bad_photo_is_named_once_kept_and_told_by_the_exit_code(
    photos: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    assert run(photos, weights) == 3
    shown = capsys.readouterr().out
    assert shown.count("broken.jpg") == 1 and "10 photos" not in shown
    assert (photos.parent / "work/results/building_images/NotReadable/heap/broken.jpg").is_file()


def test_bad_photos_change_no_descriptor_of_the_others(photos: Path, weights: Path) -> None:
    import numpy as np

    from storage.formats.features import read_features

    run(photos, weights)
    path = photos.parent / "work" / "netvlad" / "global-feats-netvlad.h5"
    before = read_features(path)
    (photos / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    shutil.rmtree(photos.parent / "work")
    run(photos, weights)
    after = read_features(path)
    assert list(after.names) == list(before.names)
    np.testing.assert_array_equal(after.descriptors, before.descriptors)


def test_a_new_photo_is_taken_in(photos: Path, weights: Path) -> None:
    run(photos, weights)
    draw_photo(99, 49, 64).save(photos / "another.png")
    assert run(photos, weights) == 0
    info = json.loads((photos.parent / "work" / "results" / "clusters_info.json").read_text(encoding="utf-8"))
    assert info["counts"]["photos"] == 11


def groups_of(photos: Path) -> list[list[str]]:
    content = json.loads((photos.parent / "work" / "results" / "clusters.json").read_text(encoding="utf-8"))
    return sorted(sorted(members) for number, members in content.items() if number != "-1")


def check(photos: Path) -> int:
    return check_results.main(check_results.parse_args(["--work_dir", str(photos.parent / "work"), "--quiet"]))


def change_the_heap(photos: Path) -> None:
    """Rename a photo, move one, delete one, add one that looks like those of the first subject."""
    (photos / "day 0" / "img 0.jpg").rename(photos / "day 0" / "front.jpg")
    (photos / "old scans").mkdir()
    (photos / "day 1" / "img 0.jpg").rename(photos / "old scans" / "moved.jpg")
    (photos / "Ünique.PNG").unlink()
    draw_photo(0, 64, 48).save(photos / "new.jpg", quality=80)


def test_renamed_and_moved_photos_stay_what_they_are(
    photos: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(photos, weights)
    before = groups_of(photos)
    change_the_heap(photos)
    capsys.readouterr()
    assert run(photos, weights) == 0
    assert groups_of(photos) == [sorted([*before[0], "heap/new.jpg"]), *before[1:]]
    exported = tree_of(photos.parent / "work" / "results" / "building_images")
    assert len(exported) == 11 and len(set(exported.values())) == 11
    shown = capsys.readouterr().out
    assert "note of copy_images: 2 photos were renamed or moved" in shown
    assert "note of copy_images: 1 photos were copied earlier and are gone" in shown
    assert check(photos) == 0


def test_pruning_takes_deleted_photos_out_of_all_results(photos: Path, weights: Path) -> None:
    run(photos, weights)
    change_the_heap(photos)
    assert run(photos, weights, "--prune") == 0
    exported = tree_of(photos.parent / "work" / "results" / "building_images")
    assert sorted(exported.values()) == sorted(tree_of(photos).values())
    assert check(photos) == 0


def test_copies_that_were_removed_behind_the_other_stages_are_noticed(
    photos: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(photos, weights)
    change_the_heap(photos)
    copy_photos(CopySettings(photos, photos.parent / "work" / "datasets", prune=True))
    capsys.readouterr()
    assert check(photos) == 1
    shown = capsys.readouterr().out
    assert "1 photos are gone: 'heap/Ünique.PNG'" in shown and "1 photos are missing in it: 'heap/new.jpg'" in shown
    assert "1 photos are in no place: 'heap/new.jpg'" in shown


@needs_links
def test_what_is_no_photo_is_counted_and_named_like_the_photos(
    photos: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "link.jpg").symlink_to(photos / "day 0" / "img 0.jpg")
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    assert run(photos, weights) == 3
    shown = capsys.readouterr().out
    assert "12 photos: 9 in 3 clusters, 1 alone, 2 skipped (" in shown
    assert "\n  'heap/broken.jpg': " in shown and "\n  'heap/link.jpg': is a link" in shown


def test_photo_that_was_copied_before_is_counted_once(
    photos: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    run(photos, weights)
    (photos / "broken.jpg").unlink()
    capsys.readouterr()
    assert run(photos, weights) == 3
    assert "11 photos: 9 in 3 clusters, 1 alone, 1 skipped (" in capsys.readouterr().out


def test_photos_of_another_folder_are_not_mixed_in(
    photos: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(photos, weights)
    other = photos.parent / "other"
    other.mkdir()
    draw_photo(5).save(other / "a.jpg")
    assert run(other, weights) == 2
    assert "give --work_dir" in capsys.readouterr().err


@needs_links
@pytest.mark.parametrize("mode", ["hardlink", "symlink"])
def test_links_take_no_room_and_lead_to_the_same_folders(photos: Path, weights: Path, mode: str) -> None:
    assert run(photos, weights, "--mode", mode) == 0
    exported = tree_of(photos.parent / "work" / "results" / "building_images")
    assert sorted(exported.values()) == sorted(tree_of(photos).values())


def test_smaller_copies_leave_the_originals_alone(photos: Path, weights: Path) -> None:
    originals = tree_of(photos)
    assert run(photos, weights, "--max_side", "32") == 0
    assert tree_of(photos) == originals
    assert not set(tree_of(photos.parent / "work" / "datasets" / "heap").values()) & set(originals.values())


def test_json_holds_every_stage(photos: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(photos, weights, "--json")
    content = json.loads(capsys.readouterr().out)
    assert [stage["stage"] for stage in content["stages"]] == [
        "copy_images",
        "extract_features",
        "create_clusters",
        "export_clusters",
    ]
    assert content["exit_code"] == 0


def run_verified(tmp_path: Path, weights: Path, *flags: str) -> int:
    arguments = ["--image_dir", str(tmp_path / "walls"), "--work_dir", str(tmp_path / "work"), "--quiet"]
    arguments += ["--model", "netvlad", "--weights", str(weights), "--num_workers", "0", "--device", "cpu"]
    return run_pipeline.main(run_pipeline.parse_args([*arguments, *flags]))


def test_pairs_are_verified_and_clusters_made_of_the_probabilities(
    tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_walls(tmp_path / "walls")
    assert run_verified(tmp_path, weights, "--json") == 0
    stages = {stage["stage"]: stage for stage in json.loads(capsys.readouterr().out)["stages"]}
    assert list(stages)[2:4] == ["match_pairs", "create_clusters"]
    clustering = stages["create_clusters"]["settings"]
    assert clustering["method"] == "evidence" and clustering["pairs_file"].endswith("pairs-netvlad-verified.txt")
    work = tmp_path / "work"
    before = file_states(work)
    assert run_verified(tmp_path, weights) == 0
    assert file_states(work) == before
    assert "now the probabilities 0.8 and 0.3" in capsys.readouterr().out


def test_without_verification_the_thresholds_are_scores(
    photos: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(photos, weights)
    assert "now the scores 0.999 and 0.999" in capsys.readouterr().out
    assert not list((photos.parent / "work" / "netvlad").glob("*verified*"))


@pytest.mark.parametrize("flags", [[], ["--demo", "--image_dir", "x"]])
def test_photos_or_the_demo_must_be_given_and_not_both(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_pipeline.main(run_pipeline.parse_args([*flags, "--quiet"])) == 2
    assert "--image_dir PHOTOS or --demo" in capsys.readouterr().err


def test_a_missing_folder_is_an_error_without_a_traceback(tmp_path: Path, root_dir: Path) -> None:
    result = subprocess.run(
        [sys.executable, "run_pipeline.py", "--image_dir", str(tmp_path / "none"), "--work_dir", str(tmp_path / "w")],
        cwd=root_dir,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 1
    assert "none" in result.stderr and "Traceback" not in result.stderr


# -- the embedded default, on real photos and on the drawn street -----------------------------------------------------


def run_as_user(root_dir: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "run_pipeline.py", *flags], cwd=root_dir, capture_output=True, text=True, timeout=280
    )


def evaluate(work_dir: Path, labels: Path) -> dict[str, Any]:
    from stages.evaluate import compare_with_labels

    return compare_with_labels(work_dir / "results" / "clusters.json", labels).as_dict()


def test_real_photos_from_folder_to_export(tmp_path: Path, shared_dir: Path, root_dir: Path) -> None:
    """A third of the labelled buildings, whole: joined photos show the same building."""
    photos = tmp_path / "field"
    photos.mkdir()
    labels = shared_dir / "photos" / "buildings" / "labels.csv"
    with open(labels, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    buildings = sorted({row["building"] for row in rows})[::3]
    chosen = [row["path"] for row in rows if row["building"] in buildings]
    for name in chosen:
        shutil.copy(shared_dir / "photos" / "buildings" / name, photos / name)
    result = run_as_user(
        root_dir, "--image_dir", str(photos), "--work_dir", str(tmp_path / "work"), "--model", "vlad", "--quiet"
    )
    assert result.returncode == 0, result.stderr
    measures = evaluate(tmp_path / "work", labels)
    assert measures["bcubed_f1"] > 0.85
    assert measures["pairwise_precision"] > 0.95
    assert len(tree_of(tmp_path / "work" / "results" / "building_images")) == len(chosen)


def test_the_demo_ends_with_a_score(tmp_path: Path, root_dir: Path) -> None:
    result = run_as_user(root_dir, "--demo", "--work_dir", str(tmp_path / "demo"), "--model", "vlad", "--json")
    assert result.returncode == 0, result.stderr
    content = json.loads(result.stdout)
    assert content["evaluation"]["pairwise_f1"] >= 0.95
    check = subprocess.run(
        [sys.executable, "-m", "tools.check_results", "--work_dir", str(tmp_path / "demo")],
        cwd=root_dir,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert check.returncode == 0, check.stdout
