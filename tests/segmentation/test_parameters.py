"""Parameters of methods: defaults, ranges, text, spellings."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass
from pathlib import Path

import pytest

from segmentation import METHODS
from segmentation.method_parameters import EdgeParameters, GraphParameters, KMeansParameters, SamParameters
from segmentation.parameters import AUTO, REFERENCE_SIZE, Auto, Parameters, parameter, size
from storage.errors import UsageError


@dataclass(frozen=True)
class Sample(Parameters):
    count: int = parameter(3, "how many", 1, 9)
    size: int = parameter(7, "window", 1, 51, is_odd=True, spelling="sizeOf")
    weight: float = parameter(0.5, "share", 0, 1)
    soft: bool = parameter(True, "soft borders")
    kind: str = parameter("a", "which", choices=("a", "b"))
    file: Path | None = parameter(None, "weights", kind=Path)


@dataclass(frozen=True)
class Sized(Parameters):
    side: int | Auto = size(40, "a length", 2, 500)
    scale: float | Auto = size(15.0, "an area", 0, 1e6, dimension=2)
    count: int = parameter(3, "how many", 1, 9)


REFERENCE = REFERENCE_SIZE[0] * REFERENCE_SIZE[1]


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
    assert (KMeansParameters().k, GraphParameters().sigma) == (15, 0.5)


def test_sizes_are_those_of_segmentimg_on_a_photo_of_486_x_864() -> None:
    sizes = {name: method.parameters().sizes(486 * 864) for name, method in METHODS.items()}
    assert {name: found for name, found in sizes.items() if found} == {
        "superpixel": {"region_size": 40},
        "kmeans": {"color_importance": 5},
        "slickmeans": {"region_size": 40, "color_importance": 1},
        "felzenszwalb": {"segment_scale": 100, "min_segment_size": 100},
        "graph": {"k": 15, "min_segment_size": 100},
    }


def test_a_length_grows_with_the_side_of_the_photo_and_an_area_with_its_area() -> None:
    assert Sized().sizes(REFERENCE) == {"side": 40, "scale": 15}
    assert Sized().sizes(4 * REFERENCE) == {"side": 80, "scale": 60}


def test_sizes_do_not_shrink_on_small_photos_as_noise_does_not() -> None:
    assert Sized().sizes(REFERENCE - 1) == Sized().sizes(1) == Sized().sizes(REFERENCE)


def test_a_size_that_follows_the_photo_is_whole_where_it_must_be_and_stays_in_range() -> None:
    assert Sized().sizes(12_000_000) == {"side": 214, "scale": 428.7}
    assert type(Sized().sizes(12_000_000)["side"]) is int
    assert Sized().sizes(REFERENCE * 10**6)["side"] == 500


def test_a_size_that_is_given_is_the_same_on_every_photo() -> None:
    given = Sized.from_given({"side": "30", "scale": "7.5"})
    assert given.sizes(100) == given.sizes(10**8) == {"side": 30, "scale": 7.5}
    assert given.sizes(10**8, 0.5) == {"side": 15, "scale": 1.875}


def test_auto_may_be_given_for_sizes_only() -> None:
    assert Sized.from_given({"side": "auto"}) == Sized() and Sized().side is AUTO
    with pytest.raises(UsageError, match="--count is auto, but must be a whole number from 1 to 9"):
        Sized.from_given({"count": "auto"})
    with pytest.raises(UsageError, match="--side is wide, but must be auto, or a whole number from 2 to 500"):
        Sized.from_given({"side": "wide"})


def test_auto_is_text_for_json_for_processes_and_where_a_number_is_shown() -> None:
    assert json.dumps(Sized().as_json()) == '{"side": "auto", "scale": "auto", "count": 3}'
    assert type(Sized().as_json()["side"]) is str
    assert pickle.loads(pickle.dumps(Sized())).side is AUTO and f"{AUTO:g} {AUTO}" == "auto auto"


def test_the_help_of_a_size_says_what_auto_is() -> None:
    side, scale, _ = Sized.described()
    assert side.help == "a length; auto: 40 up to 864 x 486 pixels, then more with the side of the photo"
    assert scale.help.endswith("auto: 15 up to 864 x 486 pixels, then more with the area of the photo")


def test_the_device_of_sam_is_the_processor_unless_told() -> None:
    assert SamParameters().device == "cpu" and SamParameters().checkpoint is None
