"""Photos to local features, each once: worker pool, shards, bad photos named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from hloc.companions import Companion
from hloc.feature_keeping import Described, Making, bring_up_to_date, standing_fingerprint
from hloc.feature_run import Resources
from hloc.matching.base import Matcher
from hloc.stream import Part, PhotoWork, Prepared, workers_for
from storage.formats.local_features import PHOTOS_PER_SHARD, LocalFeatureStore, LocalRecord


@dataclass(frozen=True)
class MatchRun:
    """One matcher over one folder of photos.

    Attributes
    ----------
    image_dir : Path
        The image folder.
    outputs_dir : Path
        Where features and unfinished work lie.
    matcher : Matcher
        The local feature.
    resources : Resources
        How the machine may be used.
    overlay_guard : bool
        False counts what lies over photos like the rest; for measuring what the guard is worth.
    """

    image_dir: Path
    outputs_dir: Path
    matcher: Matcher
    resources: Resources = field(default_factory=Resources)
    overlay_guard: bool = True

    @property
    def features_dir(self) -> Path:
        """Where the shards of local features lie; another number of keypoints has a folder of its own."""
        return self.outputs_dir / f"local-feats-{self.matcher.name}-{self.matcher.num_keypoints}"

    def open_store(self) -> LocalFeatureStore:
        """Open the local features."""
        return LocalFeatureStore(self.features_dir, self.matcher.feature_settings())

    def num_workers(self, num_jobs: int) -> int:
        """Give the number of worker processes for so many jobs."""
        return workers_for(self.resources.num_workers, num_jobs)


def describe_photos(run: MatchRun, names: Sequence[str]) -> Described[LocalFeatureStore]:
    """Bring the local features of ``names`` up to date; see :func:`hloc.feature_keeping.bring_up_to_date`."""
    work = PhotoWork(run.image_dir, run.matcher.describe, run.matcher.max_side, run.resources.max_megapixels)
    making = Making(work, _record, PHOTOS_PER_SHARD, "local features")
    return bring_up_to_date(run.open_store(), names, making, run.resources)


class LocalFeatureCompanion(Companion):
    """Keeps the local features that a descriptor is made of where :func:`describe_photos` looks for them.

    Used, like :func:`describe_photos`, under the lock of the outputs folder.

    Parameters
    ----------
    run : MatchRun
        The run that will need them.
    """

    def __init__(self, run: MatchRun) -> None:
        self.label = f"local features of {run.matcher.name}"
        self.part = Part(run.matcher.describe, run.matcher.max_side)
        self._run = run

    @cached_property
    def _store(self) -> LocalFeatureStore:
        store = self._run.open_store()
        store.clean()
        return store

    def wanted(self, names: Sequence[str]) -> list[str]:
        """Give the photos without local features, and those that changed since."""
        image_dir = self._run.image_dir
        return [name for name in names if standing_fingerprint(self._store, image_dir, name) is None]

    def write(self, items: Sequence[Prepared], /) -> None:
        """Write a shard."""
        self._store.write([_record(item) for item in items])


def _record(item: Prepared) -> LocalRecord:
    return LocalRecord(item.name, item.fingerprint, replace(item.value, image_size=item.image_size))
