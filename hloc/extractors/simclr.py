"""SimCLR: residual networks that learnt without labels to know a picture again after crops, colours and blur.

Sources: Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations" (ICML 2020); Chen et al.,
"Big Self-Supervised Models are Strong Semi-Supervised Learners" (NeurIPS 2020). The picture is that of their
evaluation: the middle 0.875 of the short side as 224 pixels, bicubic, values of 0 to 1 without mean and deviation.
"""

from __future__ import annotations

from typing import Any

from hloc.devices import import_torch
from hloc.extractors.base import ENGINE_FLAGS, PICTURE_FLAGS, ExtractorOptions
from hloc.extractors.picture import Picture
from hloc.extractors.torch_network import TorchExtractor
from networks.simclr import PUBLISHED_SHAPES
from networks.simclr_weights import filled_encoder, read_simclr_weights

UNDERSTOOD_FLAGS = (*PICTURE_FLAGS, *ENGINE_FLAGS)
ZERO, ONE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
PICTURE = Picture((224, 224), "crop", short_side=256, interpolation="bicubic", mean=ZERO, std=ONE)


def create(options: ExtractorOptions) -> SimclrExtractor:
    """Make the extractor that the flags ask for."""
    return SimclrExtractor(options)


class SimclrExtractor(TorchExtractor):
    """An encoder of SimCLR; see :class:`hloc.extractors.torch_network.TorchExtractor`.

    The padding is the one that the weight file asks for, TensorFlow's by default.
    """

    def __init__(self, options: ExtractorOptions) -> None:
        self.shape = PUBLISHED_SHAPES[options.model]
        super().__init__(options, PICTURE, self.shape.dimension)

    def build(self) -> Any:
        """Build the encoder with the weights of the file."""
        import_torch()
        return filled_encoder(self.shape, read_simclr_weights(self.weights, self.shape))
