"""The folder for TensorBoard's projector: what it names is there, and rows agree."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from storage.formats import projector
from storage.formats.projector import make_sprite, write_projector

TILES = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
ROWS = [("name", "cluster"), ("a b.jpg", "0"), ("c\td\ne.jpg", "0"), ("<b>.jpg", "1"), ("é.jpg", "1"), ("f.jpg", "-1")]


def write(folder: Path, title: str = "vlad+street") -> bool:
    return write_projector(folder, title, np.arange(15.0).reshape(5, 3) / 7, ROWS, TILES)


def test_vectors_and_metadata_have_a_line_a_photo(tmp_path: Path) -> None:
    assert write(tmp_path)
    vectors = np.loadtxt(tmp_path / "vectors.tsv", delimiter="\t")
    assert np.allclose(vectors, np.arange(15.0).reshape(5, 3) / 7, rtol=1e-5)
    lines = (tmp_path / "metadata.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "name\tcluster" and len(lines) == 6 and lines[2] == "c d e.jpg\t0"


def test_the_projector_reads_the_configuration(tmp_path: Path) -> None:
    messages = pytest.importorskip("tensorboard.plugins.projector.projector_config_pb2")
    text_format = pytest.importorskip("google.protobuf.text_format")
    write(tmp_path, 'odd "name"\n')
    config = text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(), messages.ProjectorConfig())
    (embedding,) = config.embeddings
    assert (embedding.tensor_path, embedding.metadata_path) == ("vectors.tsv", "metadata.tsv")
    assert list(embedding.sprite.single_image_dim) == [8, 8] and (tmp_path / embedding.sprite.image_path).is_file()


def test_the_sprite_lays_tiles_row_by_row() -> None:
    content, side = make_sprite(TILES)
    with Image.open(BytesIO(content)) as image:
        pixels = np.asarray(image)
    assert side == 8 and pixels.shape == (24, 24, 3)
    assert np.array_equal(pixels[8:16, 0:8], TILES[3]) and (pixels[16:] == 255).all()


def test_a_sprite_of_many_photos_stays_within_what_the_projector_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projector, "MAX_SPRITE_SIDE", 20)
    content, side = make_sprite(np.repeat(TILES, 3, axis=0))
    with Image.open(BytesIO(content)) as image:
        assert side == 5 and image.size == (20, 20)


def test_a_second_writing_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path)
    assert write(tmp_path) is False
