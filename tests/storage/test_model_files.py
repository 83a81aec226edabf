"""Where weight files come from and where they are kept."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest

from storage.model_files import MODEL_FILES, cache_folder, cached_path, fetch_command


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"XDG_CACHE_HOME": "/caches"},
        {"XDG_CACHE_HOME": "~/caches"},
        {"TORCH_HOME": "/torch"},
        {"TORCH_HOME": "~/torch", "XDG_CACHE_HOME": "/caches"},
        {"TORCH_HOME": "relative"},
    ],
)
def test_the_cache_is_torch_hub_s(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    hub = pytest.importorskip("torch.hub")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(hub.get_dir())


def test_without_any_variable_the_cache_is_in_the_home_folder(home: Path) -> None:
    assert cache_folder() == home / ".cache" / "torch" / "hub"


def test_netvlad_is_kept_where_hloc_keeps_it(home: Path) -> None:
    expected = home / ".cache" / "torch" / "hub" / "netvlad" / "VGG16-NetVLAD-Pitts30K.mat"
    assert cached_path("netvlad") == expected


def test_another_cache_folder_can_be_named(tmp_path: Path) -> None:
    assert cached_path("tokyotm", tmp_path) == tmp_path / "netvlad" / "VGG16-NetVLAD-TokyoTM.mat"


@pytest.mark.parametrize("model", sorted(MODEL_FILES))
def test_every_entry_can_be_used(model: str) -> None:
    entry = MODEL_FILES[model]
    assert entry.url.startswith("https://")
    assert entry.sha256 is None or re.fullmatch(r"[0-9a-f]{8}|[0-9a-f]{64}", entry.sha256)
    assert entry.sum_from or entry.sha256 is None or model == "netvlad"
    assert not PurePosixPath(entry.place).is_absolute()
    assert ".." not in PurePosixPath(entry.place).parts
    assert entry.megabytes > 0
    assert entry.source
    assert entry.licence


def test_torchvision_s_files_carry_the_begin_of_their_sum_in_their_name() -> None:
    models = pytest.importorskip("torchvision.models")
    builders = {"mobilenet_v3": "mobilenet_v3_large"}
    ours = [model for model, entry in MODEL_FILES.items() if entry.source.startswith("torchvision")]
    assert {"resnet18", "inception_v3", "efficientnet_b7", "wide_resnet101_2", "vgg19"} <= set(ours)
    for model in ours:
        weights = models.get_model_weights(builders.get(model, model)).DEFAULT
        entry = MODEL_FILES[model]
        assert entry.url == weights.url
        assert entry.megabytes == pytest.approx(weights.meta["_file_size"] * 2**20 / 10**6, rel=0.03)
        assert entry.file_name.endswith(f"-{entry.sha256}.pth")
        assert entry.place == f"checkpoints/{entry.file_name}"


def test_the_command_that_fetches_a_model_asks_for_trust_where_code_comes_with_it() -> None:
    assert fetch_command("resnet50") == "python -m tools.download_models resnet50"
    assert fetch_command("salad") == "python -m tools.download_models salad --trust_code"


def test_no_two_models_share_a_place() -> None:
    assert len({entry.place for entry in MODEL_FILES.values()}) == len(MODEL_FILES)
