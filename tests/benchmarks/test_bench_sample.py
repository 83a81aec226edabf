from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from benchmarks.bench_quality import sample_rows
from benchmarks.bench_sample import threshold_rows

PHOTOS = [Path(f"photos/img_{number:03d}.jpg") for number in range(30)]


def test_the_sample_is_chosen_by_the_hash_of_names_and_learnt_in_order() -> None:
    rows = sample_rows(PHOTOS, 10)
    assert rows == sorted(rows) and len(rows) == 10
    least = min(PHOTOS, key=lambda path: hashlib.sha256(path.name.encode("utf-8")).digest())
    assert PHOTOS.index(least) in rows


def test_a_sample_that_holds_all_photos_takes_them_in_order() -> None:
    assert sample_rows(PHOTOS, 1024) == list(range(30))


def test_thresholds_that_are_chosen_stand_before_the_registered_ones() -> None:
    random = np.random.default_rng(0)
    centres = random.normal(size=(10, 32))
    vectors = np.repeat(centres, 3, axis=0) + 0.1 * random.normal(size=(30, 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    label_of = {path.name: f"building {number // 3}" for number, path in enumerate(PHOTOS)}
    rows = threshold_rows("vlad", [vectors], label_of)
    assert [row.split(" | ")[1] for row in rows] == ["chosen", "chosen", "registered", "registered"]
    assert all("| 1.000 |" in row for row in rows[:2]), "buildings that lie far apart are told apart"
