"""float32 products of unit vectors by whatever multiplies fastest here, and how far their rounding can lead astray.

ONNX Runtime takes its kernels by what the processor can do; NumPy's OpenBLAS by its name, and up to 0.3.31 does not
know AMD's Zen 5, where it computes at half of the speed (OpenBLAS, pull request 6033). So both are tried, for a few
milliseconds; the bound holds for either.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from hloc.onnx_session import open_session
from storage.errors import StageError
from storage.formats.json_file import read_stage_input

logger = logging.getLogger(__name__)

GRAPH = "tile-product.onnx"  # Gemm(left, right, transB=1); made in tests/hloc/test_tile_products.py
WORTH_TRYING = 1e11  # multiplications: a second of one core or more
LEAST_DIMENSION = 256  # of shorter vectors choosing takes longer than multiplying
TRIED_SHAPE = (256, 2048)
NUM_TRIALS = 3

Values = NDArray[np.float32]
Product = Callable[[Values, Values], Values]


def rounding_bound(dimension: int) -> float:
    """Most that a float32 dot product of unit vectors can be off (Higham 2002, section 3.1), with room for lengths."""
    return 1.05 * (dimension + 1) * 2.0**-24


def product_for(num_vectors: int, dimension: int) -> Product:
    """Give what multiplies N vectors with themselves: (R, D) and (C, D) to (R, C), on one thread each time."""
    is_long = num_vectors**2 * dimension / 2 >= WORTH_TRYING
    return fastest_product() if is_long and dimension >= LEAST_DIMENSION else by_numpy


def by_numpy(left: Values, right: Values) -> Values:
    """Multiply by NumPy, on as many threads as its BLAS may take."""
    product: Values = left @ right.T
    return product


@cache
def fastest_product() -> Product:
    """Give the faster of NumPy and ONNX Runtime, tried once in each process; NumPy where the other is not installed."""
    try:
        other = by_onnxruntime()
    except StageError as error:
        logger.debug("descriptors are multiplied by NumPy: %s", error)
        return by_numpy
    vectors = np.random.default_rng(0).standard_normal(TRIED_SHAPE, np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with threadpool_limits(1, user_api="blas"):
        if np.abs(other(vectors, vectors) - by_numpy(vectors, vectors)).max() > 2 * rounding_bound(TRIED_SHAPE[1]):
            return by_numpy
        took = {way: min(_seconds(way, vectors) for _ in range(NUM_TRIALS)) for way in (by_numpy, other)}
    logger.debug("a product takes %.1f ms by NumPy, %.1f ms by ONNX Runtime", *(1e3 * each for each in took.values()))
    return min(took, key=lambda way: took[way])


def by_onnxruntime() -> Product:
    """Give the product by ONNX Runtime; StageError when it is not installed."""
    path = Path(__file__).with_name(GRAPH)
    session = open_session(read_stage_input(path, "git checkout"), path, "of descriptors", num_threads=1)

    def multiply(left: Values, right: Values) -> Values:
        found: Values = session.run(None, {"left": left, "right": right})[0]
        return found

    return multiply


def _seconds(multiply: Product, vectors: Values) -> float:
    start = time.perf_counter()
    multiply(vectors, vectors)
    return time.perf_counter() - start
