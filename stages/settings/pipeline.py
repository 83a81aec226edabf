"""The settings of every stage with their defaults: the one place that scripts and stages read them from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TRANSFER_MODES = ("copy", "hardlink", "symlink", "reflink")
PAIRS_FORMATS = ("text", "hdf5")
SEARCHES = ("auto", "exact", "approximate")
MAX_MEGAPIXELS = 100.0


@dataclass(frozen=True)
class CopySettings:
    """Settings of ``copy_images.py``.

    ``prune`` removes copies whose source is gone; ``afresh`` copies resized photos again at full size.
    """

    image_dir: Path
    export_dir: Path = Path("datasets")
    mode: str = "copy"
    dry_run: bool = False
    follow_links: bool = False
    prune: bool = False
    afresh: bool = False


@dataclass(frozen=True)
class ResizeSettings:
    """Settings of ``resize_images.py``; exactly one of the two sizes is meant to be given.

    ``resize_coefficient`` divides both sides; ``max_side`` is the longest side wanted, in pixels.
    """

    image_dir: Path = Path("datasets")
    resize_coefficient: int = 1
    max_side: int | None = None
    export_dir: Path | None = None
    quality: int = 95
    max_megapixels: float = MAX_MEGAPIXELS
    num_workers: int | None = None
    timeout_s: float = 120.0
    follow_links: bool = False


@dataclass(frozen=True)
class ExtractSettings:
    """Settings of ``extract_features.py``.

    ``engine``, ``precision`` and ``compile`` are for models that are networks of PyTorch, the four of ``input_`` for
    ``onnx:FILE``. ``shard`` is ``i/n``: describe every n-th photo only, beginning with the i-th, and make no pairs.
    ``distributed`` is ``ray`` or None; ``ray_address`` of None starts a cluster on this machine.
    ``search`` is one of ``SEARCHES``. ``keep_local_features`` keeps those that ``match_pairs.py`` would detect again.
    """

    image_dir: Path = Path("datasets")
    outputs_dir: Path = Path("netvlad")
    num_to_match: int = 10
    model: str = "auto"
    weights: Path | None = None
    device: str = "auto"
    batch_size: int | None = None
    num_workers: int | None = None
    resize_max: int | None = None
    half: bool = False
    min_score: float = 0.0
    search: str = "auto"
    layout: str = "packed"
    overwrite: bool = False
    follow_links: bool = False
    max_megapixels: float = MAX_MEGAPIXELS
    timeout_s: float = 120.0
    engine: str | None = None
    precision: str | None = None
    compile: bool | None = None
    jpeg_decoder: str = "cpu"
    input_size: str | None = None
    input_mean: str | None = None
    input_std: str | None = None
    input_layout: str | None = None
    shard: str | None = None
    distributed: str | None = None
    ray_address: str | None = None
    pairs_format: str = "text"
    keep_local_features: bool = False


@dataclass(frozen=True)
class MergeSettings:
    """Settings of ``tools.merge_features``.

    ``model`` of None is the one that the shards were made with; ``image_dir`` of None looks at no photo. The next
    four of None are as the shards were called with.
    """

    outputs_dir: Path = Path("netvlad")
    model: str | None = None
    image_dir: Path | None = None
    num_to_match: int | None = None
    min_score: float | None = None
    search: str | None = None
    layout: str | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class MatchSettings:
    """Settings of ``match_pairs.py``.

    ``max_pairs`` is the most further pairs that one photo may ask for in each round; ``calibration`` of None means
    the one that comes with the project.
    """

    image_dir: Path = Path("datasets")
    outputs_dir: Path = Path("netvlad")
    pairs_file: Path | None = None
    matcher: str = "rootsift"
    num_keypoints: int = 2000
    max_pairs: int = 10
    num_rounds: int = 2
    calibration: Path | None = None
    num_workers: int | None = None
    follow_links: bool = False
    max_megapixels: float = MAX_MEGAPIXELS
    timeout_s: float = 120.0
    pairs_format: str = "text"


@dataclass(frozen=True)
class ClusterSettings:
    """Settings of ``create_clusters.py``.

    ``method`` of None is ``evidence`` for pairs whose scores are probabilities, ``components`` for those of a
    similarity (``tools.compare_images``), ``specified`` for others. A threshold of None means the default of the
    method; but for ``evidence`` that of the model, or of the comparison, that made the pairs. ``parameters`` are those
    that the method's own file declares, by name. ``decisions`` of None is
    ``decisions.json`` of the results folder, when it stands.
    """

    image_dir: Path = Path("datasets")
    pairs_file: Path | None = None
    outputs_dir: Path = Path("netvlad")
    method: str | None = None
    results_dir: Path = Path("results")
    strong_edg_thresh: float | None = None
    weak_edg_thresh: float | None = None
    gps_count_thresh: int = 4
    gps_distance_thresh: float = 30.0
    agreement_thresh: float | None = None
    gps_conflict_thresh: float | None = None
    decisions: Path | None = None
    file_order: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    follow_links: bool = False


@dataclass(frozen=True)
class ExportSettings:
    """Settings of ``export_clusters.py``."""

    image_dir: Path = Path("datasets")
    results_dir: Path = Path("results")
    mode: str = "copy"
    dry_run: bool = False
    follow_links: bool = False


@dataclass(frozen=True)
class PipelineSettings:
    """Settings of ``run_pipeline.py``: where from, where to, and what is passed on to the stages.

    ``image_dir`` of None draws the demo street; ``work_dir`` of None means ``work/<name of the image folder>``.
    """

    image_dir: Path | None = None
    work_dir: Path | None = None
    mode: str = "copy"
    max_side: int | None = None
    model: str = "auto"
    weights: Path | None = None
    device: str = "auto"
    num_workers: int | None = None
    num_to_match: int = ExtractSettings.num_to_match
    no_verify: bool = False
    strong_edg_thresh: float | None = None
    weak_edg_thresh: float | None = None
    gps_count_thresh: int = ClusterSettings.gps_count_thresh
    gps_distance_thresh: float = ClusterSettings.gps_distance_thresh
    seed: int = 0
    overwrite: bool = False
    follow_links: bool = False
    prune: bool = False
    max_megapixels: float = MAX_MEGAPIXELS
