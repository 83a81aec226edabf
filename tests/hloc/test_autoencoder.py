"""The descriptor of an autoencoder that a user trained."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hloc.extractors import create_extractor, default_thresholds
from hloc.extractors.autoencoder import AutoencoderExtractor
from hloc.extractors.base import ExtractorOptions
from storage.errors import DamagedFileError, StageError, UsageError
from storage.pictures import letterboxed
from tests.conftest import ROOT
from tests.drawn_photos import draw_photo

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def photo(seed: int = 0, width: int = 90, height: int = 60) -> NDArray[np.uint8]:
    return np.asarray(draw_photo(seed, width, height))


def write_encoder(path: Path, described: Any = None, key: str = "autoencoder", shape: Sequence[Any] = (16, 32)) -> Path:
    """An encoder of pictures 32 wide and 16 tall: the mean colour of each row, turned into a unit vector of 48."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("Cast", ["pixels"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["numbers"], ["rows"], axes=[2], keepdims=0),
        helper.make_node("Reshape", ["rows", "flat"], ["vector"]),
        helper.make_node("LpNormalization", ["vector"], ["descriptors"], axis=1, p=2),
    ]
    ends = [
        helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["B", *shape, 3]),
        helper.make_tensor_value_info("descriptors", TensorProto.FLOAT, ["B", 48]),
    ]
    flat = numpy_helper.from_array(np.array([-1, 48]), "flat")
    model = helper.make_model(
        helper.make_graph(nodes, "small", ends[:1], ends[1:], [flat]), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 10
    entry = model.metadata_props.add()
    entry.key, entry.value = key, json.dumps({"size": [32, 16]} if described is None else described)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    return write_encoder(tmp_path / "autoencoder.onnx")


def test_the_size_of_the_picture_comes_from_the_file(encoder: Path) -> None:
    extractor = AutoencoderExtractor(encoder)
    assert (extractor.width, extractor.height) == (32, 16)
    assert extractor.max_side == 64 and extractor.dimension == 48


@pytest.mark.parametrize("size", [(90, 60), (60, 90), (20, 500), (32, 16)])
def test_a_descriptor_is_what_the_encoder_says_of_the_whole_photo(encoder: Path, size: tuple[int, int]) -> None:
    taken = photo(1, *size)
    rows = letterboxed(taken, 32, 16).mean(axis=1).ravel()
    found = AutoencoderExtractor(encoder).prepare(taken)
    np.testing.assert_allclose(found, rows / np.linalg.norm(rows), atol=1e-6)
    assert found.dtype == np.float32 and found.shape == (48,)


def test_the_registry_makes_it(encoder: Path) -> None:
    extractor = create_extractor("autoencoder", ExtractorOptions(weights=encoder))
    assert isinstance(extractor, AutoencoderExtractor) and extractor.name == "autoencoder"
    assert default_thresholds("autoencoder") is not None


def test_a_worker_computes_what_the_main_process_does(encoder: Path) -> None:
    extractor = AutoencoderExtractor(encoder)
    content = pickle.dumps(extractor)
    assert len(content) < 1000
    assert np.array_equal(pickle.loads(content).prepare(photo()), extractor.prepare(photo()))


def test_settings_tell_files_apart(encoder: Path, tmp_path: Path) -> None:
    settings = AutoencoderExtractor(encoder).settings()
    assert settings["model"] == "autoencoder" and settings["picture"] == "letterbox 32x16"
    other = write_encoder(tmp_path / "other.onnx", {"size": [32, 16], "epoch": 2})
    assert AutoencoderExtractor(other).settings() != settings


def test_a_file_that_changes_while_it_is_in_use_is_noticed(encoder: Path) -> None:
    copy = pickle.loads(pickle.dumps(AutoencoderExtractor(encoder)))
    encoder.write_bytes(encoder.read_bytes() + b"\0")
    with pytest.raises(StageError, match="changed while it was in use"):
        copy.prepare(photo())


def test_without_weights_the_command_that_makes_them_is_told() -> None:
    with pytest.raises(UsageError, match=r"--weights RUN/autoencoder\.onnx, made with: python -m tools\.train_autoenc"):
        create_extractor("autoencoder", ExtractorOptions())


def test_a_missing_file_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"none\.onnx is missing; make it with: python -m tools\.train_autoencoder"):
        AutoencoderExtractor(tmp_path / "none.onnx")


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("not a network")
    with pytest.raises(DamagedFileError, match=r"text\.onnx is no ONNX network"):
        AutoencoderExtractor(tmp_path / "text.onnx")


@pytest.mark.parametrize(
    ("described", "key"),
    [
        ({"size": [32, 16]}, "descriptor"),
        ({"input_side": 32}, "autoencoder"),
        ({"size": 32}, "autoencoder"),
        ({"size": [16, 32]}, "autoencoder"),
        ([32, 16], "autoencoder"),
    ],
)
def test_a_network_of_another_kind_is_refused(tmp_path: Path, described: Any, key: str) -> None:
    with pytest.raises(DamagedFileError, match=r"other\.onnx is no descriptor of python -m tools\.train_autoencoder"):
        AutoencoderExtractor(write_encoder(tmp_path / "other.onnx", described, key))


def test_another_size_or_device_is_a_wrong_call(encoder: Path) -> None:
    with pytest.raises(UsageError, match="--resize_max 64: an autoencoder sees photos at the size that it was trained"):
        create_extractor("autoencoder", ExtractorOptions(weights=encoder, resize_max=64))
    with pytest.raises(UsageError, match="--device cuda: autoencoder computes on the processor"):
        create_extractor("autoencoder", ExtractorOptions(weights=encoder, device="cuda"))
    with pytest.raises(UsageError, match="--engine torch: --model autoencoder has no use for it"):
        create_extractor("autoencoder", ExtractorOptions(weights=encoder, engine="torch"))


def test_no_torch_is_loaded(encoder: Path) -> None:
    code = (
        "import sys, numpy; from pathlib import Path; from hloc.extractors.autoencoder import AutoencoderExtractor; "
        f"AutoencoderExtractor(Path({str(encoder)!r})).prepare(numpy.zeros((8, 8, 3), numpy.uint8)); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0
