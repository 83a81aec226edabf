"""What every campaign gets, and the tables that a full run writes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from typing import Any, cast

import pytest

from tests.conftest import ROOT
from tests.reliability.campaign import Campaign
from tests.reliability.results import README, TABLE, Row, commit_under_test, update

_results: list[tuple[str, str, str, str, str]] = []
_failed: set[str] = set()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give full counts the time that they take."""
    if config.getoption("--full"):
        for item in items:
            if "campaign" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.timeout(0))


@pytest.fixture
def campaign(request: pytest.FixtureRequest, record_property: Any) -> Iterator[Campaign]:
    """The campaign of a test: its number is that of the file, its words are those of the test's name."""
    number = request.module.__name__.rsplit(".", 1)[-1].split("_")[1].lstrip("r0")
    words = request.node.name.removeprefix("test_").replace("_", " ").replace("|", "/")
    made = Campaign(f"R{number} {words}", bool(request.config.getoption("--full")))
    started = time.monotonic()
    yield made
    figures = "; ".join(made.notes).replace("|", "/")
    seconds = f"{time.monotonic() - started:.0f}"
    record_property("campaign", (made.name, f"{made.done:,}", f"{len(made.failures):,}", figures, seconds))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect what the campaigns tell, also those that another process of the run made."""
    if report.failed:
        _failed.add(report.nodeid)
    if report.when == "teardown":
        for values in (cast(Any, value) for name, value in report.user_properties if name == "campaign"):
            # what fails beside the attempts is no success either
            is_silent = report.nodeid in _failed and values[2] == "0"
            _results.append((*values[:2], "all" if is_silent else values[2], *values[3:]))


def pytest_terminal_summary(config: pytest.Config) -> None:
    """Write the tables of a full run; campaigns that were skipped keep their former row."""
    if not config.getoption("--full") or not _results:
        return
    day, commit = date.today().isoformat(), commit_under_test(ROOT, (TABLE, README))
    update([Row(*values, day, commit) for values in _results if values[1] != "0"])
