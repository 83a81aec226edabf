"""Learning on a sample of the user's own photos, kept in shards so that a killed run goes on.

Machines that describe a collection together must know the same. Each of them that finds nothing learnt yet learns on
the sample of the whole collection, which all would choose alike; the first to be done writes what it learnt, and all
take that, so that nobody waits and processors that round differently do no harm.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.extractors.base import LearntExtractor
from hloc.feature_run import IMAGE_SIZE, Collection, FeatureRun, photo_record
from hloc.stream import Prepared
from storage.errors import StageError
from storage.formats.exif_records import EXIF_KEY
from storage.formats.features import MADE_BY, Features
from storage.formats.hdf5 import digest
from storage.formats.shards import Record, ShardFolder
from storage.formats.state import LISTING_KEY, read_shared_state, read_state, state_checksum, write_state

logger = logging.getLogger(__name__)


def learn_or_load(run: FeatureRun, extractor: LearntExtractor, names: Sequence[str]) -> ShardFolder:
    """Let ``extractor`` learn on a sample of ``names``, or take over what a killed run learnt on the same sample.

    Returns
    -------
    ShardFolder
        What was kept of the sample's photos, which need not be decoded again.
    """
    shards = ShardFolder(run.shards_dir / "sample", run.settings, MADE_BY)
    sample = _fill_sample(run, extractor, shards, names)
    path = run.shards_dir / "state.h5"
    origin = run.settings | {"sample": digest([f"{name} {shards.index[name][1].sha256}" for name in sample])}
    state = read_state(path, origin, MADE_BY)
    if state is None:
        logger.info("learning on %d photos", len(sample))
        # In the order of their content, so that other names for the same photos change nothing that is learnt.
        records = sorted(shards.records(sample), key=lambda record: record.fingerprint.sha256)
        extractor.learn([_arrays_of(record) for record in records])
        state = extractor.state()
        write_state(path, state, origin)
    _load(extractor, state)
    return shards


def learn_together(run: FeatureRun, extractor: LearntExtractor, collection: Collection) -> ShardFolder | None:
    """Let ``extractor`` take over what was learnt for the collection; learn it when no machine has yet.

    Returns
    -------
    ShardFolder or None
        What was kept of the sample's photos when it was learnt here.

    Raises
    ------
    UsageError
        When it was learnt with other settings or of another list of photos.
    """
    origin, sample = _shared_origin(run, collection), None
    state = read_shared_state(collection.state_path, origin)
    if state is None:
        sample = learn_or_load(run, extractor, collection.names)
        write_state(collection.state_path, extractor.state(), origin, keeps_former=True)
        state = read_shared_state(collection.state_path, origin)
    if state is None:
        raise StageError(f"{collection.state_path} was removed while this run needed it; run the same command again")
    _load(extractor, state)
    return sample


def is_of_collection(run: FeatureRun, former: Features, collection: Collection) -> bool:
    """Say whether a former features file was made with what all machines have learnt."""
    state = read_shared_state(collection.state_path, _shared_origin(run, collection))
    return state is not None and state_checksum(state) == state_checksum(former.state)


def _shared_origin(run: FeatureRun, collection: Collection) -> dict[str, Any]:
    return run.settings | {LISTING_KEY: digest(list(collection.names))}


def _load(extractor: LearntExtractor, state: Mapping[str, NDArray[Any]]) -> None:
    # Products of arrays of another layout in memory round differently. What was learnt just now is laid out as what is
    # read from a file, so that photos that come later get the bits that they would have got in this run.
    extractor.load_state({key: np.array(values, order="C") for key, values in state.items()})


def _fill_sample(run: FeatureRun, extractor: LearntExtractor, shards: ShardFolder, names: Sequence[str]) -> list[str]:
    """Fill ``shards`` with the sample; give its names, sorted.

    Photos are taken in the order of the hash of their name until there are enough: photos that are added later, or
    that cannot be read, hardly change the choice.
    """
    order = iter(sorted(names, key=lambda name: hashlib.sha256(name.encode("utf-8")).digest()))
    chosen: list[str] = []
    while candidates := list(islice(order, extractor.sample_size - len(chosen))):
        missing = [
            name for name in candidates if not (name in shards.index and run.is_unchanged(name, shards.index[name][1]))
        ]
        jobs = run.photo_jobs(extractor.prepare_sample, sorted(missing))
        skipped = run.fill(shards, jobs, _keep, "sample")
        left_out = {photo.name for photo in skipped}
        chosen += [name for name in candidates if name not in left_out]
    return sorted(chosen)


def _keep(prepared: Iterator[Prepared]) -> Iterator[Record]:
    for item in prepared:
        yield photo_record(item, item.value)


def _arrays_of(record: Record) -> dict[str, Any]:
    return {key: values for key, values in record.arrays.items() if key not in (IMAGE_SIZE, EXIF_KEY)}
