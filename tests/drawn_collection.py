"""A small drawn collection: photos, scored pairs, descriptors and clusters, written straight in their formats."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from storage.fingerprints import Fingerprint
from storage.formats.features import Features, features_path, write_features
from storage.formats.pairs import pairs_path, write_pairs
from tests.drawn_photos import save_photos

HOSTILE = ("a & b/<script>alert(1)</script>.jpg", "\"quoted' name.jpg", "${7*7}{{7*7}}.jpg", "CON.jpg")


def drawn_rows(names: list[str], num_groups: int = 4, seed: int = 0) -> list[tuple[str, str, float]]:
    """Score all pairs: high within every group of names (the n-th is in group n modulo ``num_groups``), else low."""
    random = np.random.default_rng(seed)
    rows = []
    for one in range(len(names)):
        for other in range(one + 1, len(names)):
            base = 0.75 if one % num_groups == other % num_groups else 0.2
            rows.append((names[one], names[other], round(float(base + random.uniform(-0.2, 0.2)), 4)))
    return rows


def write_drawn_pairs(outputs_dir: Path, names: list[str], model: str = "vlad", is_probability: bool = False) -> Path:
    """Write the drawn pairs of ``names`` with their origin; give the file's path."""
    path = pairs_path(outputs_dir, model)
    origin = {"model": model, "skipped": []} | ({"is_probability": True} if is_probability else {})
    write_pairs(path, drawn_rows(names), origin)
    return path


def write_drawn_features(outputs_dir: Path, names: list[str], num_groups: int = 4, dimension: int = 16) -> None:
    """Write unit vectors of a model ``vlad``: groups as in :func:`drawn_rows`."""
    random = np.random.default_rng(1)
    centres = random.normal(size=(num_groups, dimension))
    vectors = centres[np.arange(len(names)) % num_groups] + 0.3 * random.normal(size=(len(names), dimension))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    sizes = np.full((len(names), 2), 48, dtype=np.int64)
    prints = [Fingerprint(1, 1, "0" * 64) for _ in names]
    write_features(features_path(outputs_dir, "vlad"), Features("vlad", {}, names, vectors, sizes, prints))


def write_drawn_clusters(results_dir: Path, names: list[str], num_groups: int = 4) -> None:
    """Write the groups as clusters 0, 1, ...; the last photo is alone."""
    clusters = {str(group): names[:-1][group::num_groups] for group in range(num_groups)}
    results_dir.mkdir(parents=True, exist_ok=True)
    (results_dir / "clusters.json").write_text(json.dumps(clusters | {"-1": names[-1:]}), encoding="utf-8")


def draw_collection(work_dir: Path, num_photos: int = 12, extra: tuple[str, ...] = ()) -> list[str]:
    """Make a work folder; the names ``extra`` are in pairs, features and clusters, but not on disk. Give all names."""
    names = sorted([*save_photos(work_dir / "datasets", num_photos), *extra])
    write_drawn_pairs(work_dir / "netvlad", names)
    write_drawn_features(work_dir / "netvlad", names)
    write_drawn_clusters(work_dir / "results", names)
    return names
