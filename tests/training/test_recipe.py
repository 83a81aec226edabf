"""A whole training, from photos to a model that the extractor takes."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hloc.retrieval_measures import measure_retrieval
from storage.errors import UsageError
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
        "street.onnx", "recipe.json", "photos.csv", "curve.csv", "checkpoint.pt", "crops", ".lock"
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


@pytest.fixture
def adapting(recipe: Recipe) -> Recipe:
    """A recipe that begins with a student of this shape, and has no teacher."""
    from tests.training.test_export import some_whitening, used_student
    from training.export import export_student

    weights = recipe.output_dir.parent / "former.onnx"
    export_student(weights, used_student(TINY_STUDENT), some_whitening(6), 64, {})
    return replace(recipe, teacher=None, objective="both", initial=weights)


def test_without_a_teacher_pairs_of_crops_are_enough(recipe: Recipe) -> None:
    from training.recipe import train

    result = train(replace(recipe, teacher=None, objective="simclr"), measure_retrieval)
    assert 0 < result["mean_average_precision"] <= 1 and "before" not in result
    assert not (recipe.output_dir / "crops").exists()
    row = next(csv.DictReader((recipe.output_dir / "curve.csv").open()))
    assert float(row["contrastive_loss"]) > 0 and "cosine_loss" not in row


def test_a_teacher_and_pairs_of_crops_together(recipe: Recipe) -> None:
    from training.recipe import train

    train(replace(recipe, objective="both"), measure_retrieval)
    row = next(csv.DictReader((recipe.output_dir / "curve.csv").open()))
    assert float(row["contrastive_loss"]) > 0 and float(row["cosine_loss"]) > 0


def test_adapting_tells_how_the_student_measured_before(adapting: Recipe) -> None:
    from training.recipe import train

    result = train(adapting, measure_retrieval)
    assert set(result["before"]) == {"mean_average_precision", "precision_at_1", "true_pairs_in_top_10"}
    assert 0 < result["share_of_former_whitening"] <= 1
    written = json.loads((adapting.output_dir / "recipe.json").read_text())
    assert (
        written["teacher"] is None
        and len(written["initial"]) == 64
        and written["result"] == result | {"model": "street.onnx"}
    )


def test_what_was_adapted_can_be_adapted_again(adapting: Recipe) -> None:
    from training.recipe import train

    train(adapting, measure_retrieval)
    again = replace(adapting, initial=adapting.output_dir / "street.onnx", output_dir=adapting.output_dir / "again")
    assert Path(train(again, measure_retrieval)["model"]).is_file()


def test_a_copy_of_a_judged_photo_is_found_without_a_teacher(
    adapting: Recipe, caplog: pytest.LogCaptureFixture
) -> None:
    from training.recipe import train

    copy = (adapting.judge or Path()).parent / "photo_001.jpg"
    (adapting.images[0] / "copy.jpg").write_bytes(copy.read_bytes())
    train(replace(adapting, learning=replace(TINY_LEARNING, num_samples=16)), measure_retrieval)
    assert "1 photos are left out, being copies of judged ones: copy.jpg" in caplog.text


def test_nothing_but_copies_of_judged_photos_is_an_error(adapting: Recipe) -> None:
    from training.recipe import train

    assert adapting.judge is not None
    with pytest.raises(UsageError, match="holds nothing but copies of the photos of --judge"):
        train(replace(adapting, images=(adapting.judge.parent,)), measure_retrieval)


def test_weights_of_another_shape_are_refused(adapting: Recipe) -> None:
    from training.recipe import train

    other = replace(adapting, student=replace(TINY_STUDENT, dimension=7))
    with pytest.raises(UsageError, match=r"--initial .*former\.onnx: has another --dimension or --pooling"):
        train(other, measure_retrieval)


def test_pairs_of_photos_are_learnt_from(adapting: Recipe, caplog: pytest.LogCaptureFixture) -> None:
    from storage.formats.pairs import write_pairs
    from training.recipe import train

    caplog.set_level("INFO")
    path = adapting.output_dir.parent / "pairs.txt"
    write_pairs(path, [("photo_001.jpg", "photo_002.jpg", 0.9), ("photo_003.jpg", "photo_004.jpg", 0.1)], {})
    train(replace(adapting, positives=path, min_positive_score=0.5), measure_retrieval)
    assert "1 pairs join 2 of 12 photos" in caplog.text


def test_a_training_begun_with_other_pairs_is_not_gone_on_with(adapting: Recipe) -> None:
    from storage.formats.pairs import write_pairs
    from training.recipe import train

    train(adapting, measure_retrieval)
    path = adapting.output_dir.parent / "pairs.txt"
    write_pairs(path, [("photo_001.jpg", "photo_002.jpg", 0.9)], {})
    with pytest.raises(UsageError, match="of a training with other settings"):
        train(replace(adapting, positives=path), measure_retrieval)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objective": "distill"}, "--objective distill: needs a --teacher"),
        ({"objective": "both"}, "--objective both: needs a --teacher, or --initial"),
        ({"objective": "guess"}, "--objective guess: must be one of distill, simclr, both"),
    ],
)
def test_a_recipe_that_lacks_something_is_refused(changes: dict[str, str], message: str) -> None:
    from training.recipe import check_recipe

    with pytest.raises(UsageError, match=message):
        check_recipe(Recipe((Path("photos"),), Path("run"), **changes))  # type: ignore[arg-type]


def test_pairs_say_nothing_to_distillation(recipe: Recipe) -> None:
    from training.recipe import check_recipe

    with pytest.raises(UsageError, match="--positives: say nothing to --objective distill"):
        check_recipe(replace(recipe, positives=Path("pairs.txt")))


def test_two_trainings_share_a_pool(recipe: Recipe) -> None:
    from training.recipe import train

    pool_dir = recipe.output_dir.parent / "pool"
    train(replace(recipe, pool_dir=pool_dir), measure_retrieval)
    stamps = {path: path.stat().st_mtime_ns for path in pool_dir.iterdir()}
    train(replace(recipe, pool_dir=pool_dir, output_dir=pool_dir.parent / "second"), measure_retrieval)
    assert {path: path.stat().st_mtime_ns for path in pool_dir.iterdir()} == stamps and len(stamps) == 2


def test_scalars_are_written_where_asked_for(adapting: Recipe) -> None:
    pytest.importorskip("tensorboard")
    from training.recipe import train

    train(replace(adapting, tensorboard=True), measure_retrieval)
    assert list((adapting.output_dir / "tensorboard").iterdir())
