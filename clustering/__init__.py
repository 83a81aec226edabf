"""Scored pairs and positions to groups: arrays in, groups out.

A new clusterer is one file in this folder and one line in ``CLUSTERERS``: a function of scored pairs, its settings,
positions and decisions that gives a :class:`clustering.grouping.Grouping`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from storage.errors import UsageError

if TYPE_CHECKING:
    from clustering.grouping import Grouping

# name -> module and function, imported when asked for: looking up the names must not cost the import of SciPy
CLUSTERERS = {
    "components": "clustering.connected:cluster_components",
    "evidence": "clustering.evidence:cluster_evidence",
    "specified": "clustering.specified:cluster_specified",
}
# clusterers that take positions, as all do, but look at none: nobody has to find them
WITHOUT_POSITIONS = frozenset({"components"})


def get_clusterer(name: str) -> Callable[..., Grouping]:
    """Give the clusterer of that name.

    Raises
    ------
    UsageError
        When there is none; the message lists the names.
    """
    if name not in CLUSTERERS:
        raise UsageError(f"there is no clusterer {name!r}; choose one of {', '.join(sorted(CLUSTERERS))}")
    module, function = CLUSTERERS[name].split(":")
    clusterer: Callable[..., Grouping] = getattr(importlib.import_module(module), function)
    return clusterer
