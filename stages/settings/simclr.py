"""Settings of ``tools.download_models`` for the models that are converted; imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SimclrSettings:
    """What is fetched and converted.

    ``category`` of None is the checkpoint that descriptors come from; ``raw`` takes weights that are not averaged over
    the training. ``url`` is another folder that holds the makers' files, ``source`` a local one; ``sha256`` is that of
    the file of numbers. ``keep_tf`` fetches and keeps all five files.
    """

    model: str
    cache_dir: Path
    category: str | None = None
    raw: bool = False
    exact_padding: bool = True
    keep_tf: bool = False
    url: str | None = None
    source: Path | None = None
    sha256: str | None = None
