"""Which photos show the same, as far as a pairs file says: their crops are to be alike, and never to be told apart."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from storage.errors import StageError, UsageError
from storage.formats.groups import read_groups
from storage.formats.hdf5 import digest
from storage.formats.pairs import read_pairs
from training.photo_set import PhotoSet

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Positives:
    """What is known of N photos.

    Attributes
    ----------
    partners : list of ndarray of int64
        The photos that a pair joins with each photo, sorted.
    groups : ndarray of int64, shape (N,)
        Photos that are joined, through others or directly, have the same number.
    """

    partners: list[NDArray[np.int64]]
    groups: NDArray[np.int64]

    @property
    def identity(self) -> str:
        """What identifies the pairs."""
        return digest([",".join(map(str, row)) for row in self.partners])

    def other(self, photo: int, rng: np.random.Generator) -> int:
        """Draw one of the photos that a pair joins with a photo; the photo itself where none does."""
        partners = self.partners[photo]
        return int(rng.choice(partners)) if len(partners) else photo


@dataclass(frozen=True, eq=False)
class Collection:
    """Photos to draw pairs of views from.

    Attributes
    ----------
    photos : sequence of ndarray of uint8, shape (H, W, 3)
        RGB.
    digest : str
        What identifies the photos, in their order.
    positives : Positives
        Which of them show the same.
    """

    photos: Sequence[NDArray[np.uint8]]
    digest: str
    positives: Positives

    @property
    def identity(self) -> dict[str, str]:
        """What weights learnt from it depend on."""
        return {"photos": self.digest, "positives": self.positives.identity}


def joined(num_photos: int, pairs: NDArray[np.int64]) -> Positives:
    """Join photos.

    Parameters
    ----------
    num_photos : int
        N.
    pairs : ndarray of int64, shape (E, 2)
        Two photos each, in any order, repeated or not; may be empty.
    """
    both = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    ones = np.ones(len(both), np.int8)
    groups = connected_components(coo_array((ones, (both[:, 0], both[:, 1])), shape=(num_photos, num_photos)))[1]
    ends = np.searchsorted(both[:, 0], np.arange(1, num_photos))
    return Positives(np.split(both[:, 1], ends), groups.astype(np.int64))


def no_positives(num_photos: int) -> Positives:
    """Every photo is alone."""
    return joined(num_photos, np.empty((0, 2), np.int64))


def find_positives(path: Path, min_score: float, photos: PhotoSet, flag: str = "--positives") -> Positives:
    """Read which of some photos show the same.

    Parameters
    ----------
    path : Path
        A pairs file. Pairs of photos that are not learnt from are left out.
    min_score : float
        Pairs below it are left out.
    photos : PhotoSet
        What is learnt from.
    flag : str
        What the path was given by, for messages.

    Raises
    ------
    StageError
        When no pair is left.
    UsageError
        When a pair names a photo that lies in two of the folders.
    """
    pairs = read_pairs(path, [file.name for file in photos.files])
    index = {file.name: number for number, file in enumerate(photos.files)}
    numbers = np.array([index.get(name, -1) for name in pairs.names], np.int64)
    found = np.column_stack([numbers[pairs.first], numbers[pairs.second]])
    is_kept = (found >= 0).all(axis=1) & (found[:, 0] != found[:, 1]) & (pairs.scores >= min_score)
    if not is_kept.any():
        raise StageError(
            f"{flag} {path}: none of its {len(found)} pairs joins two of the {len(index)} photos learnt from with "
            f"a score of {min_score:g} or more; names are relative to --images"
        )
    _check_names(pairs.names, photos, f"{flag} {path}")
    positives = joined(len(photos.files), found[is_kept])
    num_joined = sum(len(partners) > 0 for partners in positives.partners)
    log.info("%d pairs join %d of %d photos", np.count_nonzero(is_kept), num_joined, len(photos.files))
    return positives


def positives_of_groups(path: Path, photos: PhotoSet, flag: str = "--clusters") -> Positives:
    """Read which of some photos show the same from groups: each photo of a group is joined with all others of it.

    Parameters
    ----------
    path : Path
        A ``clusters.json`` or ``labels.csv``. Photos that are not learnt from are left out.
    photos : PhotoSet
        What is learnt from.
    flag : str
        What the path was given by, for messages.

    Raises
    ------
    StageError
        When the file cannot be read, or no two photos that are learnt from are in one group.
    UsageError
        When a photo of a group lies in two of the folders.
    """
    groups = read_groups(path)
    members: dict[str, list[int]] = {}
    for number, file in enumerate(photos.files):
        if file.name in groups:
            members.setdefault(groups[file.name], []).append(number)
    pairs = [pair for numbers in members.values() for pair in combinations(numbers, 2)]
    if not pairs:
        raise StageError(
            f"{flag} {path}: no two of the {len(photos.files)} photos learnt from are in one group; names are relative "
            "to --images"
        )
    _check_names(groups, photos, f"{flag} {path}")
    positives = joined(len(photos.files), np.array(pairs, np.int64))
    num_groups = sum(len(numbers) > 1 for numbers in members.values())
    log.info("%d groups join %d of %d photos", num_groups, len(np.unique(pairs)), len(photos.files))
    return positives


def _check_names(names: Iterable[str], photos: PhotoSet, given: str) -> None:
    counts = Counter(file.name for file in photos.files)
    twice = sorted(name for name in names if counts[name] > 1)
    if twice:
        raise UsageError(f"{given}: {twice[0]!r} lies in two folders of --images; give one folder")
