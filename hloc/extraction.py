"""Photos to one features file: what stands already is taken over, the rest is computed shard by shard and merged."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hloc.batching import batches_of_equal_shape
from hloc.extractors.base import LearntExtractor
from hloc.feature_run import IMAGE_SIZE, FeatureRun, Jobs, photo_record
from hloc.sampling import is_of_collection, learn_or_load, learn_together
from hloc.stream import Prepared
from storage.atomic import remove_leftovers
from storage.errors import DamagedFileError, PhotoError, StageError, UsageError
from storage.exif import ExifRecord, read_exif
from storage.fingerprints import Fingerprint
from storage.formats.exif_records import unpack_exif
from storage.formats.features import MADE_BY, Features, read_features, write_features
from storage.formats.hdf5 import digest
from storage.formats.shards import Record, ShardFolder
from storage.report import SkippedPhoto

logger = logging.getLogger(__name__)
MIN_PHOTOS_FOR_LOSS_CHECK = 10
DESCRIPTOR = "global_descriptor"  # of a record's array


@dataclass
class Extraction:
    """What :func:`extract` did.

    Attributes
    ----------
    features : Features
        All descriptors.
    computed : list of str
        Photos whose descriptor was computed in this run.
    is_current : bool
        True when the features file stood already and nothing was written.
    """

    features: Features
    computed: list[str] = field(default_factory=list)
    is_current: bool = False


def extract(run: FeatureRun, names: Sequence[str], overwrite: bool = False) -> Extraction:
    """Bring a features file up to date with the photos ``names``.

    A photo that changed is computed anew, one that is gone leaves the file, all others keep their descriptor. What
    the model learnt is kept as long as the file is; ``overwrite`` makes everything anew. Killed at any moment, the
    next call goes on from the last shard and ends with the same bytes.

    Parameters
    ----------
    run : FeatureRun
        Model, photos and file.
    names : sequence of str
        Image names, sorted.
    overwrite : bool
        Take nothing over.

    Raises
    ------
    UsageError
        When the file was made with other settings: they are never mixed.
    StageError
        When no photo can be used, or most photos of the last run are gone; a part of a collection may do without.
    """
    former = None if overwrite else _read_former(run)
    if former is not None and run.collection is None:
        _refuse_great_loss(former, names, run.path)
    kept = {} if former is None else _unchanged_rows(run, former, names)
    todo = [name for name in names if name not in kept]
    if former is not None and not todo and len(kept) == len(former.names):
        fingerprints = [kept[name][1] for name in former.names]
        if fingerprints == list(former.fingerprints):
            if run.shards_dir.is_dir():  # of a run that was killed when its file stood
                _remove_shards(run, ShardFolder(run.shards_dir / "descriptors", {}, MADE_BY))
            return Extraction(former, is_current=True)
    sample = _learn(run, former, names)
    shards = ShardFolder(run.shards_dir / "descriptors", _shard_settings(run), MADE_BY)
    skipped = _compute(run, shards, todo, sample)
    computed = sorted({*todo} - {photo.name for photo in skipped})
    features = _merge(run, _Kept(former, kept), shards, computed, skipped)
    is_current = former is not None and former.checksum == features.checksum
    if not is_current:
        write_features(run.path, features)
    _remove_shards(run, shards)
    return Extraction(features, computed, is_current)


def _read_former(run: FeatureRun) -> Features | None:
    if not run.path.is_file():
        return None
    try:
        former = read_features(run.path)
    except DamagedFileError as error:
        logger.warning("%s (it is made anew now)", error)
        return None
    _refuse_other_settings(former, run)
    is_learnt = isinstance(run.extractor, LearntExtractor)
    if is_learnt and run.collection is not None and not is_of_collection(run, former, run.collection):
        logger.warning("%s was made with something learnt elsewhere (it is made anew now)", run.path)
        return None
    return former


def _refuse_other_settings(former: Features, run: FeatureRun) -> None:
    before, now = {"model": former.model, **former.settings}, {"model": run.extractor.name, **run.settings}
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) != now.get(key):
            raise UsageError(
                f"{run.path} was made with --{key} {before.get(key)}, this call has --{key} {now.get(key)}: they are "
                "not mixed; use the former setting, another --outputs_dir, or --overwrite to make the file anew"
            )


def _refuse_great_loss(former: Features, names: Sequence[str], path: Any) -> None:
    gone = len(set(former.names) - set(names))
    if len(former.names) >= MIN_PHOTOS_FOR_LOSS_CHECK and 2 * gone > len(former.names):
        raise StageError(
            f"{gone} of the {len(former.names)} photos in {path} are gone from the image folder: is it the right "
            "folder, and complete? Nothing was changed; use --overwrite if the photos were removed on purpose"
        )


def _unchanged_rows(run: FeatureRun, former: Features, names: Sequence[str]) -> dict[str, tuple[int, Fingerprint]]:
    """Give row and present fingerprint of each photo that is as it was when its descriptor was computed."""
    wanted, kept = set(names), {}
    for row, (name, known) in enumerate(zip(former.names, former.fingerprints, strict=True)):
        found = run.present_fingerprint(name, known) if name in wanted else None
        if found is not None and found.sha256 == known.sha256:
            kept[name] = (row, found)
    return kept


def _learn(run: FeatureRun, former: Features | None, names: Sequence[str]) -> ShardFolder | None:
    if not isinstance(run.extractor, LearntExtractor):
        return None
    if former is not None:
        run.extractor.load_state(former.state)
        return None
    if run.collection is not None:
        return learn_together(run, run.extractor, run.collection)
    return learn_or_load(run, run.extractor, names)


def _shard_settings(run: FeatureRun) -> dict[str, Any]:
    if not isinstance(run.extractor, LearntExtractor):
        return run.settings
    state = run.extractor.state()
    return run.settings | {"state": digest(sorted(state), *(np.asarray(state[key]) for key in sorted(state)))}


@dataclass(frozen=True)
class _SampleWork:
    """Finish a photo from what learning kept of it."""

    extractor: LearntExtractor

    def __call__(self, name: str, record: Record) -> Prepared:
        width, height = record.arrays[IMAGE_SIZE]
        value = self.extractor.prepare_from_sample(dict(record.arrays))
        return Prepared(name, record.fingerprint, (int(width), int(height)), value, unpack_exif(record.arrays))


def _compute(
    run: FeatureRun, shards: ShardFolder, names: Sequence[str], sample: ShardFolder | None
) -> list[SkippedPhoto]:
    """Fill ``shards`` with the descriptors of ``names``; give the photos that cannot be used."""
    todo = [name for name in names if not (name in shards.index and run.is_unchanged(name, shards.index[name][1]))]
    extractor, finish = run.extractor, _Finish(run)
    if sample is not None and isinstance(extractor, LearntExtractor):
        sampled = [name for name in todo if name in sample.index]
        jobs = Jobs(_SampleWork(extractor), ((record.name, record) for record in sample.records(sampled)), len(sampled))
        run.fill(shards, jobs, finish, "descriptors of the sample")
        todo = [name for name in todo if name not in sample.index]
    return run.fill(shards, run.photo_jobs(extractor.prepare, todo), finish, "descriptors")


@dataclass(frozen=True)
class _Finish:
    """Turn prepared photos into records, in batches of equal shape."""

    run: FeatureRun

    def __call__(self, prepared: Iterator[Prepared]) -> Iterator[Record]:
        taken: deque[list[Prepared]] = deque()

        def values() -> Iterator[list[Any]]:
            for batch in batches_of_equal_shape(prepared, self.run.batch_size):
                taken.append(batch)
                yield [item.value for item in batch]

        for vectors in self.run.extractor.describe_batches(values()):
            for item, vector in zip(taken.popleft(), vectors, strict=True):
                yield photo_record(item, {DESCRIPTOR: vector})


@dataclass(frozen=True)
class _Kept:
    """The rows of the former file that stay: name to row and present fingerprint."""

    former: Features | None
    rows: Mapping[str, tuple[int, Fingerprint]]


def _merge(
    run: FeatureRun, kept: _Kept, shards: ShardFolder, computed: Sequence[str], skipped: Sequence[SkippedPhoto]
) -> Features:
    """Put kept and computed descriptors together in sorted order of names."""
    names = sorted([*kept.rows, *computed])
    if not names and run.collection is None:
        reasons = "; ".join(f"{photo.name!r} {photo.reason}" for photo in sorted(skipped)[:3])
        raise StageError(f"none of the {len(skipped)} photos in {run.image_dir} can be used: {reasons}")
    place = {name: row for row, name in enumerate(names)}
    descriptors = np.zeros((len(names), run.extractor.dimension), dtype=np.float16 if run.half else np.float32)
    sizes = np.zeros((len(names), 2), dtype=np.int64)
    exif: list[ExifRecord | None] = [None] * len(names)
    fingerprints = {name: found for name, (_, found) in kept.rows.items()}
    if kept.former is not None:
        for name, (row, _) in kept.rows.items():
            descriptors[place[name]] = kept.former.descriptors[row]
            sizes[place[name]] = kept.former.image_sizes[row]
            exif[place[name]] = kept.former.exif[row] if kept.former.exif is not None else None
    for record in shards.records(computed):
        descriptors[place[record.name]] = record.arrays[DESCRIPTOR]
        sizes[place[record.name]] = record.arrays[IMAGE_SIZE]
        exif[place[record.name]] = unpack_exif(record.arrays)
        fingerprints[record.name] = record.fingerprint
    state = run.extractor.state() if isinstance(run.extractor, LearntExtractor) else {}
    return Features(
        run.extractor.name,
        run.settings,
        names,
        descriptors,
        sizes,
        [fingerprints[name] for name in names],
        tuple(sorted(skipped)),
        state,
        [_exif_now(run, name) if found is None else found for name, found in zip(names, exif, strict=True)],
    )


def _exif_now(run: FeatureRun, name: str) -> ExifRecord:
    """Read the EXIF of a photo that was described by an earlier version, which did not."""
    try:
        return read_exif(run.image_dir / name)
    except PhotoError as error:
        path = run.image_dir / name
        raise StageError(f"{path} {error.reason}, but was there a moment ago; run the same command again") from error


def _remove_shards(run: FeatureRun, shards: ShardFolder) -> None:
    shards.remove()
    ShardFolder(run.shards_dir / "sample", {}, MADE_BY).remove()
    (run.shards_dir / "state.h5").unlink(missing_ok=True)
    remove_leftovers(run.shards_dir)
    run.shards_dir.rmdir()
