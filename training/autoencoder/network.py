"""The autoencoder: strided convolutions and pooling down to a latent, and the way back with the places of the maxima.

The decoder is told where each maximum of the encoder stood (Zeiler et al., "Adaptive Deconvolutional Networks", 2011;
Badrinarayanan et al., "SegNet", 2017), so a good reconstruction does not prove a good latent.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from training.autoencoder.settings import ARCHITECTURES, Layer

if TYPE_CHECKING:
    import torch


def make_autoencoder(architecture: str, seed: int = 0) -> torch.nn.Module:
    """Make an autoencoder with random weights.

    Its ``forward`` takes RGB values of 0 to 1, float32 (B, 3, H, W), sides multiples of the architecture's stride, and
    gives the reconstruction in the same form. Its ``encode`` gives the latent (B, 256, H/stride, W/stride) and a list
    of the places of the maxima.

    Parameters
    ----------
    architecture : str
        A key of :data:`training.autoencoder.settings.ARCHITECTURES`.
    seed : int
        Of the weights; the global generator of torch is left as it was.
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: torch.nn.Module = _modules().Autoencoder(architecture)
    return network


def _convolution(layer: Layer) -> Any:
    from torch import nn

    return nn.Conv2d(layer.ins, layer.outs, 3, layer.stride, padding=1)


def _transposed(layer: Layer) -> Any:
    from torch import nn

    return nn.ConvTranspose2d(layer.ins, layer.outs, 3, layer.stride, padding=1, output_padding=layer.stride - 1)


@cache
def _modules() -> SimpleNamespace:
    """Define the classes when torch is there."""
    import torch
    from torch import nn
    from torch.nn.functional import max_pool2d, max_unpool2d

    def steps(convolution: Any, layer: Layer) -> Any:
        norm = [nn.BatchNorm2d(layer.outs)] if layer.has_norm else []
        dropout = [nn.Dropout2d(layer.dropout)] if layer.dropout else []
        return nn.Sequential(convolution, *norm, nn.ReLU(), *dropout)

    class Autoencoder(nn.Module):
        def __init__(self, architecture: str) -> None:
            super().__init__()
            self.architecture = architecture
            self.shape = ARCHITECTURES[architecture]
            *inner, last = self.shape.decoder
            self.encoder = nn.ModuleList(steps(_convolution(layer), layer) for layer in self.shape.encoder)
            self.decoder = nn.ModuleList(steps(_transposed(layer), layer) for layer in inner)
            self.last = _transposed(last)

        def encode(self, pixels: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
            features, places = pixels, []
            for module, layer in zip(self.encoder, self.shape.encoder, strict=True):
                features = module(features)
                if layer.pools:
                    features, place = max_pool2d(features, 2, return_indices=True)
                    places.append(place)
            return features, places

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            features, places = self.encode(pixels)
            for module, layer in zip(self.decoder, self.shape.decoder, strict=False):
                features = module(features)
                if layer.pools:
                    # In full precision: whether it is to be had in a lower one depends on the device.
                    features = max_unpool2d(features.float(), places.pop(), [2, 2])
            return torch.sigmoid(self.last(features).float())

    return SimpleNamespace(Autoencoder=Autoencoder)
