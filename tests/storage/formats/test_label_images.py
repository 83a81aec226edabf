"""Label images as PNG."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from storage.errors import DamagedFileError, StageError
from storage.formats.label_images import (
    LabelImage,
    decode_label_image,
    encode_label_image,
    read_label_image,
    write_label_image,
)

SHAPES = array_shapes(min_dims=2, max_dims=2, max_side=9)


@pytest.mark.parametrize("most", [255, 65_535, 16_777_215])
@given(content=st.data())
def test_what_is_written_is_read(most: int, content: st.DataObject) -> None:
    labels = content.draw(arrays(np.int32, SHAPES, elements=st.integers(0, most)))
    found = decode_label_image(encode_label_image(LabelImage(labels, {"method": "graph"})), "x.png")
    assert found.labels.dtype == np.int32 and (found.labels == labels).all() and found.settings == {"method": "graph"}


def test_ids_up_to_65535_are_16_bit_grey_and_larger_ones_are_colours() -> None:
    for label, mode, pixel in ((65_535, "I;16", 65_535), (65_536, "RGB", (1, 0, 0)), (66_051, "RGB", (1, 2, 3))):
        content = encode_label_image(LabelImage(np.full((2, 3), label, np.int32)))
        with Image.open(io.BytesIO(content)) as picture:
            assert (picture.mode, picture.size, picture.getpixel((0, 0))) == (mode, (3, 2), pixel)


def test_a_file_is_written_whole_and_read_again(tmp_path: Path) -> None:
    labels = np.arange(12, dtype=np.int32).reshape(3, 4)
    write_label_image(tmp_path / "a" / "x.png", LabelImage(labels))
    assert (read_label_image(tmp_path / "a" / "x.png").labels == labels).all()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["x.png"]


def test_equal_labels_and_settings_give_equal_bytes() -> None:
    labels = np.arange(12, dtype=np.int32).reshape(3, 4)
    first, second = (encode_label_image(LabelImage(labels, given)) for given in ({"a": 1, "b": 2}, {"b": 2, "a": 1}))
    assert first == second


def test_a_png_of_another_program_is_read(tmp_path: Path) -> None:
    Image.fromarray(np.full((2, 2), 9, np.uint8)).save(tmp_path / "x.png")
    assert read_label_image(tmp_path / "x.png").labels.tolist() == [[9, 9], [9, 9]]


@pytest.mark.parametrize("label", [-1, 2**24])
def test_an_id_that_does_not_fit_is_refused(label: int) -> None:
    with pytest.raises(StageError, match="ids of 0 to 16777215"):
        encode_label_image(LabelImage(np.full((2, 2), label, np.int32)))


def test_a_missing_file_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="x.png is missing.*tools.segment_images"):
        read_label_image(tmp_path / "x.png")


@pytest.mark.parametrize("cut", [0, 10, 60, -20])
def test_a_cut_file_is_damaged(tmp_path: Path, cut: int) -> None:
    labels = np.random.default_rng(0).integers(0, 999, (40, 40)).astype(np.int32)
    (tmp_path / "x.png").write_bytes(encode_label_image(LabelImage(labels))[:cut])
    with pytest.raises(DamagedFileError, match="x.png"):
        read_label_image(tmp_path / "x.png")


def test_other_kinds_of_pictures_are_refused(tmp_path: Path) -> None:
    Image.new("P", (3, 3)).save(tmp_path / "palette.png")
    Image.new("RGB", (3, 3)).save(tmp_path / "photo.jpg")
    for name in ("palette.png", "photo.jpg"):
        with pytest.raises(DamagedFileError, match=name):
            read_label_image(tmp_path / name)


def test_a_newer_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.formats.label_images.LABEL_IMAGE_VERSION", 2)
    content = encode_label_image(LabelImage(np.ones((2, 2), np.int32)))
    monkeypatch.setattr("storage.formats.label_images.LABEL_IMAGE_VERSION", 1)
    with pytest.raises(DamagedFileError, match="version 2, newer than 1"):
        decode_label_image(content, "x.png")
