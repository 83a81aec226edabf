"""Photos as arrays: every accepted format and mode, upright, RGB, 8 bit, at the wanted size, or one plain reason."""

from __future__ import annotations

import math
import os
import stat
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError

from storage.bounded_file import BoundedFile, ReadLimitError
from storage.errors import NO_MEMORY, NUMBERS_OF_DAMAGE, PhotoError
from storage.jpeg_limits import check_scans, check_segments
from storage.listing import NUM_FIRST_BYTES, photo_format
from storage.modes import as_rgb
from storage.quiet_stderr import quiet_stderr

MAX_MEGAPIXELS = 100.0
ACCEPTED_MEGAPIXELS = 2147.0  # for photos that a stage accepted before, by whatever limit: all that Pillow can address

# "MPO" is no format of its own to Pillow: its JPEG reader gives it, and naming it raises KeyError.
ACCEPTED_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")

# A photo decoded at a reduced scale stays this many times larger than wanted, so that averaging areas has something
# to average: on the drone photos the mean difference to a full decode falls from 3.4 to 0.7 grey levels.
DECODE_MARGIN = 1.8

# Reads of a file that parsing and decoding may take, and bytes of it that allow one more: Pillow reads chunks of 8 kB
# and more, entries of directories of 12 bytes; of 326 real and odd photos none takes over 160. BMPs are read by bytes.
_LEAST_READS, _BYTES_PER_READ, _BYTES_PER_READ_OF_BMP = 50_000, 64, 0.5

# What damaged files make the parsers raise: Pillow's own tests list OSError, SyntaxError and the bomb error; its
# plugins, littleCMS and libheif add the others. Nothing but the work on one opened photo runs under it.
PARSER_ERRORS = (
    (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError)
    + (EOFError, RuntimeError, MemoryError, struct.error, zlib.error, ImageCms.PyCMSError)
    + (Image.DecompressionBombError, Image.DecompressionBombWarning)
)

# EXIF orientation -> what turns the stored array (H, W, 3) upright (EXIF 2.32, section 4.6.4, tag 0x0112).
_UPRIGHT: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: stored[::-1].transpose(1, 0, 2),
    7: lambda stored: stored[::-1, ::-1].transpose(1, 0, 2),
    8: lambda stored: stored[:, ::-1].transpose(1, 0, 2),
}

_ORIENTATION_TAG = 0x0112
_TURNS_SIDES = 5  # from this orientation on, width and height change places


def load_photo(path: Path, max_side: int | None = None, max_megapixels: float = MAX_MEGAPIXELS) -> NDArray[np.uint8]:
    """Decode a photo, upright, at most ``max_side`` large.

    The EXIF orientation is applied once. Transparency is laid on white. Of an animation or a file of several pages
    the first picture is taken; :mod:`storage.modes` says how other modes become RGB. A JPEG much larger than wanted is
    decoded at 1/2, 1/4 or 1/8 scale (libjpeg's scaled DCT), never below 1.8 times the wanted size. On 12-megapixel
    drone photos the mean difference to a full decode is 1.2, 0.7 and 1.6 grey levels at 1024, 640 and 320 pixels, in
    46, 43 and 28 % of the time.

    Parameters
    ----------
    path : Path
        A regular file, or a link to one.
    max_side : int, optional
        Longest side wanted, in pixels. A larger photo is shrunk by averaging areas, each side to
        ``round(side * max_side / longest)``, at least 1; a smaller one stays as it is.
    max_megapixels : float
        Largest size accepted, checked from the header before pixels are decoded.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        RGB, contiguous.

    Raises
    ------
    PhotoError
        When the file is missing, empty, no regular file, no photo, too large, cut or damaged.
    """
    return load_photo_sizes(path, [max_side], max_megapixels)[0]


def load_photo_sizes(
    path: Path, max_sides: Sequence[int | None], max_megapixels: float = MAX_MEGAPIXELS
) -> list[NDArray[np.uint8]]:
    """Decode a photo for several longest sides; each array is, bit for bit, what :func:`load_photo` gives for its side.

    Sides that :func:`load_photo` would decode at the same scale share one decoding, equal sides one array.
    """
    decoded: dict[tuple[int, int], tuple[NDArray[np.uint8], int]] = {}
    photos: dict[int | None, NDArray[np.uint8]] = {}
    for max_side in dict.fromkeys(max_sides):
        with open_photo(path, max_megapixels) as image:
            wanted = wanted_size(image.size, max_side)
            if image.format in ("JPEG", "MPO"):
                # Stored and upright sides are scaled alike, so the orientation does not matter here.
                image.draft(None, (math.ceil(wanted[0] * DECODE_MARGIN), math.ceil(wanted[1] * DECODE_MARGIN)))
            scaled = image.size
            if scaled not in decoded:
                decoded[scaled] = _decoded(image)
        stored, orientation = decoded[scaled]
        photos[max_side] = turned_upright(_shrunk(stored, wanted), orientation)
    return [photos[max_side] for max_side in max_sides]


def _decoded(image: Image.Image) -> tuple[NDArray[np.uint8], int]:
    """Decode an opened photo; give it as stored, (H, W, 3), and its orientation."""
    if image.format == "TIFF" and getattr(image, "n_frames", 1) < 1:  # counting pages finds a broken chain of them
        raise PhotoError("holds no picture")
    load_pixels(image)
    # After load: Pillow turns a TIFF by itself, and then no longer shows the tag.
    orientation = upright_orientation(image)
    return as_rgb(image), orientation


def load_pixels(image: Image.Image) -> None:
    """Decode an opened photo, unless its parts are so many that decoding would not end.

    Raises
    ------
    ValueError, OSError, ...
        What the parsers raise; :func:`opened_image` makes a PhotoError of it.
    """
    if image.format in ("JPEG", "MPO"):
        check_scans(image.fp)  # type: ignore[attr-defined]
    image.load()


def turned_upright(stored: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turn a stored photo (H, W, 3) as its EXIF orientation says; gives a contiguous array."""
    return np.ascontiguousarray(_UPRIGHT[orientation](stored))


def photo_size(path: Path, max_megapixels: float) -> tuple[int, int]:
    """Read the upright (width, height) of a photo, in pixels, from its header.

    Raises
    ------
    PhotoError
        As :func:`load_photo`, except that damage beyond the header is not seen.
    """
    with open_photo(path, max_megapixels) as image:
        width, height = image.size
        # A TIFF shows its upright size and the tag as well.
        is_turned = image.format != "TIFF" and upright_orientation(image) >= _TURNS_SIDES
    return (height, width) if is_turned else (width, height)


def open_regular_file(path: Path) -> BinaryIO:
    """Open a regular file that has content for reading; a pipe is not opened, which would wait for ever.

    Raises
    ------
    PhotoError
        When it is missing, empty, no regular file, or must not be read.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PhotoError("is a folder")
        if not stat.S_ISREG(status.st_mode):
            raise PhotoError("is no regular file")
        if status.st_size == 0:
            raise PhotoError("file is empty")
        return open(path, "rb")
    except FileNotFoundError as error:
        raise PhotoError("file does not exist") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL or a lone surrogate in the path
        raise PhotoError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


@contextmanager
def open_photo(path: Path, max_megapixels: float = MAX_MEGAPIXELS) -> Iterator[Image.Image]:
    """Open the photo at ``path`` with Pillow; :func:`open_regular_file`, then :func:`opened_image`."""
    with open_regular_file(path) as file, opened_image(file, max_megapixels) as image:
        yield image


@contextmanager
def opened_image(file: BinaryIO, max_megapixels: float = MAX_MEGAPIXELS) -> Iterator[Image.Image]:
    """Open a photo with Pillow; what parsing raises in the block becomes a PhotoError.

    Only accepted formats are tried, Pillow's warnings are kept quiet, and its limit of pixels is ``max_megapixels``.

    Parameters
    ----------
    file : binary file
        As :func:`open_regular_file` gives it.
    max_megapixels : float
        Largest size accepted.

    Yields
    ------
    PIL.Image.Image
        The opened photo, its pixels not yet decoded.

    Raises
    ------
    PhotoError
        When the file cannot be read as a photo.
    """
    found = None
    former_limit = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        Image.MAX_IMAGE_PIXELS = max(1, int(max_megapixels * 1e6))
        try:
            found = photo_format(file.read(NUM_FIRST_BYTES))
            if found == "TIFF":
                stack.enter_context(quiet_stderr())
            if found == "JPEG":
                check_segments(file)
            formats = ACCEPTED_FORMATS if found != "HEIF" else _heif_formats()
            per_read = _BYTES_PER_READ_OF_BMP if found == "BMP" else _BYTES_PER_READ
            bounded = BoundedFile(file, _LEAST_READS + int(_size_of(file) / per_read))
            with Image.open(cast(BinaryIO, bounded), formats=formats) as image:
                yield image
        except (ReadLimitError, *PARSER_ERRORS) as error:
            raise PhotoError(_reason(error, found, max_megapixels)) from error
        finally:
            Image.MAX_IMAGE_PIXELS = former_limit


def _size_of(file: BinaryIO) -> int:
    place = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(place)
    return size


def _heif_formats() -> tuple[str, ...]:
    try:
        import pillow_heif
    except ImportError as error:
        raise PhotoError("is a HEIC photo: to read it, run pip install pillow-heif") from error
    pillow_heif.register_heif_opener()
    return (*ACCEPTED_FORMATS, "HEIF")


def _reason(error: BaseException, found: str | None, max_megapixels: float) -> str:
    """Say why a photo of the format ``found`` cannot be used."""
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return f"has more than {max_megapixels:g} megapixels"
    if isinstance(error, MemoryError):
        return NO_MEMORY
    if isinstance(error, OSError) and error.errno not in NUMBERS_OF_DAMAGE:
        return f"cannot be read: {error.strerror or error}"
    if isinstance(error, ReadLimitError):
        return f"damaged {found}: its parts are absurdly many"
    if found is None:
        return f"is no photo of a known format ({', '.join(ACCEPTED_FORMATS)}, HEIC)"
    if isinstance(error, UnidentifiedImageError):
        return f"damaged {found}: its header cannot be read"
    detail = "".join(character for character in str(error) if character.isprintable())[:100]
    return f"damaged {found}: {detail or type(error).__name__}"


def wanted_size(size: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    """Give width and height of a photo that is at most ``max_side`` large; see :func:`load_photo`."""
    longest = max(size)
    if max_side is None or longest <= max_side:
        return size
    scale = max_side / longest
    return max(1, int(round(size[0] * scale))), max(1, int(round(size[1] * scale)))


def _shrunk(photo: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Shrink (H, W, 3) to ``size`` (width, height); JPEGs may come larger than they were opened, never smaller."""
    if (photo.shape[1], photo.shape[0]) == size:
        return photo
    import cv2  # here, as it takes long to import and reading EXIF needs none of it

    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def upright_orientation(image: Image.Image) -> int:
    """Read the EXIF orientation, 1 where there is none or where it cannot be read: the pixels are good all the same.

    A PNG is decoded for it, as its EXIF may stand behind the pixels; what that raises is the photo's own damage.
    """
    if image.format == "PNG" and "exif" not in image.info:
        image.load()
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG)
    except PARSER_ERRORS:
        return 1
    return orientation if isinstance(orientation, int) and orientation in _UPRIGHT else 1
