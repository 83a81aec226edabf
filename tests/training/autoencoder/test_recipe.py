"""A whole training of an autoencoder, from photos to a model that the extractor takes."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hloc.extractors.autoencoder import AutoencoderExtractor
from storage.errors import StageError, UsageError
from storage.photos import load_photo
from storage.pictures import letterboxed
from tests.drawn_photos import draw_photo, save_photos
from tests.hloc.stand_ins import drawn_state, put_state
from tests.training.autoencoder.conftest import TINY
from training.autoencoder.export import as_descriptor
from training.autoencoder.network import make_autoencoder
from training.autoencoder.recipe import train_autoencoder
from training.autoencoder.settings import AutoencoderRecipe
from training.checkpoints import read_checkpoint

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture
def recipe(tmp_path: Path) -> AutoencoderRecipe:
    """Photos of several sizes and aspects in two folders."""
    save_photos(tmp_path / "photos", 6)
    (tmp_path / "more").mkdir()
    for number, size in enumerate([(30, 70), (64, 64), (200, 90)]):
        draw_photo(20 + number, *size).save(tmp_path / "more" / f"photo_{number:03d}.png")
    folders = (tmp_path / "photos", tmp_path / "more")
    return AutoencoderRecipe(folders, tmp_path / "run", replace(TINY, epochs=2), num_threads=1)


def curve_of(recipe: AutoencoderRecipe) -> list[dict[str, str]]:
    return list(csv.DictReader((recipe.output_dir / "curve.csv").read_text().splitlines()))


def test_a_training_leaves_model_recipe_hashes_and_curve(recipe: AutoencoderRecipe) -> None:
    report = train_autoencoder(recipe)
    assert report.exit_code == 0
    assert report.counts["photos"] == 9 == report.counts["learnt_from"] + report.counts["validated_on"]
    folder = recipe.output_dir
    assert {path.name for path in folder.iterdir() if not path.name.startswith(".")} == {
        "autoencoder.onnx", "recipe.json", "photos.csv", "curve.csv", "checkpoint.pt", "reports"
    }  # fmt: skip
    written = json.loads((folder / "recipe.json").read_text())
    assert written["size"] == [32, 32] and written["seed"] == 3 and written["result"]["parameters"] == 785_347
    rows = list(csv.DictReader((folder / "photos.csv").read_text().splitlines()))
    assert [row["folder"] for row in rows] == ["photos"] * 6 + ["more"] * 3
    assert all(len(row["sha256"]) == 64 for row in rows)
    assert [row["epoch"] for row in curve_of(recipe)] == ["1", "2"]
    assert all(0 < float(row["validation_loss"]) < 1 for row in curve_of(recipe))
    assert (folder / "reports/train_autoencoder/report.json").is_file()


def test_names_of_files_are_legal_on_every_system(recipe: AutoencoderRecipe) -> None:
    train_autoencoder(recipe)
    names = [path.name for path in recipe.output_dir.rglob("*")]
    assert names and all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in names)


@pytest.mark.parametrize("size", [None, (64, 32)])
def test_the_extractor_gives_what_the_saved_network_gives(
    recipe: AutoencoderRecipe, size: tuple[int, int] | None
) -> None:
    recipe = replace(recipe, learning=replace(recipe.learning, size=size))
    train_autoencoder(recipe)
    network = make_autoencoder("small", seed=99)
    network.load_state_dict(read_checkpoint(recipe.output_dir / "checkpoint.pt")["best"])
    extractor = AutoencoderExtractor(recipe.output_dir / "autoencoder.onnx")
    width, height = size or (64, 64)
    assert extractor.dimension == 256 * (width // 32) * (height // 32)
    for path in sorted(recipe.images[1].iterdir()):
        photo = load_photo(path, extractor.max_side)
        pixels = torch.from_numpy(letterboxed(photo, width, height)[None])
        with torch.inference_mode():
            expected = as_descriptor(network)(pixels)[0].numpy()
        found = extractor.prepare(photo)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)


def test_a_second_call_changes_no_weight_and_writes_the_same(recipe: AutoencoderRecipe) -> None:
    train_autoencoder(recipe)
    watched = ["autoencoder.onnx", "photos.csv", "curve.csv", "recipe.json", "checkpoint.pt"]
    before = [(recipe.output_dir / name).read_bytes() for name in watched]
    train_autoencoder(recipe)
    assert [(recipe.output_dir / name).read_bytes() for name in watched] == before


def test_more_epochs_go_on_and_give_the_model_of_one_call(recipe: AutoencoderRecipe) -> None:
    recipe = replace(recipe, learning=replace(recipe.learning, epochs=1))
    longer = replace(recipe, learning=replace(recipe.learning, epochs=2))
    train_autoencoder(recipe)
    train_autoencoder(longer)
    at_once = replace(longer, output_dir=recipe.output_dir.with_name("at_once"))
    train_autoencoder(at_once)
    assert (recipe.output_dir / "autoencoder.onnx").read_bytes() == (
        at_once.output_dir / "autoencoder.onnx"
    ).read_bytes()
    assert [row["epoch"] for row in curve_of(recipe)] == ["1", "2"]
    seen = [[(row["training_loss"], row["validation_loss"]) for row in curve_of(one)] for one in (recipe, at_once)]
    assert seen[0] == seen[1]


def test_a_photo_that_cannot_be_decoded_is_named_and_left_out(recipe: AutoencoderRecipe) -> None:
    (recipe.images[0] / "broken.jpg").write_bytes(b"no photo")
    report = train_autoencoder(recipe)
    assert report.exit_code == 3 and [photo.name for photo in report.skipped] == ["broken.jpg"]
    assert report.counts["photos"] == 10 and report.counts["learnt_from"] + report.counts["validated_on"] == 9


def test_other_photos_in_the_same_folder_are_not_gone_on_with(recipe: AutoencoderRecipe) -> None:
    train_autoencoder(recipe)
    draw_photo(77).save(recipe.images[0] / "new.png")
    with pytest.raises(UsageError, match="of a training with other settings"):
        train_autoencoder(recipe)


def test_the_folder_of_another_tool_is_left_alone(recipe: AutoencoderRecipe) -> None:
    recipe.output_dir.mkdir()
    (recipe.output_dir / "curve.csv").write_text("samples,seconds\n1,2\n")
    with pytest.raises(UsageError, match=r"curve\.csv is of a training with another tool; give another --output_dir"):
        train_autoencoder(recipe)
    assert (recipe.output_dir / "curve.csv").read_text() == "samples,seconds\n1,2\n"


def test_a_single_photo_is_not_enough(recipe: AutoencoderRecipe, tmp_path: Path) -> None:
    save_photos(tmp_path / "one", 1)
    with pytest.raises(StageError, match="one photo cannot be both learnt from and validated on"):
        train_autoencoder(replace(recipe, images=(tmp_path / "one",)))


def test_a_wrong_call_writes_nothing(recipe: AutoencoderRecipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(UsageError, match="--size 30x32"):
        train_autoencoder(replace(recipe, learning=replace(recipe.learning, size=(30, 32))))
    with pytest.raises(UsageError, match="--device cuda: PyTorch finds 0 NVIDIA GPUs"):
        train_autoencoder(replace(recipe, device="cuda"))
    assert not recipe.output_dir.exists()


def test_scalars_are_read_by_tensorboard(recipe: AutoencoderRecipe) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train_autoencoder(replace(recipe, tensorboard=True))
    events: Any = EventAccumulator(str(recipe.output_dir / "tensorboard"))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"training_loss", "validation_loss", "learning_rate"}
    losses = [float(row["validation_loss"]) for row in curve_of(recipe)]
    assert [event.value for event in events.Scalars("validation_loss")] == pytest.approx(losses, rel=1e-4)
    assert [event.step for event in events.Scalars("validation_loss")] == [1, 2]


def test_a_training_by_what_vgg_sees(
    recipe: AutoencoderRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torchvision")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    put_state(tmp_path / "torch/hub", "vgg19", drawn_state("vgg19", 2.0, begin="features."))
    train_autoencoder(replace(recipe, learning=replace(recipe.learning, loss="perceptual")))
    first, second = (float(row["training_loss"]) for row in curve_of(recipe))
    assert 0 < second < first
    assert json.loads((recipe.output_dir / "recipe.json").read_text())["loss"].startswith("perceptual, vgg19 ")


def test_links_are_followed_only_where_it_is_asked_for(recipe: AutoencoderRecipe, tmp_path: Path) -> None:
    save_photos(tmp_path / "elsewhere", 2, first_seed=40)
    try:
        (recipe.images[0] / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    except OSError:
        pytest.skip("no symbolic links here")
    recipe = replace(recipe, learning=replace(recipe.learning, epochs=1))
    assert train_autoencoder(recipe).counts["photos"] == 9
    other = replace(recipe, follow_links=True, output_dir=tmp_path / "other")
    assert train_autoencoder(other).counts["photos"] == 11


def test_near_duplicates_find_one_another(shared_dir: Path, tmp_path: Path) -> None:
    """A few seconds of learning on half of the photos; copies of others, half as large, find their own."""
    import cv2

    originals = shared_dir / "photos" / "nearduplicates"
    names = sorted(path.name for path in originals.glob("*.jpg"))[:30]
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in names[:20]:
        (folder / name).write_bytes((originals / name).read_bytes())
    learning = replace(TINY, size=(64, 64), epochs=4, batch_size=8, learning_rate=1e-3)
    recipe = AutoencoderRecipe((folder,), tmp_path / "run", learning, num_threads=1)
    train_autoencoder(recipe)
    losses = [float(row["training_loss"]) for row in curve_of(recipe)]
    assert losses == sorted(losses, reverse=True)
    extractor = AutoencoderExtractor(tmp_path / "run/autoencoder.onnx")
    photos = [load_photo(originals / name) for name in names[20:]]
    whole = np.stack([extractor.prepare(photo) for photo in photos])
    halves = [cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for photo in photos]
    small = np.stack([extractor.prepare(np.asarray(half, np.uint8)) for half in halves])
    assert ((small @ whole.T).argmax(axis=1) == np.arange(len(photos))).all()
