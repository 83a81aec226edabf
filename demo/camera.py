"""The pinhole camera, and flat things seen through it.

World: x right along the street, y up, z out of the fronts towards the street, in metres; the front of a building
stands in the plane z = 0. Camera axes: x right, y down, z forward (Hartley & Zisserman, *Multiple View Geometry*,
section 6.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
NEAR_M = 0.3


@dataclass(frozen=True)
class Camera:
    """A view.

    Attributes
    ----------
    center : ndarray, shape (3,)
        Where the camera stands.
    rotation : ndarray, shape (3, 3)
        World axes to camera axes.
    focal : float
        Focal length in pixels.
    width, height : int
        Size of the photo in pixels.
    """

    center: Vector
    rotation: NDArray[np.float64]
    focal: float
    width: int
    height: int

    @cached_property
    def matrix(self) -> NDArray[np.float64]:
        """The calibration matrix (3, 3); the principal point is the middle of the photo."""
        return np.array([[self.focal, 0, (self.width - 1) / 2], [0, self.focal, (self.height - 1) / 2], [0, 0, 1]])

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Project points (N, 3) before the camera to pixels (N, 2)."""
        seen = (points - self.center) @ (self.matrix @ self.rotation).T
        return seen[:, :2] / seen[:, 2:]


def look_at(center: Vector, target: Vector, focal: float, size: tuple[int, int], roll: float = 0.0) -> Camera:
    """Point a camera of ``size`` (width, height) at ``target``, turned by ``roll`` radians about its axis."""
    forward = (target - center) / np.linalg.norm(target - center)
    right = np.cross(forward, (0.0, 1.0, 0.0))
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    turn = np.array([[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return Camera(center, turn @ np.stack([right, down, forward]), focal, size[0], size[1])


@dataclass(frozen=True)
class Plane:
    """Where a texture hangs in the world.

    Attributes
    ----------
    origin : ndarray, shape (3,)
        The texture's top left corner.
    right, down : ndarray, shape (3,)
        Unit vectors along the rows and the columns of the texture.
    ppm : float
        Texture pixels per metre.
    """

    origin: Vector
    right: Vector
    down: Vector
    ppm: float

    @cached_property
    def normal(self) -> Vector:
        """Unit vector out of the plane, towards its viewer."""
        return -np.cross(self.right, self.down)

    def homography(self, camera: Camera, lift: float = 0.0) -> NDArray[np.float64]:
        """Give the map (3, 3) from texture pixels to photo pixels, for the plane moved out by ``lift`` metres."""
        origin = self.origin + lift * self.normal - camera.center
        columns = np.array([self.right / self.ppm, self.down / self.ppm, origin]).T
        return camera.matrix @ camera.rotation @ columns

    def outline(self, camera: Camera, shape: tuple[int, int]) -> NDArray[np.float64]:
        """Project the texture's rectangle, cut at :data:`NEAR_M` before the camera.

        Returns
        -------
        ndarray of float64, shape (N, 2)
            Corners in pixels; none when all of it lies behind the camera.
        """
        height, width = shape[0] / self.ppm, shape[1] / self.ppm
        corners = [
            self.origin + a * width * self.right + b * height * self.down for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))
        ]
        seen = (np.stack(corners) - camera.center) @ camera.rotation.T
        kept = _cut_near(seen)
        if len(kept) < 3:
            return np.zeros((0, 2))
        pixels = kept @ camera.matrix.T
        return pixels[:, :2] / pixels[:, 2:]


def upright(x: float, top: float, z: float, ppm: float) -> Plane:
    """Give the plane of a texture that hangs parallel to the fronts, its top left corner at (x, top, z)."""
    return Plane(np.array([x, top, z]), np.array([1.0, 0, 0]), np.array([0, -1.0, 0]), ppm)


def _cut_near(polygon: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cut a polygon (N, 3) in camera axes at the near plane (Sutherland & Hodgman 1974)."""
    kept = []
    for a, b in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if a[2] >= NEAR_M:
            kept.append(a)
        if (a[2] >= NEAR_M) != (b[2] >= NEAR_M):
            kept.append(a + (NEAR_M - a[2]) / (b[2] - a[2]) * (b - a))
    return np.array(kept)
