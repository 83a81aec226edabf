from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hloc.extractors import MODELS, ModelEntry
from hloc.extractors.vlad import VladExtractor
from stages.checks import settings_as_json
from stages.extract import extract_features
from stages.extract_shard import extract_shard, shard_command
from stages.merge import merge_features
from stages.settings.pipeline import ExtractSettings, MergeSettings
from storage.errors import StageError, UsageError
from storage.formats.feature_shards import Shard, learnt_path, read_shard_origins
from storage.formats.features import read_features
from storage.lock import work_lock
from storage.report import RunReport
from tests.drawn_photos import draw_photo, save_photos
from tests.fake_models import CentredColour, MeanColour, register_colours
from tests.watched_calls import run_killed

JOINED = "mean_colour+centred_colour"


@pytest.fixture(autouse=True)
def _colour_models(monkeypatch: pytest.MonkeyPatch) -> None:
    register_colours(monkeypatch)


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    return save_photos(tmp_path / "photos", 14)


def call(folder: Path, out: str, **options: Any) -> ExtractSettings:
    options = {"model": JOINED, "num_workers": 0, "min_score": -1.0} | options
    return ExtractSettings(folder / "photos", folder / out, **options)


def shard(folder: Path, number: int, count: int = 3, **options: Any) -> RunReport:
    return extract_shard(call(folder, "shards_out", shard=f"{number}/{count}", **options))


def merged(folder: Path, **options: Any) -> RunReport:
    return merge_features(MergeSettings(folder / "shards_out", **options))


def results_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name.startswith(("global-", "pairs-"))}


@pytest.mark.parametrize(("model", "count"), [("mean_colour", 3), ("centred_colour", 5), (JOINED, 1), (JOINED, 4)])
def test_merged_shards_are_the_bytes_of_one_machine(tmp_path: Path, names: list[str], model: str, count: int) -> None:
    extract_features(call(tmp_path, "one", model=model))
    for number in range(count, 0, -1):
        shard(tmp_path, number, count, model=model)
    merged(tmp_path)
    assert results_in(tmp_path / "shards_out") == results_in(tmp_path / "one")


def test_real_codebooks_learnt_on_one_machine_or_three_are_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(9):
        noise = np.random.default_rng(number).integers(0, 60, (120, 160, 3), dtype=np.uint8)
        photo = np.asarray(draw_photo(number, 160, 120)) // 2 + noise
        Image.fromarray(photo).save(tmp_path / "photos" / f"{number}.png")
    monkeypatch.setattr("stages.extract.create_extractor", lambda model, options: VladExtractor(num_keypoints=60))
    extract_features(call(tmp_path, "one", model="vlad"))
    for number in (2, 1, 3):
        shard(tmp_path, number, model="vlad")
    merged(tmp_path)
    assert results_in(tmp_path / "shards_out") == results_in(tmp_path / "one")


def test_a_shard_holds_every_nth_photo_and_makes_no_pairs(tmp_path: Path, names: list[str]) -> None:
    report = shard(tmp_path, 2, model="mean_colour")
    folder = tmp_path / "shards_out" / "shards" / "2-of-3"
    assert list(read_features(folder / "global-feats-mean_colour.h5").names) == names[1::3]
    assert report.counts == {"photos": 5, "described": 5, "computed_now": 5, "skipped": 0}
    assert not list(tmp_path.rglob("pairs-*")) and "merge_features" in report.as_text()


def test_a_finished_shard_is_not_made_again(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, 2)
    assert shard(tmp_path, 2).is_current


def test_bad_photos_are_named_by_shard_and_whole_as_on_one_machine(tmp_path: Path, names: list[str]) -> None:
    for name in names[1::3] + names[:1]:
        (tmp_path / "photos" / name).write_bytes(b"\xff\xd8\xff cut")
    expected = extract_features(call(tmp_path, "one"))
    assert [photo.name for photo in shard(tmp_path, 1).skipped] == names[:1]
    empty = shard(tmp_path, 2)
    assert empty.exit_code == 3 and empty.counts["described"] == 0
    shard(tmp_path, 3)
    report = merged(tmp_path)
    assert report.skipped == expected.skipped and report.exit_code == 3
    assert results_in(tmp_path / "shards_out") == results_in(tmp_path / "one")


def test_the_second_shard_takes_what_the_first_learnt(
    tmp_path: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shard(tmp_path, 1)
    monkeypatch.setattr(CentredColour, "learn", lambda *_: pytest.fail("it was learnt again"))
    shard(tmp_path, 2)


def test_of_two_shards_that_learn_at_the_same_time_both_take_what_was_written_first(
    tmp_path: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = CentredColour.learn

    def learn_late(self: CentredColour, sample: Any) -> None:
        monkeypatch.setattr(CentredColour, "learn", learn)
        shard(tmp_path, 2, model="centred_colour")
        learn(self, sample)
        self.mean = self.mean + np.float32(1e-6)  # as a processor that rounds otherwise

    monkeypatch.setattr(CentredColour, "learn", learn_late)
    shard(tmp_path, 1, model="centred_colour")
    shard(tmp_path, 3, model="centred_colour")
    merged(tmp_path)
    extract_features(call(tmp_path, "one", model="centred_colour"))
    assert results_in(tmp_path / "shards_out") == results_in(tmp_path / "one")


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
def test_a_shard_killed_at_any_change_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 80)
    shard(tmp_path, 1, 2, model="centred_colour")
    shard(tmp_path, 2, 2, model="centred_colour")
    merged(tmp_path)
    expected = results_in(tmp_path / "shards_out")
    shutil.rmtree(tmp_path / "shards_out")
    kills = 0
    while run_killed(lambda: shard(tmp_path, 1, 2, model="centred_colour"), 4 + 5 * kills):
        kills += 1
    assert kills >= 3
    shard(tmp_path, 1, 2, model="centred_colour")
    shard(tmp_path, 2, 2, model="centred_colour")
    merged(tmp_path)
    assert results_in(tmp_path / "shards_out") == expected
    left = [path for path in (tmp_path / "shards_out").rglob("*") if path.suffix in (".tmp", ".shards")]
    assert left == []


def test_what_a_killed_shard_described_is_not_described_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_photos(tmp_path / "photos", 80)
    monkeypatch.setattr("hloc.extraction._merge", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        shard(tmp_path, 1, 2, model="mean_colour")
    monkeypatch.undo()
    monkeypatch.setattr("stages.extract.create_extractor", lambda model, options: MeanColour())
    monkeypatch.setitem(MODELS, "mean_colour", ModelEntry("mean_colour", 0.5, 0.4))
    monkeypatch.setattr(MeanColour, "describe", lambda *_: pytest.fail("it was described again"))
    assert shard(tmp_path, 1, 2, model="mean_colour").counts["described"] == 40


def test_photos_added_before_all_shards_stand_are_refused_by_a_model_that_learnt(
    tmp_path: Path, names: list[str]
) -> None:
    shard(tmp_path, 1)
    draw_photo(99).save(tmp_path / "photos" / "later.jpg")
    with pytest.raises(UsageError, match="learnt from another list of photos.*remove .*shards"):
        shard(tmp_path, 2)


def test_other_settings_than_the_first_shard_s_are_refused_before_anything_is_computed(
    tmp_path: Path, names: list[str]
) -> None:
    shard(tmp_path, 1)
    with pytest.raises(UsageError, match="learnt with --half False, this call has --half True"):
        shard(tmp_path, 2, half=True, model="centred_colour")


def test_descriptors_made_with_something_learnt_elsewhere_are_made_anew(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, 1, model="centred_colour")
    path = learnt_path(tmp_path / "shards_out", "centred_colour")
    path.unlink()
    assert shard(tmp_path, 1, model="centred_colour").counts["computed_now"] == 5


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1/3/5", "", "1.5/3", "1/3 "])
def test_a_shard_that_cannot_be_is_refused(tmp_path: Path, names: list[str], text: str) -> None:
    with pytest.raises(UsageError, match="--shard.*i/n"):
        extract_shard(call(tmp_path, "shards_out", shard=text))


def test_more_shards_than_photos_are_refused(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(UsageError, match="there are 14 photos; make 14 shards"):
        shard(tmp_path, 1, 15)


def test_two_runs_of_one_shard_are_refused_and_two_shards_are_not(tmp_path: Path, names: list[str]) -> None:
    with work_lock(tmp_path / "shards_out" / "shards" / "1-of-3"):
        with pytest.raises(StageError, match="in use"):
            shard(tmp_path, 1)
        shard(tmp_path, 2)


def test_a_shard_says_what_it_was_made_of(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, 2, num_to_match=4)
    (origin,) = read_shard_origins(tmp_path / "shards_out")
    assert (origin.shard, origin.model, origin.num_photos) == (Shard(2, 3), JOINED, 14)
    assert origin.call["num_to_match"] == 4 and origin.call["model"] == JOINED


def test_the_command_of_a_shard_names_the_flags_that_differ_from_the_defaults() -> None:
    settings = ExtractSettings(Path("my photos"), Path("out"), model="vlad", half=True, resize_max=320)
    text = shard_command(settings_as_json(settings), Shard(3, 8))
    assert text.startswith("python extract_features.py --image_dir 'my photos' --outputs_dir out --model vlad")
    assert "--resize_max 320" in text and text.endswith("--half --shard 3/8") and "timeout" not in text
