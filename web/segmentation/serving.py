"""Opening a painting session and serving its page until the program is ended."""

from __future__ import annotations

import logging
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass

from stages.segmenting.painting_session import settle, start_painting
from stages.settings.painting_page import PaintingSettings
from storage.errors import UsageError
from storage.formats.manifest import printable
from storage.lock import work_lock
from storage.machine import give_back_large_blocks
from web.guard import Guard
from web.segmentation.painting import Painting
from web.segmentation.routes import make_painting_app
from web.server import PageServer

logger = logging.getLogger(__name__)
MAX_PORT = 65_535


@dataclass(frozen=True)
class PageSettings:
    """Where the page is served, and whether a browser is opened."""

    host: str = "127.0.0.1"
    port: int = 0
    opens_browser: bool = False


def serve_painting(settings: PaintingSettings, place: PageSettings, on_ready: Callable[[str], None]) -> None:
    """Serve the painting page until the program is interrupted, or the page ends it.

    Parameters
    ----------
    settings : PaintingSettings
        What to paint.
    place : PageSettings
        Where to listen.
    on_ready : callable
        Gets the address once the server listens.

    Raises
    ------
    UsageError
        When a setting is wrong, or the address cannot be listened on.
    StageError
        When there is no photo, a file is damaged, or another program uses the folder of masks.
    """
    if not 0 <= place.port <= MAX_PORT:
        raise UsageError(f"--port is {place.port}, but must be 0 to {MAX_PORT}")
    give_back_large_blocks()
    settled, names = settle(settings)
    assert settled.image_dir is not None and settled.export_dir is not None
    title = printable(settled.image_dir.resolve().name)
    if settled.building is not None:
        title = f"{title}, building {settled.building}"
    with work_lock(settled.export_dir):
        painting = Painting(start_painting(settled, names), title)
        guard = Guard(place.host, place.port)
        server = PageServer(make_painting_app(painting, guard), guard)
        painting.on_quit = server.close
        if guard.is_public:
            logger.warning(
                "--host %s: whoever gets the address below can see these photos and change the masks; it is not "
                "encrypted",
                place.host,
            )
        on_ready(guard.address)
        if place.opens_browser:
            threading.Thread(target=webbrowser.open, args=(guard.address,), daemon=True).start()
        server.run(painting.end)
