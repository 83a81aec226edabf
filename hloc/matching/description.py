"""Photos to local features, each once: worker pool, shards, bad photos named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

from hloc.companions import Companion
from hloc.feature_run import Resources
from hloc.matching.base import Matcher
from hloc.stream import Part, PhotoWork, Prepared, automatic_workers, run_in_workers
from storage.fingerprints import Fingerprint, fingerprint
from storage.formats.local_features import PHOTOS_PER_SHARD, LocalFeatureStore, LocalRecord
from storage.progress import progress_bar
from storage.report import SkippedPhoto


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
        wanted = automatic_workers() if self.resources.num_workers is None else self.resources.num_workers
        return min(wanted, num_jobs)


@dataclass
class Description:
    """What :func:`describe_photos` did.

    Attributes
    ----------
    store : LocalFeatureStore
        The features of all photos that could be used.
    fingerprints : dict of str to Fingerprint
        Of those photos, as they are now; in sorted order of names.
    computed : list of str
        Photos whose features were computed in this run.
    skipped : list of SkippedPhoto
        Photos that cannot be used, with the reason.
    """

    store: LocalFeatureStore
    fingerprints: dict[str, Fingerprint]
    computed: list[str]
    skipped: list[SkippedPhoto]


def describe_photos(run: MatchRun, names: Sequence[str]) -> Description:
    """Bring the local features of ``names`` up to date; those of photos that did not change stay as they are.

    Call it under the lock of the outputs folder. Killed at any moment, the next call goes on from the last shard.
    """
    store = run.open_store()
    store.clean()
    kept = {name: found for name in names if (found := _unchanged(run, store, name)) is not None}
    todo = [name for name in names if name not in kept]
    work = PhotoWork(run.image_dir, run.matcher.describe, run.matcher.max_side, run.resources.max_megapixels)
    jobs = ((name, None) for name in todo)
    num_workers, resources = run.num_workers(len(todo)), run.resources
    results = run_in_workers(work, jobs, num_workers, resources.timeout_s, max_megapixels=resources.max_megapixels)
    shown = iter(progress_bar(results, len(todo), "local features"))
    skipped: list[SkippedPhoto] = []
    computed: list[str] = []
    while batch := list(islice(shown, PHOTOS_PER_SHARD)):
        skipped += [item for item in batch if isinstance(item, SkippedPhoto)]
        records = [_record(item) for item in batch if isinstance(item, Prepared)]
        if records:
            store.write(records)
        kept |= {record.name: record.fingerprint for record in records}
        computed += [record.name for record in records]
    return Description(store, {name: kept[name] for name in sorted(kept)}, computed, skipped)


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
        return [name for name in names if _unchanged(self._run, self._store, name) is None]

    def write(self, items: Sequence[Prepared], /) -> None:
        """Write a shard."""
        self._store.write([_record(item) for item in items])


def _unchanged(run: MatchRun, store: LocalFeatureStore, name: str) -> Fingerprint | None:
    """Give the present fingerprint of a photo whose features stand; None when they must be computed."""
    if name not in store.index:
        return None
    known = store.index[name].fingerprint
    try:
        found = fingerprint(run.image_dir / name, known)
    except OSError:  # reading it again names the reason
        return None
    return found if found.sha256 == known.sha256 else None


def _record(item: Prepared) -> LocalRecord:
    return LocalRecord(item.name, item.fingerprint, replace(item.value, image_size=item.image_size))
