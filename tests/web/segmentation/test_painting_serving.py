"""The program itself: its address, its page, its end, a kill, a second one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.drawn_painting_session import LEFT, draw_photos
from tests.web.local_server import Client
from tools.segment_images import main, parse_args
from web.guard import Guard


@contextmanager
def program(folder: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    given = [
        "--image_dir",
        str(folder / "photos"),
        "--export_dir",
        str(folder / "masks"),
        "--port",
        "0",
        "--no_browser",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.segment_images", *given, *more], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline()
        guard = Guard(port=int(address.strip().rstrip("/").rpartition(":")[2] or 0))
        frame = Client(guard).get("/").body.decode()
        guard.token = frame.partition('name="token" content="')[2].partition('"')[0]
        yield process, Client(guard)
    finally:
        process.kill()
        process.communicate()


def opened(client: Client, photo: int = 0) -> dict[str, Any]:
    state = client.post(f"/api/photos/{photo}/open", {}).content
    while state["job"] is not None:
        client.get(f"/api/jobs/{state['job']['job']}?wait=1")
        state = client.post(f"/api/photos/{photo}/open", {}).content
    return dict(state)


def test_a_killed_program_loses_nothing_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_photos(tmp_path / "photos")
    with program(tmp_path) as (process, client):
        opened(client)  # its labels are made by a worker process
        answer = client.post(
            "/api/photos/0/actions", {"revision": 0, "actions": [{"action": "fill", "at": list(LEFT)}]}
        ).content
        second = ["--image_dir", str(tmp_path / "photos"), "--export_dir", str(tmp_path / "masks"), "--no_browser"]
        assert main(parse_args([*second, "--port", "0"])) == 1
        assert f"is in use by another run (pid {process.pid})" in capsys.readouterr().err
        process.send_signal(signal.SIGKILL)
        process.wait()
    with program(tmp_path) as (process, client):
        state = opened(client)
        assert (state["revision"], state["check"], state["undo"]) == (1, answer["check"], 1)
        assert client.get("/api/overview").content["can_quit"]
        assert client.post("/api/quit", {}).status == 200
        assert process.wait(30) == 0


def test_an_interrupted_program_ends_its_workers(tmp_path: Path) -> None:
    draw_photos(tmp_path / "photos")
    with program(tmp_path) as (process, client):
        client.post("/api/prefetch", {"photos": [0, 1, 2]})
        process.send_signal(signal.SIGINT)
        assert process.wait(60) in (0, 130)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--port", "70000"], "--port is 70000"),
        (["--method", "kmeans", "--k", "0"], "--k is 0"),
        (["--region_size", "3"], "superpixel, slickmeans"),
        (["--classes", "nowhere.json"], "nowhere.json is missing"),
        (["--templates", "nowhere"], "--templates nowhere"),
        (["--precompute", "-2"], "--precompute is -2"),
        (["--building", "1"], "--work_dir"),
    ],
)
def test_a_wrong_call_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    draw_photos(tmp_path / "photos")
    call = ["--image_dir", str(tmp_path / "photos"), "--no_browser", "--export_dir", str(tmp_path / "masks")]
    assert main(parse_args([*call, "--port", "0", *more])) in (1, 2)
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1 and said in shown


def test_masks_go_beside_the_photos_unless_told_otherwise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_photos(tmp_path / "photos")
    (tmp_path / "photos_segmented").write_text("a file that stands there")
    assert main(parse_args(["--image_dir", str(tmp_path / "photos"), "--no_browser", "--port", "0"])) == 1
    assert str(tmp_path / "photos_segmented") in capsys.readouterr().err


def test_a_building_is_shown_alone(tmp_path: Path) -> None:
    draw_photos(tmp_path / "datasets")
    (tmp_path / "results").mkdir()
    content = {"3": ["a.png", "north/c.png"], "-1": ["b.png"]}
    (tmp_path / "results" / "clusters.json").write_text(json.dumps(content))
    from stages.segmenting.painting_session import settle
    from stages.settings.painting_page import PaintingSettings

    settings, names = settle(PaintingSettings(work_dir=tmp_path, building=3))
    assert names == ["a.png", "north/c.png"] and settings.export_dir == tmp_path / "datasets_segmented"
