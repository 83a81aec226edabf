"""What the tests of the demo share: one small street, and one building to look at."""

from __future__ import annotations

import numpy as np
import pytest

from demo import StreetSettings, StreetTruth, draw_street
from demo.building import Building, build
from demo.design import Design, choose_designs

SMALL = StreetSettings(seed=5, num_buildings=4, min_views=2, max_views=3, num_singles=2, side=600)


@pytest.fixture(scope="session")
def street(tmp_path_factory: pytest.TempPathFactory) -> StreetTruth:
    """A street of four buildings; read only."""
    return draw_street(tmp_path_factory.mktemp("street") / "drawn", SMALL)


@pytest.fixture(scope="session")
def design() -> Design:
    """A building without neighbours close by, with balconies and every kind of damage."""
    chosen = choose_designs(np.random.default_rng(0), 1)[0]
    return make_design(chosen, is_detached=True, balconies="row", roof="pitched", ground="shops")


@pytest.fixture(scope="session")
def building(design: Design) -> Building:
    """The drawn building; read only."""
    return build(design, np.random.default_rng(1), 0.35)


def make_design(base: Design, **changes: object) -> Design:
    """Give a design like ``base`` with other values."""
    return Design(**(vars(base) | changes))
