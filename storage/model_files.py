"""The weight files that are fetched over the network: where they come from and where they are kept."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


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
        SHA-256 of the true file; None where nobody published one.
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


_NETVLAD_LICENCE = "the NetVLAD code is MIT; no separate statement for the weights is known"

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
}


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
