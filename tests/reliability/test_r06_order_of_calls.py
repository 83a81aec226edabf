"""R6: every file that a script leaves was written, forced to the disk, renamed, and its folder forced to the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reliability.all_writers import WRITERS
from tests.reliability.call_order import breaches, unforced_folders
from tests.reliability.campaign import Campaign
from tests.reliability.faults import run_plain
from tests.reliability.io_calls import Call, needs_proc
from tests.reliability.system_calls import needs_strace, traced_calls
from tests.reliability.writers import Writer, final_files

# Journals are appended to: each line stands by itself, a line that is cut at the end is left out.
APPENDED = ("review.jsonl",)
FAST = (
    "copy_images",
    "resize_images",
    "extract_features",
    "create_clusters",
    "export_clusters",
    "calibrate",
    "export_labels csv",
    "split_templates",
    "preprocess_images",
)


class Prepared:
    """A script before its second run."""

    def __init__(self, writer: Writer, folder: Path) -> None:
        for package in writer.packages:
            pytest.importorskip(package)
        self.writer, self.folder = writer, folder / "work"
        writer.prepare(self.folder, has_former=True)
        self.before = self._states()

    def _states(self) -> dict[str, tuple[str, int]]:
        return {name: (found, (self.folder / name).lstat().st_ino) for name, found in final_files(self.folder).items()}

    def check(self, calls: list[Call], campaign: Campaign) -> None:
        """Check the calls of a run: one attempt for each file that is new or another one than before."""
        made = [name for name, state in self._states().items() if self.before.get(name) != state]
        assert made, "nothing was written"
        for attempt in campaign.attempts(fast=len(made), full=len(made)):
            with attempt:
                name = made[attempt.number]
                found = list(breaches(calls, str(self.folder / name))) if not name.endswith(APPENDED) else []
                if attempt.number == 0:
                    found += unforced_folders(calls, str(self.folder))
                assert not found, "\n".join(found)


def _chosen(name: str, campaign: Campaign) -> Writer:
    if not campaign.is_full and name not in FAST:
        pytest.skip("in full campaigns")
    return WRITERS[name]


@needs_proc
@pytest.mark.parametrize("name", WRITERS)
def test_order_of_calls_of_python(name: str, campaign: Campaign, tmp_path: Path) -> None:
    prepared = Prepared(_chosen(name, campaign), tmp_path)
    calls: list[Call] = []

    def told(call: Call, is_made: bool) -> None:
        if is_made:
            calls.append(call)

    assert run_plain(prepared.writer, prepared.folder, told).code == 0
    prepared.check(calls, campaign)


@needs_strace
@needs_proc
@pytest.mark.parametrize("name", WRITERS)
def test_order_of_calls_to_the_system(name: str, campaign: Campaign, tmp_path: Path) -> None:
    if not campaign.is_full:
        pytest.skip("in full campaigns")
    prepared = Prepared(WRITERS[name], tmp_path)
    code = (
        "from pathlib import Path; from tests.reliability.all_writers import WRITERS; "
        f"outcome = WRITERS[{name!r}].run(Path({str(prepared.folder)!r})); assert outcome.code == 0, outcome"
    )
    prepared.check(traced_calls(code, prepared.folder), campaign)
