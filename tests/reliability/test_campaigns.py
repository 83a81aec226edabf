"""The campaigns' own tools."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.reliability.campaign import Campaign
from tests.reliability.every_script import APART, SCRIPTS, WRITE_NOTHING
from tests.reliability.results import (
    README,
    TABLE,
    Row,
    commit_under_test,
    folded,
    folded_in,
    read_rows,
    tables,
    update,
)


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


def lines_of(text: str) -> dict[str, list[str]]:
    """Give the cells of each line of the folded table in a text, by campaign."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in folded_in(text).splitlines()[2:]]
    return {cells[0]: cells[1:] for cells in lines}


@pytest.fixture
def readme(tmp_path: Path) -> Path:
    """A text with a table between two sentences."""
    path = tmp_path / "README.md"
    path.write_text(f"Before.\n\n{folded([])}\nAfter.\n", encoding="utf-8")
    return path


def test_rows_stand_in_the_order_of_their_numbers() -> None:
    assert list(read_rows(tables([row("R10 b"), row("R2 a")]))) == ["R2 a", "R10 b"]


def test_rows_of_other_campaigns_stay_in_the_table(tmp_path: Path, readme: Path) -> None:
    path = tmp_path / "reliability.md"
    update([row("R1 kills"), row("R2 network")], path, readme)
    update([row("R1 kills", "2026-02-02")], path, readme)
    assert {name: each.day for name, each in read_rows(path.read_text()).items()} == {
        "R1 kills": "2026-02-02",
        "R2 network": "2026-01-01",
    }


def test_a_campaign_is_one_line_with_the_sums_of_its_rows() -> None:
    rows = [
        Row("R4 calls[copy]", "1,200", "3", "", "3", "2026-01-02", "abc"),
        Row("R4 calls[export]", "10", "all", "", "3", "2026-01-09", "def"),
        Row("R4 other calls[copy]", "5", "0", "", "3", "2026-01-04", "abc"),
        Row("R5 disk", "7", "0", "", "3", "2026-01-05", "abc"),
    ]
    lines = lines_of(tables(rows))
    assert lines["R4"][1:] == [
        "2 calls of scripts", "all, 3 errors", "1,215", "13", "2026-01-02 to 2026-01-09", "abc, def"
    ]  # fmt: skip
    assert lines["R5"][-4:] == ["7", "0", "2026-01-05", "abc"]


def test_every_campaign_has_a_line_also_one_that_was_not_run() -> None:
    lines = lines_of(tables([row("R2 a")]))
    files = {path.name.split("_")[1] for path in Path(__file__).parent.glob("test_r[0-9]*.py")}
    assert {f"r{name[1:].zfill(2)}" for name in lines} == files
    assert lines["R1"][-4:] == ["0", "0", "not run", ""] and "not run" not in lines["R2"]


def test_of_attempts_with_many_photos_it_says_how_many() -> None:
    rows = [Row("R16 stages[copy]", "5", "0", f"{count} photos", "3", "d", "c") for count in ("10,000", "900")]
    assert lines_of(tables(rows))["R16"][3] == "10 runs on up to 10,000 photos"


def test_a_run_puts_the_lines_of_all_campaigns_into_the_readme(tmp_path: Path, readme: Path) -> None:
    update([row("R3 kills[copy]")], tmp_path / "reliability.md", readme)
    text = readme.read_text(encoding="utf-8")
    assert text.startswith("Before.\n\n|") and text.endswith("|\n\nAfter.\n")
    assert lines_of(text)["R3"][3] == "10"


def test_the_readme_shows_the_last_results() -> None:
    found = TABLE.read_text(encoding="utf-8")
    assert found == tables(read_rows(found).values()), "run `python -m tests.reliability.results`"
    shown = folded_in(README.read_text(encoding="utf-8"))
    assert shown == folded_in(found), "run `python -m tests.reliability.results`"


def test_a_commit_is_marked_when_what_is_tested_has_changed_since(tmp_path: Path) -> None:
    table, source = tmp_path / "benchmarks" / "reliability.md", tmp_path / "source.py"
    table.parent.mkdir()
    for path in (table, source):
        path.write_text("as committed")
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    table.write_text("written by the run")
    clean = commit_under_test(tmp_path, [table])
    assert len(clean) >= 7 and not clean.endswith("-dirty")
    source.write_text("changed")
    assert commit_under_test(tmp_path, [table]) == f"{clean}-dirty"


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
