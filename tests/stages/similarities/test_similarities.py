"""The registry of similarities, and that of descriptors: a sample is scored as the pipeline scores the same photos."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from hloc.retrieval import top_k
from stages import similarities
from stages.similarities import descriptors, score_sample
from stages.similarities.base import SampledPairs, SampleRequest
from storage.errors import UsageError
from storage.formats.features import read_features
from tests.drawn_photos import save_photos
from tests.fake_models import MeanColour


class _Blind(MeanColour):
    """Sees nothing in any photo."""

    def prepare(self, photo: np.ndarray) -> np.ndarray:
        return np.zeros(48, dtype=np.float32)


def request_of(folder: Path, method: str = "vlad", count: int = 5) -> SampleRequest:
    return SampleRequest(method, folder / "photos", save_photos(folder / "photos", count), folder / "cache", 0)


@pytest.fixture
def mean_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "create_extractor", lambda model, options: MeanColour())


def test_the_scores_are_those_of_the_pipeline(tmp_path: Path, mean_colour: None) -> None:
    found = score_sample(request_of(tmp_path))
    vectors = read_features(tmp_path / "cache" / "global-feats-mean_colour.h5").descriptors
    expected = {
        (row, int(other)): score
        for row, others, scores in top_k(vectors, 10, -1.0)
        for other, score in zip(others, scores, strict=True)
    }
    assert len(found.scores) == 10
    for one, other, score in zip(found.first, found.second, found.scores, strict=True):
        assert score == pytest.approx(expected[int(one), int(other)], abs=2e-6)


def test_a_photo_in_which_nothing_is_seen_is_like_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "create_extractor", lambda model, options: _Blind())
    assert np.isnan(score_sample(request_of(tmp_path)).scores).all()


@pytest.mark.parametrize("method", ["auto", "vlad", "vlad+street", "netvlad", "onnx:some/file.onnx"])
def test_what_the_extractor_takes_is_understood(method: str) -> None:
    assert descriptors.understands(method)


@pytest.mark.parametrize("method", ["", "magic", "vlad+ssim", "vlad+"])
def test_what_it_does_not_take_is_left_to_others(tmp_path: Path, method: str) -> None:
    assert not descriptors.understands(method)
    with pytest.raises(
        UsageError,
        match=r"is not known; choose from auto, vlad, .* \(descriptors\); .*phash.* \(classical similarities\)",
    ):
        score_sample(request_of(tmp_path, method, 2))


def test_another_kind_is_one_module_and_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = ModuleType("stages.similarities.drawn")
    answer = SampledPairs("drawn", ["a.jpg"], np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    vars(kind).update(KNOWN="drawn", understands=lambda method: method == "drawn", score_sample=lambda request: answer)
    monkeypatch.setitem(sys.modules, "stages.similarities.drawn", kind)
    monkeypatch.setattr(similarities, "KINDS", ("descriptors", "drawn"))
    assert score_sample(request_of(tmp_path, "drawn", 2)) is answer
    with pytest.raises(UsageError, match=r"\(descriptors\); drawn"):
        score_sample(request_of(tmp_path, "neither", 2))
