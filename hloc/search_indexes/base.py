"""What an index is: built once of vectors, then searched, perhaps with several settings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hloc.search_metrics import HAMMING, Metric, Vectors
from storage.errors import UsageError

Settings = Mapping[str, int]


@dataclass(frozen=True)
class Size:
    """Number of vectors of a database, and numbers of a vector (of Hamming: bytes)."""

    num_vectors: int
    dimension: int


@dataclass(frozen=True)
class IndexOptions:
    """What flags say of indexes; each kind takes what concerns it. Several values are several indexes or searches.

    Attributes
    ----------
    metric : str
        One of ``METRICS``.
    nlist : tuple of int
        Lists of an inverted file; empty for int(4 sqrt(N)).
    nprobe : tuple of int
        Lists that a search looks at.
    hnsw_m, ef_construction, ef_search : tuple of int
        Links of a node; candidates held while it is built, and while it is searched.
    pq_m : tuple of int
        Parts of a vector that are coded by themselves; empty for as many as have four numbers or more, 64 at most.
    """

    metric: str = "cosine"
    nlist: tuple[int, ...] = ()
    nprobe: tuple[int, ...] = (1, 8, 32)
    hnsw_m: tuple[int, ...] = (32,)
    ef_construction: tuple[int, ...] = (40,)
    ef_search: tuple[int, ...] = (16, 64)
    pq_m: tuple[int, ...] = ()


@dataclass(frozen=True)
class IndexPlan:
    """What is built, and how it is searched.

    Attributes
    ----------
    name : str
        As ``--index`` says it.
    factory : str
        For the index factory of faiss.
    built_with : dict of str to int
        Settings of the build, beyond the factory string those that faiss takes by themselves (``efConstruction``).
    searched_with : tuple of dict of str to int
        Settings of each search.
    is_exact : bool
        True when nothing is missed.
    """

    name: str
    factory: str
    built_with: Settings = field(default_factory=dict)
    searched_with: tuple[Settings, ...] = ({},)
    is_exact: bool = False


@dataclass(frozen=True)
class BuildTime:
    """Seconds of learning (cells, codebooks) and of adding the vectors."""

    train_s: float
    add_s: float


class SearchIndex(ABC):
    """An index of one library.

    Attributes
    ----------
    library : str
        What computes it, and on which device.
    """

    library: str

    def __init__(self, plan: IndexPlan, metric: Metric) -> None:
        self.plan = plan
        self.metric = metric

    @abstractmethod
    def build(self, vectors: Vectors) -> BuildTime:
        """Take prepared vectors (N, D)."""

    @abstractmethod
    def choose(self, settings: Settings) -> None:
        """Search with these settings, one of ``plan.searched_with``, from now on."""

    @abstractmethod
    def search(self, queries: Vectors, count: int) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
        """Give scores (Q, count), best first, higher is nearer, and rows (Q, count), -1 where there are fewer."""

    @property
    @abstractmethod
    def memory_bytes(self) -> int:
        """Bytes of the index as it is stored, the vectors in it included."""


def check_values(flag: str, values: tuple[int, ...], most: int, why: str = "") -> None:
    """Refuse values below 1 or above ``most``; the UsageError names flag, value and range."""
    for value in values:
        if not 1 <= value <= most:
            raise UsageError(f"{flag} {value}: must lie between 1 and {most}{why}")


def prefix(metric: str) -> str:
    """Give what a factory string of binary vectors begins with."""
    return "B" if metric == HAMMING else ""
