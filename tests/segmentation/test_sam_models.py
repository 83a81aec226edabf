"""Networks of Segment Anything from checkpoints, with stand-ins of the packages."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from segmentation.method_parameters import SamParameters
from segmentation.sam_models import check_sam, load_generator, load_predictor, model_type_of
from storage.errors import UsageError


class Network:
    def __init__(self, checkpoint: str) -> None:
        if Path(checkpoint).read_bytes() != b"weights":
            raise RuntimeError("invalid header\nmore lines")
        self.checkpoint, self.device = checkpoint, ""

    def to(self, device: str) -> Network:
        self.device = device
        return self


class Wrapper:
    def __init__(self, model: Any, points_per_side: int = 0) -> None:
        self.model, self.points_per_side = model, points_per_side


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("segment_anything")
    module.sam_model_registry = {"vit_b": Network}  # type: ignore[attr-defined]
    module.SamPredictor = module.SamAutomaticMaskGenerator = Wrapper  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "segment_anything", module)


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []

    def build(config: str, path: str, device: str) -> str:
        calls.append((config, path, device))
        return "network"

    modules = {name: ModuleType(name) for name in ("sam2", "sam2.build_sam", "sam2.sam2_image_predictor")}
    modules["sam2.automatic_mask_generator"] = ModuleType("sam2.automatic_mask_generator")
    modules["sam2.build_sam"].build_sam2 = build  # type: ignore[attr-defined]
    modules["sam2.sam2_image_predictor"].SAM2ImagePredictor = Wrapper  # type: ignore[attr-defined]
    modules["sam2.automatic_mask_generator"].SAM2AutomaticMaskGenerator = Wrapper  # type: ignore[attr-defined]
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return calls


def checkpoint(tmp_path: Path, name: str, content: bytes = b"weights") -> SamParameters:
    (tmp_path / name).write_bytes(content)
    return SamParameters(checkpoint=tmp_path / name, points_per_side=8)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sam_vit_b_01ec64.pth", "vit_b"),
        ("SAM_ViT_H_4b8939.pth", "vit_h"),
        ("sam2_hiera_small.pt", "configs/sam2/sam2_hiera_s.yaml"),
        ("sam2.1_hiera_base_plus.pt", "configs/sam2.1/sam2.1_hiera_b+.yaml"),
    ],
)
def test_the_name_of_a_checkpoint_says_the_network(name: str, expected: str) -> None:
    assert model_type_of(SamParameters(checkpoint=Path(name))) == expected


def test_a_name_that_says_nothing_needs_a_model_type() -> None:
    with pytest.raises(UsageError, match="best.pth.*give --model_type"):
        model_type_of(SamParameters(checkpoint=Path("best.pth")))
    assert model_type_of(SamParameters(checkpoint=Path("best.pth"), model_type="vit_l")) == "vit_l"


def test_an_unknown_model_type_is_refused() -> None:
    with pytest.raises(UsageError, match="--model_type is 'vit_x'"):
        model_type_of(SamParameters(checkpoint=Path("best.pth"), model_type="vit_x"))


@pytest.mark.usefixtures("first")
def test_the_first_generation_is_loaded_onto_the_device(tmp_path: Path) -> None:
    predictor = load_predictor(checkpoint(tmp_path, "sam_vit_b.pth"))
    assert predictor.model.checkpoint == str(tmp_path / "sam_vit_b.pth") and predictor.model.device == "cpu"
    assert load_generator(checkpoint(tmp_path, "sam_vit_b.pth")).points_per_side == 8


def test_the_second_generation_is_built_from_its_configuration(tmp_path: Path, second: list[tuple[Any, ...]]) -> None:
    assert load_predictor(checkpoint(tmp_path, "sam2.1_hiera_tiny.pt")).model == "network"
    assert load_generator(checkpoint(tmp_path, "sam2.1_hiera_tiny.pt")).points_per_side == 8
    assert second[0] == ("configs/sam2.1/sam2.1_hiera_t.yaml", str(tmp_path / "sam2.1_hiera_tiny.pt"), "cpu")


def test_without_a_checkpoint_the_message_names_the_flag_and_that_nothing_is_downloaded() -> None:
    with pytest.raises(UsageError, match="--checkpoint FILE.*never downloaded"):
        check_sam(SamParameters())


def test_a_checkpoint_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="sam_vit_b.pth: there is no such file"):
        check_sam(SamParameters(checkpoint=tmp_path / "sam_vit_b.pth"))


@pytest.mark.parametrize(("name", "package"), [("sam_vit_b.pth", "segment-anything"), ("sam2_hiera_tiny.pt", "sam2")])
def test_without_the_package_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    def missing(module: str) -> ModuleType:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module.split(".")[0])

    monkeypatch.setattr("segmentation.sam_models.importlib.import_module", missing)
    with pytest.raises(UsageError, match=f"needs the package {package}.*pip install {package}"):
        check_sam(checkpoint(tmp_path, name))


def test_without_pytorch_the_message_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(module: str) -> ModuleType:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("segmentation.sam_models.importlib.import_module", missing)
    with pytest.raises(UsageError, match="needs PyTorch.*pip install torch"):
        check_sam(checkpoint(tmp_path, "sam_vit_b.pth"))


@pytest.mark.usefixtures("second")
@pytest.mark.parametrize(("folder", "is_shown"), [("sam2", False), ("stages", True)])
def test_what_sam2_logs_of_each_photo_is_not_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, folder: str, is_shown: bool
) -> None:
    load_predictor(checkpoint(tmp_path, "sam2_hiera_tiny.pt"))
    path = str(tmp_path / folder / "build_sam.py")
    logging.getLogger().handle(logging.LogRecord("root", logging.ERROR, path, 1, "said", None, None))
    assert bool(caplog.records) == is_shown


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("Error(s) in loading state_dict for Sam:\n\tMissing key(s)"), "are those of another network"),
        (RuntimeError(), "are those of another network"),
        (KeyError("model"), "it has no 'model'"),
        (OSError(), "OSError"),
    ],
)
def test_what_is_wrong_with_a_checkpoint_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str, second: list[tuple[Any, ...]]
) -> None:
    def build(*_: Any, **__: Any) -> str:
        raise error

    monkeypatch.setattr(sys.modules["sam2.build_sam"], "build_sam2", build)
    with pytest.raises(UsageError, match=rf"cannot be loaded as .*yaml on cpu \(.*{said}\)$"):
        load_predictor(checkpoint(tmp_path, "sam2_hiera_tiny.pt"))
    assert not second


@pytest.mark.usefixtures("first")
def test_a_file_that_is_no_checkpoint_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be loaded as vit_b on cpu \(invalid header\)"):
        load_predictor(checkpoint(tmp_path, "sam_vit_b.pth", b"other"))
