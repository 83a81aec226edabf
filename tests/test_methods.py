"""Every similarity and every clusterer of descriptors, from photos to clusters."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clustering.evaluation import Evaluation
from clustering.features.clusterers import FEATURE_CLUSTERERS
from hloc.similarities import SIMILARITIES
from stages.cluster import create_clusters
from stages.cluster_features import cluster_features
from stages.compare import compare_images
from stages.evaluate import compare_with_labels
from stages.extract import extract_features
from stages.retrieval.attack import make_attacks
from stages.settings.cluster_features import FeatureClusterSettings
from stages.settings.compare import CompareSettings
from stages.settings.pipeline import ClusterSettings, ExtractSettings
from stages.settings.retrieval import AttackSettings
from storage.formats.clusters import CLUSTERS_NAME, read_clusters
from storage.formats.features import features_path
from storage.formats.pairs import pairs_path
from storage.formats.truth import MANIFEST_NAME, read_truth
from storage.listing import list_photos
from tests.drawn_digits import save_digits

NUM_DIGITS = 200
ATTACKS = '{"scaling": [0.5], "jpg_compression": [50], "cropping": [5], "brightness_enhancement": [1.5]}'


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with 200 digits in ``photos``, their truth in ``labels.csv``, their descriptors in ``netvlad``."""
    folder = tmp_path_factory.mktemp("digits")
    truth = save_digits(folder / "photos", NUM_DIGITS)
    write_labels(folder / "labels.csv", {name: str(digit) for name, digit in truth.items()})
    extract_features(
        ExtractSettings(image_dir=folder / "photos", outputs_dir=folder / "netvlad", model="vlad+street", num_workers=0)
    )
    yield folder
    shutil.rmtree(folder)


def write_labels(path: Path, building_of: dict[str, str]) -> None:
    """Write ``labels.csv``."""
    rows = "".join(f"{name},{building}\n" for name, building in building_of.items())
    path.write_text(f"path,building\n{rows}", encoding="utf-8")


def cluster_by(method: str, folder: Path, results_dir: Path) -> Evaluation:
    """Compare the photos of a folder and cluster them, all by default; measure the clusters."""
    outputs_dir = folder / "compared"
    compare_images(CompareSettings(method=method, image_dir=folder / "photos", outputs_dir=outputs_dir, num_workers=0))
    pairs_file = pairs_path(outputs_dir, method)
    create_clusters(ClusterSettings(pairs_file=pairs_file, image_dir=folder / "photos", results_dir=results_dir))
    return check_groups(folder, results_dir)


def check_groups(folder: Path, results_dir: Path) -> Evaluation:
    """See to it that every photo is in exactly one group; measure them."""
    clusters = read_clusters(results_dir / CLUSTERS_NAME)
    grouped = sorted(name for names in clusters.values() for name in names)
    assert grouped == sorted(list_photos(folder / "photos", follow_links=False))
    return compare_with_labels(results_dir / CLUSTERS_NAME, folder / "labels.csv").evaluation


@pytest.mark.parametrize("method", SIMILARITIES)
def test_every_similarity_groups_the_digits(method: str, digits: Path, tmp_path: Path) -> None:
    measures = cluster_by(method, digits, tmp_path)
    if method == "dhash":  # the thresholds of the others are for copies of photos, not for drawings
        assert measures.bcubed_f1 > 0.7


@pytest.mark.parametrize(
    "changes", [{"algorithm": name} for name in (*FEATURE_CLUSTERERS, "auto")] + [{"preset": "resnet_hdbscan"}], ids=str
)
def test_every_clusterer_of_descriptors_groups_the_digits(
    changes: dict[str, str], digits: Path, tmp_path: Path
) -> None:
    cluster_features(
        FeatureClusterSettings(
            features=tuple(features_path(digits / "netvlad", model) for model in ("vlad", "street")),
            image_dir=digits / "photos",
            results_dir=tmp_path,
            algorithm=changes.get("algorithm", "hdbscan"),
            preset=changes.get("preset"),
        )
    )
    assert check_groups(digits, tmp_path).bcubed_precision > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("method", ["phash", "dhash"])
def test_hashes_group_attacked_copies_of_photos_that_their_thresholds_were_not_fixed_on(
    method: str, shared_dir: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    (photos / "sources").mkdir(parents=True)
    for path in sorted((shared_dir / "photos" / "nearduplicates").glob("*.jpg")):
        if hashlib.sha256(path.stem.encode()).digest()[0] >= 128:
            shutil.copy(path, photos / "sources")
    families = ("scaling", "jpg_compression", "cropping", "brightness_enhancement")
    make_attacks(
        AttackSettings(photos / "sources", photos / "attacked", attacks=families, params=ATTACKS, format="jpg")
    )
    truth = {f"attacked/{row.query}": row.source for row in read_truth(photos / "attacked" / MANIFEST_NAME)}
    building_of = truth | {f"sources/{source}": source for source in truth.values()}
    write_labels(tmp_path / "labels.csv", building_of)
    measures = cluster_by(method, tmp_path, tmp_path / "results")
    assert len(building_of) >= 5 * 40
    assert measures.pairwise_precision >= 0.99
    assert measures.pairwise_recall >= 0.8
