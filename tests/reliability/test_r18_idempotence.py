"""R18: what stands is left alone; exactly what changed is done again; other settings are never mixed in."""

from __future__ import annotations

import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from storage.lock import LOCK_FILES
from tests.reliability.campaign import Attempt, Campaign
from tests.reliability.every_script import BY_NAME, SCRIPTS, draw_inputs, run_stages
from tests.reliability.quick_stages import QuickStages, save_tiny_photos, tiny_photo
from tests.watched_calls import states

MAX_SECONDS = 5
MEASURES = ("tools.search_experiment",)  # how long searches take, so again in every run
PHOTOS = 24
FIRST_OTHER = 1_000_000
QUICK = ("copy_images", "tools.compare_images", "tools.preprocess_images", "tools.split_templates")
# Settings that would mix with what stands, each in the place of the one that made it.
OTHER_SETTINGS = (
    ("copy_images", [("mode", "hardlink"), ("mode", "symlink")]),
    ("tools.split_templates", [("mode", "hardlink"), ("mode", "symlink")]),
    ("tools.preprocess_images", [("size", "32 32"), ("square", "pad"), ("format", "png")]),
    ("tools.make_attacks", [("seed", "5"), ("format", "jpg")]),
    ("tools.segment_images", [("method", "kmeans"), ("method", "edge")]),
    ("extract_features", [("resize_max", "100"), ("half", "")]),
    ("tools.train_autoencoder", [("learning_rate", "0.5"), ("seed", "9")]),
    ("tools.finetune_simclr", [("learning_rate", "0.5"), ("seed", "9")]),
    ("tools.train_descriptor", [("learning_rate", "0.5"), ("seed", "9")]),
)


def files_of(folder: Path) -> dict[str, tuple[int, ...]]:
    """Give the states of all files but the locks, reports included."""
    found = states(folder)
    return {path: state for path, state in found.items() if Path(path).is_file() and Path(path).name not in LOCK_FILES}


def test_a_second_run_of_the_stages_rewrites_nothing(campaign: Campaign, tmp_path: Path) -> None:
    work = QuickStages(tmp_path)
    save_tiny_photos(work.photos, campaign.count(40, 10_000))
    left_out = ("match",) if campaign.is_full else ()  # matching takes seconds a photo at this number, and is below
    work.run(*left_out)
    stages = {name: stage for name, stage in work.in_order().items() if name not in left_out}
    before = files_of(tmp_path)
    for attempt in campaign.attempts(len(stages), len(stages)):
        name = list(stages)[attempt.number]
        started = time.process_time()
        with attempt:
            report = stages[name]()
            seconds = time.process_time() - started
            campaign.note(f"{name} {seconds:.1f} s")
            assert report.is_current
            assert seconds <= MAX_SECONDS
            assert files_of(tmp_path) == before


def test_exactly_the_changed_photo_is_done_again(campaign: Campaign, tmp_path: Path) -> None:
    work = QuickStages(tmp_path)
    names = save_tiny_photos(work.photos, PHOTOS)
    left_out = () if campaign.is_full else ("match",)
    work.run(*left_out)
    for attempt in campaign.attempts(3, 60):
        with attempt:
            change = (add, remove, alter)[attempt.number % 3]
            copies = states(work.datasets / "photos")
            changed, expected = change(work, names, attempt)
            reports = {"copy": work.copy(prune=True)} | work.run("copy", *left_out)
            done = {name: report.counts for name, report in reports.items()}
            assert [done["copy"][key] for key in ("copied", "replaced", "removed")] == expected
            redone = expected[0] + expected[1]
            assert done["resize"]["resized"] == done["extract"]["computed_now"] == redone
            assert campaign.is_full is False or done["match"]["computed_now"] == redone
            assert done["cluster"]["photos"] == done["export"]["exported"] == len(names)
            others = {path: state for path, state in copies.items() if not path.endswith(changed)}
            now = states(work.datasets / "photos")
            assert {path: now[path] for path in others if Path(path).is_file()} == {
                path: state for path, state in others.items() if Path(path).is_file()
            }


def add(work: QuickStages, names: list[str], attempt: Attempt) -> tuple[str, list[int]]:
    name = f"{attempt.random.choice(['000', 'new', '000/x'])}/n{attempt.number}.jpg"
    (work.photos / name).parent.mkdir(parents=True, exist_ok=True)
    (work.photos / name).write_bytes(tiny_photo(FIRST_OTHER + 4 * attempt.number))
    names.append(name)
    return name, [1, 0, 0]


def remove(work: QuickStages, names: list[str], attempt: Attempt) -> tuple[str, list[int]]:
    name = names.pop(attempt.random.randrange(len(names)))
    (work.photos / name).unlink()
    return name, [0, 0, 1]


def alter(work: QuickStages, names: list[str], attempt: Attempt) -> tuple[str, list[int]]:
    name = attempt.random.choice(names)
    (work.photos / name).write_bytes(tiny_photo(FIRST_OTHER + 4 * attempt.number))
    return name, [0, 1, 0]


def test_other_settings_are_understood() -> None:
    for name, flags in OTHER_SETTINGS:
        script = import_module(BY_NAME[name].module)
        for flag, value in flags:
            given = BY_NAME[name].arguments(Path(), Path())
            former, other = script.parse_args(given), script.parse_args([*given, f"--{flag}", *value.split()])
            assert former != other, f"{name} --{flag} {value} is the same setting"


def test_other_settings_are_refused(campaign: Campaign, tmp_path: Path) -> None:
    folder = draw_inputs(tmp_path / "drawn")
    outs = {}
    for attempt in campaign.attempts(4, 5 * len(OTHER_SETTINGS)):
        name, flags = OTHER_SETTINGS[attempt.number % len(OTHER_SETTINGS)]
        script = BY_NAME[name]
        if name not in outs:
            outs[name] = tmp_path / name
            script.prepare(folder, outs[name])
            script.run(folder, outs[name])
        flag, value = attempt.random.choice(flags)
        before = files_of(outs[name])
        with attempt:
            other = replace(script, call=f"{script.call} --{flag} {value}")
            with pytest.raises(AssertionError, match="exit code 2"):
                other.run(folder, outs[name])
            assert files_of(outs[name]) == before, f"{name} --{flag} {value} changed something"


def test_a_second_run_of_every_script_rewrites_nothing(campaign: Campaign, tmp_path: Path) -> None:
    folder = draw_inputs(tmp_path / "drawn")
    if campaign.is_full:
        run_stages(folder)
    scripts = [
        script
        for script in SCRIPTS
        if script.is_there and script.name not in MEASURES and (campaign.is_full or script.name in QUICK)
    ]
    for attempt in campaign.attempts(len(scripts), len(scripts)):
        script, out = scripts[attempt.number], tmp_path / str(attempt.number)
        with attempt:
            script.prepare(folder, out)
            script.run(folder, out)
            before = files_of(out)
            script.run(folder, out)
            now = files_of(out)
            changed = sorted(
                Path(path).name for path in before.keys() | now.keys() if before.get(path) != now.get(path)
            )
            assert not changed, f"{script.name} wrote {changed}"
