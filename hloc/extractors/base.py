"""What every model is: a class that turns one photo into one unit vector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Extractor(ABC):
    """A global descriptor.

    An extractor works in two halves, so that decoding and features keep all cores busy while one network computes:
    :meth:`prepare` runs in worker processes, one photo a call; :meth:`describe` runs in the main process on the
    prepared photos of a batch. An extractor is pickled to the workers once, so what only :meth:`describe` needs
    (a network) is loaded in :meth:`describe` or :meth:`to_device`, not in ``__init__``.

    Attributes
    ----------
    name : str
        The model's name in files and flags.
    max_side : int or None
        Longest side, in pixels, that photos are decoded to; None for full size.
    """

    name: str
    max_side: int | None

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Length D of a descriptor."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Everything that changes a descriptor's values (JSON types); files with other settings are never mixed."""

    @abstractmethod
    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[Any]:
        """Turn an upright RGB photo (H, W, 3) into what :meth:`describe` takes."""

    def describe(self, prepared: list[NDArray[Any]]) -> NDArray[np.float32]:
        """Turn B prepared photos of equal shape into unit-length descriptors (B, D).

        A photo without any feature gives a zero vector: it is like no other.
        """
        return np.stack(prepared).astype(np.float32)
