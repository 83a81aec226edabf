"""Any network in an ONNX file that gives one descriptor per photo: ``--model onnx:FILE``, without torch.

The network takes one batch of float pictures and gives vectors (B, D) or a map (B, D, h, w), which is averaged over its
places; ``docs/formats.md`` specifies the JSON file that may lie beside it.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.extractors import ONNX as PREFIX
from hloc.extractors.base import INPUT_FLAGS, PICTURE_FLAGS, ExtractorOptions
from hloc.extractors.network import NetworkExtractor
from hloc.extractors.onnx_input import LAYOUTS, OnnxInput, read_onnx_input, sidecar_of
from hloc.onnx_session import NVIDIA, PROCESSOR, import_onnxruntime, open_session
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.json_file import read_stage_input

UNDERSTOOD_FLAGS = (*PICTURE_FLAGS, *INPUT_FLAGS)  # the first are refused with what is meant in their place
MADE_BY = "an exporter such as torch.onnx.export"
NUMBERS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}

log = logging.getLogger(__name__)


def create(options: ExtractorOptions) -> OnnxExtractor:
    """Make the extractor that the flags ask for."""
    if options.weights is not None:
        raise UsageError(f"--weights {options.weights}: the file stands in --model {PREFIX}FILE; leave the flag out")
    if options.resize_max is not None:
        raise UsageError(f"--resize_max {options.resize_max}: use --input_size for {PREFIX}FILE")
    file = options.model.removeprefix(PREFIX)
    if not file:
        raise UsageError(f"--model {PREFIX}: name an ONNX file, as in --model {PREFIX}network.onnx")
    return OnnxExtractor(Path(file), options)


def model_name(path: Path) -> str:
    """Give the name under which descriptors of this network are kept: ``onnx-STEM``, safe in any file system."""
    return "onnx-" + (re.sub(r"[^A-Za-z0-9_-]+", "_", path.stem).strip("_") or "network")


class OnnxExtractor(NetworkExtractor):
    """A network of an ONNX file.

    Parameters
    ----------
    path : Path
        The file.
    options : ExtractorOptions
        The flags; see :mod:`hloc.extractors.onnx_input`.

    Raises
    ------
    StageError
        When there is no such file, or onnxruntime is missing.
    DamagedFileError
        When the file, or the one that describes it, cannot be used.
    UsageError
        When a flag is out of range, or the network is of another kind.
    """

    def __init__(self, path: Path, options: ExtractorOptions) -> None:
        self.name = model_name(path)
        super().__init__(path, options.device)
        is_known = options.device in ("auto", "cpu") or options.device.partition(":")[0] == "cuda"
        if not is_known or "," in options.device:
            raise UsageError(f"--device {options.device}: {PREFIX}FILE computes on cpu or cuda, on one GPU (cuda:N)")
        session = self._session(self.resolved_device())
        if len(session.get_inputs()) != 1 or len(session.get_inputs()[0].shape or []) != 4:
            raise UsageError(f"{path} is no network of this kind: it must take one array of four axes")
        self.input: OnnxInput = read_onnx_input(path, options, session.get_inputs()[0].shape)
        self.max_side: int = self.input.picture.max_side
        self._say_what_is_taken(options)
        self._network = OnnxNetwork.of(session, self.input, path)
        self._max_batch = self._largest_batch(session)
        self._dimension = self._measured_dimension()

    @property
    def dimension(self) -> int:
        """Length of a descriptor."""
        return self._dimension

    def settings(self) -> dict[str, Any]:
        """Give the model, the SHA-256 of its file and what it takes."""
        return {"model": self.name, "weights_sha256": self.weights_sha256, "input": str(self.input)}

    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Give the picture (h, w, 3) that the network sees, as bytes."""
        return self.input.picture.of(photo)

    def resolved_device(self) -> str:
        """Give ``cpu`` or ``cuda``: for ``auto``, a GPU where onnxruntime can use one."""
        has_gpu = NVIDIA in import_onnxruntime(PREFIX + "FILE").get_available_providers()
        if self.device.startswith("cuda") and not has_gpu:
            raise UsageError(f"--device {self.device}: this onnxruntime uses no GPU; pip install onnxruntime-gpu")
        return "cuda" if has_gpu and self.device != "cpu" else "cpu"

    def resolved_devices(self) -> tuple[str, ...]:
        """Give the one device."""
        return (self.resolved_device(),)

    def load(self, device: str) -> OnnxNetwork:
        """Open the network on a device."""
        return OnnxNetwork.of(self._session(device), self.input, self.weights)

    def _session(self, device: str) -> Any:
        content = read_stage_input(self.weights, MADE_BY)
        sha256 = hashlib.sha256(content).hexdigest()
        self._sha256 = self._sha256 or sha256
        self.refuse_changed_weights(sha256)
        number = int(self.device.partition(":")[2] or 0)
        providers: list[Any] = [(NVIDIA, {"device_id": number})] if device == "cuda" else []
        return open_session(content, self.weights, PREFIX + "FILE", providers=[*providers, PROCESSOR])

    def _largest_batch(self, session: Any) -> int | None:
        """Give 1 on the processor, where a photo's bits then depend on no other, and for a network of single photos."""
        fixed = session.get_inputs()[0].shape[0]
        if isinstance(fixed, int) and fixed != 1:
            raise UsageError(f"{self.weights} takes {fixed} photos at once; export it for 1 or any number of them")
        return 1 if fixed == 1 or self.resolved_device() == "cpu" else None

    def _measured_dimension(self) -> int:
        shape = self.input.picture.of(np.zeros((*self.input.picture.size, 3), np.uint8)).shape
        return int(self._network.describe(np.zeros((1, *shape), np.uint8)).shape[1])

    def _say_what_is_taken(self, options: ExtractorOptions) -> None:
        sidecar = sidecar_of(self.weights)
        if sidecar is None and (options.input_mean is None or options.input_std is None):
            log.info(
                "%s: nothing says how it is normalised; ImageNet's mean and deviation are used (--input_mean, "
                "--input_std, or a file %s.json)",
                self.weights,
                self.weights.name,
            )


@dataclass(frozen=True, eq=False)
class OnnxNetwork:
    """An open network and how it is asked."""

    session: Any
    input: OnnxInput
    output: str
    number: Any
    path: Path

    @classmethod
    def of(cls, session: Any, asked: OnnxInput, path: Path) -> OnnxNetwork:
        """Check that the network takes numbers and has the output that is asked for."""
        number = NUMBERS.get(session.get_inputs()[0].type)
        if number is None:
            kind = session.get_inputs()[0].type
            raise UsageError(f"{path} is no network of this kind: it takes {kind}, not float numbers")
        outputs = [output.name for output in session.get_outputs()]
        output = asked.output or outputs[0]
        if output not in outputs:
            raise DamagedFileError(f"{path} has no output {output!r}; it has {', '.join(outputs)}")
        return cls(session, asked, output, number, path)

    def describe(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn pictures (B, h, w, 3) into unit descriptors (B, D); a zero vector stays one."""
        picture = self.input.picture
        ordered = photos if self.input.channels == "RGB" else photos[..., ::-1]
        mean, std = (np.asarray(numbers, np.float32) for numbers in (picture.mean, picture.std))
        pixels = (ordered.astype(np.float32) / np.float32(255) - mean) / std
        if self.input.layout == LAYOUTS[0]:
            pixels = pixels.transpose(0, 3, 1, 2)  # (B, h, w, 3) to (B, 3, h, w)
        feed = {self.session.get_inputs()[0].name: np.ascontiguousarray(pixels, dtype=self.number)}
        try:
            found = np.asarray(self.session.run([self.output], feed)[0], dtype=np.float32)
        except Exception as error:  # its errors have no class in common
            reason = " ".join(str(error).split())[:300]
            raise StageError(f"{self.path} cannot be computed on pictures of {photos.shape[1:3]} ({reason})") from error
        vectors = self._vectors(found, len(photos))
        if not np.isfinite(vectors).all():
            raise StageError(f"{self.path} gave values that are not finite")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)

    def _vectors(self, found: NDArray[np.float32], count: int) -> NDArray[np.float32]:
        if found.ndim == 4:  # a map: the mean over its places
            found = found.mean(dtype=np.float32, axis=(2, 3) if self.input.layout == LAYOUTS[0] else (1, 2))
        if found.ndim == 1 and count == 1:
            found = found[None]
        if found.ndim != 2 or len(found) != count or found.shape[1] == 0:
            outputs = ", ".join(f"{output.name} {output.shape}" for output in self.session.get_outputs())
            raise UsageError(
                f"{self.path}: its output {self.output!r} is neither a vector nor a map per photo; name another in "
                f"{self.path.name}.json (it has {outputs})"
            )
        return found
