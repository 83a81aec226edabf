"""The registry of attacks: which there are, how they are asked for."""

from __future__ import annotations

import re
from typing import Any

import pytest

from attacks import FAMILIES, choose_attacks, load_change
from storage.errors import UsageError
from storage.names import safe_name


def ids(names: list[str], grids: dict[str, Any] | None = None) -> list[str]:
    return [attack.id for attack in choose_attacks(names, grids)]


# Number of attacks and an id of each family, as the experiments that they are compared with have them.
SPECIFIED = {
    "gaussian_noise": (3, "gaussian_noise_0.01"),
    "salt_and_pepper_noise": (3, "salt_and_pepper_noise_0.15"),
    "speckle_noise": (3, "speckle_noise_0.05"),
    "gaussian_filter": (3, "gaussian_filter_3x3"),
    "median_filter": (3, "median_filter_7x7"),
    "jpg_compression": (3, "jpg_compression_90"),
    "scaling": (4, "scaling_0.4"),
    "cropping": (5, "cropping_60_and_rescaling"),
    "rotation": (5, "rotation_5_and_rescaling"),
    "shearing": (5, "shearing_20"),
    "contrast_enhancement": (4, "contrast_enhancement_0.66"),
    "color_enhancement": (4, "color_enhancement_0.5"),
    "brightness_enhancement": (4, "brightness_enhancement_1.5"),
    "sharpness_enhancement": (4, "sharpness_enhancement_2"),
    "text": (5, "text_length_50"),
}


def test_all_are_58_attacks_of_different_ids() -> None:
    assert len(set(ids(["all"]))) == len(ids(["all"])) == 58


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_has_its_grid_and_its_pattern_of_ids(family: str) -> None:
    number, example = SPECIFIED[family]
    found = ids([family])
    assert len(found) == number and example in found


def test_no_family_is_missing() -> None:
    assert set(FAMILIES) == set(SPECIFIED)


def test_every_id_is_safe_in_file_names_and_command_lines() -> None:
    for attack_id in ids(["all"]):
        assert safe_name(attack_id) == attack_id and re.fullmatch(r"[\w.]+", attack_id)


def test_no_id_ends_like_another_so_names_of_queries_cannot_meet() -> None:
    found = ids(["all"])
    assert not [(one, other) for one in found for other in found if one.endswith(f"_{other}")]


def test_families_and_ids_can_be_mixed_and_come_in_the_order_of_the_registry_once() -> None:
    names = ["text_length_10", "rotation_20_and_rescaling", "scaling", "scaling_0.8"]
    assert ids(names) == [
        "scaling_0.4",
        "scaling_0.8",
        "scaling_1.2",
        "scaling_1.6",
        "rotation_20_and_rescaling",
        "text_length_10",
    ]


@pytest.mark.parametrize("names", [["rotations"], [], ["all", "rotation_21_and_rescaling"], [""]])
def test_an_unknown_attack_is_named_with_those_that_there_are(names: list[str]) -> None:
    with pytest.raises(UsageError, match="--attacks.*gaussian_noise"):
        choose_attacks(names)


def test_a_grid_of_ones_own_takes_the_place_of_the_family_s() -> None:
    assert ids(["rotation"], {"rotation": [90, -12.5]}) == [
        "rotation_90_and_rescaling",
        "rotation_-12.5_and_rescaling",
    ]
    assert len(ids(["all"], {"rotation": [90]})) == 54
    with pytest.raises(UsageError, match="rotation_20"):
        choose_attacks(["rotation_20_and_rescaling"], {"rotation": [90]})


def test_a_parameter_that_is_there_twice_is_one_attack() -> None:
    assert ids(["scaling"], {"scaling": [2, 2.0]}) == ["scaling_2"]


@pytest.mark.parametrize(
    "grids",
    [
        {"turning": [1]},
        {"rotation": []},
        {"rotation": 5},
        {"rotation": ["5"]},
        {"rotation": [True]},
        {"rotation": [float("nan")]},
        {"rotation": [1e9]},
        {"median_filter": [4]},
        {"gaussian_filter": [1]},
        {"jpg_compression": [50.5]},
        {"text": [0]},
        {"salt_and_pepper_noise": [1.1]},
        {"cropping": [100]},
        {"scaling": [0]},
    ],
    ids=str,
)
def test_a_wrong_grid_is_refused_with_its_family(grids: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"--params: .*{next(iter(grids))}"):
        choose_attacks(["all"], grids)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_ends_of_a_family_s_range_are_allowed(family: str) -> None:
    entry = FAMILIES[family]
    assert entry.accepts(entry.least) and all(map(entry.accepts, entry.grid))
    assert not entry.accepts(entry.least - 1) and not entry.accepts(entry.most + 1)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_its_function(family: str) -> None:
    assert callable(load_change(family))
