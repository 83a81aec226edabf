"""The painting page inside the review: made when it is first asked for, over the same photos."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from flask import Flask

from storage.errors import UsageError
from storage.lock import work_lock
from storage.machine import give_back_large_blocks
from web.guard import Guard
from web.review.review import Review

if TYPE_CHECKING:
    from web.segmentation.painting import Painting

BASE = "/paint/"


class ReviewPainting:
    """One painting session of a review; its photos have the numbers that they have there.

    OpenCV and the stages are imported, workers started and the folder of masks locked when it is first asked for.
    """

    def __init__(self, review: Review, guard: Guard) -> None:
        self._review, self._guard = review, guard
        self._loading = threading.Lock()
        self._held = ExitStack()
        self._app: Flask | None = None
        review.on_end.append(self.end)

    def app(self) -> Any:
        """Give the page's application, which answers what is below ``BASE``.

        Raises
        ------
        StageError
            When another program uses the folder of masks, or a file in it is damaged.
        """
        from web.segmentation.routes import make_painting_app

        with self._loading:
            if self._app is None:
                self._app = make_painting_app(self._begin(), self._guard)
            return self._app.wsgi_app

    def _begin(self) -> Painting:
        from stages.segmenting.painting_session import default_export_dir, start_painting
        from stages.settings.painting_page import PaintingSettings
        from web.segmentation.painting import Painting

        give_back_large_blocks()
        folders, state = self._review.folders, self._review.state
        export_dir = default_export_dir(folders.image_dir)
        settings = PaintingSettings(
            image_dir=folders.image_dir, export_dir=export_dir, follow_links=folders.follow_links
        )
        names = state.names[: state.num_photos]
        with ExitStack() as stack:
            stack.enter_context(work_lock(export_dir))
            tools = start_painting(settings, names, names)
            stack.callback(tools.desk.jobs.end)
            self._held = stack.pop_all()
        return Painting(tools, folders.image_dir.resolve().parent.name, BASE, self.photos)

    def photos(self, number: int) -> Sequence[int]:
        """Give the photos that a building has now; UsageError when there is none."""
        with self._review.session.lock:
            if number not in self._review.state.members:
                raise UsageError(f"there is no building {number} now")
            return sorted(self._review.state.members[number])

    def end(self) -> None:
        """End the session."""
        with self._loading:
            self._held.close()
            self._app = None
