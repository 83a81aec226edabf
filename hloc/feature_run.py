"""One model over one folder of photos: where things lie, how workers are used, how shards are filled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.companions import Company
from hloc.device_decoding import DeviceDecoder, EncodedWork
from hloc.extractors.base import Extractor
from hloc.shard_writer import ShardWriter
from hloc.stream import PhotoWork, Prepared, Work, run_in_workers, workers_for
from storage.fingerprints import Fingerprint, fingerprint, if_unchanged
from storage.formats.exif_records import EXIF_KEY, pack_exif
from storage.formats.shards import Record, ShardFolder
from storage.progress import progress_bar
from storage.report import SkippedPhoto

BATCHES_AHEAD = 2  # that workers may have ready while the network computes another
IMAGE_SIZE = "image_size"  # of a record's array
Finish = Callable[[Iterator[Prepared]], Iterator[Record]]


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
        Worker processes; None takes as many as cores and memory allow, and one where a network keeps the cores busy.
    batch_size : int or None
        Most photos of equal shape that a network takes at once; None takes what suits its device.
    max_megapixels : float
        Larger photos are skipped and named.
    timeout_s : float
        So are photos that take longer.
    """

    num_workers: int | None = None
    batch_size: int | None = None
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
    decoder : DeviceDecoder or None
        What decodes plain JPEGs in place of the workers.
    company : Company
        What else is made of the photos that this run decodes; of those that the workers decode only.
    """

    image_dir: Path
    path: Path
    extractor: Extractor
    half: bool = False
    resources: Resources = field(default_factory=Resources)
    collection: Collection | None = None
    decoder: DeviceDecoder | None = None
    company: Company = field(default_factory=Company)

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that changes the values in the file."""
        decoder = {} if self.decoder is None else {"jpeg_decoder": "gpu"}
        return self.extractor.settings() | {"half": self.half} | decoder

    @property
    def shards_dir(self) -> Path:
        """Where the shards of the run lie."""
        return self.path.with_name(f"{self.path.stem}.shards")

    @property
    def batch_size(self) -> int:
        """Most photos of a batch."""
        wanted = self.resources.batch_size
        return self.extractor.default_batch_size() if wanted is None else wanted

    def fill(self, shards: ShardFolder, jobs: Jobs, finish: Finish, label: str) -> list[SkippedPhoto]:
        """Run all jobs and write what ``finish`` makes of their results as it comes; give the skipped.

        Workers, ``finish`` and the writing of shards go on side by side. The photos in between are bounded, however
        many there are: decoded ones by :data:`BATCHES_AHEAD` and four a worker, finished ones by two shards.
        """
        skipped: list[SkippedPhoto] = []
        num_workers = self._num_workers(jobs.count)
        num_ahead = BATCHES_AHEAD * self.batch_size
        most = self.resources.max_megapixels
        timeout_s = self.resources.timeout_s
        results = run_in_workers(jobs.work, jobs.jobs, num_workers, timeout_s, num_ahead, max_megapixels=most)
        with closing(results), ShardWriter(shards) as writer:
            usable = _usable(progress_bar(results, jobs.count, label), skipped)
            if self.decoder is not None and isinstance(jobs.work, EncodedWork):
                usable = self.decoder.stream(usable, jobs.work.photo_work, skipped)
            with self.company.served(usable) as alone:
                for record in finish(alone):
                    writer.add(record)
        return skipped

    def _num_workers(self, num_jobs: int) -> int:
        asked = self.resources.num_workers
        if asked is None and self.extractor.keeps_cores_busy():
            asked = 1
        return workers_for(asked, num_jobs)

    def photo_jobs(self, compute: Callable[[Any], Any], names: Sequence[str]) -> Jobs:
        """Give the jobs that decode photos for this model and run ``compute`` on each."""
        max_side, max_megapixels = self.extractor.max_side, self.resources.max_megapixels
        work = PhotoWork(self.image_dir, compute, max_side, max_megapixels, reads_exif=True)
        if self.decoder is not None:
            return Jobs(EncodedWork(work), ((name, None) for name in names), len(names))
        return Jobs(replace(work, companions=self.company.parts), self.company.jobs(names), len(names))

    def is_unchanged(self, name: str, known: Fingerprint) -> bool:
        """Say whether a photo is the one that ``known`` was taken of."""
        return if_unchanged(self.image_dir / name, known) is not None

    def present_fingerprint(self, name: str, known: Fingerprint | None = None) -> Fingerprint | None:
        """Give the fingerprint of a photo as it is now; None when it cannot be read."""
        try:
            return fingerprint(self.image_dir / name, known)
        except OSError:
            return None


def _usable(results: Iterable[Prepared | SkippedPhoto], skipped: list[SkippedPhoto]) -> Iterator[Prepared]:
    """Pass on the prepared photos; note the others in ``skipped``."""
    for item in results:
        if isinstance(item, SkippedPhoto):
            skipped.append(item)
        else:
            yield item


def photo_record(item: Prepared, arrays: Mapping[str, NDArray[Any]]) -> Record:
    """Give what a shard keeps of a photo: ``arrays``, its size, and its EXIF where it was read."""
    kept = {**arrays, IMAGE_SIZE: np.array(item.image_size, dtype=np.int64)}
    if item.exif is not None:
        kept[EXIF_KEY] = pack_exif(item.exif)
    return Record(item.name, item.fingerprint, kept)
