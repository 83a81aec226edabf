"""Scored pairs and positions to groups: arrays in, groups out.

A new clusterer is one file in ``clustering/clusterers/`` with a class that follows :class:`clustering.clusterers.base.
PairClusterer`, and one line in ``CLUSTERERS``; ``docs/adding.md`` shows one.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from clustering.parameters import Parameter, owned_parameters
from storage.errors import UsageError

if TYPE_CHECKING:
    from clustering.clusterers.base import PairClusterer

# name -> module and class, imported when asked for
CLUSTERERS = {
    "components": "clustering.clusterers.components:ComponentsSettings",
    "evidence": "clustering.clusterers.evidence:EvidenceSettings",
    "specified": "clustering.clusterers.specified:SpecifiedSettings",
}


def get_clusterer(name: str) -> type[PairClusterer]:
    """Give the clusterer of that name: a class whose arguments are its settings.

    Raises
    ------
    UsageError
        When there is none; the message lists the names.
    """
    if name not in CLUSTERERS:
        raise UsageError(f"there is no clusterer {name!r}; choose one of {', '.join(sorted(CLUSTERERS))}")
    module, class_name = CLUSTERERS[name].split(":")
    clusterer: type[PairClusterer] = getattr(importlib.import_module(module), class_name)
    return clusterer


def pair_parameters() -> dict[str, dict[str, Parameter]]:
    """Give the parameters that clusterers declare: name to what each of its owners says of it, by the owner's name."""
    return owned_parameters({name: get_clusterer(name) for name in CLUSTERERS})
