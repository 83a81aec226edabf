"""Plots of clusters as PNG files, by matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clustering.features.cluster_statistics import ClusterStatistics
from clustering.features.density import knee
from stages.figures import ACCENT, DOTS_PER_INCH, INK, MAIN, as_png, draw_plainly, has_matplotlib, literal
from storage.errors import StageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

SIZE_INCHES = (9.0, 5.5)
MOST_BARS = 400
MOST_EDGED = 120  # bars that are told apart by a white line; of more it would be all that is seen
MOST_TICKS = 9
SIZE_PANEL = "size (photos)"
LAST_JOINS = 60  # joins that a dendrogram shows, from the top
MOST_POINTS = 2_000  # of a curve


def check_matplotlib() -> None:
    """Refuse plots where matplotlib is not installed (StageError)."""
    if not has_matplotlib():
        raise StageError("--plots needs matplotlib, which is not installed: pip install matplotlib")


def draw_sizes(sizes: Sequence[int]) -> bytes:
    """Draw the number of photos of each cluster, the largest first."""

    def draw(axis: Axes) -> None:
        shown = sorted(sizes, reverse=True)[:MOST_BARS]
        edge = 0.3 if len(shown) <= MOST_EDGED else 0
        axis.bar(range(1, len(shown) + 1), shown, width=1.0, color=MAIN, edgecolor="white", linewidth=edge)
        axis.set_yscale("log")
        axis.set_ylim(bottom=1)
        _count_ticks(axis.yaxis, 1, max(shown, default=1))
        axis.set_xlim(0.5, max(len(shown), 1) + 0.5)
        axis.set_xlabel(
            "cluster, the largest first" + (f" ({MOST_BARS} of {len(sizes)})" if len(sizes) > MOST_BARS else "")
        )
        axis.set_ylabel("photos")

    return _draw(draw, f"{len(sizes)} clusters: sizes")


def draw_size_diameter(statistics: Sequence[ClusterStatistics]) -> bytes:
    """Draw the diameter of each cluster over its size."""

    def draw(axis: Axes) -> None:
        sizes, diameters = [each.size for each in statistics], [each.diameter for each in statistics]
        axis.scatter(sizes, diameters, s=14, color=MAIN, alpha=0.7)
        axis.set_xscale("log")
        _count_ticks(axis.xaxis, min(sizes, default=1), max(sizes, default=1))
        axis.set_xlabel("photos")
        axis.set_ylabel("diameter")
        axis.set_ylim(bottom=0)

    return _draw(draw, "size against diameter")


def draw_violins(statistics: Sequence[ClusterStatistics]) -> bytes:
    """Draw how sizes, diameters, separations, dispersions and both ratios are spread over the clusters."""
    panels: dict[str, list[float | None]] = {
        SIZE_PANEL: [float(np.log10(each.size)) for each in statistics],
        "diameter": [each.diameter for each in statistics],
        "separation": [each.separation for each in statistics],
        "dispersion": [each.dispersion for each in statistics],
        "ratio 1": [each.ratio_1 for each in statistics],
        "ratio 2": [each.ratio_2 for each in statistics],
    }
    return _draw(
        [_violin(name, [value for value in values if value is not None]) for name, values in panels.items()],
        f"{len(statistics)} clusters: statistics",
    )


def count_ticks(least: float, most: float) -> list[int]:
    """Give round counts within limits for an axis that grows by factors: 1, 2, 5, 10, 20, ...; at most 9."""
    decades = range(int(np.log10(max(most, 1))) + 1)
    for steps in ((1, 2, 3, 4, 6, 8), (1, 2, 5), (1, 3), (1,)):
        found = [step * 10**decade for decade in decades for step in steps]
        inside = [count for count in found if least * (1 - 1e-9) <= count <= most * (1 + 1e-9)]
        if len(inside) <= MOST_TICKS:
            break
    return inside if len(inside) > 1 else sorted({round(least), round(most)})


def _count_ticks(axis: Axis, least: float, most: float, is_log10: bool = False) -> None:
    """Label an axis of counts with counts, not with powers of ten."""
    ticks = count_ticks(least, most)
    axis.set_ticks([float(np.log10(tick)) if is_log10 else tick for tick in ticks], [f"{tick:,}" for tick in ticks])
    axis.set_ticks([], minor=True)


def _violin(name: str, values: Sequence[float]) -> Callable[[Axes], None]:
    def draw(axis: Axes) -> None:
        if len(values) > 2 and np.ptp(values) > 1e-9 * max(1.0, float(np.max(np.abs(values)))):
            parts: dict[str, Any] = dict(axis.violinplot(values, showmedians=True))
            for body in parts["bodies"]:
                body.set_facecolor(MAIN)
            for line in ("cmins", "cmaxes", "cbars", "cmedians"):
                parts[line].set_color(MAIN)
        else:  # a density needs values that differ
            axis.scatter([1] * len(values), values, s=14, color=MAIN)
        axis.set_xticks([])
        if name == SIZE_PANEL:
            _count_ticks(axis.yaxis, 10 ** min(values, default=0), 10 ** max(values, default=0), is_log10=True)
        axis.set_title(name, fontsize=9, color=INK)

    return draw


def draw_dendrogram(tree: NDArray[np.float64], cut: float | None, title: str) -> bytes:
    """Draw the last joins of a tree; ``cut`` is the height that it was cut at."""
    from scipy.cluster.hierarchy import dendrogram

    def draw(axis: Axes) -> None:
        dendrogram(
            tree,
            p=LAST_JOINS,
            truncate_mode="lastp",
            ax=axis,
            color_threshold=0,
            above_threshold_color=MAIN,
            leaf_font_size=6,
        )
        if cut is not None:
            axis.axhline(cut, color=ACCENT, linewidth=1.8, linestyle="--")
        axis.set_xlabel("photos below, or (in brackets) how many")
        axis.set_ylabel("distance")

    return _draw(draw, title)


def draw_neighbour_distances(distances: NDArray[np.float64], min_samples: int, radius: float) -> bytes:
    """Draw the distances to the ``min_samples``-th neighbour, ascending, their knee and the radius that was used."""

    def draw(axis: Axes) -> None:
        curve = np.sort(distances)
        places = np.unique(np.linspace(0, len(curve) - 1, min(MOST_POINTS, len(curve))).astype(np.int64))
        axis.plot(places + 1, curve[places], color=MAIN, linewidth=1.6)
        axis.axhline(knee(curve), color=ACCENT, linewidth=1.8, label=f"knee {knee(curve):.4g}")
        axis.axhline(radius, color=INK, linewidth=1, linestyle="--", label=f"eps {radius:.4g}")
        axis.legend(fontsize=8)
        axis.set_xlabel("photos")
        axis.set_ylabel("distance")
        axis.set_ylim(bottom=0)

    return _draw(draw, f"distance to the k-th nearest photo, k = {min_samples} with itself")


def _draw(draw: Callable[[Axes], None] | Sequence[Callable[[Axes], None]], title: str) -> bytes:
    """Give a PNG file of one panel, or of several beside each other; equal for equal numbers."""
    from matplotlib.figure import Figure

    panels = [draw] if callable(draw) else list(draw)
    figure = Figure(SIZE_INCHES, DOTS_PER_INCH, layout="constrained")
    figure.suptitle(literal(title), fontsize=12, color=INK)
    for axis, panel in zip(np.atleast_1d(figure.subplots(1, len(panels))), panels, strict=True):
        panel(axis)
        draw_plainly(axis, grid="y")
    return as_png(figure)
