"""The registry of indexes. A new kind is one file and one line in ``KINDS``; other names are factory strings."""

from __future__ import annotations

import importlib

from hloc.search_indexes.base import IndexOptions, IndexPlan, Size

FACTORY = "factory"
KINDS = {"flat": "flat", "ivf": "ivf", "hnsw": "hnsw", "pq": "pq"}


def plan_indexes(index: str, options: IndexOptions, size: Size) -> list[IndexPlan]:
    """Give what is built for ``--index``: one plan for each combination of the values that its flags have.

    Parameters
    ----------
    index : str
        One of ``KINDS``, or a string that the index factory of faiss understands.
    size : Size
        Of the database.

    Raises
    ------
    UsageError
        When a value is out of its range, or the kind cannot search by the metric.
    """
    module = importlib.import_module(f"hloc.search_indexes.{KINDS.get(index, FACTORY)}")
    plans: list[IndexPlan] = module.plans(index, options, size)
    return plans
