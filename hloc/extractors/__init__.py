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
}
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
    if model not in MODELS:
        raise UsageError(f"--model {model}: not known; choose from {AUTO}, {', '.join(sorted(MODELS))}")
    return model


def create_extractor(model: str, options: ExtractorOptions) -> Extractor:
    """Make the extractor of a registered model."""
    module = importlib.import_module(f"hloc.extractors.{MODELS[model].module}")
    extractor: Extractor = module.create(options)
    return extractor
