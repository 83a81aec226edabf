"""A sample of photos scored by a classical similarity."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hloc.similarities import SIMILARITIES
from stages.compare import compare_images
from stages.settings.compare import CompareSettings
from stages.settings.tools import ThresholdSettings
from stages.similarities import classical, descriptors, score_sample
from stages.similarities.base import SampleRequest
from stages.thresholds.inputs import gather_pairs
from storage.errors import StageError
from storage.formats.pairs import read_pairs
from tests.drawn_digits import save_digits
from tests.tiny_similarity import STRONG, WEAK, PixelSimilarity, register


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    register(monkeypatch)
    save_digits(tmp_path / "photos", 8, side=32, jitter=1)
    return tmp_path / "photos"


def request_of(photos: Path) -> SampleRequest:
    names = sorted(path.name for path in photos.iterdir())
    return SampleRequest("tiny", photos, names, photos.parent / "cache", num_workers=0)


def test_the_scores_of_all_pairs_are_those_of_the_pairs_file(photos: Path) -> None:
    found = score_sample(request_of(photos))
    compare_images(CompareSettings("tiny", photos, photos.parent / "out", threshold=-1.0, skip="none", num_workers=0))
    pairs = read_pairs(photos.parent / "out" / "pairs-tiny.txt")
    rows = zip(pairs.first.tolist(), pairs.second.tolist(), pairs.scores.tolist(), strict=True)
    written = {(pairs.names[one], pairs.names[two]): score for one, two, score in rows}
    assert len(written) == 8 * 7 // 2
    for one, two, score in zip(found.first, found.second, found.scores, strict=True):
        assert written[found.names[one], found.names[two]] == score
    assert (found.method, found.thresholds) == ("tiny", (STRONG, WEAK))


def test_features_are_taken_up_by_the_next_call(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = score_sample(request_of(photos))
    monkeypatch.setattr(PixelSimilarity, "describe", lambda *_args: pytest.fail("described again"))
    assert (score_sample(request_of(photos)).scores == first.scores).all()


def test_what_cannot_be_compared_has_no_score(photos: Path) -> None:
    Image.new("RGB", (32, 32), "white").save(photos / "white.png")
    found = score_sample(request_of(photos))
    white = found.names.index("white.png")
    has_white = (found.first == white) | (found.second == white)
    assert np.isnan(found.scores[has_white]).all() and np.isfinite(found.scores[~has_white]).all()


def test_few_pairs_at_a_time_give_the_same(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = score_sample(request_of(photos)).scores
    monkeypatch.setattr(classical, "PAIRS_AT_ONCE", 5)
    assert (score_sample(request_of(photos)).scores == whole).all()


def test_two_photos_must_be_usable(photos: Path) -> None:
    for path in sorted(photos.iterdir())[1:]:
        path.write_bytes(b"")
    with pytest.raises(StageError, match="1 photos of the sample can be used, two are needed: .* file is empty"):
        score_sample(request_of(photos))


def test_every_similarity_is_understood_and_no_model_is(photos: Path) -> None:
    assert all(map(classical.understands, SIMILARITIES)) and not classical.understands("vlad")
    assert not any(map(descriptors.understands, SIMILARITIES))


def test_select_threshold_shows_the_defaults_of_the_similarity(photos: Path) -> None:
    settings = ThresholdSettings(
        image_dir=photos, results_dir=photos.parent / "results", method="tiny", sample=5, seed=3, num_workers=0
    )
    inputs = gather_pairs(settings)
    assert inputs.defaults == (STRONG, WEAK) and len(inputs.names) == 5 and inputs.sampled_from == 8
    assert len(inputs.pairs.score) == len(list(combinations(range(5), 2)))


def test_select_threshold_takes_the_threshold_of_a_pairs_file(photos: Path) -> None:
    out = photos.parent / "out"
    compare_images(CompareSettings("tiny", photos, out, threshold=0.8, num_workers=0))
    inputs = gather_pairs(ThresholdSettings(image_dir=photos, outputs_dir=out, results_dir=photos.parent / "results"))
    assert inputs.defaults == (0.8, WEAK) and not inputs.notes
