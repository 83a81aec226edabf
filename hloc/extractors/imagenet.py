"""Networks of torchvision that were trained to name things (ImageNet): their pooled features.

They know kinds of things, not places: two grey houses are alike to them. Sources: He et al., "Deep Residual Learning"
(CVPR 2016); Howard et al., "Searching for MobileNetV3" (ICCV 2019); Zagoruyko and Komodakis, "Wide Residual Networks"
(BMVC 2016); Szegedy et al., "Rethinking the Inception Architecture" (CVPR 2016); Tan and Le, "EfficientNet" (ICML
2019). Weights and pictures are as torchvision publishes them, but that the last two see the whole photo, stretched.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hloc.devices import import_torch
from hloc.extractors.base import ENGINE_FLAGS, PICTURE_FLAGS, ExtractorOptions
from hloc.extractors.picture import Picture
from hloc.extractors.torch_network import TorchExtractor, load_state
from storage.errors import StageError

UNDERSTOOD_FLAGS = (*PICTURE_FLAGS, *ENGINE_FLAGS)
CROP = 224


def _middle(short_side: int) -> Picture:
    """Give the middle of a photo whose short side was brought to a length."""
    return Picture((CROP, CROP), "crop", short_side=short_side)


@dataclass(frozen=True)
class _Published:
    """A network of torchvision: its name there, its last layer, the length of what goes into it, what it sees.

    ``is_rectified``: negative features become 0, as ReLU in the place of the last layer makes them.
    """

    builder: str
    classifier: str
    dimension: int
    picture: Picture
    arguments: Mapping[str, Any] = field(default_factory=dict)
    is_rectified: bool = False


HALF = (0.5, 0.5, 0.5)
# The last activation of EfficientNet (SiLU) goes below 0, that of the residual networks does not. With ReLU its
# features are like theirs, none negative, as in the image similarity library of Vallez (2023).
EFFICIENTNET_PICTURE = Picture((600, 600), interpolation="bicubic")
# Its weights come from TensorFlow and take values from -1 to 1, not ImageNet's mean and deviation; smaller pictures
# than 75 pixels leave nothing of its last maps.
INCEPTION_PICTURE = Picture((299, 299), mean=HALF, std=HALF, min_side=75)
PUBLISHED = {
    "resnet18": _Published("resnet18", "fc", 512, _middle(256)),
    "resnet50": _Published("resnet50", "fc", 2048, _middle(232)),
    "resnet101": _Published("resnet101", "fc", 2048, _middle(232)),
    "resnet152": _Published("resnet152", "fc", 2048, _middle(232)),
    "wide_resnet50_2": _Published("wide_resnet50_2", "fc", 2048, _middle(232)),
    "wide_resnet101_2": _Published("wide_resnet101_2", "fc", 2048, _middle(232)),
    "mobilenet_v3": _Published("mobilenet_v3_large", "classifier", 960, _middle(232)),
    "inception_v3": _Published("inception_v3", "fc", 2048, INCEPTION_PICTURE, {"init_weights": False}),
    "efficientnet_b7": _Published("efficientnet_b7", "classifier", 2560, EFFICIENTNET_PICTURE, is_rectified=True),
}


def create(options: ExtractorOptions) -> ImagenetExtractor:
    """Make the extractor that the flags ask for."""
    return ImagenetExtractor(options)


class ImagenetExtractor(TorchExtractor):
    """A network of torchvision without its last layer; see :class:`hloc.extractors.torch_network.TorchExtractor`."""

    def __init__(self, options: ExtractorOptions) -> None:
        published = PUBLISHED[options.model]
        super().__init__(options, published.picture, published.dimension)

    def settings(self) -> dict[str, Any]:
        """Give what the descriptor hangs on; see :class:`hloc.extractors.torch_network.TorchExtractor`."""
        return super().settings() | ({"rectified": True} if PUBLISHED[self.name].is_rectified else {})

    def build(self) -> Any:
        """Build torchvision's network, fill it, and take its last layer off."""
        published = PUBLISHED[self.name]
        torch, models = import_torch(), import_torchvision().models
        with torch.device("meta"):  # no time for drawing weights that are replaced at once
            module: Any = models.get_model(published.builder, weights=None, **published.arguments)
        load_state(module, self.weights)
        setattr(module, published.classifier, torch.nn.ReLU() if published.is_rectified else torch.nn.Identity())
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
