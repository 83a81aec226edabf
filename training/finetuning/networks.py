"""The networks that can be fine-tuned: a factory with one entry for each family.

A family says how a network is built and how a file of weights is read for it. To add one: write both functions, enter
it in :func:`_families`, and its names in :data:`training.finetuning.settings.MODELS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from networks.simclr import PUBLISHED_SHAPES
from networks.simclr import make_encoder as make_simclr
from networks.simclr_weights import read_simclr_weights
from storage.errors import DamagedFileError, StageError, UsageError
from storage.model_files import fetch_command
from training.checkpoints import read_checkpoint, read_weights
from training.finetuning.settings import MADE_BY, MODELS
from training.initial import read_initial
from training.settings import StudentSettings
from training.student import make_student
from training.whitening import Whitening

if TYPE_CHECKING:
    import torch

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TINY = StudentSettings(dimension=32, widths=(8, 16, 24, 32), bottlenecks=(4, 8, 12, 16), depths=(1, 1, 1, 1))
RESNET_DIMENSIONS = {"resnet18": 512, "resnet50": 2048}
CLASSIFIER = "fc."  # what the names of the weights begin with that a descriptor has no use for


@dataclass(frozen=True, eq=False)
class Encoder:
    """A network that can be fine-tuned.

    Attributes
    ----------
    module : torch.nn.Module
        Takes RGB values of 0 to 1, float32 (B, 3, H, W), and gives descriptors (B, D), not normalised.
    dimension : int
        D.
    parts : tuple of tuple of torch.nn.Module
        Stem, stage 1, stage 2 and stage 3: what ``--freeze`` can keep as it was.
    input_side : int
        Longest side in pixels of whole photos when the descriptor is used.
    """

    module: torch.nn.Module
    dimension: int
    parts: tuple[tuple[torch.nn.Module, ...], ...]
    input_side: int


@dataclass(frozen=True, eq=False)
class Start:
    """Weights that a fine-tuning begins with.

    Attributes
    ----------
    shape : dict
        What the network is built from, beside its name, as JSON values.
    state : dict of str to torch.Tensor or None
        What ``load_state_dict`` of the encoder's module takes; None for random weights.
    whitening : Whitening or None
        The last step that came with them.
    """

    shape: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] | None = None
    whitening: Whitening | None = None


@dataclass(frozen=True)
class Family:
    """How the networks of a kind are built and begun with.

    Attributes
    ----------
    build : callable
        Takes the model's name, the shape of :class:`Start` and a seed; gives an :class:`Encoder` with random weights.
    begin : callable
        Takes the model's name and the file of the weights, or None; gives a :class:`Start`.
    """

    build: Callable[[str, Mapping[str, Any], int], Encoder]
    begin: Callable[[str, Path | None], Start]


def _families() -> dict[str, Family]:
    student, resnet = Family(_build_student, _begin_student), Family(_build_resnet, _begin_resnet)
    simclr = dict.fromkeys(PUBLISHED_SHAPES, Family(_build_simclr, _begin_simclr))
    return {"tiny": student, "street": student, "resnet18": resnet, "resnet50": resnet, **simclr}


def begin(model: str, weights: Path | None) -> Start:
    """Read the weights that a fine-tuning begins with; a checkpoint of an earlier fine-tuning does for every model.

    Raises
    ------
    UsageError
        When the model is not known, or the file is of another one.
    StageError
        When the file is missing.
    DamagedFileError
        When it is damaged, or of another kind.
    """
    if model not in MODELS:
        raise UsageError(f"--model {model}: must be one of {', '.join(MODELS)}")
    if weights is not None and weights.suffix.lower() == ".pt" and weights.is_file():
        state = read_checkpoint(weights, made_by=MADE_BY)
        if {"model", "shape", "encoder"} <= state.keys():
            if state["model"] != model:
                raise UsageError(f"--weights {weights}: is of --model {state['model']}, not {model}")
            return Start(state["shape"], state["encoder"])
    return _families()[model].begin(model, weights)


def make_encoder(model: str, shape: Mapping[str, Any], seed: int = 0) -> Encoder:
    """Build a network with random weights; the global generator of torch is left as it was.

    Raises
    ------
    UsageError
        When the model is not known.
    """
    if model not in MODELS:
        raise UsageError(f"--model {model}: must be one of {', '.join(MODELS)}")
    return _families()[model].build(model, shape, seed)


def filled(encoder: Encoder, state: Mapping[str, Any] | None, source: object) -> Encoder:
    """Fill an encoder with weights, if there are any.

    Raises
    ------
    DamagedFileError
        When they are of another network; ``source`` is named.
    """
    if state is not None:
        try:
            encoder.module.load_state_dict(dict(state))
        except RuntimeError as error:  # names and shapes, in many lines
            reason = " ".join(str(error).split())[:300]
            raise DamagedFileError(f"{source} holds the weights of another network ({reason})") from error
    return encoder


def read_encoder(path: Path) -> tuple[str, Encoder]:
    """Give the model's name and its network in evaluation from a checkpoint of a fine-tuning.

    Raises
    ------
    StageError
        When there is no such file.
    DamagedFileError
        When it is damaged, or no such checkpoint.
    """
    state = read_checkpoint(path, made_by=MADE_BY)
    if "encoder" not in state or state.get("model") not in MODELS:
        raise DamagedFileError(f"{path} is no checkpoint of a fine-tuning; make one with: {MADE_BY}")
    encoder = filled(make_encoder(state["model"], state["shape"]), state["encoder"], path)
    encoder.module.eval()
    return state["model"], encoder


def _build_student(model: str, shape: Mapping[str, Any], seed: int) -> Encoder:
    values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in shape.items()}
    settings = StudentSettings(**values)
    student = make_student(settings, seed)
    layers = list(student.trunk)  # type: ignore[arg-type]
    parts: list[tuple[torch.nn.Module, ...]] = [(layers[0],)]
    place = 1
    for stage, depth in enumerate(settings.depths[:3]):
        length = depth + (1 if stage else 0)  # from the second stage on, a convolution that halves the sides is first
        parts.append(tuple(layers[place : place + length]))
        place += length
    side = 128 if model == "tiny" else 448  # 448 x 336 pixels have about the area of 384 x 384, which street sees
    return Encoder(_modules().OfBytes(student), settings.dimension, tuple(parts), side)


def _begin_student(model: str, weights: Path | None) -> Start:
    if weights is None:
        return Start(asdict(TINY if model == "tiny" else StudentSettings()))
    initial = read_initial(weights, "--weights")
    state = {f"student.{name}": value for name, value in initial.weights.items()}
    return Start(asdict(initial.student), state, initial.whitening)


def _build_resnet(model: str, shape: Mapping[str, Any], seed: int) -> Encoder:
    import torch
    from torchvision.models import get_model

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: Any = get_model(model, weights=None)
    network.fc = torch.nn.Identity()
    parts = ((network.conv1, network.bn1), (network.layer1,), (network.layer2,), (network.layer3,))
    return Encoder(_modules().Normalised(network), RESNET_DIMENSIONS[model], parts, 320)


def _begin_resnet(model: str, weights: Path | None) -> Start:
    if weights is None:
        return Start()
    state = read_weights(weights, f"python -m tools.download_models {model}")
    kept = {f"network.{name}": value for name, value in state.items() if not name.startswith(CLASSIFIER)}
    return Start({}, kept)


def _build_simclr(model: str, shape: Mapping[str, Any], seed: int) -> Encoder:
    published = PUBLISHED_SHAPES[model]
    network: Any = make_simclr(published, exact_padding=shape.get("exact_padding", True), seed=seed)
    parts = ((network.stem,), *((stage,) for stage in list(network.stages)[:3]))
    return Encoder(network, published.dimension, parts, 320)


def _begin_simclr(model: str, weights: Path | None) -> Start:
    if weights is None:
        return Start({"exact_padding": True})
    if not weights.is_file():
        raise StageError(f"there is no weight file {weights}; fetch it with: {fetch_command(model)}")
    found = read_simclr_weights(weights, PUBLISHED_SHAPES[model])
    return Start({"exact_padding": found.exact_padding}, found.encoder)


@cache
def _modules() -> SimpleNamespace:
    """Define the classes when torch is there."""
    import torch

    class OfBytes(torch.nn.Module):
        """A student, which takes values of 0 to 255 and gives a second answer that nobody asks for."""

        def __init__(self, student: torch.nn.Module) -> None:
            super().__init__()
            self.student = student

        def forward(self, values: torch.Tensor) -> torch.Tensor:
            descriptors: torch.Tensor = self.student(255.0 * values)[0]
            return descriptors

    class Normalised(torch.nn.Module):
        """A network that takes ImageNet's mean and deviation away first."""

        mean: torch.Tensor
        std: torch.Tensor

        def __init__(self, network: torch.nn.Module) -> None:
            super().__init__()
            self.network = network
            for name, numbers in (("mean", IMAGENET_MEAN), ("std", IMAGENET_STD)):
                self.register_buffer(name, torch.tensor(numbers)[:, None, None], persistent=False)

        def forward(self, values: torch.Tensor) -> torch.Tensor:
            descriptors: torch.Tensor = self.network((values - self.mean) / self.std)
            return descriptors

    return SimpleNamespace(OfBytes=OfBytes, Normalised=Normalised)
