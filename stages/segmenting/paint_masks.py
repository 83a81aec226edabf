"""``tools.paint_masks``: recorded actions of painting, done again on a photo, and its masks written."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmentation.painting.canvas import Canvas
from segmentation.painting.replay import replay
from segmentation.painting.replies import FIRST_POINT, Reply, Stamp
from segmentation.painting.templates import Template, find_stamps, make_template
from stages.checks import check_apart, check_range, settings_as_json
from stages.settings.painting import PaintSettings
from storage.errors import PhotoError, StageError, UsageError
from storage.formats.masks import read_numbers_png
from storage.formats.paint_classes import BLACK
from storage.formats.paint_pictures import read_paint_picture
from storage.formats.paint_script import PaintScript, read_paint_script
from storage.listing import list_photos
from storage.lock import work_lock
from storage.mask_folder import MaskFolder, SavedMasks
from storage.photos import load_photo
from storage.report import RunReport

STAGE = "paint_masks"
MAX_SHOWN_NOTES = 20


def paint_masks(settings: PaintSettings) -> RunReport:
    """Replay a script of painting on a photo and write its masks.

    Parameters
    ----------
    settings : PaintSettings
        Which photo, labels and script, where to.

    Returns
    -------
    RunReport
        Counts: ``actions``, ``actions_without_effect``, ``painted_pixels``, ``masks``, ``files_written``,
        ``backups``; the setting ``canvas_sha256`` tells two programs apart that replay the same script.

    Raises
    ------
    UsageError
        When the script is wrong, sizes differ, or a folder lies in the other.
    StageError
        When a file is missing, damaged, or cannot be written.
    """
    started = time.monotonic()
    image_dir = settings.image_dir or settings.image.parent
    name = _image_name(settings.image, image_dir)
    check_range("--max_megapixels", settings.max_megapixels, 1e-6)
    check_apart(image_dir, settings.export_dir, "--image_dir", "--export_dir")
    script = read_paint_script(settings.script)
    photo = _photo(settings.image, settings.max_megapixels)
    report = RunReport(STAGE, settings=settings_as_json(settings))
    with work_lock(settings.export_dir):
        masks = MaskFolder(settings.export_dir, settings.names, settings.segmentation)
        others = list_photos(image_dir)
        canvas = _canvas(settings, photo, script)
        if settings.continue_masks:
            canvas.restore_paint(masks.read(name, canvas.paint.shape, others))
        replies = _replay(canvas, script, photo, settings)
        painted = [(colour, canvas.mask_of(colour)) for colour in canvas.colours()]
        saved = masks.save(name, painted, canvas.paint.shape, script.classes, others)
        _tell(report, script, replies, canvas, saved)
        report.outputs["masks"] = str(settings.export_dir)
        report.seconds = time.monotonic() - started
        if not report.is_current:
            report.write(settings.export_dir)
    return report


def _image_name(image: Path, image_dir: Path) -> str:
    try:
        return image.absolute().relative_to(image_dir.absolute()).as_posix()
    except ValueError:
        raise UsageError(f"--image {image} does not lie in --image_dir {image_dir}: give its folder") from None


def _photo(path: Path, max_megapixels: float = PaintSettings.max_megapixels) -> NDArray[np.uint8]:
    try:
        return load_photo(path, max_megapixels=max_megapixels)
    except PhotoError as error:
        raise StageError(f"photo {path} cannot be used: {error.reason}") from error


def _canvas(settings: PaintSettings, photo: NDArray[np.uint8], script: PaintScript) -> Canvas:
    labels = read_numbers_png(settings.labels, settings.max_megapixels)
    if labels.shape != photo.shape[:2]:
        raise UsageError(
            f"--labels {settings.labels} has {labels.shape[1]} x {labels.shape[0]} pixels, --image {settings.image} "
            f"{photo.shape[1]} x {photo.shape[0]}: give the labels of this photo"
        )
    try:
        return Canvas(labels, script.classes)
    except ValueError as error:
        raise StageError(f"--labels {settings.labels}: {error}") from error


def _replay(canvas: Canvas, script: PaintScript, photo: NDArray[np.uint8], settings: PaintSettings) -> list[Reply]:
    """Do the actions; paths in them are relative to the script's folder."""
    folder = settings.script.parent

    def stamps(action: Mapping[str, Any]) -> list[Stamp]:
        return find_stamps(photo, read_templates(folder, action), action.get("threshold"))[0]

    def labels(file: str) -> NDArray[np.int32]:
        return read_numbers_png(folder / file, settings.max_megapixels)

    def picture(file: str) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        return read_paint_picture(folder / file, settings.max_megapixels)

    try:
        return replay(canvas, script.actions, stamps, labels, picture)
    except ValueError as error:
        raise UsageError(f"{settings.script}: {error}") from error


def read_templates(folder: Path, places: Mapping[str, Any]) -> list[Template]:
    """Read the templates of up to four folders; the first files of all belong together, then the second ones.

    Parameters
    ----------
    folder : Path
        What the other paths are relative to.
    places : mapping
        ``templates`` and ``segments``; ``attentions`` and ``masks`` where they are not to be derived.

    Raises
    ------
    UsageError
        When the folders hold different numbers of pictures, or the sizes of four that belong together differ.
    """
    kinds = [kind for kind in ("templates", "attentions", "segments", "masks") if places.get(kind) is not None]
    files = {kind: [folder / places[kind] / name for name in list_photos(folder / places[kind])] for kind in kinds}
    if len({len(paths) for paths in files.values()}) > 1:
        said = ", ".join(f"{places[kind]} {len(paths)}" for kind, paths in files.items())
        raise UsageError(f"template folders hold different numbers of pictures ({said}); make them equal")
    templates = []
    for place, path in enumerate(files["templates"]):
        pictures = {kind: _photo(paths[place]) for kind, paths in files.items()}
        try:
            templates.append(
                make_template(
                    path.name,
                    pictures["templates"],
                    pictures["segments"],
                    pictures.get("attentions"),
                    pictures.get("masks"),
                )
            )
        except ValueError as error:
            raise UsageError(str(error)) from error
    return templates


def _tell(report: RunReport, script: PaintScript, replies: Sequence[Reply], canvas: Canvas, saved: SavedMasks) -> None:
    told = [(place, reply) for place, reply in enumerate(replies, 1) if reply.note not in ("", FIRST_POINT)]
    kinds = [action["action"] for action in script.actions]
    without_effect = [
        kind
        for kind, reply in zip(kinds, replies, strict=True)
        if reply.box is None and kind not in ("colour", "class")
    ]
    report.counts = {
        "actions": len(replies),
        "actions_without_effect": len(without_effect),
        "painted_pixels": int(canvas.is_painted.sum()),
        "masks": sum(colour != BLACK for colour in canvas.colours()),
        "files_written": len(saved.written),
        "backups": len(saved.backups),
    }
    report.settings["canvas_sha256"] = canvas.checksum()
    report.notes += [f"action {place} ({kinds[place - 1]}): {reply.note}" for place, reply in told[:MAX_SHOWN_NOTES]]
    if len(told) > MAX_SHOWN_NOTES:
        report.notes.append(f"{len(told) - MAX_SHOWN_NOTES} more actions have notes")
    if black := int(canvas.mask_of(BLACK).sum()):
        report.notes.append(f"{black:,} pixels are painted black and stand in no mask: choose another colour")
    report.is_current = not (saved.written or saved.removed)
