"""The addresses of the painting page: each checks what it is given, asks the desk, and answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, send_file

from segmentation.preview import draw_segments
from stages.segmenting.painted_photo import RevisionError, reply_json
from storage.encoding import encode_picture
from storage.errors import UsageError
from storage.formats.manifest import printable
from storage.formats.paint_classes import BLACK, classes_json
from storage.plain_jpeg import read_plain_jpeg
from storage.thumbnails import thumbnail
from web.guard import Guard
from web.segmentation import binary, cards
from web.segmentation.page import page
from web.segmentation.painting import Painting
from web.segmentation.requests import mapping, rows, text, whole
from web.segmentation.tool_routes import ToolRoutes
from web.server import answer, body, make_app, serve_folder

STATIC = Path(__file__).parent / "static"
THUMBNAILS, THUMBNAIL_SIDE = "thumbnails", 256
PREVIEW_SIDES = ("256", "512", "1024")
WAIT_S = 5.0
DAY_S = 86_400
MOST_NUMBER = 10**9
Views = dict[str, Callable[..., Any]]


def make_painting_app(painting: Painting, guard: Guard) -> Flask:
    """Make the application of a painting page."""
    app = make_app(guard, "painting")
    serve_folder(app, "/segmentation/static", STATIC)
    routes, tools, base = _Routes(painting, guard), ToolRoutes(painting, guard), painting.base
    app.add_url_rule(base, "page", lambda: page(painting, guard.token), methods=["GET"])
    for method, views in (("GET", routes.get() | tools.get()), ("POST", routes.post() | tools.post())):
        for rule, view in views.items():
            app.add_url_rule(f"{base}api/{rule}", f"{method} {rule}", view, methods=[method])
    return app


class _Routes:
    def __init__(self, painting: Painting, guard: Guard) -> None:
        self.painting, self._guard = painting, guard

    def get(self) -> Views:
        """Give what answers each address that is read."""
        return {
            "overview": self.overview,
            "jobs": self.jobs,
            "jobs/<number:number>": self.job,
            "photos/<number:photo>": self.state,
            "photos/<number:photo>/image": self.image,
            "photos/<number:photo>/thumbnail": self.thumbnail,
            "photos/<number:photo>/planes": self.planes,
            "photos/<number:photo>/history": self.history,
            "photos/<number:photo>/checksum": self.checksum,
            "photos/<number:photo>/script": self.script,
            "photos/<number:photo>/labels/<string:file>": self.labels,
            "photos/<number:photo>/labels/<string:file>/preview": self.preview,
        }

    def post(self) -> Views:
        """Give what answers each address that changes something."""
        return {
            "settings": self.settings,
            "classes": self.classes,
            "prefetch": self.prefetch,
            "quit": self.quit,
            "jobs/<number:number>/cancel": self.cancel,
            "photos/<number:photo>/open": self.begin,
            "photos/<number:photo>/labels": self.segment,
            "photos/<number:photo>/sheet": self.sheet,
            "photos/<number:photo>/sheet/cancel": self.cancel_sheet,
            "photos/<number:photo>/actions": self.actions,
            "photos/<number:photo>/save": self.save,
        }

    # -- reading ------------------------------------------------------------------------------------------------------

    def overview(self) -> Response:
        """Answer all that the page needs to begin."""
        building, painting = request.args.get("building"), self.painting
        photos = painting.photos(building)
        with painting.desk.lock:
            return answer(cards.overview(painting, photos, building))

    def jobs(self) -> Response:
        """Answer what is under way."""
        desk = self.painting.desk
        return answer({"jobs": cards.job_cards(desk.jobs.jobs()), "prefetch": desk.ahead()})

    def job(self, number: int) -> Response:
        """Answer how a job stands, when it ends or after a while where that is asked for."""
        wait_s = WAIT_S if request.args.get("wait") else 0.0
        return answer(cards.job_card(self.painting.desk.jobs.find(number, wait_s)))

    def state(self, photo: int) -> Response:
        """Answer how a photo stands."""
        with self.painting.desk.lock:
            return answer(cards.state(self.painting, photo))

    def image(self, photo: int) -> Response:
        """Answer a photo at full size, upright: its own file where a browser shows that as it is meant."""
        shelf = self.painting.desk.shelf
        plain = read_plain_jpeg(shelf.path(photo), shelf.max_megapixels)
        is_upright = plain is not None and plain.orientation == 1
        content = plain.content if plain is not None and is_upright else encode_picture(shelf.pixels(photo), "jpg")
        return Response(content, mimetype="image/jpeg", headers={"Cache-Control": "no-cache"})

    def thumbnail(self, photo: int) -> Response:
        """Answer a small JPEG of a photo."""
        desk = self.painting.desk
        folder = desk.folder.folder / THUMBNAILS
        path = thumbnail(desk.shelf.path(photo), folder, THUMBNAIL_SIDE, desk.shelf.max_megapixels)
        return send_file(path.absolute(), mimetype="image/jpeg", conditional=True, max_age=DAY_S)

    def planes(self, photo: int) -> Response:
        """Answer labels and cuts, then paint."""
        with self.painting.desk.lock:
            painted = self.painting.desk.opened(photo)
            numbers, revision = binary.planes(painted.canvas), painted.revision
        return binary.binary_answer(numbers, self._guard.is_public, revision)

    def history(self, photo: int) -> Response:
        """Answer what can be undone and redone."""
        with self.painting.desk.lock:
            painted = self.painting.desk.opened(photo)
            numbers, revision = binary.history(painted.canvas.history), painted.revision
        return binary.binary_answer(numbers, self._guard.is_public, revision)

    def checksum(self, photo: int) -> Response:
        """Answer the sha256 of both planes."""
        with self.painting.desk.lock:
            painted = self.painting.desk.opened(photo)
            return answer({"revision": painted.revision, "canvas_sha256": painted.canvas.checksum()})

    def script(self, photo: int) -> Response:
        """Answer all actions as a paint script, to be kept."""
        with self.painting.desk.lock:
            response = answer(self.painting.desk.opened(photo).script())
        response.headers["Content-Disposition"] = 'attachment; filename="actions.json"'
        return response

    def labels(self, photo: int, file: str) -> Response:
        """Answer a label image."""
        numbers = self.painting.desk.labels.read(photo, file).labels.reshape(-1)
        return binary.binary_answer(numbers, self._guard.is_public)

    def preview(self, photo: int, file: str) -> Response:
        """Answer a picture of a label image over the photo."""
        side = request.args.get("side", PREVIEW_SIDES[-1])
        if side not in PREVIEW_SIDES:
            raise UsageError(f"side is {side!r:.40}, but must be one of {', '.join(PREVIEW_SIDES)}")
        desk = self.painting.desk
        drawn = draw_segments(desk.shelf.pixels(photo), desk.labels.read(photo, file).labels, int(side))
        return Response(encode_picture(drawn, "jpg"), mimetype="image/jpeg", headers={"Cache-Control": "no-cache"})

    # -- changing -----------------------------------------------------------------------------------------------------

    def settings(self) -> Response:
        """Take another method for photos that were not begun."""
        desk, given = self.painting.desk, body()
        desk.how = desk.labels.segmentation(text(given, "method"), mapping(given, "parameters"))
        return answer({"settings": cards.settings_card(self.painting)})

    def classes(self) -> Response:
        """Take another class table."""
        return answer({"classes": classes_json(self.painting.desk.set_classes(body().get("classes")))})

    def prefetch(self) -> Response:
        """Make labels of photos ahead."""
        desk, photos = self.painting.desk, rows(body(), "photos")
        for photo in photos:
            whole({"photos": photo}, "photos", 0, len(desk.shelf.names) - 1)
        desk.prefetch(photos)
        return answer({"prefetch": desk.ahead()})

    def quit(self) -> Response:
        """End the program."""
        if self.painting.on_quit is None:
            raise UsageError("this page is part of another one, which goes on")
        response = answer({})
        response.call_on_close(self.painting.on_quit)  # once it is sent
        return response

    def cancel(self, number: int) -> Response:
        """End a job."""
        jobs = self.painting.desk.jobs
        jobs.cancel([number])
        return answer(cards.job_card(jobs.find(number)))

    def begin(self, photo: int) -> Response:
        """Make a photo ready for painting."""
        painting, given = self.painting, body()
        desk = painting.desk
        asked = text(given, "method", "")
        how = desk.labels.segmentation(asked, mapping(given, "parameters")) if asked else None
        with desk.lock:
            job = desk.begin(photo, how)
            return answer(cards.state(painting, photo, job))

    def segment(self, photo: int) -> Response:
        """Make another label image of a photo."""
        desk, given = self.painting.desk, body()
        how = desk.labels.segmentation(text(given, "method"), mapping(given, "parameters"))
        return answer(cards.job_card(desk.labels.segment(photo, how)))

    def sheet(self, photo: int) -> Response:
        """Make label images by all automatic methods."""
        given = mapping(body(), "parameters")
        jobs = self.painting.desk.labels.sheet(photo, {method: mapping(given, method) for method in given})
        return answer({"jobs": {method: cards.job_card(job) for method, job in jobs.items()}})

    def cancel_sheet(self, photo: int) -> Response:
        """End what is left of a photo's sheet."""
        self.painting.desk.labels.cancel_sheet(photo)
        return answer({})

    def actions(self, photo: int) -> Response:
        """Do actions; the answer comes when they are on the disk."""
        painting, given = self.painting, body()
        desk = painting.desk
        revision, actions = whole(given, "revision", 0, MOST_NUMBER), rows(given, "actions")
        with desk.lock:
            try:
                replies = desk.do(photo, revision, actions)
            except RevisionError as error:
                return answer({"error": str(error), "revision": error.revision}, 409)
            told = {"revision": desk.opened(photo).revision, "replies": list(map(reply_json, replies))}
            return answer(told | cards.standing(painting, photo))

    def save(self, photo: int) -> Response:
        """Save the masks of a photo."""
        desk, given = self.painting.desk, body()
        saved, snapshot = desk.save(photo, text(given, "names") if "names" in given else None)
        told: dict[str, Any] = {
            key: [printable(path.relative_to(desk.masks.folder)) for path in paths]
            for key, paths in vars(saved).items()
        }
        black = int(snapshot.canvas.mask_of(BLACK).sum())
        notes = [f"{black:,} pixels are painted black and stand in no mask: choose another colour"] if black else []
        told |= {"revision": snapshot.revision, "canvas_sha256": snapshot.canvas.checksum(), "notes": notes}
        with desk.lock:
            return answer(told | {"is_saved": desk.opened(photo).is_saved})
