"""A network as an ONNX graph in the model cache: exported once, with what PyTorch gave for drawn photos beside it.

The name of the file holds the SHA-256 of the weights, so that other weights never meet an old graph. Whoever opens the
graph first describes the drawn photos and compares: an engine that gives other values is refused, not used.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.devices import import_torch
from hloc.engines.photo_network import PhotoNetwork, TorchRun
from storage.atomic import atomic_path, write_json
from storage.errors import DamagedFileError
from storage.formats.json_file import read_versioned_json
from storage.model_files import cache_folder

log = logging.getLogger(__name__)
EXPORT_VERSION = 1  # part of the name: a change of what is exported never meets an old graph
OPSET = 17
FOLDER = "engines"
INPUT, OUTPUT = "photos", "descriptors"
FILE_FORMAT, FORMAT_VERSION = "engine-check", 1
MADE_BY = "python extract_features.py (the graph is exported anew when either file is removed)"
VARYING_SIZES = ((112, 224), (224, 168))  # of drawn photos: multiples of 14 and 16 pixels, wide and tall
PATCH = 14  # pixels of a patch of colour in a drawn photo


@dataclass(frozen=True)
class Source:
    """What is exported, and for which photos.

    Attributes
    ----------
    model : str
        Its name, for the file's.
    weights_sha256 : str
        Of its weight file.
    fixed_size : tuple of int or None
        Height and width when it only ever sees photos of this size; None when they vary.
    build : callable
        Gives the network on the processor, with its weights.
    """

    model: str
    weights_sha256: str
    fixed_size: tuple[int, int] | None
    build: Callable[[], PhotoNetwork]

    @property
    def path(self) -> Path:
        """Where its graph lies in the model cache."""
        size = "any" if self.fixed_size is None else "{}x{}".format(*self.fixed_size)
        name = f"{self.model}-{self.weights_sha256[:16]}-{size}-v{EXPORT_VERSION}.onnx"
        return cache_folder() / FOLDER / name

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Of the drawn photos: height and width."""
        return VARYING_SIZES if self.fixed_size is None else (self.fixed_size,)


@dataclass(frozen=True, eq=False)
class Graph:
    """An exported network.

    Attributes
    ----------
    path : Path
        The ONNX file: input ``photos`` uint8 (B, h, w, 3), output ``descriptors`` float32 (B, D).
    drawn : list of ndarray of uint8 (1, h, w, 3)
        Photos to check an engine by.
    expected : list of ndarray (1, D)
        What PyTorch gave for them in float32.
    """

    path: Path
    drawn: list[NDArray[np.uint8]]
    expected: list[NDArray[np.float32]]

    @property
    def dimension(self) -> int:
        """Length D of a descriptor."""
        return int(self.expected[0].shape[1])

    def cosine(self, describe: Callable[[NDArray[np.uint8]], NDArray[np.float32]]) -> float:
        """Give the least cosine between what ``describe`` gives for the drawn photos and what PyTorch gave."""
        found = [np.asarray(describe(photo), np.float64) for photo in self.drawn]
        if any(one.shape != wanted.shape for one, wanted in zip(found, self.expected, strict=True)):
            return float("nan")
        return least_cosine(np.concatenate(found), np.concatenate(self.expected))


def least_cosine(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """Give the least cosine of rows of two arrays (N, D); not a number when a value is not finite."""
    one, other = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return float(np.min((one * other).sum(axis=1) / np.where(lengths > 0, lengths, 1)))


def exported_graph(source: Source) -> Graph:
    """Give the graph of a network, from the cache or exported now.

    Raises
    ------
    StageError
        When the cache cannot be written to, or the network cannot be built.
    """
    drawn = [draw_photo(height, width) for height, width in source.sizes]
    path, beside = source.path, source.path.with_suffix(".json")
    if path.is_file() and beside.is_file():
        try:
            return Graph(path, drawn, _read_expected(beside, len(drawn)))
        except DamagedFileError as error:
            log.warning("%s (it is made anew now)", error)
    log.info("%s: exported once to %s", source.model, path)
    module = source.build().module()
    expected = [TorchRun(module, "cpu").describe(photo) for photo in drawn]
    rows = [[float(value) for value in row[0]] for row in expected]
    write_json(beside, {"format": FILE_FORMAT, "format_version": FORMAT_VERSION, "expected": rows})
    with atomic_path(path) as temporary:
        _export(module, drawn[0], temporary, varies=source.fixed_size is None)
    return Graph(path, drawn, expected)


def _read_expected(path: Path, count: int) -> list[NDArray[np.float32]]:
    content = read_versioned_json(path, MADE_BY, FILE_FORMAT, FORMAT_VERSION)
    try:
        rows = np.asarray(content["expected"], np.float32)
        if rows.ndim != 2 or len(rows) != count:
            raise ValueError(f"expected has shape {rows.shape}")
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"damaged: {path} is no {FILE_FORMAT} file ({error})") from error
    return [row[None] for row in rows]


def _export(module: Any, photo: NDArray[np.uint8], path: Path, varies: bool) -> None:
    torch = import_torch()
    axes = {INPUT: {0: "B"} | ({1: "h", 2: "w"} if varies else {}), OUTPUT: {0: "B"}}
    with warnings.catch_warnings(), torch.inference_mode():
        # The newer exporter needs a further package and writes the same network; tracing warns of what is checked.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (torch.from_numpy(np.repeat(photo, 2, axis=0)),),
            str(path),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
            do_constant_folding=False,  # the engines fold by themselves, without half a gigabyte of copies
        )


def draw_photo(height: int, width: int) -> NDArray[np.uint8]:
    """Draw patches of colour with some noise, uint8 (1, height, width, 3), always the same for a size."""
    rng = np.random.default_rng(0)
    patches = rng.integers(0, 256, (-(-height // PATCH), -(-width // PATCH), 3))
    photo = patches.repeat(PATCH, axis=0).repeat(PATCH, axis=1)[:height, :width]
    return (photo + rng.normal(0, 8, photo.shape)).clip(0, 255).astype(np.uint8)[None]
