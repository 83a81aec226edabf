"""Networks of Segment Anything from a checkpoint on the disk, by their makers' packages; nothing is downloaded."""

from __future__ import annotations

import importlib
import logging
import warnings
from pathlib import Path
from typing import Any

from segmentation.method_parameters import SamParameters
from storage.errors import UsageError

_FIRST_TYPES = ("vit_b", "vit_l", "vit_h")
_SECOND_SIZES = {"tiny": "t", "small": "s", "base_plus": "b+", "large": "l"}
_PUBLISHED = "such as sam_vit_b_01ec64.pth (segment-anything) or sam2.1_hiera_tiny.pt (sam2)"


def model_type_of(parameters: SamParameters) -> str:
    """Give the network that a checkpoint is of: ``model_type``, or what its file name says.

    Returns
    -------
    str
        ``vit_b``, ``vit_l``, ``vit_h``, or a configuration of sam2 that ends in ``.yaml``.

    Raises
    ------
    UsageError
        When it cannot be told.
    """
    asked = parameters.model_type
    if asked != "auto":
        if asked not in _FIRST_TYPES and not asked.endswith(".yaml"):
            raise UsageError(
                f"--model_type is {asked!r}, but must be auto, {', '.join(_FIRST_TYPES)}, or a configuration of sam2 "
                "such as configs/sam2.1/sam2.1_hiera_t.yaml"
            )
        return asked
    name = "" if parameters.checkpoint is None else parameters.checkpoint.stem.lower()
    for family in ("sam2.1", "sam2"):
        for size, letter in _SECOND_SIZES.items():
            if name.startswith(f"{family}_hiera_{size}"):
                return f"configs/{family}/{family}_hiera_{letter}.yaml"
    for known in _FIRST_TYPES:
        if known in name:
            return known
    raise UsageError(f"--checkpoint {parameters.checkpoint}: its name does not say the network; give --model_type")


def load_predictor(parameters: SamParameters) -> Any:
    """Give a predictor by points and boxes (:class:`segmentation.sam.MaskPredictor`).

    Raises
    ------
    UsageError
        When the checkpoint, its package or PyTorch is missing, or the file is no such checkpoint.
    """
    model, is_second = _load_model(parameters)
    if is_second:
        return _package("sam2.sam2_image_predictor", "sam2").SAM2ImagePredictor(model)
    return _package("segment_anything", "segment-anything").SamPredictor(model)


def load_generator(parameters: SamParameters) -> Any:
    """Give a generator of all masks (:class:`segmentation.sam.MaskGenerator`); errors as :func:`load_predictor`."""
    model, is_second = _load_model(parameters)
    points = parameters.points_per_side
    if is_second:
        second = _package("sam2.automatic_mask_generator", "sam2")
        return second.SAM2AutomaticMaskGenerator(model, points_per_side=points)
    first = _package("segment_anything", "segment-anything")
    return first.SamAutomaticMaskGenerator(model, points_per_side=points)


def check_sam(parameters: SamParameters) -> None:
    """Refuse, with a UsageError, a checkpoint that is not there or of an unknown network, and a missing package."""
    if parameters.checkpoint is None:
        raise UsageError(f"--method sam needs --checkpoint FILE, {_PUBLISHED}; it is never downloaded")
    if not parameters.checkpoint.is_file():
        raise UsageError(f"--checkpoint {parameters.checkpoint}: there is no such file; give one {_PUBLISHED}")
    if model_type_of(parameters).endswith(".yaml"):
        _package("sam2.build_sam", "sam2")
    else:
        _package("segment_anything", "segment-anything")


def _load_model(parameters: SamParameters) -> tuple[Any, bool]:
    check_sam(parameters)
    model_type = model_type_of(parameters)
    path, device = str(parameters.checkpoint), parameters.device
    try:
        if model_type.endswith(".yaml"):
            build = _package("sam2.build_sam", "sam2").build_sam2
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return build(model_type, path, device=device), True
        registry = _package("segment_anything", "segment-anything").sam_model_registry
        return registry[model_type](checkpoint=path).to(device), False
    except UsageError:
        raise
    except Exception as error:  # what a file of another kind makes torch, pickle or hydra raise is not written down
        raise UsageError(
            f"--checkpoint {path}: cannot be loaded as {model_type} on {device} ({_reason(error)})"
        ) from error


def _reason(error: Exception) -> str:
    said = str(error).splitlines()[0] if str(error) else ""
    # segment-anything lists the keys that do not fit below this line; sam2 1.1 raises an error without a text
    if "state_dict" in said or (not said and isinstance(error, RuntimeError)):
        return "its weights are those of another network"
    if isinstance(error, KeyError):
        return f"it has no {said}"
    return said[:200] or type(error).__name__


def _is_no_chatter(record: logging.LogRecord) -> bool:
    """Say no to what sam2 logs: a line for every step of every photo, and all keys of weights that do not fit.

    It logs by the root logger, so only the file that a record comes from tells it apart.
    """
    return Path(record.pathname).parent.name != "sam2"


def _package(module: str, package: str) -> Any:
    logging.getLogger().addFilter(_is_no_chatter)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what sam2 needs, on versions of each other
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = (
            "PyTorch" if (error.name or "").split(".")[0] in ("torch", "torchvision") else f"the package {package}"
        )
        install = "pip install torch torchvision" if missing == "PyTorch" else f"pip install {package}"
        raise UsageError(f"--method sam needs {missing}, which is not installed: {install}") from None
    except (ImportError, OSError) as error:
        raise UsageError(f"--method sam: {package} is installed but does not start ({error})") from error
