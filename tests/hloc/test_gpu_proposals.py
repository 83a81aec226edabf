from __future__ import annotations

import numpy as np
import pytest

from hloc import gpu_proposals
from hloc.gpu_proposals import choose_device, propose_with_torch
from hloc.retrieval import SearchWay, find_neighbours
from storage.errors import StageError, UsageError
from tests.hloc.test_proposals import as_sets, highest
from tests.hloc.test_retrieval import unit_vectors

torch = pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_proposals, "ROWS_AT_ONCE", 16)
    monkeypatch.setattr(gpu_proposals, "COLUMNS_AT_ONCE", 40)


@pytest.mark.parametrize("count", [1, 6, 45, 200])
def test_the_highest_are_proposed(count: int) -> None:
    vectors = unit_vectors(100)
    assert as_sets(propose_with_torch(vectors, np.ones(100, bool), count, "cpu")) == highest(vectors, count)


def test_unusable_vectors_are_proposed_to_none_and_have_no_proposals() -> None:
    vectors, is_usable = unit_vectors(50), np.arange(50) % 4 > 0
    found = as_sets(propose_with_torch(vectors, is_usable, 60, "cpu"))
    usable = set(np.flatnonzero(is_usable).tolist())
    assert found == [usable - {row} if row in usable else set() for row in range(50)]


def test_neighbours_are_the_same_whoever_proposed(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.concatenate([unit_vectors(80), np.repeat(unit_vectors(1, seed=9), 30, axis=0)])
    expected = find_neighbours(vectors, 5).keys

    def on_cpu(*args: object) -> object:
        return propose_with_torch(*args[:3], "cpu")  # type: ignore[arg-type]

    monkeypatch.setattr("hloc.retrieval.propose_with_torch", on_cpu)
    np.testing.assert_array_equal(find_neighbours(vectors, 5, way=SearchWay(device="cuda")).keys, expected)


def test_half_precision_vectors_are_multiplied_in_single_precision() -> None:
    vectors = unit_vectors(60).astype(np.float16)
    found = propose_with_torch(vectors, np.ones(60, bool), 4, "cpu")
    assert as_sets(found) == highest(vectors.astype(np.float32), 4)


def test_the_precision_of_products_is_as_before_afterwards() -> None:
    former = torch.get_float32_matmul_precision()
    propose_with_torch(unit_vectors(10), np.ones(10, bool), 2, "cpu")
    assert torch.get_float32_matmul_precision() == former


@pytest.mark.parametrize("device", ["cpu", "mps", "auto"])
def test_few_photos_and_other_devices_stay_on_the_processor(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_proposals, "resolve_device", lambda device: pytest.fail("looked for a GPU"))
    assert choose_device(device, 1000) == "cpu"


def test_without_a_driver_of_gpus_nobody_asks_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_proposals, "has_nvidia_driver", lambda: False)
    monkeypatch.setattr(gpu_proposals, "resolve_device", lambda device: pytest.fail("imported PyTorch"))
    assert choose_device("auto", gpu_proposals.GPU_FROM) == "cpu"


def test_a_gpu_is_taken_for_many_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_proposals, "has_nvidia_driver", lambda: True)
    monkeypatch.setattr(gpu_proposals, "resolve_device", lambda device: "cuda" if device == "auto" else device)
    assert choose_device("auto", gpu_proposals.GPU_FROM) == "cuda"
    assert choose_device("cuda:1", 10) == "cuda:1"


def test_without_pytorch_auto_stays_on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_proposals, "has_nvidia_driver", lambda: True)

    def missing(device: str) -> str:
        raise StageError("not installed")

    monkeypatch.setattr(gpu_proposals, "resolve_device", missing)
    assert choose_device("auto", gpu_proposals.GPU_FROM) == "cpu"


def test_a_gpu_that_is_asked_for_and_not_there_is_an_error() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(UsageError, match="--device cuda"):
        choose_device("cuda", 10)
