"""Photos to one features file: what stands already is taken over, the rest is computed shard by shard and merged."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hloc.batching import batches_of_equal_shape
from hloc.companions import Company
from hloc.extraction_plan import DESCRIPTOR, Plan, VectorCompanion
from hloc.extractors.base import LearntExtractor
from hloc.feature_run import IMAGE_SIZE, FeatureRun, Jobs, photo_record
from hloc.sampling import learn_or_load, learn_together
from hloc.stream import Prepared
from storage.atomic import remove_leftovers
from storage.errors import PhotoError, StageError
from storage.exif import ExifRecord, read_exif
from storage.fingerprints import Fingerprint
from storage.formats.exif_records import unpack_exif
from storage.formats.features import MADE_BY, Features, write_features
from storage.formats.shards import Record, ShardFolder
from storage.report import SkippedPhoto


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
    """Bring one features file up to date; see :func:`extract_all`."""
    return extract_all([run], names, overwrite)[0]


def extract_all(runs: Sequence[FeatureRun], names: Sequence[str], overwrite: bool = False) -> list[Extraction]:
    """Bring the features files of several models up to date with the photos ``names``.

    A photo that changed is computed anew, one that is gone leaves the file, all others keep their descriptor. What
    the model learnt is kept as long as the file is; ``overwrite`` makes everything anew. Killed at any moment, the
    next call goes on from the last shard and ends with the same bytes. One model comes after the other, but a photo
    that is decoded for one is, while it is there, also described for those later ones whose workers do all the work.

    Parameters
    ----------
    runs : sequence of FeatureRun
        Model, photos and file of each.
    names : sequence of str
        Image names, sorted.
    overwrite : bool
        Take nothing over.

    Raises
    ------
    UsageError
        When a file was made with other settings: they are never mixed.
    StageError
        When no photo can be used, or most photos of the last run are gone; a part of a collection may do without.
    """
    plans = [Plan.of(run, names, overwrite) for run in runs]
    results = []
    for number, plan in enumerate(plans):
        later = [VectorCompanion(other) for other in plans[number + 1 :] if other.can_ride_along]
        plan.run = replace(plan.run, company=Company([*plan.run.company.members, *later]))
        results.append(_carry_out(plan, names))
    return results


def _carry_out(plan: Plan, names: Sequence[str]) -> Extraction:
    run, former = plan.run, plan.former
    if former is not None and plan.is_done:
        if run.shards_dir.is_dir():  # of a run that was killed when its file stood
            _remove_shards(run, ShardFolder(run.shards_dir / "descriptors", {}, MADE_BY))
        return Extraction(former, is_current=True)
    sample = _learn(run, former, names)
    skipped = _compute(plan, sample)
    computed = sorted({*plan.todo} - {photo.name for photo in skipped})
    features = _merge(run, _Kept(former, plan.kept), plan.shards, computed, skipped)
    is_current = former is not None and former.checksum == features.checksum
    if not is_current:
        write_features(run.path, features)
    _remove_shards(run, plan.shards)
    return Extraction(features, computed, is_current)


def _learn(run: FeatureRun, former: Features | None, names: Sequence[str]) -> ShardFolder | None:
    if not isinstance(run.extractor, LearntExtractor):
        return None
    if former is not None:
        run.extractor.load_state(former.state)
        return None
    if run.collection is not None:
        return learn_together(run, run.extractor, run.collection)
    return learn_or_load(run, run.extractor, names)


@dataclass(frozen=True)
class _SampleWork:
    """Finish a photo from what learning kept of it."""

    extractor: LearntExtractor

    def __call__(self, name: str, record: Record) -> Prepared:
        width, height = record.arrays[IMAGE_SIZE]
        value = self.extractor.prepare_from_sample(dict(record.arrays))
        return Prepared(name, record.fingerprint, (int(width), int(height)), value, unpack_exif(record.arrays))


def _compute(plan: Plan, sample: ShardFolder | None) -> list[SkippedPhoto]:
    """Fill the shards with the missing descriptors; give the photos that cannot be used."""
    run, extractor, finish, todo = plan.run, plan.run.extractor, _Finish(plan.run), plan.missing()
    if sample is not None and isinstance(extractor, LearntExtractor):
        sampled = [name for name in todo if name in sample.index]
        jobs = Jobs(_SampleWork(extractor), ((record.name, record) for record in sample.records(sampled)), len(sampled))
        run.fill(plan.shards, jobs, finish, "descriptors of the sample")
        todo = [name for name in todo if name not in sample.index]
    return run.fill(plan.shards, run.photo_jobs(extractor.prepare, todo), finish, "descriptors")


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
    if kept.former is not None:
        for name, (row, _) in kept.rows.items():
            descriptors[place[name]] = kept.former.descriptors[row]
            sizes[place[name]] = kept.former.image_sizes[row]
            exif[place[name]] = kept.former.exif[row] if kept.former.exif is not None else None
    for record in shards.records(computed):
        descriptors[place[record.name]] = record.arrays[DESCRIPTOR]
        sizes[place[record.name]] = record.arrays[IMAGE_SIZE]
        exif[place[record.name]] = unpack_exif(record.arrays)
    state = run.extractor.state() if isinstance(run.extractor, LearntExtractor) else {}
    return Features(
        run.extractor.name,
        run.settings,
        names,
        descriptors,
        sizes,
        [(kept.rows[name] if name in kept.rows else shards.index[name])[1] for name in names],
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
