"""The addresses of the review: each checks what it is given, asks the review, and answers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request, send_file

from storage.errors import UsageError
from web.guard import Guard
from web.review import cards, lists
from web.review.asking import list_questions
from web.review.changes import ALONE
from web.review.collection import IMAGE_SIDES, THUMBNAIL_SIDES
from web.review.history import Done
from web.review.page import page
from web.review.review import Review
from web.server import answer, body, make_app, serve_folder

if TYPE_CHECKING:
    from web.review.pairs import PairViews
    from web.review.regroup import Regrouping

STATIC = Path(__file__).parent / "static"
MAX_LIMIT = 1000
MAX_STREAMS = 4
STREAM_S = 20.0
BEAT_S = 2.0
RETRY_MS = 2000
DAY_S = 86_400
THRESHOLDS = "thresholds"  # the action that writes clusters.json by itself


def make_review_app(review: Review, guard: Guard) -> Flask:
    """Make the application of a review."""
    app = make_app(guard, "review")
    serve_folder(app, "/review/static", STATIC)
    routes = _Routes(review, guard)
    for rule, view in routes.get().items():
        app.add_url_rule(rule, f"get {rule}", view, methods=["GET"])
    for rule, view in routes.post().items():
        app.add_url_rule(rule, f"post {rule}", view, methods=["POST"])
    return app


class _Routes:
    def __init__(self, review: Review, guard: Guard) -> None:
        self.review, self.guard = review, guard
        self.session = review.session
        self._loading = Lock()
        self._pairs: PairViews | None = None
        self._regrouping: Regrouping | None = None
        self._streams = BoundedSemaphore(MAX_STREAMS)

    # OpenCV, SciPy and the stages are imported when they are asked for: the first page does without

    def pairs(self) -> PairViews:
        """Give what shows pairs."""
        from web.review.pairs import PairViews

        with self._loading:
            self._pairs = self._pairs or PairViews(self.review)
            return self._pairs

    def regrouping(self) -> Regrouping:
        """Give the graph stage."""
        from web.review.regroup import Regrouping

        with self._loading:
            self._regrouping = self._regrouping or Regrouping(self.review)
            return self._regrouping

    def get(self) -> dict[str, Any]:
        """Give what answers each address that is read."""
        return {
            "/": lambda: page(self.review, self.guard.token),
            "/api/overview": self.overview,
            "/api/clusters": self.clusters,
            "/api/clusters/<number:number>": self.cluster,
            "/api/clusters/<number:number>/split": self.split,
            "/api/singletons": self.singletons,
            "/api/queue": self.queue,
            "/api/photos/<number:photo>": self.photo,
            "/api/photos/<number:photo>/thumbnail": lambda photo: self.picture(
                photo, THUMBNAIL_SIDES, THUMBNAIL_SIDES[1]
            ),
            "/api/photos/<number:photo>/image": lambda photo: self.picture(photo, IMAGE_SIDES, IMAGE_SIDES[1]),
            "/api/pairs/<number:one>/<number:two>": self.pair,
            "/api/map": self.map,
            "/api/events": self.events,
        }

    def post(self) -> dict[str, Any]:
        """Give what answers each address that changes something."""
        return {
            "/api/actions": lambda: self.done(self.session.do(self.review.bonds, body())),
            "/api/undo": self.undo,
            "/api/redo": self.redo,
            "/api/thresholds/preview": lambda: self.said(self.regrouping().preview(body())),
            "/api/thresholds/apply": lambda: self.done(self.regrouping().take(body())),
            "/api/apply": self.apply,
        }

    # -- reading ------------------------------------------------------------------------------------------------------

    def said(self, content: dict[str, Any]) -> Response:
        """Give an answer with the revision that it is about."""
        return answer({"revision": self.session.news.revision} | content)

    def overview(self) -> Response:
        """Answer how much there is, and what can be undone."""
        with self.session.lock:
            return self.said(cards.overview(self.review))

    def clusters(self) -> Response:
        """Answer a stretch of the grid."""
        given = request.args
        with self.session.lock:
            return self.said(
                lists.list_cards(
                    self.review,
                    given.get("sort", "size"),
                    given.get("order", "desc"),
                    given.get("q", ""),
                    given.get("filter", "all"),
                    *_stretch(200),
                )
            )

    def cluster(self, number: int) -> Response:
        """Answer everything about a cluster."""
        with self.session.lock:
            self.check_cluster(number)
            return self.said(cards.cluster_card(self.review, number))

    def split(self, number: int) -> Response:
        """Answer what a split would do."""
        with self.session.lock:
            self.check_cluster(number)
            chosen = request.args.get("photos")
            parted = None if chosen is None else {self.check_photo(text) for text in chosen.split(",")}
            return self.said(cards.split_preview(self.review, number, parted))

    def singletons(self) -> Response:
        """Answer a stretch of the photos that are alone."""
        with self.session.lock:
            return self.said(lists.list_singletons(self.review, request.args.get("q", ""), *_stretch(200)))

    def queue(self) -> Response:
        """Answer a stretch of the queue."""
        with self.session.lock:
            return self.said(list_questions(self.review, *_stretch(50)))

    def photo(self, photo: int) -> Response:
        """Answer everything about a photo."""
        self.check_photo(photo)
        with self.session.lock:
            return self.said(cards.whole_photo_card(self.review, photo))

    def pair(self, one: int, two: int) -> Response:
        """Answer what there is to see of two photos."""
        if self.check_photo(one) == self.check_photo(two):
            raise UsageError("a pair needs two photos")
        return self.said(self.pairs().view(one, two))

    def picture(self, photo: int, sides: tuple[int, ...], default: int) -> Response:
        """Answer an upright JPEG of a photo."""
        self.check_photo(photo)
        side = request.args.get("side", str(default))
        if side not in map(str, sides):
            raise UsageError(f"side is {side!r}, but must be one of {', '.join(map(str, sides))}")
        path = self.review.collection.picture(photo, int(side))
        return send_file(path, mimetype="image/jpeg", conditional=True, max_age=DAY_S)

    def map(self) -> Response:
        """Answer where photos are."""
        with self.session.lock:
            return self.said(cards.map_points(self.review))

    def events(self) -> Response:
        """Answer what changes, as it changes; a stream ends after some seconds and the browser asks again."""
        since = check_since(request.headers.get("Last-Event-ID") or request.args.get("since"))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Response(self._stream(since), mimetype="text/event-stream", headers=headers)

    def _stream(self, since: int) -> Iterator[str]:
        yield f"retry: {RETRY_MS}\n\n"
        may_wait = self._streams.acquire(blocking=False)
        try:
            end = time.monotonic() + (STREAM_S if may_wait else 0.0)
            while True:
                left = max(end - time.monotonic(), 0.0)
                revision, numbers = self.session.news.wait(since, min(left, BEAT_S))
                if revision > since:
                    content = json.dumps({"revision": revision, "clusters": list(map(str, numbers))})
                    yield f"id: {revision}\ndata: {content}\n\n"
                    since = revision
                elif left > 0:
                    yield ":\n\n"  # a window that was closed is noticed when something is sent to it
                if left <= 0:
                    return
        finally:
            if may_wait:
                self._streams.release()

    # -- changing -----------------------------------------------------------------------------------------------------

    def done(self, done: Done) -> Response:
        """Answer what an action did."""
        content = {"revision": done.revision, "label": done.label}
        return answer(content | {"clusters": list(map(str, done.clusters)), "removed": list(map(str, done.removed))})

    def undo(self) -> Response:
        """Take the last action back; answer what that did."""
        is_written = self.session.last_kind[0] == THRESHOLDS
        return self.done((self.regrouping() if is_written else self.session).undo())

    def redo(self) -> Response:
        """Do again what was taken back last; answer what that did."""
        is_written = self.session.last_kind[1] == THRESHOLDS
        return self.done((self.regrouping() if is_written else self.session).redo())

    def apply(self) -> Response:
        """Write clusters.json; answer its counts."""
        counts = self.regrouping().apply()
        return self.said({"counts": counts})

    # -- checks -------------------------------------------------------------------------------------------------------

    def check_cluster(self, number: int) -> None:
        """Refuse a cluster that is not there."""
        if number not in self.review.state.members:
            raise UsageError(f"there is no building {number} now")

    def check_photo(self, photo: int | str) -> int:
        """Refuse a photo that is not there; give its number."""
        if isinstance(photo, str):
            photo = int(photo) if photo.isascii() and photo.isdigit() and len(photo) < 10 else ALONE
        if not 0 <= photo < self.review.state.num_photos:
            raise UsageError("there is no such photo")
        return photo


def _stretch(default: int) -> tuple[int, int]:
    """Give offset and limit of a list."""
    values = []
    for field, standard in (("offset", 0), ("limit", default)):
        text = request.args.get(field, str(standard))
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise UsageError(f"{field} is {text!r}, but must be a whole number")
        values.append(int(text))
    return values[0], min(values[1], MAX_LIMIT)


def check_since(value: str | None) -> int:
    """Give the revision that a page knows; 0 for none."""
    if value is None:
        return 0
    if not (value.isascii() and value.isdigit() and len(value) < 19):
        raise UsageError(f"since is {value!r}, but must be a revision")
    return int(value)
