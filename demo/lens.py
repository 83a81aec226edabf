"""From light to a photo: exposure, white balance, falloff towards the corners, blur, tone curve and noise."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.noise import floats
from demo.render import BAND, Frame


@dataclass(frozen=True)
class Lens:
    """How a camera records; all figures are of ordinary phones and compact cameras.

    Attributes
    ----------
    brightness : float
        Mean light of the developed photo, 0 to 1 (0.18 is the middle grey that cameras aim at).
    balance : tuple of float
        Factors on red, green and blue.
    falloff : float
        Part of the light lost in the corners.
    blur : float
        Standard deviation of the blur in pixels.
    noise : float
        Standard deviation of the noise in display values (0 to 1).
    """

    brightness: float = 0.18
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    falloff: float = 0.25
    blur: float = 0.6
    noise: float = 0.012


def choose_lens(rng: np.random.Generator) -> Lens:
    """Choose a camera at random."""
    warmth = rng.normal(0, 0.035)
    return Lens(
        brightness=rng.uniform(0.19, 0.29),
        balance=(1 + warmth, 1.0, 1 - warmth),
        falloff=rng.uniform(0.1, 0.4),
        blur=rng.uniform(0.35, 0.85),
        noise=rng.uniform(0.004, 0.013),
    )


def develop(frame: Frame, lens: Lens, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turn linear light (H, W, 3) into an RGB photo (H, W, 3)."""
    height, width = frame.shape[:2]
    mean = float(np.minimum(frame[::8, ::8], 1.2).mean())
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) ** 2 / 2 for side in (height, width))
    falloff = 1 - lens.falloff * (y[:, None] + x[None, :])
    gain = floats(lens.balance) * np.float32(1.15 * lens.brightness / max(mean, 1e-3))
    blurred = cv2.GaussianBlur(frame, (0, 0), lens.blur)
    noise = _noise(rng, (height, width))
    photo = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, BAND):
        rows = slice(top, top + BAND)
        photo[rows] = _expose(blurred[rows], falloff[rows, :, None] * gain, lens.noise * noise[rows])
    return photo


def _expose(light: Frame, gain: Frame, noise: Frame) -> NDArray[np.uint8]:
    root: Frame = cv2.sqrt(np.maximum(light * gain, 0))  # smooth interpolation can fall below 0
    root *= (len(_TONES) - 1) / _MAX_ROOT
    display = _TONES[np.minimum(root, len(_TONES) - 1).astype(np.uint16)]
    display += noise
    return cv2.convertScaleAbs(display, alpha=255).astype(np.uint8, copy=False)


def _tone_table(size: int) -> Frame:
    """Display values over the square root of light, from 0 to :data:`_MAX_ROOT`."""
    light = np.linspace(0, _MAX_ROOT, size) ** 2
    # Reinhard's curve with a white point (2002, equation 4), then the square root that displays undo
    display = np.sqrt(light * (0.40 * light + 1.35) / (light + 1))
    return (display + (1.1 * display - 0.55) * display * (1 - display)).astype(
        np.float32
    )  # more contrast in the middle


_MAX_ROOT = 4.0
_TONES = _tone_table(2048)


def _noise(rng: np.random.Generator, shape: tuple[int, int]) -> Frame:
    """Sensor noise: cut at random from one large sheet, because drawing each anew would take half of the time."""
    sheet = _noise_sheet(max(shape) + 256)
    y, x = (int(rng.integers(sheet.shape[0] - side)) for side in shape)
    return sheet[y : y + shape[0], x : x + shape[1]]


@functools.lru_cache(maxsize=2)
def _noise_sheet(side: int) -> Frame:
    """Noise of strength 1: mostly in brightness, a little in colour, softened as development does."""
    rng = np.random.default_rng(20020)
    luma = rng.standard_normal((side, side, 1), dtype=np.float32)
    coarse = rng.standard_normal((side // 2, side // 2, 3), dtype=np.float32)
    return 0.9 * luma + 0.5 * cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)
