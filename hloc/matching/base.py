"""What every matcher is: a class that describes places of a photo and finds the same places in another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.local_features import Detection
from hloc.matching.products import ByteVectors
from storage.formats.local_features import StoredFeatures


@dataclass(frozen=True, eq=False)
class Matches:
    """Places of one photo that look like places of another, each at most once.

    Attributes
    ----------
    first, second : ndarray of int, shape (N,)
        Rows of the two photos' keypoints, ascending in ``first``.
    ratios : ndarray of float32, shape (N,)
        Distance to the match over distance to the next best, 0 to 1; small is distinctive.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    ratios: NDArray[np.float32]

    def only(self, chosen: NDArray[Any]) -> Matches:
        """Give the chosen matches (a mask or indices)."""
        return Matches(self.first[chosen], self.second[chosen], self.ratios[chosen])


@dataclass(frozen=True, eq=False)
class LoadedFeatures:
    """The features of one photo, ready to be matched.

    Attributes
    ----------
    stored : StoredFeatures
        As they lie in the store.
    vectors : ByteVectors
        A row per keypoint.
    """

    stored: StoredFeatures
    vectors: ByteVectors

    @property
    def side(self) -> float:
        """Longest side of the photo, in pixels."""
        return float(max(self.stored.photo_size))


class Matcher(ABC):
    """A local feature and the way to compare it.

    Attributes
    ----------
    name : str
        The matcher's name in files and flags.
    max_side : int
        Longest side, in pixels, that photos are decoded to.
    num_keypoints : int
        Most keypoints of a photo.
    detection : Detection or None
        The local features that :meth:`describe` is made of, when others may need the same.
    """

    name: str
    max_side: int
    num_keypoints: int
    detection: Detection | None = None

    @abstractmethod
    def feature_settings(self) -> dict[str, Any]:
        """Everything that changes a feature's values (JSON types); features of other settings are never mixed."""

    @abstractmethod
    def match_settings(self) -> dict[str, Any]:
        """What else changes a match (JSON types)."""

    def settings(self) -> dict[str, Any]:
        """Everything that changes a match."""
        return self.feature_settings() | self.match_settings()

    @abstractmethod
    def describe(self, photo: NDArray[np.uint8]) -> StoredFeatures:
        """Find and describe the keypoints of an upright RGB photo (H, W, 3).

        The photo's own size stands for that of the whole photo, which the caller knows better.
        """

    @abstractmethod
    def load(self, stored: StoredFeatures) -> LoadedFeatures:
        """Make stored features ready to be matched."""

    @abstractmethod
    def match(self, first: LoadedFeatures, second: LoadedFeatures) -> Matches:
        """Find the places of ``first`` that look like places of ``second``."""
