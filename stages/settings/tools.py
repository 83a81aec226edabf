"""Settings of the tools that look at results; imports nothing heavy, as scripts read their defaults from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.settings.pipeline import MAX_MEGAPIXELS

PHOTO_FORMATS = ("jpg", "png", "keep")
SQUARES = ("none", "pad", "blur", "reflect")


@dataclass(frozen=True)
class ReportSettings:
    """Settings of ``tools.make_report``.

    ``export_dir`` of None is ``RESULTS_DIR/report``. ``thumbnail_side`` and ``photo_side`` are the longest sides, in
    pixels, of the small and the large pictures in the report. ``map_tiles`` is a URL with ``{z}``, ``{x}`` and
    ``{y}``; without it the report asks nobody for anything.
    """

    image_dir: Path = Path("datasets")
    outputs_dir: Path = Path("netvlad")
    results_dir: Path = Path("results")
    export_dir: Path | None = None
    title: str = "Buildings"
    thumbnail_side: int = 320
    photo_side: int = 1280
    no_contact_sheets: bool = False
    map_tiles: str | None = None
    map_attribution: str = ""
    num_workers: int | None = None
    follow_links: bool = False
    max_megapixels: float = MAX_MEGAPIXELS
    timeout_s: float = 120.0


@dataclass(frozen=True)
class LabelsSettings:
    """Settings of ``tools.export_labels``.

    ``output`` of None is a name of the format's own below ``RESULTS_DIR/labels``.
    """

    label_format: str = "csv"
    image_dir: Path = Path("datasets")
    results_dir: Path = Path("results")
    output: Path | None = None
    follow_links: bool = False


@dataclass(frozen=True)
class PreprocessSettings:
    """Settings of ``tools.preprocess_images``.

    ``trim_tol`` is in levels of 8 bit, ``trim_max`` a share of the width or height. ``square`` is ``none`` or what
    fills the border; ``size`` is the width and height wanted in the end, in pixels.
    """

    image_dir: Path
    export_dir: Path
    trim: bool = False
    trim_tol: float = 5.0
    trim_max: float = 0.45
    square: str = "none"
    size: tuple[int, int] | None = None
    format: str = "jpg"
    quality: int = 90
    max_megapixels: float = MAX_MEGAPIXELS
    num_workers: int | None = None
    timeout_s: float = 120.0
    follow_links: bool = False


@dataclass(frozen=True)
class ExplainSettings:
    """Settings of ``tools.explain_pair``.

    ``output`` of None is ``RESULTS_DIR/explained/FIRST--SECOND.png``; ``max_side`` is the longest side of a drawn
    photo. The others are as in the stages whose results are explained.
    """

    first: str
    second: str
    image_dir: Path = Path("datasets")
    outputs_dir: Path = Path("netvlad")
    results_dir: Path = Path("results")
    pairs_file: Path | None = None
    decisions: Path | None = None
    calibration: Path | None = None
    output: Path | None = None
    max_side: int = 960
    follow_links: bool = False
    max_megapixels: float = MAX_MEGAPIXELS


@dataclass(frozen=True)
class ThresholdSettings:
    """Settings of ``tools.select_threshold``.

    ``work_dir`` holds the three folders that are None; without it they are as in the other scripts. ``output_dir`` of
    None is ``RESULTS_DIR/thresholds``. ``method`` scores all pairs of ``sample`` photos, drawn by ``seed``, in the
    place of a pairs file; ``num_workers`` is for that alone. ``max_points`` limits the curve, ``num_places`` the places
    on it that sample pairs are taken from.
    """

    work_dir: Path | None = None
    image_dir: Path | None = None
    outputs_dir: Path | None = None
    results_dir: Path | None = None
    pairs_file: Path | None = None
    output_dir: Path | None = None
    method: str | None = None
    sample: int | None = None
    seed: int = 0
    num_workers: int | None = None
    max_points: int = 1000
    num_places: int = 60
    follow_links: bool = False
    max_megapixels: float = MAX_MEGAPIXELS


@dataclass(frozen=True)
class PlotSettings:
    """Settings of ``tools.plot_features``.

    ``work_dir`` holds the three folders that are None; without it they are as in the other scripts. ``output_dir`` of
    None is ``RESULTS_DIR/map``. ``model`` of None is that of the clusters, or of the only features file. The first of
    ``methods`` is what the page shows at first and what ``parquet`` holds; ``projector`` is a folder.
    """

    work_dir: Path | None = None
    image_dir: Path | None = None
    outputs_dir: Path | None = None
    results_dir: Path | None = None
    output_dir: Path | None = None
    model: str | None = None
    methods: tuple[str, ...] = ("tsne", "pca")
    perplexity: float = 30.0
    seed: int = 0
    projector: Path | None = None
    parquet: Path | None = None
    num_workers: int | None = None
    follow_links: bool = False
