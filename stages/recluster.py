"""The graph stage of ``create_clusters.py`` by itself, for programs that try out thresholds and decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustering import CLUSTERERS
from clustering.graph import ScoredPairs
from stages.clustering.decisions import constrain
from stages.clustering.inputs import ClusterInputs, gather_inputs, read_numbered_pairs, read_positions
from stages.settings.pipeline import ClusterSettings
from storage.errors import UsageError
from storage.formats.decisions import Decisions


@dataclass(frozen=True, eq=False)
class Prepared:
    """What the graph stage needs, read once.

    Attributes
    ----------
    inputs : ClusterInputs
        What the clusters are made of.
    names : list of str
        Image names, sorted; photos go by their place in it.
    pairs : ScoredPairs
        All pairs.
    positions : ndarray of float64, shape (N, 2)
        Latitude and longitude that the photos' files give, NaN for none.
    """

    inputs: ClusterInputs
    names: list[str]
    pairs: ScoredPairs
    positions: NDArray[np.float64]


def settings_of(info: Mapping[str, Any], settings: ClusterSettings) -> ClusterSettings:
    """Give the settings that clusters were made with, as ``clusters_info.json`` tells.

    Parameters
    ----------
    info : Mapping
        Content of ``clusters_info.json``; empty where there is none, which leaves the settings as they are.
    settings : ClusterSettings
        Folders.

    Raises
    ------
    UsageError
        When they were made of descriptors.
    """
    if not info:
        return settings
    if info["method"] not in CLUSTERERS:
        raise UsageError(
            f"these clusters were made of descriptors ({info['method']}), where thresholds of pairs mean nothing: run "
            "python -m tools.cluster_features again, which obeys what was decided"
        )
    told = info["settings"]
    shared = {each.name for each in fields(settings)}
    given: dict[str, Any] = {flag: value for flag, value in told.items() if flag in shared}
    given["parameters"] = {flag: value for flag, value in told.items() if flag not in shared}
    pairs_file: Path = settings.pairs_file or settings.outputs_dir / str(info["pairs_file"])
    return replace(settings, method=info["method"], pairs_file=pairs_file, **given)


def prepare(settings: ClusterSettings) -> Prepared:
    """Read what the graph stage needs.

    Raises
    ------
    UsageError
        When a setting is out of range.
    StageError
        When a file is missing or damaged.
    """
    # what is decided comes with every grouping: the files' own positions are wanted here
    inputs = replace(gather_inputs(settings), decisions=Decisions())
    names, pairs = read_numbered_pairs(inputs)
    return Prepared(inputs, names, pairs, read_positions(settings.image_dir, names, inputs))


def group_prepared(
    prepared: Prepared, decisions: Decisions, thresholds: tuple[float, float] | None = None
) -> tuple[list[list[int]], list[int]]:
    """Group photos; nothing is written.

    Parameters
    ----------
    prepared : Prepared
        Pairs and positions.
    decisions : Decisions
        What a person decided, free of contradictions.
    thresholds : (float, float), optional
        Strong and weak threshold, in the place of those that the inputs name.

    Returns
    -------
    clusters : list of list of int
        Photos of each cluster.
    singletons : list of int
        Photos that are alone.

    Raises
    ------
    UsageError
        When a threshold is out of range.
    """
    chosen = prepared.inputs.thresholds
    if thresholds is not None:
        chosen = replace(chosen, strong_edg_thresh=thresholds[0], weak_edg_thresh=thresholds[1])
    positions = place_by_hand(prepared.positions, prepared.names, decisions)
    constraints = constrain(decisions, prepared.names)
    grouping = chosen.cluster(prepared.pairs, positions, constraints)
    return list(grouping.clusters.values()), grouping.singletons


def place_by_hand(positions: NDArray[np.float64], names: Sequence[str], decisions: Decisions) -> NDArray[np.float64]:
    """Give the positions with those in the place that a person has given."""
    placed = positions.copy()
    for row, name in enumerate(names):
        if name in decisions.positions:
            placed[row] = decisions.positions[name]
    return placed
