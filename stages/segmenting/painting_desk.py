"""The painting of a collection without HTTP: photos that are open, their labels, what is made ahead, masks saved."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from segmentation.method_parameters import SamParameters
from segmentation.painting.layers import Layer
from segmentation.painting.replies import Reply
from stages.segmenting.jobs import Job, JobQueue, Rank
from stages.segmenting.label_jobs import Segmentation, labels_file
from stages.segmenting.label_shelf import LabelShelf
from stages.segmenting.layer_store import LayerStore
from stages.segmenting.painted_photo import PaintedPhoto, PaintSnapshot
from stages.segmenting.photo_shelf import PhotoShelf
from stages.settings.painting_page import PRECOMPUTE
from storage.errors import DamagedFileError, PhotoError, StageError
from storage.formats.masks import check_names
from storage.formats.paint_classes import PaintClass, check_classes, class_table, read_classes, write_classes
from storage.formats.paint_journal import PAINT_JOURNAL_NAME, PaintJournal, PaintLog
from storage.mask_folder import MaskFolder, SavedMasks
from storage.paint_folder import MAX_CACHE_BYTES, PaintFolder

MAX_OPEN_BYTES = 256 << 20  # of canvases in memory: 96 MB each at 12 megapixels, and their histories
LEAST_OPEN = 2  # however large: the photo that is open and the one before
BYTES_PER_PIXEL = 8  # of both planes
CLASSES_NAME = "classes.json"


@dataclass(frozen=True)
class Summary:
    """What is known of a photo without a canvas; ``painted`` of None is not known."""

    is_begun: bool = False
    is_saved: bool = True
    painted: int | None = 0
    problem: str = ""


@dataclass(frozen=True)
class DeskSettings:
    """What a desk is told: how photos that were not begun are segmented, the network of ``sam``, and bounds.

    Bounds are bytes of canvases in memory, bytes of label images on the disk, photos made ahead on each side.
    """

    how: Segmentation
    sam: SamParameters = field(default_factory=SamParameters)
    max_open_bytes: int = MAX_OPEN_BYTES
    max_cache_bytes: int = MAX_CACHE_BYTES
    precompute: int = PRECOMPUTE


class PaintingDesk:
    """All that one painting session is made of; used under the lock of the mask folder.

    Parameters
    ----------
    shelf : PhotoShelf
        The photos.
    masks : MaskFolder
        Where masks are saved.
    jobs : JobQueue
        What segments.
    settings : DeskSettings
        Methods and bounds.

    Attributes
    ----------
    how : Segmentation
        What photos that were not begun are segmented by.
    labels : LabelShelf
        Label images of the photos.
    lock : RLock
        Held by everything that touches canvases and journals. Never for what takes seconds at 12 megapixels.
    saving : Lock
        Held while masks are written. Who needs both takes it before ``lock``.
    others : sequence of str
        All photos of the collection, also those not shown, whose masks must get other names.
    """

    def __init__(self, shelf: PhotoShelf, masks: MaskFolder, jobs: JobQueue, settings: DeskSettings) -> None:
        self.shelf, self.masks, self.jobs, self.settings = shelf, masks, jobs, settings
        self.how = settings.how
        self.lock, self.saving = threading.RLock(), threading.Lock()
        self.folder = PaintFolder(masks.folder, settings.max_cache_bytes)
        self.labels = LabelShelf(shelf, self.folder, jobs, settings.sam)
        self.layers = LayerStore()
        self.others: Sequence[str] = shelf.names
        self._open: OrderedDict[int, PaintedPhoto] = OrderedDict()
        self._logs: dict[int, PaintLog | str] = {}
        self._begun = self.folder.begun(shelf.names)
        self._first: dict[int, str] = {}  # label images that photos not begun were opened with
        self._ahead: list[int] = []
        self._classes_path = self.folder.folder / CLASSES_NAME
        self.classes = read_classes(self._classes_path) if self._classes_path.is_file() else tuple(masks.index.classes)

    # -- made ahead ---------------------------------------------------------------------------------------------------

    def prefetch(self, photos: Sequence[int]) -> None:
        """Make labels of these photos in the background, in this order; what was asked for so before ends."""
        wanted = list(dict.fromkeys(photos))[: 2 * self.settings.precompute]
        keys = [self.labels.key(photo, self.how) for photo in wanted if not self.has_labels(photo)]
        self.jobs.cancel([job.number for job in self._jobs_ahead() if job.task.key not in keys])
        self._ahead = wanted
        for photo in wanted:
            if not self.has_labels(photo):
                self.labels.segment(photo, self.how, Rank.AHEAD)

    def _jobs_ahead(self) -> list[Job]:
        return [job for job in self.jobs.jobs() if job.rank == Rank.AHEAD and not job.is_ended]

    def ahead(self) -> dict[str, Any]:
        """Tell how far what is made ahead has come."""
        num_busy = len(self._jobs_ahead())
        return {"wanted": len(self._ahead), "done": len(self._ahead) - num_busy, "running": num_busy > 0}

    def has_labels(self, photo: int) -> bool:
        """Say whether a photo can be opened at once."""
        name = self.shelf.name(photo)
        try:
            return name in self._begun or self.labels.stands(photo, labels_file(self.shelf.path(photo), self.how))
        except (PhotoError, StageError):  # it is told when the photo itself is asked for
            return True

    # -- photos that are open -----------------------------------------------------------------------------------------

    def begin(self, photo: int, how: Segmentation | None = None) -> Job | None:
        """Make a photo ready for painting; give the job that makes its labels, or None when it is open now.

        Raises
        ------
        StageError
            When its journal or a mask is damaged.
        PhotoError
            When it cannot be read.
        """
        with self.lock:
            if self.shelf.name(photo) in self._begun:
                self.opened(photo)
                return None
            wanted = how or self.how
            file = labels_file(self.shelf.path(photo), wanted)
            if not self.labels.stands(photo, file):
                return self.labels.segment(photo, wanted)
            if self._first.get(photo) != file:
                self._open.pop(photo, None)
            self._first[photo] = file
            self.opened(photo)
            return None

    def opened(self, photo: int) -> PaintedPhoto:
        """Give a photo that was begun or opened; call under ``lock``. StageError when its labels are not there yet."""
        if photo not in self._open:
            name = self.shelf.name(photo)
            if name not in self._begun and photo not in self._first:
                raise StageError("this photo is not open: open it first")
            self._put(photo, self._first.get(photo, ""))
        self._open.move_to_end(photo)
        return self._open[photo]

    @property
    def open_bytes(self) -> int:
        """Memory of the canvases that are open, and of their histories."""
        canvases = [painted.canvas for painted in self._open.values()]
        return sum(canvas.paint.size * BYTES_PER_PIXEL + canvas.history.num_bytes for canvas in canvases)

    def is_open(self, photo: int) -> bool:
        """Say whether a canvas of the photo is in memory."""
        return photo in self._open

    def _put(self, photo: int, file: str) -> None:
        name, (width, height) = self.shelf.name(photo), self.shelf.size(photo)
        more = width * height * BYTES_PER_PIXEL
        while len(self._open) >= LEAST_OPEN and self.open_bytes + more > self.settings.max_open_bytes:
            self._open.popitem(last=False)
        painted = PaintedPhoto(
            name,
            (width, height),
            self.folder,
            file,
            lambda file: self.layers.get(photo, file),
            sha256=self.shelf.sha256(photo),
        )
        if not painted.revision:
            layer = painted.masks_layer(self.masks, self.others)
            if layer.box is not None:
                painted.take_up(layer)
        self._open[photo] = painted
        self._know(photo, painted)

    def _know(self, photo: int, painted: PaintedPhoto) -> None:
        self._logs[photo] = painted.journal.log
        if painted.revision:
            self._begun.add(painted.name)

    def summary(self, photo: int) -> Summary:
        """Tell of a photo what its journal says; the journal of one that was never opened is read once."""
        name = self.shelf.name(photo)
        if name not in self._begun:
            return Summary()
        if photo not in self._logs:
            try:
                self._logs[photo] = PaintJournal(self.folder.photo_dir(name) / PAINT_JOURNAL_NAME).log
            except DamagedFileError as error:
                self._logs[photo] = str(error)
        log = self._logs[photo]
        if isinstance(log, str):
            return Summary(True, False, None, log)
        return Summary(True, log.is_saved, log.painted)

    def do(self, photo: int, revision: int, actions: Sequence[Any]) -> list[Reply]:
        """Do actions on a photo; see :meth:`PaintedPhoto.do`."""
        with self.lock:
            painted = self.opened(photo)
            try:
                replies = painted.do(revision, actions)
            finally:
                if painted.is_ahead:  # of the journal, from which it is made anew
                    self._open.pop(photo, None)
            self._know(photo, painted)
            return replies

    # -- masks --------------------------------------------------------------------------------------------------------

    def masks_layer(self, photo: int) -> Layer:
        """Give the masks of a photo that stand on the disk; do not call under ``lock``."""
        with self.saving, self.lock:
            return self.opened(photo).masks_layer(self.masks, self.others)

    def save(self, photo: int, names: str | None = None) -> tuple[SavedMasks, PaintSnapshot]:
        """Save the masks of a photo as it is now; give what was written, and what it was written of.

        ``names`` of None leaves the form of names as it is. Do not call under ``lock``: it is held for the copy of the
        canvas and for the line in the journal alone, so that painting goes on while masks are compressed and written.
        """
        with self.saving:
            if names is not None:
                check_names(names)
                self.masks.names = names
            with self.lock:
                snapshot, classes = self.opened(photo).snapshot(), self.classes
            saved = snapshot.save(self.masks, classes, self.others)
            if snapshot.revision:
                with self.lock:
                    self.opened(photo).add_saved(snapshot)
            return saved, snapshot

    def set_classes(self, rows: Any) -> tuple[PaintClass, ...]:
        """Take another class table, from JSON, and keep it; UsageError when it is not understood."""
        return self.keep_classes(class_table(rows))

    def keep_classes(self, classes: Sequence[PaintClass]) -> tuple[PaintClass, ...]:
        """Take another class table and keep it."""
        with self.lock:
            table = check_classes(classes)
            write_classes(self._classes_path, table)
            self.classes = table
            return table
