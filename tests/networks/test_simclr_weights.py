"""Weight files: the project's own, and those of converters with other names and the same order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from networks.simclr import SimclrShape
from networks.simclr_weights import (
    SimclrWeights,
    filled_encoder,
    filled_head,
    read_simclr_weights,
    write_simclr_weights,
)
from storage.errors import DamagedFileError, StageError
from tests.networks.tiny_simclr import TINY, drawn, drawn_head

torch = pytest.importorskip("torch", reason="these networks need PyTorch")


def state(seed: int = 1) -> dict[str, Any]:
    return dict(drawn(seed).state_dict())


def saved(path: Path, content: Any) -> Path:
    torch.save(content, path)
    return path


def renamed(tensors: dict[str, Any]) -> dict[str, Any]:
    """The same layers in the same order, under names that say nothing."""
    numbers: dict[str, int] = {}
    found = {}
    for name, value in tensors.items():
        layer, _, part = name.rpartition(".")
        found[f"net.{numbers.setdefault(layer, len(numbers))}.{part}"] = value
    return found


def same(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return found.keys() == wanted.keys() and all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    head = dict(drawn_head(3).state_dict())
    classifier = {"weight": torch.rand(5, TINY.dimension), "bias": torch.rand(5)}
    written = SimclrWeights(state(), head, False, classifier)
    write_simclr_weights(tmp_path / "new" / "a.pth", written, {"model": "tiny", "step": 7})
    found = read_simclr_weights(tmp_path / "new" / "a.pth", TINY)
    assert same(found.encoder, state()) and found.head is not None and same(found.head, head)
    assert found.classifier is not None and same(found.classifier, classifier)
    assert found.exact_padding is False and not filled_encoder(TINY, found).exact_padding


def test_the_file_is_plain_tensors_and_texts(tmp_path: Path) -> None:
    write_simclr_weights(tmp_path / "a.pth", SimclrWeights(state(), None, True), {"model": "tiny"})
    content = torch.load(tmp_path / "a.pth", weights_only=True)
    assert (content["format"], content["format_version"], content["model"]) == ("simclr-weights", 1, "tiny")
    assert content["padding"] == "tensorflow" and "head" not in content


def test_the_same_weights_make_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_simclr_weights(tmp_path / name / "w.pth", SimclrWeights(state(), None, True), {})
    assert (tmp_path / "a" / "w.pth").read_bytes() == (tmp_path / "b" / "w.pth").read_bytes()


@pytest.mark.parametrize("key", ["encoder", "resnet", "state_dict", None])
@pytest.mark.parametrize("names", ["own", "other"])
def test_files_of_converters_are_taken_under_their_keys_and_names(tmp_path: Path, key: str | None, names: str) -> None:
    tensors = state() if names == "own" else renamed(state())
    found = read_simclr_weights(saved(tmp_path / "a.pth", tensors if key is None else {key: tensors}), TINY)
    assert same(found.encoder, state()) and found.exact_padding and found.head is None


def test_a_classifier_and_a_head_of_a_converter_are_no_hindrance(tmp_path: Path) -> None:
    tensors = renamed(state()) | {"fc.weight": torch.rand(5, TINY.dimension), "fc.bias": torch.rand(5)}
    head = {name.replace(".", "_layer."): value for name, value in drawn_head(3).state_dict().items()}
    found = read_simclr_weights(saved(tmp_path / "a.pth", {"resnet": tensors, "head": head}), TINY)
    assert same(found.encoder, state()) and found.projected == 16
    assert found.head is not None and same(found.head, dict(drawn_head(3).state_dict()))


@pytest.mark.parametrize("begin", ["module.", "encoder.", "model."])
def test_names_that_begin_with_a_wrapper_s_are_taken(tmp_path: Path, begin: str) -> None:
    content = {"state_dict": {begin + name: value for name, value in state().items()} | {"other.weight": torch.ones(2)}}
    assert same(read_simclr_weights(saved(tmp_path / "a.pth", content), TINY).encoder, state())


def test_half_precision_becomes_float32(tmp_path: Path) -> None:
    halves = {name: value.half() if value.is_floating_point() else value for name, value in state().items()}
    found = read_simclr_weights(saved(tmp_path / "a.pth", halves), TINY).encoder
    assert {value.dtype for name, value in found.items() if "tracked" not in name} == {torch.float32}


def test_a_filled_network_is_on_the_processor_and_computes_the_same() -> None:
    filled = filled_encoder(TINY, SimclrWeights(state(), None, True)).eval()
    pixels = torch.rand(1, 3, 64, 64)
    assert torch.equal(filled(pixels), drawn(1)(pixels))
    assert not any(value.is_meta for value in filled.state_dict().values())
    assert all(parameter.requires_grad for parameter in filled.parameters())
    assert filled_head(TINY, SimclrWeights(state(), None, True)) is None


# -- what is refused --------------------------------------------------------------------------------------------------


def test_a_shortcut_that_stands_after_the_convolutions_is_noticed(tmp_path: Path) -> None:
    tensors = state()
    moved = [name for name in tensors if ".shortcut." in name]
    later = {name: value for name, value in tensors.items() if name not in moved} | {
        name: tensors[name] for name in moved
    }
    with pytest.raises(DamagedFileError, match="holds another network"):
        read_simclr_weights(saved(tmp_path / "a.pth", renamed(later)), TINY)


def test_the_weights_of_another_depth_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pth", state())
    with pytest.raises(DamagedFileError, match=r"a\.pth holds another network: 27 kernels and 23 norms in place of 32"):
        read_simclr_weights(path, SimclrShape((2, 1, 1, 1), 1 / 16, True))


def test_a_norm_without_its_mean_s_partner_is_refused(tmp_path: Path) -> None:
    tensors = renamed(state())
    del tensors[next(name for name in tensors if name.endswith("running_var"))]
    with pytest.raises(DamagedFileError, match="has no running_var"):
        read_simclr_weights(saved(tmp_path / "a.pth", tensors), TINY)


@pytest.mark.parametrize("content", [[1, 2], {"encoder": {}}, {"epoch": 3}])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: Any) -> None:
    with pytest.raises(DamagedFileError, match="holds no dictionary of weights"):
        read_simclr_weights(saved(tmp_path / "a.pth", content), TINY)


def test_a_head_without_norms_is_refused(tmp_path: Path) -> None:
    content = {"encoder": state(), "head": {"0.weight": torch.rand(3, 3)}}
    with pytest.raises(DamagedFileError, match="a head without norms"):
        read_simclr_weights(saved(tmp_path / "a.pth", content), TINY)


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    content = {"format": "simclr-weights", "format_version": 2, "encoder": state()}
    with pytest.raises(
        DamagedFileError, match="version 2 of the format 'simclr-weights'; this program reads version 1"
    ):
        read_simclr_weights(saved(tmp_path / "a.pth", content), TINY)


def test_a_cut_or_missing_file_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pth", state())
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DamagedFileError, match=r"damaged: .*a\.pth is no weight file of PyTorch"):
        read_simclr_weights(path, TINY)
    with pytest.raises(StageError, match=r"cannot read .*none\.pth"):
        read_simclr_weights(tmp_path / "none.pth", TINY)


def test_a_file_that_would_run_code_is_refused_without_running_it(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "sprung",))

    with pytest.raises(DamagedFileError, match="is no weight file"):
        read_simclr_weights(saved(tmp_path / "a.pth", {"encoder": Trap()}), TINY)
    assert not (tmp_path / "sprung").exists()


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    tensors = state()
    tensors["stem.0.weight"][0, 0, 0, 0] = float("nan")
    with pytest.raises(DamagedFileError, match=r"holds values for stem\.0\.weight that no network can have"):
        read_simclr_weights(saved(tmp_path / "a.pth", tensors), TINY)
