"""The descriptor that the project trained itself."""

from __future__ import annotations

import csv
import hashlib
import json
import pickle
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hloc.extractors.base import ExtractorOptions
from hloc.retrieval_measures import measure_retrieval
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.labels import SINGLE_LABEL, read_labels
from storage.photos import load_photo
from tests.conftest import ROOT
from tests.drawn_photos import draw_photo

pytest.importorskip("onnxruntime")
from hloc.extractors.street import WEIGHTS, StreetExtractor, create  # noqa: E402


def photo(seed: int = 0, width: int = 90, height: int = 60) -> NDArray[np.uint8]:
    return np.asarray(draw_photo(seed, width, height))


@pytest.fixture
def small_model(tmp_path: Path) -> Path:
    """A network of this kind: the mean colour, turned into a unit vector of 3."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("Cast", ["pixels"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Slice", ["numbers", "start", "end", "axis"], ["left"]),
        helper.make_node("ReduceMean", ["left"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("LpNormalization", ["mean"], ["descriptors"], axis=1, p=2),
    ]
    # only the left half is looked at, so that the side matters
    numbers = [numpy_helper.from_array(np.array([v]), n) for n, v in [("start", 0), ("end", 16), ("axis", 2)]]
    ends = [
        helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["B", "H", "W", 3]),
        helper.make_tensor_value_info("descriptors", TensorProto.FLOAT, ["B", 3]),
    ]
    graph = helper.make_graph(nodes, "small", ends[:1], ends[1:], numbers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 10
    entry = model.metadata_props.add()
    entry.key, entry.value = "descriptor", '{"input_side": 32}'
    onnx.checker.check_model(model)
    path = tmp_path / "small.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_the_side_of_the_picture_comes_from_the_file(small_model: Path) -> None:
    extractor = StreetExtractor(weights=small_model)
    assert extractor.input_side == 32 and extractor.max_side == 64 and extractor.dimension == 3


def test_a_descriptor_is_what_the_network_says_of_the_picture(small_model: Path) -> None:
    # the small network gives the mean colour of the columns up to the 16th, and 90 x 60 pixels are seen as 32 x 32
    left = cv2.resize(photo(), (32, 32), interpolation=cv2.INTER_AREA)[:, :16].mean(axis=(0, 1))
    found = StreetExtractor(weights=small_model).prepare(photo())
    np.testing.assert_allclose(found, left / np.linalg.norm(left), atol=1e-5)
    assert found.dtype == np.float32


def test_a_worker_computes_what_the_main_process_does(small_model: Path) -> None:
    extractor = StreetExtractor(weights=small_model)
    copy = pickle.loads(pickle.dumps(extractor))
    assert np.array_equal(copy.prepare(photo()), extractor.prepare(photo()))


def test_describe_gives_the_prepared_vectors(small_model: Path) -> None:
    extractor = StreetExtractor(weights=small_model)
    prepared = [extractor.prepare(photo(seed)) for seed in (1, 2)]
    assert np.array_equal(extractor.describe(prepared), np.stack(prepared))


def test_settings_tell_files_and_sizes_apart(small_model: Path) -> None:
    first = StreetExtractor(weights=small_model).settings()
    assert first["model"] == "street" and len(first["weights_sha256"]) == 64
    assert StreetExtractor(weights=small_model, input_side=64).settings() != first


def test_a_file_that_changes_while_it_is_in_use_is_noticed(small_model: Path) -> None:
    copy = pickle.loads(pickle.dumps(StreetExtractor(weights=small_model)))
    small_model.write_bytes(small_model.read_bytes() + b"\0")
    with pytest.raises(StageError, match="changed while it was in use"):
        copy.prepare(photo())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"none\.onnx is missing"):
        StreetExtractor(weights=tmp_path / "none.onnx")


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("not a network")
    with pytest.raises(DamagedFileError, match=r"text\.onnx is no ONNX network"):
        StreetExtractor(weights=tmp_path / "text.onnx")


def test_a_network_of_another_kind_is_refused(small_model: Path) -> None:
    import onnx

    model = onnx.load(str(small_model))
    del model.metadata_props[:]
    small_model.write_bytes(model.SerializeToString())
    with pytest.raises(DamagedFileError, match="is no descriptor of"):
        StreetExtractor(weights=small_model)


def test_a_picture_too_small_for_the_network_is_refused(small_model: Path) -> None:
    with pytest.raises(UsageError, match="--resize_max 31: must be at least 32 pixels"):
        create(ExtractorOptions(weights=small_model, resize_max=31))


def test_another_device_is_refused(small_model: Path) -> None:
    with pytest.raises(UsageError, match="--device cuda: street computes on the processor"):
        create(ExtractorOptions(weights=small_model, device="cuda"))


def test_no_torch_is_loaded(small_model: Path) -> None:
    code = (
        "import sys, numpy; from pathlib import Path; from hloc.extractors.street import StreetExtractor; "
        f"StreetExtractor(weights=Path({str(small_model)!r})).prepare(numpy.zeros((8, 8, 3), numpy.uint8)); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0


def test_without_a_file_the_network_that_ships_is_taken() -> None:
    extractor = create(ExtractorOptions())
    assert extractor.weights.name == "street.onnx" and extractor.dimension == 384
    assert extractor.weights.stat().st_size <= 8_000_000


def test_the_network_that_ships_is_the_one_of_its_recipe() -> None:
    recipe = json.loads((WEIGHTS.parent / "recipe.json").read_text(encoding="utf-8"))
    assert recipe["result"]["sha256"] == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    with (WEIGHTS.parent / "photos.csv").open(newline="", encoding="utf-8") as lines:
        photos = list(csv.DictReader(lines))
    assert len(photos) == recipe["result"]["photos"]
    assert all(len(photo["sha256"]) == 64 for photo in photos)


def test_it_finds_the_photos_of_a_building(shared_dir: Path) -> None:
    folder = shared_dir / "photos" / "buildings"
    label_of = {name: label for name, label in read_labels(folder / "labels.csv").items() if label != SINGLE_LABEL}
    names = sorted(label_of)[::2]
    extractor = create(ExtractorOptions())
    vectors = np.stack([extractor.prepare(load_photo(folder / name, extractor.max_side)) for name in names])
    found = measure_retrieval(vectors, np.array([label_of[name] for name in names]))
    assert found.mean_average_precision > 0.7
