"""What a request brings is checked field by field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.sam import SamBox, SamPoint
from storage.errors import UsageError
from web.segmentation import requests

anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(anything)
def test_whatever_is_sent_is_taken_or_refused_in_one_line(value: Any) -> None:
    checks = {
        "whole": lambda: requests.whole({"a": value}, "a", 0, 10),
        "number": lambda: requests.number({"a": value}, "a", 0, 1),
        "mapping": lambda: requests.mapping({"a": value}, "a"),
        "rows": lambda: requests.rows({"a": value}, "a"),
        "text": lambda: requests.text({"a": value}, "a"),
        "colour": lambda: requests.colour({"colour": value}),
        "numbers": lambda: requests.numbers(value, 2, "a"),
        "strokes": lambda: requests.strokes({"strokes": value}),
        "stroke": lambda: requests.strokes({"strokes": [value]}),
        "rectangles": lambda: requests.rectangles({"rectangles": [value]}),
        "prompts": lambda: requests.prompts({"prompts": [value]}),
        "files": lambda: requests.files({"a": [value]}, "a"),
    }
    for check in checks.values():
        try:
            check()
        except UsageError as error:
            assert "\n" not in str(error) and len(str(error)) < 300


@pytest.mark.parametrize("value", [True, 1.0, "1", None, -1, 11, [1]])
def test_a_whole_number_is_whole_and_in_range(value: Any) -> None:
    with pytest.raises(UsageError, match="a is .* whole number from 0 to 10"):
        requests.whole({"a": value}, "a", 0, 10)


def test_defaults_stand_where_nothing_is_brought() -> None:
    assert requests.whole({}, "a", 0, 10, 3) == 3 and requests.number({}, "a", 0, 1, 0.5) == 0.5
    assert requests.mapping({}, "a") == {} and requests.rows({}, "a") == [] and requests.text({}, "a", "x") == "x"
    with pytest.raises(UsageError):
        requests.whole({}, "a", 0, 10)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "0.5", 1.5])
def test_a_number_is_finite_and_in_range(value: Any) -> None:
    with pytest.raises(UsageError, match="a number from 0 to 1"):
        requests.number({"a": value}, "a", 0, 1)


def test_strokes_have_a_brush_of_three_unless_told() -> None:
    given_ = {"strokes": [{"kind": "foreground", "points": [[1, 2.5]]}, {"kind": "x", "points": [[0, 0]], "brush": 9}]}
    assert requests.strokes(given_) == [
        {"kind": "foreground", "points": [[1.0, 2.5]], "brush": 3.0},
        {"kind": "x", "points": [[0.0, 0.0]], "brush": 9.0},
    ]


def test_prompts_keep_their_order() -> None:
    rows = [{"point": [1, 2]}, {"box": [5, 6, 3, 4]}, {"point": [7, 8], "is_foreground": False}]
    assert requests.prompts({"prompts": rows}).given == (SamPoint(1, 2), SamBox(5, 6, 3, 4), SamPoint(7, 8, False))


@pytest.mark.parametrize("row", [{"point": [1, 2], "is_foreground": 1}, {"box": [1, 2, 3, 4], "x": 1}, {}, [1, 2]])
def test_what_is_no_prompt_is_refused(row: Any) -> None:
    with pytest.raises(UsageError, match="a prompt is"):
        requests.prompts({"prompts": [row]})


def test_files_come_in_the_order_of_their_names() -> None:
    rows = [{"name": "b", "content": "Qg=="}, {"name": "a", "content": "QQ=="}, {"name": "c", "content": ""}]
    assert requests.files({"templates": rows}, "templates") == [b"A", b"B", b""]


@pytest.mark.parametrize("content", ["Q", "Q?==", "§", "QQ== QQ=="])
def test_what_is_not_in_base64_is_named(content: str) -> None:
    with pytest.raises((UsageError, ValueError), match="base64|ASCII"):
        requests.files({"a": [{"name": "x.png", "content": content}]}, "a")


def test_places_far_outside_are_refused() -> None:
    with pytest.raises(UsageError, match="far outside"):
        requests.numbers([1 << 21, 0], 2, "a point")
    assert requests.numbers([-5, 1 << 20], 2, "a point") == [-5.0, float(1 << 20)]


def test_a_stroke_has_bounded_points() -> None:
    points = [[0, 0]] * (requests.MAX_POINTS + 1)
    with pytest.raises(UsageError, match="1 to 100000 points"):
        requests.strokes({"strokes": [{"kind": "foreground", "points": points}]})
