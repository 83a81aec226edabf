"""One small NetVLAD by every engine: the same descriptors; and what is refused when they are not."""

from __future__ import annotations

import json
import logging
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hloc.engines import Engine, graph, runs
from hloc.engines.graph import Graph, Source, draw_photo, exported_graph, least_cosine
from hloc.engines.photo_network import CheckedShape
from hloc.engines.runs import Compared, open_graph
from hloc.extractors import create_extractor, engine_network
from hloc.extractors.base import ExtractorOptions
from hloc.extractors.netvlad import NetvladExtractor
from stages.extract import extract_features
from stages.settings.pipeline import ExtractSettings
from storage.errors import StageError, UsageError
from storage.formats.features import read_features
from tests.drawn_photos import draw_photo as draw_picture
from tests.hloc.netvlad_reference import draw_net, reference_descriptor, write_net
from tests.hloc.stand_ins import photo

pytest.importorskip("torch", reason="NetVLAD needs PyTorch")
NET = draw_net(widths=(4, 4, 8, 8, 8), num_clusters=6, num_outputs=12)
GRAPH_ENGINES = ("onnxruntime", "openvino")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_net(tmp_path_factory.mktemp("netvlad") / "weights.mat", NET)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty model cache."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "engines"


@pytest.fixture(params=GRAPH_ENGINES)
def graph_engine(request: pytest.FixtureRequest, cache: Path) -> str:
    """Each engine that computes an exported graph."""
    pytest.importorskip(request.param, reason=f"{request.param} is not installed")
    name: str = request.param
    return name


@pytest.fixture(params=(*GRAPH_ENGINES, "ncnn"))
def engine(request: pytest.FixtureRequest, cache: Path) -> str:
    """Each engine beside PyTorch."""
    pytest.importorskip(request.param, reason=f"{request.param} is not installed")
    name: str = request.param
    return name


def made(weights: Path, engine: str | None, **options: Any) -> NetvladExtractor:
    extractor = create_extractor("netvlad", ExtractorOptions(weights, "cpu", engine=engine, **options))
    assert isinstance(extractor, NetvladExtractor)
    return extractor


def describe(extractor: NetvladExtractor, *photos: NDArray[np.uint8]) -> NDArray[np.float32]:
    return extractor.describe([extractor.prepare(one) for one in photos])


def small_graph(weights: Path) -> Graph:
    extractor = made(weights, "torch")
    return exported_graph(Source("netvlad", extractor.weights_sha256, None, extractor.build_parts))


# -- the same descriptors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(96, 72), (72, 96), (131, 48), (16, 16), (33, 200)])
def test_an_engine_gives_the_descriptors_of_the_formulas_at_any_size(
    weights: Path, engine: str, width: int, height: int
) -> None:
    taken = photo(1, width, height)
    found = describe(made(weights, engine), taken)
    assert found.dtype == np.float32 and found.shape == (1, 12)
    assert found[0] @ reference_descriptor(taken, NET) >= 0.99999


def test_a_later_photo_does_not_write_over_a_former_descriptor(weights: Path, engine: str) -> None:
    run = made(weights, engine)._loaded()
    first = run.describe(photo(1)[None])
    former = first.copy()
    run.describe(photo(2)[None])
    assert np.array_equal(first, former)


def test_photos_of_equal_size_can_be_computed_together(weights: Path, engine: str) -> None:
    run = made(weights, engine)._loaded()
    photos = np.stack([photo(seed) for seed in range(3)])
    together = run.describe(photos)
    assert np.allclose(together, np.concatenate([run.describe(one[None]) for one in photos]), atol=1e-5)


def test_a_tiny_photo_is_described(weights: Path, engine: str) -> None:
    assert np.isfinite(describe(made(weights, engine), photo(0, 3, 2))).all()


def test_engine_and_precision_stand_in_the_settings(weights: Path, engine: str) -> None:
    settings = made(weights, engine).settings()
    assert (settings["engine"], settings["precision"]) == (engine, "fp32")


def test_workers_get_the_extractor_without_its_network(weights: Path, engine: str) -> None:
    extractor = made(weights, engine)
    found = describe(extractor, photo())
    content = pickle.dumps(extractor)
    assert len(content) < 3000
    assert np.array_equal(describe(pickle.loads(content), photo()), found)


# -- the graph in the cache -------------------------------------------------------------------------------------------


def test_the_graph_is_exported_once_and_then_used_without_the_weights_being_read(
    weights: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    first = describe(made(weights, "onnxruntime"), photo())
    stand = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert sorted(name.rpartition(".")[2] for name in stand) == ["json", "onnx"]
    monkeypatch.setattr(NetvladExtractor, "build_parts", lambda _self: pytest.fail("it was built again"))
    again = describe(made(weights, "onnxruntime"), photo())
    assert np.array_equal(first, again)
    assert {path.name: path.stat().st_mtime_ns for path in cache.iterdir()} == stand


def test_other_weights_get_a_graph_of_their_own(weights: Path, cache: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    other = write_net(tmp_path / "other.mat", draw_net(seed=3, widths=(4, 4, 8, 8, 8), num_clusters=6, num_outputs=12))
    one, two = (describe(made(path, "onnxruntime"), photo())[0] for path in (weights, other))
    assert one @ two < 0.99
    assert len(list(cache.glob("netvlad-*.onnx"))) == 2


def test_a_damaged_file_of_expected_values_is_made_anew(
    weights: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = small_graph(weights).path.with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"expected": [[1.0]]}))
    assert small_graph(weights).dimension == 12
    assert "is no engine-check file" in caplog.text and "made anew" in caplog.text


def test_an_export_that_fails_leaves_no_graph(weights: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any, **_options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(graph, "_export", fail)
    with pytest.raises(KeyboardInterrupt):
        small_graph(weights)
    assert not list(cache.glob("*.onnx")) and not list(cache.glob(".*"))


def test_a_damaged_graph_is_told(weights: Path, graph_engine: str) -> None:
    path = small_graph(weights).path
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(StageError, match=f"damaged: .*{path.name}.*; remove it to have it exported anew"):
        describe(made(weights, graph_engine), photo())


def test_a_graph_that_gives_other_descriptors_is_refused(weights: Path, graph_engine: str) -> None:
    true = small_graph(weights)
    wrong = replace(true, expected=[-one for one in true.expected])
    with pytest.raises(
        StageError, match=f"--engine {graph_engine}: .*cosine of -1.0.*less than 0.99999; use --engine torch"
    ):
        open_graph(wrong, Engine(graph_engine), "netvlad")


def test_an_engine_that_cannot_compute_the_drawn_photos_is_told(weights: Path, graph_engine: str) -> None:
    true = small_graph(weights)
    wrong = replace(true, drawn=[one[..., :2] for one in true.drawn])
    with pytest.raises(StageError, match=f"--engine {graph_engine} cannot compute netvlad .*; use --engine torch"):
        open_graph(wrong, Engine(graph_engine), "netvlad")


def test_drawn_photos_are_always_the_same_and_never_flat() -> None:
    assert np.array_equal(draw_photo(20, 33), draw_photo(20, 33))
    assert draw_photo(20, 33).shape == (1, 20, 33, 3) and draw_photo(20, 33).std() > 20


# -- less than fp32 ---------------------------------------------------------------------------------------------------


class Turned:
    """Descriptors of two numbers, turned by an angle that grows with each photo."""

    def __init__(self, *degrees: float) -> None:
        self.degrees = list(degrees)
        self.count = 0

    def describe(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.count += len(photos)
        angles = np.radians([self.degrees.pop(0) if self.degrees else 0.0 for _ in photos])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def compared(*degrees: float, precision: str = "bf16") -> Compared:
    return Compared(Turned(*degrees), Turned(), Engine("torch", precision), "netvlad")


NOTHING = np.zeros((1, 1, 1, 3), np.uint8)


def test_the_first_photos_are_described_in_fp32_too_and_then_no_more(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    run = compared(1, 2, 1, 0, 80)
    exact = run.exact
    for _ in range(5):
        run.describe(NOTHING)
    assert exact.count == 4 and run.exact is None
    assert "netvlad in bf16: cosine to fp32 0.9994 at least, on 4 photos" in caplog.text


def test_a_batch_is_compared_only_as_far_as_needed() -> None:
    run = compared(*[1.0] * 6)
    exact = run.exact
    run.describe(np.repeat(NOTHING, 6, axis=0))
    assert exact.count == 4 and run.exact is None


@pytest.mark.parametrize(("precision", "degrees"), [("bf16", 4), ("fp16", 4), ("int8", 19)])
def test_a_descriptor_too_unlike_fp32_ends_the_run(precision: str, degrees: float) -> None:
    run = compared(0, degrees, precision=precision)
    run.describe(NOTHING)
    with pytest.raises(StageError, match=f"--precision {precision}: .*less than 0.9.*; use --precision fp32"):
        run.describe(NOTHING)


def test_values_that_are_not_finite_end_the_run_too() -> None:
    with pytest.raises(StageError, match="cosine of nan"):
        compared(float("nan")).describe(NOTHING)


def test_the_least_cosine_is_that_of_the_worst_row() -> None:
    rows = np.eye(3)[:2]
    assert least_cosine(rows, rows) == 1
    assert least_cosine(rows, np.array([[1, 0, 0], [0, 0.6, 0.8]])) == pytest.approx(0.6)
    assert least_cosine(np.zeros((1, 3)), rows[:1]) == 0


def test_a_processor_without_bf16_instructions_is_told(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_network, "has_bf16", lambda _device: False)
    with pytest.raises(UsageError, match="--precision bf16: no bf16 instructions on this cpu; use --precision fp32"):
        made(weights, "torch", precision="bf16").settings()


def test_torch_computes_in_bf16_and_is_compared(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_network, "has_bf16", lambda _device: True)
    monkeypatch.setitem(runs.LEAST_COSINE, "bf16", 0.9)
    extractor = made(weights, "torch", precision="bf16")
    found = describe(extractor, photo())[0]
    full = describe(made(weights, "torch"), photo())[0]
    assert 0.9 < found @ full < 1 and not np.array_equal(found, full)
    assert len(extractor._loaded().run.cosines) == 1
    monkeypatch.setitem(runs.LEAST_COSINE, "bf16", 1.1)
    with pytest.raises(StageError, match="--precision bf16: a descriptor of netvlad agrees with fp32 only to"):
        describe(made(weights, "torch", precision="bf16"), photo())


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (np.zeros((1, 5), np.float32), r"netvlad gave an array of shape \(1, 5\) in place of \(1, 2\)"),
        (np.full((1, 2), np.nan, np.float32), "not finite; use --precision fp32"),
    ],
)
def test_descriptors_of_another_shape_or_not_finite_are_refused(found: NDArray[np.float32], message: str) -> None:
    class Gives:
        def describe(self, _photos: NDArray[np.uint8]) -> NDArray[np.float32]:
            return found

    with pytest.raises(StageError, match=message):
        CheckedShape(Gives(), "netvlad", "bf16", 2).describe(NOTHING)


# -- a whole run ------------------------------------------------------------------------------------------------------


def test_descriptors_of_two_engines_are_not_mixed(weights: Path, engine: str, tmp_path: Path) -> None:
    folder, outputs = tmp_path / "photos", tmp_path / "netvlad"
    folder.mkdir()
    for seed in range(2):
        draw_picture(seed, 64, 48).save(folder / f"{seed}.jpg")
    settings = ExtractSettings(folder, outputs, model="netvlad", weights=weights, device="cpu", num_workers=0)
    extract_features(replace(settings, engine=engine))
    stored = read_features(outputs / "global-feats-netvlad.h5")
    assert (stored.settings["engine"], stored.settings["precision"]) == (engine, "fp32")
    assert extract_features(replace(settings, engine=engine)).is_current
    with pytest.raises(UsageError, match=f"was made with --engine {engine}, this call has --engine torch"):
        extract_features(replace(settings, engine="torch"))
    extract_features(replace(settings, engine="torch", overwrite=True))
    anew = read_features(outputs / "global-feats-netvlad.h5")
    assert least_cosine(anew.descriptors, stored.descriptors) >= 0.99999
