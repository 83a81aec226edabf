"""The proposals of :mod:`hloc.proposals` by PyTorch, for a GPU: whole rows of the product, in one pass.

Products are float32 throughout, so the same bound on their rounding holds as on the processor; which of them belong to
the best is decided there too, so the pairs are the same whatever device proposed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.devices import has_nvidia_driver, import_torch, resolve_device
from hloc.proposals import Proposals
from storage.errors import StageError

GPU_FROM = 20_000  # photos; below it the processor takes less than a minute, and --device auto leaves PyTorch alone
ROWS_AT_ONCE = 4096
COLUMNS_AT_ONCE = 32_768  # a part of the product: 0.5 GiB


def choose_device(device: str, num_photos: int) -> str:
    """Give the device that proposes: ``cuda`` or ``cuda:N`` where that is asked for, or found for many photos.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}
        As of ``--device``; Apple's GPUs are left to the networks.
    num_photos : int
        Photos that have a descriptor.
    """
    if device == "auto" and num_photos >= GPU_FROM and has_nvidia_driver():
        try:
            device = resolve_device(device)
        except StageError:  # no PyTorch: there is nothing to find out
            return "cpu"
    return resolve_device(device) if device.startswith("cuda") else "cpu"


def propose_with_torch(
    vectors: NDArray[np.floating], is_usable: NDArray[np.bool_], count: int, device: str
) -> Proposals:
    """Give, for each vector, the others with the ``count`` highest float32 products; arguments as of ``propose``.

    The descriptors are kept on the device as they are stored: 1.6 GB for 100,000 of 4,096 dimensions.
    """
    torch = import_torch()
    proposals = Proposals.empty(len(vectors), count)
    stored = torch.from_numpy(np.ascontiguousarray(vectors)).to(device)
    is_missing = torch.from_numpy(~is_usable).to(device)
    former = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.inference_mode():
            for start in range(0, len(vectors), ROWS_AT_ONCE):
                values, indices = _highest(torch, stored, is_missing, start, count)
                rows = slice(start, start + len(values))
                proposals.values[rows, : values.shape[1]] = values.cpu().numpy()
                proposals.indices[rows, : values.shape[1]] = indices.cpu().numpy()
    finally:
        torch.set_float32_matmul_precision(former)
    proposals.values[~is_usable] = -np.inf
    return proposals


def _highest(torch: Any, stored: Any, is_missing: Any, start: int, count: int) -> tuple[Any, Any]:
    rows = stored[start : start + ROWS_AT_ONCE].float()
    values = torch.empty((len(rows), 0), device=rows.device)
    indices = torch.empty((len(rows), 0), dtype=torch.long, device=rows.device)
    for first in range(0, len(stored), COLUMNS_AT_ONCE):
        product = rows @ stored[first : first + COLUMNS_AT_ONCE].float().T
        product[:, is_missing[first : first + COLUMNS_AT_ONCE]] = -torch.inf
        product.diagonal(start - first).fill_(-torch.inf)  # each photo with itself; none in other parts
        highest, columns = product.topk(min(count, product.shape[1]), dim=1, sorted=False)
        values, indices = torch.cat([values, highest], 1), torch.cat([indices, columns + first], 1)
        values, place = values.topk(min(count, values.shape[1]), dim=1, sorted=False)
        indices = indices.gather(1, place)
    return values, indices
