"""The sentences of the report."""

from __future__ import annotations

from typing import Any

import pytest

from stages.reporting.words import (
    NO_REASONS,
    doubt_words,
    join_lines,
    measure_word,
    singleton_words,
    weakest_words,
    why_together,
)
from tests.drawn_work import reasons

INFO = reasons()
SPECIFIED: dict[str, Any] = {"method": "specified", "pairs_file": "pairs-vlad.txt", "settings": INFO["settings"]}
HALL, SHOP = INFO["clusters"]["0"], INFO["clusters"]["3"]


def test_joins_are_counted_by_their_cause_and_the_mean_of_the_pairs_is_told() -> None:
    assert why_together(HALL, INFO) == [
        "2 joins: enough photos on both sides agree.",
        "Mean probability of the scored pairs within: 0.88.",
    ]


def test_one_join_is_no_plural_and_no_mean_is_made_up() -> None:
    assert why_together(SHOP, INFO) == ["1 join: the positions lie near each other."]


def test_strong_pairs_come_first_and_are_called_scores_without_verification() -> None:
    cluster = HALL | {"strong_pairs": [["a", "b", 0.91], ["b", "c", 0.85]]}
    texts = why_together(cluster, SPECIFIED)
    assert texts[0] == "2 strong pairs of score 0.8 or more hold them."
    assert texts[-1] == "Mean score of the scored pairs within: 0.88."


def test_a_decision_of_a_person_is_told() -> None:
    assert "A person decided that they show one building (1 pair)." in why_together(
        HALL | {"must_links": [["a", "b"]]}, INFO
    )


def test_without_reasons_it_says_so() -> None:
    assert why_together({}, {}) == [NO_REASONS] == [singleton_words({}, {})]


def test_every_step_is_a_line_with_its_numbers() -> None:
    assert join_lines(HALL, INFO)[0] == (
        "1 + 1 photos, enough photos on both sides agree: agreement 0.90, 0.5 is asked; best pair north/a 1.jpg and "
        "north/b.jpg, probability 0.97"
    )
    assert join_lines(SHOP, INFO) == ["1 + 1 photos, the positions lie near each other: 12 m between their medians"]
    assert join_lines({"strong_pairs": [["a", "b", 0.91]]}, SPECIFIED) == ["a and b, score 0.91"]


def test_the_weakest_link_names_its_agreement_its_pair_or_its_distance() -> None:
    assert weakest_words(HALL["weakest_link"], INFO) == (
        "Enough photos on both sides agree: agreement 0.90, 0.5 is asked; probability of the best pair 0.97."
    )
    assert weakest_words(SHOP["weakest_link"], INFO) == "The positions lie near each other: 12 m between their medians."
    strong = {"stage": "strong", "pair": ["a", "b", 0.81]}
    assert weakest_words(strong, SPECIFIED) == "A strong pair: score of the best pair 0.81."


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"reason": "no_pairs"}, "No pair of this photo was looked at."),
        ({"reason": "below_weak", "score": 0.12}, "Its best pair, probability 0.12, is below the weak threshold 0.3."),
        (
            {"reason": "unsure", "score": 0.61},
            "Its best pair, probability 0.61, lies between the thresholds 0.3 and 0.8: too unsure to join, "
            "worth a look.",
        ),
        (
            {"reason": "few_agree", "score": 0.9},
            "Its best pair, probability 0.90, is good, but too few photos on both sides agree.",
        ),
        ({"reason": "positions", "score": 0.9, "distance_m": 5300}, "The positions lie too far apart: 5.3 km."),
        (
            {"reason": "tie", "score": 0.9},
            "Several joins are equal in all respects and cannot all be made, so none was.",
        ),
        ({"reason": "decision", "score": 0.9}, "A person decided so."),
    ],
)
def test_each_reason_of_a_lone_photo_has_its_sentence(entry: dict[str, Any], words: str) -> None:
    assert singleton_words(entry, INFO) == words


def test_a_score_beside_a_threshold_has_as_many_digits_as_tell_the_two_apart() -> None:
    words = singleton_words({"reason": "unsure", "score": 0.7996}, INFO)
    assert "probability 0.7996," in words
    assert "probability 0.2999," in singleton_words({"reason": "below_weak", "score": 0.2999}, INFO)


def test_a_reason_that_is_not_known_is_shown_as_it_is() -> None:
    assert singleton_words({"reason": "new_reason", "score": 0.5}, INFO) == "new_reason."


def test_a_doubt_says_how_far_the_photos_agree() -> None:
    assert doubt_words(INFO["review"][0], INFO) == (
        "Its best pair, probability 0.90, is good, but too few photos on both sides agree: agreement 0.20, 0.5 is "
        "asked."
    )


@pytest.mark.parametrize(
    ("info", "word"),
    [
        ({"pairs_file": "pairs-vlad-verified.txt", "method": "specified"}, "probability"),
        ({"pairs_file": "mine.txt", "method": "evidence"}, "probability"),
        ({"pairs_file": "pairs-vlad.txt", "method": "specified"}, "score"),
        ({}, "score"),
    ],
)
def test_only_verified_pairs_have_probabilities(info: dict[str, Any], word: str) -> None:
    assert measure_word(info) == word
