"""Label images of photos: made by jobs, kept in a cache on the disk, given by the names of their files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segmentation import AUTOMATIC, method_parameters
from segmentation.method_parameters import SamParameters
from stages.segmenting.jobs import Job, JobQueue, Rank, Task
from stages.segmenting.label_jobs import Segmentation, labels_file, make_labels
from stages.segmenting.photo_shelf import PhotoShelf
from storage.errors import StageError, UsageError
from storage.formats.label_images import LabelImage, encode_label_image, read_label_image
from storage.paint_folder import PaintFolder

NOT_FROM_A_PAGE = ("checkpoint", "model_type", "device")  # files and devices are named on the command line alone


class LabelShelf:
    """Label images of photos.

    Parameters
    ----------
    shelf : PhotoShelf
        The photos.
    folder : PaintFolder
        Where label images are kept.
    jobs : JobQueue
        What makes them.
    sam : SamParameters
        The network of Segment Anything.
    """

    def __init__(self, shelf: PhotoShelf, folder: PaintFolder, jobs: JobQueue, sam: SamParameters) -> None:
        self.shelf, self.folder, self.jobs, self._sam = shelf, folder, jobs, sam
        self._counts: dict[str, int] = {}

    def segmentation(self, method: str, given: Mapping[str, Any]) -> Segmentation:
        """Give a method with parameters that a page named.

        Raises
        ------
        UsageError
            When one is not known, out of range, or names a file or device.
        """
        if refused := sorted(set(given) & set(NOT_FROM_A_PAGE)):
            raise UsageError(f"--{refused[0]} is given on the command line, not here")
        own = self._sam.as_json() if method == "sam" else {}
        kept = {name: value for name, value in own.items() if name in NOT_FROM_A_PAGE}
        return Segmentation(method, method_parameters(method, kept | dict(given)))

    def key(self, photo: int, how: Segmentation) -> str:
        """Give what tells the label image of a photo by a method from all others."""
        return f"{photo} {labels_file(self.shelf.path(photo), how)}"

    def segment(self, photo: int, how: Segmentation, rank: Rank = Rank.ASKED) -> Job:
        """Give the job that makes a label image of a photo; it is done at once where that stands already."""
        name, path = self.shelf.name(photo), self.shelf.path(photo)
        file = labels_file(path, how)
        target = self.folder.cached(name, file)

        def finish(count: int) -> dict[str, Any]:
            self.folder.trim({target})
            self._counts[file] = count
            return labels_result(file, count)

        args = path, how, target, self.shelf.max_megapixels
        task = Task("labels", photo, f"{how.method} of {name}", self.key(photo, how), make_labels, args, finish)
        if self.stands(photo, file):
            return self.jobs.add_done(task, labels_result(file, self._count(name, file)))
        return self.jobs.submit(task, rank)

    def put(self, photo: int, image: LabelImage) -> dict[str, Any]:
        """Keep a label image that was made here, so that an action can take it; give what a page is told of it."""
        file = self.folder.put_labels(self.shelf.name(photo), encode_label_image(image))
        self._counts[file] = int(image.labels.max())
        return labels_result(file, self._counts[file])

    def read(self, photo: int, file: str) -> LabelImage:
        """Give a label image of a photo by its file; StageError when it is gone."""
        return read_label_image(self.folder.find(self.shelf.name(photo), file))

    def _count(self, name: str, file: str) -> int:
        if file not in self._counts:
            self._counts[file] = int(read_label_image(self.folder.find(name, file)).labels.max())
        return self._counts[file]

    def stands(self, photo: int, file: str) -> bool:
        """Say whether a label image of a photo is there."""
        try:
            self.folder.find(self.shelf.name(photo), file)
        except StageError:
            return False
        return True

    def sheet(self, photo: int, given: Mapping[str, Mapping[str, Any]]) -> dict[str, Job]:
        """Give a job for each automatic method, with parameters by method."""
        if unknown := sorted(set(given) - set(AUTOMATIC)):
            raise UsageError(f"{unknown[0]!r:.40} is not one of {', '.join(AUTOMATIC)}")
        chosen = {method: self.segmentation(method, given.get(method, {})) for method in AUTOMATIC}
        return {method: self.segment(photo, how, Rank.SHEET) for method, how in chosen.items()}

    def cancel_sheet(self, photo: int) -> None:
        """End what is left of a photo's sheet."""
        self.jobs.cancel([job.number for job in self.jobs.jobs() if job.rank == Rank.SHEET and job.task.photo == photo])


def labels_result(file: str, count: int) -> dict[str, Any]:
    """Give what a page is told of a label image: its file, how many segments it has, and the action that takes it."""
    return {"file": file, "count": count, "action": {"action": "labels", "file": file}}
