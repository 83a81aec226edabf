"""The registry of models. A new model is one file here and one line in ``MODELS``."""

from __future__ import annotations

import importlib
import importlib.util
import logging
from dataclasses import dataclass

from hloc.extractors.base import Extractor, ExtractorOptions
from storage.errors import UsageError
from storage.simclr_files import MEGABYTES as SIMCLR_MODELS

logger = logging.getLogger(__name__)


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

    @property
    def thresholds(self) -> tuple[float, float]:
        """Strong and weak threshold."""
        return self.strong_threshold, self.weak_threshold


MODELS = {
    "vlad": ModelEntry("vlad", strong_threshold=0.3, weak_threshold=0.15),
    # Those of vlad: not fixed on photos anew.
    "vlad-rotated": ModelEntry("vlad_rotated", strong_threshold=0.3, weak_threshold=0.15),
    "street": ModelEntry("street", strong_threshold=0.86, weak_threshold=0.62),
    "netvlad": ModelEntry("netvlad", strong_threshold=0.35, weak_threshold=0.2),
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
    "wide_resnet50_2": ModelEntry("imagenet", strong_threshold=0.8, weak_threshold=0.65),
    "wide_resnet101_2": ModelEntry("imagenet", strong_threshold=0.8, weak_threshold=0.65),
    "mobilenet_v3": ModelEntry("imagenet", strong_threshold=0.8, weak_threshold=0.65),
    "inception_v3": ModelEntry("imagenet", strong_threshold=0.8, weak_threshold=0.65),
    "efficientnet_b7": ModelEntry("imagenet", strong_threshold=0.8, weak_threshold=0.65),
    **{model: ModelEntry("simclr", strong_threshold=0.8, weak_threshold=0.65) for model in SIMCLR_MODELS},
    "autoencoder": ModelEntry("autoencoder", strong_threshold=0.999, weak_threshold=0.998),
    "thumbnail": ModelEntry("thumbnail", strong_threshold=0.98, weak_threshold=0.95),
}
ONNX = "onnx:"  # a network that the user brings: onnx:FILE
ONNX_ENTRY = ModelEntry("onnx_file", strong_threshold=0.35, weak_threshold=0.2)  # netvlad's: placeholders
# Thresholds of joined models are fixed on photos too; others are those of their parts, averaged.
JOINED_THRESHOLDS = {"vlad+street": (0.29, 0.13)}
AUTO = "auto"
JOINT = "+"


def choose_models(model: str, options: ExtractorOptions) -> list[str]:
    """Resolve what ``--model`` says to the registered models that are joined; one, mostly.

    ``auto`` is ``netvlad`` when its weights are given or lie in the cache, else ``vlad+street``, and ``vlad`` alone
    where onnxruntime is not installed. The order of joined models is that of the registry, so ``A+B`` is ``B+A``.

    Raises
    ------
    UsageError
        For a name that is not registered or stands twice, and for flags that tell one model only.
    """
    if model == AUTO:
        return _automatic(options)
    parts = _parts(model)
    for part in parts:
        if part not in MODELS and not part.startswith(ONNX):
            known = f"{AUTO}, {', '.join(MODELS)}, {ONNX}FILE, or A+B"
            raise UsageError(f"--model {model}: {part!r} is not known; choose from {known}")
    if len(set(parts)) < len(parts):
        raise UsageError(f"--model {model}: a model cannot be joined with itself")
    if len(parts) > 1:
        _refuse_single_flags(model, options)
    return [*(name for name in MODELS if name in parts), *(part for part in parts if part.startswith(ONNX))]


def default_thresholds(model: str | None) -> tuple[float, float] | None:
    """Give the default strong and weak threshold of a model or of joined ones; None when it is not known."""
    if model is None or model in JOINED_THRESHOLDS:
        return JOINED_THRESHOLDS.get(model or "")
    parts = model.split(JOINT)
    if not set(parts) <= MODELS.keys():
        return None
    strong, weak = zip(*(MODELS[part].thresholds for part in parts), strict=True)
    return sum(strong) / len(parts), sum(weak) / len(parts)


def create_extractor(model: str, options: ExtractorOptions) -> Extractor:
    """Make the extractor of a registered model, or of ``onnx:FILE``."""
    entry = ONNX_ENTRY if model.startswith(ONNX) else MODELS[model]
    module = importlib.import_module(f"hloc.extractors.{entry.module}")
    extractor: Extractor = module.create(options.for_model(model, getattr(module, "UNDERSTOOD_FLAGS", ())))
    return extractor


def _parts(model: str) -> list[str]:
    """Split ``A+B``; ``onnx:FILE`` stands last, as the name of a file may hold a plus."""
    head, prefix, file = model.partition(ONNX)
    *parts, last = head.split(JOINT)
    return [*parts, prefix + file] if prefix and not last else model.split(JOINT)


def _automatic(options: ExtractorOptions) -> list[str]:
    from hloc.extractors.netvlad import find_weights

    if options.weights is not None or find_weights() is not None:
        return ["netvlad"]
    if options.resize_max is not None:
        return ["vlad"]
    if importlib.util.find_spec("onnxruntime") is None:
        logger.warning("vlad alone is taken for vlad+street, which finds more: pip install onnxruntime")
        return ["vlad"]
    return ["vlad", "street"]


def _refuse_single_flags(model: str, options: ExtractorOptions) -> None:
    for flag in ("weights", "resize_max"):
        if getattr(options, flag) is not None:
            raise UsageError(f"--{flag} tells one model what to do, --model {model} joins several; leave it out")
