"""Batches over devices: in turn, two at a time, in order; and what happens when memory does not suffice."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hloc.extractors.network import BATCH_SIZES, NetworkExtractor
from storage.errors import StageError

torch = pytest.importorskip("torch", reason="these models need PyTorch")
MEMORY = RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")


class Plain:
    """A network that gives the mean of each photo, and notes what it was asked."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.sizes: list[int] = []
        self.most = 10**9

    def describe(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        if len(photos) > self.most:
            raise MEMORY
        self.sizes.append(len(photos))
        return photos.reshape(len(photos), -1).mean(axis=1, dtype=np.float32)[:, None]


class Queued(Plain):
    """The same, computed when it is asked for, as a GPU's queue is."""

    waiting = 0

    def start(self, photos: NDArray[np.uint8]) -> Callable[[], NDArray[np.float32]]:
        self.waiting += 1

        def finish() -> NDArray[np.float32]:
            self.waiting -= 1
            return self.describe(photos)

        return finish


class Drawn(NetworkExtractor):
    name = "drawn"
    max_side = 8
    dimension = 1  # type: ignore[assignment]

    def __init__(self, *devices: str, kind: type[Plain] = Queued) -> None:
        super().__init__(Path("weights"), ",".join(devices))
        self.devices, self.kind = devices, kind
        self.made: list[Any] = []

    def resolved_devices(self) -> tuple[str, ...]:
        return self.devices

    def load(self, device: str) -> Any:
        self.made.append(self.kind(device))
        return self.made[-1]

    def settings(self) -> dict[str, Any]:
        return {}

    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return photo


def batches(*sizes: int) -> list[list[NDArray[np.uint8]]]:
    values = iter(range(1, 200))
    return [[np.full((2, 2, 3), next(values), np.uint8) for _ in range(size)] for size in sizes]


def values_of(found: list[NDArray[np.float32]]) -> list[float]:
    return [float(value) for value in np.concatenate(found)[:, 0]]


@pytest.mark.parametrize("kind", [Plain, Queued])
@pytest.mark.parametrize("devices", [("cpu",), ("cuda",), ("cuda:0", "cuda:1", "cuda:2")])
def test_descriptors_come_in_the_order_of_the_batches(devices: tuple[str, ...], kind: type[Plain]) -> None:
    found = list(Drawn(*devices, kind=kind).describe_batches(batches(3, 1, 2, 3, 3, 1, 2)))
    assert [len(rows) for rows in found] == [3, 1, 2, 3, 3, 1, 2]
    assert values_of(found) == [float(value) for value in range(1, 16)]


def test_several_gpus_take_the_batches_in_turn(caplog: pytest.LogCaptureFixture) -> None:
    made = Drawn("cuda:0", "cuda:1")
    with caplog.at_level(logging.INFO):
        list(made.describe_batches(batches(5, 4, 3, 2, 1)))
    assert [(one.device, one.sizes) for one in made.made] == [("cuda:0", [5, 3, 1]), ("cuda:1", [4, 2])]
    assert "drawn computes on cuda:0 and cuda:1" in caplog.text


def test_each_gpu_has_two_batches_at_a_time_and_never_more() -> None:
    made, taken = Drawn("cuda:0", "cuda:1"), 0

    def counted() -> Any:
        nonlocal taken
        for batch in batches(*[2] * 12):
            taken += 1
            yield batch

    found = made.describe_batches(counted())
    for number in range(1, 9):
        next(found)
        assert taken == number + 3
        assert max(one.waiting for one in made.made) <= 2


def test_on_the_processor_a_photo_is_computed_alone() -> None:
    made = Drawn("cpu")
    list(made.describe_batches(batches(3, 2)))
    assert made.made[0].sizes == [1] * 5


@pytest.mark.parametrize("num_devices", [1, 2])
def test_a_batch_that_does_not_fit_is_halved_and_nothing_is_lost(
    num_devices: int, caplog: pytest.LogCaptureFixture
) -> None:
    made = Drawn(*[f"cuda:{number}" for number in range(num_devices)])
    made._loaded()
    for one in made.made:
        one.most = 3
    found = list(made.describe_batches(batches(8, 8, 8, 3)))
    assert values_of(found) == [float(value) for value in range(1, 28)]
    assert max(size for one in made.made for size in one.sizes) <= 3
    assert "not enough memory for 8 photos" in caplog.text


def test_a_network_that_cannot_even_start_a_batch_is_asked_for_less() -> None:
    made = Drawn("cuda")
    made._loaded()
    one = made.made[0]

    def refuse(photos: NDArray[np.uint8]) -> Any:
        raise MEMORY

    one.start = refuse
    assert values_of(list(made.describe_batches(batches(4, 4)))) == [float(value) for value in range(1, 9)]
    assert max(one.sizes) == 2


def test_one_photo_that_does_not_fit_ends_the_run_in_words() -> None:
    made = Drawn("cuda")
    made._loaded()
    made.made[0].most = 0
    with pytest.raises(StageError, match="not enough memory for one photo; use a smaller --resize_max"):
        list(made.describe_batches(batches(2)))


def test_another_error_of_the_network_is_not_taken_for_a_lack_of_memory() -> None:
    made = Drawn("cuda")
    made._loaded()

    def fail(photos: NDArray[np.uint8]) -> Any:
        raise RuntimeError("wrong shape")

    made.made[0].describe = fail
    with pytest.raises(RuntimeError, match="wrong shape"):
        list(made.describe_batches(batches(2)))


@pytest.mark.parametrize("devices", [("cpu",), ("mps",), ("cuda",), ("cuda:0", "cuda:1")])
def test_the_device_says_how_large_a_batch_is_and_who_needs_the_cores(devices: tuple[str, ...]) -> None:
    made = Drawn(*devices)
    assert made.default_batch_size() == BATCH_SIZES[devices[0].partition(":")[0]]
    assert made.keeps_cores_busy() == (devices[0] == "cpu")


def test_networks_are_left_behind_when_workers_get_the_model() -> None:
    made = Drawn("cuda:0", "cuda:1")
    list(made.describe_batches(batches(1)))
    made.made = []
    copied = pickle.loads(pickle.dumps(made))
    assert copied._network is None and copied._others == []


def test_no_batches_give_no_descriptors() -> None:
    assert list(Drawn("cuda").describe_batches([])) == []
