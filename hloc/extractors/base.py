"""What every model is: a class that turns one photo into one unit vector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import UsageError

if TYPE_CHECKING:  # OpenCV takes long to import, and create_clusters.py asks for thresholds only
    from hloc.local_features import Detection


class Extractor(ABC):
    """A global descriptor.

    An extractor works in two halves, so that decoding and features keep all cores busy while one network computes:
    :meth:`prepare` runs in worker processes, one photo a call; :meth:`describe` runs in the main process on the
    prepared photos of a batch. An extractor is pickled to the workers once, so what only :meth:`describe` needs
    (a network) is loaded in :meth:`describe` or :meth:`to_device`, not in ``__init__``.

    Attributes
    ----------
    name : str
        The model's name in files and flags.
    max_side : int or None
        Longest side, in pixels, that photos are decoded to; None for full size.
    computes_in_workers : bool
        True when :meth:`prepare` is the work, so that as many workers as cores pay; False when a network in the main
        process is.
    detection : Detection or None
        The local features that :meth:`prepare` is made of, when it is: whoever needs the same need not detect them.
    """

    name: str
    max_side: int | None
    computes_in_workers: bool = True
    detection: Detection | None = None

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Length D of a descriptor."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Everything that changes a descriptor's values (JSON types); files with other settings are never mixed."""

    @abstractmethod
    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[Any]:
        """Turn an upright RGB photo (H, W, 3) into what :meth:`describe` takes."""

    def describe(self, prepared: list[NDArray[Any]]) -> NDArray[np.float32]:
        """Turn B prepared photos of equal shape into unit-length descriptors (B, D).

        A photo without any feature gives a zero vector: it is like no other.
        """
        return np.stack(prepared).astype(np.float32)

    def describe_batches(self, batches: Iterable[list[NDArray[Any]]]) -> Iterator[NDArray[np.float32]]:
        """Give the descriptors (B, D) of each batch, in the order of the batches.

        A model may take further batches before it gives the descriptors of the first; a few, never all.
        """
        return map(self.describe, batches)

    def default_batch_size(self) -> int:
        """Give the number of photos of a batch where none was asked for."""
        return 1

    def keeps_cores_busy(self) -> bool:
        """Say whether :meth:`describe` by itself takes all cores, so that a second worker would only be in its way."""
        return not self.computes_in_workers


class LearntExtractor(Extractor):
    """A descriptor that learns something (codebooks, whitening) on a sample of the user's own photos.

    Once learnt, :meth:`prepare` gives a photo's final unit vector (D,), whatever else is in the run: a photo's
    descriptor never depends on the other photos of its batch.

    Attributes
    ----------
    sample_size : int
        Most photos that are looked at for learning.
    learnt_on : int
        Photos that the present state was learnt on; part of the state.
    """

    sample_size: int
    learnt_on: int = 0

    @abstractmethod
    def prepare_sample(self, photo: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """Turn an upright RGB photo (H, W, 3) into what learning keeps of it, compactly."""

    @abstractmethod
    def learn(self, sample: Sequence[dict[str, NDArray[Any]]]) -> None:
        """Learn from the kept arrays of the sample's photos, in the order given."""

    @abstractmethod
    def prepare_from_sample(self, kept: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Give the final vector (D,) of a sample photo from what was kept of it."""

    @abstractmethod
    def state(self) -> dict[str, NDArray[Any]]:
        """What was learnt, to be stored beside the descriptors; with it ``learnt_on``."""

    @abstractmethod
    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what :meth:`state` gave; ValueError when it is not of the right form."""


@dataclass(frozen=True)
class ExtractorOptions:
    """What a model can be told by flags; those that its module does not name in ``UNDERSTOOD_FLAGS`` are refused.

    All models take ``device``, where those without a network have nothing to do.

    Attributes
    ----------
    weights : Path or None
        A weight file in place of the model's own.
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:N``, several of these with commas, or ``mps``.
    resize_max : int or None
        Longest side of the photo in pixels; None for the model's own.
    model : str
        The name that the model was asked for by; a file of several models tells by it which is meant.
    engine, precision : str or None
        What computes a network, and in which numbers; see :func:`hloc.engines.choose_engine`.
    compile : bool or None
        True lets PyTorch compile a network before it computes it.
    input_size, input_mean, input_std, input_layout : str or None
        What the network of ``onnx:FILE`` takes, in place of its sidecar file's word.
    """

    weights: Path | None = None
    device: str = "auto"
    resize_max: int | None = None
    model: str = ""
    engine: str | None = None
    precision: str | None = None
    compile: bool | None = None
    input_size: str | None = None
    input_mean: str | None = None
    input_std: str | None = None
    input_layout: str | None = None

    def for_model(self, model: str, understood: Sequence[str]) -> ExtractorOptions:
        """Give the options with the model's name; refuse those that were given and that it does not understand.

        Raises
        ------
        UsageError
            When such a flag was given.
        """
        for flag in REFUSED_FLAGS:
            if getattr(self, flag) is not None and flag not in understood:
                value = "" if getattr(self, flag) is True else f" {getattr(self, flag)}"
                raise UsageError(f"--{flag}{value}: --model {model} has no use for it; leave it out")
        return replace(self, model=model)


INPUT_FLAGS = ("input_size", "input_mean", "input_std", "input_layout")
ENGINE_FLAGS = ("engine", "precision", "compile")
SPECIAL_FLAGS = (*ENGINE_FLAGS, *INPUT_FLAGS)
PICTURE_FLAGS = ("weights", "resize_max")
REFUSED_FLAGS = (*PICTURE_FLAGS, *SPECIAL_FLAGS)  # by a model that does not name them
