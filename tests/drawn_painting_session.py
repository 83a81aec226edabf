"""A few small photos of flat colours, and a painting session on them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from stages.segmenting.painting_session import settle, start_painting
from stages.segmenting.painting_tools import PaintingTools
from stages.settings.painting_page import PaintingSettings
from storage.lock import work_lock

Action = dict[str, Any]
HEIGHT, WIDTH = 40, 60
NAMES = ("a.png", "b.png", "north/c.png")
LEFT, RIGHT, WINDOW = (10, 20), (50, 5), (38, 15)  # a pixel in each part of a photo
RED, BLUE = [204, 0, 0], [0, 0, 204]


def draw_photos(folder: Path, names: Sequence[str] = NAMES) -> None:
    """Write photos: a dark left half, a bright right one, and two equal windows in it."""
    for number, name in enumerate(names):
        photo = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        photo[:, : WIDTH // 2] = (40, 60, 80 + number)
        photo[:, WIDTH // 2 :] = (200, 190, 180)
        for left, top in ((33, 10), (45, 22)):
            photo[top : top + 12, left : left + 10] = (20, 120, 220)
            photo[top + 4 : top + 8, left + 3 : left + 7] = (250, 250, 30)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo).save(folder / name, format="PNG")


@contextmanager
def painting_session(folder: Path, **given: Any) -> Iterator[PaintingTools]:
    """Open a session on ``folder/photos`` that saves to ``folder/masks``; jobs run in this process.

    Two canvases are in memory at most, so that most tests see photos come back from their journals.
    """
    usual: dict[str, Any] = {"image_dir": folder / "photos", "export_dir": folder / "masks", "num_workers": 0}
    settings, names = settle(PaintingSettings(**usual | given))
    assert settings.export_dir is not None
    with work_lock(settings.export_dir):
        tools = start_painting(settings, names)
        tools.desk.settings = replace(tools.desk.settings, max_open_bytes=0)
        try:
            yield tools
        finally:
            tools.desk.jobs.end()


def make_ready(tools: PaintingTools, photo: int = 0) -> None:
    """Open a photo, its labels waited for."""
    job = tools.desk.begin(photo)
    if job is not None:
        ended = tools.desk.jobs.find(job.number, 60)
        assert ended.state == "done", ended.error
        assert tools.desk.begin(photo) is None


def fill(point: tuple[int, int]) -> Action:
    """Give the action that fills at a point."""
    return {"action": "fill", "at": list(point)}


def act(tools: PaintingTools, *actions: Action, photo: int = 0) -> None:
    """Do actions on a photo that is open."""
    tools.desk.do(photo, tools.desk.opened(photo).revision, actions)


def standing(tools: PaintingTools, photo: int = 0) -> tuple[Any, ...]:
    """Give everything that a reload has to bring back."""
    canvas = tools.desk.opened(photo).canvas
    sizes = [(step.label, step.num_bytes) for step in (*canvas.history.done, *canvas.history.undone)]
    return canvas.checksum(), canvas.colour, canvas.cut_from, len(canvas.history.done), sizes


def journal_path(folder: Path, name: str = NAMES[0]) -> Path:
    """Give the journal of a photo that was begun."""
    paths = list((folder / "masks" / ".painting" / "photos").glob("*/actions.jsonl"))
    return next(path for path in paths if json.loads(path.read_text().splitlines()[0])["photo"] == name)
