"""Products of bytes: exact whole numbers, whichever way computes them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hloc.matching import products
from hloc.matching.products import (
    FLOAT32,
    GRAPHS,
    MAX_DIMENSION,
    ByteVectors,
    Multiplier,
    Way,
    chosen_way,
    is_exact,
    opened,
)
from tests.conftest import ROOT

SIGNED, PLAIN = np.dtype(np.int8), np.dtype(np.uint8)


def drawn_bytes(count: int, seed: int, dimension: int = 128) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, dimension), dtype=np.uint8)


def exactly(rows: np.ndarray, vectors: ByteVectors) -> np.ndarray:
    """The whole numbers by the book, rounded once when they are scaled."""
    whole = rows.astype(np.int64) @ vectors.rows.astype(np.int64).T
    return whole.astype(np.float32) * vectors.scales


@pytest.fixture
def chosen_anew() -> object:
    """A process that has not yet chosen its way, and chooses again afterwards."""
    chosen_way.cache_clear()
    yield
    chosen_way.cache_clear()


@pytest.mark.parametrize("dtype", [FLOAT32.dtype, *GRAPHS], ids=str)
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 200), (200, 1), (33, 257), (300, 65)])
def test_products_are_exact_in_every_way(dtype: np.dtype, rows: int, columns: int) -> None:
    way = FLOAT32 if dtype == FLOAT32.dtype else opened(dtype)
    first, vectors = drawn_bytes(rows, 1), ByteVectors.of(drawn_bytes(columns, 2))
    found = way.multiply(first, way.columns_of(vectors.rows), vectors.scales)
    assert found.dtype == np.float32 and np.array_equal(found, exactly(first, vectors))


@pytest.mark.parametrize(("row", "column"), [(255, 255), (255, 0), (0, 255), (255, 128), (255, 127), (1, 129)])
def test_the_largest_and_smallest_bytes_are_multiplied_exactly(row: int, column: int) -> None:
    first = np.full((130, 128), row, np.uint8)
    vectors = ByteVectors.of(np.full((259, 128), column, np.uint8))
    assert np.array_equal(Multiplier(vectors).products(first), exactly(first, vectors))


def test_products_with_themselves_are_one_at_length_one() -> None:
    vectors = ByteVectors.of(drawn_bytes(90, 3))
    squares = Multiplier(vectors).products(vectors.rows).diagonal() * vectors.scales
    assert np.allclose(squares, 1, atol=1e-6) and np.allclose(np.linalg.norm(vectors.unit, axis=1), 1, atol=1e-6)


def test_zeros_have_products_of_zero_and_a_scale_of_one() -> None:
    vectors = ByteVectors.of(np.zeros((3, 128), np.uint8))
    assert vectors.scales.tolist() == [1, 1, 1]
    assert not Multiplier(vectors).products(drawn_bytes(5, 1)).any()


def test_some_of_the_vectors_keep_their_scales() -> None:
    vectors, chosen = ByteVectors.of(drawn_bytes(20, 4)), np.array([17, 3, 3])
    first = drawn_bytes(7, 5)
    assert len(vectors.only(chosen)) == 3
    assert np.array_equal(
        Multiplier(vectors.only(chosen)).products(first), Multiplier(vectors).products(first)[:, chosen]
    )


@pytest.mark.parametrize("dtype", [FLOAT32.dtype, *GRAPHS], ids=str)
def test_what_is_written_into_products_is_not_in_the_next(dtype: np.dtype) -> None:
    way = FLOAT32 if dtype == FLOAT32.dtype else opened(dtype)
    for rows, columns in ((40, 60), (9, 7), (50, 80), (40, 60)):
        first, vectors = drawn_bytes(rows, 6), ByteVectors.of(drawn_bytes(columns, 7))
        found = way.multiply(first, way.columns_of(vectors.rows), vectors.scales)
        assert np.array_equal(found, exactly(first, vectors))
        found[:] = -1


def test_vectors_too_long_for_exact_products_are_refused() -> None:
    assert MAX_DIMENSION * 255**2 < 2**24 <= (MAX_DIMENSION + 1) * 255**2
    assert len(ByteVectors.of(drawn_bytes(2, 1, MAX_DIMENSION))) == 2
    with pytest.raises(ValueError, match="259 bytes"):
        ByteVectors.of(drawn_bytes(2, 1, MAX_DIMENSION + 1))


def cut_at_16_bits(rows: np.ndarray, columns: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """What a processor with AVX2 alone computes (VPMADDUBSW): sums of two products, cut at 16 bits."""
    pairs = rows.astype(np.int64)[:, None, :] * columns.astype(np.int64).T[None]
    cut = np.clip(pairs[..., ::2] + pairs[..., 1::2], -32768, 32767).sum(axis=2)
    return ((cut + 128 * rows.sum(axis=1, dtype=np.int64)[:, None]) * scales).astype(np.float32)


def test_sums_cut_at_16_bits_are_found_out() -> None:
    small, way = drawn_bytes(9, 8) // 4, Way(SIGNED, cut_at_16_bits)
    vectors = ByteVectors.of(96 + drawn_bytes(11, 9) // 4)
    assert np.allclose(way.multiply(small, way.columns_of(vectors.rows), vectors.scales), exactly(small, vectors))
    assert not is_exact(way)


def test_a_processor_that_cuts_sums_takes_bytes_by_bytes(monkeypatch: pytest.MonkeyPatch, chosen_anew: object) -> None:
    ways = {SIGNED: Way(SIGNED, cut_at_16_bits), PLAIN: opened(PLAIN)}
    monkeypatch.setattr(products, "opened", ways.__getitem__)
    assert chosen_way() is ways[PLAIN]


def test_a_processor_that_is_wrong_both_times_takes_float32(
    monkeypatch: pytest.MonkeyPatch, chosen_anew: object
) -> None:
    wrong = Way(PLAIN, lambda rows, columns, scales: np.zeros((len(rows), len(scales)), np.float32))
    monkeypatch.setattr(products, "opened", lambda _dtype: wrong)
    assert chosen_way() is FLOAT32


def test_without_onnxruntime_products_are_made_in_float32(tmp_path: Path) -> None:
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('not installed')", encoding="utf-8")
    code = "from hloc.matching.products import chosen_way; print(chosen_way().dtype)"
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    found = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "float32"


def test_the_way_is_chosen_once_in_a_process(monkeypatch: pytest.MonkeyPatch, chosen_anew: object) -> None:
    asked: list[object] = []
    monkeypatch.setattr(products, "opened", lambda dtype: asked.append(dtype) or opened(dtype))
    Multiplier(ByteVectors.of(drawn_bytes(3, 1)))
    count = len(asked)
    Multiplier(ByteVectors.of(drawn_bytes(3, 2)))
    assert len(asked) == count > 0


@pytest.mark.parametrize("dtype", GRAPHS, ids=str)
def test_the_graphs_are_one_product_of_bytes_scaled_by_columns(dtype: np.dtype) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    kind = {SIGNED: TensorProto.INT8, PLAIN: TensorProto.UINT8}[dtype]
    zero = np.array(-128 if dtype == SIGNED else 0, dtype)
    names = ["rows", "columns", "one", "scales", "row_zero", "column_zero"]
    node = helper.make_node("MatMulIntegerToFloat", names, ["products"], domain="com.microsoft")
    given = [
        helper.make_tensor_value_info("rows", TensorProto.UINT8, ["R", "D"]),
        helper.make_tensor_value_info("columns", kind, ["D", "M"]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, ["M"]),
    ]
    made = helper.make_tensor_value_info("products", TensorProto.FLOAT, ["R", "M"])
    fixed = {"one": np.array(1, np.float32), "row_zero": np.array(0, np.uint8), "column_zero": zero}
    held = [numpy_helper.from_array(value, name) for name, value in fixed.items()]
    graph = helper.make_graph([node], "products", given, [made], held)
    versions = [helper.make_opsetid("", 13), helper.make_opsetid("com.microsoft", 1)]
    expected = helper.make_model(graph, opset_imports=versions, ir_version=8)
    assert onnx.load(Path(products.__file__).with_name(GRAPHS[dtype])) == expected
