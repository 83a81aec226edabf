"""Published code from torch hub's cache, by stand-in repositories with the same entry points and the same requests."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from hloc.extractors import MODELS, create_extractor
from hloc.extractors.base import ExtractorOptions
from hloc.extractors.hub_network import HubExtractor
from storage.errors import DamagedFileError, StageError, UsageError
from storage.fingerprints import sha256_of_file
from storage.hub_code import COSPLACE, DINOV2, EIGENPLACES, HUB_CODE, MEGALOC, SALAD
from storage.model_files import cached_path
from tests.hloc.stand_ins import photo, put_code, put_weights, small_network

torch = pytest.importorskip("torch", reason="these networks need PyTorch")
pytest.importorskip("torchvision")

PLACES = {"entry": "get_trained_model", "parameters": "backbone, fc_output_dim"}


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; any attempt to reach the network fails the test."""

    def refuse(*_arguments: Any, **_options: Any) -> Any:
        raise AssertionError("it tried to reach the network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    return tmp_path / "torch" / "hub"


@pytest.fixture(autouse=True)
def fresh_modules() -> Iterator[None]:
    """Forget the modules of the stand-ins, which differ from test to test."""
    former = set(sys.modules)
    yield
    for name in set(sys.modules) - former:
        if name.startswith("small_"):
            del sys.modules[name]


def extractor(model: str, **options: Any) -> HubExtractor:
    made = create_extractor(model, ExtractorOptions(**{"device": "cpu", "engine": "torch"} | options))
    assert isinstance(made, HubExtractor)
    return made


def describe(made: HubExtractor, *photos: Any) -> Any:
    return made.describe([made.prepare(photo) for photo in photos])


def expected(network: Any, made: HubExtractor, *photos: Any) -> Any:
    """The same descriptors, computed plainly."""
    pixels = torch.stack([torch.from_numpy(made.prepare(photo).copy()) for photo in photos]).float() / 255
    pixels = (pixels - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    with torch.inference_mode():
        return torch.nn.functional.normalize(network(pixels.permute(0, 3, 1, 2)), dim=1).numpy()


def agrees(made: HubExtractor, network: Any) -> bool:
    found = describe(made, photo(1), photo(2))
    return bool((found * expected(network, made, photo(1), photo(2))).sum(axis=1).min() > 0.99999)


# -- each published network -------------------------------------------------------------------------------------------


def test_cosplace_is_built_without_the_weights_that_its_own_replace(
    hub: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import torchvision

    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(torchvision.models, "resnet50", lambda **options: asked.append(options))
    before = "    import torchvision; torchvision.models.resnet50(weights=torchvision.models.ResNet50_Weights.DEFAULT)"
    put_code(hub, COSPLACE, "cosplace", dimension=2048, before=before, **PLACES)
    put_weights(hub, "cosplace", small_network(2048))
    made = extractor("cosplace")
    assert agrees(made, small_network(2048))
    assert asked == [{}]
    assert made.prepare(photo(0, 800, 600)).shape == (480, 640, 3)
    assert "Returning" not in capsys.readouterr().out


def test_eigenplaces_is_built_without_the_cosplace_that_its_weights_replace(hub: Path) -> None:
    before = """    start = torch.hub.load("gmberton/cosplace", "get_trained_model", backbone=backbone)
    assert not start.state_dict()"""
    put_code(hub, EIGENPLACES, "eigenplaces", dimension=2048, before=before, **PLACES)
    put_weights(hub, "eigenplaces", small_network(2048, seed=1))
    assert agrees(extractor("eigenplaces"), small_network(2048, seed=1))


def test_salad_gets_the_pinned_dinov2_without_its_weights(hub: Path) -> None:
    before = """    inner = torch.hub.load("facebookresearch/dinov2", "dinov2_vitb14")
    assert inner.linear.out_features == 5"""
    put_code(hub, SALAD, "salad", "dinov2_salad", 8448, before=before, parameters='backbone="dinov2_vitb14"')
    nested = "    if not pretrained: return Small(5)"
    put_code(hub, DINOV2, "dinov2", "dinov2_vitb14", 5, parameters="*, pretrained=True", before=nested)
    put_weights(hub, "salad", small_network(8448))
    made = extractor("salad")
    assert made.prepare(photo()).shape == (322, 322, 3)
    assert agrees(made, small_network(8448))


def test_dinov2_gives_its_class_token(hub: Path) -> None:
    before = '    import warnings; warnings.warn("xFormers is not available (Attention)")'
    put_code(hub, DINOV2, "dinov2", "dinov2_vitb14", 768, parameters="*, pretrained=True", before=before)
    put_weights(hub, "dinov2", small_network(768))
    made = extractor("dinov2")
    assert made.prepare(photo(0, 300, 200)).shape == (224, 224, 3)
    assert agrees(made, small_network(768))


def test_megaloc_gets_the_file_that_it_asks_hugging_face_for(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hugging_face = ModuleType("huggingface_hub")
    hugging_face.hf_hub_download = None  # type: ignore[attr-defined]  # to be replaced
    monkeypatch.setitem(sys.modules, "huggingface_hub", hugging_face)
    before = """    from huggingface_hub import hf_hub_download
    network = Small(8448)
    path = hf_hub_download(repo_id="gberton/MegaLoc", filename="model.safetensors")
    network.load_state_dict(torch.load(path, weights_only=True))
    return network"""
    put_code(hub, MEGALOC, "megaloc", "get_trained_model", 8448, before=before)
    put_weights(hub, "megaloc", small_network(8448))
    assert agrees(extractor("megaloc"), small_network(8448))
    assert hugging_face.hf_hub_download is None  # type: ignore[attr-defined]


# -- nothing is fetched -----------------------------------------------------------------------------------------------


@pytest.fixture
def dinov2(hub: Path) -> Path:
    """A stand-in for DINOv2 and its weights in the cache; gives the folder of the code."""
    put_weights(hub, "dinov2", small_network(768))
    return put_code(hub, DINOV2, "dinov2", "dinov2_vitb14", 768)


@pytest.mark.parametrize("model", sorted(HUB_CODE))
def test_missing_weights_are_told_with_the_command_that_fetches_them(model: str) -> None:
    command = rf"fetch it with: python -m tools\.download_models {model} --trust_code"
    with pytest.raises(StageError, match=command) as caught:
        extractor(model)
    assert "\n" not in str(caught.value)


def test_missing_code_is_told_with_the_command_that_fetches_it(hub: Path) -> None:
    put_weights(hub, "salad", small_network(8448))
    put_code(hub, SALAD, "salad", "dinov2_salad", 8448)
    with pytest.raises(StageError, match=r"facebookresearch_dinov2_7764ea0.*tools\.download_models salad --trust_code"):
        extractor("salad")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ('torch.hub.download_url_to_file("https://nowhere.invalid/x", "x")', r"asks for https://nowhere\.invalid/x"),
        ('torch.hub.load("someone/else", "model")', "asks for someone/else, which nobody has looked at"),
        (
            "import torchvision; torchvision.models.resnet18(weights='DEFAULT')",
            r"asks for https://download\.pytorch\.org/models/resnet18.*nothing is fetched during a run",
        ),
    ],
)
def test_what_the_code_would_fetch_besides_is_refused(hub: Path, dinov2: Path, request_: str, message: str) -> None:
    put_code(hub, DINOV2, "dinov2", "dinov2_vitb14", 768, before=f"    {request_}")
    with pytest.raises(StageError, match=message):
        describe(extractor("dinov2"), photo())


def test_afterwards_torch_hub_is_as_it_was(dinov2: Path) -> None:
    former = (torch.hub.load, torch.hub.load_state_dict_from_url, torch.hub.download_url_to_file)
    describe(extractor("dinov2"), photo())
    (dinov2 / "hubconf.py").write_text("raise ValueError('broken')")
    with pytest.raises(StageError, match="does not build its network .broken.; remove .*dinov2"):
        describe(extractor("dinov2"), photo())
    assert former == (torch.hub.load, torch.hub.load_state_dict_from_url, torch.hub.download_url_to_file)


# -- errors and settings ----------------------------------------------------------------------------------------------


def test_a_package_that_the_code_lacks_is_named(hub: Path) -> None:
    put_weights(hub, "salad", small_network(8448))
    put_code(hub, DINOV2, "dinov2", "dinov2_vitb14", 768)
    put_code(hub, SALAD, "salad", "dinov2_salad", 8448, before="    import pytorch_lightning_of_nobody")
    with pytest.raises(StageError, match=r"lacks a package.*of_nobody.*pip install pytorch-lightning pytorch-metric"):
        describe(extractor("salad"), photo())


def test_a_dependency_that_the_code_declares_is_named(hub: Path, dinov2: Path) -> None:
    conf = dinov2 / "hubconf.py"
    conf.write_text(conf.read_text().replace('["torch"]', '["package_of_nobody"]'))
    with pytest.raises(StageError, match=r"lacks a package .*package_of_nobody"):
        describe(extractor("dinov2"), photo())


def test_a_cut_weight_file_is_named(hub: Path, dinov2: Path) -> None:
    path = cached_path("dinov2", hub)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DamagedFileError, match=r"dinov2_vitb14_pretrain\.pth is no weight file"):
        describe(extractor("dinov2"), photo())


def test_a_network_of_another_length_is_refused(hub: Path) -> None:
    put_weights(hub, "dinov2", small_network(384))
    put_code(hub, DINOV2, "dinov2", "dinov2_vitb14", 384)
    with pytest.raises(StageError, match=r"dinov2 gave an array of shape \(1, 384\) in place of \(1, 768\)"):
        describe(extractor("dinov2"), photo())


def test_settings_record_weights_and_revision(hub: Path, dinov2: Path) -> None:
    settings = extractor("dinov2").settings()
    assert settings["weights_sha256"] == sha256_of_file(cached_path("dinov2", hub))
    assert settings["code"] == f"facebookresearch/dinov2@{DINOV2.commit}"
    assert all(isinstance(value, str | int | None) for value in settings.values())


def test_own_weights_are_refused(tmp_path: Path, dinov2: Path) -> None:
    with pytest.raises(UsageError, match="--weights .*: dinov2 takes only its own weights"):
        extractor("dinov2", weights=tmp_path / "mine.pth")


def test_workers_get_the_extractor_without_its_network(dinov2: Path) -> None:
    made = extractor("dinov2")
    descriptor = describe(made, photo())
    content = pickle.dumps(made)
    assert len(content) < 4000
    assert np.array_equal(pickle.loads(content).prepare(photo()), made.prepare(photo()))
    assert np.array_equal(describe(pickle.loads(content), photo()), descriptor)


def test_every_model_with_code_is_registered_and_has_a_file() -> None:
    assert set(HUB_CODE) <= set(MODELS)
    assert all(cached_path(model).suffix for model in HUB_CODE)
