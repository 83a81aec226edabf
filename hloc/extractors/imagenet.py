"""Networks of torchvision that were trained to name things (ImageNet): their pooled features.

They know kinds of things, not places: two grey houses are alike to them. Source: He et al., "Deep Residual Learning"
(CVPR 2016); Howard et al., "Searching for MobileNetV3" (ICCV 2019); weights and pictures as torchvision publishes them.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from hloc.devices import import_torch
from hloc.extractors.base import ENGINE_FLAGS, ExtractorOptions
from hloc.extractors.picture import Picture
from hloc.extractors.torch_network import TorchExtractor, load_state
from storage.errors import StageError

UNDERSTOOD_FLAGS = ENGINE_FLAGS


@dataclass(frozen=True)
class _Published:
    """A network of torchvision: its name there, its last layer, the length of what goes into it, short side."""

    builder: str
    classifier: str
    dimension: int
    short_side: int


PUBLISHED = {
    "resnet18": _Published("resnet18", "fc", 512, short_side=256),
    "resnet50": _Published("resnet50", "fc", 2048, short_side=232),
    "resnet101": _Published("resnet101", "fc", 2048, short_side=232),
    "resnet152": _Published("resnet152", "fc", 2048, short_side=232),
    "mobilenet_v3": _Published("mobilenet_v3_large", "classifier", 960, short_side=232),
}
CROP = 224


def create(options: ExtractorOptions) -> ImagenetExtractor:
    """Make the extractor that the flags ask for."""
    return ImagenetExtractor(options)


class ImagenetExtractor(TorchExtractor):
    """A network of torchvision without its last layer; see :class:`hloc.extractors.torch_network.TorchExtractor`."""

    def __init__(self, options: ExtractorOptions) -> None:
        published = PUBLISHED[options.model]
        picture = Picture((CROP, CROP), "crop", short_side=published.short_side)
        super().__init__(options, picture, published.dimension)

    def build(self) -> Any:
        """Build torchvision's network, fill it, and take its last layer off."""
        published = PUBLISHED[self.name]
        torch, models = import_torch(), import_torchvision().models
        with torch.device("meta"):  # no time for drawing weights that are replaced at once
            module: Any = models.get_model(published.builder, weights=None)
        load_state(module, self.weights)
        setattr(module, published.classifier, torch.nn.Identity())
        return module


def import_torchvision() -> Any:
    """Give the module ``torchvision``; StageError when it is missing or does not fit PyTorch."""
    import_torch()
    try:
        importlib.import_module("torchvision.models")
        return importlib.import_module("torchvision")
    except (ImportError, OSError, RuntimeError) as error:  # RuntimeError: built for another PyTorch
        raise StageError(
            f"this model needs torchvision, which does not start ({error}); install it with "
            "`pip install -r requirements.txt`, or choose another --model"
        ) from error
