"""How far a reconstruction is from its picture: by its pixels, or by what a network that knows things sees in both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage.errors import DamagedFileError, StageError
from storage.fingerprints import sha256_of_file
from storage.model_files import cached_path, fetch_command
from training.checkpoints import read_weights

if TYPE_CHECKING:
    import torch

VGG = "vgg19"
# The last map before each of the first four poolings; torchvision's number of the layer in ``features``.
LAYERS = {"relu1_2": 3, "relu2_2": 8, "relu3_4": 17, "relu4_4": 26}
FEATURES = "features."  # what the names of its convolutions begin with
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, eq=False)
class Loss:
    """A difference of two batches of pictures, RGB values of 0 to 1, (B, 3, H, W); 0 when they are equal.

    Attributes
    ----------
    identity : str
        What it depends on.
    between : callable
        Takes the reconstructions and the pictures; gives one number, the mean over the batch.
    """

    identity: str
    between: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def make_loss(name: str, device: str = "cpu") -> Loss:
    """Make a loss by its name, one of :data:`training.autoencoder.settings.LOSSES`.

    Raises
    ------
    StageError
        When the weights of VGG19 are not in the cache; the message names the command that fetches them.
    """
    from torch.nn.functional import l1_loss, mse_loss

    if name == "perceptual":
        return perceptual_loss(cached_path(VGG), device)
    return Loss(name, {"mse": mse_loss, "l1": l1_loss}[name])


def perceptual_loss(weights: Path, device: str = "cpu") -> Loss:
    """Make the mean squared difference of four maps of VGG19, each layer counting alike; the network never learns.

    Source: Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution" (ECCV
    2016), section 3.2, on VGG19 (Simonyan and Zisserman 2015) as torchvision publishes it.

    Parameters
    ----------
    weights : Path
        Torchvision's file.
    device : str
        Where it computes.

    Raises
    ------
    StageError
        When there is no such file, or torchvision is missing.
    DamagedFileError
        When the file holds something else.
    """
    import torch

    layers = _vgg_layers(weights).to(device)
    mean, std = (torch.tensor(numbers, device=device)[:, None, None] for numbers in (IMAGENET_MEAN, IMAGENET_STD))

    def maps(pictures: torch.Tensor) -> list[torch.Tensor]:
        values, found = (pictures - mean) / std, []
        for number, layer in enumerate(layers):
            values = layer(values)
            if number in LAYERS.values():
                found.append(values.float())
        return found

    def between(reconstructions: torch.Tensor, pictures: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            wanted = maps(pictures)
        pairs = zip(maps(reconstructions), wanted, strict=True)
        return torch.stack([torch.nn.functional.mse_loss(one, other) for one, other in pairs]).mean()

    return Loss(f"perceptual, {VGG} {sha256_of_file(weights)}, {' '.join(LAYERS)}", between)


def _vgg_layers(weights: Path) -> Any:
    """Give the layers up to the last that is looked at, frozen."""
    import torch

    state = read_weights(weights, fetch_command(VGG))
    try:
        from torchvision.models import vgg19
    except (ImportError, OSError, RuntimeError) as error:  # RuntimeError: built for another PyTorch
        raise StageError(f"--loss perceptual needs torchvision, which does not start ({error})") from error
    with torch.device("meta"):  # no time for drawing weights that are replaced at once
        layers = vgg19(weights=None).features[: max(LAYERS.values()) + 1]
    needed = {name: state.get(FEATURES + name) for name in layers.state_dict()}
    try:
        layers.load_state_dict(needed, assign=True)
    except (RuntimeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DamagedFileError(f"{weights} holds no weights of {VGG} ({reason})") from error
    return layers.eval().requires_grad_(False)
