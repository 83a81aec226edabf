"""Shards of crops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from storage.errors import DamagedFileError, StageError
from storage.formats.crop_shards import CropShard, map_crop_shard, shard_path, write_crop_shard

SETTINGS = {"seed": 1}


def drawn_shard(count: int = 5) -> CropShard:
    rng = np.random.default_rng(0)
    return CropShard(
        rng.integers(0, 256, (count, 8, 8, 3), dtype=np.uint8),
        rng.normal(size=(count, 4)).astype(np.float16),
        rng.normal(size=(count, 2, 2, 4)).astype(np.float16),
    )


def test_what_is_written_is_mapped(tmp_path: Path) -> None:
    shard = drawn_shard()
    write_crop_shard(tmp_path / "crops.h5", shard, SETTINGS)
    found = map_crop_shard(tmp_path / "crops.h5", SETTINGS)
    for part in ("crops", "answers", "maps"):
        assert isinstance(getattr(found, part), np.memmap)
        assert np.array_equal(getattr(found, part), getattr(shard, part))


def test_equal_shards_have_equal_bytes(tmp_path: Path) -> None:
    for name in ("one.h5", "two.h5"):
        write_crop_shard(tmp_path / name, drawn_shard(), SETTINGS)
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


def test_a_shard_of_other_settings_is_refused(tmp_path: Path) -> None:
    write_crop_shard(tmp_path / "crops.h5", drawn_shard(), SETTINGS)
    with pytest.raises(DamagedFileError, match="made with other settings"):
        map_crop_shard(tmp_path / "crops.h5", {"seed": 2})


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_cut_shard_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "crops.h5"
    write_crop_shard(path, drawn_shard(200), SETTINGS)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DamagedFileError, match=r"crops\.h5"):
        map_crop_shard(path, SETTINGS)


def test_arrays_of_different_length_are_refused(tmp_path: Path) -> None:
    shard = drawn_shard()
    write_crop_shard(tmp_path / "crops.h5", CropShard(shard.crops[:3], shard.answers, shard.maps), SETTINGS)
    with pytest.raises(DamagedFileError, match="differ in length"):
        map_crop_shard(tmp_path / "crops.h5", SETTINGS)


def test_a_missing_shard_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"is missing; make it with: python -m tools\.train_descriptor"):
        map_crop_shard(shard_path(tmp_path, 3), SETTINGS)


def test_shards_are_numbered() -> None:
    assert shard_path(Path("crops"), 12).as_posix() == "crops/crops-00012.h5"
