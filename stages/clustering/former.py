"""The clusters of the run before: whether they still hold, and the numbers that the next ones carry on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import StageError, UnreadableFileError
from storage.fingerprints import sha256_of_file
from storage.formats.clusters import (
    CLUSTERS_INFO_NAME,
    CLUSTERS_NAME,
    SINGLETONS_KEY,
    read_clusters,
    read_clusters_info,
)

NamedClusters = Mapping[int, Sequence[str]]


@dataclass(frozen=True)
class Former:
    """The clusters of the run before: their photos, and the first number that none of them and none before had."""

    clusters: NamedClusters
    next_number: int
    notes: tuple[str, ...] = ()


def current_info(results_dir: Path, checksum: str) -> dict[str, Any] | None:
    """Give the info of the clusters that stand, when they were made of the same inputs and are whole."""
    try:
        info = read_clusters_info(results_dir / CLUSTERS_INFO_NAME)
        text_checksum = sha256_of_file(results_dir / CLUSTERS_NAME)
    except (StageError, OSError):
        return None
    is_current = info.get("inputs_checksum") == checksum and info.get("clusters_sha256") == text_checksum
    return info if is_current else None


def read_former(results_dir: Path, image_dir: Path) -> Former:
    """Read the clusters of the run before; a damaged file is said to be, and numbers start anew.

    UnreadableFileError where it cannot be read at the moment: what stands is not replaced then.
    """
    path = results_dir / CLUSTERS_NAME
    if not path.exists():
        return Former({}, 0)
    try:
        content = read_clusters(path, image_dir)
    except UnreadableFileError:
        raise
    except StageError as error:
        return Former({}, 0, (f"numbers start anew: the former clusters cannot be read ({error})",))
    clusters = {int(key): photos for key, photos in content.items() if key != SINGLETONS_KEY}
    next_number = max([_recorded_next_number(results_dir), *(number + 1 for number in clusters)])
    return Former(clusters, next_number)


def _recorded_next_number(results_dir: Path) -> int:
    try:
        info = read_clusters_info(results_dir / CLUSTERS_INFO_NAME)
    except UnreadableFileError:
        raise
    except StageError:  # clusters of another program have none: the numbers in use are known from the clusters
        return 0
    number = info.get("next_number", 0)
    return number if isinstance(number, int) else 0
