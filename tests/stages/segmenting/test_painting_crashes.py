"""A painting session that ends badly: killed, cut short, on a full disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from segmentation.painting.canvas import Canvas
from segmentation.painting.replay import replay
from storage.errors import StageError
from storage.formats.label_images import read_label_image
from tests.conftest import ROOT
from tests.drawn_painting_session import (
    LEFT,
    RIGHT,
    WINDOW,
    act,
    draw_photos,
    fill,
    journal_path,
    make_ready,
    painting_session,
    standing,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw_photos(tmp_path / "photos")
    return tmp_path


@pytest.mark.parametrize("cut", range(1, 120, 7))
def test_a_journal_that_was_cut_short_opens_at_the_last_whole_request(folder: Path, cut: int) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        act(tools, fill(LEFT))
        whole = standing(tools)
        act(tools, fill(WINDOW), {"action": "cut", "points": [[0, 20], [29, 20]]}, {"action": "undo"})
    path = journal_path(folder)
    path.write_bytes(path.read_bytes()[:-cut])
    with painting_session(folder) as tools:
        assert tools.desk.begin(0) is None and standing(tools) == whole
        act(tools, fill(RIGHT))
        again = standing(tools)
    with painting_session(folder) as tools:
        assert tools.desk.begin(0) is None and standing(tools) == again


KILLED = """
import sys
from pathlib import Path
from tests.drawn_painting_session import make_ready, painting_session
with painting_session(Path(sys.argv[1])) as tools:
    make_ready(tools)
    number = 0
    while True:
        point = [number % 60, number * 7 % 40]
        tools.desk.do(0, number, [{"action": "fill" if number % 3 else "unfill", "at": point}])
        number += 1
        print(number, tools.desk.opened(0).canvas.checksum(), flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_what_was_answered_before_a_kill_is_there_after_it(folder: Path) -> None:
    program = subprocess.Popen([sys.executable, "-c", KILLED, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    told = [program.stdout.readline().split() for _ in range(12)]
    program.send_signal(signal.SIGKILL)
    told += [line.split() for line in program.stdout.read().splitlines() if len(line.split()) == 2]
    program.wait(30)
    with painting_session(folder) as tools:
        make_ready(tools)
        photo = tools.desk.opened(0)
        assert photo.revision >= len(told) >= 12
        canvas = Canvas(read_label_image(journal_path(folder).parent / photo.labels_file).labels)
        replay(canvas, photo.actions[: len(told)])
        assert canvas.checksum() == told[-1][1]


def test_a_journal_that_cannot_be_written_leaves_the_photo_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        act(tools, fill(LEFT))
        before = standing(tools)

        def fail(*_: Any) -> None:
            raise StageError("cannot write: No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("storage.formats.journal.Journal.add", fail)
            with pytest.raises(StageError, match="No space"):
                act(tools, fill(RIGHT))
        assert standing(tools) == before
        act(tools, fill(RIGHT))
        assert tools.desk.opened(0).revision == 2
