"""What is odd about the inputs of ``create_clusters.py``, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from hloc.extractors import default_thresholds
from stages.clustering.inputs import COMPONENTS, FALLBACK_MODEL, ClusterInputs
from storage.formats.decisions import DECISIONS_NAME

Names = Sequence[str]


def origin_notes(inputs: ClusterInputs, names: Names) -> list[str]:
    """Say what is odd about the inputs, in sentences."""
    notes = []
    on_disk = set(inputs.on_disk)
    gone = sum(name not in on_disk for name in names)
    if gone:
        notes.append(f"{gone} photos of the pairs file are not in the image folder; they stay in their clusters")
    notes += _comparison_notes(inputs)
    is_known = "similarity" in inputs.origin or default_thresholds(inputs.model) is not None
    if not inputs.thresholds.takes_probabilities and not is_known:
        notes.append(f"the model of these pairs is not known: the default thresholds are those of {FALLBACK_MODEL}")
    forgotten = len(inputs.decisions.photos().difference(names))
    if forgotten:
        notes.append(f"{forgotten} photos of {DECISIONS_NAME} are gone; what was decided about them stays in the file")
    return notes


def _comparison_notes(inputs: ClusterInputs) -> list[str]:
    """Say where pairs that were not compared, or not kept, may be missed."""
    origin, notes = inputs.origin, []
    if "similarity" not in origin or inputs.thresholds.takes_probabilities:
        return []
    again = "python -m tools.compare_images"
    compared_with, strong = float(origin["threshold"]), inputs.thresholds.strong_edg_thresh
    if strong < compared_with:
        notes.append(
            f"pairs below {compared_with:g} were not kept: for --strong_edg_thresh {strong:g} run {again} again"
        )
    has_gaps = origin.get("num_skipped", 0) > 0
    if has_gaps and (strong > compared_with or inputs.method != COMPONENTS or inputs.decisions.cannot_link):
        notes.append(
            f"pairs within a cluster were not all compared (--skip {origin.get('skip')}), so parts that such pairs "
            f"would hold together may come apart: run {again} with this threshold, or with --skip none"
        )
    if origin.get("is_merged") is False:
        notes.append(f"the photos were compared within batches only: merge them with {again} --option merge")
    return notes
