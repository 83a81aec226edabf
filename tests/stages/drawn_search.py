"""A drawn search experiment: a database, altered queries, and what they should find."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stages.settings.search import SearchSettings
from storage.fingerprints import Fingerprint
from storage.formats.features import Features, write_features
from storage.formats.photo_features import FeatureRecord, PhotoFeatureStore

NUM_PHOTOS = 60
ATTACKS = ("blur", "crop")


def fingerprint_of(text: str) -> Fingerprint:
    """Give the fingerprint of a photo that is told apart by a text."""
    return Fingerprint(1, 1, hashlib.sha256(text.encode()).hexdigest())


def write_vectors(path: Path, names: Sequence[str], vectors: np.ndarray, **given: Any) -> Path:
    """Write a features file; ``contents`` are the texts that tell its photos apart, by default their names and file."""
    contents = given.pop("contents", [f"{path.stem} {name}" for name in names])
    values: dict[str, Any] = {"model": "drawn", "settings": {}} | given
    sizes = np.full((len(names), 2), 9, np.int64)
    prints = [fingerprint_of(content) for content in contents]
    write_features(
        path,
        Features(
            names=list(names),
            descriptors=np.asarray(vectors, np.float32),
            image_sizes=sizes,
            fingerprints=prints,
            **values,
        ),
    )
    return path


def write_hashes(folder: Path, hashes: dict[str, np.ndarray], settings: dict[str, Any] | None = None) -> Path:
    """Keep features as ``tools.compare_images`` does; give the folder."""
    store = PhotoFeatureStore(folder, settings or {"hash_size": 8}, "a test")
    store.clean()
    store.write([FeatureRecord(name, fingerprint_of(name), value) for name, value in hashes.items()])
    return folder


def unit(vectors: np.ndarray) -> np.ndarray:
    """Give rows of unit length."""
    lengths: np.ndarray = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / lengths)


def draw_search(folder: Path) -> SearchSettings:
    """Write a database of 60 photos, two altered copies of each of the first 20, and the manifest of these."""
    rng = np.random.default_rng(0)
    photos = rng.normal(size=(NUM_PHOTOS, 16))
    names = [f"p_{number:02d}.jpg" for number in range(NUM_PHOTOS)]
    queries = {
        f"p_{number:02d}_{attack}.png": photos[number] + 0.05 * rng.normal(size=16)
        for number in range(20)
        for attack in ATTACKS
    }
    database = write_vectors(folder / "db.h5", names, unit(photos))
    asked = write_vectors(folder / "q.h5", list(queries), unit(np.array(list(queries.values()))))
    lines = [f"{name},{name[:4]}.jpg,{name[5:9]},3" for name in queries]
    (folder / "manifest.csv").write_text("\n".join(["query,source,attack,parameter", *lines]) + "\n", encoding="utf-8")
    return SearchSettings(
        database=(database,),
        queries=(asked,),
        truth=folder / "manifest.csv",
        results_dir=folder / "results",
        repeats=2,
        backend="numpy",
    )
