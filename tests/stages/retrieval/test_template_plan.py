"""Which photo of each class is its template."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.retrieval.template_plan import TemplatePlan, plan_split
from stages.settings.retrieval import SplitSettings
from tests.drawn_photos import save_photos

CLASSES = st.lists(st.sampled_from(["cat", "dog", "=x", "ü"]), min_size=1, max_size=8)


def plan_of(folder: Path, classes: list[str], order: list[int]) -> TemplatePlan:
    table = folder / "table.csv"
    lines = [f"photo_{number:03d}.jpg,{classes[number]}" for number in order]
    table.write_text("\n".join(["file,class", *lines]), encoding="utf-8")
    return plan_split(SplitSettings(table, folder / "photos", folder / "out"), follow_links=False)


@given(classes=CLASSES, seed=st.integers(0, 99))
def test_every_photo_is_once_a_template_or_a_query_in_any_order_of_the_table(
    classes: list[str], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "plan"
    if not folder.exists():
        save_photos(folder / "photos", 8)
    numbers = list(range(len(classes)))
    plan = plan_of(folder, classes, numbers)
    named = [*plan.templates.values(), *plan.queries]
    assert sorted(named) == [f"photo_{number:03d}.jpg" for number in numbers]
    assert set(plan.templates) == set(classes) and plan.num_unlisted == 8 - len(classes)
    for name, label in plan.queries.items():
        assert plan.templates[label] < name and classes[int(name[6:9])] == label
    assert plan_of(folder, classes, random.Random(seed).sample(numbers, len(numbers))) == plan
