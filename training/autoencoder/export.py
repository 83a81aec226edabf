"""The trained encoder as an ONNX file: pixels in, unit vectors out, and what it takes in the metadata."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.export import traced, write_described

if TYPE_CHECKING:
    import torch

METADATA_KEY = "autoencoder"


def export_encoder(path: Path, network: torch.nn.Module, size: tuple[int, int], metadata: Mapping[str, Any]) -> None:
    """Write the encoder to an ONNX file, atomically; weights stay float32.

    Its input ``pixels`` is uint8 (B, H, W, 3), RGB; its output ``descriptors`` float32 (B, D): the latent, flattened,
    as unit vectors. A latent of zeros alone stays one.

    Parameters
    ----------
    path : Path
        The file.
    network : torch.nn.Module
        From :func:`training.autoencoder.network.make_autoencoder`, trained; it is set to evaluation.
    size : tuple of int
        W and H, of the pictures that it learnt from, in pixels; kept in the metadata.
    metadata : Mapping
        JSON values, kept in the file.

    Raises
    ------
    StageError
        When the package ``onnx`` is missing, or the file cannot be written.
    """
    import torch

    width, height = size
    example = torch.zeros((2, height, width, 3), dtype=torch.uint8)
    model = traced(as_descriptor(network), example, {0: "photos"})
    described = {"architecture": network.architecture, "size": list(size)} | dict(metadata)
    write_described(path, model, METADATA_KEY, described)


def as_descriptor(network: torch.nn.Module) -> torch.nn.Module:
    """Give the network from uint8 pixels (B, H, W, 3) to unit vectors (B, D), in evaluation: nothing is left out."""
    import torch

    class Descriptor(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.autoencoder = network

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            latent, _ = self.autoencoder.encode(as_values(pixels))  # type: ignore[operator]
            unit: torch.Tensor = torch.nn.functional.normalize(latent.flatten(1), dim=1)
            return unit

    return Descriptor().eval()


def as_values(pixels: torch.Tensor) -> torch.Tensor:
    """Turn bytes (B, H, W, 3) into what the network takes: values of 0 to 1, (B, 3, H, W)."""
    return pixels.permute(0, 3, 1, 2).float() / 255
