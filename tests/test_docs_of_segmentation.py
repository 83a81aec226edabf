"""The page on segmentation: its tables of parameters, defaults and grids are those of the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from segmentation import METHODS, create_segmenter
from segmentation.parameters import REFERENCE_SIZE, Auto, Parameter
from tests.conftest import ROOT

GRID = "grid_megapixels"  # has its own table


@pytest.fixture
def page(root_dir: Path) -> str:
    return (root_dir / "docs" / "segmentation.md").read_text(encoding="utf-8")


def line_of(method: str, each: Parameter) -> str:
    """Give the line of the table that a parameter has."""
    flags = f"`--{each.name}`" + (f", `--{each.spelling}`" if each.spelling else "")
    default = "on" if each.default is True else "none" if each.default is None else each.default
    if isinstance(default, int | float):
        default = f"{default:,.15g}"
    meant = each.help.split("; auto: ")[0] if each.dimension else each.help
    if isinstance(default, Auto):
        default = f"auto: {each.at_reference:g}, {'length' if each.dimension == 1 else 'area'}"
    return f"| {method} | {flags} | {default} | {each.allowed} | {meant} |"


def test_the_table_has_every_parameter_with_its_default_its_values_and_its_help(page: str) -> None:
    expected = [
        line_of(name, each)
        for name, method in METHODS.items()
        for each in method.parameters.described()
        if each.name != GRID
    ]
    table = page.split("| method | flag | default |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    assert table == expected


def test_the_size_up_to_which_automatic_sizes_are_those_of_segmentimg_is_said(page: str) -> None:
    width, height = REFERENCE_SIZE
    assert f"up to {width} x {height} pixels" in page


def test_the_sizes_of_the_example_are_those_that_graph_takes(page: str) -> None:
    sizes = create_segmenter("graph").parameters.sizes(4000 * 2250)
    assert f"`--k` is {sizes['k']:g} and `--min_segment_size` {sizes['min_segment_size']:,}" in " ".join(page.split())


@pytest.mark.parametrize("name", [name for name in METHODS if name != "sam"])
def test_the_grid_of_each_method_is_the_one_of_the_measured_table(name: str) -> None:
    measured = (ROOT / "benchmarks" / "segmentation.md").read_text(encoding="utf-8")
    table = measured.split("| 4000 x 3000 |", 1)[1].split("\n\n", 1)[0]
    (grid,) = re.findall(rf"\| {name} \| ([^|]+) \|", table)
    default = METHODS[name].parameters().grid_megapixels
    assert grid == ("all pixels" if default == 0 else f"{default:g}")
