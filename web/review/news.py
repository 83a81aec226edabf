"""What changed when: revisions, and waiting for the next."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

MAX_REMEMBERED = 2000  # revisions of which it is known which clusters they changed


class News:
    """Numbered changes of one state; safe to be used from several threads.

    Parameters
    ----------
    lock : RLock
        That of the state.
    revision : int
        Number of the state at the beginning.

    Attributes
    ----------
    revision : int
        Number of the state; greater after every change.
    """

    def __init__(self, lock: threading.RLock, revision: int) -> None:
        self.revision = revision
        self._changed = threading.Condition(lock)
        self._concerned: deque[tuple[int, set[int]]] = deque(maxlen=MAX_REMEMBERED)

    def add(self, clusters: Iterable[int] = ()) -> None:
        """Number a change of these clusters, and wake those who wait for it."""
        with self._changed:
            self.revision += 1
            if concerned := set(clusters):
                self._concerned.append((self.revision, concerned))
            self._changed.notify_all()

    def wait(self, since: int, timeout_s: float) -> tuple[int, list[int]]:
        """Wait until the revision is greater than ``since``; give it, and the clusters that changed meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: self.revision > since, timeout_s)
            numbers = {number for revision, clusters in self._concerned if revision > since for number in clusters}
            return self.revision, sorted(numbers)
