"""R16: photos of the user are read, and nothing else ever happens to them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.reliability import children
from tests.reliability.campaign import Campaign
from tests.reliability.every_script import SCRIPTS, Script, draw_inputs, run_stages
from tests.reliability.quick_stages import QuickStages, save_tiny_photos
from tests.watched_calls import changes_under, contents, states

QUICK = ("copy_images", "resize_images beside", "tools.compare_images", "tools.preprocess_images", "tools.make_attacks")
QUICK = (*QUICK, "tools.split_templates")


@contextmanager
def only_read(folder: Path) -> Iterator[None]:
    """Fail when the block changes content, size, time, mode or inode below a folder, or opens a file for writing."""
    before = contents(folder), states(folder)
    with changes_under(folder) as changes:
        yield
    assert not changes, f"{len(changes)} calls that change the source, first {changes[:3]}"
    after = contents(folder), states(folder)
    assert before == after, "the source has changed"


@contextmanager
def write_protected(folder: Path) -> Iterator[None]:
    """Take all rights to write below a folder away."""
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
def test_stages_leave_the_source_as_it_is(campaign: Campaign, tmp_path: Path, mode: str) -> None:
    work = QuickStages(tmp_path)
    save_tiny_photos(work.photos, campaign.count(12, 10_000 if mode == "copy" else 1_000))
    stages = work.in_order() | {"copy": lambda: work.copy(mode=mode), "export": lambda: work.export(mode=mode)}
    # Matching takes seconds a photo at this number, and is tried below.
    names = [name for name in stages if name != "match" or (mode == "copy" and not campaign.is_full)]
    for attempt in campaign.attempts(len(names), len(names)):
        with attempt, only_read(work.photos):
            stages[names[attempt.number]]()
    campaign.note(f"{len(contents(work.photos)):,} photos")


def run_without_rights(script: Script, folder: Path, out: Path) -> None:
    """Run a script in a process that cannot write to the photos."""
    children.drop_rights()
    assert not os.access(folder / "photos", os.W_OK, effective_ids=True)
    with only_read(folder / "photos"):
        script.run(folder, out)


@children.needs_fork
def test_scripts_read_a_write_protected_source(campaign: Campaign, tmp_path: Path) -> None:
    folder = draw_inputs(tmp_path / "drawn")
    if campaign.is_full:
        run_stages(folder)
    scripts = [
        script
        for script in SCRIPTS
        if script.reads_photos and script.is_there and (campaign.is_full or script.name in QUICK)
    ]
    for attempt in campaign.attempts(len(scripts), len(scripts)):
        script = scripts[attempt.number]
        out = tmp_path / str(attempt.number)
        with attempt, write_protected(folder / "photos"), only_read(folder / "photos"):
            script.prepare(folder, out)
            children.run(partial(run_without_rights, script, folder, out))
