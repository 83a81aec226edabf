"""Thresholds tried out and taken, and corrections applied: the graph stage of create_clusters.py, run from the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from clustering.constraints import ClashError, Decided, resolve
from clustering.corrections import LinkChange, Links, settle_links
from clustering.numbering import carry_numbers
from stages.cluster import Numbered, create_clusters
from stages.recluster import Prepared, group_prepared, prepare, settings_of
from stages.settings.pipeline import ClusterSettings
from storage.errors import UsageError
from storage.fingerprints import sha256_of_file
from storage.formats.clusters import CLUSTERS_NAME
from web.review.changes import ALONE, Change, Move, Setting
from web.review.mending import mended
from web.review.requests import ConflictError
from web.review.review import Review
from web.review.session import Done

MAX_ROUNDS = 8
MAX_LISTED = 100
Groups = tuple[list[list[int]], list[int]]


class Regrouping:
    """The graph stage for one review.

    Parameters
    ----------
    review : Review
        The review.
    """

    def __init__(self, review: Review) -> None:
        self._review = review
        self._prepared: Prepared | None = None
        self._read_for: tuple[Any, ...] = ()

    # -- thresholds ---------------------------------------------------------------------------------------------------

    def preview(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Say what clusters other thresholds would make; nothing is changed or written.

        Raises
        ------
        UsageError
            When a threshold is missing or out of range.
        """
        groups = self._group(_thresholds(request))
        state = self._review.state
        made = _numbers_of(groups, state.num_photos)
        joined = [_joined(self._review, photos) for photos in groups[0]]
        joined = [each for each in joined if len(each["pieces"]) + len(each["photos"]) > 1]
        parted = []
        for number in sorted(state.members):
            into: dict[int, list[int]] = {}
            for photo in state.photos(number):
                into.setdefault(made[photo], []).append(photo)
            if len(into) > 1:
                parted.append({"cluster": str(number), "into": sorted(into.values(), key=lambda side: -len(side))})
        return {
            "clusters": len(groups[0]),
            "singletons": len(groups[1]),
            "num_joined": len(joined),
            "num_parted": len(parted),
            "joined": joined[:MAX_LISTED],
            "parted": parted[:MAX_LISTED],
        }

    def take(self, request: Mapping[str, Any]) -> Done:
        """Group the photos by other thresholds, and apply; one action, which can be undone."""
        thresholds = _thresholds(request)
        review, session, state = self._review, self._review.session, self._review.state
        groups = self._group(thresholds)
        with session.lock:
            setting = Setting("thresholds", (), review.thresholds, list(thresholds))
            change = mended(state, Change(_moves(self._review, groups), (setting,)))
            done = session.change("thresholds", f"thresholds {thresholds[0]:g} and {thresholds[1]:g}", change)
            self.apply()
            return replace(done, revision=session.news.revision)

    def undo(self) -> Done:
        """Take the last action back, and apply: what other thresholds made was written, so the former is, too."""
        return self._step(self._review.session.undo)

    def redo(self) -> Done:
        """Do again what was taken back last, and apply."""
        return self._step(self._review.session.redo)

    def _step(self, step: Callable[[], Done]) -> Done:
        session = self._review.session
        self._group(self._chosen())  # what takes long to read is read before anything waits
        with session.lock:
            done = step()
            self.apply()
            return replace(done, revision=session.news.revision)

    # -- applying -----------------------------------------------------------------------------------------------------

    def apply(self) -> dict[str, Any]:
        """Write clusters.json as the clusters stand, by the graph stage and what was decided.

        Where the pairs say otherwise than the clusters that a person has changed, decisions are added until they make
        these clusters; others are as the graph stage makes them.

        Returns
        -------
        dict
            The counts of the run report.

        Raises
        ------
        StageError
            When another program works on the results, or photos were added or removed since the review began.
        """
        review, session = self._review, self._review.session
        self._group(self._chosen())  # what takes long to read is read before anything waits
        with session.lock:
            groups = self._settled()
            moves = _moves(review, groups)
            if moves:
                session.settle(Change(moves))
            clusters = {
                number: [review.state.names[p] for p in review.state.photos(number)] for number in review.state.members
            }
            report = create_clusters(self.settings(), Numbered(clusters, review.state.next_number))
            session.rebase(sha256_of_file(review.folders.results_dir / CLUSTERS_NAME))
            review.read_info()
            return dict(report.counts)

    def _settled(self) -> Groups:
        """Add decisions until the graph stage makes the clusters that a person has changed."""
        session, state = self._review.session, self._review.state
        wanted, changed = [state.photos(number) for number in sorted(state.members)], session.touched
        touched = {row for row, number in enumerate(sorted(state.members)) if number in changed}
        for photo in state.singletons():
            if photo in session.differences.owners:
                touched.add(len(wanted))
            wanted.append([photo])
        groups = self._group(self._chosen())
        for _ in range(MAX_ROUNDS):
            made = _numbers_of(groups, state.num_photos)
            missing = settle_links(state.links, wanted, made, touched.__contains__)
            missing = _possible(state.links, missing, state.num_photos)
            if not missing:
                break
            touched |= {row for row, photos in enumerate(wanted) if tuple(photos) in set(missing.added_together)}
            session.settle(Change(links=missing))
            groups = self._group(self._chosen())
        return groups

    # -- the graph stage ----------------------------------------------------------------------------------------------

    def _chosen(self) -> tuple[float, float] | None:
        chosen = self._review.state.setting("thresholds")
        return None if chosen is None else (float(chosen[0]), float(chosen[1]))

    def settings(self) -> ClusterSettings:
        """Give the settings of the stage: those that the clusters were made with, and the thresholds taken since."""
        review, folders = self._review, self._review.folders
        settings = ClusterSettings(
            image_dir=folders.image_dir,
            outputs_dir=folders.outputs_dir,
            results_dir=folders.results_dir,
            follow_links=folders.follow_links,
        )
        settings = settings_of(review.info, settings)
        chosen = self._chosen()
        if chosen is not None:
            settings = replace(settings, strong_edg_thresh=chosen[0], weak_edg_thresh=chosen[1])
        return settings

    def _group(self, thresholds: tuple[float, float] | None) -> Groups:
        state = self._review.state
        settings = replace(self.settings(), strong_edg_thresh=None, weak_edg_thresh=None)
        if self._prepared is None or self._read_for != self._mark(settings):
            self._prepared, self._read_for = prepare(settings), self._mark(settings)
        if self._prepared.names != state.names[: state.num_photos]:
            self._prepared = None
            raise ConflictError(
                "photos were added or removed since the clusters were made: run create_clusters.py, then start the "
                "review again"
            )
        info = self._review.info.get("settings", {})
        if thresholds is None and info:
            thresholds = float(info["strong_edg_thresh"]), float(info["weak_edg_thresh"])
        with self._review.session.lock:
            decisions = state.decisions()
        return group_prepared(self._prepared, decisions, thresholds)

    def _mark(self, settings: ClusterSettings) -> tuple[Any, ...]:
        """Give what tells that the pairs are those that were read."""
        if settings.pairs_file is None or not settings.pairs_file.is_file():
            return (settings,)
        status = settings.pairs_file.stat()
        return settings, status.st_size, status.st_mtime_ns


def _thresholds(request: Mapping[str, Any]) -> tuple[float, float]:
    values = [request.get(name) for name in ("strong", "weak")]
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        raise UsageError("strong and weak must be numbers")
    strong, weak = (float(value) for value in values if value is not None)
    if not weak <= strong:
        raise UsageError(f"weak is {weak:g}, but must not be above strong, {strong:g}")
    return strong, weak


def _numbers_of(groups: Groups, num_photos: int) -> list[int]:
    """Give what tells the group of each photo, different for two that are alone."""
    made = [num_photos + photo for photo in range(num_photos)]
    for number, photos in enumerate(groups[0]):
        for photo in photos:
            made[photo] = number
    return made


def _joined(review: Review, photos: Sequence[int]) -> dict[str, Any]:
    """Give what would be in one cluster: clusters or parts of them, with their photos, and photos that are alone."""
    state = review.state
    photos_of: dict[int, list[int]] = {}
    for photo in photos:
        photos_of.setdefault(state.owner[photo], []).append(photo)
    alone = photos_of.pop(ALONE, [])
    pieces = [
        {"cluster": str(number), "photos": within, "is_whole": len(within) == len(state.members[number])}
        for number, within in sorted(photos_of.items())
    ]
    return {"pieces": pieces, "photos": alone}


def _moves(review: Review, groups: Groups) -> tuple[Move, ...]:
    """Give the moves that make the clusters as they stand into other ones, which keep numbers as far as they can."""
    state = review.state
    former = {number: state.photos(number) for number in state.members}
    clusters = dict(enumerate(groups[0]))
    number_of = carry_numbers(former, clusters, state.next_number)
    target = [ALONE] * state.num_photos
    for number, photos in clusters.items():
        for photo in photos:
            target[photo] = number_of[number]
    ways: dict[tuple[int, int], list[int]] = {}
    for photo in range(state.num_photos):
        if target[photo] != state.owner[photo]:
            ways.setdefault((state.owner[photo], target[photo]), []).append(photo)
    return tuple(Move(tuple(photos), *way) for way, photos in sorted(ways.items()))


def _possible(links: Links, missing: LinkChange, num_photos: int) -> LinkChange:
    """Leave out what would contradict decisions that stand."""
    while missing:
        together, apart = [*links.together, *missing.added_together], [*links.apart, *missing.added_apart]
        try:
            resolve(Decided(together, apart), num_photos)
            return missing
        except ClashError as error:
            bad_apart = {apart[clash.apart] for clash in error.clashes if clash.apart is not None}
            bad_together = {together[row] for clash in error.clashes for row in clash.together}
            kept = LinkChange(
                added_together=tuple(link for link in missing.added_together if link not in bad_together),
                added_apart=tuple(pair for pair in missing.added_apart if pair not in bad_apart),
            )
            if kept == missing:
                return LinkChange()
            missing = kept
    return missing
