"""The painting page in a browser over a real server, and what tests do on it: clicks by pixels of the photo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tests.web.local_server import Client

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE_MS = 30_000
READY = "#stage[aria-busy=false]"
# Where a pixel of the photo is in the window, in pixels of CSS.
PLACE = """([x, y]) => {
  const layer = document.querySelector(".layer.marks");
  const box = layer.getBoundingClientRect();
  const ratio = box.width / layer.width;
  const { scale, left, top } = window.paintingPage.stage.viewport;
  return [box.left + (left + (x + 0.5) * scale) * ratio, box.top + (top + (y + 0.5) * scale) * ratio];
}"""
CANVAS = """async () => {
  const { canvas } = window.paintingPage.session;
  const digest = await crypto.subtle.digest("SHA-256", new Int32Array([...canvas.labelsAndCuts, ...canvas.paint]));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}"""


class PaintedPage:
    """A page that is open.

    Parameters
    ----------
    page : Page
        Of the browser.
    client : Client
        Of the server.
    folder : Path
        Holds ``photos`` and ``masks``.
    """

    def __init__(self, page: Page, client: Client, folder: Path) -> None:
        self.page, self.client, self.folder = page, client, folder

    def open(self, query: str = "") -> None:
        """Open the page, and wait for the first photo."""
        self.page.goto(f"{self.client.guard.address}{query}")
        self.ready()

    def ready(self, name: str = "") -> None:
        """Wait until a photo is there to be painted, that of this name if one is given."""
        if name:
            self.page.locator(".photo-name", has_text=name).wait_for()
        self.page.wait_for_selector(READY)
        self.wait_until("stage.canvas !== null && session.canvas === stage.canvas")

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Give where a pixel of the photo is in the window."""
        left, top = self.page.evaluate(PLACE, [x, y])
        return left, top

    def click(self, x: float, y: float, **how: Any) -> None:
        """Click on a pixel of the photo."""
        modifier = how.pop("modifier", None)
        if modifier:
            self.page.keyboard.down(modifier)
        self.page.mouse.click(*self.place(x, y), **how)
        if modifier:
            self.page.keyboard.up(modifier)

    def drag(self, *points: tuple[float, float], button: Any = "left") -> None:
        """Press on the first of some pixels, move over the others, let go on the last."""
        self.page.mouse.move(*self.place(*points[0]))
        self.page.mouse.down(button=button)
        for point in points[1:]:
            self.page.mouse.move(*self.place(*point), steps=8)
        self.page.mouse.up(button=button)

    def paint(self, photo: int = 0) -> NDArray[np.int32]:
        """Give the paint (H, W) that the server has, once it has everything."""
        self.kept()
        state = self.client.get(f"/api/photos/{photo}").content
        planes = np.frombuffer(self.client.get(f"/api/photos/{photo}/planes").body, "<i4")
        return planes.reshape(2, state["height"], state["width"])[1]

    def kept(self) -> None:
        """Wait until the server has everything."""
        self.wait_until("session.canvas !== null && session.numPending === 0")

    def wait_until(self, condition: str) -> None:
        """Wait until something holds of the page's ``session`` and ``stage``; its policy forbids other ways to look."""
        self.page.evaluate(f"""() => new Promise((resolve, reject) => {{
          const end = Date.now() + {PATIENCE_MS};
          const look = () => {{
            const {{ session, stage }} = window.paintingPage;
            if ({condition}) resolve();
            else if (Date.now() > end) reject(new Error({condition!r}));
            else setTimeout(look, 20);
          }};
          look();
        }})""")

    def assert_same_canvas(self, photo: int = 0) -> None:
        """Compare the canvas of the page with that of the server."""
        self.kept()
        assert self.page.evaluate(CANVAS) == self.client.get(f"/api/photos/{photo}/checksum").content["canvas_sha256"]

    def said(self) -> str:
        """Give what was said last."""
        return self.page.locator("#status").inner_text()


def colour_at(paint: NDArray[np.int32], x: int, y: int) -> tuple[int, int, int] | None:
    """Give the colour of a pixel of a paint plane; None where there is none."""
    number = int(paint[y, x])
    return (number >> 16 & 255, number >> 8 & 255, number & 255) if number else None
