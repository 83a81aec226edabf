"""The published NetVLAD weight file: a MATLAB v5 file with one variable ``net``, read as plain arrays.

Source: Arandjelović et al., "NetVLAD: CNN architecture for weakly supervised place recognition" (CVPR 2016), in the
struct form that hloc reads. ``docs/formats.md`` lists the fields that are used. Widths, number of clusters and output
length come from the file; the places of the layers are fixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import DamagedFileError, StageError
from storage.fingerprints import sha256_of_file

CONVOLUTION_LAYERS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
VLAD_LAYER = 30
WHITENING_LAYER = 33
MADE_BY = "python -m tools.download_models netvlad"


@dataclass(frozen=True, eq=False)
class NetvladWeights:
    """VGG16 up to conv5_3, the NetVLAD layer and the whitening, all float32.

    Attributes
    ----------
    conv_weights : tuple of 13 ndarray (OUT, IN, 3, 3)
        Kernels of the convolutions, first to last; they correlate, they are not flipped.
    conv_biases : tuple of 13 ndarray (OUT,)
        Their biases.
    assignment : ndarray (K, D)
        Soft assignment of a local feature to the K clusters; its sharpness is multiplied in, it has no bias.
    centres : ndarray (K, D)
        Cluster centres. The file holds them negated; here they have their true sign.
    whitening_weight : ndarray (P, D * K)
        Its columns count the D features slowly and the K clusters fast.
    whitening_bias : ndarray (P,)
    mean_rgb : ndarray (3,)
        What is subtracted from a photo of values 0 to 255, in the order red, green, blue.
    sha256 : str
        SHA-256 of the file.
    """

    conv_weights: tuple[NDArray[np.float32], ...]
    conv_biases: tuple[NDArray[np.float32], ...]
    assignment: NDArray[np.float32]
    centres: NDArray[np.float32]
    whitening_weight: NDArray[np.float32]
    whitening_bias: NDArray[np.float32]
    mean_rgb: NDArray[np.float32]
    sha256: str


class _LayoutError(Exception):
    """The file can be read but is not laid out as a NetVLAD weight file; the message says where."""


def read_netvlad_weights(path: Path) -> NetvladWeights:
    """Read a NetVLAD weight file, whatever its checksum.

    The whitening matrix, nine tenths of the file, is held once and given as a view of what SciPy read.

    Raises
    ------
    StageError
        When there is no such file, it cannot be opened, or the memory does not suffice.
    DamagedFileError
        When it is no MATLAB file, is cut, lacks a layer, or has an array of the wrong shape or with values that are
        not finite.
    """
    try:
        sha256 = sha256_of_file(path)
    except FileNotFoundError:
        raise StageError(f"there is no weight file {path}; fetch it with: {MADE_BY}") from None
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        return _weights_of(_load_net(path), sha256)
    except _LayoutError as error:
        raise DamagedFileError(
            f"damaged: {path} is no NetVLAD weight file ({error}); fetch it with: {MADE_BY}"
        ) from error


def _load_net(path: Path) -> Any:
    from scipy.io import loadmat

    try:
        content = loadmat(str(path), appendmat=False, struct_as_record=False, squeeze_me=True, variable_names=["net"])
    except MemoryError:
        raise StageError(f"not enough memory to read {path}; it takes about twice the size of the file") from None
    except Exception as error:  # SciPy names no set of errors for a damaged file: a dozen kinds were seen
        raise _LayoutError(f"it is cut or not a MATLAB v5 file: {error}") from error
    if "net" not in content:
        raise _LayoutError("it holds no variable 'net'")
    return content["net"]


def _weights_of(net: Any, sha256: str) -> NetvladWeights:
    layers = np.ravel(_field(net, "layers", "net"))
    if len(layers) <= WHITENING_LAYER:
        raise _LayoutError(f"net.layers has {len(layers)} entries, not 35")
    kernels, biases = _convolutions(layers)
    assignment, centres = _vlad(layers[VLAD_LAYER], num_features=len(biases[-1]))
    whitening_weight, whitening_bias = _whitening(layers[WHITENING_LAYER], num_inputs=assignment.size)
    return NetvladWeights(
        conv_weights=tuple(kernels),
        conv_biases=tuple(biases),
        assignment=assignment,
        centres=centres,
        whitening_weight=whitening_weight,
        whitening_bias=whitening_bias,
        mean_rgb=_mean_rgb(net),
        sha256=sha256,
    )


def _convolutions(layers: NDArray[Any]) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
    kernels, biases = [], []
    num_in = 3
    for index in CONVOLUTION_LAYERS:
        kernel, bias = _weights_pair(layers[index], index)
        bias = _array(bias, (np.size(bias),), f"bias of layer {index}")
        kernel = _array(kernel, (3, 3, num_in, len(bias)), f"kernel of layer {index}")
        kernels.append(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)))  # (3, 3, IN, OUT) to (OUT, IN, 3, 3)
        biases.append(bias)
        num_in = len(bias)
    return kernels, biases


def _vlad(layer: Any, num_features: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    assignment, negated_centres = _weights_pair(layer, VLAD_LAYER)
    num_clusters = np.size(assignment) // num_features
    shape = (num_features, num_clusters)
    assignment = _array(assignment, shape, f"assignment of layer {VLAD_LAYER}")
    negated_centres = _array(negated_centres, shape, f"centres of layer {VLAD_LAYER}")
    return np.ascontiguousarray(assignment.T), np.ascontiguousarray(-negated_centres.T)  # (D, K) to (K, D)


def _whitening(layer: Any, num_inputs: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    weight, bias = _weights_pair(layer, WHITENING_LAYER)
    bias = _array(bias, (np.size(bias),), f"bias of layer {WHITENING_LAYER}")
    weight = _array(weight, (1, 1, num_inputs, len(bias)), f"whitening matrix of layer {WHITENING_LAYER}")
    # MATLAB keeps columns together, so the transposed matrix is contiguous without a copy.
    return np.ascontiguousarray(weight[0, 0].T), bias


def _mean_rgb(net: Any) -> NDArray[np.float32]:
    where = "net.meta.normalization.averageImage"
    normalization = _field(_field(net, "meta", "net"), "normalization", "net.meta")
    average = np.asarray(_field(normalization, "averageImage", "net.meta.normalization"))
    if average.ndim == 0 or average.shape[-1] != 3:
        raise _LayoutError(f"{where} has shape {average.shape}, not (H, W, 3)")
    return _array(average.reshape(-1, 3)[0], (3,), where)


def _weights_pair(layer: Any, index: int) -> tuple[Any, Any]:
    where = f"layer {index}"
    weights = np.ravel(_field(layer, "weights", where))
    if weights.dtype != object or len(weights) != 2:
        raise _LayoutError(f"{where} has no pair of weights")
    return weights[0], weights[1]


def _field(struct: Any, name: str, where: str) -> Any:
    if not hasattr(struct, name):
        raise _LayoutError(f"{where}.{name} is missing")
    return getattr(struct, name)


def _array(value: Any, shape: tuple[int, ...], where: str) -> NDArray[np.float32]:
    array = np.asarray(value)
    if array.dtype.kind not in "fiu" or array.size == 0:
        raise _LayoutError(f"{where} holds no numbers")
    if np.squeeze(array).shape != tuple(length for length in shape if length != 1):
        raise _LayoutError(f"{where} has shape {array.shape}, expected {shape}")
    array = array.astype(np.float32, copy=False).reshape(shape)
    if not np.isfinite(np.sum(array, dtype=np.float64)):  # a sum needs no second array of the size, unlike isfinite
        raise _LayoutError(f"{where} holds values that are not finite")
    return array
