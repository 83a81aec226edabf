"""The review without HTTP: what actions do to clusters and decisions, and what restarts find."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clustering.corrections import LinkChange
from stages.cluster import create_clusters
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.clusters import read_clusters
from storage.formats.decisions import DecidedCluster, Decisions, read_decisions, write_decisions
from storage.formats.review import ReviewJournal
from tests.web.review.drawn_work import cluster_settings, groups_of
from web.review.answers import key_of
from web.review.asking import list_questions
from web.review.changes import Change
from web.review.history import Done
from web.review.regroup import Regrouping
from web.review.requests import ConflictError
from web.review.review import Folders, Review
from web.review.written import Differences


def do(review: Review, action: str, **request: Any) -> Done:
    return review.session.do(review.bonds, {"action": action} | request)


def decisions_of(folders: Folders) -> Decisions:
    return read_decisions(folders.results_dir / "decisions.json")


def name(review: Review, photo: int) -> str:
    return review.state.names[photo]


def largest(review: Review) -> int:
    """Give the cluster with most photos: four at least."""
    members = review.state.members
    number = max(members, key=lambda number: len(members[number]))
    assert len(members[number]) >= 4
    return number


# -- actions ----------------------------------------------------------------------------------------------------------


def test_nothing_is_written_before_something_is_done(review: Review, folders: Folders) -> None:
    assert not (folders.results_dir / "decisions.json").exists()
    assert not (folders.results_dir / "review.jsonl").exists()


def test_a_merge_keeps_the_number_of_the_larger_cluster_and_links_two_photos(review: Review, folders: Folders) -> None:
    sizes = {number: len(photos) for number, photos in review.state.members.items()}
    larger, smaller = sorted(sizes, key=lambda number: -sizes[number])[:2]
    done = do(review, "merge", clusters=[str(smaller), str(larger)])
    assert done.clusters == [larger] and done.removed == [smaller]
    (link,) = decisions_of(folders).must_link
    assert len(link) == 2


def test_names_and_notes_go_along_with_a_merge(review: Review, folders: Folders) -> None:
    do(review, "name", cluster="1", name="Mill")
    do(review, "note", cluster="1", text="left wing")
    do(review, "note", cluster="0", text="right wing")
    do(review, "merge", clusters=["0", "1"])
    (cluster,) = decisions_of(folders).clusters
    assert cluster.name == "Mill" and cluster.note == "right wing\nleft wing"
    review.session.undo()
    assert {(cluster.name, cluster.note) for cluster in decisions_of(folders).clusters} == {
        ("Mill", "left wing"),
        (None, "right wing"),
    }


def test_a_split_founds_a_cluster_of_a_new_number_and_keeps_it_apart(review: Review, folders: Folders) -> None:
    former, number = largest(review), review.state.next_number
    photos = review.state.photos(former)
    done = do(review, "split", cluster=str(former), photos=photos[:2])
    assert done.clusters == [former, number] and review.state.photos(number) == photos[:2]
    assert len(decisions_of(folders).cannot_link) == 1


def test_a_split_that_leaves_one_photo_leaves_no_cluster(review: Review) -> None:
    photos = review.state.photos(0)
    done = do(review, "split", cluster="0", photos=photos[1:])
    assert 0 in done.removed and review.state.group(photos[0]) == [photos[0]]


def test_a_later_action_takes_back_what_stands_against_it(review: Review, folders: Folders) -> None:
    number = largest(review)
    photos = review.state.photos(number)
    do(review, "split", cluster=str(number), photos=photos[:2])
    do(review, "merge", clusters=[str(number), str(review.state.owner[photos[0]])])
    assert not decisions_of(folders).cannot_link


def test_a_photo_that_was_made_single_is_kept_from_its_cluster(review: Review, folders: Folders) -> None:
    photos = review.state.photos(0)
    do(review, "single", photos=[photos[0]])
    assert any(name(review, photos[0]) in pair for pair in decisions_of(folders).cannot_link)
    Regrouping(review).apply()
    assert name(review, photos[0]) in read_clusters(folders.results_dir / "clusters.json")["-1"]


def test_a_locked_cluster_is_not_changed(review: Review) -> None:
    do(review, "lock", cluster="0", locked=True)
    photos = review.state.photos(0)
    for request in (
        {"action": "merge", "clusters": ["0", "1"]},
        {"action": "split", "cluster": "0", "photos": photos[:1]},
        {"action": "move", "photos": [photos[0]], "to": "1"},
        {"action": "move", "photos": [review.state.photos(1)[0]], "to": "0"},
        {"action": "single", "photos": [photos[0]]},
    ):
        with pytest.raises(ConflictError, match="locked"):
            review.session.do(review.bonds, request)
    do(review, "lock", cluster="0", locked=False)
    do(review, "merge", clusters=["0", "1"])


def test_a_name_belongs_to_one_cluster(review: Review) -> None:
    do(review, "name", cluster="0", name="Mill")
    with pytest.raises(ConflictError, match="already"):
        do(review, "name", cluster="1", name="Mill")


def test_what_stands_for_a_cluster_goes_with_the_photo(review: Review) -> None:
    photos = review.state.photos(0)
    do(review, "representative", cluster="0", photo=photos[0])
    do(review, "move", photos=[photos[0]], to="1")
    assert review.state.setting("representatives", 0) is None


# -- answers ----------------------------------------------------------------------------------------------------------


def test_the_same_joins_and_different_keeps_apart(review: Review, folders: Folders) -> None:
    one, two = review.state.photos(0)[0], review.state.photos(1)[0]
    key = key_of(review.state, (one, two))
    do(review, "answer", key=key, answer="different")
    assert decisions_of(folders).cannot_link == ((name(review, one), name(review, two)),)
    do(review, "answer", key=key, answer="same")
    assert review.state.owner[one] == review.state.owner[two] and not decisions_of(folders).cannot_link
    assert review.session.num_answers == 2


def test_different_within_a_cluster_parts_it_between_the_two(review: Review) -> None:
    one, two = review.state.photos(0)[:2]
    do(review, "answer", key=key_of(review.state, (one, two)), answer="different")
    assert review.state.place(one) != review.state.place(two)


def test_what_was_confirmed_is_not_asked_again(review: Review) -> None:
    asked = []
    for _ in range(40):
        item = next(review.fresh_queue().items(), None)
        if item is None:
            break
        assert frozenset(item.pair) not in asked
        asked.append(frozenset(item.pair))
        do(review, "answer", key=key_of(review.state, item.pair), answer="same" if len(asked) % 3 else "different")
    assert len(asked) > 3


def test_a_queue_of_true_answers_ends(review: Review) -> None:
    from tests.web.review.drawn_work import true_groups

    true = true_groups()
    for _ in range(100):
        item = next(review.fresh_queue().items(), None)
        if item is None:
            return
        said = "same" if true[item.pair[0]] == true[item.pair[1]] else "different"
        do(review, "answer", key=key_of(review.state, item.pair), answer=said)
    raise AssertionError("the queue did not end")


# -- restarts ---------------------------------------------------------------------------------------------------------


def test_decisions_that_were_edited_by_hand_hold_as_they_are(review: Review, folders: Folders) -> None:
    do(review, "name", cluster="0", name="Mill")
    do(review, "merge", clusters=["1", "2"])
    photo = review.state.photos(0)[0]
    pair = name(review, photo), name(review, review.state.singletons()[0])
    edited = Decisions((), (pair,), (DecidedCluster((pair[0],), "Church"),))
    write_decisions(folders.results_dir / "decisions.json", edited)
    again = Review(folders)
    assert again.state.setting("name", again.state.owner[photo]) == "Church"
    assert again.state.decisions().cannot_link == edited.cannot_link and not again.state.decisions().must_link
    do(again, "note", cluster=str(again.state.owner[photo]), text="x")
    assert decisions_of(folders).cannot_link == edited.cannot_link


def test_decisions_that_contradict_each_other_are_named(review: Review, folders: Folders) -> None:
    pair = name(review, 0), name(review, 1)
    write_decisions(folders.results_dir / "decisions.json", Decisions((pair,), (pair,)))
    with pytest.raises(UsageError, match="contradicts itself"):
        Review(folders)


def test_what_fits_no_cluster_stays_in_the_file(review: Review, folders: Folders) -> None:
    lost = DecidedCluster(("gone.jpg",), "Gone")
    write_decisions(folders.results_dir / "decisions.json", Decisions(clusters=(lost,)))
    again = Review(folders)
    do(again, "name", cluster="0", name="Mill")
    assert lost in decisions_of(folders).clusters


def test_clusters_that_were_made_anew_are_taken_as_they_are(review: Review, folders: Folders) -> None:
    do(review, "merge", clusters=["0", "1"])
    create_clusters(cluster_settings(folders))
    again = Review(folders)
    made = read_clusters(folders.results_dir / "clusters.json")
    assert {frozenset(names) for key, names in made.items() if key != "-1"} <= groups_of(again)
    assert again.session.num_unapplied == 0 and again.session.num_actions == 1


def test_what_cannot_be_undone_any_more_is_not_offered(review: Review, folders: Folders) -> None:
    do(review, "merge", clusters=["0", "1"])
    path = folders.results_dir / "clusters.json"
    clusters = json.loads(path.read_text())
    clusters["77"] = clusters.pop("0")
    path.write_text(json.dumps(clusters))
    again = Review(folders)
    assert again.session.can_undo is None
    with pytest.raises(ConflictError, match="nothing to undo"):
        again.session.undo()


def test_a_number_is_never_given_twice(review: Review, folders: Folders) -> None:
    photos, number = review.state.photos(0), review.state.next_number
    do(review, "split", cluster="0", photos=photos[:2])
    review.session.undo()
    again = Review(folders)
    do(again, "split", cluster="0", photos=photos[:2])
    assert again.state.owner[photos[0]] == number + 1


def test_actions_are_kept_until_clusters_are_written(review: Review, folders: Folders) -> None:
    do(review, "merge", clusters=["0", "1"])
    assert Review(folders).session.num_unapplied == 1
    Regrouping(review).apply()
    again = Review(folders)
    assert again.session.num_unapplied == 0 and groups_of(again) == groups_of(review)
    assert again.session.can_undo == "merge into building 0"


def test_an_undo_after_applying_is_obeyed_by_the_next(review: Review, folders: Folders) -> None:
    before = groups_of(review)
    do(review, "merge", clusters=["0", "1"])
    Regrouping(review).apply()
    review.session.undo()
    assert groups_of(review) == before
    Regrouping(review).apply()
    assert groups_of(Review(folders)) == before


def test_a_journal_of_another_program_is_refused(folders: Folders) -> None:
    (folders.results_dir / "review.jsonl").write_text("{}\n")
    with pytest.raises(DamagedFileError, match="move it away"):
        Review(folders)


def test_an_action_that_cannot_be_written_did_not_happen(
    review: Review, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = groups_of(review)

    def fail(journal: ReviewJournal, line: object) -> None:
        raise StageError("cannot write: No space left on device")

    monkeypatch.setattr(ReviewJournal, "add", fail)
    with pytest.raises(StageError, match="No space left"):
        do(review, "merge", clusters=["0", "1"])
    assert groups_of(review) == before and review.session.num_actions == 0 and not review.state.links.together


def test_photos_are_never_touched(review: Review, folders: Folders) -> None:
    def look() -> dict[Path, tuple[int, int]]:
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in folders.image_dir.rglob("*")}

    before = look()
    do(review, "merge", clusters=["0", "1"])
    review.collection.picture(0, 160)
    Regrouping(review).apply()
    assert look() == before


def test_a_call_may_wait_for_the_pairs_while_it_holds_the_lock(review: Review) -> None:
    with review.session.lock:
        review.start()
        assert review.bonds.num_photos == review.state.num_photos
    review.end()
    assert len(review.fresh_queue()) > 0


def test_an_action_that_was_taken_back_leaves_nothing_to_write(review: Review) -> None:
    do(review, "merge", clusters=["0", "1"])
    review.session.undo()
    assert review.session.num_unapplied == 0 and not review.session.touched
    review.session.redo()
    assert review.session.num_unapplied == 1 and review.session.touched == {0, 1}


def test_taking_back_what_was_written_is_to_be_written(review: Review, folders: Folders) -> None:
    do(review, "merge", clusters=["0", "1"])
    Regrouping(review).apply()
    review.session.undo()
    assert review.session.num_unapplied == 1 and review.session.touched == {0, 1}
    assert Review(folders).session.num_unapplied == 1 and Review(folders).session.touched == {0, 1}
    review.session.redo()
    assert review.session.num_unapplied == 0 and not review.session.touched


def test_another_action_in_place_of_a_written_one_counts_twice(review: Review) -> None:
    do(review, "name", cluster="0", name="Mill")
    Regrouping(review).apply()
    review.session.undo()
    do(review, "name", cluster="0", name="Tower")
    assert review.session.num_unapplied == 2 and review.session.touched == {0}


def test_thresholds_that_were_taken_back_leave_no_trace(review: Review, folders: Folders) -> None:
    before = list_questions(review, 0, 1000)
    written = read_clusters(folders.results_dir / "clusters.json")
    regrouping = Regrouping(review)
    regrouping.take({"strong": 0.95, "weak": 0.3})
    assert list_questions(review, 0, 1000) != before
    regrouping.undo()
    assert read_clusters(folders.results_dir / "clusters.json") == written
    assert list_questions(review, 0, 1000) == before
    assert review.session.num_unapplied == 0 and not review.session.touched
    regrouping.redo()
    assert read_clusters(folders.results_dir / "clusters.json") != written


def test_a_reason_goes_by_the_thresholds_that_hold(review: Review) -> None:
    Regrouping(review).take({"strong": 0.95, "weak": 0.3})
    review.session.undo()  # not written yet: what clusters_info.json says is about other thresholds
    strong = review.thresholds[0] if review.thresholds else 0.0
    items = list_questions(review, 0, 1000)["items"]
    assert strong == 0.8 and items
    assert all(item["score"] < strong for item in items if item["reason"] == "unsure")


def test_a_link_that_is_removed_twice_and_added_again_is_as_it_was() -> None:
    differences, pair = Differences(), (0, 1)
    differences.take(Change(links=LinkChange(added_apart=(pair,))))
    assert differences.is_linked([1])
    differences.take(Change(links=LinkChange(removed_apart=(pair, pair))))
    assert not differences.is_linked([1])
