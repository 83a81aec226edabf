"""The fine-tuned network as an ONNX file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from training.finetuning.export import describe_pictures, export_encoder, whitening_of
from training.finetuning.networks import begin, make_encoder
from training.whitening import learn_whitening

torch = pytest.importorskip("torch")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

PICTURES = [np.random.default_rng(number).integers(0, 256, (64, 48, 3)).astype(np.uint8) for number in range(40)]


@pytest.mark.parametrize("whitened", [False, True])
def test_the_file_gives_the_vectors_of_the_network_at_any_size(tmp_path: Path, whitened: bool) -> None:
    network = make_encoder("tiny", begin("tiny", None).shape).module.eval()
    whitening = learn_whitening(describe_pictures(network, PICTURES)) if whitened else None
    export_encoder(tmp_path / "net.onnx", network, whitening, {"model": "tiny"})
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"))
    assert json.loads(session.get_modelmeta().custom_metadata_map["finetuned"]) == {"model": "tiny"}
    expected = describe_pictures(network, PICTURES)
    if whitening is not None:
        expected = whitening.apply(expected)
    for number, picture in enumerate(PICTURES[:3]):
        values = picture.transpose(2, 0, 1)[None].astype(np.float32) / 255
        (vector,) = session.run(None, {"pixels": values})
        assert vector[0] == pytest.approx(expected[number], abs=1e-4)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_former_whitening_is_kept_where_photos_are_few() -> None:
    rng = np.random.default_rng(0)
    former = learn_whitening(rng.normal(size=(500, 4)) * (3, 1, 1, 1))
    one = whitening_of(np.asarray(rng.normal(size=(1, 4)), np.float32), former)
    assert np.array_equal(one.matrix, former.matrix)
    alone = whitening_of(np.asarray(rng.normal(size=(50, 4)), np.float32), None)
    assert not np.allclose(alone.matrix, former.matrix, atol=0.05)
