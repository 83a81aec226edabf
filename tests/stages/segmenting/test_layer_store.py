"""Layers that were not taken yet: the newest, bounded in number and memory."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation.painting.layers import Layer, layer_of_plane
from segmentation.painting.planes import paint_of
from stages.segmenting.layer_store import MAX_LAYERS, LayerStore
from stages.segmenting.painted_photo import layer_file
from storage.errors import StageError
from storage.paint_folder import check_file


def layer(number: int, shape: tuple[int, int] = (6, 8)) -> Layer:
    plane = np.zeros(shape, np.int32)
    plane.reshape(-1)[: number + 1] = paint_of((number, 0, 0))
    return layer_of_plane(plane)


def test_a_layer_is_found_by_photo_and_file() -> None:
    store = LayerStore()
    one = layer(1)
    file = store.add(3, one)
    assert store.find(3, file) is one is store.get(3, file)
    assert store.get(4, file) is None
    with pytest.raises(StageError, match="make it again"):
        store.find(4, file)


def test_files_are_named_after_what_is_painted_and_where() -> None:
    files = {layer_file(layer(number)) for number in range(5)}
    assert len(files) == 5 and layer_file(layer(2)) in files
    assert layer_file(layer(2, (8, 6))) == layer_file(layer(2))  # the same runs, of a photo that is another one
    assert all(check_file(file).startswith("picture-") for file in files)


def test_only_the_newest_are_kept() -> None:
    store = LayerStore()
    files = [store.add(0, layer(number)) for number in range(MAX_LAYERS + 3)]
    assert [store.get(0, file) is not None for file in files] == [False] * 3 + [True] * MAX_LAYERS


def test_one_that_is_added_again_is_the_newest() -> None:
    store = LayerStore(max_layers=2)
    first = store.add(0, layer(0))
    store.add(0, layer(1))
    assert store.add(0, layer(0)) == first
    store.add(0, layer(2))
    assert store.get(0, first) is not None


def test_memory_is_bounded_but_the_newest_stays() -> None:
    store = LayerStore(max_bytes=100)
    noise = np.random.default_rng(1).integers(0, 2, (20, 20)).astype(np.int32) * paint_of((1, 2, 3))
    small, large = store.add(0, layer(1)), store.add(0, layer_of_plane(noise))
    assert store.num_bytes > 100 and store.get(0, small) is None and store.get(0, large) is not None
    store.add(0, layer(2))
    assert store.num_bytes <= 100
