"""The stage of ``tools.plot_features``: a map of the descriptors as page and picture, and tables for other viewers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustering.projection import (
    METHODS,
    ProjectionSettings,
    check_method,
    colour_clusters,
    morton_order,
    principal_components,
    project,
)
from stages.checks import check_apart, check_range, settings_as_json
from stages.figures import PALETTE
from stages.image_folder import follows_links
from stages.plotting.inputs import ALONE, PlotInputs, read_plot_inputs
from stages.plotting.picture import PictureOfMap, draw_map
from stages.plotting.tiles import SHEET_COLUMNS, TILE, make_tiles, write_sheets
from stages.settings.tools import PlotSettings
from stages.thumbnails import ThumbnailWork, make_thumbnails
from stages.work_places import WorkPlaces, work_places
from storage.errors import UsageError
from storage.formats.parquet_table import IMAGE, NUMBER, TEXT, WHOLE, check_pyarrow, write_parquet
from storage.formats.projector import write_projector
from storage.lock import work_lock
from storage.report import RunReport, SkippedPhoto
from storage.small_files import small_file
from storage.unchanged import write_if_changed

STAGE = "plot_features"
FOLDER, PAGE_NAME, SHEETS, THUMBNAILS = "map", "map.html", "sheets", "photos"
GREY = "#9a9a9a"
THUMBNAIL_SIDE = 256  # pixels
PROJECTOR_DIMENSIONS = 200  # the projector itself looks at no more
PLACE_DECIMALS = 5

Render = Callable[[dict[str, Any]], str]


def plot_features(settings: PlotSettings, render: Render) -> RunReport:
    """Draw the map of a collection's descriptors.

    Writes ``map.html``, ``map-METHOD.png``, ``sheets/`` and ``photos/`` to ``settings.output_dir``; with ``projector``
    and ``parquet`` what TensorBoard and viewers of embeddings open.

    Parameters
    ----------
    settings : PlotSettings
        Where from, where to.
    render : callable
        Makes the page of :func:`page_content`.

    Raises
    ------
    UsageError
        When it is not clear which features are meant, or a setting is out of range.
    StageError
        When a file is missing or damaged, or a library that was asked for is not installed.
    """
    started = time.monotonic()
    places = work_places(settings)
    output_dir = settings.output_dir or places.results_dir / FOLDER
    _check(settings, places, output_dir)
    with work_lock(output_dir):
        inputs = read_plot_inputs(settings.model, places)
        maps = {
            method: np.round(
                project(inputs.features.descriptors, ProjectionSettings(method, settings.seed, settings.perplexity)),
                PLACE_DECIMALS,
            )
            for method in dict.fromkeys(settings.methods)
        }
        report = _report(settings, inputs)
        is_linked = follows_links(places.image_dir, settings.follow_links)
        work = ThumbnailWork(places.image_dir, output_dir / THUMBNAILS, THUMBNAIL_SIDE, is_linked)
        made = make_thumbnails(inputs.features.names, work, settings.num_workers)
        if places.image_dir.is_dir():  # without photos there is a map all the same
            report.skipped += [photo for photo in made if isinstance(photo, SkippedPhoto)]
        else:
            report.notes.append(f"no photo can be shown: there is no folder {places.image_dir}")
        thumbnails = [path if isinstance(path, Path) else None for path in made]
        tiles = make_tiles(thumbnails)
        first = next(iter(maps.values()))
        order = morton_order(first)
        sheets, has_changed = write_sheets(output_dir / SHEETS, tiles[order])
        report.is_current = not has_changed
        colours = colour_clusters(first, inputs.labels, len(PALETTE))
        content = page_content(inputs, maps, colours, order)
        content["sheets"] = [f"{SHEETS}/{name}" for name in sheets]
        content["photos"] = [None if path is None else path.relative_to(output_dir).as_posix() for path in thumbnails]
        _put(report, "page", output_dir / PAGE_NAME, render(content).encode())
        for method, points in maps.items():
            title = f"{inputs.features.model}, {METHODS[method]}: {_counted(inputs)}"
            shown = PictureOfMap(title, points, tiles, _colours(inputs, colours), inputs.labels)
            _put(report, f"picture of {METHODS[method]}", output_dir / f"map-{method}.png", draw_map(shown))
        _export(settings, inputs, _Drawn(first, tiles, thumbnails), report)
        report.seconds = time.monotonic() - started
    return report


def _check(settings: PlotSettings, places: WorkPlaces, output_dir: Path) -> None:
    check_apart(places.image_dir, output_dir, "--image_dir", "--output_dir")
    check_range("--perplexity", settings.perplexity, 1)
    check_range("--seed", settings.seed, 0, 2**32 - 1)
    if not settings.methods:
        raise UsageError(f"--methods needs one or more of {', '.join(METHODS)}")
    for method in settings.methods:
        check_method(method)
    if settings.parquet is not None:
        check_pyarrow("--parquet")
        if settings.parquet.suffix != ".parquet":
            raise UsageError(f"--parquet {settings.parquet}: must end in .parquet")


def _put(report: RunReport, label: str, path: Path, content: bytes) -> None:
    report.is_current &= not write_if_changed(path, content)
    report.outputs[label] = str(path)


def page_content(
    inputs: PlotInputs, maps: dict[str, NDArray[np.float64]], colours: dict[int, int], order: NDArray[np.int64]
) -> dict[str, Any]:
    """Give all that the page shows but where its pictures lie, as JSON types; ``web/plot`` draws it.

    Parameters
    ----------
    maps : dict of str to ndarray
        Places (N, 2) by method; the first is shown at first.
    colours : dict of int to int
        Palette colour of each cluster.
    order : ndarray, (N,)
        Photos in the order of their tiles on the sheets.
    """
    tile_of = np.empty(len(order), dtype=np.int64)
    tile_of[order] = np.arange(len(order))
    numbers, sizes = np.unique(inputs.labels[inputs.labels != ALONE], return_counts=True)
    by_size = np.lexsort((numbers, -sizes))
    return {
        "title": inputs.features.model,
        "counted": _counted(inputs),
        "notes": inputs.notes,
        "maps": [
            {"name": METHODS[method], "x": points[:, 0].tolist(), "y": points[:, 1].tolist()}
            for method, points in maps.items()
        ],
        "names": inputs.features.names,
        "labels": inputs.labels.tolist(),
        "tiles": tile_of.tolist(),
        "clusters": [
            [
                int(numbers[row]),
                int(sizes[row]),
                colours[int(numbers[row])],
                inputs.cluster_names.get(int(numbers[row])),
            ]
            for row in by_size
        ],
        "palette": PALETTE,
        "grey": GREY,
        "tile_side": TILE,
        "sheet_columns": SHEET_COLUMNS,
    }


def _counted(inputs: PlotInputs) -> str:
    num_alone = int((inputs.labels == ALONE).sum())
    return f"{len(inputs.labels):,} photos, {inputs.num_clusters:,} clusters, {num_alone:,} photos alone"


def _colours(inputs: PlotInputs, colours: dict[int, int]) -> list[str]:
    return [GREY if label == ALONE else PALETTE[colours[label]] for label in inputs.labels.tolist()]


@dataclass(frozen=True, eq=False)
class _Drawn:
    """The first map, and the thumbnails of its photos."""

    points: NDArray[np.float64]
    tiles: NDArray[np.uint8]
    thumbnails: Sequence[Path | None]


def _export(settings: PlotSettings, inputs: PlotInputs, drawn: _Drawn, report: RunReport) -> None:
    names, labels = inputs.features.names, inputs.labels.tolist()
    called = [inputs.cluster_names.get(label, "") for label in labels]
    if settings.projector is not None:
        rows = [("name", "cluster", "cluster_name")]
        rows += [(name, str(label), title) for name, label, title in zip(names, labels, called, strict=True)]
        vectors = np.asarray(inputs.features.descriptors, dtype=np.float32)
        if vectors.shape[1] > PROJECTOR_DIMENSIONS:
            vectors = principal_components(vectors, PROJECTOR_DIMENSIONS, settings.seed)
        has_changed = write_projector(settings.projector, inputs.features.model, vectors, rows, drawn.tiles)
        report.is_current &= not has_changed
        report.outputs["projector"] = str(settings.projector)
    if settings.parquet is not None:
        image_dir = work_places(settings).image_dir.absolute()
        paths = [(image_dir / name).as_posix() for name in names]
        images = [
            None if thumbnail is None else {"bytes": small_file(thumbnail), "path": path}
            for thumbnail, path in zip(drawn.thumbnails, paths, strict=True)
        ]
        columns = {
            "name": (TEXT, names),
            "cluster": (WHOLE, labels),
            "cluster_name": (TEXT, called),
            "x": (NUMBER, drawn.points[:, 0].tolist()),
            "y": (NUMBER, drawn.points[:, 1].tolist()),
            "path": (TEXT, paths),
            "image": (IMAGE, images),
        }
        report.is_current &= not write_parquet(settings.parquet, columns, "--parquet")
        report.outputs["parquet"] = str(settings.parquet)


def _report(settings: PlotSettings, inputs: PlotInputs) -> RunReport:
    report = RunReport(STAGE, settings_as_json(settings), notes=list(inputs.notes))
    report.counts = {
        "photos": len(inputs.labels),
        "clusters": inputs.num_clusters,
        "photos_alone": int((inputs.labels == ALONE).sum()),
        "dimensions": int(inputs.features.descriptors.shape[1]),
    }
    return report
