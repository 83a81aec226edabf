"""Flags made of what clusterers declare."""

from __future__ import annotations

import argparse

import pytest

from clustering.parameters import Parameter
from stages.parameter_flags import add_parameter_flags, number_or

OWNED = {
    "width": {
        "first": Parameter(float, "of a group", values=("auto",), words=("auto",)),
        "second": Parameter(float, "of a stripe", values=(None,)),
    },
    "rounds": {"first": Parameter(int, "at most", values=(3, 5)), "second": Parameter(int, "at most", values=(3, 5))},
    "mode": {"second": Parameter(str, "how sure, in %", values=("fast",), choices=("fast", "sure"))},
    "mirrored": {"second": Parameter(bool, "both ways", values=(False,))},
}


def parser(are_several: bool = False) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    add_parameter_flags(made.add_argument, OWNED, are_several)
    return made


def test_what_is_not_given_is_none() -> None:
    assert set(vars(parser().parse_args([])).values()) == {None}


def test_values_are_of_the_declared_kind_and_words_stay_words() -> None:
    args = parser().parse_args(["--width", "auto", "--rounds", "7", "--mode", "sure", "--mirrored"])
    assert vars(args) == {"width": "auto", "rounds": 7, "mode": "sure", "mirrored": True}


def test_several_values_are_a_list() -> None:
    assert parser(are_several=True).parse_args(["--width", "auto", "0.5"]).width == ["auto", 0.5]


@pytest.mark.parametrize("flags", [["--mode", "slow"], ["--rounds", "1.5"], ["--width", "wide"]])
def test_other_values_are_exit_code_2(flags: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(flags)
    assert ended.value.code == 2


def test_the_help_names_owners_once_where_they_say_the_same() -> None:
    text = " ".join(parser().format_help().split())
    assert "first: of a group; default: auto; second: of a stripe" in text
    assert "first, second: at most; default: 3 5" in text and "how sure, in %" in text


def test_a_reader_without_words_is_the_kind_itself() -> None:
    assert number_or(int) is int and number_or(float, "auto")("0.25") == 0.25
