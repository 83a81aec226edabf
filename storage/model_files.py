"""The weight files that are fetched over the network: where they come from and where they are kept.

The code that some of them need is in :mod:`storage.hub_code`; ``docs/models.md`` tells how revisions and sums
were found.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from storage.hub_code import HUB_CODE
from storage.simclr_files import LICENCE, MEGABYTES, SOURCES, published_checkpoint


@dataclass(frozen=True)
class ModelFile:
    """A published weight file.

    Attributes
    ----------
    url : str
        Where its makers publish it.
    place : str
        Where it is kept, POSIX, relative to the cache folder.
    sha256 : str or None
        SHA-256 of the true file, or its first digits where the makers' file name holds only those; None where no sum
        could be established.
    sum_from : str
        Who vouches for ``sha256``.
    megabytes : int
        Its size, roughly, for the user's information.
    source : str
        Who made it, on what.
    licence : str
        What is known of the terms.
    """

    url: str
    place: str
    sha256: str | None
    megabytes: int
    source: str
    licence: str
    sum_from: str = ""

    @property
    def file_name(self) -> str:
        """The makers' name of the file."""
        return self.url.rpartition("/")[2]


def _torchvision(file_name: str, megabytes: int) -> ModelFile:
    """Give a file of torchvision, whose name ends in the first eight digits of its SHA-256."""
    return ModelFile(
        url=f"https://download.pytorch.org/models/{file_name}",
        place=f"checkpoints/{file_name}",
        sha256=file_name.removesuffix(".pth").rpartition("-")[2],
        megabytes=megabytes,
        source="torchvision, trained on ImageNet-1k",
        licence="code BSD-3-Clause; torchvision says that the data's terms may bind the weights (ImageNet: research)",
        sum_from="the makers, who put it into the file's name",
    )


def _simclr(model: str) -> ModelFile:
    """Give what SimCLR's checkpoint becomes, under the address of the largest of its files."""
    checkpoint = published_checkpoint(model)
    return ModelFile(
        url=f"{checkpoint.url}/{checkpoint.needed_files[-1]}",
        place=checkpoint.converted_place(),
        sha256=None,
        megabytes=MEGABYTES[model],
        source=f"{SOURCES[checkpoint.version]}, trained on ImageNet-1k without its labels",
        licence=LICENCE,
    )


_NETVLAD_LICENCE = "the NetVLAD code is MIT; no separate statement for the weights is known"
_OTHERS = "several public projects that use the file, independently of each other; the makers publish none"

MODEL_FILES = {
    "netvlad": ModelFile(
        url="https://cvg-data.inf.ethz.ch/hloc/netvlad/Pitts30K_struct.mat",
        place="netvlad/VGG16-NetVLAD-Pitts30K.mat",
        sha256="a67d9d897d3b7942f206478e3a22a4c4c9653172ae2447041d35f6cb278fdc67",
        megabytes=529,
        source="Arandjelović et al., NetVLAD (CVPR 2016), trained on Pittsburgh 30k; the file that hloc uses",
        licence=_NETVLAD_LICENCE,
    ),
    "tokyotm": ModelFile(
        url="https://cvg-data.inf.ethz.ch/hloc/netvlad/TokyoTM_struct.mat",
        place="netvlad/VGG16-NetVLAD-TokyoTM.mat",
        sha256=None,
        megabytes=529,
        source="Arandjelović et al., NetVLAD (CVPR 2016), trained on Tokyo Time Machine; for --weights",
        licence=_NETVLAD_LICENCE,
    ),
    "cosplace": ModelFile(
        url="https://github.com/gmberton/CosPlace/releases/download/v1.0/ResNet50_2048_cosplace.pth",
        place="checkpoints/ResNet50_2048_cosplace.pth",
        sha256=None,
        megabytes=111,
        source="Berton et al., CosPlace (CVPR 2022), ResNet-50, 2,048 numbers, trained on SF-XL",
        licence="MIT (the repository's)",
    ),
    "eigenplaces": ModelFile(
        url="https://github.com/gmberton/EigenPlaces/releases/download/v1.0/ResNet50_2048_eigenplaces.pth",
        place="checkpoints/ResNet50_2048_eigenplaces.pth",
        sha256=None,
        megabytes=111,
        source="Berton et al., EigenPlaces (ICCV 2023), ResNet-50, 2,048 numbers, trained on SF-XL",
        licence="MIT (the repository's)",
    ),
    "megaloc": ModelFile(
        url="https://huggingface.co/gberton/MegaLoc/resolve/37bb43d65dd6388d1578052de5eb0bcdceb497e7/model.safetensors",
        place="checkpoints/megaloc-37bb43d6.safetensors",
        sha256="d4f9f2bcb60018f91eb6a8e061ed054fd55654e10c2569cf13841ea986ffb4f8",
        megabytes=914,
        source="Berton and Masone, MegaLoc (2025), 8,448 numbers, trained on five collections",
        licence="MIT (the model card's)",
        sum_from=_OTHERS,
    ),
    "salad": ModelFile(
        url="https://github.com/serizba/salad/releases/download/v1.0.0/dino_salad.ckpt",
        place="checkpoints/dino_salad.ckpt",
        sha256="6b3f1720954293e83da6966c5cfcfc6713200d7fefadcca76fc51aeb80b3cada",
        megabytes=352,
        source="Izquierdo and Civera, DINOv2 SALAD (CVPR 2024), 8,448 numbers, trained on GSV-Cities",
        licence="GPL-3.0 (the repository's); no separate statement for the weights is known",
        sum_from=_OTHERS,
    ),
    "dinov2": ModelFile(
        url="https://dl.fbaipublicfiles.com/dinov2/dinov2_vitb14/dinov2_vitb14_pretrain.pth",
        place="checkpoints/dinov2_vitb14_pretrain.pth",
        sha256="0b8b82f85de91b424aded121c7e1dcc2b7bc6d0adeea651bf73a13307fad8c73",
        megabytes=346,
        source="Oquab et al., DINOv2 (2023), ViT-B/14, 768 numbers, trained on LVD-142M",
        licence="Apache-2.0, code and weights",
        sum_from=_OTHERS,
    ),
    "resnet18": _torchvision("resnet18-f37072fd.pth", 47),
    "resnet50": _torchvision("resnet50-11ad3fa6.pth", 103),
    "resnet101": _torchvision("resnet101-cd907fc2.pth", 179),
    "resnet152": _torchvision("resnet152-f82ba261.pth", 242),
    "wide_resnet50_2": _torchvision("wide_resnet50_2-9ba9bcbe.pth", 276),
    "wide_resnet101_2": _torchvision("wide_resnet101_2-d733dc28.pth", 508),
    "mobilenet_v3": _torchvision("mobilenet_v3_large-5c1a4163.pth", 22),
    "inception_v3": _torchvision("inception_v3_google-0cc3c7bd.pth", 109),
    "efficientnet_b7": _torchvision("efficientnet_b7_lukemelas-c5b4e57e.pth", 267),
    "vgg19": _torchvision("vgg19-dcbb9e9d.pth", 575),  # no descriptor: tools.train_autoencoder --loss perceptual
    **{model: _simclr(model) for model in MEGABYTES},
}


def fetch_command(model: str) -> str:
    """Give the command that fetches a model's files; code of others is only fetched by those who say they trust it."""
    return f"python -m tools.download_models {model}" + (" --trust_code" if model in HUB_CODE else "")


def cache_folder() -> Path:
    """Give torch hub's cache folder, where hloc keeps the same files, without importing torch.

    The rules are those of ``torch.hub.get_dir``: ``$TORCH_HOME/hub``, else ``$XDG_CACHE_HOME/torch/hub``, else
    ``~/.cache/torch/hub``.
    """
    caches = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    torch_home = os.environ.get("TORCH_HOME", os.path.join(caches, "torch"))  # noqa: PTH118 (a mere string as yet)
    return Path(torch_home).expanduser() / "hub"


def cached_path(model: str, cache_dir: Path | None = None) -> Path:
    """Give the path of a model's file in the cache, whether it is there or not.

    Parameters
    ----------
    model : str
        A key of :data:`MODEL_FILES`.
    cache_dir : Path, optional
        The cache folder; by default :func:`cache_folder`.
    """
    return (cache_dir or cache_folder()) / MODEL_FILES[model].place
