"""R13: equal photos give equal bytes, whatever the order of hashes and folders and the number of workers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.hloc.matching.folders import save_walls
from tests.reliability.another_run import run_again
from tests.reliability.campaign import Campaign
from tests.reliability.every_script import BY_NAME, SCRIPTS, draw_inputs, run_stages, same_in_every_run
from tests.reliability.quick_stages import QuickStages, save_tiny_photos
from tests.watched_calls import contents

WORKERS = (0, 1, 2, 4)


def test_stages_write_the_same_bytes(campaign: Campaign, tmp_path: Path) -> None:
    work = QuickStages(tmp_path / "work")
    save_tiny_photos(work.photos, 20)
    work.run()
    expected = contents(work.folder)
    for attempt in campaign.attempts(1, 8):
        for folder in (work.datasets, work.netvlad, work.results):
            shutil.rmtree(folder)
        with attempt:
            run_again(attempt.random.randrange(1, 1 << 30), "stages", work.folder, WORKERS[attempt.number % 4])
            assert contents(work.folder) == expected


def test_the_default_models_write_the_same_bytes(campaign: Campaign, tmp_path: Path) -> None:
    if not campaign.is_full:
        pytest.skip("takes ten seconds a run; --full makes twenty")
    save_walls(tmp_path / "photos", seeds=(1,))
    found: list[dict[str, str]] = []
    for attempt in campaign.attempts(0, 20):
        with attempt:
            workers = WORKERS[attempt.number % 4]
            seed = attempt.random.randrange(1, 1 << 30)
            run_again(seed, "models", tmp_path / "photos", tmp_path / "work", workers)
            found.append(contents(tmp_path / "work"))
            assert found[-1] == found[0], sorted(name for name in found[0] if found[0][name] != found[-1].get(name))
        shutil.rmtree(tmp_path / "work", ignore_errors=True)
    endings = sorted({Path(name).suffix for name in (found[0] if found else {})})
    campaign.note(f"files ending in {' '.join(endings)}; vlad+street, matching included")


def test_scripts_write_the_same_bytes(campaign: Campaign, tmp_path: Path) -> None:
    folder = draw_inputs(tmp_path / "drawn")
    names = ["copy_images", "tools.compare_images", "tools.split_templates", "tools.preprocess_images"]
    if campaign.is_full:
        run_stages(folder)
        names = [script.name for script in SCRIPTS if script.is_there]
    found = []
    for seed in (1, 2):
        run_again(seed, "scripts", folder, tmp_path / "out", *names)
        found.append({name: same_in_every_run(BY_NAME[name], contents(tmp_path / "out" / name)) for name in names})
        shutil.rmtree(tmp_path / "out")
    for attempt in campaign.attempts(len(names), len(names)):
        with attempt:
            first, second = (each[names[attempt.number]] for each in found)
            differing = sorted(name for name in first | second if first.get(name) != second.get(name))
            assert first and not differing, f"{names[attempt.number]}: {differing}"
