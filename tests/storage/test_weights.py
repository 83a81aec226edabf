"""The reader of the NetVLAD weight file, on drawn files of the published layout."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from storage.errors import DamagedFileError, StageError
from storage.formats.weights import CONVOLUTION_LAYERS, read_netvlad_weights
from tests.hloc.netvlad_reference import DrawnNet, draw_net, layers_of, write_net

NET = draw_net()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_net(tmp_path / "weights.mat", NET)


def assert_holds(path: Path, net: DrawnNet) -> None:
    weights = read_netvlad_weights(path)
    for kernel, drawn in zip(weights.conv_weights, net.kernels, strict=True):
        assert np.array_equal(kernel, drawn.transpose(3, 2, 0, 1))
    for bias, drawn in zip(weights.conv_biases, net.biases, strict=True):
        assert np.array_equal(bias, drawn)
    assert np.array_equal(weights.assignment, net.assignment.T)
    assert np.array_equal(weights.centres, -net.negated_centres.T)
    assert np.array_equal(weights.whitening_weight, net.whitening[0, 0].T)
    assert np.array_equal(weights.whitening_bias, net.whitening_bias)
    assert np.array_equal(weights.mean_rgb, net.average[0, 0])


def test_every_array_comes_back_in_the_order_that_the_network_needs(path: Path) -> None:
    assert_holds(path, NET)


def test_a_compressed_file_reads_the_same(tmp_path: Path) -> None:
    assert_holds(write_net(tmp_path / "weights.mat", NET, do_compression=True), NET)


def test_layers_in_one_struct_array_read_the_same_as_layers_in_cells(tmp_path: Path) -> None:
    assert_holds(write_net(tmp_path / "weights.mat", NET, is_struct_array=True), NET)


def test_a_file_of_any_name_is_read(tmp_path: Path) -> None:
    assert_holds(write_net(tmp_path / "weights.mat", NET).rename(tmp_path / "download.part"), NET)


@pytest.mark.parametrize(("num_clusters", "num_outputs"), [(1, 24), (8, 1), (1, 1), (5, 7)])
def test_lengths_of_one_are_not_lost(tmp_path: Path, num_clusters: int, num_outputs: int) -> None:
    net = draw_net(widths=(4, 4, 4, 4, 4), num_clusters=num_clusters, num_outputs=num_outputs)
    assert_holds(write_net(tmp_path / "weights.mat", net), net)


def test_a_mean_picture_of_one_pixel_is_taken(tmp_path: Path) -> None:
    net = draw_net()
    net.average = net.average[:1, :1]
    assert_holds(write_net(tmp_path / "weights.mat", net), net)


def test_all_arrays_are_contiguous_float32(path: Path) -> None:
    weights = read_netvlad_weights(path)
    arrays = [*weights.conv_weights, *weights.conv_biases, weights.assignment, weights.centres]
    arrays += [weights.whitening_weight, weights.whitening_bias, weights.mean_rgb]
    assert all(array.dtype == np.float32 and array.flags.c_contiguous and array.flags.writeable for array in arrays)


def test_the_whitening_matrix_is_a_view_of_what_was_read(path: Path) -> None:
    matrix = read_netvlad_weights(path).whitening_weight
    assert matrix.base is not None  # not an array of its own: no second copy of nine tenths of the file


def test_the_sum_of_the_file_is_recorded(path: Path) -> None:
    assert read_netvlad_weights(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_double_numbers_are_taken_as_float32(tmp_path: Path) -> None:
    layers = layers_of(NET)
    layers[30]["weights"][0, 0] = layers[30]["weights"][0, 0].astype(np.float64)
    assert_holds(write_net(tmp_path / "weights.mat", NET, layers), NET)


# -- what cannot be read ----------------------------------------------------------------------------------------------


def message_of(path: Path) -> str:
    with pytest.raises(DamagedFileError) as caught:
        read_netvlad_weights(path)
    message = str(caught.value)
    assert str(path) in message
    assert "python -m tools.download_models netvlad" in message
    assert "\n" not in message
    return message


def test_a_missing_file_is_named_with_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"no weight file .*absent\.mat.*tools\.download_models netvlad"):
        read_netvlad_weights(tmp_path / "absent.mat")


def test_a_folder_is_no_weight_file(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="cannot read"):
        read_netvlad_weights(tmp_path)


@pytest.mark.parametrize("is_compressed", [False, True])
def test_a_file_cut_anywhere_is_named_as_damaged(tmp_path: Path, is_compressed: bool) -> None:
    whole = write_net(tmp_path / "whole.mat", NET, do_compression=is_compressed).read_bytes()
    path = tmp_path / "cut.mat"
    for length in [*np.linspace(0, len(whole) - 1, 25, dtype=int), 1, 100, 127, 128, 130, 140]:
        path.write_bytes(whole[:length])
        assert "damaged" in message_of(path)


@pytest.mark.parametrize("content", [b"<html>Not found</html>" * 50, b"\x89HDF\r\n\x1a\n" + bytes(600), bytes(1000)])
def test_another_kind_of_file_is_named_as_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.mat"
    path.write_bytes(content)
    message_of(path)


def test_a_matlab_file_of_something_else_is_refused(tmp_path: Path) -> None:
    savemat(tmp_path / "other.mat", {"weights": np.eye(3)})
    assert "no variable 'net'" in message_of(tmp_path / "other.mat")


def test_a_net_that_is_no_struct_is_refused(tmp_path: Path) -> None:
    savemat(tmp_path / "other.mat", {"net": np.eye(3)})
    assert "net.layers is missing" in message_of(tmp_path / "other.mat")


def test_too_few_layers_are_refused(tmp_path: Path) -> None:
    path = write_net(tmp_path / "weights.mat", NET, layers_of(NET)[:33])
    assert "net.layers has 33 entries" in message_of(path)


@pytest.mark.parametrize("index", [*CONVOLUTION_LAYERS, 30, 33])
def test_a_layer_without_weights_is_named(tmp_path: Path, index: int) -> None:
    layers = layers_of(NET)
    layers[index]["weights"] = layers[1]["weights"]
    assert f"layer {index} has no pair of weights" in message_of(write_net(tmp_path / "weights.mat", NET, layers))


@pytest.mark.parametrize("index", [*CONVOLUTION_LAYERS, 30, 33])
def test_an_array_of_another_shape_is_named_with_both_shapes(tmp_path: Path, index: int) -> None:
    layers = layers_of(NET)
    weight = layers[index]["weights"][0, 0]
    layers[index]["weights"][0, 0] = np.concatenate([weight, weight], axis=-2)
    message = message_of(write_net(tmp_path / "weights.mat", NET, layers))
    assert f"layer {index} has shape" in message
    assert "expected" in message


def test_a_transposed_whitening_matrix_is_refused(tmp_path: Path) -> None:
    net = draw_net()
    net.whitening = net.whitening.transpose(0, 1, 3, 2)
    assert "whitening matrix of layer 33" in message_of(write_net(tmp_path / "weights.mat", net))


@pytest.mark.parametrize("index", [0, 28, 30, 33])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_number_that_is_not_finite_is_found(tmp_path: Path, index: int, place: int, value: float) -> None:
    layers = layers_of(NET)
    layers[index]["weights"][0, place] = layers[index]["weights"][0, place].copy()
    layers[index]["weights"][0, place].flat[3] = value
    message = message_of(write_net(tmp_path / "weights.mat", NET, layers))
    assert f"layer {index} holds values that are not finite" in message


def test_text_in_place_of_numbers_is_refused(tmp_path: Path) -> None:
    layers = layers_of(NET)
    layers[30]["weights"][0, 1] = "centres"
    assert "centres of layer 30 holds no numbers" in message_of(write_net(tmp_path / "weights.mat", NET, layers))


def test_a_mean_picture_without_three_channels_is_refused(tmp_path: Path) -> None:
    net = draw_net()
    net.average = net.average[:, :, :1]
    assert "averageImage has shape" in message_of(write_net(tmp_path / "weights.mat", net))


def test_too_little_memory_is_no_damage(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def loadmat(*_args: object, **_options: object) -> None:
        raise MemoryError

    monkeypatch.setattr("scipy.io.loadmat", loadmat)
    with pytest.raises(StageError, match="not enough memory") as caught:
        read_netvlad_weights(path)
    assert not isinstance(caught.value, DamagedFileError)
