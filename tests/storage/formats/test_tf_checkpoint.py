"""Checkpoints of TensorFlow: one that TensorFlow itself wrote, others by a writer of the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.errors import DamagedFileError, StageError
from storage.formats.tf_checkpoint import open_tf_checkpoint, read_tf_index
from tests.storage.formats.tensorflow_writer import HEADER, field, table, write_checkpoint

RNG = np.random.default_rng(0)
VARIABLES: dict[str, Any] = {
    "base_model/conv2d/kernel": RNG.normal(size=(3, 3, 2, 4)).astype(np.float32),
    "base_model/conv2d_1/kernel": RNG.normal(size=(1, 1, 4, 300)).astype(np.float32),
    "base_model/batch_normalization/gamma": RNG.normal(size=4).astype(np.float32),
    "global_step": np.int64(250228),
    "halves": RNG.normal(size=7).astype(np.float16),
    "doubles": RNG.normal(size=(2, 2)),
    "flags": np.array([True, False, True]),
    "bytes": np.arange(5, dtype=np.uint8),
    "none": np.zeros((0, 3), np.float32),
}


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "model.ckpt-1", VARIABLES)


def data_file(prefix: Path) -> Path:
    return prefix.with_name(f"{prefix.name}.data-00000-of-00001")


def index_file(prefix: Path) -> Path:
    return prefix.with_name(f"{prefix.name}.index")


@pytest.mark.parametrize("is_packed", [False, True])
def test_every_variable_comes_back_with_its_type_and_shape(tmp_path: Path, is_packed: bool) -> None:
    checkpoint = open_tf_checkpoint(write_checkpoint(tmp_path / "a", VARIABLES, is_packed=is_packed))
    assert sorted(VARIABLES) == list(checkpoint.variables)
    for name, expected in VARIABLES.items():
        found = checkpoint.read(name)
        assert found.dtype == expected.dtype and found.shape == expected.shape, name
        np.testing.assert_array_equal(found, expected)


def test_a_file_of_tensorflow_itself_is_read(root_dir: Path) -> None:
    checkpoint = open_tf_checkpoint(root_dir / "tests" / "archives" / "simclr-tensorflow" / "model.ckpt-12")
    assert checkpoint.read("global_step") == 12
    np.testing.assert_array_equal(checkpoint.read("head_supervised/linear_layer/dense/bias"), np.arange(5))
    np.testing.assert_array_equal(checkpoint.read("base_model/conv2d/kernel/Momentum"), np.ones((3, 3, 3, 1)))
    for name in checkpoint.variables:  # the checksums that TensorFlow wrote agree
        assert np.isfinite(checkpoint.read(name)).all()
    checkpoint.check_data_size(checkpoint.data_file(0))


def test_the_index_says_how_long_the_data_is(prefix: Path) -> None:
    checkpoint = open_tf_checkpoint(prefix)
    assert checkpoint.data_size() == data_file(prefix).stat().st_size
    checkpoint.check_data_size(data_file(prefix))
    data_file(prefix).write_bytes(data_file(prefix).read_bytes()[:-1])
    with pytest.raises(DamagedFileError, match="is cut or of another checkpoint"):
        checkpoint.check_data_size(data_file(prefix))


def test_one_changed_bit_of_a_variable_is_seen_and_the_others_are_read(prefix: Path) -> None:
    checkpoint = open_tf_checkpoint(prefix)
    variable = checkpoint.variables["base_model/conv2d/kernel"]
    content = bytearray(data_file(prefix).read_bytes())
    content[variable.offset + 7] ^= 1
    data_file(prefix).write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"damaged: .*data-00000-of-00001: the checksum of 'base_model/conv2d/k"):
        checkpoint.read("base_model/conv2d/kernel")
    np.testing.assert_array_equal(checkpoint.read("halves"), VARIABLES["halves"])


def test_data_that_ends_too_early_is_named(prefix: Path) -> None:
    data_file(prefix).write_bytes(b"")
    with pytest.raises(DamagedFileError, match=r"data-00000-of-00001 is cut"):
        open_tf_checkpoint(prefix).read("doubles")


@pytest.mark.parametrize("content", [b"", b"<html>not here</html>", None])
def test_an_index_that_is_none_or_cut_is_named(prefix: Path, content: bytes | None) -> None:
    whole = index_file(prefix).read_bytes()
    index_file(prefix).write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(
        DamagedFileError, match=r"damaged: .*model\.ckpt-1\.index is no index of a TensorFlow checkpoint"
    ):
        open_tf_checkpoint(prefix)


def test_a_table_of_something_else_is_refused(prefix: Path) -> None:
    index_file(prefix).write_bytes(table({b"key": b""}))
    with pytest.raises(DamagedFileError, match="it has no header"):
        open_tf_checkpoint(prefix)


def test_a_missing_index_or_data_file_is_named(tmp_path: Path, prefix: Path) -> None:
    with pytest.raises(StageError, match=r"cannot read .*nothing\.index"):
        open_tf_checkpoint(tmp_path / "nothing")
    data_file(prefix).unlink()
    with pytest.raises(StageError, match=r"cannot read .*data-00000-of-00001"):
        open_tf_checkpoint(prefix).read("halves")


def test_an_unknown_variable_is_named(prefix: Path) -> None:
    with pytest.raises(DamagedFileError, match="lists no variable 'conv'"):
        open_tf_checkpoint(prefix).read("conv")


def test_a_big_endian_checkpoint_is_refused(tmp_path: Path) -> None:
    prefix = write_checkpoint(tmp_path / "a", VARIABLES, header=field(1, 1) + field(2, 1))
    with pytest.raises(StageError, match="big-endian"):
        open_tf_checkpoint(prefix)


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"type_number": 7}, "TensorFlow's type 7"), ({"extra": field(7, b"")}, "'x' is in parts")],
)
def test_text_and_partitioned_variables_are_refused_when_they_are_read(
    tmp_path: Path, options: dict[str, Any], reason: str
) -> None:
    checkpoint = open_tf_checkpoint(write_checkpoint(tmp_path / "a", {"x": np.zeros(2, np.float32)}, **options))
    with pytest.raises(StageError, match=reason):
        checkpoint.read("x")


def with_entry(path: Path, message: bytes, header: bytes = HEADER) -> Path:
    path.write_bytes(table({b"": header, b"x": message}))
    return path


def test_a_size_that_contradicts_the_shape_is_refused(tmp_path: Path) -> None:
    with_entry(tmp_path / "a.index", field(1, 1) + field(2, field(2, field(1, 3))) + field(5, 8))
    with pytest.raises(DamagedFileError, match="'x' has 8 bytes for 3 values"):
        open_tf_checkpoint(tmp_path / "a").read("x")


NEGATIVE = 2**64 - 1


@pytest.mark.parametrize(
    "message",
    [
        field(1, 1) + field(3, 5),  # the sixth of one data file
        field(1, 1) + field(4, NEGATIVE),
        field(1, 1) + field(5, NEGATIVE),
        field(1, 1) + field(2, field(2, field(1, NEGATIVE))),  # a length that is not known
        field(2, b"")[:-1] + b"\x09",  # a shape longer than its message
        b"\x0b",  # a group, which the encoding gave up long ago
        b"\x80",
        b"\x35\x00",
    ],
)
def test_entries_that_make_no_sense_are_refused(tmp_path: Path, message: bytes) -> None:
    with pytest.raises(DamagedFileError, match="is no index of a TensorFlow checkpoint"):
        read_tf_index(with_entry(tmp_path / "a.index", message))


def test_a_header_without_data_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError, match="0 data files"):
        read_tf_index(with_entry(tmp_path / "a.index", field(1, 1), header=b""))


def test_variables_of_several_data_files_are_found(tmp_path: Path) -> None:
    prefix = write_checkpoint(
        tmp_path / "a", {"x": np.arange(4, dtype=np.int32)}, extra=field(3, 1), header=field(1, 2)
    )
    data_file(prefix).rename(tmp_path / "a.data-00001-of-00002")
    checkpoint = open_tf_checkpoint(prefix)
    assert checkpoint.read("x").tolist() == [0, 1, 2, 3]
    assert (checkpoint.data_size(0), checkpoint.data_size(1)) == (0, 16)
