"""The curve of thresholds as a picture, by matplotlib where it is installed."""

from __future__ import annotations

from collections.abc import Sequence

from stages.figures import ACCENT, DOTS_PER_INCH, INK, MAIN, as_png, draw_plainly, has_matplotlib, literal

PANELS = ("similar pairs", "clusters", "clustered photos", "largest cluster")
SIZE_INCHES = (10.0, 7.5)


def draw_curve(rows: Sequence[tuple[float, int, int, int, int]], title: str, defaults: tuple[int, int]) -> bytes | None:
    """Draw one panel for each number over the thresholds.

    Parameters
    ----------
    rows : sequence
        Threshold, similar pairs, clusters, clustered photos, largest cluster; by falling threshold.
    title : str
        What the pairs are called.
    defaults : tuple of int
        Rows of the default strong and weak threshold, drawn as vertical lines.

    Returns
    -------
    bytes or None
        A PNG file, equal for equal numbers; None where matplotlib is not installed.
    """
    if not has_matplotlib():
        return None
    from matplotlib.figure import Figure

    figure = Figure(SIZE_INCHES, DOTS_PER_INCH, layout="constrained")
    axes = figure.subplots(4, 1, sharex=True)
    figure.suptitle(literal(title), fontsize=12, color=INK)
    thresholds = [row[0] for row in rows]
    for column, (panel, axis) in enumerate(zip(PANELS, axes, strict=True), 1):
        axis.step(thresholds, [row[column] for row in rows], where="post", color=MAIN, linewidth=1.6)
        for point, colour, style in ((defaults[0], MAIN, "-"), (defaults[1], ACCENT, "--")):
            axis.axvline(thresholds[point], color=colour, linestyle=style, linewidth=1)
        axis.set_ylabel(panel, fontsize=9, color=INK)
        axis.set_yscale("symlog" if column == 1 else "linear")
        axis.set_ylim(bottom=0)
        draw_plainly(axis)
    axes[0].set_title("default: strong (line), weak (dashed)", fontsize=9, loc="right", color=INK)
    axes[-1].set_xlabel("threshold", fontsize=9, color=INK)
    return as_png(figure)
