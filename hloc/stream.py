"""Photos through worker processes: decoding and features there, results back in order, one photo's fault its own.

A worker that crashes, hangs or runs out of memory costs the photo that it worked on, which is named; the pool starts
another worker. Workers are spawned, so the same happens on every system.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from storage.errors import NO_MEMORY, PhotoError, StageError
from storage.exif import ExifRecord, read_exif
from storage.fingerprints import Fingerprint, fingerprint
from storage.machine import available_memory, keep_large_blocks, limit_own_memory, signals_held_back, usable_cores
from storage.photos import load_photo_sizes, photo_size
from storage.report import SkippedPhoto

TASKS_PER_WORKER = 4
MEMORY_PER_WORKER = 400 * 2**20  # bytes: 160 MiB at rest, 236 with a JPEG of 12 megapixels, 329 with such a PNG
# Bytes that a worker may take for each pixel of the largest photo, against files that swell without end: as decoded
# (4), as an array and upright (3 each), and what a codec keeps beside them (WebP 20 in all); and in any case, for
# networks and detectors do not shrink with the largest photo.
MEMORY_PER_PIXEL = 32
MEMORY_AT_LEAST = 1300 * 10**6
Work = Callable[[str, Any], Any]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Prepared:
    """What a worker made of one photo.

    Attributes
    ----------
    name : str
        Image name.
    fingerprint : Fingerprint
        Of the photo file.
    image_size : tuple of int
        Upright width and height of the whole photo, in pixels.
    value : Any
        What was computed.
    exif : ExifRecord or None
        What its EXIF says, where it was asked for.
    by_products : Mapping of str to Any
        What companions made of it, by their label.
    """

    name: str
    fingerprint: Fingerprint
    image_size: tuple[int, int]
    value: Any
    exif: ExifRecord | None = None
    by_products: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """Something to compute of a photo: ``compute`` takes it upright, RGB, uint8 (H, W, 3), at most ``max_side`` large.

    ``compute`` is picklable.
    """

    compute: Callable[[Any], Any]
    max_side: int | None


@dataclass(frozen=True)
class PhotoWork:
    """Decode a photo and compute something of it.

    Attributes
    ----------
    image_dir : Path
        The image folder.
    compute : callable
        Takes the upright RGB photo, uint8 (H, W, 3); picklable.
    max_side : int or None
        Longest side in pixels that photos are decoded to.
    max_megapixels : float
        Larger photos are refused.
    reads_exif : bool
        Read EXIF in the same pass.
    companions : Mapping of str to Part
        What else may be computed of a photo while it is decoded, by label; the job's argument names what is wanted.
    """

    image_dir: Path
    compute: Callable[[Any], Any]
    max_side: int | None
    max_megapixels: float
    reads_exif: bool = False
    companions: Mapping[str, Part] = field(default_factory=dict)

    def __call__(self, name: str, wanted: Collection[str] | None = None) -> Prepared:
        """Treat one photo; PhotoError when it cannot be used."""
        path = self.image_dir / name
        before = fingerprint(path)
        labels = sorted(wanted or ())
        parts = [Part(self.compute, self.max_side), *(self.companions[label] for label in labels)]
        photos = load_photo_sizes(path, [part.max_side for part in parts], self.max_megapixels)
        value, *others = (part.compute(photo) for part, photo in zip(parts, photos, strict=True))
        exif = read_exif(path) if self.reads_exif else None
        if fingerprint(path, before) != before:
            raise PhotoError("changed while it was being read")
        return Prepared(
            name, before, photo_size(path, self.max_megapixels), value, exif, dict(zip(labels, others, strict=True))
        )


def automatic_workers() -> int:
    """Give the number of worker processes that pay: one a core, fewer where memory does not suffice; at least 1."""
    memory = available_memory()
    return usable_cores() if memory is None else max(1, min(usable_cores(), memory // MEMORY_PER_WORKER))


def workers_for(asked: int | None, num_jobs: int, per_worker: int = 1) -> int:
    """Give the number of worker processes for so many jobs: what was asked for, else as many as pay.

    Unless asked for, there is one more for every ``per_worker`` jobs, which take as long as starting it. One there
    always is, however few the jobs: a photo may crash or hang whoever reads it.
    """
    if asked is None:
        return min(automatic_workers(), -(-num_jobs // per_worker))
    return min(asked, num_jobs)


def run_in_workers(
    work: Callable[[str, Any], Result],
    jobs: Iterable[tuple[str, Any]],
    num_workers: int,
    timeout_s: float,
    num_ahead: int = 0,
    *,
    max_megapixels: float | None = None,
) -> Generator[Result | SkippedPhoto, None, None]:
    """Run ``work(name, argument)`` for every job.

    Parameters
    ----------
    work : callable
        What to do; pickled to each worker once.
    jobs : iterable of (str, Any)
        Image name and argument; taken as the workers get on, so it may be long and lazy.
    num_workers : int
        Worker processes; 0 works in this process, without protection against crashes and hangs.
    timeout_s : float
        A photo that takes longer is skipped.
    num_ahead : int
        Jobs that may be done before their results are asked for, so that workers have something to do meanwhile; at
        least four for each worker. It bounds the results that are held.
    max_megapixels : float, optional
        Largest photo that workers have memory for (:data:`MEMORY_PER_PIXEL`, on Linux): one that takes more is skipped.
        Without it they may take what there is.

    Yields
    ------
    Result or SkippedPhoto
        One per job, in the order of ``jobs``.

    Raises
    ------
    StageError
        When no worker process can be started.
    """
    if num_workers == 0:
        yield from (attempt(work, name, argument) for name, argument in jobs)
        return
    memory = None
    if max_megapixels is not None:
        memory = max(MEMORY_AT_LEAST, int(MEMORY_PER_PIXEL * max_megapixels * 1e6))
    waiting: deque[tuple[str, Any]] = deque()
    num_ahead = max(num_ahead, TASKS_PER_WORKER * num_workers)
    with _workers(work, num_workers, memory) as pool:
        for name, argument in jobs:
            waiting.append((name, pool.schedule(_attempt_in_worker, args=[name, argument], timeout=timeout_s)))
            if len(waiting) > num_ahead:
                yield _result(*waiting.popleft(), timeout_s)
        while waiting:
            yield _result(*waiting.popleft(), timeout_s)


@contextmanager
def _workers(work: Work, num_workers: int, memory: int | None) -> Iterator[ProcessPool]:
    """Start worker processes, and stop them at the end of the block."""
    pool = ProcessPool(
        max_workers=num_workers, initializer=_start_worker, initargs=[work, memory], context=get_context("spawn")
    )
    try:
        with signals_held_back():
            can_work = pool.active  # who asks starts the workers
        if not can_work:
            raise StageError("no worker process can be started; try again with --num_workers 0")
        yield pool
    finally:
        pool.stop()
        pool.join()


def _result(name: str, future: Any, timeout_s: float) -> Any:
    try:
        return future.result()
    except FutureTimeoutError:
        return SkippedPhoto(name, f"took longer than {timeout_s:g} s to read")
    except ProcessExpired as error:
        return SkippedPhoto(name, f"its reader crashed (exit code {error.exitcode})")
    except BrokenProcessPool as error:
        raise StageError(f"no worker process can be started ({error}); try again with --num_workers 0") from error


def attempt(work: Callable[[str, Any], Result], name: str, argument: Any) -> Result | SkippedPhoto:
    """Do the work on one photo in this process; a photo that cannot be used is given with its reason.

    An error of any kind counts as the photo's own, as those of OpenCV do: it is named with what was said, and the
    run goes on. Only errors of the run itself pass.
    """
    try:
        return work(name, argument)
    except StageError:
        raise
    except PhotoError as error:
        return SkippedPhoto(name, error.reason)
    except OSError as error:
        return SkippedPhoto(name, f"cannot be read: {error.strerror or error}")
    except MemoryError:
        return SkippedPhoto(name, NO_MEMORY)
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        return SkippedPhoto(name, f"cannot be computed ({type(error).__name__}: {said}): save it anew, or leave it out")


_WORK: Work | None = None


def _start_worker(work: Work, memory: int | None) -> None:
    global _WORK
    import cv2
    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the main process ends the pool
    cv2.setNumThreads(1)
    threadpool_limits(1)
    keep_large_blocks()
    if memory is not None:
        limit_own_memory(memory)
    _WORK = work


def _attempt_in_worker(name: str, argument: Any) -> Any:
    assert _WORK is not None
    return attempt(_WORK, name, argument)
