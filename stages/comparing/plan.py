"""What a pairs file of compared photos hangs on, and what stands of it already."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from hloc.similarities import SIMILARITIES, create_similarity
from hloc.similarities.base import Similarity, SimilarityOptions
from stages.checks import check_range
from stages.settings.compare import HASH_SCALES, MINHASH_TOKENS, OPTIONS, ORB_SCORES, SKIPS, CompareSettings
from stages.settings.pipeline import PAIRS_FORMATS
from storage.errors import DamagedFileError, StageError, UsageError
from storage.fingerprints import Fingerprint
from storage.formats.hdf5 import digest
from storage.formats.pairs import pairs_path, read_origin, standing
from storage.report import SkippedPhoto

logger = logging.getLogger(__name__)
MERGE, DONTMERGE = "merge", "dontmerge"
# What has a scale of its own, on which the registered thresholds mean nothing.
_OTHER_SCALES = {"hash_scale": "rows", "minhash_tokens": "axes", "orb_score": "ratio"}


def check_settings(settings: CompareSettings) -> None:
    """Refuse settings that are out of range; the UsageError names flag, value and range."""
    choices = {
        "skip": SKIPS,
        "option": OPTIONS,
        "hash_scale": HASH_SCALES,
        "minhash_tokens": MINHASH_TOKENS,
        "orb_score": ORB_SCORES,
        "pairs_format": PAIRS_FORMATS,
    }
    for flag, known in choices.items():
        if getattr(settings, flag) not in known:
            listed = ", ".join(repr(choice) for choice in known)
            raise UsageError(f"--{flag} is {getattr(settings, flag)!r}, but must be one of {listed}")
    for flag, least in (("batch_size", 2), ("num_workers", 0), ("max_megapixels", 1e-6), ("timeout_s", 1e-6)):
        value = getattr(settings, flag)
        if value is not None:
            check_range(f"--{flag}", value, least)
    if settings.batch_size is None:
        if settings.option:
            raise UsageError(f"--option {settings.option}: has no use without --batch_size")
        if settings.rescue_outliers:
            raise UsageError("--rescue_outliers: has no use without --batch_size")
    if settings.rescue_outliers and settings.option == DONTMERGE:
        raise UsageError("--rescue_outliers: has no use with --option dontmerge; give it with --option merge")


def chosen_similarity(settings: CompareSettings) -> Similarity:
    """Make the similarity that the settings ask for."""
    names = [option.name for option in fields(SimilarityOptions)]
    return create_similarity(settings.method, SimilarityOptions(**{name: getattr(settings, name) for name in names}))


def chosen_threshold(settings: CompareSettings, similarity: Similarity) -> float:
    """Give the score from which two photos are similar.

    Raises
    ------
    UsageError
        When it is out of the range of the scores, or the default is for another scale.
    """
    if settings.threshold is not None:
        check_range("--threshold", settings.threshold, similarity.lowest, similarity.highest)
        return settings.threshold
    for flag, value in _OTHER_SCALES.items():
        if getattr(settings, flag) == value:
            raise UsageError(f"--{flag} {value}: needs --threshold, as the default is for another scale")
    return SIMILARITIES[settings.method].strong_threshold


@dataclass(frozen=True, eq=False)
class Plan:
    """Photos in their order, and how they are compared.

    Attributes
    ----------
    settings : CompareSettings
        What was asked for.
    similarity : Similarity
        What scores.
    threshold : float
        Score from which two photos are similar.
    names : list of str
        Image names, by size of the file in bytes, then by name.
    checksum : str
        sha256 over names and contents of the photos.
    skipped : sequence of SkippedPhoto
        Photos that cannot be compared.
    """

    settings: CompareSettings
    similarity: Similarity
    threshold: float
    names: list[str]
    checksum: str
    skipped: list[SkippedPhoto]

    @classmethod
    def of(
        cls,
        settings: CompareSettings,
        similarity: Similarity,
        fingerprints: Mapping[str, Fingerprint],
        skipped: list[SkippedPhoto],
    ) -> Plan:
        """Order the photos."""
        names = sorted(fingerprints, key=lambda name: (fingerprints[name].size, name))
        by_name = sorted(fingerprints)
        checksum = digest(by_name, [fingerprints[name].sha256 for name in by_name])
        return cls(settings, similarity, chosen_threshold(settings, similarity), names, checksum, sorted(set(skipped)))

    @property
    def batches(self) -> list[slice]:
        """Give the place of each batch among the names."""
        size = self.settings.batch_size or max(len(self.names), 1)
        return [slice(start, min(start + size, len(self.names))) for start in range(0, len(self.names), size)]

    @property
    def is_merged(self) -> bool:
        """Whether the pairs are all, those across batches included."""
        return self.settings.option != DONTMERGE or len(self.batches) == 1

    def identity(self) -> dict[str, Any]:
        """Everything that the pairs hang on (JSON types); it stands in their origin."""
        return self.identity_of_batches() | {
            "is_merged": self.is_merged,
            "rescue_outliers": self.settings.rescue_outliers,
        }

    def identity_of_batches(self) -> dict[str, Any]:
        """Everything that the pairs within batches hang on."""
        return {
            "model": self.similarity.name,
            "similarity": self.similarity.settings(),
            "threshold": self.threshold,
            "skip": self.settings.skip,
            "is_order_dependent": self.settings.skip == "leader",
            "batch_size": self.settings.batch_size,
            "num_photos": len(self.names),
            "photos_checksum": self.checksum,
            "skipped": [asdict(photo) for photo in self.skipped],
        }

    def ranks(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Give the rank of each photo's name, (N,)."""
        ranks = np.empty(len(self.names), dtype=np.int64)
        ranks[sorted(range(len(self.names)), key=self.names.__getitem__)] = np.arange(len(self.names))
        return ranks

    @property
    def path(self) -> Path:
        """Where the pairs are written."""
        return pairs_path(self.settings.outputs_dir, self.similarity.name, self.settings.pairs_format)


def read_current(plan: Plan) -> dict[str, Any] | None:
    """Read the origin of the pairs that stand, when they are those of the plan."""
    origin = _read_origin(plan.path)
    identity = plan.identity()
    return origin if origin is not None and _of_keys(origin, identity) == identity else None


def _read_origin(path: Path) -> dict[str, Any] | None:
    try:
        return read_origin(path) if path.is_file() else None
    except DamagedFileError as error:
        logger.warning("%s (they are made anew now)", error)
        return None


def _of_keys(origin: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {key: origin.get(key) for key in wanted}


def find_batches_to_merge(plan: Plan) -> tuple[Path, dict[str, Any]]:
    """Find the pairs within batches that ``--option merge`` goes on from; give them with their origin.

    Raises
    ------
    StageError
        When there are none, or they are of other photos.
    UsageError
        When they were made with other settings.
    """
    path = standing(plan.path)
    origin = _read_origin(path)
    if origin is None or origin.get("is_merged") is not False:
        raise StageError(f"{path} holds no pairs of batches; make them with the same flags and --option {DONTMERGE}")
    wanted = plan.identity_of_batches()
    of_photos = ("num_photos", "photos_checksum", "skipped")
    for key, value in wanted.items():
        if key not in of_photos and origin.get(key) != value:
            raise UsageError(f"{path} was made with {key} {origin.get(key)}, this call has {value}: use the same flags")
    if _of_keys(origin, wanted) != wanted:
        raise StageError(f"the photos have changed since {path} was made; run again with --option {DONTMERGE}")
    return path, origin
