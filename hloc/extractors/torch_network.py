"""What the published networks of PyTorch share: cached weights, the picture, normalisation."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hloc.devices import import_torch
from hloc.engines.photo_network import PhotoNetwork
from hloc.extractors.base import ExtractorOptions
from hloc.extractors.engine_network import EngineExtractor
from hloc.extractors.picture import Picture
from networks.loading import load_tensors
from storage.errors import DamagedFileError, StageError
from storage.formats.torch_file import open_weights
from storage.model_files import cached_path, fetch_command

if TYPE_CHECKING:
    import torch


class TorchExtractor(EngineExtractor):
    """A published network of PyTorch.

    Parameters
    ----------
    options : ExtractorOptions
        The flags; ``options.model`` says which network.
    picture : Picture
        What the network sees unless ``--resize_max`` says otherwise.
    dimension : int
        Length D of its descriptors.

    Raises
    ------
    StageError
        When the weights are not in the cache; the message names the command that fetches them.
    UsageError
        When a flag is out of range.
    """

    def __init__(self, options: ExtractorOptions, picture: Picture, dimension: int) -> None:
        self.name = options.model
        super().__init__(self._found_weights(options), options.device, options.engine, options.precision)
        self.compiles = bool(options.compile)
        self.picture = picture.resized(options.resize_max, self.name)
        self.max_side: int = self.picture.max_side
        self._resize_max = options.resize_max
        self._dimension = dimension

    @property
    def dimension(self) -> int:
        """Length of a descriptor."""
        return self._dimension

    def settings(self) -> dict[str, Any]:
        """Give the model, the SHA-256 of its weights, the picture, engine and precision."""
        return {
            "model": self.name,
            "weights_sha256": self.weights_sha256,
            "resize_max": self._resize_max,
            "picture": str(self.picture),
            **self.engine.settings(),
        }

    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Give the picture (h, w, 3) that the network sees, as bytes."""
        return self.picture.of(photo)

    @property
    def fixed_size(self) -> tuple[int, int] | None:
        """Height and width of the picture, unless photos keep their proportions."""
        return None if self.picture.fit == "longest" else self.picture.size

    def build_parts(self) -> PhotoNetwork:
        """Build the network with its weights."""
        torch = import_torch()
        module = self.build()
        self.refuse_changed_weights()
        mean, std = (tuple(255 * value for value in numbers) for numbers in (self.picture.mean, self.picture.std))
        return PhotoNetwork(module, torch.nn.Identity(), mean, std)

    def measured_dimension(self, parts: PhotoNetwork) -> int:
        """Give the published length, which every descriptor is checked for."""
        return self._dimension

    @abstractmethod
    def build(self) -> torch.nn.Module:
        """Build the network on the processor, with its weights; it takes (B, 3, h, w) and gives (B, D)."""

    def _found_weights(self, options: ExtractorOptions) -> Path:
        path = options.weights or cached_path(self.name)
        if not path.is_file():
            else_ = "" if options.weights is None else ", or leave out --weights"
            raise StageError(f"there is no weight file {path}; fetch it with: {fetch_command(self.name)}{else_}")
        return path


def read_state(path: Path) -> dict[str, Any]:
    """Read the tensors of a file of ``torch.save``; nothing that the file says is run.

    Raises
    ------
    StageError
        When it cannot be opened.
    DamagedFileError
        When it is cut, or holds anything but a dictionary of tensors.
    """
    torch = import_torch()
    with open_weights(path) as file:
        state = load_tensors(file, f"damaged: {path} is no weight file of PyTorch")
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(torch.is_tensor(value) for value in state.values()):
        raise DamagedFileError(f"damaged: {path} holds no dictionary of weights")
    return dict(state)


def load_state(module: torch.nn.Module, path: Path) -> None:
    """Give a network the weights of a file, every one of them; it may be built on torch's ``meta`` device.

    Raises
    ------
    DamagedFileError
        When they are those of another network.
    """
    try:
        module.load_state_dict(read_state(path), assign=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise DamagedFileError(f"{path} holds the weights of another network ({reason})") from error
