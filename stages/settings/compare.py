"""Settings of the tools that compare photos pair by pair; imports nothing heavy, as scripts read their defaults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.settings.pipeline import MAX_MEGAPIXELS

SKIPS = ("exact", "leader", "none")
OPTIONS = ("", "dontmerge", "merge")
HASH_SCALES = ("bits", "rows")
MINHASH_TOKENS = ("cells", "axes")
ORB_SCORES = ("close", "ratio")


@dataclass(frozen=True)
class CompareSettings:
    """Settings of ``tools.compare_images``.

    ``threshold`` of None is the default of the method. ``size`` (width, height), ``scale`` (factors of both),
    ``hash_size``, ``hash_scale``, ``minhash_tokens`` and ``orb_score`` are told to the similarity. ``skip`` is one of
    ``SKIPS``, ``option`` one of ``OPTIONS``; ``batch_size`` of None is one batch of all photos.
    """

    method: str = "phash"
    image_dir: Path = Path("datasets")
    outputs_dir: Path = Path("netvlad")
    threshold: float | None = None
    size: tuple[int, int] | None = None
    scale: tuple[float, float] | None = None
    hash_size: int | None = None
    hash_scale: str = "bits"
    minhash_tokens: str = "cells"
    orb_score: str = "close"
    skip: str = "exact"
    batch_size: int | None = None
    option: str = ""
    rescue_outliers: bool = False
    num_workers: int | None = None
    pairs_format: str = "text"
    follow_links: bool = False
    max_megapixels: float = MAX_MEGAPIXELS
    timeout_s: float = 120.0


@dataclass(frozen=True)
class WorkloadSettings:
    """Settings of ``tools.estimate_workload``.

    Classes are ``num_classes`` equal ones of ``num_photos``, or those of ``class_sizes``. ``batch_size`` of None is one
    batch; ``similar_share`` is the share of each class whose photos are similar to each other.
    """

    num_photos: int | None = None
    num_classes: int = 5
    class_sizes: tuple[int, ...] | None = None
    batch_size: int | None = None
    similar_share: float = 0.5
    rescue_outliers: bool = False
