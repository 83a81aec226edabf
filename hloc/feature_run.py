"""One model over one folder of photos: where things lie, how workers are used, how shards are filled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from hloc.extractors.base import Extractor
from hloc.stream import PhotoWork, Prepared, Work, count_cores, run_in_workers
from storage.fingerprints import Fingerprint, fingerprint
from storage.formats.shards import RECORDS_PER_SHARD, Record, ShardFolder
from storage.progress import progress_bar
from storage.report import SkippedPhoto

Finish = Callable[[list[Prepared]], list[Record]]


@dataclass(frozen=True)
class Jobs:
    """What workers are to do: ``work(name, argument)`` for each of ``count`` lazily given jobs."""

    work: Work
    jobs: Iterable[tuple[str, Any]]
    count: int


@dataclass(frozen=True)
class Resources:
    """How a run may use the machine; nothing here changes a descriptor on the CPU beyond rounding.

    Attributes
    ----------
    num_workers : int or None
        Worker processes; None takes all cores for models that compute in workers, one for the others.
    batch_size : int
        Photos of equal shape that a network takes at once.
    max_megapixels : float
        Larger photos are skipped and named.
    timeout_s : float
        So are photos that take longer.
    """

    num_workers: int | None = None
    batch_size: int = 1
    max_megapixels: float = 100.0
    timeout_s: float = 120.0


@dataclass(frozen=True)
class Collection:
    """The whole that a run describes a part of, while other machines describe the others.

    Attributes
    ----------
    names : sequence of str
        All image names of the collection, sorted: what a model learns on.
    state_path : Path
        Where the first machine that has learnt writes what it learnt, for all.
    """

    names: Sequence[str]
    state_path: Path


@dataclass(frozen=True)
class FeatureRun:
    """One model over one folder of photos.

    Attributes
    ----------
    image_dir : Path
        The image folder.
    path : Path
        The features file to make or bring up to date. Shards lie beside it while the run lasts.
    extractor : Extractor
        The model.
    half : bool
        Store descriptors as float16.
    resources : Resources
        How the machine may be used.
    collection : Collection or None
        The whole, when this run describes a part of it; a part may hold no usable photo.
    """

    image_dir: Path
    path: Path
    extractor: Extractor
    half: bool = False
    resources: Resources = field(default_factory=Resources)
    collection: Collection | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that changes the values in the file."""
        return self.extractor.settings() | {"half": self.half}

    @property
    def shards_dir(self) -> Path:
        """Where the shards of the run lie."""
        return self.path.with_name(f"{self.path.stem}.shards")

    def fill(self, shards: ShardFolder, jobs: Jobs, finish: Finish, label: str) -> list[SkippedPhoto]:
        """Run all jobs and write what ``finish`` makes of their results, a shard at a time; give the skipped."""
        skipped: list[SkippedPhoto] = []
        num_workers = self._num_workers(jobs.count)
        results = run_in_workers(jobs.work, jobs.jobs, num_workers, self.resources.timeout_s)
        shown = iter(progress_bar(results, jobs.count, label))
        while batch := list(islice(shown, RECORDS_PER_SHARD)):
            skipped += [item for item in batch if isinstance(item, SkippedPhoto)]
            records = finish([item for item in batch if isinstance(item, Prepared)])
            if records:
                shards.write(records)
        return skipped

    def _num_workers(self, num_jobs: int) -> int:
        wanted = self.resources.num_workers
        if wanted is None:
            wanted = count_cores() if self.extractor.computes_in_workers else 1
        return min(wanted, num_jobs)

    def photo_jobs(self, compute: Callable[[Any], Any], names: Sequence[str]) -> Jobs:
        """Give the jobs that decode photos for this model and run ``compute`` on each."""
        work = PhotoWork(self.image_dir, compute, self.extractor.max_side, self.resources.max_megapixels)
        return Jobs(work, ((name, None) for name in names), len(names))

    def is_unchanged(self, name: str, known: Fingerprint) -> bool:
        """Say whether a photo is the one that ``known`` was taken of."""
        found = self.present_fingerprint(name, known)
        return found is not None and found.sha256 == known.sha256

    def present_fingerprint(self, name: str, known: Fingerprint | None = None) -> Fingerprint | None:
        """Give the fingerprint of a photo as it is now; None when it cannot be read."""
        try:
            return fingerprint(self.image_dir / name, known)
        except OSError:
            return None
