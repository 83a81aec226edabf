"""The size of a street: defaults and refusals."""

from __future__ import annotations

import subprocess
import sys

import pytest

from demo import StreetSettings
from storage.errors import UsageError
from tests.conftest import ROOT


def test_the_default_street_is_as_large_as_promised() -> None:
    settings = StreetSettings()
    assert settings.num_buildings >= 12
    assert (settings.min_views, settings.max_views) == (4, 8)
    assert settings.num_singles == 10


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", -1),
        ("num_buildings", 0),
        ("num_buildings", 501),
        ("min_views", 0),
        ("max_views", 101),
        ("num_singles", -1),
        ("side", 127),
        ("side", 5000),
    ],
)
def test_a_value_out_of_range_is_refused_with_its_name_and_range(name: str, value: int) -> None:
    with pytest.raises(UsageError, match=f"{name} is {value}; it must be from"):
        StreetSettings(**{name: value})  # type: ignore[arg-type]


def test_more_views_at_least_than_at_most_is_refused() -> None:
    with pytest.raises(UsageError, match="min_views is 6, more than max_views, 5"):
        StreetSettings(min_views=6, max_views=5)


@pytest.mark.parametrize("origin", [(86.0, 0.0), (-85.5, 10.0), (0.0, 180.0)])
def test_a_street_beyond_the_map_is_refused(origin: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match="origin is"):
        StreetSettings(origin=origin)


def test_the_settings_alone_import_nothing_heavy() -> None:
    code = "import sys, demo; print(any(name in sys.modules for name in ('numpy', 'cv2', 'PIL')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_name_that_the_room_does_not_have_is_an_error() -> None:
    import demo

    with pytest.raises(AttributeError, match="no attribute 'draw_village'"):
        _ = demo.draw_village
