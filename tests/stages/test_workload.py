"""The stage of tools.estimate_workload, and its numbers against the counter of real runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clustering.workload import expected_comparisons
from stages.compare import compare_images
from stages.settings.compare import CompareSettings, WorkloadSettings
from stages.workload import estimate_workload
from storage.errors import UsageError
from tests.drawn_photos import draw_photo
from tests.tiny_similarity import register

README = WorkloadSettings(num_photos=20_000, num_classes=5, batch_size=2500, similar_share=0.5)
GROUPS, OTHERS = [5, 4, 2], 6


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Groups of 5, 4 and 2 equal photos, and 6 that are like no other, in mixed order."""
    register(monkeypatch)
    (tmp_path / "datasets").mkdir()
    for group, size in enumerate([*GROUPS, *([1] * OTHERS)]):
        for copy in range(size):
            name = f"{(7 * copy + 3 * group) % 11:02d}_{group}_{copy}.bmp"  # all of one size in bytes: names decide
            draw_photo(group).save(tmp_path / "datasets" / name)
    return tmp_path


def counted(photos: Path, **how: object) -> dict[str, int]:
    folders = {"image_dir": photos / "datasets", "outputs_dir": photos / "netvlad"}
    settings = CompareSettings(**{"method": "tiny", "threshold": 0.9999, "num_workers": 0} | folders | how)
    return compare_images(settings).counts


@pytest.mark.parametrize("skip", ["exact", "none"])
def test_the_counter_of_a_real_run_is_the_estimate(photos: Path, skip: str) -> None:
    found = counted(photos, skip=skip)
    assert found["photos"] == sum(GROUPS) + OTHERS and found["clusters"] == len(GROUPS)
    assert found["comparisons"] == expected_comparisons(GROUPS, OTHERS, skip)


def test_the_counter_of_a_real_run_with_leaders_is_near_the_estimate(photos: Path) -> None:
    found = counted(photos, skip="leader")
    joining, leaders = sum(GROUPS) - len(GROUPS), len(GROUPS) + OTHERS
    least = joining + leaders * (leaders - 1) / 2
    assert least <= found["comparisons"] <= least + joining * (leaders - 1)
    assert found["comparisons"] == pytest.approx(expected_comparisons(GROUPS, OTHERS, "leader"), rel=0.3)


def test_the_table_shows_what_the_readme_example_takes() -> None:
    text = estimate_workload(README).as_text()
    assert text.startswith("20,000 photos of 5 classes in 8 batches, 50% of each class similar: 199,990,000 pairs")
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line[:1].isalpha()}
    assert rows["leader"] == ["6,374,562", "105", "700", "6,375,262", "96.8122%", "87.5040%", "9.3082%"]
    assert rows["exact"][3:5] == ["23,755,660", "88.1216%"] and rows["none"][0] == "24,990,000"
    assert "as printed 12,590,794, as meant 7,550,674, without double pairs 6,305,674" in text


def test_json_holds_all_numbers() -> None:
    told = json.loads(json.dumps(estimate_workload(README).as_json()))
    assert told["estimates"]["leader"]["most"] == 6_375_261.6 and told["num_batches"] == 8
    assert told["estimates"]["exact"]["saved"] == pytest.approx(0.881216, abs=5e-7)
    assert told["estimates"]["none"]["across_least"] == told["estimates"]["none"]["across_most"] == 700
    assert told["published_formula"]["as_printed"] == 12_590_794


def test_batches_and_skipping_are_told_apart() -> None:
    told = estimate_workload(README).as_json()["estimates"]["leader"]
    assert told["saved_by_batches"] + told["saved_by_rule"] == pytest.approx(told["saved"])


def test_without_a_batch_size_all_is_one_batch() -> None:
    found = estimate_workload(WorkloadSettings(class_sizes=(6, 4), similar_share=1.0))
    assert "in one batch" in found.as_text()
    assert found.estimates[0].most == 45 - (15 - 5) - (6 - 3)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (WorkloadSettings(), "give --num_photos"),
        (WorkloadSettings(num_photos=9, class_sizes=(4, 4)), "--class_sizes add up to 8"),
        (WorkloadSettings(num_photos=3, num_classes=4), "--num_classes 4: must be 1 to --num_photos, 3"),
        (WorkloadSettings(num_photos=3, num_classes=1, similar_share=2), "--similar_share"),
    ],
)
def test_settings_out_of_range_are_refused(settings: WorkloadSettings, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        estimate_workload(settings)
