"""Tables as CSV."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage.formats.csv_text import csv_text

TEXTS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"))


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@given(st.lists(TEXTS, min_size=1))
@example(["\r"])
@example(["", "\r\n", '"'])
def test_a_value_comes_back_as_it_was(values: list[str]) -> None:
    assert rows_of(csv_text(["first"] * len(values), [values]))[1:] == [values]


@pytest.mark.parametrize("value", ["=1+1", "@SUM(A1)", "+49", "-1", 'say "hi"', "a,b", "two\nlines", " blank "])
def test_no_value_is_altered_to_be_safe(value: str) -> None:
    assert rows_of(csv_text(["name"], [[value]])) == [["name"], [value]]


def test_what_needs_no_quotes_has_none_and_nothing_is_empty() -> None:
    assert csv_text(["a", "b", "c"], [["x y", None, 1.5]]) == "a,b,c\nx y,,1.5\n"
