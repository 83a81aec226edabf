"""Pictures that are painted come back pixel by pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from storage.errors import DamagedFileError
from storage.formats.paint_pictures import encode_paint_picture, read_paint_picture


def test_what_is_written_is_read(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    colours, mask = random.integers(0, 256, (5, 7, 3), dtype=np.uint8), random.random((5, 7)) < 0.5
    (tmp_path / "a.png").write_bytes(encode_paint_picture(colours, mask))
    found, where = read_paint_picture(tmp_path / "a.png")
    assert np.array_equal(where, mask) and np.array_equal(found[mask], colours[mask]) and not found[~mask].any()


def test_black_paint_is_paint(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_paint_picture(np.zeros((2, 2, 3), np.uint8), np.eye(2, dtype=bool)))
    assert np.array_equal(read_paint_picture(tmp_path / "a.png")[1], np.eye(2, dtype=bool))


def test_a_picture_without_alpha_is_painted_whole(tmp_path: Path) -> None:
    Image.new("RGB", (3, 2), (1, 2, 3)).save(tmp_path / "a.png")
    colours, mask = read_paint_picture(tmp_path / "a.png")
    assert mask.all() and mask.shape == (2, 3) and (colours == (1, 2, 3)).all()


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(DamagedFileError, match=r"a\.png"):
        read_paint_picture(tmp_path / "a.png")
