"""Teachers' files and their maps."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from storage.errors import StageError, UsageError
from training.teacher import averaged_to_grid, open_teacher

SHARED_TEACHER = "weights/tf2_mobilenet_v2_1.0_224_ptq.tflite"


def test_the_mean_of_a_map_stays_when_it_is_averaged_over_a_grid() -> None:
    maps = np.random.default_rng(0).normal(size=(3, 7, 7, 5)).astype(np.float32)
    grid = averaged_to_grid(maps)
    assert grid.shape == (3, 4, 4, 5)
    np.testing.assert_allclose(grid.mean((1, 2)), maps.mean((1, 2)), atol=1e-6)


def test_places_of_a_grid_are_means_of_their_own_area() -> None:
    maps = np.zeros((1, 8, 8, 1), np.float32)
    maps[0, :2, 6:] = 3.0
    grid = averaged_to_grid(maps)
    assert grid[0, 0, 3, 0] == pytest.approx(3.0)
    assert grid.sum() == pytest.approx(3.0)


def test_a_map_smaller_than_the_grid_stays() -> None:
    maps = np.random.default_rng(0).normal(size=(2, 1, 1, 5)).astype(np.float32)
    np.testing.assert_allclose(averaged_to_grid(maps), maps, rtol=1e-6)


def test_a_teacher_with_an_unknown_ending_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "teacher.pkl").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"--teacher .*teacher\.pkl: must be a \.tflite or \.onnx file"):
        open_teacher(tmp_path / "teacher.pkl")


def test_a_missing_teacher_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"nowhere\.tflite is missing"):
        open_teacher(tmp_path / "nowhere.tflite")


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    (tmp_path / "teacher.tflite").write_bytes(b"no network at all")
    with pytest.raises(StageError, match="no TFLite file"):
        open_teacher(tmp_path / "teacher.tflite")


def test_the_network_in_torch_answers_like_the_8_bit_original(shared_dir: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    from storage.photos import load_photo
    from training.tflite_network import TfliteNetwork, read_layers

    path = shared_dir / SHARED_TEACHER
    photos = [load_photo(photo, 400) for photo in sorted((shared_dir / "photos/unlabelled").glob("*.jpg"))[:600:150]]
    original = open_teacher(path)
    size = (original.input_side,) * 2
    crops = np.stack([cv2.resize(photo, size, interpolation=cv2.INTER_AREA) for photo in photos])
    theirs = original.maps(crops)
    ours = TfliteNetwork(read_layers(path.read_bytes()))(crops)
    assert ours.shape == theirs.shape == (4, 7, 7, 1280)
    pooled, expected = ours.mean((1, 2)), theirs.mean((1, 2))
    cosines = (pooled * expected).sum(1) / np.linalg.norm(pooled, axis=1) / np.linalg.norm(expected, axis=1)
    assert cosines.min() > 0.99
