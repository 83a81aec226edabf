"""Jobs: what takes seconds, done one after the other in worker processes; each can be watched and ended."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from enum import IntEnum
from multiprocessing import get_context
from typing import Any

from pebble import ProcessExpired, ProcessPool, ThreadPool

from storage.errors import PhotoError, StageError
from storage.machine import signals_held_back

logger = logging.getLogger(__name__)
MAX_ENDED = 50
ENDED = ("done", "failed", "cancelled")
EXPECTED = (CancelledError, PhotoError, StageError, ProcessExpired, FutureTimeoutError, BrokenProcessPool, MemoryError)


class Rank(IntEnum):
    """Who goes first; what is made ahead never takes the last worker from what was asked for."""

    ASKED = 0
    SHEET = 1
    AHEAD = 2


@dataclass(frozen=True)
class Task:
    """What a job does: ``function(*args)`` in a worker, picklable; ``finish`` turns its value into the result, here.

    ``key`` says what is made: a task whose key is under way already is not begun twice.
    """

    kind: str
    photo: int
    title: str
    key: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    finish: Callable[[Any], dict[str, Any]]


@dataclass(eq=False)
class Job:
    """One job; ``state`` is ``waiting``, ``running``, ``done``, ``failed`` or ``cancelled``."""

    number: int
    task: Task
    rank: Rank
    state: str = "waiting"
    error: str = ""
    result: dict[str, Any] | None = None
    seconds: float = 0.0
    started: float = 0.0
    future: Any = field(default=None, repr=False)

    @property
    def is_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state in ENDED


class JobQueue:
    """Jobs in the order of their rank, then their number.

    Parameters
    ----------
    num_workers : int
        Worker processes, started when they are needed; 0 for a thread of this process.
    timeout_s : float
        A job that takes longer fails (in processes only).
    """

    def __init__(self, num_workers: int, timeout_s: float) -> None:
        self._num_workers, self._timeout_s = num_workers, timeout_s
        self._slots = max(1, num_workers)
        self._jobs: dict[int, Job] = {}
        self._next = 1
        self._changed = threading.Condition(threading.RLock())
        self._pool: Any = None
        self._is_over = False

    def submit(self, task: Task, rank: Rank = Rank.ASKED) -> Job:
        """Add a job, or give the one that makes the same already, which then goes as early as this one would."""
        with self._changed:
            for job in self._jobs.values():
                if job.task.key == task.key and not job.is_ended:
                    job.rank = min(job.rank, rank)
                    break
            else:
                job = self._jobs[self._next] = Job(self._next, task, rank)
                self._next += 1
            self._forget()
            self._begin()
            return job

    def add_done(self, task: Task, result: dict[str, Any]) -> Job:
        """Add a job that there is nothing left to do for."""
        with self._changed:
            job = self._jobs[self._next] = Job(self._next, task, Rank.ASKED, "done", result=result)
            self._next += 1
            self._forget()
            return job

    def find(self, number: int, wait_s: float = 0.0) -> Job:
        """Give a job, waiting so long for its end; StageError when there is none of this number (any more)."""
        with self._changed:
            job = self._jobs.get(number)
            if job is None:
                raise StageError(f"there is no job {number} any more")
            self._changed.wait_for(lambda: job.is_ended, wait_s)
            return job

    def jobs(self) -> list[Job]:
        """Give all that are known, by number."""
        with self._changed:
            return list(self._jobs.values())

    def cancel(self, numbers: Iterable[int]) -> None:
        """End jobs that are not done; those that run in a process are killed."""
        with self._changed:
            for job in [self._jobs[number] for number in numbers if number in self._jobs]:
                if job.is_ended:
                    continue
                job.state = "cancelled"
                if job.future is not None:
                    job.future.cancel()
            self._changed.notify_all()
            self._begin()

    def end(self) -> None:
        """End everything; no job begins any more."""
        with self._changed:
            self._is_over = True
            self.cancel(list(self._jobs))
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()
            pool.join()

    def _begin(self) -> None:
        """Begin what there is a free worker for."""
        waiting = sorted(
            (job for job in self._jobs.values() if job.state == "waiting"), key=lambda job: (job.rank, job.number)
        )
        for job in waiting:
            running = [other for other in self._jobs.values() if other.future is not None]
            num_ahead = sum(other.rank == Rank.AHEAD for other in running)
            is_full = job.rank == Rank.AHEAD and num_ahead >= max(1, self._slots - 1)
            if self._is_over or is_full or len(running) >= self._slots:
                return
            job.state, job.started = "running", time.monotonic()
            job.future = self._schedule(job.task)
            job.future.add_done_callback(lambda future, job=job: self._ended(job, future))

    def _schedule(self, task: Task) -> Any:
        if self._num_workers == 0:
            self._pool = self._pool or ThreadPool(max_workers=1)
            return self._pool.schedule(task.function, args=task.args)
        if self._pool is None or not self._pool.active:  # one whose workers cannot start does not mend itself
            self._pool = ProcessPool(
                max_workers=self._num_workers, initializer=start_worker, context=get_context("spawn")
            )
        with signals_held_back():  # the first call starts the workers
            return self._pool.schedule(task.function, args=task.args, timeout=self._timeout_s)

    def _ended(self, job: Job, future: Any) -> None:
        result, error = None, ""
        try:
            result = job.task.finish(future.result())
        except EXPECTED as failure:
            error = self._said(failure)
        except Exception as failure:  # a fault of the program costs this job, and is told in the log
            logger.error("%s failed", job.task.title, exc_info=failure)
            error = f"{job.task.title} failed; the log of the program says why"
        with self._changed:
            job.future, job.seconds = None, time.monotonic() - job.started
            if not job.is_ended:
                job.state, job.result, job.error = ("failed" if error else "done"), result, error
            self._changed.notify_all()
            self._begin()

    def _said(self, failure: BaseException) -> str:
        if isinstance(failure, PhotoError):
            return f"the photo {failure.reason}"
        if isinstance(failure, FutureTimeoutError):
            return f"took longer than {self._timeout_s:g} s"
        if isinstance(failure, ProcessExpired):
            return f"its worker crashed (exit code {failure.exitcode}); the photo may need more memory than there is"
        if isinstance(failure, BrokenProcessPool):
            return f"no worker process can be started ({failure}); try again, or start with --num_workers 0"
        return str(failure) or "needs more memory than there is"

    def _forget(self) -> None:
        ended = [number for number, job in self._jobs.items() if job.is_ended]
        for number in ended[:-MAX_ENDED]:
            del self._jobs[number]


def start_worker() -> None:
    """Make a worker ready: Ctrl-C reaches the whole group, and the main process ends the pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
