"""The clusters of the run before."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from stages.clustering.former import current_info, read_former
from storage.errors import UnreadableFileError
from storage.formats.clusters import CLUSTERS_INFO_NAME, CLUSTERS_NAME, write_clusters_info

CLUSTERS = {"2": ["a.jpg", "b.jpg"], "7": ["c.jpg", "d.jpg"], "-1": ["e.jpg"]}


@pytest.fixture
def results_dir(tmp_path: Path) -> Path:
    text = json.dumps(CLUSTERS)
    (tmp_path / CLUSTERS_NAME).write_text(text, encoding="utf-8")
    checksum = sha256(text.encode()).hexdigest()
    info = {"inputs_checksum": "same", "clusters_sha256": checksum, "next_number": 12, "counts": {"photos": 5}}
    write_clusters_info(tmp_path / CLUSTERS_INFO_NAME, info)
    return tmp_path


def test_clusters_of_the_same_inputs_still_hold(results_dir: Path) -> None:
    info = current_info(results_dir, "same")
    assert info is not None and info["counts"] == {"photos": 5}


def test_clusters_of_other_inputs_hold_no_more(results_dir: Path) -> None:
    assert current_info(results_dir, "other") is None


def test_clusters_that_were_changed_by_hand_hold_no_more(results_dir: Path) -> None:
    (results_dir / CLUSTERS_NAME).write_text(json.dumps(CLUSTERS | {"-1": []}), encoding="utf-8")
    assert current_info(results_dir, "same") is None


@pytest.mark.parametrize("name", [CLUSTERS_NAME, CLUSTERS_INFO_NAME])
def test_clusters_of_which_a_file_is_gone_hold_no_more(results_dir: Path, name: str) -> None:
    (results_dir / name).unlink()
    assert current_info(results_dir, "same") is None


def test_former_clusters_are_read_without_those_that_are_alone(results_dir: Path) -> None:
    former = read_former(results_dir, results_dir)
    assert former.clusters == {2: ["a.jpg", "b.jpg"], 7: ["c.jpg", "d.jpg"]}
    assert former.next_number == 12 and former.notes == ()


def test_without_reasons_the_next_number_follows_the_highest(results_dir: Path) -> None:
    (results_dir / CLUSTERS_INFO_NAME).unlink()
    assert read_former(results_dir, results_dir).next_number == 8


def test_before_the_first_run_there_are_no_clusters(tmp_path: Path) -> None:
    former = read_former(tmp_path, tmp_path)
    assert former.clusters == {} and former.next_number == 0 and former.notes == ()


def test_a_damaged_file_is_told_and_numbers_start_anew(results_dir: Path) -> None:
    (results_dir / CLUSTERS_NAME).write_text("{", encoding="utf-8")
    former = read_former(results_dir, results_dir)
    assert former.clusters == {} and former.next_number == 0
    assert former.notes[0].startswith("numbers start anew: the former clusters cannot be read")


def test_clusters_that_cannot_be_read_at_the_moment_are_not_numbered_anew(results_dir: Path) -> None:
    (results_dir / CLUSTERS_NAME).unlink()
    (results_dir / CLUSTERS_NAME).mkdir()  # what the system refuses to read
    with pytest.raises(UnreadableFileError, match="cannot read .*clusters.json"):
        read_former(results_dir, results_dir)
