"""Checkpoints of TensorFlow become weights of PyTorch that compute the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from networks.simclr import SimclrShape, make_encoder
from networks.simclr_conversion import check_descriptors, convert_checkpoint
from networks.simclr_weights import SimclrWeights, filled_encoder, filled_head
from storage.errors import DamagedFileError
from storage.formats.tf_checkpoint import TensorflowCheckpoint, open_tf_checkpoint
from tests.networks.tiny_simclr import TINY, drawn, drawn_head, put_checkpoint, variables_of

torch = pytest.importorskip("torch", reason="these networks need PyTorch")

ARCHIVE = Path("tests") / "archives" / "simclr-tensorflow"


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    return put_checkpoint(folder / "model.ckpt-7", drawn(1), drawn(2), drawn_head(3))


def converted(prefix: Path, **options: Any) -> SimclrWeights:
    return convert_checkpoint(open_tf_checkpoint(prefix), TINY, **{"is_averaged": True} | options)


def same(state: Any, module: Any) -> bool:
    wanted = module.state_dict()
    return list(state) == list(wanted) and all(torch.equal(state[name], wanted[name]) for name in wanted)


# -- what TensorFlow itself computes ----------------------------------------------------------------------------------


def archived(root_dir: Path) -> tuple[TensorflowCheckpoint, SimclrShape, list[dict[str, Any]]]:
    told = json.loads((root_dir / ARCHIVE / "expected.json").read_text(encoding="utf-8"))
    shape = SimclrShape(tuple(told["shape"]["blocks"]), told["shape"]["width"], told["shape"]["selective"])
    return open_tf_checkpoint(root_dir / ARCHIVE / "model.ckpt-12"), shape, told["expected"]


@pytest.mark.parametrize("weights", ["raw", "ema"])
def test_descriptors_are_those_that_tensorflow_computes(root_dir: Path, weights: str) -> None:
    checkpoint, shape, expected = archived(root_dir)
    found = convert_checkpoint(checkpoint, shape, is_averaged=weights == "ema")
    encoder, head = filled_encoder(shape, found).eval(), filled_head(shape, found)
    assert head is not None
    sizes = [entry for entry in expected if entry["weights"] == weights]
    assert len(sizes) == 3  # even, odd, and mixed sides
    for entry in sizes:
        pixels = np.random.default_rng(sum(entry["size"])).random((2, *entry["size"], 3), np.float32)
        with torch.inference_mode():
            features = encoder(torch.from_numpy(pixels).permute(0, 3, 1, 2))
            projected = head.eval()(features)
        np.testing.assert_allclose(features, entry["features"], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(projected, entry["projected"], rtol=1e-5, atol=1e-5)


def test_the_usual_padding_of_pytorch_computes_something_else(root_dir: Path) -> None:
    checkpoint, shape, expected = archived(root_dir)
    encoder = filled_encoder(
        shape, convert_checkpoint(checkpoint, shape, is_averaged=False, exact_padding=False)
    ).eval()
    entry = next(entry for entry in expected if entry["weights"] == "raw" and entry["size"] == [64, 64])
    pixels = np.random.default_rng(128).random((2, 64, 64, 3), np.float32)
    with torch.inference_mode():
        features = encoder(torch.from_numpy(pixels).permute(0, 3, 1, 2)).numpy()
    assert 1e-3 < np.abs(features - entry["features"]).max() / np.max(entry["features"]) < 0.1


# -- which variable goes where ----------------------------------------------------------------------------------------


def test_averaged_and_raw_weights_are_told_apart(prefix: Path) -> None:
    assert same(converted(prefix).encoder, drawn(2))
    assert same(converted(prefix, is_averaged=False).encoder, drawn(1))


def test_layers_of_more_than_ten_are_sorted_by_number_not_by_letter(prefix: Path) -> None:
    names = [name for name in open_tf_checkpoint(prefix).variables if name.startswith("base_model/conv2d_")]
    assert names.index("base_model/conv2d_10/kernel") < names.index(
        "base_model/conv2d_2/kernel"
    )  # as the index has them
    assert same(converted(prefix, is_averaged=False).encoder, drawn(1))


def test_the_head_comes_along_and_its_missing_shift_is_zero(prefix: Path) -> None:
    weights = converted(prefix)
    assert weights.head is not None and same(weights.head, drawn_head(3)) and weights.projected == 16
    head = filled_head(TINY, weights)
    assert head is not None and not head[-1].bias.requires_grad and head[0].weight.requires_grad


def test_the_classifier_is_always_the_raw_one(prefix: Path) -> None:
    for is_averaged in (True, False):
        classifier = converted(prefix, is_averaged=is_averaged).classifier
        assert classifier is not None and classifier["weight"].shape == (5, TINY.dimension)
        assert classifier["bias"].tolist() == [0, 1, 2, 3, 4]


def test_without_a_head_and_a_classifier_the_encoder_alone_is_taken(tmp_path: Path) -> None:
    without = {f"head_supervised/linear_layer/dense/{part}": None for part in ("kernel", "bias")}
    weights = converted(put_checkpoint(tmp_path / "a", drawn(1), **without), is_averaged=False)
    assert weights.head is None and weights.classifier is None and weights.projected == 0
    assert filled_head(TINY, weights) is None


def test_the_first_version_is_converted_without_selective_kernels(tmp_path: Path) -> None:
    shape = SimclrShape((1, 1, 1, 1), width=1 / 16)
    prefix = put_checkpoint(tmp_path / "model.ckpt-7", drawn(4, shape))
    weights = convert_checkpoint(open_tf_checkpoint(prefix), shape, is_averaged=False)
    assert same(weights.encoder, drawn(4, shape))


# -- what is refused --------------------------------------------------------------------------------------------------


def test_a_checkpoint_without_averaged_weights_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError, match="holds no averaged weights; take the others with --raw"):
        converted(put_checkpoint(tmp_path / "a", drawn(1)))


def test_layers_are_counted_before_anything_is_read(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TensorflowCheckpoint, "read", lambda *_: pytest.fail("it was read"))
    deeper = SimclrShape((2, 1, 1, 1), 1 / 16, True)
    with pytest.raises(DamagedFileError, match="27 convolutions and 23 norms in place of 32 and 27"):
        convert_checkpoint(open_tf_checkpoint(prefix), deeper, is_averaged=True)


def test_the_weights_of_another_width_are_refused(prefix: Path) -> None:
    with pytest.raises(DamagedFileError, match=r"holds another network: \(2, 3, 3, 3\) in place of \(4, 3, 3, 3\)"):
        convert_checkpoint(open_tf_checkpoint(prefix), SimclrShape((1, 1, 1, 1), 1 / 8, True), is_averaged=True)


def changed(tmp_path: Path, name: str, value: Any) -> Path:
    return put_checkpoint(tmp_path / "changed", drawn(1), None, drawn_head(3), **{name: value})


def test_a_norm_that_lacks_a_part_is_refused(tmp_path: Path) -> None:
    prefix = changed(tmp_path, "base_model/batch_normalization_3/beta", None)
    with pytest.raises(DamagedFileError, match="lists no variable 'base_model/batch_normalization_3/beta'"):
        converted(prefix, is_averaged=False)


@pytest.mark.parametrize(("part", "value"), [("gamma", np.nan), ("moving_mean", np.inf), ("moving_variance", -1.0)])
def test_values_that_no_network_can_have_are_refused(tmp_path: Path, part: str, value: float) -> None:
    name = f"base_model/batch_normalization_2/{part}"
    former = variables_of(drawn(1))[name].copy()
    former[0] = value
    with pytest.raises(DamagedFileError, match=r"damaged: .* holds values for stem\.7"):
        converted(changed(tmp_path, name, former), is_averaged=False)


def test_a_kernel_that_is_none_is_refused(tmp_path: Path) -> None:
    prefix = changed(tmp_path, "base_model/conv2d_1/kernel", np.zeros(4, np.float32))
    with pytest.raises(DamagedFileError, match=r"has the shape \(4,\), no kernel's"):
        converted(prefix, is_averaged=False)


def test_a_classifier_of_another_network_is_refused(tmp_path: Path) -> None:
    prefix = changed(tmp_path, "head_supervised/linear_layer/dense/kernel", np.zeros((3, 5), np.float32))
    with pytest.raises(DamagedFileError, match=r"another network: a classifier of \(5, 3\)"):
        converted(prefix, is_averaged=False)


# -- the check of the result ------------------------------------------------------------------------------------------


def spoilt(change: Any) -> SimclrWeights:
    state = drawn(1).state_dict()
    change(state)
    return SimclrWeights(state, None, True)


def test_a_network_that_tells_pictures_apart_passes() -> None:
    check_descriptors(spoilt(lambda _state: None), TINY, side=64)


def dead(state: Any) -> None:
    for part in ("weight", "bias"):
        state[f"stages.3.0.expand_norm.{part}"].zero_()
        state[f"stages.3.0.shortcut.2.{part}"].zero_()


def blind(state: Any) -> None:
    state["stem.0.weight"].zero_()


def overflowing(state: Any) -> None:
    state["stages.3.0.expand_norm.bias"].fill_(float("inf"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (dead, "the same number everywhere"),
        (blind, "the same descriptor for two different pictures"),
        (overflowing, "values that are not finite"),
    ],
)
def test_networks_that_say_nothing_are_refused(change: Any, reason: str) -> None:
    with pytest.raises(DamagedFileError, match=f"the converted network gives {reason}"):
        check_descriptors(spoilt(change), TINY, side=64)


def test_the_check_takes_a_fresh_network_too() -> None:
    check_descriptors(SimclrWeights(make_encoder(TINY, seed=0).state_dict(), None, True), TINY, side=64)
