"""Who computes an index: NumPy all by itself, or faiss on processors and GPUs."""

from __future__ import annotations

import importlib
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.exact_search import search_exactly
from hloc.search_indexes.base import BuildTime, IndexPlan, SearchIndex, Settings
from hloc.search_metrics import HAMMING, Metric, Vectors
from storage.errors import StageError, UsageError

BACKENDS = ("auto", "faiss", "numpy")
INSTALL = "pip install -r requirements-search.txt"
ON_GPU = ("Flat", "IVF", "PQ")  # beginnings of factory strings that faiss has for GPUs too
BITS_PER_BYTE = 8


def import_faiss() -> Any:
    """Give the module ``faiss``.

    Raises
    ------
    UsageError
        When it is not installed, or is installed but does not start.
    """
    try:
        return importlib.import_module("faiss")
    except (ImportError, OSError) as error:
        raise UsageError(f"faiss cannot be used ({error}); {INSTALL}, or take --index flat --backend numpy") from None


def create_index(plan: IndexPlan, metric: Metric, backend: str) -> SearchIndex:
    """Make an index, which is empty.

    ``auto`` is faiss where the plan is not exact, or faiss is installed. The Jensen-Shannon divergence is always
    computed here, see :func:`hloc.search_metrics.jensen_shannon`.

    Raises
    ------
    UsageError
        When the backend has no such index, or faiss is not installed.
    """
    if metric.name == "js" and not plan.is_exact:
        raise UsageError(f"--index {plan.name} --metric js: is not known; js is searched by --index flat alone")
    if backend == "numpy" and not plan.is_exact:
        raise UsageError(f"--index {plan.name} --backend numpy: only flat is made without faiss; {INSTALL}")
    if metric.name == "js" or backend == "numpy" or (backend == "auto" and plan.is_exact and not _has_faiss()):
        return NumpyIndex(plan, metric)
    return FaissIndex(plan, metric)


def _has_faiss() -> bool:
    try:
        import_faiss()
    except UsageError:
        return False
    return True


class NumpyIndex(SearchIndex):
    """Compares each query with each vector; the answer is final, see :func:`hloc.exact_search.search_exactly`."""

    library = "numpy"
    _vectors: Vectors

    def build(self, vectors: Vectors) -> BuildTime:
        """Take the vectors as they are."""
        self._vectors = vectors
        return BuildTime(0.0, 0.0)

    def choose(self, settings: Settings) -> None:
        """There is nothing to choose."""

    def search(self, queries: Vectors, count: int) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
        """Give exact scores and rows."""
        found = search_exactly(self.metric, self._vectors, queries, count)
        return found.scores, found.rows

    @property
    def memory_bytes(self) -> int:
        """Bytes of the vectors."""
        return int(self._vectors.nbytes)


class FaissIndex(SearchIndex):
    """An index of faiss (Douze and others, "The Faiss library", 2024); on all GPUs that it finds, where it can be."""

    def __init__(self, plan: IndexPlan, metric: Metric) -> None:
        super().__init__(plan, metric)
        self._faiss = import_faiss()
        self._is_binary = metric.name == HAMMING
        num_gpus = self._faiss.get_num_gpus() if plan.factory.startswith(ON_GPU) and not self._is_binary else 0
        self.library = f"faiss {self._faiss.__version__}" + (f", {num_gpus} GPU" if num_gpus else "")
        self._num_gpus = num_gpus
        self._index: Any = None

    def build(self, vectors: Vectors) -> BuildTime:
        """Learn and add.

        Raises
        ------
        StageError
            When faiss refuses, with its own words.
        """
        try:
            self._index = self._made(vectors.shape[1])
            started = time.perf_counter()
            self._index.train(vectors)
            trained = time.perf_counter()
            self._index.add(vectors)
            return BuildTime(trained - started, time.perf_counter() - trained)
        except RuntimeError as error:
            raise StageError(f"--index {self.plan.factory}: faiss refuses: {_last_line(error)}") from error

    def _made(self, dimension: int) -> Any:
        faiss = self._faiss
        if self._is_binary:
            index = faiss.index_binary_factory(dimension * BITS_PER_BYTE, self.plan.factory)
        else:
            metric = getattr(faiss, str(self.metric.faiss_name))
            index = faiss.index_factory(dimension, self.plan.factory, metric)
        if "efConstruction" in self.plan.built_with:
            index.hnsw.efConstruction = self.plan.built_with["efConstruction"]
        if isinstance(index, (faiss.IndexIVF, faiss.IndexBinaryIVF)):
            index.cp.min_points_per_centroid = 1  # else a warning on standard error for small databases
        return faiss.index_cpu_to_all_gpus(index) if self._num_gpus else index

    def choose(self, settings: Settings) -> None:
        """Set ``nprobe`` or ``efSearch``."""
        for name, value in settings.items():
            if not self._is_binary:
                space = self._faiss.GpuParameterSpace() if self._num_gpus else self._faiss.ParameterSpace()
                space.set_index_parameter(self._index, name, value)
            elif name == "efSearch":
                self._index.hnsw.efSearch = value
            else:
                setattr(self._index, name, value)

    def search(self, queries: Vectors, count: int) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
        """Give scores and rows as faiss has them."""
        values, rows = self._index.search(np.ascontiguousarray(queries), count)
        is_distance = self._is_binary or self.metric.faiss_name != "METRIC_INNER_PRODUCT"
        return (-values.astype(np.float64) if is_distance else values), rows

    @property
    def memory_bytes(self) -> int:
        """Bytes that faiss writes for it."""
        num_bytes = 0

        def count(block: bytes) -> int:
            nonlocal num_bytes
            num_bytes += len(block)
            return len(block)

        index = self._faiss.index_gpu_to_cpu(self._index) if self._num_gpus else self._index
        write = self._faiss.write_index_binary if self._is_binary else self._faiss.write_index
        writer = self._faiss.PyCallbackIOWriter(count)
        write(index, writer)
        del writer  # it holds back what it has not passed on yet
        return num_bytes


def _last_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[-1][:300]
