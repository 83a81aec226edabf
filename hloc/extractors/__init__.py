"""The registry of models. A new model is one file here and one line in ``MODELS``."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from hloc.extractors.base import Extractor, ExtractorOptions
from storage.errors import UsageError


@dataclass(frozen=True)
class ModelEntry:
    """A registered model.

    Attributes
    ----------
    module : str
        The module under ``hloc.extractors`` whose ``create(options)`` makes the extractor.
    strong_threshold, weak_threshold : float
        Default scores of strong and weak edges; ``docs/models.md`` says how each was fixed.
    """

    module: str
    strong_threshold: float
    weak_threshold: float


MODELS = {
    "netvlad": ModelEntry("netvlad", strong_threshold=0.35, weak_threshold=0.2),
    "street": ModelEntry("street", strong_threshold=0.35, weak_threshold=0.2),
    "vlad": ModelEntry("vlad", strong_threshold=0.3, weak_threshold=0.15),
    # The thresholds below were never fixed on photos: placeholders.
    "cosplace": ModelEntry("places", strong_threshold=0.6, weak_threshold=0.45),
    "eigenplaces": ModelEntry("places", strong_threshold=0.6, weak_threshold=0.45),
    "megaloc": ModelEntry("transport", strong_threshold=0.45, weak_threshold=0.3),
    "salad": ModelEntry("transport", strong_threshold=0.5, weak_threshold=0.35),
    "dinov2": ModelEntry("dinov2", strong_threshold=0.7, weak_threshold=0.55),
    "resnet18": ModelEntry("imagenet", strong_threshold=0.9, weak_threshold=0.8),
    "resnet50": ModelEntry("imagenet", strong_threshold=0.8, weak_threshold=0.65),
    "resnet101": ModelEntry("imagenet", strong_threshold=0.8, weak_threshold=0.65),
    "resnet152": ModelEntry("imagenet", strong_threshold=0.8, weak_threshold=0.65),
    "mobilenet_v3": ModelEntry("imagenet", strong_threshold=0.8, weak_threshold=0.65),
}
ONNX = "onnx:"  # a network that the user brings: onnx:FILE
ONNX_ENTRY = ModelEntry("onnx_file", strong_threshold=0.35, weak_threshold=0.2)  # netvlad's: placeholders
AUTO = "auto"


def choose_model(model: str, options: ExtractorOptions) -> str:
    """Resolve ``auto``: ``netvlad`` when its weights are given or lie in the cache, else ``vlad``.

    Raises
    ------
    UsageError
        For a name that is not registered.
    """
    if model == AUTO:
        from hloc.extractors.netvlad import find_weights

        return "netvlad" if options.weights is not None or find_weights() is not None else "vlad"
    if model not in MODELS and not model.startswith(ONNX):
        raise UsageError(f"--model {model}: not known; choose from {AUTO}, {', '.join(sorted(MODELS))}, {ONNX}FILE")
    return model


def create_extractor(model: str, options: ExtractorOptions) -> Extractor:
    """Make the extractor of a registered model, or of ``onnx:FILE``."""
    entry = ONNX_ENTRY if model.startswith(ONNX) else MODELS[model]
    module = importlib.import_module(f"hloc.extractors.{entry.module}")
    extractor: Extractor = module.create(options.for_model(model, getattr(module, "UNDERSTOOD_FLAGS", ())))
    return extractor
