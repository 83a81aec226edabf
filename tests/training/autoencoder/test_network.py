"""The two architectures: their layers, their numbers, and what they compute."""

from __future__ import annotations

from typing import Any

import pytest

from training.autoencoder.network import make_autoencoder
from training.autoencoder.settings import ARCHITECTURES
from training.student import count_parameters

torch = pytest.importorskip("torch")
from torch.nn import functional  # noqa: E402

# C a convolution, T a transposed one (channels in, channels out, stride), BN a norm, D dropout, P a pooling whose
# places are kept, U its undoing.
WRITTEN = {
    "small": "C(3,16,2) C(16,32,2)BN C(32,64,2)BN P C(64,128,1)D.2 P C(128,256,1) || T(256,128,1) U T(128,64,1)BN D.4 "
    "U T(64,32,2)BN D.3 T(32,16,2)D.2 T(16,3,2)",
    "large": "C(3,16,2) C(16,32,2)BN C(32,64,2)BN P C(64,128,2)D.2 P C(128,128,1)D.3 P C(128,128,1)D.4 P C(128,256,1) "
    "|| T(256,128,1) U T(128,128,1)BN U T(128,128,1)BN U T(128,64,2)D.4 U T(64,32,2)D.3 T(32,16,2)D.2 T(16,3,2)",
}


def written(module: Any) -> str:
    """Write down a module and what is in it."""
    if isinstance(module, torch.nn.Conv2d):
        assert module.kernel_size == (3, 3) and module.padding == (1, 1)
        return f"C({module.in_channels},{module.out_channels},{module.stride[0]})"
    if isinstance(module, torch.nn.ConvTranspose2d):
        assert module.kernel_size == (3, 3)
        return f"T({module.in_channels},{module.out_channels},{module.stride[0]})"
    if isinstance(module, torch.nn.BatchNorm2d):
        return "BN"
    if isinstance(module, torch.nn.Dropout2d):
        return f"D.{module.p:g}".replace("0.", "")
    return "".join(written(part) for part in module.children())


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_layers_are_those_of_its_docstring(architecture: str) -> None:
    network, shape = make_autoencoder(architecture), ARCHITECTURES[architecture]
    down = [
        written(part) + ("P" if layer.pools else "")
        for part, layer in zip(network.encoder, shape.encoder, strict=True)  # type: ignore[arg-type]
    ]
    up = [
        written(part) + ("U" if layer.pools else "")
        for part, layer in zip([*network.decoder, network.last], shape.decoder, strict=True)  # type: ignore[misc]
    ]
    assert "".join([*down, "||", *up]) == WRITTEN[architecture].replace(" ", "")


@pytest.mark.parametrize(("architecture", "count"), [("small", 785_347), ("large", 1_376_003)])
def test_the_number_of_parameters_follows_from_its_layers(architecture: str, count: int) -> None:
    assert count_parameters(make_autoencoder(architecture)) == count


@pytest.mark.parametrize(
    ("architecture", "side", "length"),
    [("small", 32, 256), ("small", 64, 1024), ("small", 128, 4096), ("large", 256, 256), ("large", 512, 1024)],
)
def test_the_latent_has_the_length_that_follows_from_its_layers(architecture: str, side: int, length: int) -> None:
    with torch.device("meta"):
        pixels = torch.zeros(1, 3, side, side)
    network = make_autoencoder(architecture).to("meta")
    latent, _ = network.encode(pixels)  # type: ignore[operator]
    assert latent.flatten(1).shape == (1, length)
    assert network.eval()(pixels).shape == pixels.shape


def steps(state: dict[str, Any], name: str, values: Any, stride: int, is_transposed: bool) -> Any:
    """One convolution of a state dict with its norm, where it has one, and the ReLU."""
    weight, bias = state[f"{name}.0.weight"], state[f"{name}.0.bias"]
    if is_transposed:
        values = functional.conv_transpose2d(values, weight, bias, stride, 1, output_padding=stride - 1)
    else:
        values = functional.conv2d(values, weight, bias, stride, 1)
    if f"{name}.1.weight" in state:
        means = (state[f"{name}.1.running_mean"], state[f"{name}.1.running_var"])
        values = functional.batch_norm(values, *means, state[f"{name}.1.weight"], state[f"{name}.1.bias"])
    return functional.relu(values)


def test_the_small_one_computes_what_its_layers_say() -> None:
    network = make_autoencoder("small", seed=5)
    pixels = torch.rand(2, 3, 64, 32, generator=torch.Generator().manual_seed(0))
    network.train()(pixels)  # so that the norms have something to say
    network.eval()
    state = {name: value.detach() for name, value in network.state_dict().items()}

    values = pixels
    for number in range(3):
        values = steps(state, f"encoder.{number}", values, 2, False)
    values, first = functional.max_pool2d(values, 2, return_indices=True)
    values, second = functional.max_pool2d(steps(state, "encoder.3", values, 1, False), 2, return_indices=True)
    latent = steps(state, "encoder.4", values, 1, False)
    values = functional.max_unpool2d(steps(state, "decoder.0", latent, 1, True), second, 2)
    values = functional.max_unpool2d(steps(state, "decoder.1", values, 1, True), first, 2)
    values = steps(state, "decoder.3", steps(state, "decoder.2", values, 2, True), 2, True)
    last = (state["last.weight"], state["last.bias"])
    expected = torch.sigmoid(functional.conv_transpose2d(values, *last, 2, 1, output_padding=1))

    with torch.inference_mode():
        assert torch.allclose(network.encode(pixels)[0], latent, atol=1e-6)  # type: ignore[operator]
        assert torch.allclose(network(pixels), expected, atol=1e-6)


def test_the_decoder_is_told_where_the_maxima_stood() -> None:
    network = make_autoencoder("small").eval()
    pixels = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    _, places = network.encode(pixels)  # type: ignore[operator]
    assert [tuple(place.shape) for place in places] == [(1, 64, 2, 2), (1, 128, 1, 1)]


def test_dropout_is_at_work_while_learning_only() -> None:
    network = make_autoencoder("small")
    pixels = torch.rand(2, 3, 32, 32)
    with torch.inference_mode():
        network.train()
        assert not torch.equal(network(pixels), network(pixels))
        network.eval()
        assert torch.equal(network(pixels), network(pixels))


def test_weights_are_drawn_from_the_seed_and_leave_other_draws_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    first, again, other = (make_autoencoder("small", seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["last.weight"], other["last.weight"])


def test_a_reconstruction_lies_between_0_and_1() -> None:
    with torch.inference_mode():
        drawn = make_autoencoder("small").eval()(torch.rand(2, 3, 32, 64))
    assert drawn.shape == (2, 3, 32, 64) and 0 <= drawn.min() <= drawn.max() <= 1
