from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.segmenting.painting_tools import PaintingTools
from tests.drawn_painting_session import HEIGHT, WIDTH, draw_photos, painting_session
from tests.web.local_server import Client, Reply, served
from web.guard import Guard
from web.segmentation.painting import Painting
from web.segmentation.routes import make_painting_app


@dataclass
class Page:
    """What a painting page does, by requests alone."""

    client: Client
    folder: Path
    tools: PaintingTools

    def get(self, target: str, **headers: str) -> Reply:
        return self.client.get(f"/api/{target}", **headers)

    def post(self, target: str, **content: Any) -> Reply:
        return self.client.post(f"/api/{target}", content)

    def told(self, target: str, **content: Any) -> dict[str, Any]:
        """Post, and give what is answered; anything but 200 fails."""
        reply = self.post(target, **content)
        assert reply.status == 200, reply.body
        return dict(reply.content)

    def ended(self, job: dict[str, Any]) -> dict[str, Any]:
        """Wait until a job has ended."""
        while job["state"] in ("waiting", "running"):
            job = self.get(f"jobs/{job['job']}?wait=1").content
        return job

    def open(self, photo: int = 0, **how: Any) -> dict[str, Any]:
        """Open a photo, waiting for its labels; give how it stands."""
        state = self.told(f"photos/{photo}/open", **how)
        if state["job"] is not None:
            job = self.ended(state["job"])
            assert job["state"] == "done", job
            state = self.told(f"photos/{photo}/open", **how)
        assert state["is_ready"] and state["job"] is None
        return state

    def act(self, photo: int, *actions: dict[str, Any]) -> dict[str, Any]:
        """Do actions on a photo at its present revision."""
        revision = self.get(f"photos/{photo}").content["revision"]
        return self.told(f"photos/{photo}/actions", revision=revision, actions=list(actions))

    def planes(self, photo: int = 0) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Give labels and cuts, and paint."""
        reply = self.get(f"photos/{photo}/planes")
        assert reply.status == 200, reply.body
        labels, paint = np.frombuffer(reply.body, "<i4").reshape(2, HEIGHT, WIDTH)
        return labels, paint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with drawn photos."""
    draw_photos(tmp_path / "photos")
    return tmp_path


@pytest.fixture
def page(folder: Path) -> Iterator[Page]:
    """A painting page, served."""
    guard = Guard()
    with (
        painting_session(folder) as tools,
        served(make_painting_app(Painting(tools, "photos"), guard), guard) as client,
    ):
        yield Page(client, folder, tools)
