from __future__ import annotations

import json
from pathlib import Path

import pytest

import extract_features
from hloc.extractors import MODELS, ModelEntry
from tests.drawn_photos import save_photos
from tests.fake_models import MeanColour
from tools import merge_features


def call(script: object, *arguments: object) -> int:
    args = script.parse_args([str(argument) for argument in arguments])  # type: ignore[attr-defined]
    return script.main(args)  # type: ignore[attr-defined, no-any-return]


def test_shards_by_hand_and_their_merge(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS, "mean_colour", ModelEntry("mean_colour", 0.5, 0.4))
    monkeypatch.setattr("stages.extract.create_extractor", lambda model, options: MeanColour())
    save_photos(tmp_path / "photos", 5)
    common = (
        "--image_dir",
        tmp_path / "photos",
        "--outputs_dir",
        tmp_path / "out",
        "--model",
        "mean_colour",
        "--quiet",
    )
    for shard in ("1/2", "2/2"):
        assert call(extract_features, *common, "--num_workers", 0, "--shard", shard) == 0
    capsys.readouterr()
    assert call(merge_features, "--outputs_dir", tmp_path / "out", "--json", "--quiet") == 0
    assert json.loads(capsys.readouterr().out)["counts"]["described"] == 5


def test_a_missing_shard_is_exit_code_1_and_a_shard_that_cannot_be_is_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(merge_features, "--outputs_dir", tmp_path / "out") == 1
    assert "there are no shards" in capsys.readouterr().err
    save_photos(tmp_path / "photos", 2)
    assert call(extract_features, "--image_dir", tmp_path / "photos", "--model", "vlad", "--shard", "3/2") == 2
    assert "must be i/n" in capsys.readouterr().err
