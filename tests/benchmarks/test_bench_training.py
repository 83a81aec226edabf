"""The ablation: what is shared, what is not run again, what is printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import bench_training
from benchmarks.bench_training import BASE, VARIANTS, main, parse_args, recipe_of
from storage.atomic import write_json
from training.recipe import RECIPE_FILE
from training.settings import Recipe


def call(tmp_path: Path, *more: str) -> list[str]:
    return [
        "--images", str(tmp_path / "photos"), "--teacher", "teacher.tflite", "--judge", "labels.csv",
        "--output_dir", str(tmp_path / "ablation"), "--num_samples", "640", *more,
    ]  # fmt: skip


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stands in for the training; gives the folders of what was trained."""
    done: list[str] = []

    def carry_out(recipe: Recipe, materials: object) -> dict[str, Any]:
        done.append(recipe.output_dir.name)
        result = {"seconds": 12.4, "mean_average_precision": 0.5, "precision_at_1": 0.25, "true_pairs_in_top_10": 0.125}
        write_json(recipe.output_dir / RECIPE_FILE, recipe.choices() | {"result": result})
        return result

    monkeypatch.setattr(bench_training, "carry_out", carry_out)
    monkeypatch.setattr(bench_training, "gather", lambda recipe, measure: None)
    return done


def test_each_variant_changes_something_and_has_a_folder_of_its_own(tmp_path: Path) -> None:
    recipes = [recipe_of(name, parse_args(call(tmp_path))) for name in VARIANTS]
    assert len({json.dumps(recipe.choices(), sort_keys=True) for recipe in recipes}) == len(VARIANTS)
    assert len({recipe.output_dir for recipe in recipes}) == len(VARIANTS)


def test_variants_with_the_same_crops_share_a_pool(tmp_path: Path) -> None:
    recipes = {name: recipe_of(name, parse_args(call(tmp_path))) for name in VARIANTS}
    for name, recipe in recipes.items():
        is_shared = recipe.pool_dir == recipes[BASE].pool_dir
        assert is_shared == (recipe.pool == recipes[BASE].pool) == (not name.startswith("crops"))


def test_seed_and_number_of_samples_are_the_same_everywhere(tmp_path: Path) -> None:
    args = parse_args(call(tmp_path, "--seed", "5", "--threads", "1"))
    for name in VARIANTS:
        recipe = recipe_of(name, args)
        assert recipe.learning.num_samples == 640 and recipe.learning.seed == recipe.pool.seed == 5
        assert recipe.num_threads == 1


def test_one_table_with_a_line_for_each_variant(
    tmp_path: Path, trained: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(parse_args(call(tmp_path))) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("## training")
    assert [line.split(" | ")[0] for line in lines if line.startswith("| ")] == [
        "| variant", *(f"| {name}" for name in VARIANTS)
    ]  # fmt: skip
    assert "| base | 640 | 12 | 0.500 | 0.250 | 0.125 |" in lines


def test_a_variant_whose_result_stands_is_not_trained_again(
    tmp_path: Path, trained: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(parse_args(call(tmp_path, "--variants", BASE, "pooling: mean")))
    assert trained == ["base", "pooling__mean"]
    main(parse_args(call(tmp_path, "--variants", BASE, "pooling: mean", "input: 64 pixels")))
    assert trained == ["base", "pooling__mean", "input__64_pixels"]
    assert capsys.readouterr().out.count("| base | 640 |") == 2


def test_results_of_another_budget_are_not_mixed_in(
    tmp_path: Path, trained: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(parse_args(call(tmp_path, "--variants", BASE)))
    assert main(parse_args(call(tmp_path, "--variants", BASE, "--num_samples", "1280"))) == 2
    assert "is of other settings" in capsys.readouterr().err


def test_results_of_other_photos_are_not_mixed_in(
    tmp_path: Path, trained: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(parse_args(call(tmp_path, "--variants", BASE)))
    assert main(parse_args(call(tmp_path, "--variants", BASE, "--judge", "other.csv"))) == 2
    assert "names other photos, labels or teacher" in capsys.readouterr().err
