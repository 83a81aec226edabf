"""CosPlace and EigenPlaces: a ResNet-50 trained to tell places of a city apart.

Sources: Berton et al., "Rethinking Visual Geo-localization for Large-Scale Applications" (CVPR 2022); Berton et al.,
"EigenPlaces: Training Viewpoint Robust Models for Visual Place Recognition" (ICCV 2023). Both take photos of any size;
their test photos are about 640 x 480 pixels.
"""

from __future__ import annotations

from hloc.extractors.base import ENGINE_FLAGS, PICTURE_FLAGS, ExtractorOptions
from hloc.extractors.hub_network import HubExtractor, HubNetwork
from hloc.extractors.picture import Picture

UNDERSTOOD_FLAGS = (*PICTURE_FLAGS, *ENGINE_FLAGS)
PICTURE = Picture((640, 640), "longest")
ARGUMENTS = {"backbone": "ResNet50", "fc_output_dim": 2048}

NETWORKS = {
    "cosplace": HubNetwork("get_trained_model", PICTURE, 2048, ARGUMENTS, without_weights=("resnet50",)),
    "eigenplaces": HubNetwork(
        "get_trained_model",
        PICTURE,
        2048,
        ARGUMENTS,
        without_weights=("resnet50",),
        left_empty=("gmberton/cosplace",),
    ),
}


def create(options: ExtractorOptions) -> HubExtractor:
    """Make the extractor that the flags ask for."""
    return HubExtractor(options, NETWORKS[options.model])
