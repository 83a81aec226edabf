"""What the network of an ONNX file takes: from flags, from a JSON file beside it, from the network itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hloc.extractors.base import INPUT_FLAGS, ExtractorOptions
from hloc.extractors.picture import FITS, IMAGENET_MEAN, IMAGENET_STD, INTERPOLATIONS, Picture
from storage.errors import DamagedFileError, UsageError
from storage.formats.json_file import read_versioned_json

FILE_FORMAT = "onnx-input"
FORMAT_VERSION = 1
LAYOUTS = ("NCHW", "NHWC")
CHANNEL_ORDERS = ("RGB", "BGR")
MAX_SIDE = 4096  # of a picture: more is a slip of the finger
OTHER_KEYS = ("input_fit", "input_short_side", "input_interpolation", "input_channels", "output")


@dataclass(frozen=True)
class OnnxInput:
    """What a network takes and which of its outputs is meant.

    Attributes
    ----------
    picture : Picture
        Size, fit and normalisation.
    layout : str
        ``NCHW`` or ``NHWC``, of the input and of an output that is a map.
    channels : str
        ``RGB`` or ``BGR``.
    output : str or None
        The name of the output; None for the first.
    """

    picture: Picture
    layout: str = "NCHW"
    channels: str = "RGB"
    output: str | None = None

    def __str__(self) -> str:
        """Say it in one line; it stands in the settings of features files."""
        return f"{self.picture}, {self.layout}, {self.channels}, output {self.output or 'first'}"


def sidecar_of(path: Path) -> Path | None:
    """Give the JSON file that describes ``path``: ``NAME.onnx.json`` or ``NAME.json`` beside it; None without one."""
    candidates = (path.with_name(path.name + ".json"), path.with_suffix(".json"))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def read_onnx_input(path: Path, options: ExtractorOptions, input_shape: Sequence[Any]) -> OnnxInput:
    """Put together what the network of a file takes: a flag before the sidecar before the network's own shape.

    Parameters
    ----------
    path : Path
        The ONNX file.
    options : ExtractorOptions
        The flags.
    input_shape : sequence
        Shape of the network's input, B first; a length that is not fixed is no number.

    Raises
    ------
    UsageError
        When a flag is out of range, the size is nowhere told, or contradicts the network's.
    DamagedFileError
        When the sidecar is no such file, or a value of it is out of range.
    """
    sidecar = sidecar_of(path)
    values: dict[str, Any] = {}
    if sidecar is not None:
        values = read_versioned_json(sidecar, "an editor; see docs/formats.md", FILE_FORMAT, FORMAT_VERSION)
        unknown = set(values) - {"format", "format_version", *INPUT_FLAGS, *OTHER_KEYS}
        if unknown:
            raise DamagedFileError(f"{sidecar} holds keys that are not known: {', '.join(sorted(unknown))}")
    given = {flag: getattr(options, flag) for flag in INPUT_FLAGS if getattr(options, flag) is not None}
    reader = _Reader(values, given, sidecar)
    layout = reader.choice("input_layout", LAYOUTS)
    size = _size(reader, path, _own_size(path, input_shape, layout))
    fit = reader.choice("input_fit", FITS)
    short_side = reader.value("input_short_side", _whole, max(size)) if fit == "crop" else 0
    if fit == "crop" and short_side < max(size):
        raise reader.wrong("input_short_side", "must be at least as long as the sides of input_size")
    picture = Picture(
        size,
        fit,
        short_side=short_side,
        interpolation=reader.choice("input_interpolation", INTERPOLATIONS),
        mean=reader.value("input_mean", _three_numbers, IMAGENET_MEAN),
        std=reader.value("input_std", _three_positive, IMAGENET_STD),
    )
    output = reader.value("output", _text, None)
    return OnnxInput(picture, layout, reader.choice("input_channels", CHANNEL_ORDERS), output)


@dataclass(frozen=True)
class _Reader:
    """Values from flags and sidecar, with errors that say which of the two is wrong."""

    sidecar_values: dict[str, Any]
    flags: dict[str, str]
    sidecar: Path | None

    def value(self, key: str, read: Callable[[Any], Any], default: Any) -> Any:
        found = self.flags.get(key, self.sidecar_values.get(key))
        if found is None:
            return default
        try:
            return read(found)
        except (ValueError, TypeError) as error:
            raise self.wrong(key, str(error)) from error

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        chosen: str = self.value(key, str, allowed[0])
        if chosen not in allowed:
            raise self.wrong(key, f"choose from {', '.join(allowed)}")
        return chosen

    def wrong(self, key: str, rule: str) -> Exception:
        if key in self.flags:
            return UsageError(f"--{key} {self.flags[key]}: {rule}")
        if key not in self.sidecar_values:
            return UsageError(f"{key}: {rule}")
        return DamagedFileError(f"{self.sidecar}: {key} is {json.dumps(self.sidecar_values[key]):.100}: {rule}")


def _own_size(path: Path, shape: Sequence[Any], layout: str) -> tuple[int, int] | None:
    """Give height and width where the network fixes them."""
    channels, *sides = (shape[1], shape[2], shape[3]) if layout == "NCHW" else (shape[3], shape[1], shape[2])
    if isinstance(channels, int) and channels != 3:
        other = LAYOUTS[1 - LAYOUTS.index(layout)]
        raise UsageError(f"{path} takes {channels} channels as {layout}, not 3; is it --input_layout {other}?")
    height, width = sides
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None


def _size(reader: _Reader, path: Path, own: tuple[int, int] | None) -> tuple[int, int]:
    size: tuple[int, int] | None = reader.value("input_size", _two_sides, None)
    if size is None and own is None:
        raise UsageError(
            f"{path} takes pictures of any size: say which with --input_size HEIGHTxWIDTH, or in {path.name}.json "
            "beside it (docs/formats.md)"
        )
    if size is not None and own is not None and size != own:
        raise reader.wrong("input_size", f"the network takes {own[0]}x{own[1]} only")
    return size or own or (0, 0)


def _two_sides(value: Any) -> tuple[int, int]:
    if isinstance(value, str):
        match = re.fullmatch("([0-9]{1,5})(?:x([0-9]{1,5}))?", value)
        sides = [int(group) for group in match.groups() if group] if match else []
    else:
        sides = list(value) if isinstance(value, list) else [value]
    sides = sides * 2 if len(sides) == 1 else sides
    if len(sides) != 2 or not all(type(side) is int and 1 <= side <= MAX_SIDE for side in sides):
        raise ValueError(f"must be HEIGHTxWIDTH or one number, in pixels, up to {MAX_SIDE}")
    return sides[0], sides[1]


def _three_numbers(value: Any) -> tuple[float, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    rule = "must be three numbers, of values from 0 to 1"
    try:
        numbers = tuple(float(part) for part in parts)
    except (ValueError, TypeError):
        raise ValueError(rule) from None
    if len(numbers) != 3 or not all(abs(number) < 1000 for number in numbers):
        raise ValueError(rule)
    return numbers


def _three_positive(value: Any) -> tuple[float, ...]:
    numbers = _three_numbers(value)
    if min(numbers) <= 0:
        raise ValueError("must be three numbers above 0")
    return numbers


def _whole(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MAX_SIDE:
        raise ValueError(f"must be a whole number of pixels, up to {MAX_SIDE}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value
