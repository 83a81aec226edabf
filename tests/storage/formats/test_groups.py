"""Which photos belong together, from clusters or from labels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from storage.errors import StageError
from storage.formats.groups import read_groups


def test_clusters_and_labels_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "clusters.json").write_text(json.dumps({"7": ["a.jpg", "b.jpg"], "-1": ["c.jpg"]}))
    (tmp_path / "labels.csv").write_text("path,building\na.jpg,7\nb.jpg,7\nc.jpg,single\n")
    expected = {"a.jpg": "7", "b.jpg": "7", "c.jpg": "single c.jpg"}
    assert read_groups(tmp_path / "clusters.json") == read_groups(tmp_path / "labels.csv") == expected


def test_photos_that_are_alone_are_in_groups_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "clusters.json").write_text(json.dumps({"-1": ["c.jpg", "d.jpg"]}))
    assert len(set(read_groups(tmp_path / "clusters.json").values())) == 2


@pytest.mark.parametrize("name", ["clusters.json", "labels.csv"])
def test_a_missing_file_is_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(StageError, match=f"{name} is missing"):
        read_groups(tmp_path / name)
