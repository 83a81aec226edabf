"""Every registered similarity through the comparison: pairs that are what it says, groups that are right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hloc.similarities import SIMILARITIES, create_similarity
from hloc.similarities.base import SimilarityOptions
from stages.compare import compare_images
from stages.settings.compare import CompareSettings
from storage.errors import UsageError
from storage.formats.pairs import read_origin, read_pairs
from storage.photos import load_photo
from storage.report import RunReport
from tests.drawn_digits import save_digits

pytest.importorskip("imagehash", reason="the hashes are those of ImageHash")
pytest.importorskip("datasketch", reason="minhash is that of datasketch")
NUM_SCENES, NUM_COPIES = 4, 3


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four drawn scenes with corners, three copies each: one whole, two recompressed."""
    folder = tmp_path_factory.mktemp("scenes") / "datasets"
    folder.mkdir()
    for scene in range(NUM_SCENES):
        random = np.random.default_rng(scene)
        coarse, fine = (random.integers(0, 256, (*cells, 3), dtype=np.uint8) for cells in ((5, 6), (28, 36)))
        parts = [Image.fromarray(cells).resize((288, 224), Image.Resampling.NEAREST) for cells in (coarse, fine)]
        photo = Image.blend(parts[0], parts[1], 0.5)
        for copy, quality in enumerate((98, 85, 70)):
            photo.save(folder / f"scene_{scene}_{copy}.jpg", quality=quality)
    return folder


def run(photos: Path, outputs_dir: Path, method: str, **how: Any) -> RunReport:
    return compare_images(CompareSettings(method, photos, outputs_dir, **{"num_workers": 0} | how))


def pairs(outputs_dir: Path, method: str) -> dict[tuple[str, str], float]:
    found = read_pairs(outputs_dir / f"pairs-{method}.txt")
    rows = zip(found.first.tolist(), found.second.tolist(), found.scores.tolist(), strict=True)
    return {(found.names[one], found.names[two]): score for one, two, score in rows}


@pytest.mark.parametrize("method", SIMILARITIES)
def test_copies_are_found_and_nothing_else(scenes: Path, tmp_path: Path, method: str) -> None:
    report = run(scenes, tmp_path, method)
    found = pairs(tmp_path, method)
    assert {one.split("_")[1] == two.split("_")[1] for one, two in found} == {True}
    assert report.counts["clusters"] == NUM_SCENES and report.counts["photos_without_a_pair"] == 0


@pytest.mark.parametrize("method", SIMILARITIES)
def test_the_scores_are_those_that_the_similarity_gives(scenes: Path, tmp_path: Path, method: str) -> None:
    similarity = create_similarity(method, SimilarityOptions())
    run(scenes, tmp_path, method, threshold=similarity.lowest, skip="none")
    names = sorted(path.name for path in scenes.iterdir())
    names.sort(key=lambda name: (scenes / name).stat().st_size)  # orb asks which photo comes first
    scorer = similarity.scorer([similarity.describe(load_photo(scenes / name)) for name in names])
    first, second = np.triu_indices(len(names), 1)
    scores = scorer.pairs(first, second)
    wanted = {
        tuple(sorted((names[one], names[two]))): score
        for one, two, score in zip(first.tolist(), second.tolist(), scores.tolist(), strict=True)
        if np.isfinite(score)
    }
    assert pairs(tmp_path, method) == wanted


@pytest.mark.parametrize("method", ["ssim", "phash", "orb"])
def test_batches_and_threads_change_no_group_of_copies(scenes: Path, tmp_path: Path, method: str) -> None:
    whole = run(scenes, tmp_path / "one", method)
    batched = run(scenes, tmp_path / "two", method, batch_size=5, rescue_outliers=True)
    assert batched.counts["batches"] == 3 and batched.counts["clusters"] == whole.counts["clusters"]
    run(scenes, tmp_path / "three", method, num_workers=2)
    one, three = ((tmp_path / folder / f"pairs-{method}.txt").read_bytes() for folder in ("one", "three"))
    assert one == three


@pytest.mark.parametrize("method", SIMILARITIES)
def test_the_origin_holds_the_settings_of_the_similarity(scenes: Path, tmp_path: Path, method: str) -> None:
    run(scenes, tmp_path, method)
    origin = read_origin(tmp_path / f"pairs-{method}.txt")
    assert origin is not None and origin["model"] == method
    assert origin["similarity"] == create_similarity(method, SimilarityOptions()).settings()
    assert origin["threshold"] == SIMILARITIES[method].strong_threshold
    assert run(scenes, tmp_path, method).is_current


def test_the_scale_of_clusterimg_gives_the_same_pairs_at_its_threshold(scenes: Path, tmp_path: Path) -> None:
    run(scenes, tmp_path / "bits", "phash", threshold=1 - 8 / 64)
    run(scenes, tmp_path / "rows", "phash", threshold=1 - 8 / 8, hash_scale="rows")
    bits, rows = pairs(tmp_path / "bits", "phash"), pairs(tmp_path / "rows", "phash")
    assert bits.keys() == rows.keys() and bits
    for pair, score in bits.items():
        assert rows[pair] == pytest.approx(1 - 8 * (1 - score), abs=1e-6)


def test_what_a_method_does_not_take_is_refused(scenes: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--hash_size"):
        run(scenes, tmp_path / "out", "ssim", hash_size=16)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("method", ["ssim", "tm", "dhash"])
def test_digits_of_one_kind_meet_before_those_of_two(tmp_path: Path, method: str) -> None:
    truth = save_digits(tmp_path / "datasets", 24, seed=5, side=96, jitter=0)
    run(tmp_path / "datasets", tmp_path / "out", method, threshold=-1.0 if method == "ssim" else 0.0, skip="none")
    found = pairs(tmp_path / "out", method)
    same = [score for (one, two), score in found.items() if truth[one] == truth[two]]
    other = [score for (one, two), score in found.items() if truth[one] != truth[two]]
    assert np.mean(same) > np.quantile(other, 0.9)
