"""The evaluation of a fine-tuning as pictures, by matplotlib where it is installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stages.figures import DOTS_PER_INCH, INK, MAIN, as_png, draw_plainly, literal
from stages.finetuning.measures import STATISTICS, Comparison, Judged

DEEPEST = 10
NOISE_OVER_SIGNAL = ("ratio_1", "ratio_2")


def draw_recall(judged: Sequence[Judged], comparisons: Sequence[Comparison | None], deepest: int = DEEPEST) -> bytes:
    """Draw recall against k, and the gain of each network with its interval; give a PNG file.

    Parameters
    ----------
    judged : sequence of Judged
        The start first.
    comparisons : sequence of Comparison or None
        Of each; None for the start.
    deepest : int
        The largest k.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure((10.0, 4.2), DOTS_PER_INCH, layout="constrained")
    left, right = figure.subplots(1, 2)
    colours = [INK, *colormaps["viridis"]([place / max(1, len(judged) - 1) for place in range(len(judged) - 1)])]
    depths = range(1, deepest + 1)
    for one, colour in zip(judged, colours, strict=True):
        style = "--" if one is judged[0] else "-"
        left.plot(depths, [one.recall_at(k) for k in depths], style, color=colour, label=literal(one.name))
    left.set(xlabel="k", ylabel="recall@k", title="a photo of the building among the k best")
    left.legend(fontsize=7)
    right.axhline(0, color=INK, linewidth=1, linestyle="--")
    for place, found in enumerate(comparisons):
        if found is not None:
            right.plot(place, found.gain, "o", color=MAIN)
            if found.low is not None:
                right.vlines(place, found.low, found.high, color=MAIN)
    right.set_xticks(range(len(judged)), [literal(one.name) for one in judged], rotation=30, ha="right", fontsize=7)
    right.set(ylabel="gain of mAP over the start", title="95 % interval over buildings")
    for axis in (left, right):
        draw_plainly(axis)
    return as_png(figure)


def draw_statistics(judged: Sequence[Judged]) -> bytes:
    """Draw a violin of each statistic of the true buildings for each network; give a PNG file."""
    from matplotlib.figure import Figure

    figure = Figure((11.0, 6.5), DOTS_PER_INCH, layout="constrained")
    for axis, statistic in zip(figure.subplots(2, 3).flat, STATISTICS, strict=True):
        values = [one.values_of(statistic) for one in judged]
        filled = [place for place, found in enumerate(values) if found]
        if filled:
            parts: Any = axis.violinplot([values[place] for place in filled], filled, showmedians=True)
            for body in parts["bodies"]:
                body.set_facecolor(MAIN)
        axis.set_xticks(range(len(judged)), [literal(one.name) for one in judged], rotation=30, ha="right", fontsize=7)
        better = " (lower is better)" if statistic in NOISE_OVER_SIGNAL else ""
        axis.set_title(statistic.replace("_", " ") + better, fontsize=9, color=INK)
        draw_plainly(axis)
    return as_png(figure)
