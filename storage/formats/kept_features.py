"""All features in a folder of shards, whatever settings they were made with: what ``tools.compare_images`` keeps."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from storage.errors import DamagedFileError, StageError
from storage.fingerprints import Fingerprint
from storage.folders import paths_in
from storage.formats.hdf5 import open_hdf5
from storage.formats.photo_features import PHOTO_FEATURES_FORMAT, PHOTO_FEATURES_VERSION, PhotoFeatureStore

MADE_BY = "python -m tools.compare_images"
_FOLDER = re.compile(r"features-(.+)-[0-9a-f]{8}")


@dataclass(frozen=True)
class KeptFeatures:
    """Features of N photos.

    Attributes
    ----------
    method : str
        Similarity that they belong to.
    settings : Mapping
        What changes their values.
    names : list of str
        Image names, sorted.
    features : list of ndarray
        One array a photo, of any shape.
    fingerprints : list of Fingerprint
        Of the photo files.
    """

    method: str
    settings: Mapping[str, Any]
    names: Sequence[str]
    features: Sequence[NDArray[Any]]
    fingerprints: Sequence[Fingerprint]


def read_kept_features(folder: Path) -> KeptFeatures:
    """Read the features in a folder ``features-METHOD-...``.

    Photos that were described once and are gone from their folder are among them.

    Raises
    ------
    StageError
        When it is no such folder, or empty.
    DamagedFileError
        When a shard is damaged.
    """
    named = _FOLDER.fullmatch(folder.resolve().name)
    shards = paths_in(folder, "features-*.h5")
    if named is None or not shards:
        raise StageError(f"{folder} holds no features of a similarity; make a folder of them with: {MADE_BY}")
    with open_hdf5(shards[0], PHOTO_FEATURES_FORMAT, PHOTO_FEATURES_VERSION, MADE_BY) as file:
        settings = json.loads(file.attrs["settings"])
    store = PhotoFeatureStore(folder, settings, MADE_BY)
    if store.num_unknown:
        raise DamagedFileError(f"damaged: {folder} holds shards that cannot be read; make them again with: {MADE_BY}")
    names = sorted(store.index)
    fingerprints = [store.index[name].fingerprint for name in names]
    return KeptFeatures(named[1], settings, names, store.read(names), fingerprints)
