"""Networks of torchvision with drawn weights in the cache."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hloc.extractors import create_extractor, engine_network
from hloc.extractors.base import ExtractorOptions
from hloc.extractors.imagenet import PUBLISHED, ImagenetExtractor
from storage.errors import DamagedFileError, StageError, UsageError
from storage.fingerprints import sha256_of_file
from storage.model_files import cached_path
from tests.hloc.stand_ins import drawn_state, photo, put_state, put_weights

torch = pytest.importorskip("torch", reason="these networks need PyTorch")
models = pytest.importorskip("torchvision.models")
from torchvision.transforms.functional import normalize, to_tensor  # noqa: E402


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with a resnet18 of drawn weights."""
    folder = tmp_path_factory.mktemp("torch") / "hub"
    torch.manual_seed(0)
    put_weights(folder, "resnet18", models.resnet18(weights=None))
    return folder


@pytest.fixture(autouse=True)
def torch_home(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(hub.parent))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> Any:
        raise AssertionError("it tried to reach the network")

    monkeypatch.setattr("socket.socket.connect", refuse)


def extractor(**options: Any) -> ImagenetExtractor:
    made = create_extractor("resnet18", ExtractorOptions(**{"device": "cpu", "engine": "torch"} | options))
    assert isinstance(made, ImagenetExtractor)
    return made


@pytest.fixture(scope="module")
def loaded(hub: Path) -> ImagenetExtractor:
    """An extractor that several tests use, so that its network is loaded once."""
    options = ExtractorOptions(weights=cached_path("resnet18", hub), device="cpu", model="resnet18", engine="torch")
    return ImagenetExtractor(options)


def describe(made: ImagenetExtractor, *photos: Any) -> Any:
    return made.describe([made.prepare(photo) for photo in photos])


def test_a_descriptor_is_what_torchvision_pools_before_its_last_layer(hub: Path, loaded: ImagenetExtractor) -> None:
    network = models.resnet18(weights=None)
    network.load_state_dict(torch.load(cached_path("resnet18", hub), weights_only=True))
    network.fc = torch.nn.Identity()
    pixels = models.ResNet18_Weights.DEFAULT.transforms()(Image.fromarray(photo(1, 300, 260)))
    with torch.inference_mode():
        expected = torch.nn.functional.normalize(network.eval()(pixels[None]))[0].numpy()
    found = describe(loaded, photo(1, 300, 260))[0]
    assert found @ expected >= 0.99999 and found.shape == (512,) and found.dtype == np.float32


# Each with what torchvision takes off and how it is built, and the gain of its drawn weights.
LARGER: dict[str, tuple[str, dict[str, bool], float]] = {
    "wide_resnet50_2": ("fc", {}, 1.0),
    "inception_v3": ("fc", {"init_weights": False, "transform_input": True}, 2.0),
    "efficientnet_b7": ("classifier", {}, 1.4),
}


@pytest.mark.parametrize("model", LARGER)
def test_the_larger_networks_give_what_torchvision_pools_too(model: str, hub: Path) -> None:
    classifier, arguments, gain = LARGER[model]
    state = drawn_state(model, gain, **arguments)
    put_state(hub, model, state)
    with torch.device("meta"):
        network = models.get_model(model, weights=None, **arguments)
    network.load_state_dict(state, assign=True)
    setattr(network, classifier, torch.nn.Identity())
    options = ExtractorOptions(device="cpu", engine="torch", resize_max=80)
    made = create_extractor(model, options)
    assert isinstance(made, ImagenetExtractor)
    picture = made.prepare(photo(1, 80, 80))
    assert picture.shape == (80, 80, 3)
    # what torchvision's own transform makes of pixels; its Inception turns ImageNet's numbers into -1 to 1 by itself
    pixels = normalize(to_tensor(picture.copy()), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    with torch.inference_mode():
        pooled = network.eval()(pixels[None])
        # of these EfficientNet alone pools negative values; they become 0
        assert (model == "efficientnet_b7") == bool((pooled < 0).any())
        expected = torch.nn.functional.normalize(pooled.clamp(min=0))[0].numpy()
    found = describe(made, photo(1, 80, 80))[0]
    assert found.shape == (PUBLISHED[model].dimension,) == (made.dimension,) and (found >= 0).all()
    assert found @ expected >= 0.99999
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert len(np.unique(found)) > 100  # drawn weights that say something


@pytest.mark.parametrize(("model", "side"), [("inception_v3", 299), ("efficientnet_b7", 600)])
def test_these_see_the_whole_photo_stretched(model: str, side: int, hub: Path) -> None:
    put_state(hub, model, {})
    made = create_extractor(model, ExtractorOptions(device="cpu"))
    assert made.prepare(photo(1, 120, 60)).shape == (side, side, 3)


def test_settings_tell_features_without_negative_values_apart(hub: Path, loaded: ImagenetExtractor) -> None:
    put_state(hub, "efficientnet_b7", {})
    made = create_extractor("efficientnet_b7", ExtractorOptions(device="cpu"))
    assert made.settings()["rectified"] is True and "rectified" not in loaded.settings()


def test_a_picture_too_small_for_inception_is_refused(hub: Path) -> None:
    put_state(hub, "inception_v3", {})
    with pytest.raises(UsageError, match="--resize_max 74: must be at least 75 pixels for inception_v3"):
        create_extractor("inception_v3", ExtractorOptions(device="cpu", resize_max=74))


@pytest.mark.parametrize("model", sorted(PUBLISHED))
def test_what_is_known_of_each_network_is_what_torchvision_publishes(model: str) -> None:
    published = PUBLISHED[model]
    picture, transform = published.picture, models.get_model_weights(published.builder).DEFAULT.transforms()
    assert transform.crop_size == [picture.size[0]] and transform.interpolation.value == picture.interpolation
    if picture.fit == "crop":
        assert transform.resize_size == [picture.short_side]
    if picture.mean != (0.5, 0.5, 0.5):  # what Inception turns ImageNet's numbers into
        assert (list(picture.mean), list(picture.std)) == (transform.mean, transform.std)
    with torch.device("meta"):
        network = models.get_model(published.builder, weights=None, **published.arguments)
        setattr(network, published.classifier, torch.nn.Identity())
        assert network.eval()(torch.zeros(1, 3, *picture.size)).shape == (1, published.dimension)


def test_descriptors_are_unit_vectors_and_do_not_depend_on_the_batch(loaded: ImagenetExtractor) -> None:
    photos = [photo(seed) for seed in range(2)]
    together = describe(loaded, *photos)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    assert all(np.array_equal(describe(loaded, one)[0], row) for one, row in zip(photos, together, strict=True))
    loaded._max_batch = None
    assert np.allclose(describe(loaded, *photos), together, atol=1e-5)
    loaded._max_batch = 1


def test_lower_precision_is_close_but_only_on_request(
    loaded: ImagenetExtractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_network, "has_bf16", lambda _device: True)
    full = describe(loaded, photo())[0]
    low = describe(extractor(precision="bf16"), photo())[0]
    assert low.dtype == np.float32 and full @ low > 0.99
    assert not np.array_equal(full, low)


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(UsageError, match="--precision float32: choose from fp32, bf16, fp16, int8"):
        extractor(precision="float32").settings()


def test_settings_tell_weights_sizes_and_precision_apart(hub: Path) -> None:
    settings = extractor().settings()
    assert settings["model"] == "resnet18"
    assert settings["weights_sha256"] == sha256_of_file(cached_path("resnet18", hub))
    assert (settings["engine"], settings["precision"]) == ("torch", "fp32")
    assert extractor(resize_max=320).settings() != settings


def test_the_photo_s_proportions_are_kept_with_a_longest_side() -> None:
    made = extractor(resize_max=160)
    assert made.prepare(photo(0, 400, 200)).shape == (80, 160, 3)
    assert np.isfinite(describe(made, photo(0, 400, 200))).all()


def test_workers_get_the_extractor_without_its_network(loaded: ImagenetExtractor) -> None:
    descriptor = describe(loaded, photo())
    content = pickle.dumps(loaded)
    assert len(content) < 3000
    assert np.array_equal(describe(pickle.loads(content), photo()), descriptor)


def test_missing_weights_are_told_with_the_command_that_fetches_them() -> None:
    with pytest.raises(
        StageError, match=r"resnet50-11ad3fa6\.pth; fetch it with: python -m tools\.download_models res"
    ):
        create_extractor("resnet50", ExtractorOptions())


def test_other_weights_of_the_same_network_can_be_named(tmp_path: Path, loaded: ImagenetExtractor) -> None:
    torch.manual_seed(1)
    path = tmp_path / "mine.pth"
    torch.save({"state_dict": models.resnet18(weights=None).state_dict(), "epoch": 3}, path)
    assert describe(extractor(weights=path), photo())[0] @ describe(loaded, photo())[0] < 0.999


def test_the_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "linear.pth"
    torch.save(torch.nn.Linear(2, 2).state_dict(), path)
    with pytest.raises(DamagedFileError, match=r"linear\.pth holds the weights of another network"):
        describe(extractor(weights=path), photo())


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(DamagedFileError, match="holds no dictionary of weights"):
        describe(extractor(weights=tmp_path / "list.pth"), photo())


def test_a_cut_weight_file_is_named(tmp_path: Path, hub: Path) -> None:
    path = tmp_path / "cut.pth"
    path.write_bytes(cached_path("resnet18", hub).read_bytes()[:100_000])
    with pytest.raises(DamagedFileError, match=r"damaged: .*cut\.pth is no weight file of PyTorch"):
        describe(extractor(weights=path), photo())


def test_a_weight_file_that_would_run_code_is_refused_without_running_it(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "sprung",))

    path = tmp_path / "trap.pth"
    torch.save({"weight": Trap()}, path)
    with pytest.raises(DamagedFileError, match="is no weight file"):
        describe(extractor(weights=path), photo())
    assert not (tmp_path / "sprung").exists()


def test_weights_that_change_between_settings_and_loading_are_refused(tmp_path: Path, hub: Path) -> None:
    path = tmp_path / "changing.pth"
    path.write_bytes(cached_path("resnet18", hub).read_bytes())
    made = extractor(weights=path)
    made.settings()
    state = torch.load(path, weights_only=True)
    torch.save(state | {"fc.bias": state["fc.bias"] + 1}, path)
    with pytest.raises(StageError, match="changed while it was in use"):
        describe(made, photo())


def test_values_that_are_not_finite_are_not_kept() -> None:
    made = extractor()
    made._loaded().run.module.body.layer4[1].conv2.weight.fill_(float("nan"))
    with pytest.raises(StageError, match="resnet18 gave values that are not finite"):
        describe(made, photo())


def test_flags_of_other_models_are_refused() -> None:
    with pytest.raises(UsageError, match="--input_size 224: --model resnet18 has no use for it"):
        extractor(input_size="224")
    with pytest.raises(UsageError, match="--engine torch: --model street has no use for it"):
        create_extractor("street", ExtractorOptions(engine="torch"))


def test_a_missing_torchvision_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(StageError, match="this model needs torchvision"):
        describe(extractor(), photo())


def test_the_modules_import_no_torch(root_dir: Path) -> None:
    names = "imagenet, places, transport, dinov2, onnx_file"
    code = f"import sys; from hloc.extractors import {names}; print({{'torch', 'torchvision'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=root_dir, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# -- engines ----------------------------------------------------------------------------------------------------------


def test_another_engine_gives_the_same_descriptors_of_inception(hub: Path) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    put_state(hub, "inception_v3", drawn_state("inception_v3", 2.0, init_weights=False))
    found, expected = (
        describe(
            create_extractor("inception_v3", ExtractorOptions(device="cpu", engine=engine, resize_max=96)),  # type: ignore[arg-type]
            photo(1, 300, 260),
        )[0]
        for engine in ("onnxruntime", "torch")
    )
    assert found @ expected >= 0.99999


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("resize_max", [None, 160])
def test_another_engine_gives_the_same_descriptors_at_any_size(engine: str, resize_max: int | None) -> None:
    pytest.importorskip(engine, reason=f"{engine} is not installed")
    for taken in (photo(1, 300, 260), photo(2, 120, 200)):
        found = describe(extractor(engine=engine, resize_max=resize_max), taken)[0]
        assert found @ describe(extractor(resize_max=resize_max), taken)[0] >= 0.99999
