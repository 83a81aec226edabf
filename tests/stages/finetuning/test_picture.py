"""The evaluation as pictures."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from stages.finetuning.measures import compare, judge
from stages.finetuning.picture import draw_recall, draw_statistics

pytest.importorskip("matplotlib")

BUILDINGS = np.repeat(np.arange(4), 3)


def judged(name: str, seed: int, buildings: np.ndarray = BUILDINGS):
    rows = np.random.default_rng(seed).normal(size=(12, 4)).astype(np.float32)
    return judge(name, rows / np.linalg.norm(rows, axis=1, keepdims=True), buildings)


def test_pictures_are_pngs_and_equal_for_equal_figures() -> None:
    networks = [judged("start", 0), judged("epoch-$1.pt", 1)]
    found = [None, compare(networks[0], networks[1], 200, 0)]
    for drawn, again in (
        (draw_recall(networks, found), draw_recall(networks, found)),
        (draw_statistics(networks), draw_statistics(networks)),
    ):
        assert drawn == again and Image.open(BytesIO(drawn)).format == "PNG"


def test_one_building_is_drawn_without_an_interval_and_without_what_it_lacks() -> None:
    alone = np.array([0, 0, *range(1, 11)])
    networks = [judged("start", 0, alone), judged("other", 1, alone)]
    assert networks[0].values_of("centroid_to_centroid") == []
    assert draw_recall(networks, [None, compare(*networks, 200, 0)]) and draw_statistics(networks)
