"""All that one review is made of: the session, the photos, the pairs, and what the stages said of the clusters."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from clustering.bonds import Bonds, Scores, Seam
from clustering.clusterers.evidence import STRONG_THRESH, WEAK_THRESH
from clustering.graph import ScoredPairs
from stages.photo_exif import open_exif_source
from storage.errors import StageError
from storage.fingerprints import sha256_of_file
from storage.formats.clusters import CLUSTERS_INFO_NAME, CLUSTERS_NAME, read_clusters_info
from storage.formats.manifest import is_made_of_links
from storage.formats.pairs import read_pairs
from web.review.collection import Collection
from web.review.queue import Inside, ReviewQueue, inside_as_told
from web.review.session import ReviewSession
from web.review.state import ReviewState

logger = logging.getLogger(__name__)
EVIDENCE = "evidence"
END_S = 2.0  # threads are daemons: what does not end by then ends with the program


@dataclass(frozen=True)
class Folders:
    """Where the photos and the results of the stages lie."""

    image_dir: Path
    outputs_dir: Path
    results_dir: Path
    follow_links: bool = False


class Review:
    """A review of one work folder.

    Parameters
    ----------
    folders : Folders
        Where everything lies.

    Raises
    ------
    StageError
        When there are no clusters, or a file is damaged.
    """

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self.info = _read_info(folders.results_dir)
        next_number = self.info.get("next_number", 0)
        self.session = ReviewSession(folders.results_dir, folders.image_dir, next_number)
        follows = folders.follow_links or is_made_of_links(folders.image_dir)
        names = self.state.names[: self.state.num_photos]
        pairs_file = folders.outputs_dir / (str(self.info.get("pairs_file", "")) or "pairs")
        exif = partial(open_exif_source, folders.image_dir, pairs_file, self.info.get("model"))
        self.collection = Collection(folders.image_dir, folders.results_dir, names, follows, exif)
        self._bonds: Bonds | None = None
        self._pairs_error: StageError | None = None
        self._is_loaded = threading.Event()
        self._is_asked = threading.Event()
        self._delay_s = 0.0
        self._threads: list[threading.Thread] = []
        self._is_ended = threading.Event()
        self.on_end: list[Callable[[], None]] = []
        self.queue: ReviewQueue | None = None
        self._queue_revision = -1
        self._reasons: dict[frozenset[int], str] | None = None
        self._seams: dict[int, tuple[int, Seam]] = {}

    @property
    def state(self) -> ReviewState:
        """The clusters as they stand."""
        return self.session.state

    def start(self, delay_s: float = 0.0) -> None:
        """Read pairs and then the photos' files in the background, one after the other: both would slow the page.

        Reading begins after ``delay_s``, or when the pairs are asked for.
        """
        self._delay_s = delay_s
        thread = threading.Thread(target=self._read_all, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _read_all(self) -> None:
        self._is_asked.wait(self._delay_s)
        self._load_bonds()
        self.collection.read_all(range(self.state.num_photos))
        self.session.news.add()

    def end(self) -> None:
        """Let the background work end, and what ``on_end`` holds."""
        for ending in self.on_end:
            ending()
        self.collection.end()
        self._is_ended.set()
        self._is_asked.set()
        for thread in self._threads:
            thread.join(END_S)

    # -- pairs --------------------------------------------------------------------------------------------------------

    @property
    def bonds(self) -> Bonds:
        """The pairs, waited for; none at all where there is no pairs file.

        Raises
        ------
        StageError
            When the pairs file is damaged.
        """
        if not self._threads and not self._is_loaded.is_set():
            self._load_bonds()
        self._is_asked.set()
        self._is_loaded.wait()
        if self._bonds is None:
            raise self._pairs_error or StageError("the pairs could not be read")
        return self._bonds

    @property
    def has_bonds(self) -> bool:
        """Whether the pairs are there already."""
        return self._bonds is not None

    def _load_bonds(self) -> None:
        try:
            self._bonds = Bonds(self._read_pairs(), self._chance())
        except StageError as error:
            self._pairs_error = error
            logger.error("%s", error)
        finally:
            # before any lock is asked for: a call may hold it and wait for the pairs
            self._is_loaded.set()
        if self._bonds is not None:
            with self.session.lock:
                self.fresh_queue()
        self.session.news.add()
        self._look_inside()

    def _chance(self) -> Callable[[Scores], Scores] | None:
        """Give what makes chances of scores; None where they are probabilities.

        Other scores are put in line with the thresholds that the clusters were made with: the weak one counts as the
        weak one of probabilities, the strong one as theirs.
        """
        if self.info.get("method", EVIDENCE) == EVIDENCE:
            return None
        settings = self.info.get("settings", {})
        weak, strong = float(settings.get("weak_edg_thresh", 0.0)), float(settings.get("strong_edg_thresh", 1.0))
        if not weak < strong:
            return lambda scores: np.where(scores >= strong, STRONG_THRESH, 0.0)
        width = strong - weak
        return lambda scores: WEAK_THRESH + (scores - weak) / width * (STRONG_THRESH - WEAK_THRESH)

    def _make_queue(self, bonds: Bonds) -> ReviewQueue:
        state = self.state
        self.session.stale_photos.clear()
        self.session.stale_clusters.clear()
        return ReviewQueue(state, bonds, self._told_inside)

    def _told_inside(self, number: int) -> Inside | None:
        """Give what clusters_info.json says about where a cluster may come apart; None where that no longer holds."""
        if self.session.differences.is_linked(self.state.members[number]):
            return None
        return inside_as_told(self.told(number), self.state.number_of)

    def _look_inside(self) -> None:
        """Look for the seams of clusters that clusters_info.json says nothing of, one after another."""
        for number in list(self.state.members):
            with self.session.lock:
                if self.queue is not None and not self._is_ended.is_set():
                    self.queue.look_inside(number)

    def fresh_queue(self) -> ReviewQueue:
        """Give the queue, up to date."""
        session = self.session
        if self.queue is None:
            self.queue = self._make_queue(self.bonds)
        self.queue.update(session.stale_photos, session.stale_clusters)
        session.stale_photos, session.stale_clusters = set(), set()
        if self._queue_revision != session.news.revision:
            self.queue.refresh()
            self._queue_revision = session.news.revision
        return self.queue

    def _read_pairs(self) -> ScoredPairs:
        state, name = self.state, str(self.info.get("pairs_file", ""))
        path = self.folders.outputs_dir / name
        if not name or not path.is_file():
            return ScoredPairs.from_arrays(state.num_photos, [], [], [])
        names = state.names[: state.num_photos]
        pairs = read_pairs(path, names)
        numbers = np.array([state.number_of.get(each, state.num_photos) for each in pairs.names], dtype=np.int64)
        first, second = numbers[pairs.first], numbers[pairs.second]
        is_known = (first < state.num_photos) & (second < state.num_photos)
        return ScoredPairs.from_arrays(state.num_photos, first[is_known], second[is_known], pairs.scores[is_known])

    def seam(self, number: int) -> Seam:
        """Give where a cluster comes apart first."""
        photos = self.state.photos(number)
        mark = hash(tuple(photos))
        found = self._seams.get(number)
        if found is None or found[0] != mark:
            found = self._seams[number] = mark, self.bonds.seam(photos)
        return found[1]

    def read_info(self) -> None:
        """Read clusters_info.json again, after it was written."""
        self.info = _read_info(self.folders.results_dir)
        self._reasons = None
        if self.queue is not None:
            self.fresh_queue().take_told()

    # -- what the stages said -----------------------------------------------------------------------------------------

    def _thresholds_then(self) -> list[float] | None:
        settings = self.info.get("settings", {})
        return [float(settings[f"{name}_edg_thresh"]) for name in ("strong", "weak")] if settings else None

    @property
    def thresholds(self) -> list[float] | None:
        """The strong and the weak threshold that hold now; None where it is not known what the clusters come from."""
        chosen = self.state.setting("thresholds")
        return self._thresholds_then() if chosen is None else [float(value) for value in chosen]

    def told(self, number: int) -> Mapping[str, Any]:
        """Give what clusters_info.json says of a cluster that has the photos it had then; empty for others."""
        if self.session.differences.has_moved(number):
            return {}
        told: Mapping[str, Any] = self.info.get("clusters", {}).get(str(number), {})
        return told

    def reason_of(self, pair: Sequence[int]) -> str | None:
        """Give the reason why the stages did not join two photos, where they listed the pair for review.

        Under other thresholds than the stages had the reason is not known.
        """
        if self.thresholds != self._thresholds_then():
            return None
        if self._reasons is None:
            number_of = self.state.number_of
            self._reasons = {
                frozenset(number_of.get(name, -1) for name in entry["pair"][:2]): str(entry["reason"])
                for entry in self.info.get("review", ())
            }
        return self._reasons.get(frozenset(pair))


def _read_info(results_dir: Path) -> dict[str, Any]:
    """Read clusters_info.json; empty where there is none, or it belongs to other clusters."""
    path = results_dir / CLUSTERS_INFO_NAME
    if not path.is_file():
        logger.warning("no %s: the reasons are not known; make it with: python create_clusters.py", path)
        return {}
    info = read_clusters_info(path)
    if info.get("clusters_sha256") != sha256_of_file(results_dir / CLUSTERS_NAME):
        logger.warning("%s does not belong to the clusters; make both again with: python create_clusters.py", path)
        return {}
    return info
