"""The pairs that thresholds are chosen for: which file is meant, which photos count, which defaults hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.settings.tools import ThresholdSettings
from stages.similarities.base import SampledPairs, SampleRequest
from stages.thresholds import inputs as threshold_inputs
from stages.thresholds.inputs import gather_pairs
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.pairs import write_pairs
from tests.drawn_collection import draw_collection, write_drawn_pairs
from tests.drawn_photos import save_photos


def gather(work_dir: Path, **given: Any) -> threshold_inputs.ThresholdInputs:
    return gather_pairs(ThresholdSettings(work_dir, **given))


def test_photos_without_any_pair_count_too(tmp_path: Path) -> None:
    names = save_photos(tmp_path / "datasets", 6)
    write_drawn_pairs(tmp_path / "netvlad", names[:4])
    inputs = gather(tmp_path)
    assert inputs.names == names and inputs.pairs.num_photos == 6


def test_photos_are_numbered_by_sorted_name_whatever_the_order_of_the_file(tmp_path: Path) -> None:
    write_pairs(
        tmp_path / "netvlad" / "pairs-vlad.txt", [("c.jpg", "a.jpg", 0.5), ("b.jpg", "c.jpg", 0.4)], {"model": "vlad"}
    )
    inputs = gather(tmp_path)
    assert inputs.names == ["a.jpg", "b.jpg", "c.jpg"]
    assert inputs.pairs.first.tolist() == [2, 1] and inputs.pairs.second.tolist() == [0, 2]


def test_verified_pairs_come_before_those_that_they_were_made_of(tmp_path: Path) -> None:
    names = save_photos(tmp_path / "datasets", 4)
    write_drawn_pairs(tmp_path / "netvlad", names)
    write_drawn_pairs(tmp_path / "netvlad", names, "vlad-verified", is_probability=True)
    inputs = gather(tmp_path)
    assert inputs.title == "pairs-vlad-verified.txt" and inputs.is_probability and inputs.defaults == (0.8, 0.3)


def test_of_several_pairs_files_one_has_to_be_chosen(tmp_path: Path) -> None:
    names = save_photos(tmp_path / "datasets", 4)
    one, _ = (write_drawn_pairs(tmp_path / "netvlad", names, model) for model in ("vlad", "street"))
    with pytest.raises(UsageError, match="choose one by --pairs_file"):
        gather(tmp_path)
    assert gather(tmp_path, pairs_file=one).title == "pairs-vlad.txt"


def test_pairs_of_another_program_have_the_defaults_of_netvlad_and_say_so(tmp_path: Path) -> None:
    save_photos(tmp_path / "datasets", 2)
    (tmp_path / "other.csv").write_text("photo_000.jpg, photo_001.jpg, 0.5\n", encoding="utf-8")
    inputs = gather(tmp_path, pairs_file=tmp_path / "other.csv")
    assert inputs.defaults == (0.35, 0.2) and any("not known" in note for note in inputs.notes)


def test_names_with_blanks_are_understood_by_the_photos_on_disk(tmp_path: Path) -> None:
    (folder := tmp_path / "datasets").mkdir()
    for name in ("my photo.jpg", "b.jpg"):
        save_photos(tmp_path / "drawn", 1)
        (folder / name).write_bytes((tmp_path / "drawn" / "photo_000.jpg").read_bytes())
    (tmp_path / "pairs.txt").write_text("my photo.jpg b.jpg 0.5\n", encoding="utf-8")
    assert gather(tmp_path, pairs_file=tmp_path / "pairs.txt").names == ["b.jpg", "my photo.jpg"]


def test_pairs_that_do_not_belong_to_their_origin_file_are_refused(tmp_path: Path) -> None:
    path = write_drawn_pairs(tmp_path / "netvlad", ["a.jpg", "b.jpg"])
    path.write_text("a.jpg\tb.jpg\t0.1\n", encoding="utf-8")
    with pytest.raises(DamagedFileError, match="damaged"):
        gather(tmp_path)


def test_a_missing_file_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"nowhere.txt is missing; make it with: python extract_features.py"):
        gather(tmp_path, pairs_file=tmp_path / "nowhere.txt")


def test_the_results_go_beside_the_clusters_under_a_safe_name(tmp_path: Path) -> None:
    draw_collection(tmp_path, 4)
    assert gather(tmp_path).output_dir == tmp_path / "results" / "thresholds" / "vlad"
    assert gather(tmp_path, results_dir=tmp_path / "r").output_dir == tmp_path / "r" / "thresholds" / "vlad"
    assert gather(tmp_path, output_dir=tmp_path / "o").output_dir == tmp_path / "o"


# -- samples


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[SampleRequest]:
    """Answer every request for a sample with equal scores and no defaults; give the list of requests."""
    seen: list[SampleRequest] = []

    def answer(request: SampleRequest) -> SampledPairs:
        seen.append(request)
        first, second = np.triu_indices(len(request.names), 1)
        return SampledPairs("drawn", list(request.names), first, second, np.full(len(first), 0.5))

    monkeypatch.setattr(threshold_inputs, "score_sample", answer)
    return seen


def test_a_method_without_thresholds_of_its_own_says_so(tmp_path: Path, requests: list[SampleRequest]) -> None:
    save_photos(tmp_path / "datasets", 5)
    inputs = gather(tmp_path, method="drawn")
    assert inputs.title == "drawn" and inputs.sampled_from == 5 and len(inputs.pairs.score) == 10
    assert any("no thresholds of its own" in note for note in inputs.notes)


def test_samples_of_other_photos_or_methods_have_folders_of_their_own(
    tmp_path: Path, requests: list[SampleRequest]
) -> None:
    save_photos(tmp_path / "datasets", 8)
    for method, seed in (("onnx:a/b.onnx", 0), ("onnx:a/b.onnx", 1), ("vlad", 0), ("vlad", 0)):
        gather(tmp_path, method=method, sample=4, seed=seed)
    folders = [request.cache_dir for request in requests]
    assert len(set(folders)) == 3 and folders[2] == folders[3]
    assert {folder.parent.parent for folder in folders} == {tmp_path / "results" / "thresholds"}


def test_a_sample_needs_the_photos(tmp_path: Path, requests: list[SampleRequest]) -> None:
    with pytest.raises(StageError, match="datasets does not exist"):
        gather(tmp_path, method="drawn")


def test_a_sample_is_drawn_from_all_photos_and_again_the_same() -> None:
    names = [f"{number:04d}.jpg" for number in range(1000)]
    drawn = [int(name[:4]) for name in threshold_inputs.draw_sample(names, 200, 3)]
    assert drawn == sorted(set(drawn)) and len(drawn) == 200
    assert 400 < np.mean(drawn) < 600 and drawn[0] < 50 and drawn[-1] > 950
    assert threshold_inputs.draw_sample(names[::-1], 200, 3) == threshold_inputs.draw_sample(names, 200, 3)
    assert threshold_inputs.draw_sample(names, 200, 4) != threshold_inputs.draw_sample(names, 200, 3)
