"""Descriptors of SimCLR, with a tiny network in the place of a published one."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hloc.extractors import MODELS, create_extractor
from hloc.extractors.base import ExtractorOptions
from hloc.extractors.simclr import PICTURE, SimclrExtractor
from networks.simclr import PUBLISHED_SHAPES, SimclrShape
from networks.simclr_weights import SimclrWeights, write_simclr_weights
from storage.errors import DamagedFileError, StageError, UsageError
from storage.fingerprints import sha256_of_file
from storage.model_files import cached_path
from tests.hloc.stand_ins import photo
from tests.networks.tiny_simclr import TINY, drawn

torch = pytest.importorskip("torch", reason="these networks need PyTorch")

MODEL = "simclrv2-r50-1x-sk1"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the weights of a tiny network."""
    folder = tmp_path_factory.mktemp("torch") / "hub"
    write_simclr_weights(cached_path(MODEL, folder), SimclrWeights(drawn(1).state_dict(), None, True), {})
    return folder


@pytest.fixture(autouse=True)
def tiny(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(hub.parent))
    monkeypatch.setitem(PUBLISHED_SHAPES, MODEL, TINY)


def extractor(**options: Any) -> SimclrExtractor:
    made = create_extractor(MODEL, ExtractorOptions(**{"device": "cpu", "engine": "torch"} | options))
    assert isinstance(made, SimclrExtractor)
    return made


def describe(made: SimclrExtractor, *photos: Any) -> Any:
    return made.describe([made.prepare(photo) for photo in photos])


def test_all_sixteen_published_networks_can_be_chosen() -> None:
    chosen = {model for model, entry in MODELS.items() if entry.module == "simclr"}
    assert chosen == set(PUBLISHED_SHAPES) and len(chosen) == 16


def test_a_descriptor_is_what_the_encoder_gives_of_values_from_0_to_1() -> None:
    made = extractor()
    picture = made.prepare(photo(1, 300, 260))
    assert picture.shape == (224, 224, 3) and picture.dtype == np.uint8
    with torch.inference_mode():
        pixels = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None] / 255
        expected = torch.nn.functional.normalize(drawn(1)(pixels))[0].numpy()
    found = describe(made, photo(1, 300, 260))[0]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.shape == (made.dimension,) == (128,) and (found >= 0).all()


def test_the_picture_is_the_middle_of_a_short_side_of_256() -> None:
    assert (PICTURE.fit, PICTURE.short_side, PICTURE.size, PICTURE.interpolation) == (
        "crop",
        256,
        (224, 224),
        "bicubic",
    )
    assert (PICTURE.mean, PICTURE.std) == ((0, 0, 0), (1, 1, 1))


def test_two_photos_are_told_apart() -> None:
    one, other = describe(extractor(), photo(1), photo(2))
    assert not np.allclose(one, other, atol=1e-5) and np.linalg.norm(one) == pytest.approx(1, abs=1e-6)


def test_settings_name_the_weights_and_what_is_seen(hub: Path) -> None:
    settings = extractor().settings()
    assert settings["model"] == MODEL and settings["weights_sha256"] == sha256_of_file(cached_path(MODEL, hub))
    assert "crop of 224x224 after 256, bicubic, mean and std 0,0,0,1,1,1" in settings["picture"]


def test_the_padding_that_the_file_asks_for_is_used(tmp_path: Path) -> None:
    path = tmp_path / "symmetric.pth"
    write_simclr_weights(path, SimclrWeights(drawn(1).state_dict(), None, False), {})
    exact, symmetric = describe(extractor(), photo())[0], describe(extractor(weights=path), photo())[0]
    assert not np.allclose(exact, symmetric, atol=1e-5) and exact @ symmetric > 0.99


@pytest.mark.parametrize("key", ["encoder", "state_dict", "resnet"])
def test_weights_that_were_converted_before_are_taken(tmp_path: Path, key: str) -> None:
    path = tmp_path / "theirs.pth"
    torch.save({key: {f"net.{name}": value for name, value in drawn(5).state_dict().items()}}, path)
    pixels = torch.from_numpy(extractor().prepare(photo()).copy()).permute(2, 0, 1)[None] / 255
    with torch.inference_mode():
        expected = torch.nn.functional.normalize(drawn(5)(pixels))[0].numpy()
    np.testing.assert_allclose(describe(extractor(weights=path), photo())[0], expected, atol=1e-6)


def test_the_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.pth"
    torch.save({"encoder": drawn(1, SimclrShape((1, 1, 1, 1), 1 / 8, True)).state_dict()}, path)
    with pytest.raises(DamagedFileError, match=r"wide\.pth holds another network"):
        describe(extractor(weights=path), photo())


def test_missing_weights_are_told_with_the_command_that_fetches_them() -> None:
    with pytest.raises(
        StageError, match=r"simclrv1-r50-4x\.pth; fetch it with: python -m tools\.download_models simclrv1"
    ):
        create_extractor("simclrv1-r50-4x", ExtractorOptions())


def test_a_longest_side_keeps_the_photo_s_proportions() -> None:
    made = extractor(resize_max=160)
    assert made.prepare(photo(0, 400, 200)).shape == (80, 160, 3)
    assert np.isfinite(describe(made, photo(0, 400, 200))).all()
    with pytest.raises(UsageError, match="--resize_max 31: must be at least 32 pixels"):
        extractor(resize_max=31)


def test_workers_get_the_extractor_without_its_network() -> None:
    made = extractor()
    descriptor = describe(made, photo())
    content = pickle.dumps(made)
    assert len(content) < 3000
    assert np.array_equal(describe(pickle.loads(content), photo()), descriptor)


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("resize_max", [None, 161])
def test_another_engine_gives_the_same_descriptors_at_any_size(engine: str, resize_max: int | None) -> None:
    pytest.importorskip(engine, reason=f"{engine} is not installed")
    taken = photo(2, 161, 123)  # sides that are odd at every stage
    found = describe(extractor(engine=engine, resize_max=resize_max), taken)[0]
    assert found @ describe(extractor(resize_max=resize_max), taken)[0] >= 0.99999
