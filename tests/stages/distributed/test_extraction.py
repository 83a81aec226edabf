from __future__ import annotations

import os
import shutil
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from stages.distributed.extraction import extract_with_ray
from stages.extract import extract_features
from stages.settings.pipeline import ExtractSettings
from storage.errors import UsageError
from tests.drawn_photos import save_photos
from tests.stages.ray_cluster import needs_ray


def call(folder: Path, out: str, **options: Any) -> ExtractSettings:
    options = {"model": "vlad", "num_workers": 0, "min_score": -1.0} | options
    return ExtractSettings(folder / "photos", folder / out, **options)


def results_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name.startswith(("global-", "pairs-"))}


def test_without_ray_the_message_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(UsageError, match="Ray is not installed .*pip install -r requirements-ray.txt"):
        extract_with_ray(call(tmp_path, "out", distributed="ray"))


def test_flags_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--shard 1/2: --distributed ray cuts the list by itself"):
        extract_with_ray(call(tmp_path, "out", distributed="ray", shard="1/2"))
    with pytest.raises(UsageError, match="--ray_address auto: has no use without --distributed ray"):
        extract_features(call(tmp_path, "out", ray_address="auto"))


@needs_ray
@pytest.mark.usefixtures("cluster")
def test_two_workers_write_the_bytes_of_one_machine_and_a_second_run_writes_nothing(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 7)
    extract_features(call(tmp_path, "one"))
    report = extract_with_ray(call(tmp_path, "out", distributed="ray"), photos_per_block=2)
    assert results_in(tmp_path / "out") == results_in(tmp_path / "one")
    assert report.counts["shards"] == 4 and report.counts["computed_now"] == 7
    assert extract_with_ray(call(tmp_path, "out", distributed="ray"), photos_per_block=2).is_current


@needs_ray
@pytest.mark.usefixtures("cluster")
def test_a_worker_killed_in_mid_run_costs_only_its_block(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 60)
    options = {"model": "street", "distributed": "ray"}
    extract_with_ray(call(tmp_path, "calm", **options), photos_per_block=30)
    killed: list[int] = []
    ended = threading.Event()

    def kill_first_worker() -> None:
        pid_file = tmp_path / "out" / "shards" / "2-of-2" / ".lock.pid"
        while not killed and not ended.wait(0.002):
            if pid_file.is_file() and (text := pid_file.read_text(encoding="ascii")):
                os.kill(int(text), signal.SIGKILL)
                killed.append(int(text))

    killer = threading.Thread(target=kill_first_worker)
    killer.start()
    try:
        report = extract_with_ray(call(tmp_path, "out", **options), photos_per_block=30)
    finally:
        ended.set()
        killer.join()
    assert len(killed) == 1 and report.counts["described"] == 60
    assert results_in(tmp_path / "out") == results_in(tmp_path / "calm")
    shutil.rmtree(tmp_path / "out")


@needs_ray
@pytest.mark.usefixtures("cluster")
def test_what_a_block_refuses_is_said_as_on_one_machine(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 3)
    extract_with_ray(call(tmp_path, "out", model="street", distributed="ray"), photos_per_block=2)
    with pytest.raises(UsageError, match="was made with --half False, this call has --half True"):
        extract_with_ray(call(tmp_path, "out", model="street", distributed="ray", half=True), photos_per_block=2)
