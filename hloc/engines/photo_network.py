"""One network from the bytes of photos to unit vectors, the same for every engine; and how PyTorch computes it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hloc.devices import import_torch
from hloc.engines import FULL
from storage.errors import StageError

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)
TORCH_TYPES = {"bf16": "bfloat16", "fp16": "float16"}


@dataclass(frozen=True, eq=False)
class PhotoNetwork:
    """A network in its two parts and what is done to pixels before.

    Attributes
    ----------
    body : torch.nn.Module
        Takes (B, 3, h, w); nearly all of the work, which may be done in low precision.
    head : torch.nn.Module
        Takes what the body gives, as float32, and gives (B, D); always float32.
    mean, std : tuple of 3 floats
        For values from 0 to 255: the body sees ``(value - mean) / std``.
    """

    body: torch.nn.Module
    head: torch.nn.Module
    mean: tuple[float, ...]
    std: tuple[float, ...] = (1.0, 1.0, 1.0)

    def module(self, device: str = "cpu", precision: str = FULL) -> Any:
        """Give one module from photos, uint8 (B, h, w, 3), to unit vectors, float32 (B, D), on a device.

        Channels last: a fifth less time on the processor than channels first, and the tensor cores' own order.
        """
        pytorch: Any = import_torch()
        parts, kind = self, pytorch.device(device).type

        def low() -> AbstractContextManager[Any]:
            if precision == FULL:
                return nullcontext()
            context: AbstractContextManager[Any] = pytorch.autocast(
                kind, dtype=getattr(pytorch, TORCH_TYPES[precision])
            )
            return context

        class Descriptor(pytorch.nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
            def __init__(self) -> None:
                super().__init__()
                self.body, self.head = parts.body, parts.head
                self.register_buffer("mean", pytorch.tensor(parts.mean, dtype=pytorch.float32))
                self.register_buffer("std", pytorch.tensor(parts.std, dtype=pytorch.float32))

            def forward(self, photos: torch.Tensor) -> torch.Tensor:
                pixels = (photos.float() - self.mean) / self.std
                with low():
                    features = self.body(pixels.permute(0, 3, 1, 2))  # (B, h, w, 3) to (B, 3, h, w), channels last
                unit: torch.Tensor = pytorch.nn.functional.normalize(self.head(features.float()), dim=1)
                return unit

        made: Any = Descriptor().eval().requires_grad_(False).to(device)
        return made.to(memory_format=pytorch.channels_last)


@dataclass(frozen=True, eq=False)
class TorchRun:
    """A network that PyTorch computes.

    Attributes
    ----------
    module : torch.nn.Module
        From :meth:`PhotoNetwork.module`.
    device : str
        Where it lies.
    """

    module: Any
    device: str

    def describe(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn photos (B, h, w, 3) into what the module gives of them (B, D)."""
        return self.start(photos)()

    def start(self, photos: NDArray[np.uint8]) -> Callable[[], NDArray[np.float32]]:
        """Begin with photos (B, h, w, 3); what is given waits for (B, D).

        On an NVIDIA GPU copying and computing are queued, and the caller goes on; elsewhere all is done at once.
        """
        torch = import_torch()
        if torch.device(self.device).type != "cuda":
            found: NDArray[np.float32] = self._computed(torch.from_numpy(photos).to(self.device)).cpu().numpy()
            return lambda: found
        return self._queued(torch.from_numpy(photos).pin_memory())

    def _queued(self, photos: torch.Tensor) -> Callable[[], NDArray[np.float32]]:
        """Copy from page-locked memory in a stream of its own, so that the GPU computes another batch meanwhile."""
        pytorch: Any = import_torch()
        with pytorch.cuda.device(self.device):
            copying, computing = pytorch.cuda.Stream(), pytorch.cuda.current_stream()
            with pytorch.cuda.stream(copying):
                taken = photos.to(self.device, non_blocking=True)
            computing.wait_stream(copying)
            taken.record_stream(computing)  # or its memory would be given away when this function ends
            given = self._computed(taken)
            found = pytorch.empty(given.shape, dtype=given.dtype, pin_memory=True)
            found.copy_(given, non_blocking=True)
            done = pytorch.cuda.Event()
            done.record(computing)

        def finish(_kept: torch.Tensor = photos) -> NDArray[np.float32]:  # the page-locked memory is being read
            done.synchronize()
            descriptors: NDArray[np.float32] = found.numpy()
            return descriptors

        return finish

    def _computed(self, photos: torch.Tensor) -> Any:
        torch = import_torch()
        # Without TensorFloat-32, so that a GPU gives what the processor gives.
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            return self.module(photos)


@dataclass(eq=False)
class CompiledModule:
    """A module that ``torch.compile`` made quicker; where that fails, the module itself, after one line.

    Attributes
    ----------
    module : torch.nn.Module
        As it was.
    name : str
        The model, for the line.
    """

    module: Any
    name: str
    _compiled: Any = None
    _has_failed: bool = False

    def __call__(self, photos: Any) -> Any:
        """Compute; at the first call it is compiled."""
        if self._has_failed:
            return self.module(photos)
        try:
            self._compiled = self._compiled or import_torch().compile(self.module)
            return self._compiled(photos)
        except Exception as error:  # its errors have no class in common
            if "out of memory" in str(error):
                raise
            self._has_failed = True
            reason = (" ".join(str(error).split()) or type(error).__name__)[:200]
            log.warning("--compile: torch.compile cannot compile %s here (%s); going on without it", self.name, reason)
            return self.module(photos)


@dataclass(frozen=True, eq=False)
class CheckedShape:
    """A network whose descriptors are looked at: shape and finite values.

    Attributes
    ----------
    run : Any
        What describes.
    name : str
        The model, for messages.
    precision : str
        That it computes in, for messages.
    dimension : int
        Length D that descriptors must have.
    """

    run: Any
    name: str
    precision: str
    dimension: int

    def describe(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn photos (B, h, w, 3) into unit descriptors (B, D).

        Raises
        ------
        StageError
            When the network gives something else, or values that are not finite.
        """
        return self._checked(self.run.describe(photos), len(photos))

    def start(self, photos: NDArray[np.uint8]) -> Callable[[], NDArray[np.float32]]:
        """Begin with photos (B, h, w, 3); what is given waits for their checked descriptors, as :meth:`describe`."""
        finish = started(self.run, photos)
        return lambda: self._checked(finish(), len(photos))

    def _checked(self, found: NDArray[np.float32], count: int) -> NDArray[np.float32]:
        expected = (count, self.dimension)
        if found.shape != expected:
            raise StageError(f"{self.name} gave an array of shape {found.shape} in place of {expected}")
        if not np.isfinite(found).all():
            advice = "" if self.precision == FULL else f"; use --precision {FULL}"
            raise StageError(f"{self.name} gave values that are not finite{advice}")
        return found


def started(run: Any, photos: NDArray[np.uint8]) -> Callable[[], NDArray[np.float32]]:
    """Begin with photos where ``run`` can go on by itself; else all is done when the result is asked for."""
    begun: Callable[[], NDArray[np.float32]] = (
        run.start(photos) if hasattr(run, "start") else partial(run.describe, photos)
    )
    return begun
