"""A view of a photo: cut out, mirrored, recoloured, blurred (Chen et al. 2020, appendix A), by torchvision.

What is done follows from the generator that is handed in alone, so a view can be drawn again, by any process.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from training.finetuning.settings import ViewSettings

LARGEST_STRETCH = 4 / 3  # of the cut piece
JITTER, HUE = 0.8, 0.2  # at strength 1
JITTERED, GREYED, BLURRED = 0.8, 0.2, 0.5  # shares of the views
SIGMAS = (0.1, 2.0)  # of the blur, in pixels
TRIES = 10


def augmented(photo: NDArray[np.uint8], settings: ViewSettings, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a view.

    Parameters
    ----------
    photo : ndarray of uint8, shape (H, W, 3)
        RGB.
    settings : ViewSettings
        How.
    rng : Generator
        Where chance comes from; it is advanced.

    Returns
    -------
    ndarray of uint8, shape (size, size, 3)
        RGB.
    """
    import torch
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.v2 import functional as transforms

    top, left, height, width = _piece(photo.shape[0], photo.shape[1], settings.min_area, rng)
    cut = torch.from_numpy(photo[top : top + height, left : left + width].copy()).permute(2, 0, 1)
    side = [settings.size] * 2
    view = transforms.resize(cut, side, interpolation=InterpolationMode.BICUBIC, antialias=True)
    if rng.random() < 0.5:
        view = transforms.horizontal_flip(view)
    if rng.random() < JITTERED and settings.jitter > 0:
        view = _jittered(view, settings.jitter, rng)
    if rng.random() < GREYED:
        view = transforms.rgb_to_grayscale(view, num_output_channels=3)
    if rng.random() < BLURRED:
        kernel = blur_kernel(settings.size)
        view = transforms.gaussian_blur(view, [kernel, kernel], [float(rng.uniform(*SIGMAS))] * 2)
    return np.asarray(view.permute(1, 2, 0).numpy())


def blur_kernel(size: int) -> int:
    """Give the side of the blur's kernel: a tenth of the view's, made odd; 23 pixels at 224."""
    kernel = int(0.1 * size)
    return kernel + 1 - kernel % 2


def _piece(height: int, width: int, min_area: float, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Draw top, left, height and width of a piece; the middle where none fits, as torchvision does."""
    for _ in range(TRIES):
        area = height * width * float(rng.uniform(min_area, 1.0))
        aspect = math.exp(float(rng.uniform(-1, 1)) * math.log(LARGEST_STRETCH))
        columns, rows = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < columns <= width and 0 < rows <= height:
            return int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1)), rows, columns
    rows = max(1, min(height, round(width * LARGEST_STRETCH)))
    columns = max(1, min(width, round(height * LARGEST_STRETCH)))
    return (height - rows) // 2, (width - columns) // 2, rows, columns


def _jittered(view: object, strength: float, rng: np.random.Generator) -> object:
    """Change brightness, contrast, saturation and hue, in an order that is drawn."""
    from torchvision.transforms.v2 import functional as transforms

    change, turn = JITTER * strength, HUE * strength
    steps = [
        (transforms.adjust_brightness, float(rng.uniform(1 - change, 1 + change))),
        (transforms.adjust_contrast, float(rng.uniform(1 - change, 1 + change))),
        (transforms.adjust_saturation, float(rng.uniform(1 - change, 1 + change))),
        (transforms.adjust_hue, float(rng.uniform(-turn, turn))),
    ]
    for number in rng.permutation(len(steps)):
        adjust, amount = steps[number]
        view = adjust(view, amount)
    return view
