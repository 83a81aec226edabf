"""Plain JPEGs decoded by a GPU (nvJPEG, through torchvision), all other photos by the processor as ever.

The GPU decodes the whole photo and averages areas; the processor decodes at a reduced scale where it can. The pixels
differ by about two grey levels in the mean, so the choice stands in the settings of the features.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.devices import import_torch
from hloc.stream import PhotoWork, Prepared, attempt
from storage.exif import read_exif
from storage.fingerprints import fingerprint
from storage.photos import photo_size, turned_upright, wanted_size
from storage.plain_jpeg import PlainJpeg, read_plain_jpeg
from storage.report import SkippedPhoto

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EncodedWork:
    """Read a plain JPEG without decoding it; any other photo is decoded and computed as ``photo_work`` does.

    Attributes
    ----------
    photo_work : PhotoWork
        The second source.
    """

    photo_work: PhotoWork

    def __call__(self, name: str, argument: None = None) -> Prepared:
        """Treat one photo; PhotoError when it cannot be used."""
        path = self.photo_work.image_dir / name
        before = fingerprint(path)
        most = self.photo_work.max_megapixels
        found = read_plain_jpeg(path, most)
        exif = read_exif(path)
        if found is None or fingerprint(path, before) != before:
            return self.photo_work(name, argument)
        return Prepared(name, before, photo_size(path, most), found, exif)


@dataclass(frozen=True)
class DeviceDecoder:
    """Decodes what :class:`EncodedWork` left.

    Attributes
    ----------
    device : str
        Where to; ``cpu`` works too, with the decoder of the same library.
    batch_size : int
        Photos that are decoded at once.
    """

    device: str
    batch_size: int

    def stream(self, prepared: Iterator[Prepared], work: PhotoWork, skipped: list[SkippedPhoto]) -> Iterator[Prepared]:
        """Give all photos in their order, encoded ones decoded and computed by ``work.compute``.

        What this decoder refuses is read again by ``work``; a photo that it cannot read either is put to ``skipped``.
        """
        while some := list(islice(prepared, self.batch_size)):
            encoded = [item for item in some if isinstance(item.value, PlainJpeg)]
            photos = dict(zip((item.name for item in encoded), self._decode_all(encoded, work.max_side), strict=True))
            for item in some:
                if item.name not in photos:
                    yield item
                    continue
                photo = photos[item.name]
                result = attempt(work, item.name, None) if photo is None else replace(item, value=work.compute(photo))
                if isinstance(result, SkippedPhoto):
                    skipped.append(result)
                else:
                    yield result

    def _decode_all(self, items: list[Prepared], max_side: int | None) -> list[NDArray[np.uint8] | None]:
        """Decode photos together; when that fails, each by itself, and None for what fails alone."""
        if not items:
            return []
        try:
            return [*self._decode(items, max_side)]
        except RuntimeError as error:
            if len(items) == 1:
                reason = " ".join(str(error).split())[:200]
                log.warning("%s: the GPU cannot decode it (%s); the processor does", items[0].name, reason)
                return [None]
        return [photo for item in items for photo in self._decode_all([item], max_side)]

    def _decode(self, items: list[Prepared], max_side: int | None) -> Iterator[NDArray[np.uint8]]:
        torch = import_torch()
        contents = [torch.frombuffer(bytearray(item.value.content), dtype=torch.uint8) for item in items]
        mode = import_torchvision_io().ImageReadMode.RGB
        for item, image in zip(items, self._decoder()(contents, mode=mode, device=self.device), strict=True):
            height, width = image.shape[1:]  # (3, H, W), as stored
            shrunk = shrink_areas(image, wanted_size((width, height), max_side))
            yield turned_upright(shrunk.permute(1, 2, 0).cpu().numpy(), item.value.orientation)

    def _decoder(self) -> Callable[..., Any]:
        decode: Callable[..., Any] = import_torchvision_io().decode_jpeg
        return decode


def import_torchvision_io() -> Any:
    """Give the module ``torchvision.io``."""
    return importlib.import_module("torchvision.io")


def open_device_decoder(device: str, batch_size: int) -> DeviceDecoder | None:
    """Give the decoder of a GPU after a trial; None, and a line that says why, where the processor must decode.

    Parameters
    ----------
    device : str
        Of the network; only NVIDIA GPUs decode.
    batch_size : int
        Photos that are decoded at once.
    """
    if not device.startswith("cuda"):
        log.warning("--jpeg_decoder gpu: the network computes on %s, no NVIDIA GPU; the processor decodes", device)
        return None
    import cv2  # here, as it takes long to import

    try:
        _, trial = cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))
        import_torchvision_io().decode_jpeg([import_torch().from_numpy(trial.ravel())], device=device)
    except (ImportError, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        log.warning("--jpeg_decoder gpu: nvJPEG does not work here (%s); the processor decodes", reason)
        return None
    return DeviceDecoder(device, batch_size)


def shrink_areas(image: Any, size: tuple[int, int]) -> Any:
    """Shrink a picture (3, H, W), uint8, to ``size`` (width, height) by averaging areas; gives (3, h, w), uint8.

    Two products with the matrices of the shares that each pixel has in each place: exact averages, as OpenCV's
    ``INTER_AREA``, on any device.
    """
    torch = import_torch()
    height, width = image.shape[1:]
    if (width, height) == size:
        return image
    rows, columns = (
        torch.from_numpy(area_shares(have, want)).to(image.device)
        for have, want in ((height, size[1]), (width, size[0]))
    )
    averaged = rows @ image.float() @ columns.T  # (h, H) by (3, H, W) by (W, w)
    return averaged.round_().clamp_(0, 255).to(torch.uint8)


def area_shares(have: int, want: int) -> NDArray[np.float32]:
    """Give the share of each of ``have`` pixels in each of ``want`` places, at most as many; rows sum to 1."""
    edges = np.arange(want + 1) * (have / want)
    pixels = np.arange(have)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    shares: NDArray[np.float32] = (np.clip(overlap, 0, None) * (want / have)).astype(np.float32)
    return shares
