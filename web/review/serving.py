"""Opening a review and serving its page until the program is ended."""

from __future__ import annotations

import logging
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storage.errors import UsageError
from storage.lock import work_lock
from web.guard import Guard
from web.review.review import Folders, Review
from web.review.routes import make_review_app
from web.server import PageServer

logger = logging.getLogger(__name__)
LOCK_NAME = ".review.lock"
MAX_PORT = 65_535
FIRST_PAGE_S = 1.5  # the first page is there by then, and reading pairs would take the processor from it


@dataclass(frozen=True)
class ServeSettings:
    """Settings of ``tools.review_clusters``."""

    image_dir: Path
    outputs_dir: Path
    results_dir: Path
    host: str = "127.0.0.1"
    port: int = 0
    opens_browser: bool = False
    follow_links: bool = False


def serve_review(settings: ServeSettings, on_ready: Callable[[str], None]) -> None:
    """Serve a review until the program is interrupted.

    Parameters
    ----------
    settings : ServeSettings
        What to review, and where to listen.
    on_ready : callable
        Gets the address once the server listens.

    Raises
    ------
    UsageError
        When the address cannot be listened on.
    StageError
        When there are no clusters, a file is damaged, or another review of the same results runs.
    """
    if not 0 <= settings.port <= MAX_PORT:
        raise UsageError(f"--port is {settings.port}, but must be 0 to {MAX_PORT}")
    folders = Folders(settings.image_dir, settings.outputs_dir, settings.results_dir, settings.follow_links)
    with work_lock(settings.results_dir, LOCK_NAME):
        review = Review(folders)
        guard = Guard(settings.host, settings.port)
        server = PageServer(make_review_app(review, guard), guard)
        if guard.is_public:
            logger.warning(
                "--host %s: whoever gets the address below can see these photos and change the clusters; it is not "
                "encrypted",
                settings.host,
            )
        on_ready(guard.address)
        if settings.opens_browser:
            threading.Thread(target=webbrowser.open, args=(guard.address,), daemon=True).start()
        review.start(FIRST_PAGE_S)
        server.run(review.end)
