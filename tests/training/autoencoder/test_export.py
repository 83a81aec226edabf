"""The exported encoder gives what the network gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.autoencoder.export import METADATA_KEY, as_descriptor, export_encoder
from training.autoencoder.network import make_autoencoder

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


def used_network(architecture: str = "small", side: int = 32) -> Any:
    """A network whose norms have seen something."""
    network = make_autoencoder(architecture, seed=2)
    network.train()(torch.rand(4, 3, side, side, generator=torch.Generator().manual_seed(0)))
    return network


def pixels(count: int, height: int, width: int) -> Any:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("architecture", "size"), [("small", (64, 32)), ("large", (256, 256))])
def test_the_file_gives_the_flattened_latent_as_unit_vectors(
    tmp_path: Path, architecture: str, size: tuple[int, int]
) -> None:
    network = used_network(architecture, 32 if architecture == "small" else 256)
    export_encoder(tmp_path / "encoder.onnx", network, size, {})
    taken = pixels(3, size[1], size[0])
    with torch.inference_mode():
        values = torch.from_numpy(taken.transpose(0, 3, 1, 2).astype(np.float32) / 255)
        latent = network.eval().encode(values)[0].numpy().reshape(3, -1)
    session = onnxruntime.InferenceSession(tmp_path / "encoder.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"pixels": taken})
    assert found.dtype == np.float32 and found.shape == latent.shape
    np.testing.assert_allclose(found, latent / np.linalg.norm(latent, axis=1, keepdims=True), atol=1e-5)


def test_the_file_says_what_it_takes(tmp_path: Path) -> None:
    export_encoder(tmp_path / "encoder.onnx", used_network(), (64, 32), {"epoch": 3})
    (entry,) = onnx.load(str(tmp_path / "encoder.onnx")).metadata_props
    assert entry.key == METADATA_KEY
    assert json.loads(entry.value) == {"architecture": "small", "size": [64, 32], "epoch": 3}


def test_the_same_network_is_written_once(tmp_path: Path) -> None:
    path, network = tmp_path / "encoder.onnx", used_network()
    export_encoder(path, network, (32, 32), {})
    before = path.stat().st_mtime_ns
    export_encoder(path, network, (32, 32), {})
    assert path.stat().st_mtime_ns == before


def test_nothing_of_the_decoder_is_kept(tmp_path: Path) -> None:
    export_encoder(tmp_path / "encoder.onnx", used_network(), (32, 32), {})
    kept = sum(np.prod(weight.dims) for weight in onnx.load(str(tmp_path / "encoder.onnx")).graph.initializer)
    assert 392_000 < kept < 393_000  # of 785,347


def test_a_latent_of_zeros_stays_one() -> None:
    network = make_autoencoder("small")
    for value in network.parameters():
        value.detach().zero_()
    with torch.inference_mode():
        found = as_descriptor(network)(torch.zeros(1, 32, 32, 3, dtype=torch.uint8))
    assert torch.equal(found, torch.zeros(1, 256))
