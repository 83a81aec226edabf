"""Settings of the tools that measure indexes; imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

KINDS = ("flat", "ivf", "hnsw", "pq")
METRICS = ("cosine", "l2", "l1", "ip", "js", "hamming")
BACKENDS = ("auto", "faiss", "numpy")
PICTURE_ENDINGS = (".html", ".png")


@dataclass(frozen=True)
class SearchSettings:
    """Settings of ``tools.search_experiment``.

    ``database``, ``queries`` and ``distractors`` are features files, or folders of the hashes that
    ``tools.compare_images`` keeps. ``queries`` of none takes them from the database. ``truth`` and ``id_regex`` say
    what is right; with neither nothing is judged. ``metric`` of none is cosine for descriptors, hamming for hashes.
    Several values are several runs; ``nlist`` and ``pq_m`` of none choose for themselves.

    ``rerank`` names a matcher of local features that puts the first ``num_rerank`` of each list in order; ``image_dir``
    holds the photos of the database, and of queries and distractors unless ``query_dir`` and ``distractor_dir`` do.
    """

    database: tuple[Path, ...] = ()
    queries: tuple[Path, ...] = ()
    distractors: tuple[Path, ...] = ()
    truth: Path | None = None
    id_regex: str | None = None
    results_dir: Path = Path("results/search")
    index: tuple[str, ...] = ("flat",)
    metric: tuple[str, ...] = ()
    k: tuple[int, ...] = (1, 5, 10)
    nlist: tuple[int, ...] = ()
    nprobe: tuple[int, ...] = (1, 8, 32)
    hnsw_m: tuple[int, ...] = (32,)
    ef_construction: tuple[int, ...] = (40,)
    ef_search: tuple[int, ...] = (16, 64)
    pq_m: tuple[int, ...] = ()
    repeats: int = 3
    warmup: int = 1
    backend: str = "auto"
    rerank: str | None = None
    num_rerank: int = 50
    num_keypoints: int = 500
    image_dir: Path | None = None
    query_dir: Path | None = None
    distractor_dir: Path | None = None
    num_workers: int | None = None


@dataclass(frozen=True)
class PlotExperimentSettings:
    """Settings of ``tools.plot_experiment``.

    ``results`` are files ``search.json``, or folders that hold one. Each ``output`` ends in .html or .png. ``k`` is
    that of the recall drawn against time and of the bars; of None it is the smallest that all runs have.
    """

    results: tuple[Path, ...] = ()
    output: tuple[Path, ...] = (Path("results/search/experiment.html"),)
    k: int | None = None
