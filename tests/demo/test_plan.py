"""The plan of a street: names, labels, times, positions."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import numpy as np
import pytest

from demo.plan import METRES_PER_DEGREE, SPACING_M, PlannedPhoto, plan_photos
from demo.settings import StreetSettings

SETTINGS = StreetSettings(seed=9, num_buildings=20, num_singles=12)


@pytest.fixture(scope="module")
def plans() -> list[PlannedPhoto]:
    return plan_photos(SETTINGS)


def metres(plan: PlannedPhoto, origin: tuple[float, float]) -> tuple[float, float]:
    """Along and across the street."""
    assert plan.shot.position is not None
    latitude, longitude = plan.shot.position
    shrink = math.cos(math.radians(origin[0]))
    return (longitude - origin[1]) * METRES_PER_DEGREE * shrink, (latitude - origin[0]) * METRES_PER_DEGREE


@pytest.mark.parametrize("seed", range(8))
def test_no_two_photos_have_one_name_on_any_file_system(seed: int) -> None:
    names = [plan.name.casefold() for plan in plan_photos(StreetSettings(seed=seed, num_buildings=40))]
    assert len(set(names)) == len(names)


def test_photos_lie_in_several_folders_under_names_of_cameras(plans: list[PlannedPhoto]) -> None:
    folders = {plan.name.rpartition("/")[0] for plan in plans}
    assert {"day1", "team b"} <= folders
    assert any("IMG_" in plan.name for plan in plans) and any("DSC" in plan.name for plan in plans)


def test_names_tell_nothing_about_buildings(plans: list[PlannedPhoto]) -> None:
    ordered = [plan.building for plan in sorted(plans, key=lambda plan: plan.name)]
    neighbours = sum(a == b for a, b in zip(ordered, ordered[1:], strict=False))
    assert neighbours < 0.15 * len(ordered)


def test_every_building_has_its_views_numbered_from_zero(plans: list[PlannedPhoto]) -> None:
    views = defaultdict(list)
    for plan in plans:
        if not plan.is_single:
            views[plan.subject].append(plan.view)
    assert sorted(views) == list(range(20))
    assert all(sorted(found) == list(range(len(found))) and 4 <= len(found) <= 8 for found in views.values())


def test_each_single_has_a_label_of_its_own(plans: list[PlannedPhoto]) -> None:
    counts = Counter(plan.building for plan in plans if plan.is_single)
    assert counts == {f"single_{i:02d}": 1 for i in range(12)}


def test_about_half_of_the_photos_have_a_position_and_two_buildings_have_none(plans: list[PlannedPhoto]) -> None:
    located: dict[str, int] = defaultdict(int)
    for plan in plans:
        located[plan.building] += plan.shot.position is not None
    buildings = {label: count for label, count in located.items() if label.startswith("building")}
    assert sum(count == 0 for count in buildings.values()) >= 2
    assert 0.35 < sum(buildings.values()) / sum(not plan.is_single for plan in plans) < 0.65


def test_positions_lie_within_metres_of_the_building(plans: list[PlannedPhoto]) -> None:
    for plan in plans:
        if plan.shot.position is not None and not plan.is_single:
            along, across = metres(plan, SETTINGS.origin)
            assert abs(along - plan.subject * SPACING_M) < 18 and abs(across) < 18


def test_singles_lie_far_from_every_building(plans: list[PlannedPhoto]) -> None:
    across = [metres(plan, SETTINGS.origin)[1] for plan in plans if plan.is_single and plan.shot.position]
    assert across and min(across) > 100


def test_time_goes_on_with_the_numbers_of_a_camera(plans: list[PlannedPhoto]) -> None:
    by_folder = defaultdict(list)
    for plan in sorted(plans, key=lambda plan: plan.name):
        by_folder[plan.name.rpartition("/")[0]].append(plan.shot.taken)
    for times in by_folder.values():
        assert times == sorted(set(times))


def test_some_photos_are_stored_turned_but_most_are_not(plans: list[PlannedPhoto]) -> None:
    turned = np.mean([plan.shot.orientation != 1 for plan in plans])
    assert 0.1 < turned < 0.5


def test_the_plan_depends_on_the_seed_alone() -> None:
    assert plan_photos(SETTINGS) == plan_photos(SETTINGS)
    assert plan_photos(SETTINGS) != plan_photos(StreetSettings(seed=10, num_buildings=20, num_singles=12))


def test_the_side_does_not_change_the_plan() -> None:
    small = StreetSettings(seed=9, num_buildings=20, num_singles=12, side=256)
    assert plan_photos(small) == plan_photos(SETTINGS)
