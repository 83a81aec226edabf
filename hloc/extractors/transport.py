"""SALAD and MegaLoc: DINOv2 features, gathered by optimal transport.

Sources: Izquierdo and Civera, "Optimal Transport Aggregation for Visual Place Recognition" (CVPR 2024); Berton and
Masone, "MegaLoc: One Retrieval to Place Them All" (2025). Both are tested by their makers on pictures of 322 x 322.
"""

from __future__ import annotations

from hloc.extractors.base import ENGINE_FLAGS, PICTURE_FLAGS, ExtractorOptions
from hloc.extractors.hub_network import HubExtractor, HubNetwork
from hloc.extractors.picture import Picture

UNDERSTOOD_FLAGS = (*PICTURE_FLAGS, *ENGINE_FLAGS)
# The transport needs more patches than its 64 clusters: 9 x 9 of 14 pixels at the least.
PICTURE = Picture((322, 322), stride=14, min_side=126)

NETWORKS = {
    "salad": HubNetwork(
        "dinov2_salad",
        PICTURE,
        8448,
        packages=("pytorch-lightning", "pytorch-metric-learning", "prettytable", "faiss-cpu"),
    ),
    "megaloc": HubNetwork("get_trained_model", PICTURE, 8448, packages=("huggingface_hub", "safetensors")),
}


def create(options: ExtractorOptions) -> HubExtractor:
    """Make the extractor that the flags ask for."""
    return HubExtractor(options, NETWORKS[options.model])
