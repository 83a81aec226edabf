"""Why two photos are together or apart: chains, joins, doubts and decisions, on small graphs."""

from __future__ import annotations

import json
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clustering.constraints import Constraints
from clustering.evidence import EvidenceSettings, cluster_evidence
from clustering.graph import ScoredPairs
from clustering.grouping import Grouping
from stages.clustering.reasons import Told, describe
from stages.explaining.chains import find_chain
from stages.explaining.decision import Decision, decide, meeting_join
from stages.explaining.inputs import Grouped, Scored
from stages.explaining.words import chain_sentences, decision_sentences, headline, short_chain
from storage.formats.decisions import DecidedCluster, Decisions
from storage.formats.json_stream import write_json_stream
from storage.formats.pairs import Pairs

SETTINGS = {"strong_edg_thresh": 0.8, "weak_edg_thresh": 0.3, "agreement_thresh": 0.5}
MEASURES = {"probability": 0.97, "score": None}


def pairs_of(*rows: tuple[str, str, float]) -> Pairs:
    names = sorted({name for row in rows for name in row[:2]})
    first, second = (np.array([names.index(row[side]) for row in rows], np.int64) for side in (0, 1))
    return Pairs(names, first, second, np.array([row[2] for row in rows], np.float64))


PAIRS = pairs_of(("a", "b", 0.95), ("b", "c", 0.9), ("a", "c", 0.6), ("c", "d", 0.5), ("d", "e", 0.99), ("a", "f", 0.1))
CLUSTERS = {"0": ["a", "b", "c"], "4": ["d", "e"], "-1": ["f", "g"]}


def grouped(review: list[dict[str, Any]] | None = None, **decisions: Any) -> Grouped:
    info = {"method": "evidence", "settings": SETTINGS, "review": review or [], "singletons": {}, "clusters": {}}
    return Grouped(CLUSTERS, info, Decisions(**decisions))


def told(decision: Decision, group: Grouped) -> str:
    return " ".join(decision_sentences(decision, group.info, is_probability=True))


def scored(pairs: Pairs = PAIRS) -> Scored:
    return Scored(pairs, True, pairs)


# -- chains -----------------------------------------------------------------------------------------------------------


def test_the_chain_is_the_strongest_within_the_cluster() -> None:
    decision = decide(("a", "c"), scored(), grouped())
    assert [(step.first, step.second, step.score) for step in decision.chain] == [("a", "b", 0.95), ("b", "c", 0.9)]
    assert decision.is_together and decision.clusters == ("0", "0")


def test_the_chain_of_a_cluster_does_not_leave_it() -> None:
    around = pairs_of(("a", "x", 0.99), ("x", "c", 0.99), ("a", "c", 0.6))
    group = Grouped({"0": ["a", "c"], "1": ["x", "y"], "-1": []})
    assert [step.second for step in decide(("a", "c"), scored(around), group).chain] == ["c"]


def test_a_chain_does_not_wind_for_what_nobody_can_see() -> None:
    pairs = pairs_of(("a", "c", 0.99991), ("a", "b", 0.99999), ("b", "c", 0.99998))
    assert len(find_chain(("a", "c"), scored(pairs), Decisions(), None)) == 1


def test_a_decision_is_a_step_of_the_chain_stronger_than_any_pair() -> None:
    chain = find_chain(("a", "d"), scored(), Decisions(must_link=(("c", "gone"), ("gone", "d"))), set("abcd"))
    assert [(step.second, step.decision) for step in chain[-2:]] == [("gone", "must_link 1"), ("d", "must_link 2")]
    locked = Decisions(clusters=(DecidedCluster(("a", "d"), None, True),))
    assert [step.decision for step in find_chain(("a", "d"), scored(), locked, None)] == ["clusters 1 (locked)"]


def test_the_weakest_pair_of_a_chain_is_marked() -> None:
    decision = decide(("a", "c"), scored(), grouped())
    lines = chain_sentences(decision, True, 0.3)
    assert lines[0] == "Strongest chain in the building, 2 pairs:"
    assert lines[1] == "  a and b, probability 0.95" and lines[2] == "  b and c, probability 0.90  <- weakest"
    assert short_chain(decision) == "Strongest chain: a (0.95) b (0.90) c"


def test_photos_apart_show_a_chain_only_where_every_pair_is_worth_a_look() -> None:
    decision = decide(("a", "e"), scored(), grouped())
    assert len(decision.chain) == 3 and "no join follows" in chain_sentences(decision, True, 0.3)[0]
    assert chain_sentences(decision, True, 0.6) == []


def test_a_cluster_that_no_pairs_hold_says_so() -> None:
    group = Grouped({"0": ["a", "g"], "-1": []})
    assert chain_sentences(decide(("a", "g"), scored(), group), True, 0.3) == ["No chain of pairs connects them."]


def test_a_long_chain_is_counted_in_the_picture() -> None:
    names = [f"p{number}" for number in range(12)]
    pairs = pairs_of(*((one, two, 0.9) for one, two in zip(names, names[1:], strict=False)))
    decision = decide(("p0", "p11"), scored(pairs), Grouped({"0": names, "-1": []}))
    assert short_chain(decision) == "Strongest chain: 11 pairs, the weakest 0.90."


# -- joins ------------------------------------------------------------------------------------------------------------


def clustered(num_photos: int, seed: int, folder: Path) -> tuple[list[str], dict[str, Any], Grouping]:
    random = np.random.default_rng(seed)
    every = np.array(list(combinations(range(num_photos), 2)))
    score = random.choice([0.0, 0.85, 0.9, 0.95, 1.0], len(every))
    pairs = ScoredPairs.from_arrays(num_photos, every[:, 0], every[:, 1], score)
    positions = np.column_stack([48 + random.integers(0, 2, num_photos) * 1e-4, np.full(num_photos, 2.0)])
    settings = EvidenceSettings(agreement_thresh=0.6, gps_count_thresh=2, gps_distance_thresh=20)
    grouping = cluster_evidence(pairs, settings, positions)
    names = [f"p{photo:02}" for photo in range(num_photos)]
    path = folder / "info.json"
    write_json_stream(path, describe(Told(names, pairs, grouping, Constraints(), {}, {}, settings)))
    return names, json.loads(path.read_text(encoding="utf-8")), grouping


@pytest.mark.parametrize("seed", range(12))
def test_the_join_that_brought_two_photos_together_is_the_one_of_the_log(seed: int, tmp_path: Path) -> None:
    names, info, grouping = clustered(10, seed, tmp_path)
    log, order = grouping.reasons.log, grouping.reasons.order
    num_checked = 0
    for number, photos in grouping.clusters.items():
        entry, members = info["clusters"][str(number)], [names[photo] for photo in photos]
        rows = np.flatnonzero(grouping.reasons.cluster == number)
        for place, row in enumerate(rows):
            start, middle, end = log.start[row], log.middle[row], log.end[row]
            for one, two in product(order[start:middle], order[middle:end]):
                assert meeting_join((names[two], names[one]), members, entry) == entry["joins"][place]
                num_checked += 1
        assert num_checked >= len(members) * (len(members) - 1) // 2
    assert num_checked


def test_photos_of_one_strong_component_have_no_join() -> None:
    entry = {"run_number": 3, "joins": [join_of(3, 5, ["c"], 2, 1)]}
    assert meeting_join(("a", "b"), ["a", "b", "c"], entry) is None
    assert meeting_join(("a", "c"), ["a", "b", "c"], entry) == entry["joins"][0]


def join_of(survivor: int, absorbed: int, photos: list[str], *sizes: int, **more: Any) -> dict[str, Any]:
    names = {"survivor_size": sizes[0], "absorbed_size": sizes[1], "joined_photos": photos}
    return {"stage": "evidence", "survivor": survivor, "absorbed": absorbed, **names, **more}


def test_the_smaller_side_may_be_the_one_that_survives() -> None:
    joins = [join_of(1, 2, ["c"], 1, 1), join_of(1, 4, ["d"], 2, 1), join_of(0, 1, ["a"], 1, 3)]
    entry = {"run_number": 0, "joins": joins}
    members = ["a", "b", "c", "d"]
    assert meeting_join(("a", "d"), members, entry) == joins[2]
    assert meeting_join(("b", "d"), members, entry) == joins[1]
    assert meeting_join(("c", "b"), members, entry) == joins[0]


def test_a_join_by_position_is_told_with_its_metres() -> None:
    join = join_of(0, 1, ["c"], 2, 1, stage="gps", distance_m=12.3)
    group = grouped()
    group.info["clusters"]["0"] = {"run_number": 0, "joins": [join], "name": "Town hall"}
    decision = decide(("a", "c"), scored(), group)
    assert "2 and 1 photos were joined because the positions lie near each other: 12 m" in told(decision, group)
    assert "building 0 (Town hall)" in headline(MEASURES, decision)


def test_an_agreement_is_told_beside_what_is_asked_with_digits_that_tell_them_apart() -> None:
    doubt = {"reason": "few_agree", "pair": ["c", "d", 0.9], "clusters": [0, 4], "agreement": 0.499987}
    group = grouped([doubt])
    assert "agreement 0.49999, 0.5 is asked" in told(decide(("a", "e"), scored(), group), group)


# -- apart ------------------------------------------------------------------------------------------------------------


def test_of_two_clusters_the_best_pair_between_them_is_named_in_the_order_asked() -> None:
    decision = decide(("e", "a"), scored(), grouped())
    assert decision.best_pair is not None and decision.is_together is False
    assert (decision.best_pair.first, decision.best_pair.second, decision.best_pair.score) == ("d", "c", 0.5)
    assert decision.reason == "unsure"
    assert headline(MEASURES, decision) == "Apart: left building 4, right building 0; this pair: probability 0.97"


@pytest.mark.parametrize("reason", ["few_agree", "positions", "tie", "unsure"])
def test_the_reason_of_the_review_list_is_told(reason: str) -> None:
    doubt = {"reason": reason, "pair": ["c", "d", 0.5], "clusters": [4, 0], "distance_m": 2345.0}
    group = grouped([{**doubt, "clusters": [0, 7], "reason": "tie"}, doubt])
    decision = decide(("a", "e"), scored(), group)
    assert decision.reason == reason and decision.doubt == doubt
    words = {
        "few_agree": "too few photos",
        "positions": "2.3 km",
        "tie": "equal in all respects",
        "unsure": "0.3 and 0.8",
    }
    assert words[reason] in told(decision, group)


def test_the_review_entry_of_another_lone_photo_is_not_taken_for_this_one() -> None:
    doubt = {"reason": "few_agree", "pair": ["a", "g", 0.9], "clusters": [0, None]}
    assert decide(("b", "f"), scored(), grouped([doubt])).doubt == {}
    assert decide(("b", "g"), scored(), grouped([doubt])).doubt == doubt


def test_a_best_pair_below_the_weak_threshold_is_called_so() -> None:
    group = grouped()
    decision = decide(("b", "f"), scored(), group)
    assert decision.reason == "below_weak" and "below the weak threshold of 0.3" in told(decision, group)


def test_without_a_pair_the_lists_of_the_descriptor_are_told() -> None:
    group = grouped()
    decision = decide(("g", "a"), scored(), group)
    assert decision.reason == "no_pairs" and decision.best_pair is None
    assert "No pair between the two sides was looked at." in told(decision, group)
    assert "lists 3 photos for a; the other is not one of them" in told(decision, group)


def test_ranks_count_from_one_by_falling_score() -> None:
    ranks = {
        listing.name: (listing.rank, listing.length) for listing in decide(("a", "c"), scored(), grouped()).listings
    }
    assert ranks == {"a": (2, 3), "c": (None, 1)}


# -- decisions --------------------------------------------------------------------------------------------------------


def test_a_must_link_between_the_two_is_named() -> None:
    group = grouped(must_link=(("b", "x"), ("a", "c")))
    decision = decide(("a", "c"), scored(), group)
    assert decision.decided == ["must_link 2 of decisions.json: a and c show one building"]
    assert decision.chain[0].decision == "must_link 2" and "decided" in short_chain(decision)


def test_a_cannot_link_between_the_clusters_is_the_reason() -> None:
    group = grouped(cannot_link=(("g", "f"), ("e", "b")))
    decision = decide(("a", "d"), scored(), group)
    assert decision.reason == "decision"
    assert decision.decided == ["cannot_link 2 of decisions.json: e and b show two buildings"]
    assert "A person decided so." in told(decision, group)


def test_a_cannot_link_holds_through_a_photo_that_is_gone() -> None:
    group = grouped(must_link=(("a", "gone"),), cannot_link=(("gone", "d"),))
    assert decide(("b", "e"), scored(), group).reason == "decision"


def test_a_locked_cluster_is_the_reason_only_where_a_pair_would_have_joined() -> None:
    lock = (DecidedCluster(("a", "b", "c"), "Town hall", True),)
    would, would_not = (
        decide(("a", "d"), scored(), grouped(clusters=lock)),
        decide(("a", "g"), scored(), grouped(clusters=lock)),
    )
    assert would.reason == "decision" and would_not.reason == "no_pairs"
    assert "(Town hall)" in would.decided[0] and would_not.decided == would.decided


def test_photos_that_stand_in_no_cluster_are_said_to_be_unknown() -> None:
    decision = decide(("a", "nowhere"), scored(), grouped())
    assert decision.is_together is None and decision.clusters == ("0", None)
    assert headline(MEASURES, decision).startswith("Buildings not known")


def test_two_photos_that_are_both_alone_are_not_together() -> None:
    decision = decide(("f", "g"), scored(), grouped())
    assert decision.is_together is False and headline(MEASURES, decision).startswith("Both alone")
