"""A whole training, from photos to a model that the extractor takes."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hloc.retrieval_measures import measure_retrieval
from tests.drawn_photos import save_photos
from tests.training.conftest import TINY_LEARNING, TINY_POOL, TINY_STUDENT
from training.settings import Recipe

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def write_teacher(path: Path) -> None:
    """An ONNX teacher: 12 random filters of 16 x 16 pixels, then a ReLU."""
    from onnx import TensorProto, helper, numpy_helper

    filters = np.random.default_rng(0).normal(size=(12, 3, 16, 16)).astype(np.float32) / 16
    nodes = [
        helper.make_node("Conv", ["picture", "filters"], ["map"], strides=[16, 16]),
        helper.make_node("Relu", ["map"], ["answer"]),
    ]
    ends = [
        helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["B", 3, 64, 64]),
        helper.make_tensor_value_info("answer", TensorProto.FLOAT, ["B", 12, 4, 4]),
    ]
    graph = helper.make_graph(nodes, "teacher", ends[:1], ends[1:], [numpy_helper.from_array(filters, "filters")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 10
    path.write_bytes(model.SerializeToString())


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    save_photos(tmp_path / "photos", 12)
    save_photos(tmp_path / "judged", 4, first_seed=50)
    (tmp_path / "judged/labels.csv").write_text(
        "path,building\n" + "".join(f"photo_{number:03d}.jpg,house_{number // 2}\n" for number in range(4))
    )
    write_teacher(tmp_path / "teacher.onnx")
    return Recipe(
        images=(tmp_path / "photos",),
        teacher=tmp_path / "teacher.onnx",
        output_dir=tmp_path / "run",
        judge=tmp_path / "judged/labels.csv",
        input_side=64,
        num_threads=1,
        student=TINY_STUDENT,
        pool=TINY_POOL,
        learning=TINY_LEARNING,
    )


def test_a_training_leaves_model_recipe_hashes_and_curve(recipe: Recipe) -> None:
    from training.recipe import train

    result = train(recipe, measure_retrieval)
    folder = recipe.output_dir
    assert 0 < result["mean_average_precision"] <= 1
    assert {path.name for path in folder.iterdir()} == {
        "street.onnx", "recipe.json", "photos.csv", "curve.csv", "checkpoint.pt", "crops"
    }  # fmt: skip
    written = json.loads((folder / "recipe.json").read_text())
    assert written["learning"]["num_samples"] == 160 and written["teacher"].startswith("onnx ")
    rows = list(csv.DictReader((folder / "photos.csv").open()))
    assert 0 < len(rows) == result["photos"] and all(len(row["sha256"]) == 64 for row in rows)
    curve = list(csv.DictReader((folder / "curve.csv").open()))
    assert [row["samples"] for row in curve] == ["160"]


def test_a_second_call_changes_no_file(recipe: Recipe) -> None:
    from training.recipe import train

    train(recipe, measure_retrieval)
    watched = ["street.onnx", "photos.csv", "curve.csv"]
    before = [(recipe.output_dir / name).read_bytes() for name in watched]
    train(recipe, measure_retrieval)
    assert [(recipe.output_dir / name).read_bytes() for name in watched] == before


def test_the_extractor_takes_the_model(recipe: Recipe) -> None:
    from hloc.extractors.street import StreetExtractor
    from training.recipe import train

    train(recipe, measure_retrieval)
    extractor = StreetExtractor(weights=recipe.output_dir / "street.onnx")
    vector = extractor.prepare(np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8))
    assert vector.shape == (extractor.dimension,) == (6,) and np.linalg.norm(vector) == pytest.approx(1)


def test_a_copy_of_a_judged_photo_is_not_learnt_from(recipe: Recipe, caplog: pytest.LogCaptureFixture) -> None:
    from training.recipe import train

    copy = (recipe.judge or Path()).parent / "photo_001.jpg"
    (recipe.images[0] / "copy.jpg").write_bytes(copy.read_bytes())
    train(replace(recipe, learning=replace(TINY_LEARNING, num_samples=16)), measure_retrieval)
    names = [row["path"] for row in csv.DictReader((recipe.output_dir / "photos.csv").open())]
    assert "copy.jpg" not in names
    assert "being copies of judged ones" in caplog.text and "copy.jpg" in caplog.text


def test_without_a_jury_the_curve_has_losses_only(recipe: Recipe) -> None:
    from training.recipe import train

    result = train(replace(recipe, judge=None), measure_retrieval)
    assert "mean_average_precision" not in result
    row = next(csv.DictReader((recipe.output_dir / "curve.csv").open()))
    assert float(row["cosine_loss"]) > 0 and row["mean_average_precision"] == ""
