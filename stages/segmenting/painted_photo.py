"""One photo that is being painted: its canvas, and the journal that every action is on the disk in before it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmentation.painting.canvas import Canvas
from segmentation.painting.checks import CanvasChecks
from segmentation.painting.layers import Layer, layer_of_masks
from segmentation.painting.replay import replay
from segmentation.painting.replies import Reply
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.label_images import read_label_image
from storage.formats.paint_classes import Colour, PaintClass
from storage.formats.paint_journal import PAINT_JOURNAL_NAME, PaintJournal, PaintStart
from storage.formats.paint_pictures import encode_paint_picture, read_paint_picture
from storage.formats.paint_script import PaintScript, check_paint_script
from storage.mask_folder import MaskFolder, SavedMasks
from storage.paint_folder import PaintFolder, content_file

MAX_ACTIONS = 1000
REFUSED = {"class": "send colour instead", "templates": "send the picture that finding them gave"}

FindLayer = Callable[[str], Layer | None]


class RevisionError(StageError):
    """Someone else painted meanwhile; ``revision`` is how many actions there are now."""

    def __init__(self, revision: int) -> None:
        super().__init__("this photo was painted in another window meanwhile")
        self.revision = revision


@dataclass(frozen=True, eq=False)
class PaintSnapshot:
    """A photo's canvas as it stood after ``revision`` actions, with its check; nobody paints on it."""

    name: str
    revision: int
    check: tuple[int, int]
    canvas: Canvas

    def save(self, masks: MaskFolder, classes: Sequence[PaintClass], others: Iterable[str]) -> SavedMasks:
        """Save the masks; a photo that nothing was done to is left alone."""
        if not self.revision:
            return SavedMasks()
        shape = self.canvas.paint.shape
        painted: list[tuple[Colour, NDArray[np.bool_]]] = [
            (colour, self.canvas.mask_of(colour)) for colour in self.canvas.colours()
        ]
        return masks.save(self.name, painted, (shape[0], shape[1]), classes, others)


class PaintedPhoto:
    """A canvas, its journal and what both need.

    Parameters
    ----------
    name : str
        Image name.
    size : tuple of int
        Upright width and height of the photo.
    folder : PaintFolder
        Where journals are.
    labels : str
        File of its first label image; that of a journal counts instead.
    find_layer : callable
        Gives a layer that was not taken yet, by its file; None when it is forgotten.
    sha256 : str, optional
        Of the photo's file; kept in the journal, and compared with the one that was painted.

    Attributes
    ----------
    canvas : Canvas
        As it stands.
    checks : CanvasChecks
        Of the canvas.
    settings : dict
        What the label image says that was taken last: ``method``, ``parameters``.
    note : str
        What the user should know of it.
    is_ahead : bool
        Whether the canvas holds what the journal does not: it could not be written.

    Raises
    ------
    StageError
        When its journal, or what that needs, is missing, damaged, or of a photo of another size.
    """

    def __init__(
        self,
        name: str,
        size: tuple[int, int],
        folder: PaintFolder,
        labels: str,
        find_layer: FindLayer,
        *,
        sha256: str = "",
    ) -> None:
        self.name, self.size, self.note, self.is_ahead = name, size, "", False
        self._folder, self._find_layer = folder, find_layer
        self.settings: dict[str, Any] = {}
        self.journal = PaintJournal(folder.photo_dir(name) / PAINT_JOURNAL_NAME)
        start = self.journal.start or PaintStart(name, *size, labels, sha256)
        if (start.width, start.height) != size:
            raise StageError(
                f"{name} has {size[0]} x {size[1]} pixels, but was painted with {start.width} x {start.height}: move "
                f"{self.journal.path.parent} away to begin anew"
            )
        self.labels_file = start.labels
        self._start = start
        self.canvas = self._replayed(self._read_labels(start.labels))
        self.checks = CanvasChecks(self.canvas)
        self._last: tuple[int, list[dict[str, Any]], list[Reply]] | None = None
        if start.sha256 and sha256 not in ("", start.sha256):
            self.note = (
                "this photo is not the one that was painted: another file stands under its name, so look at the paint "
                f"(to begin anew, move {self.journal.path.parent} away)"
            )
        elif self.journal.log.check not in (None, self.checks.both):
            self.note = "what was painted before gives other pixels with this version of the program; look at it"

    def _replayed(self, labels: NDArray[np.int32]) -> Canvas:
        if labels.shape != self.size[::-1]:
            raise DamagedFileError(f"{self.labels_file} of {self.name} has another size than the photo: make it again")
        canvas = Canvas(labels)
        try:
            self._do(canvas, self.actions)
        except ValueError as error:
            raise DamagedFileError(f"damaged: {self.journal.path}: {error}; move its folder away") from error
        return canvas

    @property
    def actions(self) -> list[dict[str, Any]]:
        """All actions, in order."""
        return self.journal.log.actions

    @property
    def revision(self) -> int:
        """How many actions there were."""
        return len(self.actions)

    @property
    def is_saved(self) -> bool:
        """Whether the masks on the disk are those of the canvas."""
        return self.journal.log.is_saved

    def do(self, revision: int, actions: Sequence[Any]) -> list[Reply]:
        """Do actions and put them into the journal, all in one line; they are on the disk when this returns.

        What was done already (same revision, same actions) is not done again. ``is_ahead`` says after an error whether
        the canvas is to be thrown away.

        Raises
        ------
        RevisionError
            When others were done meanwhile.
        UsageError
            When an action is wrong; nothing is done then.
        StageError
            When a file that an action names is gone, or the journal cannot be written.
        """
        if len(actions) > MAX_ACTIONS:
            raise UsageError(f"{len(actions)} actions at once: at most {MAX_ACTIONS}")
        if self._last is not None and self._last[:2] == (revision, list(actions)):
            return self._last[2]
        if revision != self.revision:
            if self.actions[revision : revision + len(actions)] == list(actions) and actions:
                return []
            raise RevisionError(self.revision)
        checked = list(self._checked(actions))
        if not checked:
            return []
        for action in checked:
            self._keep(action)
        self.is_ahead = True
        try:
            replies = self._do(self.canvas, checked)
        except ValueError as error:
            raise StageError(str(error)) from error
        self._begin()
        self.journal.add_actions(checked, self.checks.num_painted, self.checks.both)
        self.is_ahead = False
        self._last = revision, checked, replies
        return replies

    def _checked(self, actions: Sequence[Any]) -> Iterable[dict[str, Any]]:
        for action in check_paint_script({"actions": list(actions)}).actions:
            if action["action"] in REFUSED:
                raise UsageError(f"{action['action']} is not taken here: {REFUSED[action['action']]}")
            yield action

    def _keep(self, action: dict[str, Any]) -> None:
        """Put the file that an action names beside the journal, and make sure that it fits the photo."""
        if action["action"] == "labels":
            self._folder.keep(self.name, action["file"])
            if self._read_labels(action["file"]).shape != self.canvas.paint.shape:
                raise UsageError("these labels are of a photo of another size")
        elif action["action"] == "picture":
            layer = self._find_layer(action["file"])
            content = None if layer is None else encode_paint_picture(*layer.picture())
            self._folder.keep(self.name, action["file"], content)
            (left, top), (height, width) = action["at"], self._read_picture(action["file"])[1].shape
            if not (0 <= left <= self.size[0] - width and 0 <= top <= self.size[1] - height):
                raise UsageError(f"the picture does not fit into the photo at {left}, {top}")

    def _do(self, canvas: Canvas, actions: Sequence[dict[str, Any]]) -> list[Reply]:
        return replay(canvas, actions, None, self._read_labels, self._read_picture)

    def _read_labels(self, file: str) -> NDArray[np.int32]:
        image = read_label_image(self._folder.find(self.name, file))
        self.settings = dict(image.settings)
        return image.labels

    def _read_picture(self, file: str) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        return read_paint_picture(self._folder.find(self.name, file))

    def _begin(self) -> None:
        if self.journal.start is None:
            self._folder.keep(self.name, self.labels_file)
            self.journal.begin(self._start)

    def masks_layer(self, masks: MaskFolder, others: Iterable[str]) -> Layer:
        """Give the masks that stand on the disk as a layer; DamagedFileError when one is of another photo."""
        shape = self.canvas.paint.shape
        return layer_of_masks(masks.read(self.name, (shape[0], shape[1]), others), (shape[0], shape[1]))

    def take_up(self, layer: Layer) -> None:
        """Go on with what an earlier session saved: it is the first action, and counts as saved."""
        file = layer_file(layer)
        self._folder.keep(self.name, file, encode_paint_picture(*layer.picture()))
        assert layer.box is not None
        self.do(0, [{"action": "picture", "file": file, "at": list(layer.box[:2])}])
        self.journal.add_saved(self.checks.both)
        self.note = "the masks of an earlier session were taken up; undo takes them away"

    def snapshot(self) -> PaintSnapshot:
        """Give what is saved: the canvas as it is now."""
        return PaintSnapshot(self.name, self.revision, self.checks.both, self.canvas.snapshot())

    def add_saved(self, snapshot: PaintSnapshot) -> None:
        """Note that the masks of a snapshot are on the disk; what was painted since then is not saved."""
        self.journal.add_saved(snapshot.check)

    def script(self) -> dict[str, Any]:
        """Give the paint script of all actions, which begins at ``labels``; files are those beside the journal."""
        script = PaintScript(tuple(self.actions))
        return {"format": "paint-script", "format_version": 1, "classes": [], "actions": list(script.actions)}


def layer_file(layer: Layer) -> str:
    """Give the file of a layer: the same for the same paint at the same place."""
    return content_file("picture", repr(layer.box).encode() + np.ascontiguousarray(layer.runs, "<i4").tobytes())


def reply_json(reply: Reply) -> dict[str, Any]:
    """Give a reply as JSON types."""
    told = asdict(reply)
    box = None if reply.box is None else list(reply.box)
    return {"painted": told["num_painted"], "labelled": told["num_labelled"], "box": box, "note": reply.note}
