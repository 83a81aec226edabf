"""The architectures of SimCLR: sizes as published, TensorFlow's paddings, tiny shapes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from networks.simclr import DEPTHS, PUBLISHED_SHAPES, SimclrShape, make_encoder, make_head
from tests.networks.tiny_simclr import TINY

torch = pytest.importorskip("torch", reason="these networks need PyTorch")
nn = torch.nn

# Millions of weights of the encoder, MiB in float32, convolutions, norms, length of a descriptor, millions in the head.
PUBLISHED = {
    "simclrv1-r50-1x": (23.5, 90, 53, 53, 2048, None),
    "simclrv1-r50-2x": (93.9, 358, 53, 53, 4096, None),
    "simclrv1-r50-4x": (375.4, 1432, 53, 53, 8192, None),
    "simclrv2-r50-1x-sk0": (23.5, 90, 53, 53, 2048, 8.7),
    "simclrv2-r50-1x-sk1": (35.2, 134, 87, 71, 2048, 8.7),
    "simclrv2-r50-2x-sk0": (93.9, 358, 53, 53, 4096, 34.1),
    "simclrv2-r50-2x-sk1": (140.3, 535, 87, 71, 4096, 34.1),
    "simclrv2-r101-1x-sk0": (42.5, 162, 104, 104, 2048, 8.7),
    "simclrv2-r101-1x-sk1": (64.7, 247, 172, 139, 2048, 8.7),
    "simclrv2-r101-2x-sk0": (169.8, 648, 104, 104, 4096, 34.1),
    "simclrv2-r101-2x-sk1": (257.1, 981, 172, 139, 4096, 34.1),
    "simclrv2-r152-1x-sk0": (58.1, 222, 155, 155, 2048, 8.7),
    "simclrv2-r152-1x-sk1": (88.9, 339, 257, 207, 2048, 8.7),
    "simclrv2-r152-2x-sk0": (232.3, 886, 155, 155, 4096, 34.1),
    "simclrv2-r152-2x-sk1": (353.4, 1348, 257, 207, 4096, 34.1),
    "simclrv2-r152-3x-sk1": (794.7, 3032, 257, 207, 6144, 76.3),
}


def count(module: Any, kind: Any) -> int:
    return sum(isinstance(part, kind) for part in module.modules())


def millions(module: Any) -> float:
    return sum(parameter.numel() for parameter in module.parameters()) / 1e6


@pytest.mark.parametrize("model", PUBLISHED_SHAPES)
def test_sizes_are_the_published_ones(model: str) -> None:
    size, mebibytes, convolutions, norms, dimension, head = PUBLISHED[model]
    with torch.device("meta"):
        encoder = make_encoder(PUBLISHED_SHAPES[model])
    assert millions(encoder) == pytest.approx(size, abs=0.051)
    assert round(millions(encoder) * 4e6 / 2**20) == mebibytes
    assert (count(encoder, nn.Conv2d), count(encoder, nn.BatchNorm2d)) == (convolutions, norms)
    assert encoder.stages[-1][-1].expand.out_channels == PUBLISHED_SHAPES[model].dimension == dimension
    assert all(part.bias is None for part in encoder.modules() if isinstance(part, nn.Conv2d))
    if head is not None:
        with torch.device("meta"):
            assert millions(make_head(dimension)) == pytest.approx(head, abs=0.051)


def test_there_are_three_of_the_first_version_and_thirteen_of_the_second() -> None:
    assert list(PUBLISHED) == list(PUBLISHED_SHAPES)


def test_a_tiny_network_gives_descriptors_that_are_never_negative() -> None:
    encoder = make_encoder(TINY, seed=0).eval()
    found = encoder(torch.rand(2, 3, 64, 48))
    assert found.shape == (2, TINY.dimension) == (2, 128)
    assert (found >= 0).all() and found.std() > 0


def test_a_seed_gives_the_same_weights_and_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, second, third = (make_encoder(TINY, seed=seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], third[name]) for name in first)


def test_each_block_starts_as_its_shortcut() -> None:
    encoder = make_encoder(TINY, seed=0)
    last = [module.expand_norm.weight for module in encoder.modules() if hasattr(module, "expand_norm")]
    assert len(last) == 4 and all((weight == 0).all() for weight in last)


def test_a_shortcut_stands_before_the_convolutions_of_its_block() -> None:
    names = [name for name in make_encoder(TINY).state_dict() if name.startswith("stages.0.0.")]
    begins = list(dict.fromkeys(name.split(".")[3] for name in names))
    assert begins == ["shortcut", "reduce", "reduce_norm", "middle", "expand", "expand_norm"]


@pytest.mark.parametrize(("side", "begin"), [(8, 0), (7, 1)])
def test_the_first_pooling_begins_where_tensorflow_begins(side: int, begin: int) -> None:
    """Of an even side TensorFlow pads the end only, so its first window is the first three rows."""
    maps = torch.zeros(1, 1, side, side)
    maps[0, 0, 2, 2] = 1
    pooling = make_encoder(SimclrShape((1,), 1 / 16)).stem[-1]
    found = pooling(maps)[0, 0]
    assert found.shape == (4, 4)
    assert found[0, 0] == (1 if begin == 0 else 0) and found[1, 1] == 1
    symmetric = make_encoder(SimclrShape((1,), 1 / 16), exact_padding=False).stem[-1]
    assert symmetric(maps)[0, 0, 0, 0] == 0


def test_the_shortcut_of_stride_one_leaves_the_padding_out_of_its_mean() -> None:
    exact, symmetric = (
        make_encoder(SimclrShape((1,), 1 / 16, True), exact_padding=flag).stages[0][0].shortcut[0]
        for flag in (True, False)
    )
    ones = torch.ones(1, 1, 4, 6)
    assert torch.equal(exact(ones), ones)
    expected = torch.ones(4, 6)
    expected[-1], expected[:, -1] = 0.5, 0.5
    expected[-1, -1] = 0.25
    assert torch.equal(symmetric(ones)[0, 0], expected)


def test_the_shortcut_of_stride_two_halves_and_sees_zeros_beyond_odd_sides() -> None:
    pooling = make_encoder(SimclrShape((1, 1), 1 / 16, True)).stages[1][0].shortcut[0]
    assert torch.equal(pooling(torch.ones(1, 1, 4, 4))[0, 0], torch.ones(2, 2))
    assert pooling(torch.ones(1, 1, 3, 3))[0, 0].tolist() == [[1.0, 0.5], [0.5, 0.25]]


def test_a_selective_kernel_mixes_two_streams_by_a_softmax() -> None:
    block = make_encoder(SimclrShape((1,), 1 / 8, True), seed=3).eval().stages[0][0].middle
    maps = torch.rand(2, 8, 5, 5)
    both = block.norm(block.both(maps)).relu().reshape(2, 2, 8, 5, 5)
    squeezed = block.squeeze_norm(block.squeeze(both.sum(1).mean((2, 3), keepdim=True))).relu()
    shares = block.choose(squeezed).reshape(2, 2, 8, 1, 1).softmax(1)
    torch.testing.assert_close(block(maps), (both * shares).sum(1))
    assert block.squeeze.out_channels == 32  # never fewer


@pytest.mark.parametrize("selective", [False, True])
def test_pictures_of_any_size_from_32_are_taken(selective: bool) -> None:
    encoder = make_encoder(SimclrShape((1, 1, 1, 1), 1 / 16, selective), seed=0).eval()
    for height, width in ((32, 32), (33, 47), (224, 50)):
        assert encoder(torch.rand(1, 3, height, width)).shape == (1, 128)


def test_the_head_ends_in_a_norm_whose_shift_is_not_learnt() -> None:
    head = make_head(16, seed=0)
    assert head(torch.rand(4, 16)).shape == (4, 128)
    assert [type(part).__name__ for part in head] == [
        "Linear", "BatchNorm1d", "ReLU", "Linear", "BatchNorm1d", "ReLU", "Linear", "BatchNorm1d"
    ]  # fmt: skip
    assert not head[-1].bias.requires_grad and (head[-1].bias == 0).all()
    assert all(parameter.requires_grad for name, parameter in head.named_parameters() if name != "7.bias")


def test_an_encoder_learns() -> None:
    encoder = make_encoder(TINY, seed=0).train()
    encoder(torch.rand(2, 3, 64, 64)).square().sum().backward()
    assert encoder.stem[0].weight.grad.abs().sum() > 0


def test_depths_are_those_of_the_papers() -> None:
    assert {depth: 3 * sum(blocks) + 2 for depth, blocks in DEPTHS.items()} == {50: 50, 101: 101, 152: 152}


def test_the_modules_import_no_torch(root_dir: Path) -> None:
    code = "import sys; from networks import simclr, simclr_conversion, simclr_weights; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=root_dir, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
