"""The stage of ``tools.plot_experiment``: charts of one search experiment or several, as picture or page."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stages.checks import settings_as_json
from stages.retrieval.charts import CHARTS, draw_charts
from stages.settings.search import PICTURE_ENDINGS, PlotExperimentSettings
from storage.errors import StageError, UsageError
from storage.formats.search_results import read_results
from storage.report import RunReport
from storage.unchanged import write_if_changed

STAGE = "plot_experiment"
Render = Callable[[Mapping[str, Any]], str]
Run = dict[str, Any]


def plot_experiment(settings: PlotExperimentSettings, render: Render) -> RunReport:
    """Draw recall against time, recall against k and, where attacks are known, the recall of each.

    Parameters
    ----------
    settings : PlotExperimentSettings
        Which results, where to.
    render : callable
        Makes the page of :func:`page_content`.

    Raises
    ------
    UsageError
        When a setting is wrong, or matplotlib is not installed.
    StageError
        When a file is missing or damaged, or holds no recall.
    """
    started = time.monotonic()
    if not settings.results:
        raise UsageError("--results is missing: give search.json files, or folders that hold one")
    for path in settings.output:
        if path.suffix not in PICTURE_ENDINGS:
            raise UsageError(f"--output {path}: must end in .html (a page) or .png (a picture)")
    experiments = [(path, read_results(path)) for path in settings.results]
    runs = named_runs(experiments)
    if not runs:
        raise StageError("the results hold no recall: they were made without --truth and --id_regex")
    k = _chosen_k(runs, settings.k)
    charts = [chart for chart in CHARTS if chart != "groups" or any(run["groups"] for run in runs)]
    report = RunReport(STAGE, settings_as_json(settings))
    report.counts = {"experiments": len(experiments), "runs": len(runs), "charts": len(charts)}
    changed = []
    for path in settings.output:
        if path.suffix == PICTURE_ENDINGS[0]:
            content = render(page_content(experiments, runs, k, charts)).encode()
        else:
            content = draw_charts(runs, k, charts)
        changed.append(write_if_changed(path, content))
        report.outputs["page" if path.suffix == PICTURE_ENDINGS[0] else "picture"] = path.as_posix()
    report.is_current = not any(changed)
    report.seconds = time.monotonic() - started
    return report


def named_runs(experiments: Sequence[tuple[Path, Mapping[str, Any]]]) -> list[Run]:
    """Give the judged runs of all experiments, each with a ``series`` and a ``name`` that tell it from the others.

    Of several experiments the model tells them apart, and the folder where two have the same model.
    """
    models = [str(content.get("model")) for _, content in experiments]
    runs = []
    for (path, content), model in zip(experiments, models, strict=True):
        folder = path if path.is_dir() else path.parent
        title = model if models.count(model) == 1 else f"{model} ({folder.name})"
        for run in content["runs"]:
            if run["recall"] is not None:
                rerank = run.get("rerank")
                series = f"{title}, {run['index']}, {run['metric']}" + (f", {rerank['matcher']}" if rerank else "")
                name = f"{title}, {run['label']}, {run['metric']}"
                runs.append({**run, "series": series, "name": name, "ms_per_query": _whole_time(run)})
    return runs


def _whole_time(run: Run) -> dict[str, float]:
    """Give the milliseconds of a query with what its re-ranking takes, which the recall is paid by."""
    rerank = run.get("rerank")
    return {
        name: value + (rerank["ms_per_query"]["mean"] if rerank and name != "std" else 0.0)
        for name, value in run["ms_per_query"].items()
    }


def page_content(
    experiments: Sequence[tuple[Path, Mapping[str, Any]]], runs: Sequence[Run], k: int, charts: Sequence[str]
) -> dict[str, Any]:
    """Give all that the page shows, as JSON types; ``web/experiment`` draws it."""
    lines = []
    for path, content in experiments:
        counts = content["counts"]
        lines.append(
            f"{path.as_posix()}: {content['model']}, {counts['queries']:,} queries in {counts['database']:,} photos"
        )
        lines += content["notes"]
    pictures = [
        {
            "title": CHARTS[chart][0].format(k=k),
            "url": "data:image/png;base64," + base64.b64encode(draw_charts(runs, k, [chart])).decode("ascii"),
        }
        for chart in charts
    ]
    columns = ["run", f"recall@{k}", "mAP", "MRR", "of the nearest", "ms a query", "spread", "build s", "MB"]
    rows = [
        [
            run["name"],
            run["recall"][str(k)],
            run["map"],
            run["mrr"],
            run["overlap"][str(k)],
            run["ms_per_query"]["median"],
            run["ms_per_query"]["max"] - run["ms_per_query"]["min"],
            run["build_s"],
            run["memory_bytes"] / 1e6,
        ]
        for run in runs
    ]
    return {"lines": lines, "pictures": pictures, "columns": columns, "rows": rows}


def _chosen_k(runs: Sequence[Run], asked: int | None) -> int:
    common = set.intersection(*(set(map(int, run["recall"])) for run in runs))
    if not common or (asked is not None and asked not in common):
        told = ", ".join(map(str, sorted(common))) or "none"
        raise UsageError(f"--k {asked}: not all runs were measured there; they have in common: {told}")
    return min(common) if asked is None else asked
