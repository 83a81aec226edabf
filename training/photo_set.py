"""The photos of a training: which are taken, which must be left out so that a figure counts, and their pixels."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from storage.errors import PhotoError, StageError
from storage.fingerprints import sha256_of_file
from storage.formats.hdf5 import digest
from storage.formats.labels import read_labels
from storage.listing import list_photos
from storage.photos import load_photo
from storage.progress import progress_bar
from storage.report import SkippedPhoto
from training.teacher import Teacher

LONGEST_SIDE = 400  # pixels; crops are smaller, and a thousand photos fit into memory
SAME_PHOTO = 0.7  # cosine of centred answers; copies have 0.92 and more, the next pair 0.73 (benchmarks/README.md)
SAME_PICTURE = 0.95  # correlation of thumbnails, where there is no teacher; copies there have 1.00, the next pair 0.92
THUMBNAIL_SIDE = 16  # pixels


@dataclass(frozen=True)
class PhotoFile:
    """A photo of the training.

    Attributes
    ----------
    folder : Path
        The image folder that it was found in.
    name : str
        Image name.
    """

    folder: Path
    name: str

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.folder / self.name


@dataclass(frozen=True, eq=False)
class PhotoSet:
    """Decoded photos.

    Attributes
    ----------
    files : list of PhotoFile
        Sorted as given.
    photos : list of ndarray of uint8, shape (H, W, 3)
        RGB, at most 400 pixels long unless they were asked for otherwise.
    hashes : list of str
        SHA-256 of the files.
    skipped : list of SkippedPhoto
        Files that could not be decoded, with the reason.
    """

    files: list[PhotoFile]
    photos: list[NDArray[np.uint8]]
    hashes: list[str]
    skipped: list[SkippedPhoto]

    @property
    def digest(self) -> str:
        """What identifies the photos, in their order."""
        return digest(self.hashes)

    def as_csv(self) -> str:
        """Give a table of the photos with their SHA-256: the content of ``photos.csv``."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("folder", "path", "sha256"))
        writer.writerows((f.folder.name, f.name, sha) for f, sha in zip(self.files, self.hashes, strict=True))
        return text.getvalue()

    def without(self, is_out: Sequence[bool]) -> PhotoSet:
        """Give the set without the photos that ``is_out`` marks."""
        kept = [index for index, out in enumerate(is_out) if not out]
        files, hashes = [self.files[index] for index in kept], [self.hashes[index] for index in kept]
        return PhotoSet(files, [self.photos[index] for index in kept], hashes, self.skipped)


def find_photos(
    folders: Iterable[Path], groups: Path | None = None, banned: Iterable[str] = (), follow_links: bool = False
) -> list[PhotoFile]:
    """List the photos of some folders, without those whose group is banned.

    Parameters
    ----------
    folders : iterable of Path
        Image folders, walked at any depth.
    groups : Path, optional
        A CSV file with the columns path,building that says which group a photo belongs to; a path is an image name.
    banned : iterable of str
        Groups to leave out.
    follow_links : bool
        Whether symbolic links are followed.

    Raises
    ------
    StageError
        When nothing is left, or the groups cannot be read.
    """
    group_of = {} if groups is None else read_labels(groups)
    out = set(banned)
    found = [PhotoFile(folder, name) for folder in folders for name in list_photos(folder, follow_links)]
    kept = [photo for photo in found if group_of.get(photo.name) not in out]
    if not kept:
        raise StageError(f"none of {len(found)} photos is left to learn from; give other --images")
    return kept


def load_photos(
    files: Sequence[PhotoFile],
    longest_side: int = LONGEST_SIDE,
    as_kept: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None = None,
) -> PhotoSet:
    """Decode photos; one that cannot be used is named and skipped.

    Parameters
    ----------
    files : sequence of PhotoFile
        Which.
    longest_side : int
        In pixels, at which they are decoded.
    as_kept : callable, optional
        Turns a decoded photo (H, W, 3) into what is kept of it; by default the photo.
    """
    loaded = PhotoSet([], [], [], [])
    for file in progress_bar(files, len(files), "photos"):
        try:
            photo, sha256 = load_photo(file.path, longest_side), sha256_of_file(file.path)
        except PhotoError as error:
            loaded.skipped.append(SkippedPhoto(file.name, error.reason))
            continue
        except OSError as error:
            loaded.skipped.append(SkippedPhoto(file.name, f"cannot be read: {error.strerror or error}"))
            continue
        loaded.files.append(file)
        loaded.photos.append(photo if as_kept is None else as_kept(photo))
        loaded.hashes.append(sha256)
    if not loaded.photos:
        raise StageError("none of the photos can be decoded; give other --images")
    return loaded


def whole_answers(photos: Sequence[NDArray[np.uint8]], teacher: Teacher) -> NDArray[np.float32]:
    """Give the teacher's mean vector of each whole photo, (N, C)."""
    size = (teacher.input_side,) * 2
    pictures = (np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8) for photo in photos)
    return np.stack([teacher.maps(picture[None]).mean(axis=(0, 1, 2)) for picture in pictures])


def copies_of(answers: NDArray[np.float32], judged: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Say which photos show the same picture as one of those that the student is judged on.

    Parameters
    ----------
    answers, judged : ndarray of float32, shapes (N, C) and (M, C)
        The teacher's answers to whole photos.
    """
    mean = answers.mean(axis=0)
    return _has_like(answers - mean, judged - mean, SAME_PHOTO)


def same_pictures(photos: Sequence[NDArray[np.uint8]], judged: Sequence[NDArray[np.uint8]]) -> NDArray[np.bool_]:
    """Say the same without a teacher, from thumbnails: copies in another size or quality are found, cut ones are not.

    Parameters
    ----------
    photos, judged : sequence of ndarray of uint8, shape (H, W, 3)
        N and M photos.
    """
    correlations = picture_correlations(photos, judged)
    return np.asarray(correlations.max(axis=1) > SAME_PICTURE)


def picture_correlations(
    photos: Sequence[NDArray[np.uint8]], others: Sequence[NDArray[np.uint8]]
) -> NDArray[np.float32]:
    """Give the correlation of the pixels of thumbnails (N, M), -1 to 1, each colour less its mean."""
    ours, theirs = _unit(_thumbnails(photos)), _unit(_thumbnails(others))
    return np.asarray(ours @ theirs.T)


def _thumbnails(photos: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    size = (THUMBNAIL_SIDE,) * 2
    small = np.stack([cv2.resize(photo, size, interpolation=cv2.INTER_AREA) for photo in photos]).astype(np.float32)
    centred: NDArray[np.float32] = (small - small.mean(axis=(1, 2), keepdims=True)).reshape(len(photos), -1)
    return centred


def _has_like(ours: NDArray[np.float32], theirs: NDArray[np.float32], least_cosine: float) -> NDArray[np.bool_]:
    return np.asarray((_unit(ours) @ _unit(theirs).T).max(axis=1) > least_cosine)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
