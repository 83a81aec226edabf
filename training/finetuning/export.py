"""The fine-tuned network as an ONNX file that any program reads: values of 0 to 1 in, unit vectors out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.export import traced, write_described
from training.judging import describe
from training.whitening import Whitening, learn_whitening, relearn_whitening

if TYPE_CHECKING:
    import torch

METADATA_KEY = "finetuned"
EXAMPLE_SIDE = 64  # pixels; pictures of any size can be given


def export_encoder(
    path: Path, encoder: torch.nn.Module, whitening: Whitening | None, metadata: Mapping[str, Any]
) -> None:
    """Write the network to an ONNX file, atomically; weights stay float32.

    Its input ``pixels`` is float32 (B, 3, H, W), RGB values of 0 to 1; its output ``descriptors`` float32 (B, D), unit
    vectors.

    Parameters
    ----------
    path : Path
        The file.
    encoder : torch.nn.Module
        Of :class:`training.finetuning.networks.Encoder`.
    whitening : Whitening or None
        Applied last.
    metadata : Mapping
        JSON values, kept in the file.

    Raises
    ------
    StageError
        When the package ``onnx`` is missing, or the file cannot be written.
    """
    import torch

    example = torch.zeros((2, 3, EXAMPLE_SIDE, EXAMPLE_SIDE))
    model = traced(_descriptor(encoder, whitening), example, {0: "photos", 2: "height", 3: "width"})
    write_described(path, model, METADATA_KEY, metadata)


def describe_pictures(encoder: torch.nn.Module, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Give the unit vectors (N, D) of RGB pictures (H, W, 3), before whitening."""
    import torch

    class OfBytes(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor]:
            return (self.encoder(pixels / 255),)

    return describe(OfBytes(), pictures)


def whitening_of(descriptors: NDArray[np.float32], former: Whitening | None) -> Whitening:
    """Learn the last step on the descriptors (N, D) of unlabelled photos, keeping what few do not show of a former."""
    return learn_whitening(descriptors) if former is None else relearn_whitening(descriptors, former)[0]


def _descriptor(encoder: torch.nn.Module, whitening: Whitening | None) -> torch.nn.Module:
    import torch

    class Descriptor(torch.nn.Module):
        mean: torch.Tensor
        matrix: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder
            if whitening is not None:
                self.register_buffer("mean", torch.from_numpy(whitening.mean))
                self.register_buffer("matrix", torch.from_numpy(whitening.matrix))

        def forward(self, values: torch.Tensor) -> torch.Tensor:
            unit: torch.Tensor = torch.nn.functional.normalize(self.encoder(values), dim=1)
            if whitening is not None:
                unit = torch.nn.functional.normalize((unit - self.mean) @ self.matrix, dim=1)
            return unit

    return Descriptor()
