"""A review that goes on across restarts: actions, undo and redo, each on the disk before it counts as done."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from clustering.bonds import Bonds
from clustering.constraints import ClashError, Decided, resolve
from stages.clustering.decisions import check_decisions
from storage.atomic import write_text
from storage.fingerprints import sha256_of_file
from storage.formats.clusters import CLUSTERS_NAME, read_clusters
from storage.formats.decisions import DECISIONS_NAME, Decisions, decisions_text, read_decisions
from storage.formats.review import REVIEW_NAME, ReviewJournal
from web.review.actions import compile_action
from web.review.changes import ALONE, Change, change_as_json, change_from_json
from web.review.history import Done, History, Step
from web.review.mending import mended
from web.review.news import News
from web.review.requests import ConflictError, Ground
from web.review.state import ReviewState
from web.review.written import Differences

NO_FILE = "none"


class ReviewSession:
    """The clusters of a results folder under review; safe to be used from several threads.

    Parameters
    ----------
    results_dir : Path
        Where ``clusters.json`` lies, and ``decisions.json`` and ``review.jsonl`` will.
    next_number : int
        The first number that no cluster has or had, as far as ``clusters_info.json`` tells.

    Attributes
    ----------
    state : ReviewState
        The clusters as they stand now; to be read under :attr:`lock`.
    news : News
        Which revision this is, greater after every change, also across restarts; what changed when.
    differences : Differences
        What is not as it was when clusters.json was written.
    stale_photos, stale_clusters : set of int
        What changed since the queue last looked; the queue empties them.

    Raises
    ------
    UsageError
        When decisions contradict each other.
    StageError
        When there are no clusters, or a file is damaged.
    """

    def __init__(self, results_dir: Path, image_dir: Path | None = None, next_number: int = 0) -> None:
        self.lock = threading.RLock()
        self._clusters_path = results_dir / CLUSTERS_NAME
        self._decisions_path = results_dir / DECISIONS_NAME
        self.state = ReviewState(read_clusters(self._clusters_path, image_dir), next_number)
        self.journal = ReviewJournal(results_dir / REVIEW_NAME)
        self.base_sha256 = sha256_of_file(self._clusters_path)
        self._history = History()
        self._is_based = False
        self.differences = Differences()
        self.stale_photos: set[int] = set()
        self.stale_clusters: set[int] = set()
        self.news = News(self.lock, len(self.journal.lines))
        self._replay()

    # -- beginning ----------------------------------------------------------------------------------------------------

    def _replay(self) -> None:
        """Do again what was done since the clusters were written, and take over what decisions.json says."""
        lines = self.journal.lines
        based = [place for place, line in enumerate(lines) if line.get("line") == "base"]
        begin = based[-1] if based and lines[based[-1]].get("clusters_sha256") == self.base_sha256 else len(lines)
        self._is_based = begin < len(lines)
        steps = [self._step(line) for line in lines]
        for place, (line, step) in enumerate(zip(lines, steps, strict=True)):
            if place == begin:
                self._history.mark_written()
            if step is None:
                continue
            self._history.take(line, step)
            for each in step.change.settings:
                if each.kind in ("answer", "thresholds"):
                    self.state.settings.setdefault(each.kind, {})[each.subject] = each.after
            if place > begin and self.state.may_apply(step.change):
                self.state.move(step.change)
                self.differences.take(step.change)
        if not self._is_based:
            self._history.mark_written()
        numbers = [move.target + 1 for step in steps if step is not None for move in step.change.moves]
        self.state.next_number = max([self.state.next_number, *numbers])
        self._take_decisions(lines, steps)

    def _step(self, line: Mapping[str, Any]) -> Step | None:
        if line.get("line") not in ("do", "undo", "redo", "settle"):
            return None
        return Step(str(line["label"]), str(line["kind"]), change_from_json(line["change"], self.state.photo_of))

    def _take_decisions(self, lines: Sequence[Mapping[str, Any]], steps: Sequence[Step | None]) -> None:
        """Read decisions.json; do the last action again where a kill kept it from the file.

        A file that is neither as the journal left it nor as before was edited by hand, and holds as it is.
        """
        found = sha256_of_file(self._decisions_path) if self._decisions_path.exists() else NO_FILE
        decisions = read_decisions(self._decisions_path) if found != NO_FILE else Decisions()
        check_decisions(decisions, self._decisions_path)
        self.state.take_decisions(decisions)
        written = [line.get("decisions_sha256") for line in lines if "decisions_sha256" in line]
        former = [line.get("former_sha256") for line in lines if "decisions_sha256" in line]
        last = next((step for step in reversed(steps) if step is not None), None)
        if written and last is not None and found not in (written[-1],) and found == former[-1]:
            kept = [each for each in last.change.settings if each.kind not in ("answer", "thresholds")]
            self.state.apply(Change((), tuple(kept), last.change.links))
            self._write_decisions(decisions_text(self.state.decisions()))
            return
        self._decisions_sha256 = found

    # -- what can be done ---------------------------------------------------------------------------------------------

    def do(self, bonds: Bonds, request: Mapping[str, Any]) -> Done:
        """Do an action of :data:`web.review.actions.ACTIONS`.

        Raises
        ------
        UsageError
            When the request is wrong.
        ConflictError
            When it does not fit the clusters, or the decisions that hold.
        StageError
            When it cannot be written; nothing has changed then.
        """
        with self.lock:
            action = compile_action(Ground(self.state, bonds), request)
            return self._make("do", Step(action.label, str(request["action"]), action.change))

    def change(self, kind: str, label: str, change: Change) -> Done:
        """Make a change that was found elsewhere, as an action that can be undone."""
        with self.lock:
            return self._make("do", Step(label, kind, change))

    def settle(self, change: Change) -> Done:
        """Make a change that follows from the actions before, and cannot be undone by itself."""
        with self.lock:
            return self._make("settle", Step("apply", "settle", mended(self.state, change)))

    def undo(self) -> Done:
        """Take the last action back.

        Raises
        ------
        ConflictError
            When there is none, or the clusters were made anew since.
        """
        with self.lock:
            if self.can_undo is None:
                raise ConflictError("there is nothing to undo")
            step = self._history.done[-1]
            return self._make("undo", Step(step.label, step.kind, mended(self.state, step.change.inverse())))

    def redo(self) -> Done:
        """Do again what was taken back last; see :meth:`undo`."""
        with self.lock:
            if self.can_redo is None:
                raise ConflictError("there is nothing to do again")
            step = self._history.undone[-1]
            return self._make("redo", Step(step.label, step.kind, mended(self.state, step.change.inverse())))

    @property
    def can_undo(self) -> str | None:
        """What would be undone; None for nothing."""
        return self._possible(self._history.done)

    @property
    def can_redo(self) -> str | None:
        """What would be done again; None for nothing."""
        return self._possible(self._history.undone)

    def _possible(self, steps: Sequence[Step]) -> str | None:
        return steps[-1].label if steps and self.state.may_apply(steps[-1].change.inverse()) else None

    @property
    def num_actions(self) -> int:
        """Actions that were done and not taken back, answers included: the effort that the clusters needed."""
        return len(self._history.done)

    @property
    def num_answers(self) -> int:
        """Answers among them."""
        return sum(step.kind == "answer" for step in self._history.done)

    @property
    def touched(self) -> set[int]:
        """Clusters that are not as they were when clusters.json was written."""
        return self.differences.clusters

    @property
    def last_kind(self) -> tuple[str | None, str | None]:
        """What kind of action would be undone, and done again."""
        done, undone = self._history.done, self._history.undone
        return (done[-1].kind if done else None), (undone[-1].kind if undone else None)

    @property
    def num_unapplied(self) -> int:
        """Actions that clusters.json lacks, and those that it holds and that were taken back."""
        return self._history.num_unapplied

    # -- making a change ----------------------------------------------------------------------------------------------

    def _make(self, kind: str, step: Step) -> Done:
        change = step.change
        before = {number for number in change.clusters() if number in self.state.members}
        self.state.apply(change)
        try:
            text = self._checked_text()
            self._add_lines(kind, step, text)
        except BaseException:
            self.state.apply(change.inverse())
            raise
        self._history.take({"line": kind}, step)
        self.differences.take(change)
        concerned = change.clusters()
        self._mark_stale(change)
        done = self._announce(step.label, concerned, before)
        self._write_decisions(text)
        return done

    def _mark_stale(self, change: Change) -> None:
        """Remember which photos and clusters the queue has to look at again."""
        linked = (*change.links.added_together, *change.links.removed_together)
        photos = {photo for photos in (*(move.photos for move in change.moves), *linked) for photo in photos}
        there = {photo for photo in photos if photo < self.state.num_photos}
        self.stale_clusters |= change.clusters() | {self.state.owner[photo] for photo in there} - {ALONE}
        moved = {number for move in change.moves for number in (move.source, move.target)}
        rest = (self.state.members.get(number, set()) for number in moved)
        self.stale_photos.update(*(move.photos for move in change.moves), *rest)

    def _announce(self, label: str, concerned: set[int], before: set[int]) -> Done:
        self.news.add(concerned)
        standing = sorted(number for number in concerned if number in self.state.members)
        return Done(self.news.revision, label, standing, sorted(before - set(standing)))

    def _checked_text(self) -> str:
        state = self.state
        locked = [state.photos(number) for (number,) in state.settings.get("lock", {}) if number in state.members]
        try:
            resolve(Decided(list(state.links.together), list(state.links.apart), locked), state.num_photos)
        except ClashError:
            raise ConflictError(
                "this contradicts what was decided before, also about photos that are gone; look at decisions.json"
            ) from None
        return decisions_text(state.decisions())

    def _add_lines(self, kind: str, step: Step, text: str) -> None:
        if not self._is_based:
            self.journal.add({"line": "base", "clusters_sha256": self.base_sha256})
            self._is_based = True
        self.journal.add(
            {
                "line": kind,
                "time": datetime.now(UTC).isoformat(timespec="seconds"),
                "kind": step.kind,
                "label": step.label,
                "change": change_as_json(step.change, self.state.name_of),
                "former_sha256": self._decisions_sha256,
                "decisions_sha256": _sha256(text),
            }
        )

    def _write_decisions(self, text: str) -> None:
        digest = _sha256(text)
        if digest != getattr(self, "_decisions_sha256", None):
            write_text(self._decisions_path, text)
        self._decisions_sha256 = digest

    # -- clusters.json ------------------------------------------------------------------------------------------------

    def rebase(self, clusters_sha256: str) -> None:
        """Account for a ``clusters.json`` that holds the clusters as they stand."""
        with self.lock:
            self.journal.add({"line": "base", "clusters_sha256": clusters_sha256})
            self.base_sha256, self._is_based = clusters_sha256, True
            self._history.mark_written()
            self.differences = Differences()
            self.news.add()


def _sha256(text: str) -> str:
    return sha256(text.encode("utf-8")).hexdigest()
