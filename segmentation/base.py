"""What every method is: a class that turns a photo into a label image."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.method_parameters import GridParameters
from storage.errors import UsageError

Photo = NDArray[np.uint8]
Labels = NDArray[np.int32]
P = TypeVar("P", bound=GridParameters)

EDGE = 0
_MEGA = 1e6


class Segmenter(ABC, Generic[P]):
    """A method with its parameters; picklable, so that worker processes can be given it.

    Attributes
    ----------
    name : str
        What ``--method`` calls it.
    computes_in_workers : bool
        False when a network in the main process is the work.
    """

    name: ClassVar[str] = ""
    computes_in_workers: ClassVar[bool] = True

    def __init__(self, parameters: P) -> None:
        self.parameters = parameters

    def segment(self, photo: Photo) -> Labels:
        """Cut a photo into segments; equal photos give equal labels.

        Parameters
        ----------
        photo : ndarray of uint8, shape (H, W, 3)
            Upright, RGB; not changed.

        Returns
        -------
        ndarray of int32, shape (H, W)
            Id of each pixel's segment, from 1 without gaps; 0 only where an edge belongs to no segment.
        """
        check_photo(photo)
        small, scale = on_grid(photo, self.parameters.grid_megapixels)
        sizes = self.parameters.sizes(photo.shape[0] * photo.shape[1], scale)
        return without_gaps(enlarged(self.segment_copy(small, sizes), photo.shape[:2]))

    @abstractmethod
    def segment_copy(self, photo: Photo, sizes: Mapping[str, float]) -> NDArray[Any]:
        """Give whole numbers (h, w), 0 for edges, of a copy (h, w, 3) of the photo.

        ``sizes`` are the lengths and areas of the parameters in pixels of the copy; none of them is ``auto``.
        """


def check_photo(photo: Photo) -> None:
    """Refuse, with a ValueError, what is no RGB photo: uint8 (H, W, 3) with at least one pixel."""
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3 or photo.size == 0:
        raise ValueError(f"a photo is uint8 (H, W, 3), not {photo.dtype} {photo.shape}")


def on_grid(photo: Photo, grid_megapixels: float) -> tuple[Photo, float]:
    """Give the photo, averaged over areas to at most so many megapixels (0: as it is), and the factor of its sides."""
    height, width = photo.shape[:2]
    if grid_megapixels == 0 or height * width <= grid_megapixels * _MEGA:
        return photo, 1.0
    scale = math.sqrt(grid_megapixels * _MEGA / (height * width))
    size = (max(1, int(width * scale)), max(1, int(height * scale)))
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def enlarged(labels: NDArray[Any], shape: tuple[int, ...]) -> Labels:
    """Give labels (h, w) at a larger shape (H, W): each pixel takes the label of the nearest one."""
    labels = np.ascontiguousarray(labels, np.int32)
    if labels.shape == tuple(shape):
        return labels
    return np.asarray(cv2.resize(labels, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST_EXACT), np.int32)


def without_gaps(labels: Labels) -> Labels:
    """Number labels from 1 without gaps; their order and 0 stay."""
    present = np.bincount(labels.ravel()) > 0
    present[EDGE] = False
    return np.where(present, np.cumsum(present), EDGE).astype(np.int32)[labels]


def contrib(what: str) -> Any:
    """Give ``cv2.ximgproc``, which only OpenCV's contrib packages have.

    Raises
    ------
    UsageError
        When another package of OpenCV is installed.
    """
    if not hasattr(cv2, "ximgproc"):
        raise UsageError(
            f"{what} needs opencv-contrib-python-headless: pip uninstall -y opencv-python-headless, then "
            "pip install --force-reinstall opencv-contrib-python-headless"
        )
    return cv2.ximgproc
