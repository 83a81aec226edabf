"""What every format of labels is: a class that writes the labels of all photos."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from storage.report import SkippedPhoto


@dataclass(frozen=True)
class LabelledPhoto:
    """A photo and the building that it shows.

    Attributes
    ----------
    name : str
        Image name.
    cluster : int or None
        Cluster number; None for a photo that is alone.
    building : str or None
        What a person called the building, else ``cluster_N``; None for a photo that is alone. Different clusters have
        different ones.
    is_representative : bool
        Whether it stands for its building.
    width, height : int
        Upright size in pixels; 0 where the format did not ask for it.
    """

    name: str
    cluster: int | None = None
    building: str | None = None
    is_representative: bool = False
    width: int = 0
    height: int = 0


@dataclass
class WrittenLabels:
    """What writing did: number of files written and removed, photos that have no label and why."""

    num_written: int = 0
    num_removed: int = 0
    skipped: list[SkippedPhoto] = field(default_factory=list)


class LabelFormat(ABC):
    """A format of labels.

    Attributes
    ----------
    file_name : str
        Name of what is written, below the folder of labels.
    is_folder : bool
        True when it is a folder of files.
    needs_sizes : bool
        True when the sizes of all photos have to be known.
    """

    file_name: str
    is_folder: bool = False
    needs_sizes: bool = False

    @abstractmethod
    def write(self, target: Path, photos: Sequence[LabelledPhoto]) -> WrittenLabels:
        """Write the labels of photos, sorted by name, to ``target``; every file is written atomically."""


def building_names(photos: Sequence[LabelledPhoto]) -> list[str]:
    """Give all buildings in the order of their cluster numbers."""
    numbers = {photo.building: photo.cluster for photo in photos if photo.building is not None}
    return sorted(numbers, key=lambda building: numbers[building] or 0)
