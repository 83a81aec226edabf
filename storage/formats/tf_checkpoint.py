"""Checkpoints of TensorFlow (V2, a "tensor bundle"), read without TensorFlow.

``PREFIX.index`` is a sorted table: under the empty key what holds for all (``BundleHeaderProto``), under each
variable's name its type, shape and place (``BundleEntryProto``). ``PREFIX.data-00000-of-00001`` holds the numbers, as
they lie in memory. Source: TensorFlow's ``tensor_bundle.proto``, ``tensor_shape.proto``, ``types.proto`` and
``tensor_bundle.h``; the few fields that are needed are read by the rules of the protocol buffers' encoding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage.errors import DamagedFileError, StageError
from storage.formats.crc32c import crc32c, masked
from storage.formats.snappy import read_varint
from storage.formats.sstable import read_table

MAX_INDEX = 1 << 26  # bytes; thousands of variables take a hundredth of it
# The numbers of ``types.proto`` for what NumPy has too; others (text, bfloat16, quantised) are no weights here.
TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 5: "<i2", 6: "i1", 9: "<i8", 10: "?"}
TYPES |= {17: "<u2", 19: "<f2", 22: "<u4", 23: "<u8"}
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # kinds of fields in the encoding
INT64_SIGN = 1 << 63


@dataclass(frozen=True)
class Variable:
    """Where a variable lies.

    Attributes
    ----------
    type_number : int
        Of ``types.proto``.
    shape : tuple of int
        Its shape.
    shard : int
        Which of the data files holds it.
    offset, size : int
        Its first byte there, and how many it has.
    stored_crc : int
        Masked CRC-32C of these bytes.
    is_partitioned : bool
        Its parts lie elsewhere, each under a name of its own.
    """

    type_number: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    stored_crc: int
    is_partitioned: bool


@dataclass(frozen=True)
class TensorflowCheckpoint:
    """A checkpoint whose index was read.

    Attributes
    ----------
    prefix : Path
        Its files' path without ``.index``.
    num_shards : int
        Number of its data files.
    variables : mapping of str to Variable
        By name, in the order of the names.
    """

    prefix: Path
    num_shards: int
    variables: Mapping[str, Variable]

    def data_file(self, shard: int) -> Path:
        """Give the path of a data file."""
        return self.prefix.with_name(f"{self.prefix.name}.data-{shard:05d}-of-{self.num_shards:05d}")

    def data_size(self, shard: int = 0) -> int:
        """Give the number of bytes that a data file must have, by the index."""
        return max((one.offset + one.size for one in self.variables.values() if one.shard == shard), default=0)

    def check_data_size(self, path: Path, shard: int = 0) -> None:
        """Raise ``DamagedFileError`` unless a file has the length of a data file of this checkpoint."""
        found, expected = path.stat().st_size, self.data_size(shard)
        if found != expected:
            raise DamagedFileError(f"{path} is cut or of another checkpoint: {found} bytes, its index says {expected}")

    def read(self, name: str) -> NDArray[np.generic]:
        """Read one variable and check it; nothing else of the file is read.

        Raises
        ------
        DamagedFileError
            When there is no such variable, its checksum does not agree, or the file is cut.
        StageError
            When it cannot be opened, or is of a kind that is not read here.
        """
        variable = self.variables.get(name)
        if variable is None:
            raise DamagedFileError(f"{self.prefix}.index lists no variable {name!r}")
        kind = TYPES.get(variable.type_number)
        if kind is None or variable.is_partitioned:
            what = "in parts" if variable.is_partitioned else f"of TensorFlow's type {variable.type_number}"
            raise StageError(f"{self.prefix}: {name!r} is {what}, which is not read here")
        dtype, path = np.dtype(kind), self.data_file(variable.shard)
        count = int(np.prod(variable.shape, dtype=object))
        if count * dtype.itemsize != variable.size:
            raise DamagedFileError(
                f"damaged: {self.prefix}.index: {name!r} has {variable.size} bytes for {count} values"
            )
        content = _bytes_of(path, variable)
        if masked(crc32c(content)) != variable.stored_crc:
            raise DamagedFileError(f"damaged: {path}: the checksum of {name!r} does not agree; fetch it again")
        return content.view(dtype).reshape(variable.shape)


def open_tf_checkpoint(prefix: Path) -> TensorflowCheckpoint:
    """Read the index of a checkpoint.

    Parameters
    ----------
    prefix : Path
        ``.../model.ckpt-250228`` for ``.../model.ckpt-250228.index``.

    Raises
    ------
    StageError
        When the index cannot be opened, or the checkpoint is of a kind that is not read here.
    DamagedFileError
        When it is no index, is cut, or was altered.
    """
    num_shards, variables = read_tf_index(prefix.with_name(f"{prefix.name}.index"))
    return TensorflowCheckpoint(prefix, num_shards, variables)


def read_tf_index(path: Path) -> tuple[int, dict[str, Variable]]:
    """Read an index by its own path: the number of data files, and the variables by name.

    Raises
    ------
    StageError, DamagedFileError
        As :func:`open_tf_checkpoint`.
    """
    try:
        with open(path, "rb") as file:
            table = file.read(MAX_INDEX + 1)
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        if len(table) > MAX_INDEX:
            raise ValueError(f"it has more than {MAX_INDEX} bytes")
        entries = dict(read_table(table))
        num_shards, is_big_endian = _header(entries.pop(b""))
        variables = {name.decode("utf-8"): _variable(entry) for name, entry in entries.items()}
        _check_places(variables, num_shards)
    except KeyError:
        raise DamagedFileError(f"damaged: {path} is no index of a TensorFlow checkpoint (it has no header)") from None
    except ValueError as error:
        raise DamagedFileError(f"damaged: {path} is no index of a TensorFlow checkpoint ({error})") from error
    if is_big_endian:
        raise StageError(f"{path} was written by a big-endian machine, which is not read here")
    return num_shards, variables


def _bytes_of(path: Path, variable: Variable) -> NDArray[np.uint8]:
    try:
        with open(path, "rb") as file:
            file.seek(variable.offset)
            content = np.empty(variable.size, np.uint8)
            received = file.readinto(content.data)  # type: ignore[attr-defined, unused-ignore]
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror or error}") from error
    if received != variable.size:
        raise DamagedFileError(f"damaged: {path} is cut: it ends before byte {variable.offset + variable.size}")
    return content


def _check_places(variables: Mapping[str, Variable], num_shards: int) -> None:
    for name, variable in variables.items():
        if not 0 <= variable.shard < num_shards or variable.offset >= INT64_SIGN or variable.size >= INT64_SIGN:
            raise ValueError(f"{name!r} lies nowhere")


# -- protocol buffers -------------------------------------------------------------------------------------------------


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Give the number and the value of each field of a message."""
    at = 0
    try:
        while at < len(message):
            tag, at = read_varint(message, at)
            kind = tag & 7
            if kind == VARINT:
                value, at = read_varint(message, at)
                yield tag >> 3, value
                continue
            if kind not in (FIXED64, BYTES, FIXED32):
                raise ValueError(f"a field of the unknown kind {kind}")
            length = {FIXED64: 8, FIXED32: 4}.get(kind, 0)
            if kind == BYTES:
                length, at = read_varint(message, at)
            if at + length > len(message):
                raise ValueError("a field is cut")
            content, at = message[at : at + length], at + length
            yield tag >> 3, content if kind == BYTES else int.from_bytes(content, "little")
    except IndexError:
        raise ValueError("a field is cut") from None


def _header(message: bytes) -> tuple[int, bool]:
    fields = dict(_fields(message))
    num_shards, endianness = fields.get(1, 0), fields.get(2, 0)
    if not isinstance(num_shards, int) or not 1 <= num_shards < 100_000:
        raise ValueError(f"it says that there are {num_shards!r} data files")
    return num_shards, endianness == 1


def _variable(message: bytes) -> Variable:
    fields = list(_fields(message))
    numbers = {key: value for key, value in fields if isinstance(value, int)}
    messages = {key: value for key, value in fields if isinstance(value, bytes)}
    return Variable(
        type_number=numbers.get(1, 0),
        shape=tuple(_shape(messages.get(2, b""))),
        shard=numbers.get(3, 0),
        offset=numbers.get(4, 0),
        size=numbers.get(5, 0),
        stored_crc=numbers.get(6, 0),
        is_partitioned=7 in messages,
    )


def _shape(message: bytes) -> Iterator[int]:
    for key, dimension in _fields(message):
        if key == 2 and isinstance(dimension, bytes):
            length = dict(_fields(dimension)).get(1, 0)
            if not isinstance(length, int) or length >= INT64_SIGN:
                raise ValueError("a shape that is not known")
            yield length
