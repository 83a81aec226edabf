"""Where SimCLR's checkpoints are published and where they are kept."""

from __future__ import annotations

import pytest

from networks.simclr import PUBLISHED_SHAPES, make_encoder, make_head
from storage.model_files import MODEL_FILES
from storage.simclr_files import CATEGORIES, MEGABYTES, STEPS, default_category, published_checkpoint

BUCKET = "https://storage.googleapis.com/simclr-checkpoints"


@pytest.mark.parametrize(
    ("model", "category", "folder", "step"),
    [
        ("simclrv2-r50-2x-sk1", None, "simclrv2/pretrained/r50_2x_sk1", 250228),
        ("simclrv2-r152-3x-sk1", "finetuned_100pct", "simclrv2/finetuned_100pct/r152_3x_sk1", 37535),
        ("simclrv2-r50-1x-sk0", "finetuned_10pct", "simclrv2/finetuned_10pct/r50_1x_sk0", 3754),
        ("simclrv2-r101-1x-sk0", "finetuned_1pct", "simclrv2/finetuned_1pct/r101_1x_sk0", 751),
        ("simclrv2-r101-2x-sk1", "supervised", "simclrv2/supervised/r101_2x_sk1", 28151),
        ("simclrv1-r50-1x", None, "simclrv1/pretrain/1x", 225206),
        ("simclrv1-r50-4x", "finetune_10pct", "simclrv1/finetune_10pct/4x", 470),
        ("simclrv1-r50-2x", "finetune_100pct", "simclrv1/finetune_100pct/2x", 18768),
    ],
)
def test_each_checkpoint_has_its_folder_and_step(model: str, category: str | None, folder: str, step: int) -> None:
    checkpoint = published_checkpoint(model, category)
    assert checkpoint.url == f"{BUCKET}/{folder}"
    assert checkpoint.needed_files == (f"model.ckpt-{step}.index", f"model.ckpt-{step}.data-00000-of-00001")
    others = {f"model.ckpt-{step}.meta", "graph.pbtxt", "checkpoint"}
    assert set(checkpoint.all_files) == {*checkpoint.needed_files, *others}


def test_every_model_has_an_entry_and_every_entry_a_network() -> None:
    assert list(MEGABYTES) == list(PUBLISHED_SHAPES)
    for model in MEGABYTES:
        checkpoint = published_checkpoint(model)
        assert MODEL_FILES[model].place == checkpoint.converted_place()
        assert MODEL_FILES[model].url == f"{checkpoint.url}/{checkpoint.needed_files[1]}"


@pytest.mark.parametrize("model", MEGABYTES)
def test_the_size_of_the_converted_file_is_that_of_its_numbers(model: str) -> None:
    torch = pytest.importorskip("torch")
    shape = PUBLISHED_SHAPES[model]
    with torch.device("meta"):
        modules = [make_encoder(shape)] + ([make_head(shape.dimension)] if "v2" in model else [])
    numbers = sum(value.numel() for module in modules for value in module.state_dict().values())
    assert MEGABYTES[model] == pytest.approx((numbers + 1000 * (shape.dimension + 1)) * 4e-6, rel=0.01)


def test_what_is_made_of_a_checkpoint_has_a_name_of_its_own() -> None:
    names = [
        published_checkpoint(model, category).converted_place(is_raw, exact)
        for model in MEGABYTES
        for category in STEPS[published_checkpoint(model).version]
        for is_raw in ((False, True) if "v2" in model else (False,))
        for exact in (True, False)
    ]
    assert len(set(names)) == len(names) == 3 * 3 * 2 + 13 * 5 * 4
    assert "simclr/simclrv2-r50-2x-sk1-pretrained-raw-symmetric.pth" in names


@pytest.mark.parametrize(("model", "category"), [("simclrv2-r50-2x-sk1", "pretrain"), ("simclrv2-r200-2x-sk1", None)])
def test_what_is_not_published_is_not_known(model: str, category: str | None) -> None:
    with pytest.raises(KeyError):
        published_checkpoint(model, category)


def test_descriptors_come_from_what_was_trained_without_labels() -> None:
    assert default_category("simclrv1-r50-1x") == "pretrain" and default_category("simclrv2-r50-1x-sk0") == "pretrained"
    assert len(CATEGORIES) == 8
