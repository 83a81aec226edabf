"""A whole fine-tuning, and what its evaluation says of one that helps and of one that hurts."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from networks.simclr import PUBLISHED_SHAPES, SimclrShape
from stages.finetuning.evaluate import _Truth, evaluate_finetuning
from stages.finetuning.finetune import finetune
from stages.settings.finetuning import EvaluateFinetuningSettings
from storage.errors import StageError, UsageError
from tests.drawn_photos import save_photos
from tests.training.finetuning.conftest import TINY, save_buildings, tiny_recipe
from training.finetuning.settings import FinetuneRecipe
from training.photo_set import find_photos

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

FIELD = replace(TINY, epochs=12, batch_size=10, validation_share=0, projection=0)
# Learns that photos of one building differ in light: true of buildings that it has not seen, too.
HELPS = replace(
    FIELD, epochs=15, batch_size=60, learning_rate=5e-3, keep_norms=True, views=replace(TINY.views, jitter=0.0)
)


@pytest.fixture
def recipe(tmp_path: Path) -> FinetuneRecipe:
    save_buildings(tmp_path / "photos", 5, 4)
    made = tiny_recipe(tmp_path, FIELD)
    return replace(made, clusters=tmp_path / "photos/labels.csv", images=(tmp_path / "photos",))


@pytest.fixture(scope="module")
def helpful(tmp_path_factory: pytest.TempPathFactory) -> FinetuneRecipe:
    """A fine-tuning on thirty buildings, carried out."""
    folder = tmp_path_factory.mktemp("helpful")
    save_buildings(folder / "photos", 30, 3)
    made = replace(tiny_recipe(folder, HELPS), clusters=folder / "photos/labels.csv", save_every=15)
    report = finetune(made)
    assert report is not None and report.exit_code == 0 and report.counts["learnt_from"] == 90
    return made


def judged_on(tmp_path: Path, *checkpoints: Path) -> EvaluateFinetuningSettings:
    """Judge on twelve other buildings."""
    if not (tmp_path / "others").exists():
        save_buildings(tmp_path / "others", 12, 4, seed=50)
    truth = tmp_path / "others/labels.csv"
    return EvaluateFinetuningSettings(
        checkpoints, tmp_path / "others", truth, output_dir=tmp_path / "judged", num_resamples=400, num_threads=1
    )


def test_a_fine_tuning_that_helps_is_called_better_on_buildings_it_has_not_seen(
    helpful: FinetuneRecipe, tmp_path: Path
) -> None:
    told = evaluate_finetuning(judged_on(tmp_path, helpful.output_dir / "checkpoints/epoch-0015.pt"))
    assert told.notes[0].startswith("epoch-0015.pt is better than the start: mean average precision 0."), told.notes
    rows = list(csv.DictReader((tmp_path / "judged/evaluation.csv").read_text().splitlines()))
    assert [row["name"] for row in rows] == ["start", "epoch-0015.pt"]
    start, tuned = (float(row["mean_average_precision"]) for row in rows)
    assert float(rows[1]["gain"]) == pytest.approx(tuned - start) and rows[1]["verdict"] == "better"
    assert float(rows[1]["gain_low"]) > 0 and rows[0]["gain"] == ""


def test_a_fine_tuning_that_hurts_is_called_worse(helpful: FinetuneRecipe, tmp_path: Path) -> None:
    # Groups that are wrong: each holds photos of three buildings, and photos of one building are told apart.
    names = sorted(path.name for path in helpful.images[0].glob("*.png"))
    lines = [f"{name},mixed {number % 30}" for number, name in enumerate(names)]
    (tmp_path / "wrong.csv").write_text("\n".join(["path,building", *lines]))
    wrong = replace(
        helpful, output_dir=tmp_path / "worse", weights=helpful.output_dir / "checkpoints/epoch-0015.pt",
        clusters=tmp_path / "wrong.csv", learning=replace(HELPS, learning_rate=1e-2),
    )  # fmt: skip
    finetune(wrong)
    told = evaluate_finetuning(judged_on(tmp_path, tmp_path / "worse/checkpoints/epoch-0015.pt"))
    assert told.notes[0].startswith("epoch-0015.pt is worse than the start, keep the start: "), told.notes
    written = json.loads((tmp_path / "judged/evaluation.json").read_text())
    assert written["networks"][1]["verdict"] == "worse" and written["networks"][1]["gain_high"] < 0
    assert written["sentences"] == told.notes[:1]


@pytest.mark.parametrize("whiten", [False, True])
def test_the_exported_network_is_what_the_extractor_takes_and_is_judged_like_its_checkpoint(
    recipe: FinetuneRecipe, tmp_path: Path, whiten: bool
) -> None:
    from hloc.extractors import create_extractor
    from hloc.extractors.base import ExtractorOptions

    short = replace(recipe, learning=replace(FIELD, epochs=1), whiten=whiten)
    finetune(short)
    model = f"onnx:{short.output_dir / 'finetuned.onnx'}"
    extractor = create_extractor(model, ExtractorOptions(model=model, device="cpu"))
    photo = np.random.default_rng(0).integers(0, 256, (60, 40, 3)).astype(np.uint8)
    vector = extractor.describe([extractor.prepare(photo)])
    assert vector.shape == (1, 32) and np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert extractor.prepare(photo).shape == (48, 32, 3)
    if not whiten:
        pair = judged_on(tmp_path, short.output_dir / "finetuned.onnx", short.output_dir / "checkpoints/epoch-0001.pt")
        start = short.output_dir / "checkpoints/epoch-0000.pt"
        evaluate_finetuning(replace(pair, start=start, input_side=48))
        _, exported, kept = json.loads((tmp_path / "judged/evaluation.json").read_text())["networks"]
        assert exported["mean_average_precision"] == pytest.approx(kept["mean_average_precision"], abs=1e-6)


def test_a_network_of_simclr_learns_and_its_file_is_what_its_own_model_takes(
    recipe: FinetuneRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hloc.extractors import create_extractor
    from hloc.extractors.base import ExtractorOptions
    from training.checkpoints import read_checkpoint
    from training.finetuning.networks import read_encoder

    model = "simclrv2-r50-1x-sk1"
    monkeypatch.setitem(PUBLISHED_SHAPES, model, SimclrShape((1, 1, 1, 1), width=1 / 16, selective=True))
    learning = replace(FIELD, epochs=1, batch_size=4, keep_norms=True)
    report = finetune(replace(recipe, model=model, learning=learning))
    assert report is not None and f"--model {model} --weights" in " ".join(report.notes)
    written = recipe.output_dir / "finetuned.pt"
    assert written.is_file() and not (recipe.output_dir / "finetuned.onnx").exists()
    start, end = (read_checkpoint(recipe.output_dir / f"checkpoints/epoch-000{n}.pt")["encoder"] for n in (0, 1))
    name = next(name for name, value in start.items() if value.ndim == 4)
    assert not torch.equal(start[name], end[name])  # gradients reach the first convolution
    extractor = create_extractor(model, ExtractorOptions(model=model, weights=written, device="cpu", engine="torch"))
    photo = np.random.default_rng(0).integers(0, 256, (256, 300, 3)).astype(np.uint8)
    prepared = extractor.prepare(photo)
    found = extractor.describe([prepared])[0]
    _, encoder = read_encoder(recipe.output_dir / "checkpoints/epoch-0001.pt")
    with torch.inference_mode():
        values = torch.from_numpy(prepared.astype(np.float32) / 255).permute(2, 0, 1)[None]
        wanted = encoder.module(values)[0].numpy()
    assert np.allclose(found / np.linalg.norm(found), wanted / np.linalg.norm(wanted), atol=1e-4)


def test_a_network_of_simclr_takes_no_whitening(recipe: FinetuneRecipe) -> None:
    with pytest.raises(UsageError, match="--whiten: the weight file of --model simclrv2-r50-1x-sk0 has no place"):
        finetune(replace(recipe, model="simclrv2-r50-1x-sk0", whiten=True))


def test_what_is_written_is_complete(recipe: FinetuneRecipe, tmp_path: Path) -> None:
    finetune(replace(recipe, learning=replace(FIELD, epochs=2, validation_share=0.4, batch_size=4)))
    found = {path.name for path in recipe.output_dir.iterdir() if not path.name.startswith(".")}
    assert found == {
        "checkpoints", "curve.csv", "finetuned.onnx", "finetuned.onnx.json", "photos.csv", "recipe.json", "reports"
    }  # fmt: skip
    curve = list(csv.DictReader((recipe.output_dir / "curve.csv").read_text().splitlines()))
    assert [row["epoch"] for row in curve] == ["1", "2"] and all(float(row["validation_loss"]) > 0 for row in curve)
    evaluate_finetuning(judged_on(tmp_path, recipe.output_dir / "checkpoints/epoch-0002.pt"))
    found = {path.name for path in (tmp_path / "judged").iterdir()}
    assert found >= {"evaluation.csv", "evaluation.json", "buildings.csv", "reports"}
    rows = list(csv.DictReader((tmp_path / "judged/buildings.csv").read_text().splitlines()))
    assert len(rows) == 24 and rows[0]["building"] == "house 0" and float(rows[0]["diameter"]) > 0


def test_verified_pairs_are_positives_too(recipe: FinetuneRecipe, tmp_path: Path) -> None:
    lines = ["b0_0.png\tb0_1.png\t0.99", "b1_0.png\tb1_1.png\t0.95", "b2_0.png\tb3_0.png\t0.3"]
    (tmp_path / "pairs.txt").write_text("\n".join(lines) + "\n")
    once = replace(recipe, clusters=None, pairs_file=tmp_path / "pairs.txt", learning=replace(FIELD, epochs=1))
    assert finetune(once) is not None
    with pytest.raises(StageError, match="--pairs_file .* none of its 3 pairs joins two"):
        finetune(replace(once, min_positive_score=1.0, output_dir=tmp_path / "none"))


def test_clusters_that_name_no_photo_are_one_line(recipe: FinetuneRecipe, tmp_path: Path) -> None:
    (tmp_path / "clusters.json").write_text('{"0": ["x.jpg", "y.jpg"], "-1": ["b0_0.png"]}')
    with pytest.raises(StageError, match="--clusters .*: no two of the 20 photos learnt from are in one group"):
        finetune(replace(recipe, clusters=tmp_path / "clusters.json"))


def test_a_start_that_is_not_there_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--start: .*epoch-0000.pt is not there"):
        evaluate_finetuning(judged_on(tmp_path, tmp_path / "epoch-0004.pt"))


def test_truth_without_partners_is_one_line(tmp_path: Path) -> None:
    settings = judged_on(tmp_path, tmp_path / "epoch-0004.pt")
    (tmp_path / "alone.csv").write_text("path,building\nb0_0.png,single\nb1_0.png,single\n")
    with pytest.raises(StageError, match="no two of the 2 photos show one building"):
        evaluate_finetuning(replace(settings, truth=tmp_path / "alone.csv", start=tmp_path / "s.pt"))
    (tmp_path / "none.csv").write_text("path,building\nnowhere.png,a\n")
    with pytest.raises(StageError, match="none of the photos of .* is in .*none.csv"):
        evaluate_finetuning(replace(settings, truth=tmp_path / "none.csv", start=tmp_path / "s.pt"))


def test_a_photo_that_is_damaged_meanwhile_ends_the_judging_in_one_line(tmp_path: Path) -> None:
    names = save_photos(tmp_path / "photos", 2)
    truth = _Truth(find_photos([tmp_path / "photos"]), np.zeros(2, np.int64), ["house"], [])
    assert len(truth.photos(32)) == 2
    (tmp_path / "photos" / names[1]).write_bytes(b"cut")
    with pytest.raises(StageError, match=f"{names[1]} could be read before, and now .*; run again"):
        truth.photos(48)
