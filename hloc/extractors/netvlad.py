"""NetVLAD: VGG16 features, soft-assigned to clusters, summed, whitened.

Source: Arandjelović et al., "NetVLAD: CNN architecture for weakly supervised place recognition" (CVPR 2016), section
3; the weights are the published ones (``storage/formats/weights.py``). ``tests/hloc/netvlad_reference.py`` holds the
same formulas a second time, in float64 NumPy, and the tests compare the two.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hloc.devices import import_torch
from hloc.engines import TORCH
from hloc.engines.photo_network import PhotoNetwork
from hloc.extractors.base import ENGINE_FLAGS, PICTURE_FLAGS, ExtractorOptions
from hloc.extractors.engine_network import EngineExtractor
from storage.errors import StageError, UsageError
from storage.formats.weights import CONVOLUTION_LAYERS, MADE_BY, NetvladWeights, read_netvlad_weights
from storage.model_files import cached_path

if TYPE_CHECKING:
    import torch

MIN_SIDE = 16  # four poolings halve the sides; a smaller photo would leave no feature
RESIZE_MAX = 1024
UNDERSTOOD_FLAGS = (*PICTURE_FLAGS, *ENGINE_FLAGS)


def find_weights() -> Path | None:
    """Give the published weight file in torch hub's cache, or None when it was not fetched yet."""
    path = cached_path("netvlad")
    return path if path.is_file() else None


def create(options: ExtractorOptions) -> NetvladExtractor:
    """Make the extractor that the flags ask for."""
    made = NetvladExtractor(
        weights=options.weights,
        device=options.device,
        resize_max=options.resize_max,
        engine=options.engine,
        precision=options.precision,
    )
    made.compiles = bool(options.compile)
    return made


class NetvladExtractor(EngineExtractor):
    """NetVLAD with VGG16, 4096 numbers with the published weights.

    Parameters
    ----------
    weights : Path, optional
        The weight file; by default the published one in the cache. Nothing is ever fetched from here.
    device : str, optional
        Where the network computes; see :func:`hloc.devices.resolve_device`.
    resize_max : int, optional
        Longest side, in pixels, of the photos that the network sees.
    engine, precision : str, optional
        What computes it, see :func:`hloc.engines.choose_engine`.

    Raises
    ------
    StageError
        When there is no weight file.
    UsageError
        When ``resize_max`` is below 16.
    """

    name = "netvlad"
    is_chain = True

    def __init__(
        self,
        *,
        weights: Path | None = None,
        device: str = "cpu",
        resize_max: int | None = RESIZE_MAX,
        engine: str | None = TORCH,
        precision: str | None = None,
    ) -> None:
        self.max_side: int = RESIZE_MAX if resize_max is None else resize_max
        if self.max_side < MIN_SIDE:
            raise UsageError(f"--resize_max {resize_max}: must be at least {MIN_SIDE} pixels for netvlad")
        path = weights or find_weights()
        if path is None or not path.is_file():
            missing = path or cached_path("netvlad")
            raise StageError(f"there is no weight file {missing}; fetch it with: {MADE_BY}, or name one with --weights")
        super().__init__(path, device, engine, precision)

    @property
    def dimension(self) -> int:
        """Length of a descriptor: that of the whitening, 4096 in the published file. Loads the network."""
        return int(self._loaded().dimension)

    @property
    def fixed_size(self) -> None:
        """Photos keep their proportions."""

    def settings(self) -> dict[str, Any]:
        """Give the model, the SHA-256 of its weights, the size of the photos, engine and precision."""
        described = {"model": self.name, "weights_sha256": self.weights_sha256, "resize_max": self.max_side}
        return described | self.engine.settings()

    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Give the photo (H, W, 3) itself, its edges repeated where a side is below 16 pixels.

        Bytes are a quarter of the numbers that the network needs, so the conversion waits until they are on its device.
        """
        missing = [max(0, MIN_SIDE - length) for length in photo.shape[:2]]
        if any(missing):
            return np.pad(photo, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
        return np.ascontiguousarray(photo)

    def build_parts(self) -> PhotoNetwork:
        """Read the weights and build the network of them."""
        import_torch()
        weights = read_netvlad_weights(self.weights)
        self.refuse_changed_weights(weights.sha256)
        return parts_of(weights)

    def measured_dimension(self, parts: PhotoNetwork) -> int:
        """Give the length of the whitening's bias."""
        return len(parts.head.whitening.bias)  # type: ignore[arg-type, union-attr]


def parts_of(weights: NetvladWeights) -> PhotoNetwork:
    """Give the network of a weight file: VGG16 as its body; assignment, residuals and whitening as its head."""
    nn: Any = import_torch().nn
    whitening = nn.utils.skip_init(nn.Linear, *weights.whitening_weight.shape[::-1])
    whitening.weight = _fixed(weights.whitening_weight)
    whitening.bias = _fixed(weights.whitening_bias)

    class Head(nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.assignment, self.centres = _fixed(weights.assignment), _fixed(weights.centres)
            self.whitening = whitening

        def forward(self, features: torch.Tensor) -> torch.Tensor:
            whitened: torch.Tensor = self.whitening(_vlad(features, self.assignment, self.centres))
            return whitened

    return PhotoNetwork(_backbone(weights), Head(), tuple(float(value) for value in weights.mean_rgb))


def _fixed(array: NDArray[np.float32]) -> torch.nn.Parameter:
    torch = import_torch()
    return torch.nn.Parameter(torch.from_numpy(array), requires_grad=False)


def _backbone(weights: NetvladWeights) -> torch.nn.Sequential:
    """Build VGG16 up to conv5_3 before its ReLU, at the widths of the weights."""
    nn = import_torch().nn
    layers: list[torch.nn.Module] = []
    for index, kernel, bias in zip(CONVOLUTION_LAYERS, weights.conv_weights, weights.conv_biases, strict=True):
        if layers:
            layers.append(nn.ReLU(inplace=True))
        if len(layers) < index:  # the published numbering leaves a place for the pooling
            layers.append(nn.MaxPool2d(2))
        layers.append(_convolution(kernel, bias))
    return nn.Sequential(*layers)


def _convolution(kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> torch.nn.Module:
    torch = import_torch()
    layer = torch.nn.utils.skip_init(torch.nn.Conv2d, kernel.shape[1], kernel.shape[0], 3, padding=1)
    layer.weight, layer.bias = _fixed(kernel), _fixed(bias)
    return layer


def _vlad(features: torch.Tensor, assignment: torch.Tensor, centres: torch.Tensor) -> torch.Tensor:
    """Sum the residuals of the N local features (B, D, H, W) to the centres (K, D); give (B, D * K), D slow, K fast.

    The sum over n of a[k, n] (x[:, n] - c[k]) is the product X Aᵀ less c[k] times the sum of a[k, n], so that no array
    of D x K x N is ever made.
    """
    torch = import_torch()
    normalize = torch.nn.functional.normalize
    local = normalize(features.flatten(2), dim=1)  # (B, D, H, W) to (B, D, N)
    shares = torch.softmax(assignment @ local, dim=1)  # (B, K, N)
    residuals = local @ shares.transpose(1, 2) - centres.T * shares.sum(dim=2).unsqueeze(1)  # (B, D, K)
    return normalize(normalize(residuals, dim=1).flatten(1), dim=1)
