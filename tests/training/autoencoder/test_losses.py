"""Differences of pictures; the perceptual one with drawn weights of VGG19."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from storage.errors import DamagedFileError, StageError
from storage.model_files import cached_path
from tests.hloc.stand_ins import drawn_state, put_state
from training.autoencoder.losses import LAYERS, Loss, make_loss, perceptual_loss

torch = pytest.importorskip("torch")
models = pytest.importorskip("torchvision.models")
from torchvision.transforms.functional import normalize  # noqa: E402


@pytest.fixture(scope="module")
def state() -> dict[str, Any]:
    return drawn_state("vgg19", 2.0, begin="features.")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no network."""

    def refuse(*_arguments: Any, **_options: Any) -> Any:
        raise AssertionError("it tried to reach the network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("socket.socket.connect", refuse)
    return tmp_path / "hub"


@pytest.fixture(scope="module")
def perceptual(tmp_path_factory: pytest.TempPathFactory, state: dict[str, Any]) -> Loss:
    return perceptual_loss(put_state(tmp_path_factory.mktemp("torch") / "hub", "vgg19", state))


def drawn(seed: int, count: int = 2) -> Any:
    return torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def test_pixels_are_compared_by_squares_or_absolute_differences() -> None:
    pictures, others = drawn(0), drawn(1)
    assert make_loss("mse").between(others, pictures) == pytest.approx(((others - pictures) ** 2).mean().item())
    assert make_loss("l1").between(others, pictures) == pytest.approx((others - pictures).abs().mean().item())


@pytest.mark.parametrize("name", ["mse", "l1", "perceptual"])
def test_equal_pictures_differ_by_nothing_and_others_by_something(name: str, perceptual: Loss) -> None:
    loss = perceptual if name == "perceptual" else make_loss(name)
    assert loss.between(drawn(0), drawn(0)).item() == 0
    there, back = loss.between(drawn(0), drawn(1)).item(), loss.between(drawn(1), drawn(0)).item()
    assert there > 0 and there == pytest.approx(back)  # a signed difference would change its sign


def test_the_perceptual_difference_is_that_of_four_maps_of_what_imagenet_networks_take(
    perceptual: Loss, state: dict[str, Any]
) -> None:
    with torch.device("meta"):
        network = models.vgg19(weights=None)
    network.load_state_dict(state, assign=True, strict=False)
    layers = network.features.eval()
    kinds = [type(layer).__name__ for layer in layers]
    assert [kinds[last : last + 2] for last in LAYERS.values()] == [["ReLU", "MaxPool2d"]] * 4

    def maps(pictures: Any) -> list[Any]:
        taken = normalize(pictures, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        return [layers[: last + 1](taken) for last in (3, 8, 17, 26)]

    with torch.inference_mode():
        pairs = list(zip(maps(drawn(0)), maps(drawn(1)), strict=True))
        expected = sum(((one - other) ** 2).mean().item() for one, other in pairs) / 4
    assert all(((one - other) ** 2).mean().item() > expected / 1000 for one, other in pairs)  # each says something
    assert perceptual.between(drawn(0), drawn(1)).item() == pytest.approx(expected, rel=1e-4)


def test_the_order_of_colours_counts(perceptual: Loss) -> None:
    red_first = perceptual.between(drawn(0), drawn(1)).item()
    assert perceptual.between(drawn(0).flip(1), drawn(1).flip(1)).item() != pytest.approx(red_first, rel=1e-3)


def test_a_reconstruction_learns_from_it_and_the_network_does_not(perceptual: Loss) -> None:
    reconstruction = drawn(0).requires_grad_()
    perceptual.between(reconstruction, drawn(1)).backward()
    assert reconstruction.grad is not None and reconstruction.grad.abs().sum() > 0
    before = perceptual.between(drawn(0), drawn(1))
    assert not before.requires_grad  # nothing else in it can learn


def test_its_weights_are_part_of_what_a_training_is(hub: Path, state: dict[str, Any]) -> None:
    put_state(hub, "vgg19", state)
    first = make_loss("perceptual").identity
    put_state(hub, "vgg19", state | {"features.0.bias": state["features.0.bias"] + 1})
    assert make_loss("perceptual").identity != first
    assert "relu4_4" in first and make_loss("mse").identity == "mse"


def test_missing_weights_are_told_with_the_command_that_fetches_them(hub: Path) -> None:
    with pytest.raises(StageError, match=r"vgg19-dcbb9e9d\.pth is missing; make it with: python -m tools\.download_m"):
        make_loss("perceptual")


def test_weights_of_another_network_are_refused(hub: Path) -> None:
    put_state(hub, "vgg19", {"features.0.weight": torch.zeros(1)})
    with pytest.raises(DamagedFileError, match=r"vgg19-dcbb9e9d\.pth holds no weights of vgg19"):
        make_loss("perceptual")


def test_a_file_of_something_else_is_refused(hub: Path) -> None:
    path = cached_path("vgg19", hub)
    path.parent.mkdir(parents=True)
    torch.save([1, 2], path)
    for content in (path.read_bytes(), b"<html>"):
        path.write_bytes(content)
        with pytest.raises(DamagedFileError, match=r"damaged: .*vgg19-dcbb9e9d\.pth is no file of weights"):
            make_loss("perceptual")


def test_a_missing_torchvision_is_told(hub: Path, state: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    put_state(hub, "vgg19", state)
    monkeypatch.setitem(__import__("sys").modules, "torchvision.models", None)
    with pytest.raises(StageError, match="--loss perceptual needs torchvision"):
        make_loss("perceptual")
