"""The stage of ``tools.select_threshold``: what every threshold gives, as a page, a table and a picture."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from clustering.graph import Edges
from clustering.threshold_sweep import ThresholdCurve, distinct_pairs, short_threshold, sweep_thresholds
from stages.checks import check_apart, check_range, settings_as_json
from stages.image_folder import follows_links
from stages.settings.tools import ThresholdSettings
from stages.thresholds.inputs import ThresholdInputs, check_pairs, gather_pairs
from stages.thresholds.picture import draw_curve
from stages.thumbnails import ThumbnailWork, make_thumbnails
from stages.work_places import work_places
from storage.lock import work_lock
from storage.report import RunReport, SkippedPhoto
from storage.small_files import jpeg_data_url
from storage.unchanged import write_if_changed

STAGE = "select_threshold"
PAGE_NAME, TABLE_NAME, PICTURE_NAME = "threshold.html", "threshold.csv", "threshold.png"
COLUMNS = ("threshold", "similar_pairs", "clusters", "clustered_photos", "largest_cluster")
PAIRS_BESIDE = 3  # sample pairs shown just above a threshold, and as many just below
THUMBNAILS, THUMBNAIL_SIDE = "thumbnails", 220

Render = Callable[[dict[str, Any]], str]


@dataclass(frozen=True, eq=False)
class Selection:
    """The curve with the thresholds as they are shown.

    Attributes
    ----------
    curve : ThresholdCurve
        The numbers, G points.
    thresholds : list of float
        For each point the shortest threshold that gives its numbers; a default threshold where one does.
    defaults : tuple of int
        Points of the default strong and weak threshold.
    """

    curve: ThresholdCurve
    thresholds: list[float]
    defaults: tuple[int, int]

    def rows(self) -> list[tuple[float, int, int, int, int]]:
        """Give the lines of the table: a threshold, pairs, clusters, clustered photos, the largest cluster."""
        curve = self.curve
        counts = (curve.num_pairs, curve.num_clusters, curve.num_clustered, curve.largest)
        return list(zip(self.thresholds, *(column.tolist() for column in counts), strict=True))


def select_threshold(settings: ThresholdSettings, render: Render) -> RunReport:
    """Count what every threshold gives and write it as ``threshold.html``, ``threshold.csv`` and ``threshold.png``.

    Parameters
    ----------
    settings : ThresholdSettings
        Where from, where to.
    render : callable
        Makes the page of :func:`page_content`.

    Raises
    ------
    UsageError
        When it is not clear which pairs are meant, or a setting is out of range.
    StageError
        When a file is missing, damaged or cannot be written, or there is no pair of two photos.
    """
    started = time.monotonic()
    check_range("--max_points", settings.max_points, 8, 10_000)
    check_range("--num_places", settings.num_places, 1, 1000)
    places = work_places(settings)
    check_apart(places.image_dir, settings.output_dir or places.results_dir, "--image_dir", "--output_dir")
    inputs = gather_pairs(settings)
    with work_lock(inputs.output_dir):
        edges = distinct_pairs(inputs.pairs)
        if inputs.is_probability:
            edges = edges.take(edges.score > 0)  # zero is no threshold of a probability
        check_pairs(inputs, len(edges))
        selection = _select(inputs, sweep_thresholds(edges, settings.max_points, inputs.defaults))
        shown = choose_samples(edges, selection, settings.num_places)
        report = _report(settings, inputs, edges, selection)
        numbers = np.unique(np.concatenate((edges.first[shown], edges.second[shown]))).tolist()
        photos = _thumbnails(settings, inputs, numbers, report)
        content = page_content(inputs, edges, selection, shown, photos)
        contents = {"page": (PAGE_NAME, render(content).encode()), "table": (TABLE_NAME, _table(selection).encode())}
        picture = draw_curve(selection.rows(), inputs.title, selection.defaults)
        if picture is None:
            report.notes.append(f"{PICTURE_NAME} is not drawn: it needs matplotlib (pip install matplotlib)")
        else:
            contents["picture"] = PICTURE_NAME, picture
        for label, (name, text) in contents.items():
            report.is_current &= not write_if_changed(inputs.output_dir / name, text)
            report.outputs[label] = str(inputs.output_dir / name)
        report.seconds = time.monotonic() - started
    return report


def _select(inputs: ThresholdInputs, curve: ThresholdCurve) -> Selection:
    """Name the points by short thresholds; a point that a default threshold falls on is named by that."""
    thresholds = [
        short_threshold(*values) for values in zip(curve.score.tolist(), curve.next_lower.tolist(), strict=True)
    ]
    points = [curve.point_of(value) for value in inputs.defaults]
    for value, point in zip(inputs.defaults[::-1], points[::-1], strict=True):  # the strong one last: it wins
        if curve.next_lower[point] < value <= curve.score[point]:
            thresholds[point] = float(value)
    return Selection(curve, thresholds, (points[0], points[1]))


def choose_samples(edges: Edges, selection: Selection, num_places: int) -> list[int]:
    """Choose the pairs that are shown: around places spread over the curve those just above and just below.

    Returns
    -------
    list of int
        Rows of ``edges``, ascending, so by falling score. All, where there are few; the same on every run.
    """
    if len(edges) <= 2 * PAIRS_BESIDE * num_places:
        return list(range(len(edges)))
    spread = np.linspace(0, len(selection.curve) - 1, num_places).round().astype(np.int64)
    ends = selection.curve.num_pairs[np.unique(np.append(spread, selection.defaults))]
    rows = np.unique(ends[:, None] + np.arange(-PAIRS_BESIDE, PAIRS_BESIDE))
    return [int(row) for row in rows if 0 <= row < len(edges)]


def page_content(
    inputs: ThresholdInputs,
    edges: Edges,
    selection: Selection,
    shown: Sequence[int],
    photos: Sequence[tuple[int, str | None]],
) -> dict[str, Any]:
    """Give all that the page shows, as JSON types; ``web/thresholds`` draws it.

    Parameters
    ----------
    photos : sequence of (int, str or None)
        Number and ``data:`` URL of every photo of the pairs ``shown``.
    """
    place = {photo: index for index, (photo, _) in enumerate(photos)}
    columns = dict(zip(COLUMNS, map(list, zip(*selection.rows(), strict=True)), strict=True))
    return {
        "title": inputs.title,
        "num_photos": len(inputs.names),
        "sampled_from": inputs.sampled_from,
        "is_probability": inputs.is_probability,
        "notes": list(inputs.notes),
        "defaults": {"strong": selection.defaults[0], "weak": selection.defaults[1]},
        "columns": columns,
        "samples": [
            [row, place[int(edges.first[row])], place[int(edges.second[row])], float(edges.score[row])] for row in shown
        ],
        "photos": [[inputs.names[photo], url] for photo, url in photos],
    }


def _thumbnails(
    settings: ThresholdSettings, inputs: ThresholdInputs, numbers: Sequence[int], report: RunReport
) -> list[tuple[int, str | None]]:
    """Give number and ``data:`` URL of each of the photos; None for those that are gone or cannot be read."""
    places = work_places(settings)
    is_linked = follows_links(places.image_dir, settings.follow_links)
    work = ThumbnailWork(places.image_dir, places.results_dir / THUMBNAILS, THUMBNAIL_SIDE, is_linked)
    made = make_thumbnails([inputs.names[number] for number in numbers], work)
    if places.image_dir.is_dir():  # without photos thresholds can be chosen all the same
        lost = [photo for photo in made if isinstance(photo, SkippedPhoto)]
        report.skipped += [SkippedPhoto(photo.name, f"cannot be shown: {photo.reason}") for photo in lost]
    urls = [jpeg_data_url(path) if isinstance(path, Path) else None for path in made]
    return list(zip(numbers, urls, strict=True))


def _report(settings: ThresholdSettings, inputs: ThresholdInputs, edges: Edges, selection: Selection) -> RunReport:
    report = RunReport(STAGE, settings_as_json(settings), is_current=True)
    report.counts = {"photos": len(inputs.names), "pairs": len(edges), "points": len(selection.curve)}
    report.skipped = list(inputs.skipped)
    report.notes = list(inputs.notes)
    rows = selection.rows()
    for flag, default, point in zip(("strong", "weak"), inputs.defaults, selection.defaults, strict=True):
        _, pairs, clusters, clustered, largest = rows[point] if default <= selection.curve.score[0] else (0,) * 5
        report.notes.append(
            f"--{flag}_edg_thresh {default:g} (default): {pairs:,} similar pairs make {clusters:,} clusters of "
            f"{clustered:,} photos, the largest of {largest:,}"
        )
    return report


def _table(selection: Selection) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(selection.rows())
    return text.getvalue()
