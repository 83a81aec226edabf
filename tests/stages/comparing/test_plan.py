"""What a pairs file of compared photos hangs on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stages.comparing.plan import Plan, check_settings, chosen_similarity, chosen_threshold, read_current
from stages.settings.compare import CompareSettings
from storage.errors import UsageError
from storage.fingerprints import Fingerprint
from storage.formats.pairs import write_pairs
from storage.report import SkippedPhoto
from tests.tiny_similarity import STRONG, PixelSimilarity, register

SIZES = {"a.jpg": 30, "b.jpg": 10, "c.jpg": 30, "d.jpg": 20, "B.jpg": 10}


def plan_of(folder: Path = Path("netvlad"), sizes: dict[str, int] | None = None, **changes: object) -> Plan:
    settings = CompareSettings(**{"method": "tiny", "outputs_dir": folder, "threshold": 0.5} | changes)
    prints = {name: Fingerprint(size, 0, f"{size:064d}") for name, size in sorted((sizes or SIZES).items())}
    return Plan.of(settings, PixelSimilarity(), prints, [SkippedPhoto("z.jpg", "is a folder")])


def test_photos_come_by_size_in_bytes_then_by_name() -> None:
    assert plan_of().names == ["B.jpg", "b.jpg", "d.jpg", "a.jpg", "c.jpg"]
    assert plan_of().ranks().tolist() == [0, 2, 4, 1, 3]


@pytest.mark.parametrize(("batch_size", "ends"), [(None, [5]), (2, [2, 4, 5]), (5, [5]), (4, [4, 5]), (100, [5])])
def test_batches_are_consecutive_and_the_last_holds_what_is_left(batch_size: int | None, ends: list[int]) -> None:
    assert [batch.stop for batch in plan_of(batch_size=batch_size).batches] == ends


def test_what_was_made_of_the_same_is_current_and_of_anything_else_is_not(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, batch_size=2)
    write_pairs(plan.path, [], plan.identity() | {"num_compared": 7})
    found = read_current(plan)
    assert found is not None and found["num_compared"] == 7
    for other in (
        plan_of(tmp_path, batch_size=3),
        plan_of(tmp_path, batch_size=2, threshold=0.6),
        plan_of(tmp_path, batch_size=2, skip="none"),
        plan_of(tmp_path, batch_size=2, option="dontmerge"),
        plan_of(tmp_path, batch_size=2, rescue_outliers=True),
        plan_of(tmp_path, SIZES | {"a.jpg": 31}, batch_size=2),
        plan_of(tmp_path, SIZES | {"e.jpg": 31}, batch_size=2),
        replace(plan, skipped=[]),
        replace(plan, similarity=PixelSimilarity(side=9)),
    ):
        assert read_current(other) is None


def test_one_batch_is_merged_whatever_was_asked() -> None:
    assert plan_of(batch_size=9, option="dontmerge").is_merged
    assert not plan_of(batch_size=3, option="dontmerge").is_merged


def test_the_threshold_is_that_of_the_registry_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)
    settings = CompareSettings("tiny")
    assert chosen_threshold(settings, chosen_similarity(settings)) == STRONG
    assert chosen_threshold(replace(settings, threshold=-1.0), chosen_similarity(settings)) == -1.0


def test_another_scale_takes_a_threshold_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)
    settings = CompareSettings("tiny", hash_scale="rows", threshold=0.3)
    assert chosen_threshold(settings, chosen_similarity(settings)) == 0.3
    with pytest.raises(UsageError, match="needs --threshold"):
        chosen_threshold(replace(settings, threshold=None), chosen_similarity(settings))


def test_the_options_reach_the_similarity(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)
    assert chosen_similarity(CompareSettings("tiny", hash_size=5)).settings()["side"] == 5


@pytest.mark.parametrize("flag", ["skip", "option", "hash_scale", "minhash_tokens", "orb_score", "pairs_format"])
def test_a_choice_that_is_not_known_is_refused_with_those_that_are(flag: str) -> None:
    with pytest.raises(UsageError, match=f"--{flag} is 'other', but must be one of '"):
        check_settings(replace(CompareSettings(batch_size=4), **{flag: "other"}))
