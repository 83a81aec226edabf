from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hloc.extractors import MODELS, ModelEntry
from stages.extract import extract_features
from stages.extract_shard import extract_shard
from stages.merge import merge_features
from stages.settings.pipeline import ExtractSettings, MergeSettings
from storage.errors import StageError, UsageError
from storage.formats.feature_shards import learnt_path
from storage.formats.features import features_path, read_features
from storage.formats.pairs import read_pairs
from storage.report import RunReport
from tests.drawn_photos import draw_photo, save_photos
from tests.fake_models import CentredColour, MeanColour
from tests.watched_calls import file_states


@pytest.fixture(autouse=True)
def _colour_models(monkeypatch: pytest.MonkeyPatch) -> None:
    models = {"mean_colour": MeanColour, "centred_colour": CentredColour}
    for name in models:
        monkeypatch.setitem(MODELS, name, ModelEntry(name, 0.5, 0.4))
    monkeypatch.setattr("stages.extract.create_extractor", lambda model, options: models[model]())


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    return save_photos(tmp_path / "photos", 6)


def shard(folder: Path, text: str, **options: Any) -> RunReport:
    options = {"model": "mean_colour", "num_workers": 0} | options
    return extract_shard(ExtractSettings(folder / "photos", folder / "out", shard=text, **options))


def merge(folder: Path, **options: Any) -> RunReport:
    return merge_features(MergeSettings(folder / "out", **options))


def test_the_report_counts_shards_and_photos(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "1/2")
    shard(tmp_path, "2/2")
    report = merge(tmp_path, image_dir=tmp_path / "photos")
    assert report.counts == {"shards": 2, "photos": 6, "described": 6, "computed_now": 6, "skipped": 0}
    assert list(read_features(Path(report.outputs["features"])).names) == names
    assert (tmp_path / "out" / "reports" / "merge_features" / "report.json").is_file()


def test_a_second_merge_writes_nothing(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "1/1")
    merge(tmp_path)
    before = file_states(tmp_path)
    assert merge(tmp_path).is_current
    assert file_states(tmp_path) == before


def test_missing_shards_are_named_with_the_commands_that_make_them(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "2/6", half=True)
    with pytest.raises(StageError) as error:
        merge(tmp_path)
    lines = str(error.value).splitlines()
    assert lines[0] == "5 of 6 shards are missing or not finished; make them with:"
    assert lines[1].startswith("  python extract_features.py --image_dir ") and lines[1].endswith("--half --shard 1/6")
    assert lines[2].endswith("--shard 3/6") and lines[-1] == "  and so on for 2 more"


def test_a_shard_that_was_begun_and_not_finished_is_missing(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "1/2")
    shard(tmp_path, "2/2")
    features_path(tmp_path / "out" / "shards" / "2-of-2", "mean_colour").unlink()
    with pytest.raises(StageError, match="1 of 2 shards.*\n.*--shard 2/2"):
        merge(tmp_path)


def test_no_shards_at_all_are_an_error_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="there are no shards in .*extract_features.py --shard i/n"):
        merge(tmp_path)


def test_shards_of_other_settings_are_refused_with_what_differs(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "1/2")
    shard(tmp_path, "2/2", half=True)
    with pytest.raises(UsageError, match="shard 1/2 was made with --half False, shard 2/2 with --half True"):
        merge(tmp_path)


def test_shards_of_different_lists_of_photos_are_refused(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "1/2")
    draw_photo(50).save(tmp_path / "photos" / "a.jpg")
    shard(tmp_path, "2/2")
    with pytest.raises(UsageError, match="shard 2/2 was made of a list of 7 photos, shard 1/2 of another of 6"):
        merge(tmp_path)
    shard(tmp_path, "1/2")
    assert merge(tmp_path).counts["described"] == 7


def test_shards_of_two_cuts_are_refused(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "1/2")
    shard(tmp_path, "1/3")
    with pytest.raises(UsageError, match="cut into 2 and into 3; remove the folders of one cut"):
        merge(tmp_path)


def test_of_shards_of_two_models_the_one_asked_for_is_merged(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "1/1")
    shard(tmp_path, "1/1", model="centred_colour")
    with pytest.raises(UsageError, match="shards of centred_colour and of mean_colour; say by --model"):
        merge(tmp_path)
    assert Path(merge(tmp_path, model="centred_colour").outputs["features"]).name == "global-feats-centred_colour.h5"
    with pytest.raises(UsageError, match="--model vlad: the shards .* were made with centred_colour, mean_colour"):
        merge(tmp_path, model="vlad")


def test_joined_models_may_be_named_in_any_order(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "1/1", model="mean_colour+centred_colour")
    report = merge(tmp_path, model="centred_colour+mean_colour")
    assert Path(report.outputs["pairs"]).name == "pairs-mean_colour+centred_colour.txt"


def test_shards_that_learnt_something_else_are_refused(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "1/2", model="centred_colour")
    learnt_path(tmp_path / "out", "centred_colour").unlink()
    draw_photo(60).save(tmp_path / "photos" / names[1])  # the other shard learns on another content
    shard(tmp_path, "2/2", model="centred_colour")
    with pytest.raises(UsageError, match="centred_colour learnt for shard 2/2 what differs from shard 1/2"):
        merge(tmp_path)


def test_other_photos_than_the_folder_s_are_refused_where_a_folder_is_given(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "1/1")
    draw_photo(50).save(tmp_path / "photos" / "later.jpg")
    with pytest.raises(UsageError, match="holds 7 photos, the shards were made of another list of 6"):
        merge(tmp_path, image_dir=tmp_path / "photos")
    assert merge(tmp_path).counts["described"] == 6


def test_photos_added_after_the_merge_are_described_on_one_machine(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "1/1", model="centred_colour")
    merge(tmp_path)
    draw_photo(50).save(tmp_path / "photos" / "later.jpg")
    settings = ExtractSettings(tmp_path / "photos", tmp_path / "out", model="centred_colour", num_workers=0)
    assert extract_features(settings).counts["computed_now"] == 1
    with pytest.raises(UsageError, match="holds 1 photos that no shard holds; give --overwrite"):
        merge(tmp_path)
    assert merge(tmp_path, overwrite=True).counts["described"] == 6


def test_features_of_other_settings_are_not_replaced_unasked(tmp_path: Path, names: list[str]) -> None:
    extract_features(ExtractSettings(tmp_path / "photos", tmp_path / "out", model="mean_colour", num_workers=0))
    shard(tmp_path, "1/1", half=True)
    with pytest.raises(UsageError, match="was made with other settings; give --overwrite"):
        merge(tmp_path)
    assert read_features(Path(merge(tmp_path, overwrite=True).outputs["features"])).descriptors.dtype == np.float16


def test_damaged_features_of_the_whole_are_made_anew(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "1/1")
    path = Path(merge(tmp_path).outputs["features"])
    expected = path.read_bytes()
    path.write_bytes(expected[:-50])
    merge(tmp_path)
    assert path.read_bytes() == expected


def test_pairs_are_made_as_the_shards_were_called_unless_told_otherwise(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "1/2", num_to_match=2)
    shard(tmp_path, "2/2", num_to_match=2)
    assert len(read_pairs(Path(merge(tmp_path).outputs["pairs"])).scores) == 12
    assert len(read_pairs(Path(merge(tmp_path, num_to_match=3).outputs["pairs"])).scores) == 18
    with pytest.raises(UsageError, match="--num_to_match 0"):
        merge(tmp_path, num_to_match=0)


def test_calls_that_ask_for_different_pairs_are_refused_unless_told_which(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "1/2", num_to_match=2)
    shard(tmp_path, "2/2", num_to_match=3)
    with pytest.raises(UsageError, match="1/2 had --num_to_match 2, shard 2/2 had --num_to_match 3"):
        merge(tmp_path)
    assert len(read_pairs(Path(merge(tmp_path, num_to_match=3).outputs["pairs"])).scores) == 18


def test_hloc_s_layout_is_written_when_the_shards_were_asked_for_it(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "1/1", layout="hloc")
    merge(tmp_path)
    assert (tmp_path / "out" / "global-feats-mean_colour.hloc.h5").is_file()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_names_that_no_file_can_hold_are_in_the_report_once(tmp_path: Path, names: list[str]) -> None:
    draw_photo(50).save(tmp_path / "photos" / "a\tb.jpg")
    shard(tmp_path, "1/2")
    shard(tmp_path, "2/2")
    report = merge(tmp_path)
    assert [photo.name for photo in report.skipped] == ["a\tb.jpg"] and report.counts["photos"] == 7


def test_a_shard_folder_brought_from_another_machine_is_as_good(tmp_path: Path, names: list[str]) -> None:
    shard(tmp_path, "1/2", model="centred_colour")
    other = tmp_path / "elsewhere"
    other.mkdir()
    shutil.copytree(tmp_path / "photos", other / "photos")
    shard(other, "2/2", model="centred_colour")  # learns for itself, the same
    shutil.copytree(other / "out" / "shards" / "2-of-2", tmp_path / "out" / "shards" / "2-of-2")
    assert merge(tmp_path).counts["described"] == 6
