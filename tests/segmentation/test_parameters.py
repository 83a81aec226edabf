"""Parameters of methods: defaults, ranges, text, spellings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from segmentation.method_parameters import EdgeParameters, GraphParameters, KMeansParameters, SamParameters
from segmentation.parameters import Parameters, parameter
from storage.errors import UsageError


@dataclass(frozen=True)
class Sample(Parameters):
    count: int = parameter(3, "how many", 1, 9)
    size: int = parameter(7, "window", 1, 51, is_odd=True, spelling="sizeOf")
    weight: float = parameter(0.5, "share", 0, 1)
    soft: bool = parameter(True, "soft borders")
    kind: str = parameter("a", "which", choices=("a", "b"))
    file: Path | None = parameter(None, "weights", kind=Path)


def test_defaults_are_as_written() -> None:
    assert Sample() == Sample(3, 7, 0.5, True, "a", None)


def test_text_becomes_the_type_of_the_parameter() -> None:
    found = Sample.from_given(
        {"count": "4", "size": "9", "weight": "0.25", "soft": "off", "kind": "b", "file": "net.pth"}
    )
    assert found == Sample(4, 9, 0.25, False, "b", Path("net.pth"))
    assert type(found.count) is int and type(found.weight) is float


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("count", "0", "a whole number from 1 to 9"),
        ("count", "2.5", "a whole number from 1 to 9"),
        ("count", "many", "a whole number from 1 to 9"),
        ("count", "inf", "a whole number from 1 to 9"),
        ("size", "8", "an odd number from 1 to 51"),
        ("weight", "nan", "a number from 0 to 1"),
        ("weight", "1.01", "a number from 0 to 1"),
        ("soft", "perhaps", "on or off"),
        ("kind", "c", "one of a, b"),
    ],
)
def test_a_value_out_of_range_is_named_with_flag_and_range(name: str, value: str, allowed: str) -> None:
    with pytest.raises(UsageError, match=f"--{name} is {value}, but must be {allowed}"):
        Sample.from_given({name: value})


def test_a_value_out_of_range_is_refused_without_text_too() -> None:
    with pytest.raises(UsageError, match="--count is 10"):
        Sample(count=10)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="--width.*count, size"):
        Sample.from_given({"width": 1})


def test_each_parameter_describes_itself() -> None:
    described = {each.name: each for each in Sample.described()}
    assert list(described) == ["count", "size", "weight", "soft", "kind", "file"]
    assert (described["size"].kind, described["size"].default, described["size"].spelling) == (int, 7, "sizeOf")
    assert described["file"].kind is Path and described["file"].allowed == "a path"
    assert described["count"].help == "how many"


def test_values_are_json_types() -> None:
    assert Sample(file=Path("a") / "b").as_json()["file"] == str(Path("a") / "b")
    assert Sample().as_json()["file"] is None


def test_defaults_are_those_of_segmentimg() -> None:
    edge = EdgeParameters()
    assert (edge.edge_th, edge.bilateral_d, edge.sigma_color, edge.sigma_space) == (60, 7, 100, 100)
    assert (edge.template_window_size, edge.search_window_size, edge.h, edge.h_color) == (7, 21, 10, 10)
    assert (KMeansParameters().k, KMeansParameters().color_importance) == (15, 5)
    graph = GraphParameters()
    assert (graph.sigma, graph.k, graph.min_segment_size) == (0.5, 15, 100)


def test_the_device_of_sam_is_the_processor_unless_told() -> None:
    assert SamParameters().device == "cpu" and SamParameters().checkpoint is None
