"""Whatever a person does, in whatever order, with kills and restarts: no photo is lost and every decision holds."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from stages.cluster import create_clusters
from storage.errors import StageError
from storage.formats.clusters import SINGLETONS_KEY, read_clusters
from storage.formats.decisions import read_decisions
from tests.web.review.drawn_work import NUM_PHOTOS, copy_results, groups_of
from web.review import cards, lists
from web.review.answers import key_of
from web.review.asking import list_questions
from web.review.changes import ALONE
from web.review.regroup import Regrouping
from web.review.review import Folders, Review

photos = st.lists(st.integers(0, NUM_PHOTOS - 1), min_size=1, max_size=5, unique=True)
places = st.integers(0, 30)
Snapshot = tuple[Any, ...]


def file_groups(folders: Folders) -> set[frozenset[str]]:
    """Give the groups of clusters.json, photos that are alone too."""
    clusters = read_clusters(folders.results_dir / "clusters.json")
    alone = {frozenset([name]) for name in clusters.pop(SINGLETONS_KEY)}
    return alone | {frozenset(names) for names in clusters.values()}


def shown(review: Review) -> Snapshot:
    """Give what the page shows of a review: numbers, questions, clusters; not what could be done again."""
    for number in sorted(review.state.members):
        review.fresh_queue().look_inside(number)
    overview = cards.overview(review) | {"title": "", "can_redo": None}
    queue = list_questions(review, 0, 1000)
    grid = lists.list_cards(review, "doubt", "desc", "", "all", 0, 1000)
    whole = [cards.cluster_card(review, number) for number in sorted(review.state.members)]
    return overview, queue, grid, lists.list_cards(review, "size", "desc", "", "changed", 0, 1000), whole


class ReviewMachine(RuleBasedStateMachine):
    """A person at work, with a memory of how everything was before each action."""

    template: Folders

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.folders = copy_results(self.template, self.folder / "results")
        self.review = Review(self.folders)
        self.as_written = copy_results(self.folders, self.folder / "as written")
        self.before: list[Snapshot] = []
        self.after: list[Snapshot] = []

    def teardown(self) -> None:
        self.review.end()
        shutil.rmtree(self.folder)

    # -- looking ------------------------------------------------------------------------------------------------------

    def look(self) -> Snapshot:
        state = self.review.state
        set_values = {kind: dict(values) for kind, values in state.settings.items() if values and kind != "answer"}
        links = {frozenset(link) for link in state.links.together}
        apart = {frozenset(pair) for pair in state.links.apart}
        return list(state.owner), json.loads(json.dumps(set_values, default=str, skipkeys=True)), links, apart

    def number(self, place: int) -> str:
        numbers = sorted(self.review.state.members)
        return str(numbers[place % len(numbers)]) if numbers else "0"

    def do(self, **request: Any) -> None:
        before = self.look()
        try:
            self.review.session.do(self.review.bonds, request)
        except StageError:
            assert self.look() == before, "an action that was refused changed something"
            return
        self.before.append(before)
        self.after.clear()

    # -- doing --------------------------------------------------------------------------------------------------------

    @rule(one=places, two=places, alone=st.lists(st.integers(0, NUM_PHOTOS - 1), max_size=2))
    def merge(self, one: int, two: int, alone: list[int]) -> None:
        self.do(action="merge", clusters=[self.number(one), self.number(two)], photos=alone)

    @rule(place=places, count=st.integers(1, 4))
    def split(self, place: int, count: int) -> None:
        number = self.number(place)
        chosen = self.review.state.photos(int(number))
        self.do(action="split", cluster=number, photos=chosen[-count:])

    @rule(chosen=photos, place=places, is_new=st.booleans())
    def move(self, chosen: list[int], place: int, is_new: bool) -> None:
        self.do(action="move", photos=chosen, to="new" if is_new else self.number(place))

    @rule(chosen=photos)
    def single(self, chosen: list[int]) -> None:
        self.do(action="single", photos=chosen)

    @rule(place=places, text=st.sampled_from(["Mill", "Town hall", "", "<b>"]))
    def name(self, place: int, text: str) -> None:
        self.do(action="name", cluster=self.number(place), name=text)

    @rule(place=places, is_locked=st.booleans())
    def lock(self, place: int, is_locked: bool) -> None:
        self.do(action="lock", cluster=self.number(place), locked=is_locked)

    @rule(place=places, text=st.sampled_from(["look again", ""]))
    def note(self, place: int, text: str) -> None:
        self.do(action="note", cluster=self.number(place), text=text)

    @rule(photo=st.integers(0, NUM_PHOTOS - 1), is_placed=st.booleans())
    def place_photo(self, photo: int, is_placed: bool) -> None:
        self.do(action="place", photos=[photo], position=[43.0, 5.5] if is_placed else None)

    @rule(photo=st.integers(0, NUM_PHOTOS - 1), is_on=st.booleans())
    def represent(self, photo: int, is_on: bool) -> None:
        number = str(self.review.state.owner[photo])
        self.do(action="representative", cluster=number, photo=photo, is_representative=is_on)

    @rule(place=places, answer=st.sampled_from(["same", "different", "unsure"]))
    def answer(self, place: int, answer: str) -> None:
        items = list(self.review.fresh_queue().items())
        if items:
            key = key_of(self.review.state, items[place % len(items)].pair)
            self.do(action="answer", key=key, answer=answer)

    @precondition(lambda self: self.before)
    @rule()
    def undo_everything(self) -> None:
        for _ in range(len(self.before)):
            self.undo()
        fresh = Review(copy_results(self.as_written, self.folder / f"fresh {len(list(self.folder.iterdir()))}"))
        for now, then in zip(shown(self.review), shown(fresh), strict=True):
            assert now == then, "what is shown is not what it was before anything was done"

    @precondition(lambda self: self.before)
    @rule()
    def undo(self) -> None:
        self.after.append(self.look())
        self.review.session.undo()
        assert self.look() == self.before.pop(), "undo did not restore what was before"

    @precondition(lambda self: self.after)
    @rule()
    def redo(self) -> None:
        self.before.append(self.look())
        self.review.session.redo()
        assert self.look() == self.after.pop(), "redo did not restore what was undone"

    # -- ends and beginnings ------------------------------------------------------------------------------------------

    @rule()
    def restart(self) -> None:
        before, effort = self.look(), self.review.session.num_actions
        can = self.review.session.can_undo, self.review.session.can_redo
        self.review = Review(self.folders)
        assert self.look() == before and self.review.session.num_actions == effort
        assert (self.review.session.can_undo, self.review.session.can_redo) == can

    @rule(cut=st.integers(1, 60))
    def kill_while_the_journal_is_written(self, cut: int) -> None:
        journal = self.folders.results_dir / "review.jsonl"
        if journal.exists():
            before = self.look()
            last = journal.read_bytes().splitlines()[-1]
            with open(journal, "ab") as file:
                file.write(last[:cut])
            self.review = Review(self.folders)
            assert self.look() == before

    @rule(place=places)
    def kill_before_the_decisions_are_written(self, place: int) -> None:
        path = self.folders.results_dir / "decisions.json"
        former = path.read_bytes() if path.exists() else None
        count = self.review.session.num_actions
        self.name(place, "Church")
        if self.review.session.num_actions == count:
            return
        before = self.look()
        if former is None:
            path.unlink()
        else:
            path.write_bytes(former)
        self.review = Review(self.folders)
        assert self.look() == before

    @rule()
    def apply(self) -> None:
        state, touched = self.review.state, set(self.review.session.touched)
        wanted = {frozenset(state.names[p] for p in state.photos(number)) for number in touched & state.members.keys()}
        Regrouping(self.review).apply()
        assert wanted <= groups_of(self.review), "a cluster that was changed by hand is not as it was left"
        assert file_groups(self.folders) == groups_of(self.review)
        assert self.review.session.num_unapplied == 0
        shutil.rmtree(self.as_written.results_dir)
        copy_results(self.folders, self.as_written.results_dir)
        self.before.clear()  # what applying added stays when actions before it are taken back
        self.after.clear()

    # -- what always holds --------------------------------------------------------------------------------------------

    @invariant()
    def every_photo_is_in_exactly_one_group(self) -> None:
        state = self.review.state
        listed = [photo for members in state.members.values() for photo in members] + state.singletons()
        assert sorted(listed) == list(range(NUM_PHOTOS))
        for number, members in state.members.items():
            assert len(members) > 1 and {state.owner[photo] for photo in members} == {number} and number != ALONE

    @invariant()
    def the_file_says_what_the_session_says(self) -> None:
        path = self.folders.results_dir / "decisions.json"
        if path.exists():
            found, wanted = read_decisions(path), self.review.state.decisions()
            assert set(found.must_link) == set(wanted.must_link) and set(found.cannot_link) == set(wanted.cannot_link)
            assert set(found.clusters) == set(wanted.clusters) and found.positions == dict(wanted.positions)

    @invariant()
    def no_link_is_against_the_groups(self) -> None:
        state = self.review.state
        assert all(len({state.place(photo) for photo in link}) == 1 for link in state.links.together)
        assert all(state.place(one) != state.place(two) for one, two in state.links.apart)


class AppliedMachine(ReviewMachine):
    """The same, and at the end create_clusters.py runs by itself on what was decided."""

    def teardown(self) -> None:
        Regrouping(self.review).apply()
        before = file_groups(self.folders)
        regrouping = Regrouping(self.review)
        (self.folders.results_dir / "clusters_info.json").unlink()  # so that it does run
        create_clusters(regrouping.settings())
        assert file_groups(self.folders) == before == groups_of(self.review)
        super().teardown()


# without shrinking, which takes minutes: a failure names the steps that led to it
OPTIONS = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)


@pytest.mark.parametrize("machine", [ReviewMachine, AppliedMachine])
def test_no_photo_is_lost_and_every_decision_holds(
    machine: type[ReviewMachine], drawn_work: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    # kills are drawn as files here; waiting for the disk thousands of times would show nothing more
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    machine.template = drawn_work
    run_state_machine_as_test(machine, settings=OPTIONS)
