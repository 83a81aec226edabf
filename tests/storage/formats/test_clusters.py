from __future__ import annotations

import json
from pathlib import Path

import pytest

from storage.errors import DamagedFileError, StageError
from storage.formats.clusters import clusters_text, read_clusters, read_clusters_info, write_clusters_info


def save(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_clusters_read_back_as_written(tmp_path: Path) -> None:
    clusters = {"3": ["b.jpg", "ä c.jpg"], "12": ["d/e.jpg", "f.jpg"], "-1": ["g.jpg"]}
    path = tmp_path / "clusters.json"
    path.write_text(clusters_text(clusters), encoding="utf-8")
    assert read_clusters(path) == clusters


def test_numbers_ascend_and_singletons_come_last() -> None:
    text = clusters_text({"-1": [], "10": ["a", "b"], "9": ["c", "d"]})
    assert list(json.loads(text)) == ["9", "10", "-1"]


def test_singletons_are_always_there(tmp_path: Path) -> None:
    assert read_clusters(save(tmp_path / "c.json", {})) == {"-1": []}
    assert json.loads(clusters_text({})) == {"-1": []}


@pytest.mark.parametrize("prefix", ["datasets/", "datasets\\"])
def test_the_older_form_with_the_folder_in_front_is_read(tmp_path: Path, prefix: str) -> None:
    path = save(tmp_path / "c.json", {"0": [f"{prefix}a.jpg", f"{prefix}b.jpg"], "-1": [f"{prefix}c.jpg"]})
    assert read_clusters(path, Path("datasets")) == {"0": ["a.jpg", "b.jpg"], "-1": ["c.jpg"]}


def test_an_absolute_folder_in_front_is_cut(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"x")
    path = save(tmp_path / "c.json", {"0": [f"{tmp_path.as_posix()}/a.jpg", f"{tmp_path.as_posix()}/b.jpg"]})
    assert read_clusters(path, tmp_path)["0"] == ["a.jpg", "b.jpg"]


def test_a_subfolder_named_like_the_image_folder_is_not_cut(tmp_path: Path) -> None:
    image_dir = tmp_path / "datasets"
    (image_dir / "datasets").mkdir(parents=True)
    (image_dir / "datasets" / "a.jpg").write_bytes(b"x")
    path = save(tmp_path / "c.json", {"-1": ["datasets/a.jpg"]})
    assert read_clusters(path, image_dir)["-1"] == ["datasets/a.jpg"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "no JSON object"),
        ({"x": []}, "no cluster number"),
        ({"0": "a.jpg"}, "no list of image names"),
        ({"0": [1, 2]}, "no list of image names"),
        ({"0": ["a.jpg", "b.jpg"], "-1": ["a.jpg"]}, "'a.jpg' in cluster '0' and in '-1'"),
    ],
)
def test_a_damaged_file_says_what_is_wrong(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(DamagedFileError, match=message):
        read_clusters(save(tmp_path / "c.json", content))


@pytest.mark.parametrize("name", ["../a.jpg", "/etc/passwd", "a/../../b.jpg", "a\0.jpg"])
def test_hostile_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StageError):
        read_clusters(save(tmp_path / "c.json", {"0": [name, "b.jpg"]}))


@pytest.mark.parametrize("text", ["", '{"0": [', '{"0": [], "0": []}', '{"-1": [NaN]}', "\xff"])
def test_text_that_is_no_json_is_called_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DamagedFileError, match=r"c\.json"):
        read_clusters(tmp_path / "c.json")


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"python create_clusters\.py"):
        read_clusters(tmp_path / "clusters.json")


def test_the_info_file_reads_back(tmp_path: Path) -> None:
    write_clusters_info(tmp_path / "i.json", {"counts": {"photos": 3}})
    assert read_clusters_info(tmp_path / "i.json")["counts"] == {"photos": 3}


def test_an_info_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "i.json", {"format": "clusters-info", "format_version": 7})
    with pytest.raises(DamagedFileError, match="version 7"):
        read_clusters_info(tmp_path / "i.json")
