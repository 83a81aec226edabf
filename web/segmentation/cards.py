"""What the painting page is told, as JSON types."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from segmentation import METHODS, Method
from segmentation.painting.history import MAX_BYTES, MAX_STEPS
from segmentation.painting.layers import Layer
from segmentation.parameters import Parameter
from stages.segmenting.jobs import ENDED, Job
from stages.segmenting.label_shelf import NOT_FROM_A_PAGE
from stages.segmenting.template_sets import TemplateSet
from storage.errors import StageError
from storage.formats.manifest import printable
from storage.formats.paint_classes import classes_json
from web.segmentation.painting import Painting

SHOWN_ENDED = 20


def overview(painting: Painting, photos: Sequence[int], building: str | None) -> dict[str, Any]:
    """Tell all that the page needs to begin."""
    desk = painting.desk
    problem = painting.tools.sam_problem()
    return {
        "title": painting.title,
        "base": painting.base,
        "building": building,
        "can_quit": painting.on_quit is not None,
        "photos": [_photo(painting, photo) for photo in photos],
        "settings": settings_card(painting),
        "methods": [_method(name, method, problem) for name, method in METHODS.items()],
        "classes": classes_json(desk.classes),
        "masks": {"folder": printable(desk.masks.folder), "names": desk.masks.names},
        "sam": {"is_ready": not problem, "message": problem},
        "templates": template_cards(painting),
        "precompute": desk.settings.precompute,
        "limits": {"steps": MAX_STEPS, "bytes": MAX_BYTES},
    }


def settings_card(painting: Painting) -> dict[str, Any]:
    """Tell what photos that were not begun are segmented by."""
    return _shown(painting.desk.how.as_json())


def _shown(how: dict[str, Any]) -> dict[str, Any]:
    parameters = how.get("parameters") or {}
    return how | {"parameters": {name: value for name, value in parameters.items() if name not in NOT_FROM_A_PAGE}}


def _photo(painting: Painting, photo: int) -> dict[str, Any]:
    known = painting.desk.summary(photo)
    return {
        "number": photo,
        "name": printable(painting.desk.shelf.name(photo)),
        "is_begun": known.is_begun,
        "is_saved": known.is_saved,
        "painted": known.painted,
        "problem": known.problem or painting.desk.shelf.problem(photo),
    }


def _method(name: str, method: Method, sam_problem: str) -> dict[str, Any]:
    parameters = [each for each in method.parameters.described() if each.name not in NOT_FROM_A_PAGE]
    return {
        "name": name,
        "summary": method.summary,
        "is_automatic": method.is_automatic,
        "problem": sam_problem if name == "sam" else "",
        "parameters": [_parameter(each) for each in parameters],
    }


def _parameter(each: Parameter) -> dict[str, Any]:
    return {
        "name": each.name,
        "kind": each.kind.__name__,
        "default": each.default,
        "help": each.help,
        "least": each.least if math.isfinite(each.least) else None,
        "most": each.most if math.isfinite(each.most) else None,
        "is_odd": each.is_odd,
        "choices": list(each.choices),
        "allowed": each.allowed,
    }


def state(painting: Painting, photo: int, job: Job | None = None) -> dict[str, Any]:
    """Tell how a photo stands; call under the desk's lock."""
    desk = painting.desk
    width, height = desk.shelf.size(photo)
    card: dict[str, Any] = {
        "photo": photo,
        "name": printable(desk.shelf.name(photo)),
        "width": width,
        "height": height,
        "is_ready": False,
        "job": None if job is None else job_card(job),
    }
    if job is not None or not (desk.is_open(photo) or desk.summary(photo).is_begun):
        return card
    painted = desk.opened(photo)
    canvas, log = painted.canvas, painted.journal.log
    return card | {
        "is_ready": True,
        "revision": painted.revision,
        "colour": list(canvas.colour),
        "labels": _shown(painted.settings) | {"count": int(canvas.labels_and_cuts.max())},
        "has_masks": log.saved_check is not None,
        "note": painted.note,
        **standing(painting, photo),
    }


def standing(painting: Painting, photo: int) -> dict[str, Any]:
    """Tell what every action may change of a photo."""
    painted = painting.desk.opened(photo)
    history, cut_from = painted.canvas.history, painted.canvas.cut_from
    return {
        "check": list(painted.checks.both),
        "undo": len(history.done),
        "redo": len(history.undone),
        "cut_from": None if cut_from is None else list(cut_from),
        "painted": painted.checks.num_painted,
        "is_saved": painted.is_saved,
    }


def job_card(job: Job) -> dict[str, Any]:
    """Tell how a job stands."""
    return {
        "job": job.number,
        "kind": job.task.kind,
        "photo": job.task.photo,
        "state": job.state,
        "error": job.error,
        "seconds": round(job.seconds, 3),
        "title": printable(job.task.title),
        "result": job.result,
    }


def job_cards(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Tell of all jobs that wait or run, and of the newest that ended."""
    ended = [job for job in jobs if job.state in ENDED]
    shown = set(map(id, ended[-SHOWN_ENDED:]))
    return [job_card(job) for job in jobs if job.state not in ENDED or id(job) in shown]


def layer_card(file: str, layer: Layer) -> dict[str, Any]:
    """Tell of a layer, and the action that takes it."""
    box = None if layer.box is None else list(layer.box)
    action = None if box is None else {"action": "picture", "file": file, "at": box[:2]}
    return {"layer": file, "box": box, "pixels": layer.num_pixels, "runs": len(layer.runs), "action": action}


def template_cards(painting: Painting) -> list[dict[str, Any]]:
    """Tell of all sets of templates."""
    return [template_card(number, each) for number, each in enumerate(painting.tools.sets.sets)]


def template_card(number: int, found: TemplateSet) -> dict[str, Any]:
    """Tell of a set of templates; what is wrong with it, too."""
    count, problem = 0, ""
    try:
        count = len(found.read())
    except StageError as error:
        problem = str(error)
    return {"set": number, "name": found.name, "source": found.source, "count": count, "problem": problem}
