"""What clusterers declare of their parameters, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from clustering.parameters import Parameter, owned_parameters, parameter, parameters_of
from storage.errors import UsageError


@dataclass(frozen=True)
class First:
    """Two parameters and a field that is none."""

    name: str = "first"
    width: float = parameter(0.5, float, "of a group", values=(0.1, 0.5), words=("auto",), least=0)
    mode: str = parameter("fast", str, "how", choices=("fast", "sure"))


@dataclass(frozen=True)
class Second:
    """Shares a parameter with the first."""

    width: float = parameter(2.0, float, "of a stripe")


@dataclass(frozen=True)
class Clashing:
    """Means another kind of thing by the same name."""

    width: int = parameter(3, int, "in pixels")


def test_a_parameter_is_a_field_with_its_default() -> None:
    assert First().width == 0.5 and First(width=1.0, mode="sure") != First()


def test_only_declared_fields_are_parameters() -> None:
    assert list(parameters_of(First)) == ["width", "mode"]


def test_without_values_the_default_is_what_is_tried() -> None:
    assert parameters_of(First)["mode"].values == ("fast",)
    assert parameters_of(First)["width"].values == (0.1, 0.5)


def test_owners_of_one_name_are_listed_together() -> None:
    owned = owned_parameters({"first": First, "second": Second})
    assert {name: list(owners) for name, owners in owned.items()} == {"width": ["first", "second"], "mode": ["first"]}


def test_one_name_for_two_kinds_of_things_is_refused() -> None:
    with pytest.raises(TypeError, match="clashing and first both declare width"):
        owned_parameters({"first": First, "clashing": Clashing})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("width", -1.0, "--width is -1.0, but must be 0 or more"),
        ("width", "wide", "--width 'wide': must be a number or auto"),
        ("mode", "slow", "--mode 'slow': must be one of fast, sure"),
    ],
)
def test_a_value_without_a_meaning_is_refused_by_the_name_of_its_flag(name: str, value: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parameters_of(First)[name].check(name, value)


@pytest.mark.parametrize(("name", "value"), [("width", 0), ("width", "auto"), ("width", None), ("mode", "sure")])
def test_a_value_with_a_meaning_passes(name: str, value: Any) -> None:
    parameters_of(First)[name].check(name, value)


def test_a_number_that_is_not_there_is_not_too_small() -> None:
    Parameter(int, "count", least=2).check("count", None)
