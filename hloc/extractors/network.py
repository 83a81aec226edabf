"""What models with a network in the main process share: weights, device, batches that fit into its memory."""

from __future__ import annotations

import logging
import traceback
from abc import abstractmethod
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hloc.devices import import_torch, resolve_device
from hloc.extractors.base import Extractor
from storage.errors import StageError
from storage.fingerprints import sha256_of_file

log = logging.getLogger(__name__)


class Network(Protocol):
    """A network on its device."""

    def describe(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn prepared photos (B, H, W, 3) into descriptors (B, D)."""


class NetworkExtractor(Extractor):
    """A model whose network computes in the main process, on prepared photos of equal shape together.

    Parameters
    ----------
    weights : Path
        The weight file, which is there. Nothing is ever fetched from here.
    device : str
        Where the network computes; see :func:`hloc.devices.resolve_device`.
    """

    computes_in_workers = False

    def __init__(self, weights: Path, device: str) -> None:
        self.weights = weights
        self.device = device
        self._sha256: str | None = None
        self._network: Any = None
        self._max_batch: int | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the network behind: workers only prepare photos."""
        return self.__dict__ | {"_network": None}

    @abstractmethod
    def load(self, device: str) -> Network:
        """Load the network onto a device as :meth:`resolved_device` gave it."""

    def resolved_device(self) -> str:
        """Give the device that the flag stands for on this machine."""
        return resolve_device(self.device)

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the weight file as it was when it was first asked for.

        Raises
        ------
        StageError
            When the file cannot be read.
        """
        if self._sha256 is None:
            self._sha256 = self._present_sha256()
        return self._sha256

    def describe(self, prepared: list[NDArray[Any]]) -> NDArray[np.float32]:
        """Turn B prepared photos (H, W, 3) of equal size into descriptors (B, D) of unit length.

        When the memory of a GPU does not suffice, the batch is halved, now and from then on.
        """
        network = self._loaded()
        rows = [np.empty((0, self.dimension), np.float32)]
        start = 0
        while start < len(prepared):
            photos = prepared[start : start + (self._max_batch or len(prepared))]
            try:
                rows.append(network.describe(np.stack(photos)))
                start += len(photos)
            except RuntimeError as error:
                self._max_batch = _smaller_batch(len(photos), error)
        return np.concatenate(rows)

    def refuse_changed_weights(self, sha256: str | None = None) -> None:
        """Raise ``StageError`` when the weight file (or the SHA-256 read from it) is not that of the settings."""
        if (sha256 or self._present_sha256()) != self.weights_sha256:
            raise StageError(f"{self.weights} changed while it was in use; run the same command again")

    def _loaded(self) -> Any:
        if self._network is None:
            device = self.resolved_device()
            self._network = self.load(device)
            # One photo keeps all cores busy; alone it gives the same bits whatever comes with it, and saves memory.
            self._max_batch = 1 if device == "cpu" else None
        return self._network

    def _present_sha256(self) -> str:
        try:
            return sha256_of_file(self.weights)
        except OSError as error:
            raise StageError(f"cannot read {self.weights}: {error.strerror or error}") from error


def _smaller_batch(num_photos: int, error: RuntimeError) -> int:
    """Give half the batch after a lack of memory; any other error goes on."""
    torch = import_torch()
    if not isinstance(error, torch.OutOfMemoryError) and "out of memory" not in str(error):
        raise error
    if num_photos == 1:
        raise StageError(
            "the GPU has not enough memory for one photo; use a smaller --resize_max, or --device cpu"
        ) from error
    log.warning("the GPU has not enough memory for %d photos at once; going on with %d", num_photos, num_photos // 2)
    traceback.clear_frames(error.__traceback__)  # they still hold the tensors of the failed batch
    torch.cuda.empty_cache()  # does nothing where there is no NVIDIA GPU
    return num_photos // 2
