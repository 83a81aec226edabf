"""What models with a network in the main process share: weights, device, batches that fit into its memory."""

from __future__ import annotations

import logging
import traceback
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hloc.devices import import_torch, resolve_devices
from hloc.extractors.base import Extractor
from storage.errors import StageError
from storage.fingerprints import sha256_of_file

log = logging.getLogger(__name__)
BATCH_SIZES = {"cpu": 1, "mps": 8, "cuda": 32}  # by kind of device, where none is asked for; not yet measured on GPUs
BATCHES_PER_DEVICE = 2  # one is computed while the next is copied
Started = Callable[[], NDArray[np.float32]]


class Network(Protocol):
    """A network on its device."""

    def describe(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn prepared photos (B, H, W, 3) into descriptors (B, D)."""


class StartingNetwork(Network, Protocol):
    """A network that computes while its caller does something else."""

    def start(self, photos: NDArray[np.uint8]) -> Started:
        """Begin with photos (B, H, W, 3); what is given waits for their descriptors (B, D)."""


class NetworkExtractor(Extractor):
    """A model whose network computes in the main process, on prepared photos of equal shape together.

    Parameters
    ----------
    weights : Path
        The weight file, which is there. Nothing is ever fetched from here.
    device : str
        Where the network computes; see :func:`hloc.devices.resolve_devices`. Of several GPUs each has a copy of the
        network and takes every n-th batch.
    """

    computes_in_workers = False

    def __init__(self, weights: Path, device: str) -> None:
        self.weights = weights
        self.device = device
        self._sha256: str | None = None
        self._network: Any = None
        self._others: list[Any] = []
        self._max_batch: int | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the network behind: workers only prepare photos."""
        return self.__dict__ | {"_network": None, "_others": []}

    @abstractmethod
    def load(self, device: str) -> Network:
        """Load the network onto a device as :meth:`resolved_device` gave it."""

    def resolved_devices(self) -> tuple[str, ...]:
        """Give the devices that the flag stands for on this machine, all of one kind."""
        return resolve_devices(self.device)

    def resolved_device(self) -> str:
        """Give the first of them."""
        return self.resolved_devices()[0]

    def default_batch_size(self) -> int:
        """Give the number of photos of a batch that suits the device."""
        return BATCH_SIZES[self._kind()]

    def keeps_cores_busy(self) -> bool:
        """Say whether the network computes on the processor."""
        return self._kind() == "cpu"

    def _kind(self) -> str:
        return self.resolved_device().partition(":")[0]

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
        return self._describe(self._loaded(), prepared)

    def _describe(self, network: Any, prepared: list[NDArray[Any]]) -> NDArray[np.float32]:
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

    def describe_batches(self, batches: Iterable[list[NDArray[Any]]]) -> Iterator[NDArray[np.float32]]:
        """Give the descriptors (B, D) of each batch, in the order of the batches.

        The batches go to the devices in turn. Each device has two at a time, so that one is copied while the other is
        computed.
        """
        networks = [self._loaded(), *self._others]
        started: deque[Started] = deque()
        for batch, network in zip(batches, cycle(networks), strict=False):
            started.append(self._started(network, batch))
            if len(started) >= BATCHES_PER_DEVICE * len(networks):
                yield started.popleft()()
        while started:
            yield started.popleft()()

    def _started(self, network: Any, batch: list[NDArray[Any]]) -> Started:
        """Begin with a batch where the network can and the memory is known to suffice; else it waits for its turn."""
        is_small = self._max_batch is None or len(batch) <= self._max_batch
        if not (is_small and hasattr(network, "start")):
            return lambda: self._describe(network, batch)
        try:
            finish = network.start(np.stack(batch))
        except RuntimeError as error:
            self._max_batch = _smaller_batch(len(batch), error)
            return lambda: self._describe(network, batch)

        def finished() -> NDArray[np.float32]:
            try:
                found: NDArray[np.float32] = finish()
            except RuntimeError as error:
                self._max_batch = _smaller_batch(len(batch), error)
                return self._describe(network, batch)
            return found

        return finished

    def refuse_changed_weights(self, sha256: str | None = None) -> None:
        """Raise ``StageError`` when the weight file (or the SHA-256 read from it) is not that of the settings."""
        if (sha256 or self._present_sha256()) != self.weights_sha256:
            raise StageError(f"{self.weights} changed while it was in use; run the same command again")

    def _loaded(self) -> Any:
        if self._network is None:
            devices = self.resolved_devices()
            log.info("%s computes on %s", self.name, " and ".join(devices))
            self._network, *self._others = [self.load(device) for device in devices]
            # One photo keeps all cores busy; alone it gives the same bits whatever comes with it, and saves memory.
            self._max_batch = 1 if devices[0] == "cpu" else None
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
