"""The picture of the curve."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from stages.figures import DOTS_PER_INCH
from stages.thresholds.picture import SIZE_INCHES, draw_curve

ROWS = [(0.9, 3, 2, 5, 3), (0.5, 10, 3, 9, 4), (0.1, 40, 1, 12, 12)]


def test_it_has_its_size_and_is_the_same_again_and_takes_any_title() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is optional")
    pictures = [draw_curve(ROWS, "pairs $of^ <b> 100%\\.txt", (0, 1)) for _ in range(2)]
    assert pictures[0] is not None and pictures[0] == pictures[1]
    with Image.open(BytesIO(pictures[0])) as image:
        assert image.format == "PNG" and image.size == tuple(int(side * DOTS_PER_INCH) for side in SIZE_INCHES)
