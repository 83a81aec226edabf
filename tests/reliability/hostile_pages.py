"""Every page of the project, made of photos whose names are hostile: served ones and those that lie in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stages.plot import plot_features
from stages.retrieval import plot_experiment
from stages.retrieval.neighbors import explore_neighbors
from stages.settings.retrieval import NeighborSettings
from stages.settings.search import PlotExperimentSettings
from stages.settings.tools import PlotSettings, ThresholdSettings
from stages.thresholds import sweep
from storage.formats.pairs import write_pairs
from storage.formats.search_results import write_results
from tests.drawn_collection import draw_collection
from tests.drawn_painting_session import draw_photos, painting_session
from tests.drawn_work import ALONE, HALL, SHOP, draw_work, reasons
from tests.reliability.example_files import search_run
from tests.web.local_server import served
from tests.web.review.page.drawn_street import ServedReview, cluster_again, draw
from web.experiment.page import experiment_page
from web.guard import Guard
from web.neighbors.page import neighbors_page
from web.plot.page import map_page
from web.report.make import make_report
from web.segmentation.painting import Painting
from web.segmentation.routes import make_painting_app
from web.thresholds.page import threshold_page

TEXTS = [
    "<script>window.ran=1<",
    "<img src=x onerror=window.ran=1>",
    "\"onload='window.ran=1'",
    "javascript:window.ran=1",
    "&lt;b&gt;<b>",
    "${window.ran=1}`${window.ran=1}`",
    "{{7*7}}{% raw %}",
    "-->]]><!--<svg onload=window.ran=1>",
    "\u202egpj",
    "'><svg onload=window.ran=1>",
]


def hostile_names(count: int) -> list[str]:
    """Give names of photos, each hostile in its way."""
    return [f"{number:03d}{TEXTS[number % len(TEXTS)]}.jpg" for number in range(count)]


@dataclass(frozen=True)
class HostilePage:
    """A page.

    Attributes
    ----------
    name : str
        What it is for.
    open : callable
        Makes it of photos of these names below a folder; gives its addresses until the block ends, and what they may
        ask for begins with.
    views : tuple of str
        Keys that lead through its views, one after the other.
    ready : str
        A selector of what is in the page once a view stands.
    """

    name: str
    open: Callable[[Path, list[str]], AbstractContextManager[tuple[list[str], str]]]
    views: tuple[str, ...] = ()
    ready: str = "body"


@contextmanager
def _review(folder: Path, names: list[str]) -> Iterator[tuple[list[str], str]]:
    for name in names:
        draw(folder / "datasets" / name, "#445566", name[:3])
    half = len(names) // 2
    rows = [(one, two, 0.95) for group in (names[:half], names[half:-2]) for one in group for two in group if one < two]
    rows.append((names[-2], names[0], 0.6))
    write_pairs(folder / "netvlad" / "pairs-vlad.txt", rows, {"model": "vlad", "is_probability": True})
    cluster_again(folder)
    served = ServedReview(folder)
    try:
        yield [served.address], served.address
    finally:
        served.stop()


@contextmanager
def _report(folder: Path, names: list[str]) -> Iterator[tuple[list[str], str]]:
    work, half = draw_work(folder), len(names) // 2
    info = reasons()
    info["clusters"]["0"]["size"] = len(HALL) + half
    info["singletons"] |= {name: {"reason": "no_pairs"} for name in names[half:]}
    info["skipped"] += [{"name": name, "reason": f"cut {name}"} for name in names]
    work.write_clusters({"0": HALL + names[:half], "3": SHOP, "-1": ALONE + names[half:]}, info)
    make_report(work.settings)
    pages = sorted(path.as_uri() for path in work.report_dir.rglob("*.html"))
    yield pages, work.report_dir.as_uri()


@contextmanager
def _thresholds(folder: Path, names: list[str]) -> Iterator[tuple[list[str], str]]:
    draw_collection(folder, 3, tuple(names))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sweep, "draw_curve", lambda *_: b"drawn")  # it takes most of the time
        sweep.select_threshold(ThresholdSettings(folder, output_dir=folder / "out"), threshold_page)
    yield [(folder / "out" / "threshold.html").as_uri()], (folder / "out").as_uri()


@contextmanager
def _neighbours(folder: Path, names: list[str]) -> Iterator[tuple[list[str], str]]:
    draw_collection(folder, 3, tuple(names))
    page = folder / "out" / "n.html"
    settings = NeighborSettings(
        pairs_file=folder / "netvlad" / "pairs-vlad.txt",
        image_dir=folder / "datasets",
        output=page,
        k=3,
        n_queries=len(names) + 3,
    )
    explore_neighbors(settings, neighbors_page)
    yield [page.as_uri()], page.parent.as_uri()


@contextmanager
def _plot(folder: Path, names: list[str]) -> Iterator[tuple[list[str], str]]:
    draw_collection(folder, 3, tuple(names))
    plot_features(PlotSettings(folder, output_dir=folder / "out", methods=("pca",), num_workers=0), map_page)
    yield [(folder / "out" / "map.html").as_uri()], (folder / "out").as_uri()


@contextmanager
def _experiment(folder: Path, names: list[str]) -> Iterator[tuple[list[str], str]]:
    runs: list[dict[str, Any]] = [search_run() | {"label": name, "index": name} for name in names]
    counts = {"database": 3, "queries": 3}
    write_results(folder, {"model": names[0], "settings": {}, "counts": counts, "notes": names, "runs": runs})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plot_experiment, "draw_charts", lambda *_: b"drawn")
        plot_experiment.plot_experiment(PlotExperimentSettings((folder,), (folder / "e.html",)), experiment_page)
    yield [(folder / "e.html").as_uri()], (folder / "e.html").as_uri()


@contextmanager
def _painting(folder: Path, names: list[str]) -> Iterator[tuple[list[str], str]]:
    draw_photos(folder / "photos", names)
    guard = Guard()
    with painting_session(folder) as tools:
        lines = [name for name in names if name.isprintable()]  # others are refused as names of classes
        tools.desk.set_classes([{"name": name, "colour": [number, 0, 90]} for number, name in enumerate(lines, 1)])
        with served(make_painting_app(Painting(tools, names[0]), guard), guard):
            yield [guard.address], guard.address


HOSTILE_PAGES = [
    HostilePage("review", _review, ("Enter", "Escape", "2", "3", "4")),
    HostilePage("painting", _painting, ("n", "p", "f", "s", "Escape", "?"), "#stage[aria-busy=false]"),
    HostilePage("report", _report),
    HostilePage("thresholds", _thresholds),
    HostilePage("neighbours", _neighbours),
    HostilePage("plot", _plot),
    HostilePage("experiment", _experiment),
]
