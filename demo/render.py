"""Putting flat textures and reliefs into a photo, seen through a camera."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.camera import Camera, Plane
from demo.light import Z_ZERO, Light, Part, Relief
from demo.noise import floats

Frame = NDArray[Any]  # float32; OpenCV's stubs lose the element type
GRID = 8
BAND = 96
_LINEAR = ((np.arange(256) / 255.0) ** 2).astype(np.float32)  # display values are square roots of light


@dataclass(frozen=True)
class Window:
    """A part of a photo, some rows high, that a plane covers."""

    x: int
    y: int
    width: int
    height: int
    outline: NDArray[np.float64]

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of the photo."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    def shift(self, homography: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn a map to photo pixels into one to pixels of this window."""
        return np.array([[1.0, 0, -self.x], [0, 1.0, -self.y], [0, 0, 1]]) @ homography

    def coverage(self) -> NDArray[np.uint8]:
        """Give 255 inside the outline, 0 outside, in between on its edge; shape (height, width)."""
        mask = np.zeros((self.height, self.width), np.uint8)
        points = np.clip(np.round((self.outline - (self.x, self.y)) * 16), -(2**18), 2**18).astype(np.int32)
        cv2.fillConvexPoly(mask, points, 255, cv2.LINE_AA, 4)
        return mask


def windows(camera: Camera, plane: Plane, shape: tuple[int, int], margin: int = 0) -> Iterator[Window]:
    """Give the parts of a photo that a texture of ``shape`` can be seen in.

    They are at most :data:`BAND` rows high, so that what is computed for one of them stays in the processor's cache:
    three times as fast as whole photos.
    """
    outline = plane.outline(camera, shape)
    if len(outline) == 0:
        return
    size = (camera.width, camera.height)
    x, top = np.clip(np.floor(outline.min(0)) - margin, 0, size).astype(int).tolist()
    right, bottom = np.clip(np.ceil(outline.max(0)) + 1 + margin, 0, size).astype(int).tolist()
    if right - x < 2:
        return
    for y in range(top, bottom, BAND):
        yield Window(x, y, right - x, min(BAND, bottom - y), outline)


def linear(display: NDArray[Any], light: NDArray[np.float32] | float = 1.0) -> Frame:
    """Turn display RGB (H, W, 3), uint8, into the light (float32) that it sends back under ``light``."""
    table = _LINEAR[:, None] * np.broadcast_to(floats(light), 3)
    return cv2.LUT(display, table[None])


def blend(frame: Frame, window: Window, color: Frame, alpha: NDArray[Any]) -> None:
    """Lay ``color`` (h, w, 3) over the frame's window as densely as ``alpha`` (h, w; uint8, 255 covers) says."""
    part = frame[window.slices]
    difference = cv2.subtract(color, part)
    part += cv2.multiply(difference, cv2.merge([alpha, alpha, alpha]), scale=1 / 255, dtype=cv2.CV_32F)


def paste(
    frame: Frame, camera: Camera, plane: Plane, texture: NDArray[np.uint8], light: NDArray[np.float32] | float
) -> None:
    """Draw a flat texture.

    Parameters
    ----------
    frame : ndarray of float32, shape (height, width, 3)
        The photo, in linear light; changed.
    camera, plane : Camera, Plane
        Where it is seen from, and where it hangs.
    texture : ndarray of uint8, shape (H, W, 4)
        Display RGB and coverage.
    light : ndarray of float32, shape (3,), or float
        Colour of the light on it.
    """
    shape = texture.shape[:2]
    texture, homography = _shrink(texture, plane.homography(camera), plane.outline(camera, shape))
    is_opaque = int(texture[..., 3].min()) == 255
    for window in windows(camera, plane, shape):
        matrix = window.shift(homography)
        seen = cv2.warpPerspective(texture, matrix, (window.width, window.height), borderMode=cv2.BORDER_REPLICATE)
        color = linear(cv2.cvtColor(seen, cv2.COLOR_RGBA2RGB), light)
        if is_opaque:
            cv2.copyTo(color, window.coverage(), frame[window.slices])
        else:
            blend(frame, window, color, cv2.multiply(window.coverage(), seen[..., 3], scale=1 / 255))


def _shrink(
    texture: NDArray[np.uint8], homography: NDArray[np.float64], outline: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Halve a texture until it is less than twice as fine as the photo, so that it does not flicker."""
    extent = np.ptp(outline, axis=0) if len(outline) else np.full(2, np.inf)
    while texture.shape[0] > 2 * extent[1] and texture.shape[1] > 2 * extent[0] and min(texture.shape[:2]) > 8:
        scale = (texture.shape[1] / (texture.shape[1] // 2), texture.shape[0] / (texture.shape[0] // 2))
        texture = cv2.resize(texture, (texture.shape[1] // 2, texture.shape[0] // 2), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        homography = homography @ np.diag([scale[0], scale[1], 1.0])
    return texture, homography


def paste_relief(
    frame: Frame, camera: Camera, part: Part, light: Light, opposite: Frame, *, cast: Frame | None = None
) -> None:
    """Draw a relief: reveals, sills and balconies hide and show what they would in the round.

    Rays are stopped at the slices of the height field (relief mapping; Policarpo, Oliveira & Comba 2005, with
    slices that fit the few depths of a front instead of even ones).

    Parameters
    ----------
    frame, camera :
        As for :func:`paste`.
    part : Part
        The wall and where it stands.
    light : Light
        Sun and sky.
    opposite : ndarray of float32, shape (h, w, 3)
        What the panes mirror, in linear light: the other side of the street.
    cast : ndarray of float32, shape (h, w), optional
        Sunlight that reaches the wall (0 to 1), stretched over it: the shadow of something not in the photo.
    """
    for window in windows(camera, part.plane, part.relief.height.shape, margin=12):
        _paste_window(frame, camera, part, window, light=light, opposite=opposite, cast=cast)


def _paste_window(
    frame: Frame, camera: Camera, part: Part, window: Window, *, light: Light, opposite: Frame, cast: Frame | None
) -> None:
    plane, relief = part
    x, y, slant_x, slant_y = _rays(camera, plane, window)
    z, is_hit, is_side = _march(camera, plane, relief, window)
    x += z * slant_x
    y += z * slant_y
    color = cv2.remap(relief.color, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    shade = cv2.remap(relief.shade, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    shade /= 200
    shade[is_side] *= floats((0.55, 0.35, 0.35))
    sun = light.sun[0] * shade[..., 1] + light.sun[1] * shade[..., 2]
    if cast is not None:
        rows, columns = relief.height.shape
        sun *= cv2.remap(
            cast,
            x * (cast.shape[1] / columns),
            y * (cast.shape[0] / rows),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    mixing = floats([light.sky_color, light.sun_color]).T
    lit = cv2.transform(cv2.merge([np.ascontiguousarray(shade[..., 0]), sun]), mixing)
    result = cv2.multiply(linear(cv2.cvtColor(color, cv2.COLOR_RGBA2RGB)), lit)
    _mirror(result, color[..., 3], (x, y, slant_x, slant_y), (plane.ppm, relief.height.shape[0]), opposite)
    cv2.copyTo(result, is_hit.astype(np.uint8), frame[window.slices])


def _rays(camera: Camera, plane: Plane, window: Window) -> list[NDArray[np.float32]]:
    """Where each pixel's ray meets the plane, in texture pixels, and how far it moves per metre of height.

    Both change smoothly, so they are computed on every eighth pixel and interpolated.
    """
    columns, rows = -(-window.width // GRID) + 2, -(-window.height // GRID) + 2
    u = (np.arange(columns) - 0.5) * GRID - 0.5 + window.x
    v = (np.arange(rows) - 0.5) * GRID - 0.5 + window.y
    grid = np.stack([*np.meshgrid(u, v), np.ones((rows, columns))], -1)
    at_wall = grid @ np.linalg.inv(plane.homography(camera)).T
    rays = grid @ np.linalg.inv(camera.matrix @ camera.rotation).T
    facing = rays @ plane.normal
    facing = np.where(facing > -1e-3, -1e-3, facing)
    coarse = [
        at_wall[..., 0] / at_wall[..., 2],
        at_wall[..., 1] / at_wall[..., 2],
        rays @ plane.right / facing * plane.ppm,
        rays @ plane.down / facing * plane.ppm,
    ]
    size = (columns * GRID, rows * GRID)
    cut = (slice(GRID, GRID + window.height), slice(GRID, GRID + window.width))
    limit = 30000  # cv2.remap's coordinates are 16 bit
    fields = [np.clip(field, -limit, limit).astype(np.float32) for field in coarse]
    return [np.ascontiguousarray(cv2.resize(field, size, interpolation=cv2.INTER_LINEAR)[cut]) for field in fields]


def _march(
    camera: Camera, plane: Plane, relief: Relief, window: Window
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Find the height at which each pixel's ray stops, whether it stops at all, and whether it hits a side face."""
    size = (window.width, window.height)
    code = np.zeros((window.height, window.width), np.uint8)
    is_side = np.zeros(code.shape, bool)
    above = 256
    for level in relief.levels:
        matrix = window.shift(plane.homography(camera, level))
        seen = cv2.warpPerspective(relief.height, matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
        level_code = max(1, round(level * 100) + Z_ZERO)
        fresh = (seen >= level_code) & (code == 0)
        side = fresh & (seen >= above)
        is_side |= side
        cv2.copyTo(np.where(side, np.uint8(level_code), seen), fresh.astype(np.uint8), code)
        above = level_code
    return (code.astype(np.float32) - np.float32(Z_ZERO)) / np.float32(100), code > 0, is_side


def _mirror(
    result: Frame,
    glass: NDArray[Any],
    rays: tuple[NDArray[np.float32], ...],
    scale: tuple[float, int],
    opposite: Frame,
) -> None:
    """Add to the panes what they mirror; each pane is tilted a little, so each shows another part."""
    is_glass = glass > 20
    if not is_glass.any():
        return
    x, y, slant_x, slant_y = (field[is_glass] for field in rays)
    tilt = glass[is_glass].astype(np.float32) / 255
    ppm, rows = scale
    away = 16.0
    across = (x - away * slant_x) / ppm + 5 * tilt
    up = (rows - y + away * slant_y) / ppm + 7 * (tilt - 0.5)
    column = np.mod(across / 60 * opposite.shape[1], opposite.shape[1] - 1).astype(np.float32)
    row = ((1 - up / 30) * opposite.shape[0]).astype(np.float32)
    column, row = (
        np.resize(field, (len(field) // 1024 + 1, 1024)) for field in (column, row)
    )  # remap takes no long lines
    seen = cv2.remap(opposite, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).reshape(-1, 3)[
        : len(tilt)
    ]
    strength = (0.10 + 0.42 * tilt)[:, None]
    result[is_glass] += strength * (seen - 0.4 * result[is_glass])
