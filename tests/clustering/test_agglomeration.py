from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from clustering.agglomeration import Agglomeration, Surroundings
from clustering.agreement import Links
from clustering.colours import colour_photos, colour_positions
from clustering.constraints import Constraints
from clustering.graph import ScoredPairs, find_edges
from clustering.places import Places
from tests.clustering.drawn_evidence import DrawnEvidence, groups_of

Pair = tuple[int, int, float]
STRONG, AGREEMENT = 0.7, 0.5


def agglomerate(
    num_photos: int,
    pairs: list[Pair],
    constraints: Constraints | None = None,
    north_m: list[float | None] | None = None,
) -> Agglomeration:
    first, second, score = zip(*pairs, strict=True) if pairs else ((), (), ())
    links = Links.of_edges(find_edges(ScoredPairs.from_arrays(num_photos, first, second, score), STRONG))
    links = links.with_support(num_photos)
    positions = None
    if north_m is not None:
        positions = np.array([(np.nan, np.nan) if m is None else (46 + m / 111_195, 7.0) for m in north_m])
    start = colour_positions(positions, num_photos)
    colours = colour_photos(start, links.first, links.second, links.weight)
    around = Surroundings(Places(positions, 1000.0, num_photos), constraints or Constraints(), colours)
    clusters = Agglomeration(links, AGREEMENT, around)
    clusters.run()
    return clusters


def path(num_photos: int, score: float = 0.9) -> list[Pair]:
    return [(photo, photo + 1, score) for photo in range(num_photos - 1)]


def clique(photos: range, score: float) -> list[Pair]:
    return [(one, two, score) for one in photos for two in photos if one < two]


def test_two_photos_join_from_the_strong_threshold_on() -> None:
    assert agglomerate(2, [(0, 1, 0.7)]).label.tolist() == [0, 0]
    assert agglomerate(2, [(0, 1, 0.69)]).label.tolist() == [0, 1]


def test_photos_without_pairs_stay_alone() -> None:
    assert agglomerate(3, []).label.tolist() == [0, 1, 2]
    assert agglomerate(0, []).label.tolist() == []


def test_one_lucky_pair_does_not_glue_two_buildings() -> None:
    pairs = [*clique(range(6), 0.9), *clique(range(6, 12), 0.9), (0, 6, 0.99)]
    assert agglomerate(12, pairs).label.tolist() == [0] * 6 + [6] * 6


@pytest.mark.parametrize(("one", "two"), [(2, 2), (2, 3), (5, 5), (2, 9)])
def test_no_single_pair_joins_two_groups_however_sure(one: int, two: int) -> None:
    pairs = [*clique(range(one), 0.9), *clique(range(one, one + two), 0.9), (0, one, 0.999)]
    assert agglomerate(one + two, pairs).label.tolist() == [0] * one + [one] * two


def test_enough_photos_on_both_sides_join_two_groups() -> None:
    across = [(photo, photo + 6, 0.9) for photo in range(4)]
    clusters = agglomerate(12, [*clique(range(6), 0.95), *clique(range(6, 12), 0.95), *across])
    assert clusters.label.tolist() == [0] * 12


def test_one_photo_that_fits_all_of_another_building_does_not_glue_it() -> None:
    hub = [(0, photo, 0.9) for photo in range(10, 20)]
    clusters = agglomerate(20, [*clique(range(10), 0.95), *clique(range(10, 20), 0.95), *hub])
    assert clusters.label[1] != clusters.label[10]


def test_many_pairs_of_one_photo_count_once_on_its_side() -> None:
    # 8 pairs of one photo among 8: 1/8 of the one side, all of the other
    hub = [(0, photo, 0.9) for photo in range(8, 16)]
    clusters = agglomerate(16, [*clique(range(8), 0.95), *clique(range(8, 16), 0.95), *hub])
    assert clusters.label[1] != clusters.label[8]


def test_joins_tell_how_well_the_two_agreed() -> None:
    ((survivor,), (absorbed,), (agreement,)) = agglomerate(2, [(0, 1, 0.8)]).joins()
    assert (survivor, absorbed) == (0, 1) and agreement == pytest.approx(0.8)


def test_the_surest_join_comes_first() -> None:
    survivor, absorbed, agreement = agglomerate(3, [(0, 1, 0.8), (1, 2, 0.9)]).joins()
    assert survivor.tolist() == [1, 0] and absorbed.tolist() == [2, 1]
    assert agreement[1] == pytest.approx((0.8 * 0.4) ** 0.5)


def test_sizes_and_labels_agree() -> None:
    clusters = agglomerate(12, [*clique(range(6), 0.9), *clique(range(7, 12), 0.8)])
    assert clusters.size[clusters.label].tolist() == [6] * 6 + [1] + [5] * 5
    assert clusters.label.tolist() == [0] * 6 + [6] + [7] * 5


def test_photos_that_must_be_together_start_as_one() -> None:
    clusters = agglomerate(3, [], Constraints(together=[[0, 2]]))
    assert clusters.label.tolist() == [0, 1, 0] and not len(clusters.joins()[0])


def test_clusters_far_apart_do_not_join_through_photos_without_a_position() -> None:
    pairs = [*clique(range(4), 0.95), *clique(range(4, 8), 0.95), *((one, one + 4, 0.9) for one in range(4))]
    near: list[float | None] = [0, 0, None, None, 50, 50, None, None]
    assert agglomerate(8, pairs, north_m=near).label.tolist() == [0] * 8
    far: list[float | None] = [0, 0, None, None, 9000, 9000, None, None]
    assert agglomerate(8, pairs, north_m=far).label.tolist() == [0] * 4 + [4] * 4


def test_equal_photos_around_one_all_join_while_they_are_few() -> None:
    star = [(0, leaf, 0.9) for leaf in range(1, 4)]
    assert agglomerate(4, star).label.tolist() == [0] * 4


def test_of_many_equal_photos_around_one_none_is_chosen_by_name() -> None:
    star = [(0, leaf, 0.9) for leaf in range(1, 12)]
    assert agglomerate(12, star).label.tolist() == list(range(12))


def test_equal_joins_that_a_decision_keeps_from_all_being_made_are_not_made() -> None:
    clusters = agglomerate(3, path(3), Constraints(apart=[(0, 2)]))
    assert clusters.label.tolist() == [0, 1, 2]
    assert agglomerate(3, path(3)).label.tolist() == [0] * 3


def test_equal_joins_that_positions_keep_from_all_being_made_are_not_made() -> None:
    # the colours know positions, so the ends differ and one is chosen by them, not by its name
    clusters = agglomerate(3, path(3), north_m=[0, None, 9000])
    assert len(set(clusters.label.tolist())) == 2
    turned = agglomerate(3, path(3), north_m=[9000, None, 0])
    assert turned.label.tolist() == [[0, 0, 2], [0, 1, 1]][clusters.label.tolist() == [0, 0, 2]]


GRAPHS: dict[str, list[Pair]] = {
    "path of four": path(4),
    "path of six": path(6),
    "path of six, weaker": path(6, 0.7),
    "ring of six": [*path(6), (0, 5, 0.9)],
    "two triangles and a bridge": [*clique(range(3), 0.9), *clique(range(3, 6), 0.9), (2, 3, 0.9)],
    "star and a tail": [(0, 1, 0.9), (0, 2, 0.9), (0, 3, 0.9), (3, 4, 0.9), (4, 5, 0.9)],
}


@pytest.mark.parametrize("name", GRAPHS)
def test_every_naming_of_a_graph_of_equal_pairs_gives_the_same_groups(name: str) -> None:
    drawn = DrawnEvidence(GRAPHS[name], (None,) * 6, num_photos=6)
    expected = drawn.by_evidence()
    for order in list(permutations(range(6)))[::7]:
        assert groups_of(drawn.renumbered(order).by_evidence()) == groups_of(expected, order)


def test_a_long_chain_of_equal_pairs_ends_and_loses_no_photo() -> None:
    clusters = agglomerate(3000, path(3000))
    assert clusters.size.sum() == 3000


def test_a_chain_of_ever_surer_pairs_is_joined_in_pieces() -> None:
    rising = [(photo, photo + 1, 0.7 + photo / 1000) for photo in range(200)]
    sizes = np.bincount(agglomerate(201, rising).label)
    assert sizes.sum() == 201 and 2 <= sizes.max() < 20
