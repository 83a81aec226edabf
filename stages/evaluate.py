"""What ``tools/evaluate_clusters.py`` does: how well the clusters agree with labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clustering.evaluation import SINGLE, Evaluation, evaluate
from storage.errors import StageError
from storage.formats.clusters import SINGLETONS_KEY, read_clusters
from storage.formats.labels import SINGLE_LABEL, read_labels


@dataclass(frozen=True)
class LabelComparison:
    """The clusters beside the labels.

    Attributes
    ----------
    evaluation : Evaluation
        Measures over the photos that have a label and are in the clusters.
    missing : list of str
        Labelled paths that no photo of the clusters answers to; left out of the measures.
    unlabelled : list of str
        Photos of the clusters without a label; left out of the measures.
    """

    evaluation: Evaluation
    missing: list[str]
    unlabelled: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Give everything as JSON types."""
        return self.evaluation.as_dict() | {"missing": self.missing, "unlabelled": self.unlabelled}


def evaluate_clusters(clusters_path: Path, labels_path: Path, image_dir: Path | None = None) -> Evaluation:
    """Measure how well clusters agree with labels; see :func:`compare_with_labels`."""
    return compare_with_labels(clusters_path, labels_path, image_dir).evaluation


def compare_with_labels(clusters_path: Path, labels_path: Path, image_dir: Path | None = None) -> LabelComparison:
    """Compare ``clusters.json`` with ``labels.csv``.

    A labelled path means the photo of that name, or else the one photo whose name ends in ``/`` and that path: copies
    stand below the name of the folder that they came from.

    Parameters
    ----------
    clusters_path, labels_path : Path
        The two files.
    image_dir : Path, optional
        The image folder; only clusters of the earlier program need it, whose names begin with it.

    Raises
    ------
    StageError
        When a file is missing or damaged, a labelled path fits several photos or two labels fit one photo, or no
        labelled photo is in the clusters.
    """
    clusters = read_clusters(clusters_path, image_dir)
    labels = read_labels(labels_path)
    photos = [name for members in clusters.values() for name in members]
    label_of, missing = match_labels(photos, labels)
    if not label_of:
        raise StageError(
            f"none of the {len(labels)} photos labelled in {labels_path} is in {clusters_path}; the paths must be "
            f"relative to the image folder, like {photos[0]!r}"
            if photos
            else f"{clusters_path} holds no photo"
        )
    labelled = [name for name in photos if name in label_of]
    true = _numbers([label_of[name] for name in labelled], SINGLE_LABEL)
    number_of = {name: number for number, members in clusters.items() for name in members}
    predicted = _numbers([number_of[name] for name in labelled], SINGLETONS_KEY)
    unlabelled = sorted(name for name in photos if name not in label_of)
    return LabelComparison(evaluate(true, predicted), sorted(missing), unlabelled)


def match_labels(photos: Iterable[str], labels: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Find the photo that each labelled path means.

    Returns
    -------
    label_of : dict of str to str
        Photo name to label.
    missing : list of str
        Labelled paths that no photo answers to.

    Raises
    ------
    StageError
        When a labelled path fits several photos, or two labels fit one photo.
    """
    endings: dict[str, list[str]] = {}
    for name in photos:
        parts = name.split("/")
        for start in range(len(parts)):
            ending = "/".join(parts[start:])
            if ending in labels:
                endings.setdefault(ending, []).append(name)
    label_of: dict[str, str] = {}
    path_of: dict[str, str] = {}
    for path, found in endings.items():
        name = _only_photo(path, found)
        if label_of.setdefault(name, labels[path]) != labels[path]:
            raise StageError(
                f"the photo {name!r} fits two labels: {path_of[name]!r} is {label_of[name]!r} and {path!r} is "
                f"{labels[path]!r}; write longer paths in the labels"
            )
        path_of[name] = path
    return label_of, [path for path in labels if path not in endings]


def _only_photo(path: str, found: Sequence[str]) -> str:
    if path in found:
        return path
    if len(found) > 1:
        raise StageError(
            f"the label {path!r} fits {len(found)} photos, {found[0]!r} and {found[1]!r} among them; write a longer "
            "path in the labels"
        )
    return found[0]


def _numbers(labels: Sequence[str], single: str) -> list[int]:
    """Number labels by first appearance; ``single`` becomes the number of a photo that is a group of its own."""
    number_of: dict[str, int] = {}
    return [SINGLE if label == single else number_of.setdefault(label, len(number_of)) for label in labels]
