"""float32 products of descriptors: whoever multiplies, within the bound, and the same pairs in the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hloc import proposals, tile_products
from hloc.retrieval import find_neighbours
from hloc.tile_products import by_numpy, by_onnxruntime, fastest_product, product_for, rounding_bound
from storage.errors import StageError


def unit_vectors(count: int, dimension: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, dimension), np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def chosen_anew() -> Iterator[None]:
    """A process that has not yet chosen, and chooses again afterwards."""
    fastest_product.cache_clear()
    yield
    fastest_product.cache_clear()


@pytest.mark.parametrize(("rows", "columns", "dimension"), [(1, 1, 1), (3, 70, 33), (257, 129, 1024), (40, 50, 4096)])
def test_either_product_is_within_the_bound(rows: int, columns: int, dimension: int) -> None:
    pytest.importorskip("onnxruntime")
    left, right = unit_vectors(rows, dimension), unit_vectors(columns, dimension, 1)
    exact = left.astype(np.float64) @ right.T.astype(np.float64)
    for multiply in (by_numpy, by_onnxruntime()):
        found = multiply(left, right)
        assert found.dtype == np.float32 and found.shape == (rows, columns)
        assert np.abs(found - exact).max() <= rounding_bound(dimension)


def test_both_give_the_same_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    vectors = unit_vectors(300, 64)
    vectors[100:200] = vectors[:100] + 1e-4 * unit_vectors(100, 64, 2)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = []
    for multiply in (by_numpy, by_onnxruntime()):
        monkeypatch.setattr(proposals, "product_for", lambda *_, chosen=multiply: chosen)
        found.append(find_neighbours(vectors, 12).keys)
    assert np.array_equal(*found)


@pytest.mark.usefixtures("chosen_anew")
def test_the_faster_one_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    took = {by_numpy: 2.0}
    monkeypatch.setattr(tile_products, "by_onnxruntime", lambda: _twice)
    monkeypatch.setattr(tile_products, "_seconds", lambda way, _vectors: took.get(way, 1.0))
    assert product_for(100_000, 4096) is _twice
    took[by_numpy] = 0.5
    assert product_for(100_000, 4096) is _twice
    fastest_product.cache_clear()
    assert product_for(100_000, 4096) is by_numpy


def _twice(left: Any, right: Any) -> Any:
    return by_numpy(left, right)


@pytest.mark.usefixtures("chosen_anew")
def test_a_product_that_is_wrong_here_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_products, "by_onnxruntime", lambda: lambda left, right: by_numpy(left, right) + 0.01)
    monkeypatch.setattr(tile_products, "_seconds", lambda way, _vectors: float(way is by_numpy))
    assert fastest_product() is by_numpy


@pytest.mark.usefixtures("chosen_anew")
def test_without_onnxruntime_numpy_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise StageError("needs the package onnxruntime")

    monkeypatch.setattr(tile_products, "by_onnxruntime", missing)
    assert product_for(100_000, 4096) is by_numpy


def test_few_photos_and_short_vectors_are_multiplied_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_products, "fastest_product", lambda: pytest.fail("it was tried"))
    assert product_for(2000, 4096) is product_for(1_000_000, 48) is by_numpy


def test_the_graph_is_one_product_with_the_second_turned() -> None:
    onnx = pytest.importorskip("onnx")
    helper, real = onnx.helper, onnx.TensorProto.FLOAT
    given = [helper.make_tensor_value_info(name, real, [side, "numbers"]) for name, side in SIDES.items()]
    made = helper.make_tensor_value_info("product", real, ["rows", "columns"])
    graph = helper.make_graph(
        [helper.make_node("Gemm", [*SIDES], ["product"], transB=1)], "tile-product", given, [made]
    )
    expected = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    assert onnx.load(Path(tile_products.__file__).with_name(tile_products.GRAPH)) == expected


SIDES = {"left": "rows", "right": "columns"}
