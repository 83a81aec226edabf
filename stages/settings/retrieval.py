"""Settings of the tools that make and look at retrieval experiments; imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.settings.pipeline import MAX_MEGAPIXELS

FILE_FORMATS = ("png", "jpg")
FIRST = "first"
SHOWN = ("all", "correct", "incorrect")


@dataclass(frozen=True)
class AttackSettings:
    """Settings of ``tools.make_attacks``.

    ``attacks`` holds families, ids or ``all``. ``params`` is a JSON object, or a file that holds one, of lists of
    parameters by family. ``font`` of None is the one that comes with Pillow. ``limit`` takes the first photos by name,
    ``sample`` as many drawn by ``seed``.
    """

    image_dir: Path
    export_dir: Path
    attacks: tuple[str, ...] = ("all",)
    params: str | None = None
    seed: int = 0
    font: Path | None = None
    format: str = "png"
    limit: int | None = None
    sample: int | None = None
    num_workers: int | None = None
    follow_links: bool = False
    max_megapixels: float = MAX_MEGAPIXELS
    timeout_s: float = 3600.0


@dataclass(frozen=True)
class SplitSettings:
    """Settings of ``tools.split_templates``.

    ``template`` is ``first``, the first photo of a class by name, or the column that marks a class's template.
    ``no_header``: the table has no heading line, and columns are numbers from 1.
    """

    csv: Path
    image_dir: Path
    export_dir: Path
    file_column: str = "file"
    class_column: str = "class"
    template: str = FIRST
    no_header: bool = False
    mode: str = "copy"
    follow_links: bool = False


@dataclass(frozen=True)
class NeighborSettings:
    """Settings of ``tools.explore_neighbors``.

    Either ``pairs_file`` or ``database`` is given. ``queries`` of None takes them from the database, ``query_dir`` of
    None from ``image_dir``. A query is correct when one of its first ``at`` neighbours is right. ``n_queries`` are
    drawn by ``seed`` from those that ``only`` leaves. ``tile`` is the side of a shown photo, in pixels.
    """

    pairs_file: Path | None = None
    database: Path | None = None
    queries: Path | None = None
    image_dir: Path = Path("datasets")
    query_dir: Path | None = None
    truth: Path | None = None
    output: Path = Path("results/neighbors.html")
    k: int = 10
    at: int = 1
    n_queries: int = 50
    only: str = "all"
    tile: int = 160
    seed: int = 0
    follow_links: bool = False
    max_megapixels: float = MAX_MEGAPIXELS
