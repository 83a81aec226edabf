"""What is to be done for one model: what stands and can stay, what is missing, who may work ahead."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hloc.companions import Companion
from hloc.extractors.base import LearntExtractor
from hloc.feature_run import FeatureRun, photo_record
from hloc.sampling import is_of_collection
from hloc.stream import Part, Prepared
from storage.errors import DamagedFileError, StageError, UsageError
from storage.fingerprints import Fingerprint
from storage.formats.features import MADE_BY, Features, read_features
from storage.formats.hdf5 import digest
from storage.formats.shards import ShardFolder

logger = logging.getLogger(__name__)
MIN_PHOTOS_FOR_LOSS_CHECK = 10
DESCRIPTOR = "global_descriptor"  # of a record's array


@dataclass
class Plan:
    """What is to be done for one model.

    Attributes
    ----------
    run : FeatureRun
        The model, its photos and its file.
    former : Features or None
        What the file holds.
    kept : dict of str to (int, Fingerprint)
        Row and present fingerprint of each photo that is as it was when its descriptor was computed.
    todo : list of str
        The other photos.
    """

    run: FeatureRun
    former: Features | None
    kept: dict[str, tuple[int, Fingerprint]]
    todo: list[str]

    @classmethod
    def of(cls, run: FeatureRun, names: Sequence[str], overwrite: bool) -> Plan:
        """Compare the photos with what stands.

        Raises
        ------
        UsageError
            When the file was made with other settings.
        StageError
            When most photos of the last run are gone.
        """
        former = None if overwrite else _read_former(run)
        if former is not None and run.collection is None:
            _refuse_great_loss(former, names, run.path)
        kept = {} if former is None else _unchanged_rows(run, former, names)
        return cls(run, former, kept, [name for name in names if name not in kept])

    @property
    def is_done(self) -> bool:
        """Say whether the file stands as it would be written."""
        if self.former is None or self.todo or len(self.kept) < len(self.former.names):
            return False
        return [self.kept[name][1] for name in self.former.names] == list(self.former.fingerprints)

    @property
    def can_ride_along(self) -> bool:
        """Say whether the model can describe photos that another one has decoded: alone, and with nothing to learn."""
        extractor = self.run.extractor
        learns = isinstance(extractor, LearntExtractor)
        return bool(self.todo) and extractor.computes_in_workers and not learns and self.run.decoder is None

    @cached_property
    def shards(self) -> ShardFolder:
        """Opened once, when it is known what a model that learns has learnt."""
        return ShardFolder(self.run.shards_dir / "descriptors", _shard_settings(self.run), MADE_BY)

    def missing(self) -> list[str]:
        """Give the photos that are neither kept nor in a shard."""
        index, is_unchanged = self.shards.index, self.run.is_unchanged
        return [name for name in self.todo if not (name in index and is_unchanged(name, index[name][1]))]


class VectorCompanion(Companion):
    """Works ahead for a model whose turn comes later."""

    def __init__(self, plan: Plan) -> None:
        self.label = f"descriptors of {plan.run.extractor.name}"
        self.part = Part(plan.run.extractor.prepare, plan.run.extractor.max_side)
        self._plan = plan

    def wanted(self, names: Sequence[str]) -> set[str]:
        """Give the photos without a descriptor, and those that changed since."""
        return set(names) & set(self._plan.missing())

    def write(self, items: Sequence[Prepared], /) -> None:
        """Write a shard."""
        describe = self._plan.run.extractor.describe
        self._plan.shards.write([photo_record(item, {DESCRIPTOR: describe([item.value])[0]}) for item in items])


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


def _shard_settings(run: FeatureRun) -> dict[str, Any]:
    if not isinstance(run.extractor, LearntExtractor):
        return run.settings
    state = run.extractor.state()
    return run.settings | {"state": digest(sorted(state), *(np.asarray(state[key]) for key in sorted(state)))}
