"""What the probability is made of."""

from __future__ import annotations

import numpy as np
import pytest

from hloc.matching.chance import MOST_SURPRISE
from hloc.matching.evidence import (
    EVIDENCE,
    WORST_RANK,
    Candidates,
    best_rank,
    closeness,
    closeness_of,
    coverage,
    evidence_of,
    guided_excess,
    match_excess,
    overlay_share,
    ranks_of,
    surprise,
    usual_matches,
    worst_rank,
)
from storage.formats.matches import PairMatches, join_matches, no_matches
from tests.hloc.matching.tables import one_pair


def candidates(*tables: PairMatches, num_photos: int = 10, scores: list[float] | None = None) -> Candidates:
    matches = join_matches(tables)
    given = np.full(len(matches), np.nan) if scores is None else np.array(scores)
    return Candidates.of(num_photos, matches, given)


def test_more_places_among_the_same_matches_are_more_of_a_surprise() -> None:
    found = surprise(candidates(*(one_pair(0, 1, num_places=places, num_matches=100) for places in (2, 4, 6, 9))))
    assert found[0] < 0.1 and np.all(np.diff(found) > 0)


def test_the_same_places_among_more_matches_are_less_of_a_surprise() -> None:
    found = surprise(candidates(*(one_pair(0, 1, num_places=6, num_matches=count) for count in (50, 150, 300))))
    assert np.all(np.diff(found) < 0)


def test_surprise_ends_where_chance_is_out_of_the_question() -> None:
    assert surprise(candidates(one_pair(0, 1, num_places=300, num_matches=400)))[0] == MOST_SURPRISE


def test_fewer_places_than_chance_are_no_surprise() -> None:
    assert surprise(candidates(one_pair(0, 1, num_places=0, num_matches=300)))[0] == 0


def test_a_hub_has_less_excess_than_a_photo_that_matches_little() -> None:
    hub = [one_pair(0, other, num_matches=300) for other in range(1, 5)]
    quiet = [one_pair(5, other, num_matches=50) for other in range(6, 9)]
    found = match_excess(candidates(*hub, *quiet, one_pair(0, 9, num_matches=300), one_pair(5, 9, num_matches=300)))
    assert found[-1] > found[-2] + 0.3


def test_the_usual_number_is_the_lower_quartile_of_a_photos_pairs() -> None:
    table = [one_pair(0, other, num_matches=count) for other, count in enumerate((10, 20, 30, 400, 500), 1)]
    assert usual_matches(candidates(*table))[:3].tolist() == [20, 10, 20]


def test_a_photo_in_no_pair_has_no_usual_number() -> None:
    assert usual_matches(candidates(one_pair(0, 1, num_matches=7)))[5] == 0


def guided(num_guided: int, by_chance: float, num_places: int) -> float:
    table = one_pair(0, 1, num_guided=num_guided, by_chance=by_chance, num_places=num_places, num_matches=100)
    return float(guided_excess(candidates(table))[0])


def test_guided_matches_count_as_far_as_wrong_maps_find_fewer() -> None:
    assert guided(40, 3.0, 8) == 6 > guided(40, 30.0, 8) > guided(40, 38.0, 8) > 0 == guided(40, 45.0, 8)


def test_guided_matches_count_little_under_a_map_that_chance_made() -> None:
    assert guided(40, 3.0, 2) < guided(40, 3.0, 5) < guided(40, 3.0, 8)


def test_where_no_second_look_was_needed_it_counts_in_full() -> None:
    assert guided(0, 0.0, 60) == 6


def test_the_larger_coverage_counts() -> None:
    assert coverage(candidates(one_pair(0, 1, coverage=(0.01, 0.25))))[0] == pytest.approx(0.5)


def test_ranks_count_the_greater_scores_of_either_photo() -> None:
    table = candidates(one_pair(0, 1), one_pair(0, 2), one_pair(1, 2), scores=[0.9, 0.5, 0.7])
    assert table.ranks.tolist() == [[0, 0], [1, 1], [1, 0]]


def test_equal_scores_share_a_rank() -> None:
    table = candidates(one_pair(0, 1), one_pair(0, 2), one_pair(0, 3), scores=[0.5, 0.5, 0.4])
    assert table.ranks[:, 0].tolist() == [0, 0, 2]


def test_a_pair_that_is_not_listed_has_the_worst_rank_and_takes_none() -> None:
    table = candidates(one_pair(0, 1), one_pair(0, 2), scores=[np.nan, 0.1])
    assert table.ranks.tolist() == [[WORST_RANK, WORST_RANK], [0, 0]]


def test_no_rank_is_beyond_the_worst() -> None:
    many = join_matches([one_pair(0, other) for other in range(1, 30)])
    assert ranks_of(30, many, np.linspace(1, 0, 29)).max() == WORST_RANK


def test_ranks_do_not_change_when_all_scores_are_transformed() -> None:
    table = join_matches([one_pair(0, other) for other in range(1, 6)] + [one_pair(2, 4)])
    scores = np.array([0.3, 0.9, 0.1, 0.2, 0.8, 0.5])
    assert np.array_equal(ranks_of(6, table, scores), ranks_of(6, table, np.exp(7 * scores)))


def test_better_ranks_and_less_overlay_count_more() -> None:
    pairs = one_pair(0, 1), one_pair(0, 2, overlay=[(1, 1)] * 9)
    table = candidates(*pairs, num_photos=1000, scores=[0.9, 0.5])
    assert worst_rank(table)[0] > worst_rank(table)[1]
    assert overlay_share(table)[0] == 0 > overlay_share(table)[1] > -1


def test_all_evidence_is_finite_for_a_pair_of_blank_photos() -> None:
    assert np.isfinite(evidence_of(candidates(one_pair(3, 4)))).all()


def test_no_pair_is_no_row() -> None:
    assert evidence_of(candidates(no_matches())).shape == (0, len(EVIDENCE))


def test_the_order_of_pairs_and_the_numbers_of_photos_change_nothing() -> None:
    random = np.random.default_rng(0)
    tables = [
        one_pair(*sorted(random.choice(10, 2, replace=False)), num_matches=random.integers(0, 200), num_places=5)
        for _ in range(30)
    ]
    scores = random.random(30)
    plain = evidence_of(candidates(*tables, scores=scores.tolist()))
    order = random.permutation(30)
    shuffled = evidence_of(candidates(*(tables[index] for index in order), scores=scores[order].tolist()))
    assert np.allclose(plain[order], shuffled)


def test_a_watermark_counts_no_more_than_a_twentieth() -> None:
    table = join_matches([one_pair(0, 1, num_matches=20, overlay=[(1, 1)] * count) for count in (0, 1, 50, 200)])
    found = overlay_share(Candidates.of(2, table, np.full(4, np.nan)))
    assert found[0] == 0 > found[1] > found[2] == found[3] == -0.05


def test_a_place_in_a_list_says_nothing_among_a_handful_of_photos() -> None:
    table = join_matches([one_pair(0, 1), one_pair(1, 2)])
    scores = np.array([0.9, 0.2])
    few, many = Candidates.of(7, table, scores), Candidates.of(10_000, table, scores)
    unlisted = Candidates.of(10_000, table, np.full(2, np.nan))
    for measure in (best_rank, worst_rank):
        assert np.array_equal(measure(few), measure(unlisted))
        assert measure(many)[0] > measure(many)[1] or measure is best_rank
        assert (measure(many) > measure(unlisted)).all()


def test_the_best_score_of_both_photos_is_as_close_as_can_be_and_the_least_listed_as_far() -> None:
    table = join_matches([one_pair(0, 1), one_pair(0, 2), one_pair(1, 2), one_pair(2, 3)])
    found = closeness_of(4, table, np.array([0.9, 0.5, 0.1, np.nan]))
    assert found[0] == 1 and found[2] == found[3] == 0 and 0 < found[1] < 1


@pytest.mark.parametrize(("factor", "shift"), [(3.0, 0.0), (1.0, -0.4), (0.01, 7.0)])
def test_the_unit_of_scores_does_not_matter(factor: float, shift: float) -> None:
    table = join_matches([one_pair(0, 1), one_pair(0, 2), one_pair(1, 2), one_pair(2, 3)])
    scores = np.array([0.9, 0.5, 0.1, 0.3])
    assert np.allclose(closeness_of(4, table, scores), closeness_of(4, table, factor * scores + shift))


def test_closeness_says_nothing_among_a_handful_of_photos_or_without_scores() -> None:
    table = join_matches([one_pair(0, 1), one_pair(1, 2)])
    assert closeness(Candidates.of(11, table, np.array([0.9, 0.2]))).max() == 0
    assert closeness(Candidates.of(1000, table, np.array([0.9, 0.2]))).max() > 0.9
    assert closeness(Candidates.of(1000, table, np.full(2, np.nan))).max() == 0
