"""The folder that TensorBoard's embedding projector opens: vectors, metadata, thumbnails, and what names them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from storage.unchanged import write_if_changed

MAX_SPRITE_SIDE = 8192  # pixels, what the projector takes
VECTORS, METADATA, SPRITE, CONFIG = "vectors.tsv", "metadata.tsv", "sprite.png", "projector_config.pbtxt"


def write_projector(
    folder: Path, title: str, vectors: NDArray[Any], metadata: Sequence[tuple[str, ...]], tiles: NDArray[np.uint8]
) -> bool:
    """Write the projector's files; say whether any of them changed.

    Parameters
    ----------
    folder : Path
        Where ``tensorboard --logdir`` is to look.
    title : str
        Name of the embedding.
    vectors : ndarray, (N, D)
        One row a photo.
    metadata : sequence of tuple of str
        The heading, then one row a photo. TABs and line ends become blanks.
    tiles : ndarray, (N, S, S, 3), uint8
        Square thumbnails; made smaller where the sprite would be larger than 8192 x 8192.
    """
    sprite, side = make_sprite(tiles)
    contents = {
        VECTORS: "".join("\t".join(f"{value:.6g}" for value in row) + "\n" for row in vectors.tolist()).encode(),
        METADATA: "".join("\t".join(" ".join(text.split()) for text in row) + "\n" for row in metadata).encode(),
        SPRITE: sprite,
        CONFIG: _config(title, side).encode(),  # last: what it names stands already
    }
    written = [write_if_changed(folder / name, content) for name, content in contents.items()]
    return any(written)


def make_sprite(tiles: NDArray[np.uint8]) -> tuple[bytes, int]:
    """Lay tiles (N, S, S, 3) out row by row in a square; give the PNG and the side of a tile in it, in pixels."""
    columns = max(1, math.ceil(math.sqrt(len(tiles))))
    side = min(tiles.shape[1], MAX_SPRITE_SIDE // columns)
    sheet = Image.new("RGB", (columns * side, columns * side), "white")
    for number, tile in enumerate(tiles):
        small = Image.fromarray(tile)
        if side != tiles.shape[1]:
            small = small.resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(small, (number % columns * side, number // columns * side))
    content = BytesIO()
    sheet.save(content, "PNG")
    return content.getvalue(), side


def _config(title: str, side: int) -> str:
    name = "".join(character if character.isalnum() or character in "-_.+" else "_" for character in title)
    lines = [f'tensor_name: "{name}"', f'tensor_path: "{VECTORS}"', f'metadata_path: "{METADATA}"', "sprite {"]
    lines += [f'  image_path: "{SPRITE}"', *[f"  single_image_dim: {side}"] * 2, "}"]
    return "embeddings {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"
