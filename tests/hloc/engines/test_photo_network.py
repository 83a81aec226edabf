"""How PyTorch computes a network: queued on a GPU, at once elsewhere; compiled where that works."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hloc.engines.photo_network import CheckedShape, CompiledModule, PhotoNetwork, TorchRun, started
from hloc.extractors import create_extractor
from hloc.extractors.base import ExtractorOptions
from hloc.extractors.netvlad import parts_of
from storage.errors import StageError, UsageError
from storage.formats.weights import read_netvlad_weights
from tests.hloc.netvlad_reference import draw_net, write_net
from tests.hloc.stand_ins import photo

torch = pytest.importorskip("torch", reason="these networks need PyTorch")
NET = draw_net(widths=(4, 4, 8, 8, 8), num_clusters=6, num_outputs=12)
MOST_DIFFERENCE = 1e-5  # of a number of a unit vector, between a batch and its photos one by one


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_net(tmp_path_factory.mktemp("netvlad") / "weights.mat", NET)


@pytest.fixture
def parts(weights: Path) -> PhotoNetwork:
    return parts_of(read_netvlad_weights(weights))


def photos(count: int, width: int = 96, height: int = 72) -> Any:
    return np.stack([photo(seed, width, height) for seed in range(count)])


@pytest.mark.parametrize(("width", "height"), [(96, 72), (72, 96), (131, 48)])
@pytest.mark.parametrize("count", [2, 7, 16])
def test_a_batch_gives_what_its_photos_give_alone(parts: PhotoNetwork, count: int, width: int, height: int) -> None:
    run = TorchRun(parts.module(), "cpu")
    taken = photos(count, width, height)
    alone = np.concatenate([run.describe(taken[row : row + 1]) for row in range(count)])
    together = run.describe(taken)
    assert np.abs(together - alone).max() <= MOST_DIFFERENCE
    assert ((together * alone).sum(axis=1) >= 0.99999).all()


def test_what_is_started_gives_what_is_described(parts: PhotoNetwork) -> None:
    run = CheckedShape(TorchRun(parts.module(), "cpu"), "netvlad", "fp32", 12)
    np.testing.assert_array_equal(run.start(photos(3))(), run.describe(photos(3)))


def test_several_batches_that_are_started_do_not_mix(parts: PhotoNetwork) -> None:
    run, taken = TorchRun(parts.module(), "cpu"), photos(4)
    finishes = [run.start(taken[row : row + 1]) for row in range(4)]
    expected = [run.describe(taken[row : row + 1]) for row in range(4)]
    for finish, wanted in zip(finishes[::-1], expected[::-1], strict=True):
        np.testing.assert_array_equal(finish(), wanted)


def test_memory_is_page_locked_for_nvidia_gpus_only(parts: PhotoNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    locked: list[int] = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: locked.append(len(tensor)) or tensor)
    monkeypatch.setattr(TorchRun, "_queued", lambda _run, _photos: lambda: np.zeros((2, 12), np.float32))
    TorchRun(parts.module(), "cpu").describe(photos(2))
    assert locked == []
    TorchRun(parts.module(), "cuda:1").describe(photos(2))
    assert locked == [2]


def test_a_run_that_cannot_start_is_asked_when_its_result_is_wanted() -> None:
    asked: list[int] = []

    class Late:
        def describe(self, given: Any) -> Any:
            asked.append(len(given))
            return given

    finish = started(Late(), photos(2))
    assert asked == []
    finish()
    assert asked == [2]


def test_started_descriptors_are_checked_too() -> None:
    class Broken:
        def describe(self, given: Any) -> Any:
            return np.full((len(given), 4), np.nan, np.float32)

    finish = CheckedShape(Broken(), "netvlad", "bf16", 4).start(photos(1))
    with pytest.raises(StageError, match="not finite; use --precision fp32"):
        finish()


def test_a_network_that_cannot_be_compiled_is_computed_as_it_is_after_one_line(
    parts: PhotoNetwork, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def cannot(_module: Any) -> Any:
        raise RuntimeError("no C++ compiler\nwas found")

    monkeypatch.setattr(torch, "compile", cannot)
    module = parts.module()
    with caplog.at_level(logging.WARNING):
        found = [TorchRun(CompiledModule(module, "netvlad"), "cpu").describe(photos(2)) for _ in range(1)]
        run = TorchRun(CompiledModule(module, "netvlad"), "cpu")
        found += [run.describe(photos(2)), run.describe(photos(2))]
    assert len(caplog.records) == 2  # one for each module
    assert "cannot compile netvlad here (no C++ compiler was found); going on without it" in caplog.text
    for rows in found:
        np.testing.assert_array_equal(rows, TorchRun(module, "cpu").describe(photos(2)))


def test_a_network_is_compiled_once(parts: PhotoNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[Any] = []
    monkeypatch.setattr(torch, "compile", lambda module: compiled.append(module) or module)
    run = TorchRun(CompiledModule(parts.module(), "netvlad"), "cpu")
    run.describe(photos(1))
    run.describe(photos(2))
    assert len(compiled) == 1


def test_a_lack_of_memory_is_no_reason_to_go_on_uncompiled(
    parts: PhotoNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_photos: Any) -> Any:
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(torch, "compile", lambda _module: no_room)
    with pytest.raises(RuntimeError, match="out of memory"):
        CompiledModule(parts.module(), "netvlad")(torch.zeros(1))


def test_compile_takes_pytorch_and_no_other_engine(weights: Path) -> None:
    made = create_extractor("netvlad", ExtractorOptions(weights, "cpu", compile=True))
    assert made.engine.name == "torch"  # type: ignore[attr-defined]
    pytest.importorskip("onnxruntime")
    other = create_extractor("netvlad", ExtractorOptions(weights, "cpu", engine="onnxruntime", compile=True))
    with pytest.raises(UsageError, match="--compile: is for --engine torch, not for onnxruntime"):
        other.settings()


def test_models_without_such_a_network_refuse_compile() -> None:
    with pytest.raises(UsageError, match="--compile: --model vlad has no use for it"):
        create_extractor("vlad", ExtractorOptions(compile=True))


def test_the_whitening_of_a_batch_is_one_matrix_product(parts: PhotoNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    products: list[tuple[int, ...]] = []
    plain = torch.nn.functional.linear

    def noted(given: Any, *rest: Any) -> Any:
        products.append(tuple(given.shape))
        return plain(given, *rest)

    monkeypatch.setattr(torch.nn.functional, "linear", noted)
    TorchRun(parts.module(), "cpu").describe(photos(5))
    assert products == [(5, 8 * 6)]


def test_pixels_go_through_the_network_channels_last(parts: PhotoNetwork) -> None:
    module, seen = parts.module(), []
    module.body.register_forward_pre_hook(lambda _body, given: seen.append(given[0]))
    module(torch.from_numpy(photos(2)))
    assert seen[0].is_contiguous(memory_format=torch.channels_last)
