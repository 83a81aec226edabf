"""Charts of search experiments: recall against time, recall against k, recall of each attack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stages.figures import INK, PALETTE, as_png, draw_plainly, has_matplotlib, literal
from storage.errors import UsageError

INSTALL = "pip install -r requirements.txt"
COLOURS = (*PALETTE, INK)
MARKS = "osD^vP*X"
WIDTH_INCHES, HEIGHT_INCHES, DOTS_PER_INCH = 10.0, 5.0, 110
BAR_INCHES = 0.22
Runs = Sequence[Mapping[str, Any]]


def draw_charts(runs: Runs, k: int, charts: Sequence[str]) -> bytes:
    """Draw charts one below the other.

    Parameters
    ----------
    runs : sequence of dict
        Elements of ``runs`` in ``search.json``; ``series`` names the experiment, index and metric that runs belong to.
    k : int
        That the recall against time and of the bars is taken at.
    charts : sequence of str
        Keys of ``CHARTS``.

    Returns
    -------
    bytes
        A PNG file.

    Raises
    ------
    UsageError
        When matplotlib is not installed.
    """
    if not has_matplotlib():
        raise UsageError(f"matplotlib, which draws the charts, is not installed; {INSTALL}")
    from matplotlib.figure import Figure

    heights = [_height(chart, runs) for chart in charts]
    figure = Figure((WIDTH_INCHES, sum(heights)), DOTS_PER_INCH, layout="constrained")
    axes = figure.subplots(len(charts), 1, squeeze=False, height_ratios=heights)[:, 0]
    for chart, axis in zip(charts, axes, strict=True):
        draw_plainly(axis)
        axis.set_title(CHARTS[chart][0].format(k=k), fontsize=11, color=INK)
        CHARTS[chart][1](axis, runs, k)
    return as_png(figure)


def _height(chart: str, runs: Runs) -> float:
    if chart != "groups":
        return HEIGHT_INCHES
    num_bars = len(_groups(runs)) * len(_best(runs, next(iter(runs[0]["recall"]))))
    return max(HEIGHT_INCHES, 1.5 + BAR_INCHES * num_bars)


def _series(runs: Runs) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for run in runs:
        found.setdefault(run["series"], []).append(run)
    return found


def _style(number: int) -> dict[str, Any]:
    return {"color": COLOURS[number % len(COLOURS)], "marker": MARKS[number // len(COLOURS) % len(MARKS)]}


def _draw_time(axis: Any, runs: Runs, k: int) -> None:
    for number, (name, members) in enumerate(_series(runs).items()):
        members = sorted(members, key=lambda run: run["ms_per_query"]["median"])
        times = [run["ms_per_query"] for run in members]
        middle = [time["median"] for time in times]
        spread = [[time["median"] - time["min"] for time in times], [time["max"] - time["median"] for time in times]]
        recall = [run["recall"][str(k)] for run in members]
        axis.errorbar(middle, recall, xerr=spread, label=literal(name), linewidth=1.2, capsize=2, **_style(number))
    axis.set_xscale("log")
    axis.set_xlabel("milliseconds a query (median, least to most)", fontsize=9)
    axis.set_ylabel(f"recall@{k}", fontsize=9)
    axis.legend(fontsize=8)


def _draw_k(axis: Any, runs: Runs, _k: int) -> None:
    for number, run in enumerate(runs):
        ks = sorted(map(int, run["recall"]))
        axis.plot(ks, [run["recall"][str(k)] for k in ks], label=literal(run["name"]), linewidth=1.2, **_style(number))
    axis.set_xlabel("k", fontsize=9)
    axis.set_ylabel("recall@k", fontsize=9)
    axis.legend(fontsize=7)


def _groups(runs: Runs) -> list[str]:
    return sorted({group for run in runs for group in run["groups"]})


def _best(runs: Runs, k: str) -> list[Mapping[str, Any]]:
    """Give the best run of each series, and of equal ones the first."""
    return [max(members, key=lambda run: run["recall"][k]) for members in _series(runs).values()]


def _draw_groups(axis: Any, runs: Runs, k: int) -> None:
    groups, shown = _groups(runs), _best(runs, str(k))
    thickness = 0.8 / len(shown)
    for number, run in enumerate(shown):
        rows = [
            (row, run["groups"][group]["recall"][str(k)]) for row, group in enumerate(groups) if group in run["groups"]
        ]
        places = [row - 0.4 + thickness * (number + 0.5) for row, _ in rows]
        colour = COLOURS[number % len(COLOURS)]
        axis.barh(places, [value for _, value in rows], thickness, label=literal(run["name"]), color=colour)
    axis.set_yticks(range(len(groups)), [literal(group) for group in groups], fontsize=7)
    axis.invert_yaxis()
    axis.set_xlim(0, 1)
    axis.set_xlabel(f"recall@{k}", fontsize=9)
    axis.legend(fontsize=8)


CHARTS = {
    "time": ("Recall at {k} against time", _draw_time),
    "k": ("Recall against k", _draw_k),
    "groups": ("Recall at {k} of each attack, by the best run of each index", _draw_groups),
}
