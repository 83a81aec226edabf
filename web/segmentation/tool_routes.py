"""The addresses of GrabCut, Segment Anything, templates and layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from flask import Response

from segmentation.painting.layers import Layer
from storage.encoding import encode_picture
from storage.errors import UsageError
from web.guard import Guard
from web.segmentation import binary, cards, requests
from web.segmentation.painting import Painting
from web.server import answer, body

MOST_NUMBER = 10**9
MOST_VALUE = 0.3  # of a template's hits, where a page names none
MAX_NAME = 80


class ToolRoutes:
    """Answers what the tools of the page ask."""

    def __init__(self, painting: Painting, guard: Guard) -> None:
        self._painting, self._guard = painting, guard

    def get(self) -> dict[str, Callable[..., Any]]:
        """Give what answers each address that is read."""
        return {
            "photos/<number:photo>/layers/<string:file>": self.layer,
            "templates": lambda: answer({"templates": cards.template_cards(self._painting)}),
            "templates/<number:number>/pictures/<number:place>": self.template_picture,
        }

    def post(self) -> dict[str, Callable[..., Any]]:
        """Give what answers each address that changes something."""
        return {
            "templates": self.add_templates,
            "photos/<number:photo>/masks": self.masks,
            "photos/<number:photo>/grabcut": self.grabcut,
            "photos/<number:photo>/grabcut/labels": self.grabcut_labels,
            "photos/<number:photo>/sam": self.sam,
            "photos/<number:photo>/templates": self.find_templates,
            "photos/<number:photo>/templates/layer": self.templates_layer,
        }

    def _told(self, photo: int, layer: Layer) -> dict[str, Any]:
        """Keep a layer until it is taken; call under the desk's lock."""
        return cards.layer_card(self._painting.desk.layers.add(photo, layer), layer)

    def layer(self, photo: int, file: str) -> Response:
        """Answer the runs of a layer."""
        found = self._painting.desk.layers.find(photo, file)
        return binary.binary_answer(found.runs.reshape(-1), self._guard.is_public)

    def masks(self, photo: int) -> Response:
        """Answer the masks that stand on the disk as a layer."""
        desk = self._painting.desk
        body()
        layer = desk.masks_layer(photo)
        with desk.lock:
            return answer(self._told(photo, layer))

    def grabcut(self, photo: int) -> Response:
        """Add strokes and rectangles, do a round where it is asked for, and answer the foreground."""
        tools, given = self._painting.tools, body()
        colour, rounds = requests.colour(given), requests.whole(given, "rounds", 0, 10, 0)
        strokes, rectangles = requests.strokes(given), requests.rectangles(given)
        with tools.desk.lock:
            tools.grabcut_state(photo, given.get("begin") is True)
            tools.add_to_grabcut(photo, strokes, rectangles, rounds)
            state = tools.grabcut_state(photo)
            told = self._told(photo, tools.grabcut(photo, colour))
        return answer(told | {"rounds": state.num_rounds, "scale": state.scale})

    def grabcut_labels(self, photo: int) -> Response:
        """Make segments of what GrabCut found."""
        tools = self._painting.tools
        with tools.desk.lock:
            body()
            return answer(tools.grabcut_labels(photo))

    def sam(self, photo: int) -> Response:
        """Answer what points and boxes find."""
        tools, given = self._painting.tools, body()
        prompts, wanted = requests.prompts(given), requests.text(given, "as", "paint")
        if wanted not in ("paint", "labels"):
            raise UsageError(f"as is {wanted!r:.40}, but must be paint or labels")
        with tools.desk.lock:
            if wanted == "labels":
                return answer(tools.sam_labels(photo, prompts))
            return answer(self._told(photo, tools.sam_layer(photo, prompts, requests.colour(given))))

    def add_templates(self) -> Response:
        """Keep a set of templates: files, or a part of a painted photo."""
        tools, given = self._painting.tools, body()
        with tools.desk.lock:
            if "photo" in given:
                photo = requests.whole(given, "photo", 0, len(tools.desk.shelf.names) - 1)
                left, top, width, height = map(int, requests.numbers(given.get("box"), 4, "the box"))
                number = tools.cut_template(photo, (left, top, width, height))
            else:
                name = requests.text(given, "name")[:MAX_NAME]
                kinds = ("templates", "attentions", "segments", "masks")
                pictures = {kind: requests.files(given, kind) for kind in kinds if kind in given}
                number = tools.sets.add(name, "upload", pictures)
            return answer(cards.template_card(number, tools.sets.find(number)))

    def template_picture(self, number: int, place: int) -> Response:
        """Answer the picture of a template."""
        templates = self._painting.tools.sets.find(number).read()
        if place >= len(templates):
            raise UsageError("there is no such template")
        content = encode_picture(np.ascontiguousarray(templates[place].picture), "png")
        return Response(content, mimetype="image/png", headers={"Cache-Control": "no-cache"})

    def find_templates(self, photo: int) -> Response:
        """Find a set of templates in a photo."""
        tools, given = self._painting.tools, body()
        number = requests.whole(given, "set", 0, MOST_NUMBER)
        most = requests.number(given, "most", 0, 1, MOST_VALUE)
        return answer(cards.job_card(tools.find_templates(photo, number, most)))

    def templates_layer(self, photo: int) -> Response:
        """Answer what would be painted at a threshold."""
        tools, given = self._painting.tools, body()
        job = requests.whole(given, "job", 1, MOST_NUMBER)
        threshold = requests.number(given, "threshold", 0, 1, 0)
        with tools.desk.lock:
            return answer(self._told(photo, tools.templates_layer(photo, job, threshold)))
