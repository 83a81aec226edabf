"""Photos built by hand to hurt a reader: bombs, loops, absurd sizes. Small files; each stands for a class of them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from tests.drawn_photos import draw_photo

PNG_START = b"\x89PNG\r\n\x1a\n"
BOMB_SIDE = 60_000


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """Give a PNG chunk with its checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *before: bytes, depth: int = 8, colour: int = 2, rows: bytes | None = None) -> bytes:
    """Give a PNG of these sizes; ``rows`` are its compressed pixels, a few by default."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    pixels = zlib.compress(bytes(64)) if rows is None else rows
    return PNG_START + header + b"".join(before) + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")


def whole_png(width: int, height: int, channels: int, depth: int = 8) -> bytes:
    """Give a PNG whose pixels, all zero, are all there."""
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    line = bytes(1 + width * channels * depth // 8)
    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(line) for _ in range(height)) + packer.flush()
    return png(width, height, depth=depth, colour=colour, rows=rows)


def encoded(file_format: str, photo: Image.Image | None = None, **options: object) -> bytes:
    """Give a drawn photo in a format."""
    buffer = io.BytesIO()
    (draw_photo(3, 64, 48) if photo is None else photo).save(buffer, file_format, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def jpeg_segment(marker: int, content: bytes) -> bytes:
    """Give a segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def jpeg_with(*segments: bytes) -> bytes:
    """Give a good JPEG with further segments at its start."""
    whole = encoded("JPEG")
    return whole[:2] + b"".join(segments) + whole[2:]


def directory(entries: list[tuple[int, int, int, int]], following: int = 0) -> bytes:
    """Give a TIFF directory of (tag, type, count, value or place)."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<H", len(entries)) + packed + struct.pack("<I", following)


def tiff(entries: list[tuple[int, int, int, int]], following: int = 0, rest: bytes = b"") -> bytes:
    """Give a TIFF of one directory, and what follows it."""
    return b"II*\0" + struct.pack("<I", 8) + directory(entries, following) + rest


def tiff_layout(**changes: int) -> list[tuple[int, int, int, int]]:
    """Give the directory of a grey TIFF of 16 x 16 with some tags changed, by number (``t273=5``)."""
    tags = {256: 16, 257: 16, 258: 8, 259: 1, 262: 1, 273: 200, 277: 1, 278: 16, 279: 256}
    tags |= {int(name[1:]): value for name, value in changes.items()}
    return [(tag, 4, 1, value) for tag, value in sorted(tags.items())]


def tiled(width: int, height: int, **changes: int) -> list[tuple[int, int, int, int]]:
    """Give the directory of the same TIFF, its pixels in one tile of this size."""
    place = 8 + 2 + 12 * 10 + 4
    layout = tiff_layout(t322=width, t323=height, t324=place, t325=1100, **changes)
    return [entry for entry in layout if entry[0] not in (273, 278, 279)]


def looped_exif() -> bytes:
    """Give 64 kB of EXIF whose directories name one another, and each entry all of the block."""
    entries = [(tag, 5, 8000, 8) for tag in range(0x100, 0x100 + 5000)]
    entries += [(0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0xA005, 4, 1, 8)]
    return b"Exif\0\0" + tiff(entries, following=8)[:65_000]


def thousand_scans(num_scans: int, side: int = 8000) -> bytes:
    """Give a progressive JPEG of ``side`` x ``side`` whose scans each refine nothing."""
    whole = encoded("JPEG", Image.new("L", (16, 16)), progressive=True)
    size = whole.index(b"\xff\xc2") + 5
    start = whole.index(b"\xff\xda")
    end = whole.index(b"\xff", start + 2)
    scan = whole[start:end]
    header = whole[:size] + struct.pack(">HH", side, side) + whole[size + 4 : start]
    return header + scan * num_scans + b"\xff\xd9"


def gif(width: int, height: int, frames: int) -> bytes:
    """Give a GIF of a canvas with many frames of one pixel."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"!\xf9\x04\x01\0\0\0\0," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02D\x01\0"
    return head + frame * frames + b";"


def webp_canvas(width: int, height: int) -> bytes:
    """Give an extended WebP that claims a canvas and holds a small picture."""
    inner = encoded("WEBP")[12:]
    sizes = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    content = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + sizes + inner
    return b"RIFF" + struct.pack("<I", len(content)) + content


def heic_boxes(*boxes: bytes) -> bytes:
    """Give a HEIC of these boxes."""
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + b"".join(boxes)


def box(kind: bytes, content: bytes, size: int | None = None) -> bytes:
    """Give an ISO box; ``size`` is what it claims."""
    return struct.pack(">I", len(content) + 8 if size is None else size) + kind + content


def many_directories(count: int) -> bytes:
    """Give a TIFF whose chain of directories overlap, each with very many entries."""
    filler = directory([(0xFDE8 + number % 500, 1, 1, 0) for number in range(20_000)])
    first = 8 + 2 + 12 * 9 + 4
    body = bytearray(filler + bytes(4 * count))
    places = [first + 14 + 12 * number for number in range(count)]
    for number, place in enumerate(places):  # a count in the middle of the entries, whose chain leads to the next
        struct.pack_into("<H", body, place - first, 18_000)
        after = place - first + 2 + 12 * 18_000
        if after + 4 <= len(body):
            struct.pack_into("<I", body, after, places[number + 1] if number + 1 < count else 0)
    return tiff(tiff_layout(), places[0], bytes(body))


def tiff_of_pages(count: int) -> bytes:
    """Give a TIFF with very many pages, all of the same picture."""
    size = 2 + 12 * 9 + 4
    pages = [directory(tiff_layout(), 8 + size * (number + 1) if number + 1 < count else 0) for number in range(count)]
    return b"II*\0" + struct.pack("<I", 8) + b"".join(pages) + bytes(256)


def mpo_index() -> bytes:
    """Give the index of several pictures whose every entry claims all of the block as numbers."""
    return b"MPF\0" + tiff([(0xB001, 4, 1, 60_000), *((0xB002 + number, 5, 7000, 8) for number in range(4000))])


Build = Callable[[], bytes]

# What no reader may take for a photo: name with ending -> how it is built.
REFUSED: dict[str, Build] = {
    "bomb_header.bmp": lambda: struct.pack(
        "<2sIHHIIiiHHIIiiII", b"BM", 54, 0, 0, 54, 40, BOMB_SIDE, BOMB_SIDE, 1, 24, 0, 0, 0, 0, 0, 0
    ),
    "bomb_header.png": lambda: png(BOMB_SIDE, BOMB_SIDE),
    "bomb_header.gif": lambda: gif(65_535, 65_535, 1),
    "bomb_header.tif": lambda: tiff(tiff_layout(t256=BOMB_SIDE, t257=BOMB_SIDE), rest=bytes(300)),
    "bomb_canvas.webp": lambda: webp_canvas(16_383, 16_383),
    "bomb_scans.jpg": lambda: thousand_scans(3000),
    "cut_scans.jpg": lambda: thousand_scans(1)[:-40],
    "zero.png": lambda: png(0, 5),
    "huge_chunk.png": lambda: PNG_START + struct.pack(">I4s", 0x7FFFFFFF, b"IHDR") + bytes(40),
    "no_header.png": lambda: PNG_START + png_chunk(b"IDAT", zlib.compress(bytes(64))) + png_chunk(b"IEND", b""),
    "few_rows.png": lambda: png(5000, 5000),
    "text_bomb.png": lambda: png(4, 4, *[png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 20)))] * 80),
    "strips_of_gigabytes.tif": lambda: tiff(tiff_layout(t279=0xFFFFFFF0, t273=0xFFFFFF00)),
    "far_directory.tif": lambda: b"II*\0" + struct.pack("<I", 0xFFFFFFF0) + bytes(64),
    "many_samples.tif": lambda: tiff(tiff_layout(t277=65_535), rest=bytes(300)),
    "wide_tile.tif": lambda: tiff(tiled(0x7FFFFFF0, 0x7FFFFFF0), rest=bytes(300)),
    "large_tile.tif": lambda: tiff(tiled(40_000, 12_000, t259=8), rest=zlib.compress(bytes(1 << 20))),
    "cut_big.tif": lambda: b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**63) + bytes(40),
    "no_frame.gif": lambda: gif(100, 100, 0),
    "frame_of_nothing.jpg": lambda: b"\xff\xd8" + jpeg_segment(0xC0, b"\x08\0\0\0\0\x01\x01\x11\0") + b"\xff\xd9",
    "no_tables.jpg": lambda: b"\xff\xd8" + jpeg_segment(0xC0, b"\x08\0\x10\0\x10\x01\x01\x11\0") + b"\xff\xd9",
    "only_padding.jpg": lambda: b"\xff\xd8" + b"\xff" * 3_000_000,
    "only_segments.jpg": lambda: b"\xff\xd8" + jpeg_segment(0xE1, b"Exif\0\0ab") * 300_000,
    "size_zero.heic": lambda: heic_boxes(box(b"meta", bytes(40), size=0)),
    "empty_meta.heic": lambda: heic_boxes(box(b"meta", bytes(4))),
    "huge_box.heic": lambda: heic_boxes(box(b"meta", bytes(40), size=0xFFFFFFF0)),
    "nested.heic": lambda: heic_boxes(box(b"meta", bytes(4) + box(b"iprp", box(b"ipco", bytes(400_000))))),
    "chunk_sizes.webp": lambda: b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + b"WEBPVP8 " + struct.pack("<I", 0xFFFFFFF0),
    "run_lengths.bmp": lambda: (
        struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 60, 0, 0, 54, 40, 9000, 9000, 1, 8, 1, 0, 0, 0, 256, 0)
        + b"\0\2\xff\xff"
    ),
    "colours_of_gigabytes.bmp": lambda: (
        struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 60, 0, 0, 54, 40, 9, 9, 1, 8, 0, 0, 0, 0, 2**31 - 1, 0) + bytes(99)
    ),
}

# What is odd and large, but whose pixels are there: used, or refused with a reason, never more than the limits.
EITHER: dict[str, Build] = {
    "looped_exif.jpg": lambda: jpeg_with(jpeg_segment(0xE1, looped_exif())),
    "looped_exif.png": lambda: png(8, 8, png_chunk(b"eXIf", looped_exif()[6:]), rows=zlib.compress(bytes(8 * 25))),
    "mpo_index.jpg": lambda: jpeg_with(jpeg_segment(0xE2, mpo_index())),
    "cut_mpo.jpg": lambda: encoded("MPO", save_all=True, append_images=[draw_photo(4, 64, 48)])[:-700],
    "profile_garbage.jpg": lambda: jpeg_with(jpeg_segment(0xE2, b"ICC_PROFILE\0\1\1" + b"\xa5" * 60_000)),
    "profile_numbers.jpg": lambda: jpeg_with(*[jpeg_segment(0xE2, b"ICC_PROFILE\0\xff\0" + b"x" * 9)] * 2000),
    "profile_bomb.png": lambda: png(
        8, 8, png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1 << 26), 9)), rows=zlib.compress(bytes(8 * 25))
    ),
    "text_bomb_of_one.png": lambda: png(
        8, 8, png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 26), 9)), rows=zlib.compress(bytes(8 * 25))
    ),
    "pixels_bomb.png": lambda: png(8, 8, rows=zlib.compress(bytes(1 << 27), 9)),
    "many_segments.jpg": lambda: jpeg_with(*[jpeg_segment(0xE1, b"Exif\0\0ab")] * 300_000),
    "many_profiles.jpg": lambda: jpeg_with(
        *[jpeg_segment(0xED, b"Photoshop 3.0\0" + b"8BIM\0\0\0\0\0\0\0\0" * 5000)] * 40
    ),
    "padding.jpg": lambda: jpeg_with(b"\xff" * 3_000_000),
    "many_frames.gif": lambda: gif(9_990, 9_990, 60_000),
    "many_pages.tif": lambda: tiff_of_pages(40_000),
    "overlapping_directories.tif": lambda: many_directories(1400),
    "page_loop.tif": lambda: tiff(tiff_layout(), following=8, rest=bytes(300)),
    "whole_grey.png": lambda: whole_png(9_990, 9_990, 1),
    "whole_transparent.png": lambda: whole_png(9_990, 9_990, 4),
    "whole_deep.png": lambda: whole_png(9_990, 9_990, 1, depth=16),
    "whole_canvas.gif": lambda: encoded("GIF", Image.new("P", (9_990, 9_990)), transparency=0),
    "whole.webp": lambda: encoded("WEBP", Image.new("RGBA", (9_990, 9_990)), lossless=True, method=0),
    "whole.jpg": lambda: encoded("JPEG", Image.new("CMYK", (9_990, 9_990))),
    "whole.tif": lambda: encoded("TIFF", Image.new("RGBA", (9_990, 9_990)), compression="tiff_deflate"),
    "float.tif": lambda: encoded("TIFF", Image.fromarray(np.zeros((9_990, 9_990), np.float32)), compression="tiff_lzw"),
    "thin.png": lambda: whole_png(1, 90_000, 3),
    "wide.jpg": lambda: encoded("JPEG", Image.new("L", (65_500, 1))),
}
