"""Segment Anything by its makers' packages: their own architecture, with weights drawn at random.

Run with segment-anything 1.0 and sam2 1.1.0; a package that is not installed has its tests skipped.
"""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segmentation.method_parameters import SamParameters
from segmentation.sam import SamBox, SamPoint, SamSegmenter, SamState, start_prompts
from segmentation.sam_models import load_generator, load_predictor
from storage.errors import UsageError
from tests.drawn_segments import draw_facade

pytestmark = pytest.mark.slow  # every photo is brought to 1024 pixels

PHOTO = draw_facade(96, 64).photo
PACKAGES = ("segment_anything", "sam2")


def made_sure(decoder: Any) -> None:
    """Let a decoder expect an IoU near 1 of every mask, and give masks that no threshold changes."""
    import torch

    with torch.no_grad():
        decoder.iou_prediction_head.layers[-1].weight.zero_()
        decoder.iou_prediction_head.layers[-1].bias.fill_(8.0)
        for network in decoder.output_hypernetworks_mlps:
            network.layers[-1].weight.mul_(1e4)


def first_checkpoint(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a checkpoint of segment-anything, of a narrow and shallow encoder that takes the place of vit_b."""
    import torch
    from segment_anything import build_sam, sam_model_registry

    sizes = {"encoder_embed_dim": 32, "encoder_depth": 2, "encoder_num_heads": 2, "encoder_global_attn_indexes": [1]}
    build = partial(build_sam.__globals__["_build_sam"], **sizes)
    monkeypatch.setitem(sam_model_registry, "vit_b", build)
    network = build()
    made_sure(network.mask_decoder)
    torch.save(network.state_dict(), folder / "sam_vit_b_drawn.pth")
    return folder / "sam_vit_b_drawn.pth"


def second_checkpoint(folder: Path) -> Path:
    """Give a checkpoint of sam2, of its smallest network."""
    import torch
    from sam2.build_sam import build_sam2

    network = build_sam2("configs/sam2.1/sam2.1_hiera_t.yaml", None, device="cpu")
    made_sure(network.sam_mask_decoder)
    torch.save({"model": network.state_dict()}, folder / "sam2.1_hiera_tiny_drawn.pt")
    return folder / "sam2.1_hiera_tiny_drawn.pt"


@pytest.fixture(params=PACKAGES)
def parameters(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SamParameters:
    pytest.importorskip(request.param, reason=f"needs the package {request.param}, which is not required")
    import torch

    torch.manual_seed(0)
    is_first = request.param == "segment_anything"
    path = first_checkpoint(tmp_path, monkeypatch) if is_first else second_checkpoint(tmp_path)
    return SamParameters(checkpoint=path, points_per_side=2)


def test_points_and_boxes_give_the_masks_that_the_package_gives(
    parameters: SamParameters, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        state = start_prompts(PHOTO, parameters)
        state.add(SamBox(80, 50, 10, 5))
        state.add(SamPoint(40, 20))
        state.add(SamPoint(12, 45, is_foreground=False))
        found = state.predict()
    masks, scores, _ = state.predictor.predict(
        np.array([[40, 20], [12, 45]]), np.array([1, 0]), np.array([10, 5, 80, 50])
    )
    assert found.dtype == bool and found.shape == PHOTO.shape[:2] and 0 < found.mean() < 1
    assert len(masks) == 3 and (found == (masks[int(np.argmax(scores))] > 0)).all()
    labels = state.labels()
    assert labels.shape == found.shape and labels.min() == 1
    assert not caplog.records


def test_points_alone_are_taken_and_a_photo_of_another_size_after_it(parameters: SamParameters) -> None:
    predictor = load_predictor(parameters)
    for photo in (PHOTO, PHOTO[:40, :90], PHOTO[:1, :1]):
        state = SamState(photo, predictor)
        state.add(SamPoint(0, 0))
        assert state.predict().shape == photo.shape[:2]


def test_a_photo_is_segmented_by_all_masks_that_the_package_finds(parameters: SamParameters) -> None:
    photo = PHOTO.copy()
    photo.setflags(write=False)
    found = load_generator(parameters).generate(PHOTO)
    labels = SamSegmenter(parameters).segment(photo)
    assert found and labels.shape == photo.shape[:2]
    covered = np.logical_or.reduce([each["segmentation"] for each in found])
    smallest = min(found, key=lambda each: int(np.count_nonzero(each["segmentation"])))["segmentation"]
    assert np.unique(labels[smallest]).size == 1 and np.unique(labels).tolist() == list(range(1, labels.max() + 1))
    assert not set(np.unique(labels[covered])) & set(np.unique(labels[~covered]))


def test_a_photo_one_pixel_high_is_taken(parameters: SamParameters) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (1, 20_000, 3), dtype=np.uint8)
    assert SamSegmenter(parameters).segment(photo).shape == (1, 20_000)


def test_weights_of_another_network_are_refused_in_one_line(
    parameters: SamParameters, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import torch

    assert parameters.checkpoint is not None
    other = tmp_path / f"{parameters.checkpoint.stem}_other{parameters.checkpoint.suffix}"
    torch.save({"model": {"weight": torch.zeros(2)}}, other)
    with pytest.raises(UsageError, match="its weights are those of another network") as refused:
        load_predictor(SamParameters(checkpoint=other))
    assert "\n" not in str(refused.value) and not caplog.records


def test_a_file_without_weights_is_refused_in_one_line(parameters: SamParameters) -> None:
    assert parameters.checkpoint is not None
    parameters.checkpoint.write_bytes(b"no weights")
    with pytest.raises(UsageError, match="cannot be loaded as") as refused:
        load_generator(parameters)
    assert "\n" not in str(refused.value)
