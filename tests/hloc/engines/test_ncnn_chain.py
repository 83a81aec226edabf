"""The body of NetVLAD by ncnn: what it takes and refuses. Its descriptors are tested with those of other engines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hloc.engines import ncnn_chain
from hloc.engines.ncnn_chain import open_chain
from hloc.engines.photo_network import PhotoNetwork, TorchRun
from tests.hloc.stand_ins import photo

pytest.importorskip("ncnn", reason="ncnn is not installed")
torch = pytest.importorskip("torch", reason="ncnn computes networks of PyTorch")
nn = torch.nn


def network(*body: Any) -> PhotoNetwork:
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return PhotoNetwork(nn.Sequential(*body), head, (120.0, 120.0, 120.0), (60.0, 60.0, 60.0))


@pytest.mark.parametrize(("width", "height"), [(64, 48), (37, 19), (5, 2)])
@pytest.mark.parametrize("num_threads", [1, 0])
def test_a_chain_gives_what_torch_gives(width: int, height: int, num_threads: int) -> None:
    torch.manual_seed(0)
    parts = network(
        nn.Conv2d(3, 20, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Conv2d(20, 33, 3, padding=1)
    )
    photos = np.stack([photo(seed, width, height) for seed in range(2)])
    found = open_chain(parts, "chain", num_threads).describe(photos)
    assert np.allclose(found, TorchRun(parts.module(), "cpu").describe(photos), atol=1e-5)


@pytest.mark.parametrize(
    "body",
    [
        (nn.Conv2d(3, 8, 5, padding=2),),
        (nn.Conv2d(3, 8, 3),),
        (nn.Conv2d(3, 8, 3, padding=1, stride=2),),
        (nn.Conv2d(3, 8, 3, padding=1, bias=False),),
        (nn.Conv2d(3, 8, 3, padding=1, padding_mode="reflect"),),
        (nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(3)),
        (nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(2, ceil_mode=True)),
        (nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(2), nn.ReLU()),
        (nn.ReLU(), nn.Conv2d(3, 8, 3, padding=1)),
        (nn.Conv2d(3, 8, 3, padding=1), nn.Sigmoid()),
    ],
)
def test_another_body_is_refused_before_a_photo_is_looked_at(body: tuple[Any, ...]) -> None:
    with pytest.raises(ncnn_chain.StageError, match="--engine ncnn cannot compute chain .*use --engine torch"):
        open_chain(network(*body), "chain")


def test_other_descriptors_than_those_of_torch_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    written = ncnn_chain._written

    def without_cut(body: Any, model: str) -> tuple[list[str], bytes]:
        lines, weights = written(body, model)
        return [line.replace(" 9=1", " 9=0") for line in lines], weights

    monkeypatch.setattr(ncnn_chain, "_written", without_cut)
    with pytest.raises(ncnn_chain.StageError, match="agree with torch's only to a cosine of .*use --engine torch"):
        open_chain(network(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU()), "chain")


def test_photos_one_after_another_take_no_more_memory() -> None:
    resource = pytest.importorskip("resource", reason="this system does not tell the memory of a process so")
    run = open_chain(network(nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1)), "chain")
    taken = photo(0, 512, 384)[None]
    for _ in range(3):
        run.describe(taken)
    former = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(10):
        run.describe(taken)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - former < 60_000


def test_weights_stay_with_the_network() -> None:
    parts = network(nn.Conv2d(3, 8, 3, padding=1))
    first = open_chain(parts, "chain")
    wanted = first.describe(photo(1)[None])
    others = [open_chain(parts, "chain").describe(photo(1)[None]) for _ in range(5)]
    assert all(np.array_equal(found, wanted) for found in others)
    assert np.array_equal(first.describe(photo(1)[None]), wanted)
