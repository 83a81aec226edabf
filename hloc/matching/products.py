"""Products of local features that are kept in bytes: whole numbers, so every way to compute them gives the same.

Three ways, the first that is right on this machine: ONNX Runtime on bytes by signed bytes, on bytes by bytes, and
NumPy in float32, where sums of up to 258 products of bytes are still exact. Figures: ``benchmarks/matching.md``.

Bytes by signed bytes is fastest where the processor adds such products in 32 bits (VNNI, or a matrix unit). Where it
does not, ONNX Runtime adds neighbours in 16 bits first and cuts what is too large: the result is wrong, and nothing
says so. Which processors do it is the runtime's affair, so each process tries with the largest numbers there are.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hloc.onnx_session import open_session
from storage.errors import StageError
from storage.formats.json_file import read_stage_input

logger = logging.getLogger(__name__)

MAX_DIMENSION = 258  # 258 * 255**2 < 2**24: beyond, float32 has no longer every whole number

# MatMulIntegerToFloat of ONNX Runtime; what the files hold stands in tests/hloc/matching/test_products.py.
GRAPHS = {np.dtype(np.int8): "products-int8.onnx", np.dtype(np.uint8): "products-uint8.onnx"}

# Rows and columns of what is tried: a single row, and sizes that fill no block of any kernel.
TRIED_SIZES = ((1, 1), (1, 67), (3, 2), (7, 300), (131, 1), (259, 517))
TRIED_DIMENSION = 128

Bytes = NDArray[np.uint8]
Values = NDArray[Any]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ByteVectors:
    """Vectors in bytes, and what brings them to length 1.

    Attributes
    ----------
    rows : ndarray of uint8, shape (M, D)
        The vectors.
    scales : ndarray of float32, shape (M,)
        One over their lengths; 1 for vectors of zeros.
    """

    rows: Bytes
    scales: Floats

    @classmethod
    def of(cls, rows: Bytes) -> ByteVectors:
        """Take bytes (M, D); ValueError when D is above ``MAX_DIMENSION``."""
        if rows.shape[1] > MAX_DIMENSION:
            raise ValueError(f"vectors of {rows.shape[1]} bytes: at most {MAX_DIMENSION} are multiplied exactly")
        wide = rows.astype(np.float32)
        return cls(rows, 1 / np.sqrt(np.maximum(np.einsum("ij,ij->i", wide, wide), 1)))

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, chosen: NDArray[np.intp]) -> ByteVectors:
        """Give the vectors at some rows."""
        return ByteVectors(self.rows[chosen], self.scales[chosen])

    @property
    def unit(self) -> Floats:
        """The vectors at length 1 (M, D)."""
        return self.rows.astype(np.float32) * self.scales[:, None]


@dataclass(frozen=True, eq=False)
class Way:
    """One way to compute products.

    Attributes
    ----------
    dtype : dtype
        What it takes on the right; signed bytes are 128 less than the bytes.
    multiply : callable
        Bytes (R, D), vectors in columns (D, M) and their scales (M,) to scaled products (R, M), which may lie where
        the thread's next products will lie.
    """

    dtype: np.dtype[Any]
    multiply: Callable[[Bytes, Values, Floats], Floats]

    def columns_of(self, rows: Bytes) -> Values:
        """Turn bytes (M, D) into what it takes on the right (D, M)."""
        if self.dtype == np.int8:
            rows = (rows ^ np.uint8(128)).view(np.int8)  # the bits of a byte less 128
        turned = np.asarray(cv2.transpose(rows))  # in an eighth of NumPy's time
        return turned.astype(self.dtype, copy=False)


class Multiplier:
    """Multiplies with the same vectors again and again, by the best way of this process.

    Parameters
    ----------
    vectors : ByteVectors
        M vectors of D bytes, M at least 1.
    """

    def __init__(self, vectors: ByteVectors) -> None:
        self._way, self._scales = chosen_way(), vectors.scales
        self._columns = self._way.columns_of(vectors.rows)

    def products(self, rows: Bytes) -> Floats:
        """Give the products of bytes (R, D) with the vectors at length 1: (R, M), good until the thread's next call.

        The whole number is exact and is rounded once, when it is scaled.
        """
        return self._way.multiply(rows, self._columns, self._scales)


@cache
def chosen_way() -> Way:
    """Give the first way that is there and right on this machine, found once in each process."""
    for dtype in GRAPHS:
        try:
            way = opened(dtype)
        except StageError as error:
            logger.debug("local features are multiplied in float32: %s", error)
            break
        if is_exact(way):
            return way
        logger.debug("bytes times %s come out wrong on this processor", dtype)
    return FLOAT32


def is_exact(way: Way) -> bool:
    """Say whether a way is right where sums are largest: bytes of 0 and 255 in all their mixtures."""
    random = np.random.default_rng(0)
    for sizes in TRIED_SIZES:
        for share in (0.0, 0.5, 1.0):
            first, second = (np.uint8(255) * (random.random((size, TRIED_DIMENSION)) < share) for size in sizes)
            for rows in (first, np.full_like(first, 255)):
                found = way.multiply(rows, way.columns_of(second), np.ones(len(second), np.float32))
                if not np.array_equal(found, rows.astype(np.float64) @ second.T.astype(np.float64)):
                    return False
    return True


def opened(dtype: np.dtype[Any]) -> Way:
    """Open the way of ONNX Runtime that takes ``dtype`` on the right; StageError when it is not there."""
    path = Path(__file__).with_name(GRAPHS[dtype])
    content = read_stage_input(path, "git checkout")
    session = open_session(content, path, "of local features", num_threads=1)  # the workers keep the cores busy

    def multiply(rows: Bytes, columns: Values, scales: Floats) -> Floats:
        found: Floats = session.run(None, {"rows": rows, "columns": columns, "scales": scales})[0]
        return found

    return Way(dtype, multiply)


def _multiply_in_float32(rows: Bytes, columns: Values, scales: Floats) -> Floats:
    products = _room(len(rows), columns.shape[1])
    np.matmul(rows.astype(np.float32), columns, out=products)
    products *= scales
    return products


_KEPT = threading.local()


def _room(num_rows: int, num_columns: int) -> Floats:
    """Give the memory that this thread's last call had, where it is enough: the system clears new memory first."""
    if getattr(_KEPT, "room", np.zeros(0)).size < num_rows * num_columns:
        _KEPT.room = np.empty(num_rows * num_columns, np.float32)
    kept: Floats = _KEPT.room
    return kept[: num_rows * num_columns].reshape(num_rows, num_columns)


FLOAT32 = Way(np.dtype(np.float32), _multiply_in_float32)
