"""What holds for every similarity: ranges, symmetry, one score a pair, refused options, sense on real photos."""

from __future__ import annotations

import json
import pickle
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from hloc.similarities import SIMILARITIES, create_similarity
from hloc.similarities.base import NOT_COMPARABLE, SCORE_DECIMALS, Scorer, Similarity, SimilarityOptions
from storage.errors import UsageError
from tests.hloc.similarities.drawn import EVERY, all_scores, make, mixed_photos, scene, scorer_of, shape

NUM_PHOTOS = len(mixed_photos())
rows = st.lists(st.integers(0, NUM_PHOTOS - 1), min_size=1, max_size=6).map(lambda chosen: np.array(chosen, np.int64))


def similarity_of(case: str) -> Similarity:
    name, options = EVERY[case]
    return make(name, **options)


@cache
def features_of(case: str) -> list[NDArray[np.generic]]:
    similarity = similarity_of(case)
    return [similarity.describe(photo) for photo in mixed_photos()]


@cache
def mixed_scorer(case: str) -> Scorer:
    return similarity_of(case).scorer(features_of(case))


@cache
def mixed_scores(case: str) -> NDArray[np.float64]:
    everyone = np.arange(NUM_PHOTOS)
    return mixed_scorer(case).block(everyone, everyone)


def test_every_registered_similarity_is_tried_here() -> None:
    assert {name for name, _ in EVERY.values()} == set(SIMILARITIES)


@pytest.mark.parametrize("case", EVERY)
def test_scores_lie_in_the_documented_range_or_are_not_comparable(case: str) -> None:
    scores, similarity = mixed_scores(case), similarity_of(case)
    is_comparable = scores != NOT_COMPARABLE
    assert np.all(scores[is_comparable] >= similarity.lowest)
    assert np.all(scores[is_comparable] <= similarity.highest)


@pytest.mark.parametrize("case", EVERY)
def test_the_order_of_two_photos_does_not_matter(case: str) -> None:
    scores = mixed_scores(case)
    assert np.array_equal(scores, scores.T)


@pytest.mark.parametrize("case", EVERY)
def test_a_photo_and_its_copy_have_the_highest_score(case: str) -> None:
    assert mixed_scores(case)[0, 1] == similarity_of(case).highest


@pytest.mark.parametrize("case", EVERY)
def test_scores_are_rounded(case: str) -> None:
    scores = mixed_scores(case)
    finite = scores[np.isfinite(scores)]
    assert np.array_equal(finite, np.round(finite, SCORE_DECIMALS))


@pytest.mark.parametrize("case", EVERY)
@settings(max_examples=15)
@given(first=rows, second=rows)
def test_a_pair_has_one_score_in_whichever_company(
    case: str, first: NDArray[np.int64], second: NDArray[np.int64]
) -> None:
    expected = mixed_scores(case)[np.ix_(first, second)]
    assert np.array_equal(mixed_scorer(case).block(first, second), expected)
    paired = min(len(first), len(second))
    found = mixed_scorer(case).pairs(first[:paired], second[:paired])
    assert np.array_equal(found, np.diagonal(expected)[:paired])


@pytest.mark.parametrize("case", EVERY)
def test_a_score_does_not_depend_on_the_other_photos(case: str) -> None:
    few = [0, 2, 3, 10]
    scorer = similarity_of(case).scorer([features_of(case)[row] for row in few])
    assert np.array_equal(scorer.block(np.arange(4), np.arange(4)), mixed_scores(case)[np.ix_(few, few)])


@pytest.mark.parametrize("case", EVERY)
def test_no_pairs_have_no_scores(case: str) -> None:
    none = np.empty(0, np.int64)
    assert mixed_scorer(case).pairs(none, none).shape == (0,)
    assert mixed_scorer(case).block(none, np.arange(3)).shape == (0, 3)
    assert mixed_scorer(case).block(np.arange(2), none).shape == (2, 0)


@pytest.mark.parametrize("case", EVERY)
def test_a_scorer_of_no_photos_can_be_made(case: str) -> None:
    none = np.empty(0, np.int64)
    assert similarity_of(case).scorer([]).pairs(none, none).shape == (0,)


@pytest.mark.parametrize("case", EVERY)
def test_a_feature_is_the_same_again_and_of_one_type(case: str) -> None:
    again = [similarity_of(case).describe(photo) for photo in mixed_photos()]
    assert all(np.array_equal(one, two) for one, two in zip(again, features_of(case), strict=True))
    assert len({feature.dtype for feature in again}) == 1


@pytest.mark.parametrize("case", EVERY)
def test_a_photo_is_not_written_to(case: str) -> None:
    photo = scene(6)
    photo.flags.writeable = False
    similarity_of(case).describe(photo)


@pytest.mark.parametrize("case", EVERY)
def test_features_are_not_written_to(case: str) -> None:
    similarity = similarity_of(case)
    photo = scene(7)
    feature = similarity.describe(photo.copy())
    before = feature.copy()
    similarity.scorer([feature, feature]).block(np.arange(2), np.arange(2))
    assert np.array_equal(feature, before)


@pytest.mark.parametrize("case", EVERY)
def test_a_similarity_travels_to_another_process(case: str) -> None:
    similarity = similarity_of(case)
    travelled = pickle.loads(pickle.dumps(similarity))
    assert travelled.settings() == similarity.settings()
    assert np.array_equal(travelled.describe(scene(8)), similarity.describe(scene(8)))
    assert len(pickle.dumps(similarity)) < 2000


@pytest.mark.parametrize("case", EVERY)
def test_settings_survive_json_and_differ_from_those_of_other_options(case: str) -> None:
    ours = similarity_of(case).settings()
    assert json.loads(json.dumps(ours)) == ours
    name = EVERY[case][0]
    others = [similarity_of(other).settings() for other in EVERY if EVERY[other][0] == name and other != case]
    assert ours not in others


@pytest.mark.parametrize("name", SIMILARITIES)
def test_another_size_is_another_setting(name: str) -> None:
    assert make(name, size=(64, 48)).settings()["size"] == [64, 48]
    assert make(name, scale=(0.5, 0.25)).settings()["scale"] == [0.5, 0.25]


@pytest.mark.parametrize("name", SIMILARITIES)
def test_default_thresholds_lie_in_the_range_of_scores(name: str) -> None:
    strong, weak = SIMILARITIES[name].thresholds
    similarity = make(name)
    assert similarity.lowest < weak <= strong < similarity.highest
    assert similarity.name == name


REFUSED = {
    "hash_size": (16, ("ssim", "minhash", "orb", "tm")),
    "hash_scale": ("rows", ("ssim", "minhash", "orb", "tm")),
    "minhash_tokens": ("axes", ("ssim", "phash", "ahash", "dhash", "whash", "orb", "tm")),
    "orb_score": ("ratio", ("ssim", "minhash", "phash", "ahash", "dhash", "whash", "tm")),
}


@pytest.mark.parametrize("flag", REFUSED)
def test_an_option_of_another_similarity_is_refused_by_its_flag(flag: str) -> None:
    value, names = REFUSED[flag]
    for name in names:
        with pytest.raises(UsageError, match=rf"^--{flag} {value}: --method {name} has no use for it"):
            make(name, **{flag: value})


@pytest.mark.parametrize(
    ("name", "flag"), [("phash", "hash_scale"), ("minhash", "minhash_tokens"), ("orb", "orb_score")]
)
def test_a_word_that_is_no_choice_is_refused_with_the_choices(name: str, flag: str) -> None:
    with pytest.raises(UsageError, match=rf"^--{flag} wrong: is not known; choose from \w+, \w+"):
        make(name, **{flag: "wrong"})


def test_an_unknown_similarity_is_refused_with_the_names_that_are_known() -> None:
    with pytest.raises(UsageError, match=r"--method imagehash: is not known; choose from ssim, .*tm"):
        create_similarity("imagehash", SimilarityOptions())


@pytest.mark.parametrize("name", SIMILARITIES)
def test_a_recompressed_photo_is_nearer_to_its_original_than_any_other(name: str, shared_dir: Path) -> None:
    paths = sorted((shared_dir / "photos" / "nearduplicates").glob("*.jpg"))[:20]
    originals = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    scores = all_scores(make(name), originals + [recompressed(photo) for photo in originals])
    to_originals = scores[len(originals) :, : len(originals)]
    own = np.diagonal(to_originals).copy()
    np.fill_diagonal(to_originals, NOT_COMPARABLE)
    assert np.all(own > to_originals.max(axis=1))


def recompressed(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    file = BytesIO()
    Image.fromarray(photo).save(file, "JPEG", quality=50)
    return np.asarray(Image.open(file).convert("RGB"))


@pytest.mark.parametrize("name", SIMILARITIES)
def test_a_photo_of_one_pixel_is_described(name: str) -> None:
    tiny = np.full((1, 1, 3), 90, np.uint8)
    score = all_scores(make(name), [tiny, tiny.copy(), shape("square")])[0, 1]
    assert score in (1.0, NOT_COMPARABLE)


@pytest.mark.parametrize("name", SIMILARITIES)
def test_photos_of_extreme_proportions_are_described(name: str) -> None:
    long = np.ascontiguousarray(np.broadcast_to(np.arange(600, dtype=np.uint8)[None, :, None], (2, 600, 3)))
    scorer = scorer_of(make(name), [long, np.ascontiguousarray(long.transpose(1, 0, 2))])
    assert scorer.pairs(np.array([0]), np.array([1])).shape == (1,)
