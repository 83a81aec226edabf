"""NetVLAD a second time, in float64 NumPy, written from the formulas; and drawn weight files of the published layout.

Nothing here comes from ``hloc``: the reference works on the arrays in the axis order of the weight file itself. Each
name of ``MISTAKES`` switches on one plausible mistake, so that the tests show that a comparison would find it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

Array = NDArray[np.float64]

# Each block of VGG16 is so many convolutions; a ReLU follows each but the last, a pooling each block but the last.
BLOCKS = (2, 2, 3, 3, 3)
PLACES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
MISTAKES = (
    "no mean",
    "mean in the wrong channel order",
    "channels reversed",
    "pixels from 0 to 1",
    "kernels flipped",
    "ReLU after conv5_3",
    "local features not normalised",
    "assignment of centres instead of weights",
    "centres added",
    "not normalised within clusters",
    "clusters slow, features fast",
    "whitening without bias",
)


@dataclass
class DrawnNet:
    """Weights in the axis order of the file."""

    kernels: list[Array]  # 13 of (3, 3, IN, OUT)
    biases: list[Array]  # 13 of (OUT,)
    assignment: Array  # (D, K)
    negated_centres: Array  # (D, K)
    whitening: Array  # (1, 1, D * K, P)
    whitening_bias: Array  # (P,)
    average: Array  # (H, W, 3)


def draw_net(
    seed: int = 0, widths: tuple[int, ...] = (8, 8, 16, 16, 16), num_clusters: int = 8, num_outputs: int = 24
) -> DrawnNet:
    """Draw weights of a narrow VGG16 whose layers all matter to the result; float32 values, as in the file."""
    rng = np.random.default_rng(seed)
    kernels, biases, num_in = [], [], 3
    for width, times in zip(widths, BLOCKS, strict=True):
        for _ in range(times):
            kernels.append(rng.normal(0, np.sqrt(2 / (9 * num_in)), (3, 3, num_in, width)))
            biases.append(rng.normal(0, 4, width))
            num_in = width
    centres = rng.normal(size=(num_in, num_clusters))
    centres /= np.linalg.norm(centres, axis=0)
    net = DrawnNet(
        kernels=kernels,
        biases=biases,
        assignment=8 * (centres + 0.2 * rng.normal(size=centres.shape)),
        negated_centres=-0.5 * centres,
        whitening=rng.normal(size=(1, 1, num_in * num_clusters, num_outputs)),
        whitening_bias=rng.normal(0, 0.5, num_outputs),
        average=np.broadcast_to(np.array([123.5, 116.25, 80.0]), (4, 5, 3)).copy(),
    )
    for name, value in vars(net).items():
        single = [array.astype(np.float32).astype(float) for array in value] if isinstance(value, list) else None
        setattr(net, name, single or np.asarray(value, np.float32).astype(float))
    return net


def layers_of(net: DrawnNet) -> list[dict[str, Any]]:
    """Lay the weights out as the 35 layers of the file."""
    layers: list[dict[str, Any]] = [{"name": f"layer{i}", "type": "other", "weights": _cell()} for i in range(35)]
    for place, kernel, bias in zip(PLACES, net.kernels, net.biases, strict=True):
        layers[place] |= {"type": "conv", "weights": _cell(kernel, bias)}
    layers[30]["weights"] = _cell(net.assignment, net.negated_centres)
    layers[33]["weights"] = _cell(net.whitening, net.whitening_bias)
    return layers


def write_net(
    path: Path, net: DrawnNet, layers: list[dict[str, Any]] | None = None, is_struct_array: bool = False, **options: Any
) -> Path:
    """Write a weight file; ``layers`` replaces those of the net, ``is_struct_array`` makes them one struct array."""
    stored: NDArray[Any] = _cell(*(layers or layers_of(net)))
    if is_struct_array:
        stored = np.empty((1, len(stored[0])), [("name", object), ("type", object), ("weights", object)])
        for index, layer in enumerate(layers or layers_of(net)):
            stored[0, index] = (layer["name"], layer["type"], layer["weights"])
    meta = {"normalization": {"averageImage": net.average.astype(np.float32), "imageSize": np.array([4.0, 5.0, 3.0])}}
    savemat(path, {"net": {"layers": stored, "meta": meta}}, **options)
    return path


def _cell(*values: Any) -> NDArray[Any]:
    cell = np.empty((1, len(values)), object)
    for index, value in enumerate(values):
        cell[0, index] = value if isinstance(value, dict) else np.asarray(value, np.float32)
    return cell


def reference_descriptor(photo: NDArray[np.uint8], net: DrawnNet, mistake: str = "") -> Array:
    """Describe an RGB photo (H, W, 3); ``mistake`` is one of ``MISTAKES`` or empty."""
    assert mistake in ("", *MISTAKES)
    pixels = photo.astype(float)
    if mistake == "pixels from 0 to 1":
        pixels /= 255
    if mistake == "channels reversed":
        pixels = pixels[:, :, ::-1]
    mean = net.average[0, 0, :]
    if mistake == "mean in the wrong channel order":
        mean = mean[::-1]
    if mistake != "no mean":
        pixels = pixels - mean
    features = _conv5_3(pixels, net, mistake)
    vlad = _vlad(features.reshape(-1, features.shape[-1]), net, mistake)
    bias = 0 if mistake == "whitening without bias" else net.whitening_bias
    return _unit(vlad @ net.whitening[0, 0] + bias)


def _conv5_3(image: Array, net: DrawnNet, mistake: str) -> Array:
    convolutions = iter(zip(net.kernels, net.biases, strict=True))
    for block, times in enumerate(BLOCKS):
        for turn in range(times):
            kernel, bias = next(convolutions)
            image = _correlate(image, kernel[::-1, ::-1] if mistake == "kernels flipped" else kernel) + bias
            is_last = block == len(BLOCKS) - 1 and turn == times - 1
            if not is_last or mistake == "ReLU after conv5_3":
                image = np.maximum(image, 0)
        if block < len(BLOCKS) - 1:
            image = _pool(image)
    return image


def _correlate(image: Array, kernel: Array) -> Array:
    """Sum kernel[i, j] times the image moved by (i - 1, j - 1), zeros outside."""
    height, width = image.shape[:2]
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)))
    return sum(padded[i : i + height, j : j + width] @ kernel[i, j] for i in range(3) for j in range(3))


def _pool(image: Array) -> Array:
    height, width = image.shape[0] // 2, image.shape[1] // 2
    return image[: 2 * height, : 2 * width].reshape(height, 2, width, 2, -1).max(axis=(1, 3))


def _vlad(features: Array, net: DrawnNet, mistake: str) -> Array:
    """Follow the definition: for each location, each cluster, the share times the difference."""
    if mistake != "local features not normalised":
        features = np.array([_unit(x) for x in features])
    centres = -net.negated_centres.T
    rows = centres if mistake == "assignment of centres instead of weights" else net.assignment.T
    sign = -1 if mistake == "centres added" else 1
    total = np.zeros(net.assignment.shape)
    for x in features:
        logits = rows @ x
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        for k, centre in enumerate(centres):
            total[:, k] += shares[k] * (x - sign * centre)
    if mistake != "not normalised within clusters":
        total = np.stack([_unit(column) for column in total.T], axis=1)
    flat = total.flatten(order="F" if mistake == "clusters slow, features fast" else "C")
    return _unit(flat)


def _unit(vector: Array) -> Array:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
