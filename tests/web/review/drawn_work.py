"""A tiny work folder: drawn photos, pairs with probabilities, and the clusters that follow from them."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np

from stages.cluster import create_clusters
from stages.settings.pipeline import ClusterSettings
from storage.formats.pairs import write_pairs
from tests.drawn_photos import save_photos
from web.review.review import Folders, Review

ORIGIN = {"model": "vlad", "is_probability": True}
BUILDINGS = (5, 4, 3, 3, 2)
NUM_ALONE = 3
NUM_PHOTOS = sum(BUILDINGS) + NUM_ALONE
PAIRS_NAME = "pairs-vlad-verified.txt"


def true_groups() -> list[int]:
    """Give the building of each photo, a number of its own for one that is alone."""
    numbers = [building for building, size in enumerate(BUILDINGS) for _ in range(size)]
    return numbers + [100 + place for place in range(NUM_ALONE)]


def make_work(folder: Path, seed: int = 0) -> Folders:
    """Make photos, pairs and clusters in ``folder``; give where they lie."""
    folders = Folders(folder / "datasets", folder / "netvlad", folder / "results")
    names = save_photos(folders.image_dir, NUM_PHOTOS)
    random, true = np.random.default_rng(seed), true_groups()
    rows = []
    for one in range(NUM_PHOTOS):
        for two in range(one + 1, NUM_PHOTOS):
            if true[one] == true[two]:
                rows.append((names[one], names[two], round(float(random.uniform(0.75, 0.999)), 6)))
            elif random.random() < 0.3:
                rows.append((names[one], names[two], round(float(random.beta(1, 3)), 6)))
    folders.outputs_dir.mkdir()
    write_pairs(folders.outputs_dir / PAIRS_NAME, rows, ORIGIN)
    create_clusters(cluster_settings(folders))
    return folders


def cluster_settings(folders: Folders) -> ClusterSettings:
    """Give the settings of ``create_clusters.py`` for a work folder."""
    return ClusterSettings(
        image_dir=folders.image_dir,
        outputs_dir=folders.outputs_dir,
        results_dir=folders.results_dir,
        pairs_file=folders.outputs_dir / PAIRS_NAME,
    )


def copy_results(folders: Folders, target: Path) -> Folders:
    """Give a work folder of the same photos and pairs with results of its own."""
    shutil.copytree(folders.results_dir, target)
    return Folders(folders.image_dir, folders.outputs_dir, target)


def groups_of(review: Review) -> set[frozenset[str]]:
    """Give the groups of the session, by name, photos that are alone too."""
    state = review.state
    return {frozenset(state.names[photo] for photo in state.group(photo)) for photo in range(state.num_photos)}


def tree_hash(folder: Path) -> str:
    """Give a digest of all paths and files below a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(f"{path.relative_to(folder)}\0".encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()
