"""What all figures that matplotlib draws share: colours, plain axes, texts as they are, the PNG file."""

from __future__ import annotations

import importlib.util
from io import BytesIO
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GRID, MAIN, ACCENT = "#22252a", "#dcd9d2", "#14655f", "#b3640c"
# Okabe and Ito, "Color universal design" (2008): told apart with any colour vision, on light and on dark.
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#c9b81f")
DOTS_PER_INCH = 120


def has_matplotlib() -> bool:
    """Say whether figures can be drawn."""
    return importlib.util.find_spec("matplotlib") is not None


def literal(text: str) -> str:
    """Give a text as matplotlib is to write it: a "$" in a name would begin a formula."""
    return text.replace("$", r"\$")


def draw_plainly(axes: Axes, grid: Literal["both", "x", "y"] = "both") -> None:
    """Give axes a quiet grid behind all that is drawn, and no frame above and to the right."""
    axes.grid(color=GRID, linewidth=0.6, axis=grid)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def as_png(figure: Figure) -> bytes:
    """Give the PNG file of a figure, equal for equal figures."""
    content = BytesIO()
    figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()
