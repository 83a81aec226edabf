"""Convolutions in int8: made once, near to fp32, refused where they are not, never mixed with others."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hloc.engines import Engine, quantised, runs
from hloc.engines.graph import Graph, Source, exported_graph
from hloc.engines.quantised import calibration_photos, draw_clouds, quantise, quantised_path
from hloc.engines.runs import open_graph
from hloc.extractors.netvlad import NetvladExtractor
from stages.extract import extract_features
from stages.settings.pipeline import ExtractSettings
from storage.errors import StageError, UsageError
from storage.formats.features import read_features
from tests.drawn_photos import draw_photo as draw_picture
from tests.hloc.netvlad_reference import draw_net, write_net
from tests.hloc.stand_ins import photo

pytest.importorskip("torch", reason="NetVLAD needs PyTorch")
pytest.importorskip("onnxruntime", reason="int8 is computed by onnxruntime")
onnx = pytest.importorskip("onnx", reason="int8 is made by onnx")
INT8 = Engine("onnxruntime", "int8")
NET = draw_net(widths=(4, 4, 8, 8, 8), num_clusters=6, num_outputs=12)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_net(tmp_path_factory.mktemp("netvlad") / "weights.mat", NET)


@pytest.fixture
def graph(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Graph:
    """A small exported graph in an empty model cache."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    extractor = NetvladExtractor(weights=weights)
    return exported_graph(Source("netvlad", extractor.weights_sha256, None, extractor.build_parts))


def operations(model: Any) -> list[str]:
    return [node.op_type for node in model.graph.node]


def initializers(model: Any) -> dict[str, Any]:
    return {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}


def test_int8_is_near_to_fp32_but_not_equal_at_any_size(graph: Graph) -> None:
    exact, run = open_graph(graph, Engine("onnxruntime"), "netvlad"), open_graph(graph, INT8, "netvlad")
    for width, height in ((96, 72), (131, 48)):
        taken = photo(1, width, height)[None]
        found, wanted = run.describe(taken)[0], exact.describe(taken)[0]
        assert 0.95 < found @ wanted < 1 and not np.array_equal(found, wanted)
        assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)


def test_weights_of_convolutions_are_signed_bytes_and_what_follows_is_untouched(graph: Graph) -> None:
    before, after = onnx.load(str(graph.path)), quantise(graph)
    onnx.checker.check_model(after)
    found, true = initializers(after), initializers(before)
    kernels = [array for array in found.values() if array.ndim == 4]
    assert len(kernels) == 13 and {str(one.dtype) for one in kernels[-12:]} == {"int8"}
    assert np.array_equal(found["head.whitening.weight"], true["head.whitening.weight"])
    last = max(place for place, one in enumerate(operations(after)) if one == "Conv")
    assert "QuantizeLinear" not in operations(after)[last + 2 :]
    assert operations(after).count("Gemm") == operations(before).count("Gemm")


def test_it_is_made_once_beside_the_graph(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_graph(graph, INT8, "netvlad").describe(photo()[None])
    assert quantised_path(graph).parent == graph.path.parent and quantised_path(graph).is_file()
    assert len(list(graph.path.parent.iterdir())) == 3  # no temporary file is left
    monkeypatch.setattr(quantised, "quantise", lambda _graph: pytest.fail("it was made again"))
    assert np.array_equal(open_graph(graph, INT8, "netvlad").describe(photo()[None]), first)


def test_making_it_again_gives_the_same_bytes(graph: Graph) -> None:
    assert quantise(graph).SerializeToString(deterministic=True) == quantise(graph).SerializeToString(
        deterministic=True
    )


def test_a_damaged_file_is_made_anew_with_a_line(graph: Graph, caplog: pytest.LogCaptureFixture) -> None:
    open_graph(graph, INT8, "netvlad")
    path = quantised_path(graph)
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])
    open_graph(graph, INT8, "netvlad")
    assert "damaged" in caplog.text and "made anew now" in caplog.text
    assert len(path.read_bytes()) == len(whole)


def test_the_user_is_told_while_it_is_made_and_standard_output_stays_empty(
    graph: Graph, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    open_graph(graph, INT8, "netvlad")
    assert "netvlad: convolutions brought to int8 once" in caplog.text
    assert "pre-processing" not in caplog.text and capsys.readouterr().out == ""


def test_values_too_far_from_fp32_are_refused_in_one_line(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(runs.LEAST_COSINE, "int8", 1.1)
    with pytest.raises(StageError, match=r"--precision int8: .*netvlad .*less than 1.1; use --precision fp32") as told:
        open_graph(graph, INT8, "netvlad")
    assert "\n" not in str(told.value) and quantised_path(graph).name in str(told.value)


def test_a_file_with_other_weights_is_refused_though_it_opens(graph: Graph) -> None:
    open_graph(graph, INT8, "netvlad")
    path = quantised_path(graph)
    model = onnx.load(str(path))
    for one in model.graph.initializer:
        if one.name == "head.whitening.weight":
            one.raw_data = (-onnx.numpy_helper.to_array(one)).tobytes()
        if one.name == "head.whitening.bias":
            one.raw_data = (-onnx.numpy_helper.to_array(one)).tobytes()
    onnx.save(model, str(path))
    with pytest.raises(StageError, match="cosine of -0.9.*remove .* to have it made anew"):
        open_graph(graph, INT8, "netvlad")


def test_a_network_without_convolutions_is_refused(graph: Graph) -> None:
    model = onnx.load(str(graph.path))
    for node in model.graph.node:
        node.op_type = node.op_type.replace("Conv", "Other")
    path = graph.path.with_name("other.onnx")
    onnx.save(model, str(path))
    with pytest.raises(StageError, match="--precision int8: the network has no convolution"):
        quantise(replace(graph, path=path))


def test_a_quantiser_that_fails_is_told_and_leaves_nothing(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_graph: Graph) -> None:
        raise ValueError("no\nsuch type")

    monkeypatch.setattr(quantised, "quantise", fail)
    with pytest.raises(StageError, match=r"netvlad cannot be quantised \(no such type\); use --precision fp32"):
        open_graph(graph, INT8, "netvlad")
    assert not quantised_path(graph).exists()


def test_calibration_photos_are_always_the_same_and_fall_off_with_frequency(graph: Graph) -> None:
    assert np.array_equal(draw_clouds(1, 40, 33), draw_clouds(1, 40, 33))
    assert not np.array_equal(draw_clouds(1, 40, 33), draw_clouds(2, 40, 33))
    cloud = draw_clouds(1, 64, 64)[0].astype(float)
    assert cloud.shape == (64, 64, 3) and cloud.std() > 15
    assert np.abs(np.diff(cloud, axis=0)).mean() < np.abs(cloud[16:] - cloud[:-16]).mean()
    assert {one.shape for one in calibration_photos(graph)} == {one.shape for one in graph.drawn}


def test_descriptors_of_int8_and_fp32_are_not_mixed(weights: Path, graph: Graph, tmp_path: Path) -> None:
    folder, outputs = tmp_path / "photos", tmp_path / "netvlad"
    folder.mkdir()
    for seed in range(2):
        draw_picture(seed, 64, 48).save(folder / f"{seed}.jpg")
    settings = ExtractSettings(folder, outputs, model="netvlad", weights=weights, device="cpu", num_workers=0)
    settings = replace(settings, engine="onnxruntime")
    extract_features(replace(settings, precision="int8"))
    stored = read_features(outputs / "global-feats-netvlad.h5").settings
    assert (stored["engine"], stored["precision"], stored["quantisation"]) == ("onnxruntime", "int8", 1)
    assert extract_features(replace(settings, precision="int8")).is_current
    with pytest.raises(UsageError, match="was made with --precision int8, this call has --precision fp32"):
        extract_features(replace(settings, precision="fp32"))
