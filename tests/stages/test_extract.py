from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from hloc.extractors import JOINED_THRESHOLDS, MODELS, choose_models, default_thresholds
from hloc.extractors.base import ExtractorOptions
from hloc.joining import join_features
from stages.check import WorkFolders, check_results
from stages.extract import extract_features
from stages.settings.pipeline import ExtractSettings
from storage.errors import StageError, UsageError
from storage.formats.features import read_features, write_features
from storage.formats.pairs import read_origin, read_pairs
from storage.report import RunReport
from tests.drawn_photos import draw_photo, save_photos
from tests.fake_models import register_colours
from tests.hloc.netvlad_reference import draw_net, write_net
from tests.watched_calls import file_states


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_net(tmp_path_factory.mktemp("weights") / "weights.mat", draw_net())


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    return save_photos(tmp_path / "photos", 6)


def run(folder: Path, weights: Path, **options: Any) -> RunReport:
    options = {"model": "netvlad", "weights": weights, "device": "cpu", "num_workers": 0} | options
    return extract_features(ExtractSettings(folder / "photos", folder / "out", **options))


def test_descriptors_and_pairs_are_written_and_reported(tmp_path: Path, names: list[str], weights: Path) -> None:
    report = run(tmp_path, weights, num_to_match=2)
    assert report.counts == {"photos": 6, "described": 6, "computed_now": 6, "skipped": 0}
    assert list(read_features(Path(report.outputs["features"])).names) == names
    pairs = read_pairs(Path(report.outputs["pairs"]))
    assert len(pairs.scores) == 12 and sorted(pairs.names) == names
    stored = json.loads((tmp_path / "out" / "reports" / "extract_features" / "report.json").read_text())
    assert stored["counts"] == report.counts and stored["settings"]["model"] == "netvlad"


def test_the_scores_in_the_pairs_are_the_cosines_of_the_descriptors(
    tmp_path: Path, names: list[str], weights: Path
) -> None:
    report = run(tmp_path, weights)
    vectors = read_features(Path(report.outputs["features"])).descriptors.astype(np.float64)
    pairs = read_pairs(Path(report.outputs["pairs"]))
    rows = [names.index(name) for name in pairs.names]
    first, second = (vectors[[rows[index] for index in side]] for side in (pairs.first, pairs.second))
    np.testing.assert_allclose(pairs.scores, (first * second).sum(axis=1), atol=1e-6)


def test_a_second_run_writes_nothing(tmp_path: Path, names: list[str], weights: Path) -> None:
    run(tmp_path, weights)
    before = file_states(tmp_path)
    report = run(tmp_path, weights)
    assert report.is_current and report.counts["computed_now"] == 0
    assert file_states(tmp_path) == before


def test_another_number_of_matches_makes_the_pairs_anew_and_no_descriptor(
    tmp_path: Path, names: list[str], weights: Path
) -> None:
    run(tmp_path, weights, num_to_match=2)
    report = run(tmp_path, weights, num_to_match=3)
    assert report.counts["computed_now"] == 0 and not report.is_current
    assert len(read_pairs(Path(report.outputs["pairs"])).scores) == 18


@pytest.mark.parametrize("damage", ["cut", "altered", "gone"])
def test_damaged_pairs_are_made_anew(tmp_path: Path, names: list[str], weights: Path, damage: str) -> None:
    path = Path(run(tmp_path, weights).outputs["pairs"])
    expected = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(expected[:40] if damage == "cut" else expected.replace(b"0.", b"1.", 1))
    run(tmp_path, weights)
    assert path.read_bytes() == expected


def test_bad_photos_are_named_and_the_exit_code_says_so(tmp_path: Path, names: list[str], weights: Path) -> None:
    (tmp_path / "photos" / "bad.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (tmp_path / "photos" / "notes.txt").write_text("no photo")
    report = run(tmp_path, weights)
    assert report.exit_code == 3
    assert [photo.name for photo in report.skipped] == ["bad.jpg"]
    assert report.counts["photos"] == 7
    assert report.as_text().count("bad.jpg") == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_that_no_file_can_hold_is_skipped_with_advice(tmp_path: Path, names: list[str], weights: Path) -> None:
    draw_photo(50).save(tmp_path / "photos" / "a\tb.jpg")
    draw_photo(51).save(os.fsdecode(os.fsencode(tmp_path / "photos") + b"/\xff.jpg"))
    report = run(tmp_path, weights)
    assert len(report.skipped) == 2
    assert all("copy_images.py" in photo.reason for photo in report.skipped)


def test_half_precision_and_hloc_layout(tmp_path: Path, names: list[str], weights: Path) -> None:
    report = run(tmp_path, weights, half=True, layout="hloc")
    assert read_features(Path(report.outputs["features"])).descriptors.dtype == np.float16
    with h5py.File(tmp_path / "out" / "global-feats-netvlad.hloc.h5", "r") as file:
        assert sorted(file) == names
        assert file[names[0]]["global_descriptor"].shape == (24,)
    assert run(tmp_path, weights, half=True, layout="hloc").is_current


def test_hlocs_layout_left_behind_by_a_run_that_failed_is_brought_up_to_date(
    tmp_path: Path, names: list[str], weights: Path
) -> None:
    run(tmp_path, weights, layout="hloc")
    path = tmp_path / "out" / "global-feats-netvlad.hloc.h5"
    former = path.read_bytes()
    (tmp_path / "photos" / names[0]).unlink()
    run(tmp_path, weights)  # the features are newer now
    assert path.read_bytes() == former
    assert not run(tmp_path, weights, layout="hloc").is_current
    with h5py.File(path, "r") as file:
        assert names[0] not in file and names[1] in file


def test_other_weights_are_never_mixed_in(
    tmp_path: Path, names: list[str], weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run(tmp_path, weights)
    other = write_net(tmp_path_factory.mktemp("other") / "weights.mat", draw_net(seed=1))
    with pytest.raises(UsageError, match="--weights_sha256"):
        run(tmp_path, other)
    assert run(tmp_path, other, overwrite=True).counts["computed_now"] == 6


def test_another_size_is_refused_by_the_name_of_its_flag(tmp_path: Path, names: list[str], weights: Path) -> None:
    run(tmp_path, weights)
    with pytest.raises(UsageError, match="--resize_max 1024, this call has --resize_max 512"):
        run(tmp_path, weights, resize_max=512)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("num_to_match", 0),
        ("batch_size", 0),
        ("num_workers", -1),
        ("resize_max", 3),
        ("min_score", 2.0),
        ("min_score", float("nan")),
        ("max_megapixels", 0.0),
        ("timeout_s", 0.0),
    ],
)
def test_a_value_out_of_range_names_flag_and_value(tmp_path: Path, weights: Path, option: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"--{option}"):
        run(tmp_path, weights, **{option: value})


def test_no_folder_and_no_photos_are_errors(tmp_path: Path, weights: Path) -> None:
    with pytest.raises(StageError, match="photos"):
        run(tmp_path, weights)
    (tmp_path / "photos").mkdir()
    with pytest.raises(StageError, match="photos"):
        run(tmp_path, weights)


def test_auto_takes_netvlad_only_where_its_weights_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert choose_models("auto", ExtractorOptions()) == ["vlad", "street"]
    assert choose_models("auto", ExtractorOptions(weights=tmp_path / "w.mat")) == ["netvlad"]
    cached = tmp_path / "hub" / "netvlad" / "VGG16-NetVLAD-Pitts30K.mat"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"x")
    assert choose_models("auto", ExtractorOptions()) == ["netvlad"]


def test_auto_does_without_the_network_where_nothing_can_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert choose_models("auto", ExtractorOptions()) == ["vlad"]


def test_auto_with_a_photo_size_is_one_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert choose_models("auto", ExtractorOptions(resize_max=400)) == ["vlad"]


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (
            "sift",
            {},
            "--model sift: 'sift' is not known; choose from auto, vlad, vlad-rotated, street, .*onnx:FILE, or A\\+B",
        ),
        ("vlad+sift", {}, "'sift' is not known"),
        ("vlad+", {}, "'' is not known"),
        ("vladonnx:net.onnx", {}, "'vladonnx:net.onnx' is not known"),
        ("vlad+vlad", {}, "cannot be joined with itself"),
        ("vlad+street", {"resize_max": 400}, "--resize_max tells one model what to do"),
        ("vlad+street", {"weights": Path("x")}, "--weights tells one model what to do"),
    ],
)
def test_models_that_cannot_be_had_are_refused(model: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        choose_models(model, ExtractorOptions(**options))


def test_joined_models_come_in_one_order() -> None:
    assert choose_models("street+vlad", ExtractorOptions()) == choose_models("vlad+street", ExtractorOptions())


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("onnx:net.onnx", ["onnx:net.onnx"]),
        ("onnx:my+net.onnx", ["onnx:my+net.onnx"]),
        ("street+vlad+onnx:folder/my+net.onnx", ["vlad", "street", "onnx:folder/my+net.onnx"]),
    ],
)
def test_a_network_of_one_s_own_is_joined_as_others_are(model: str, expected: list[str]) -> None:
    assert choose_models(model, ExtractorOptions()) == expected


def test_thresholds_of_joined_models_are_known_and_those_of_others_are_not() -> None:
    assert default_thresholds("vlad") == MODELS["vlad"].thresholds
    assert default_thresholds("vlad+street") == JOINED_THRESHOLDS["vlad+street"]
    strong, weak = default_thresholds("vlad+netvlad") or (0.0, 0.0)
    assert strong == pytest.approx((MODELS["vlad"].strong_threshold + MODELS["netvlad"].strong_threshold) / 2)
    assert weak < strong
    assert default_thresholds("sift") is default_thresholds(None) is default_thresholds("vlad+sift") is None


@pytest.fixture
def colour_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two quick models in the registry."""
    register_colours(monkeypatch)


JOINED = "mean_colour+centred_colour"


def run_joined(folder: Path, **options: Any) -> RunReport:
    return extract_features(
        ExtractSettings(folder / "photos", folder / "out", model=JOINED, num_workers=0, min_score=-1.0, **options)
    )


@pytest.mark.usefixtures("colour_models")
def test_joined_models_have_a_features_file_each_and_one_pairs_file(tmp_path: Path, names: list[str]) -> None:
    report = run_joined(tmp_path)
    assert sorted(path.name for path in (tmp_path / "out").glob("[gp]*") if path.is_file()) == [
        "global-feats-centred_colour.h5",
        "global-feats-mean_colour.h5",
        f"pairs-{JOINED}.json",
        f"pairs-{JOINED}.txt",
    ]
    parts = [read_features(Path(report.outputs[f"features_{model}"])) for model in JOINED.split("+")]
    expected = join_features(parts)
    pairs = read_pairs(Path(report.outputs["pairs"]))
    rows = [expected.names.index(name) for name in pairs.names]
    products = expected.descriptors.astype(np.float64) @ expected.descriptors.astype(np.float64).T
    scores = [products[rows[a], rows[b]] - expected.background for a, b in zip(pairs.first, pairs.second, strict=True)]
    np.testing.assert_allclose(pairs.scores, scores, atol=1e-6)
    origin = read_origin(Path(report.outputs["pairs"])) or {}
    assert origin["model"] == JOINED and origin["model_weights"] == dict(expected.weights)
    assert origin["background"] == expected.background
    assert report.counts["described"] == len(names) and report.settings["model"] == JOINED


@pytest.mark.usefixtures("colour_models")
def test_a_second_joined_run_writes_nothing(tmp_path: Path, names: list[str]) -> None:
    run_joined(tmp_path)
    before = file_states(tmp_path)
    assert run_joined(tmp_path).is_current
    assert file_states(tmp_path) == before


@pytest.mark.usefixtures("colour_models")
def test_features_that_stand_are_joined_as_they_are(tmp_path: Path, names: list[str]) -> None:
    extract_features(ExtractSettings(tmp_path / "photos", tmp_path / "out", model="mean_colour", num_workers=0))
    path = tmp_path / "out" / "global-feats-mean_colour.h5"
    before = path.stat().st_mtime_ns
    run_joined(tmp_path)
    assert path.stat().st_mtime_ns == before


@pytest.mark.usefixtures("colour_models")
def test_a_collection_that_outgrows_what_was_learnt_is_told_in_every_run(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 2)
    assert run_joined(tmp_path).notes == run_joined(tmp_path).notes == []
    save_photos(tmp_path / "photos", 5)
    for _ in range(2):
        (note,) = run_joined(tmp_path).notes
        assert "learnt on 2 photos, now there are 5" in note


@pytest.mark.usefixtures("colour_models")
def test_changed_photos_change_the_joined_pairs(tmp_path: Path, names: list[str]) -> None:
    path = Path(run_joined(tmp_path).outputs["pairs"])
    before = path.read_bytes()
    draw_photo(77).save(tmp_path / "photos" / names[0])
    assert run_joined(tmp_path).counts["computed_now"] == 1
    assert path.read_bytes() != before


@pytest.mark.usefixtures("colour_models")
def test_joined_results_pass_the_check_and_other_descriptors_are_noticed(tmp_path: Path, names: list[str]) -> None:
    run_joined(tmp_path)
    folders = WorkFolders(tmp_path / "photos", tmp_path / "out", tmp_path / "results")
    assert check_results(folders).problems == []
    path = tmp_path / "out" / "global-feats-mean_colour.h5"
    stored = read_features(path)
    write_features(path, replace(stored, descriptors=np.roll(np.asarray(stored.descriptors), 1, axis=0)))
    assert any("made from other descriptors" in problem for problem in check_results(folders).problems)


def test_only_one_run_at_a_time(tmp_path: Path, names: list[str], weights: Path) -> None:
    from storage.lock import work_lock

    with work_lock(tmp_path / "out"), pytest.raises(StageError, match="in use"):
        run(tmp_path, weights)


def test_pairs_as_hdf5_are_the_pairs_of_the_text_and_take_its_place(
    tmp_path: Path, names: list[str], weights: Path
) -> None:
    text = read_pairs(Path(run(tmp_path, weights).outputs["pairs"]))
    report = run(tmp_path, weights, pairs_format="hdf5")
    binary = read_pairs(Path(report.outputs["pairs"]))
    assert [path.name for path in (tmp_path / "out").glob("pairs-*")] == ["pairs-netvlad.h5"]
    assert binary.names == text.names and binary.scores.tolist() == text.scores.tolist()
    assert run(tmp_path, weights, pairs_format="hdf5").is_current
