"""What figures share."""

from __future__ import annotations

import importlib.util
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from stages.figures import GRID, MAIN, as_png, draw_plainly, has_matplotlib, literal

pytest.importorskip("matplotlib", reason="matplotlib is optional")
from matplotlib.figure import Figure  # noqa: E402


def drawn(title: str = "", **plainly: Any) -> bytes:
    figure = Figure((2, 2), 50)
    axes = figure.subplots()
    axes.bar([1, 2], [3, 4], color=MAIN)
    draw_plainly(axes, **plainly)
    figure.suptitle(literal(title))
    return as_png(figure)


def colours(picture: bytes) -> dict[str, int]:
    with Image.open(BytesIO(picture)) as image:
        assert image.format == "PNG" and not image.text
        found = image.convert("RGB").getcolors(1 << 24)
    return {f"#{red:02x}{green:02x}{blue:02x}": count for count, (red, green, blue) in found}


def test_equal_figures_are_equal_files_without_the_name_of_a_program() -> None:
    assert drawn() == drawn() and colours(drawn())[MAIN] > 1000


def test_the_grid_lies_behind_what_is_drawn() -> None:
    figure = Figure((2, 2), 50)
    axes = figure.subplots()
    axes.bar([1, 2], [3, 4], width=1, color=MAIN)
    axes.set_ylim(0, 3)
    axes.set_xlim(0.6, 1.4)  # the bar fills the axes
    draw_plainly(axes)
    assert GRID not in colours(as_png(figure))


def test_a_grid_of_one_direction_has_no_lines_of_the_other() -> None:
    assert drawn(grid="y") != drawn(grid="both")


@pytest.mark.parametrize("title", ["a $ sign", "$x^$", r"100\%"])
def test_any_name_can_be_a_title(title: str) -> None:
    assert drawn(title) != drawn()


def test_it_is_said_whether_figures_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert has_matplotlib()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not has_matplotlib()
