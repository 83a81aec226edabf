"""The program itself: its address, a kill, a second one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.web.review.drawn_work import make_work
from tools.review_clusters import main, parse_args
from web.guard import TOKEN_HEADER


@contextmanager
def program(work_dir: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    call = [sys.executable, "-m", "tools.review_clusters", "--work_dir", str(work_dir), "--port", "0", "--no_browser"]
    process = subprocess.Popen(call, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline()
        yield process, int(address.strip().rstrip("/").rpartition(":")[2] or 0)
    finally:
        process.kill()
        process.communicate()


def ask(port: int, method: str, target: str, content: Any = None, token: str = "") -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    body = None if content is None else json.dumps(content)
    connection.request(method, target, body, {TOKEN_HEADER: token, "Content-Type": "application/json"})
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer if target == "/" else json.loads(answer)


def decided(port: int) -> list[dict[str, Any]]:
    """Give what stands in the cards without what is read of pairs and photos after the start."""
    cards = ask(port, "GET", "/api/clusters")["clusters"]
    return [{key: card[key] for key in ("number", "name", "size", "locked", "note", "changed")} for card in cards]


def token_of(port: int) -> str:
    return str(ask(port, "GET", "/").partition('name="review-token" content="')[2].partition('"')[0])


def test_a_killed_program_loses_nothing_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_work(tmp_path)
    with program(tmp_path) as (process, port):
        token = token_of(port)
        ask(port, "POST", "/api/actions", {"action": "merge", "clusters": ["0", "1"]}, token)
        ask(port, "POST", "/api/actions", {"action": "name", "cluster": "0", "name": "Mill"}, token)
        shown = decided(port)
        assert main(parse_args(["--work_dir", str(tmp_path), "--port", "0", "--no_browser"])) == 1
        assert f"is in use by another run (pid {process.pid})" in capsys.readouterr().err
        process.send_signal(signal.SIGKILL)
        process.wait()
    with program(tmp_path) as (_, port):
        assert decided(port) == shown
        overview = ask(port, "GET", "/api/overview")
        assert overview["can_undo"] == "name of building 0" and overview["counts"]["actions"] == 2


def test_a_folder_without_clusters_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args(["--work_dir", str(tmp_path), "--no_browser"])) == 1
    assert "clusters.json is missing; make it with: python create_clusters.py" in capsys.readouterr().err


def test_a_port_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args(["--work_dir", str(tmp_path), "--port", "70000"])) == 2
    assert "--port is 70000, but must be 0 to 65535" in capsys.readouterr().err


def test_folders_are_those_of_the_work_folder_unless_given() -> None:
    args = parse_args(["--work_dir", "w", "--results-dir", "elsewhere"])
    assert (args.image_dir, args.outputs_dir, args.results_dir) == (None, None, Path("elsewhere"))
    assert args.host == "127.0.0.1"
