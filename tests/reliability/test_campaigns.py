"""The campaigns' own tools."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.reliability.campaign import Campaign
from tests.reliability.every_script import APART, SCRIPTS, WRITE_NOTHING
from tests.reliability.results import Row, commit_under_test, read_rows, table, update


def row(campaign: str, day: str = "2026-01-01") -> Row:
    return Row(campaign, "10", "0", "", "3", day, "abc")


def test_a_campaign_makes_all_its_attempts_and_then_fails_for_those_that_failed() -> None:
    campaign = Campaign("R0 tools", is_full=False)
    with pytest.raises(AssertionError, match="R0 tools: 2 of 5 attempts failed(.|\n)*attempt 1"):
        for attempt in campaign.attempts(fast=5, full=50):
            with attempt:
                assert attempt.number not in (1, 3)
    assert campaign.done == 5


def test_full_counts_are_made_when_asked_for() -> None:
    campaign = Campaign("R0 tools", is_full=True)
    for attempt in campaign.attempts(fast=5, full=50):
        with attempt:
            pass
    assert campaign.done == 50


def test_an_attempt_draws_the_same_in_every_run() -> None:
    draws = [[each.random.random() for each in Campaign("R0", False).attempts(4, 4)] for _ in range(2)]
    assert draws[0] == draws[1]
    assert len(set(draws[0])) == 4


def test_an_interrupt_ends_a_campaign() -> None:
    with pytest.raises(KeyboardInterrupt):
        for attempt in Campaign("R0 tools", False).attempts(5, 5):
            with attempt:
                raise KeyboardInterrupt


def test_rows_stand_in_the_order_of_their_numbers() -> None:
    assert list(read_rows(table([row("R10 b"), row("R2 a")]))) == ["R2 a", "R10 b"]


def test_rows_of_other_campaigns_stay_in_the_table(tmp_path: Path) -> None:
    path = tmp_path / "reliability.md"
    update(path, [row("R1 kills"), row("R2 network")])
    update(path, [row("R1 kills", "2026-02-02")])
    assert {name: each.day for name, each in read_rows(path.read_text()).items()} == {
        "R1 kills": "2026-02-02",
        "R2 network": "2026-01-01",
    }


def test_a_commit_is_marked_when_what_is_tested_has_changed_since(tmp_path: Path) -> None:
    table, source = tmp_path / "benchmarks" / "reliability.md", tmp_path / "source.py"
    table.parent.mkdir()
    for path in (table, source):
        path.write_text("as committed")
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    table.write_text("written by the run")
    clean = commit_under_test(tmp_path, table)
    assert len(clean) >= 7 and not clean.endswith("-dirty")
    source.write_text("changed")
    assert commit_under_test(tmp_path, table) == f"{clean}-dirty"


def test_every_script_that_writes_is_tried() -> None:
    known = {script.module for script in SCRIPTS} | APART | WRITE_NOTHING
    there = {path.stem for path in ROOT.glob("*.py")} | {f"tools.{path.stem}" for path in (ROOT / "tools").glob("*.py")}
    assert known == there - {"tools.__init__"}


def test_what_did_not_raise_is_a_failure_of_its_attempt() -> None:
    campaign = Campaign("R0 tools", is_full=False)
    with pytest.raises(AssertionError, match="R0 tools: 3 of 3 attempts failed"):
        for attempt in campaign.attempts(fast=3, full=3):
            with attempt, pytest.raises(ValueError):
                pass
