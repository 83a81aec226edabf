"""Features of photos kept in shards: what stands stays, what is missing is computed, each photo once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from hloc.feature_run import Resources
from hloc.stream import PhotoWork, Prepared, run_in_workers, workers_for
from storage.fingerprints import Fingerprint, if_unchanged
from storage.progress import progress_bar
from storage.report import SkippedPhoto


class _Kept(Protocol):
    @property
    def fingerprint(self) -> Fingerprint: ...


class FeatureStore(Protocol):
    """Shards in one folder, and which photo's features stand in them."""

    @property
    def index(self) -> Mapping[str, _Kept]:
        """Image name to what is known of the photo that its features were computed from."""

    def clean(self) -> object:
        """Remove what cannot be used."""

    def write(self, records: Sequence[Any], /) -> None:
        """Write a shard."""


Store = TypeVar("Store", bound=FeatureStore)


@dataclass(frozen=True)
class Making:
    """How features are made.

    Attributes
    ----------
    work : PhotoWork
        Computes them in a worker process.
    as_record : callable
        Makes the store's record of a prepared photo.
    per_shard : int
        Most photos of a shard.
    label : str
        What the progress bar says.
    """

    work: PhotoWork
    as_record: Callable[[Prepared], Any]
    per_shard: int
    label: str


@dataclass
class Described(Generic[Store]):
    """What :func:`bring_up_to_date` did.

    Attributes
    ----------
    store : FeatureStore
        The features of all photos that could be used.
    fingerprints : dict of str to Fingerprint
        Of those photos, as they are now; in sorted order of names.
    computed : list of str
        Photos whose features were computed in this run.
    skipped : list of SkippedPhoto
        Photos that cannot be used, with the reason.
    """

    store: Store
    fingerprints: dict[str, Fingerprint]
    computed: list[str]
    skipped: list[SkippedPhoto]


def bring_up_to_date(store: Store, names: Sequence[str], making: Making, resources: Resources) -> Described[Store]:
    """Compute the features of ``names`` that do not stand; those of photos that did not change stay as they are.

    Call it under the lock of the folder that the store lies in. Killed at any moment, the next call goes on from the
    last shard.
    """
    store.clean()
    image_dir = making.work.image_dir
    kept = {name: found for name in names if (found := standing_fingerprint(store, image_dir, name)) is not None}
    todo = [name for name in names if name not in kept]
    num_workers = workers_for(resources.num_workers, len(todo))
    jobs, most = ((name, None) for name in todo), resources.max_megapixels
    results = run_in_workers(making.work, jobs, num_workers, resources.timeout_s, max_megapixels=most)
    shown = iter(progress_bar(results, len(todo), making.label))
    skipped: list[SkippedPhoto] = []
    computed: list[str] = []
    while batch := list(islice(shown, making.per_shard)):
        skipped += [item for item in batch if isinstance(item, SkippedPhoto)]
        done = [item for item in batch if isinstance(item, Prepared)]
        if done:
            store.write([making.as_record(item) for item in done])
        kept |= {item.name: item.fingerprint for item in done}
        computed += [item.name for item in done]
    return Described(store, {name: kept[name] for name in sorted(kept)}, computed, skipped)


def standing_fingerprint(store: FeatureStore, image_dir: Path, name: str) -> Fingerprint | None:
    """Give the present fingerprint of a photo whose features stand; None when they must be computed."""
    return if_unchanged(image_dir / name, store.index[name].fingerprint) if name in store.index else None
