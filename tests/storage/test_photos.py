from __future__ import annotations

import errno
import os
import random
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from storage.errors import PhotoError
from storage.listing import list_photos
from storage.photos import MAX_MEGAPIXELS, load_photo, load_photo_sizes, open_photo, photo_size, upright_orientation
from tests.reliability.hostile_photos import EITHER, REFUSED

Pixels = NDArray[np.uint8]

# Orientation -> how a viewer's picture is stored, so that the orientation turns it upright again.
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright, 2).transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}


def cosine(first: Pixels, second: Pixels) -> float:
    a, b = first.astype(np.float64).ravel(), second.astype(np.float64).ravel()
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def mean_difference(first: Pixels, second: Pixels) -> float:
    return float(np.abs(first.astype(int) - second.astype(int)).mean())


def save_oriented(path: Path, pixels: Pixels, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(pixels)).save(path, exif=exif)


def reason_for(path: Path, max_megapixels: float = 100.0) -> str:
    with pytest.raises(PhotoError) as caught:
        load_photo(path, max_megapixels=max_megapixels)
    assert "\n" not in caught.value.reason
    assert len(caught.value.reason) < 150
    return caught.value.reason


@pytest.mark.parametrize("ending", ["png", "bmp", "tif"])
def test_a_lossless_photo_comes_as_drawn(drawn: Pixels, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    Image.fromarray(drawn).save(path)
    loaded = load_photo(path)
    assert loaded.dtype == np.uint8
    assert loaded.flags.c_contiguous
    assert np.array_equal(loaded, drawn)


@pytest.mark.parametrize("ending", ["jpg", "webp"])
def test_a_lossy_photo_comes_nearly_as_drawn(drawn: Pixels, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    Image.fromarray(drawn).save(path, quality=95)
    assert mean_difference(load_photo(path), drawn) < 4


def test_a_heic_photo_is_read_where_pillow_heif_is_installed(drawn: Pixels, tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.from_pillow(Image.fromarray(drawn)).save(tmp_path / "a.heic", quality=90)
    assert mean_difference(load_photo(tmp_path / "a.heic"), drawn) < 4
    assert photo_size(tmp_path / "a.heic", MAX_MEGAPIXELS) == (64, 48)


def test_a_heic_photo_without_pillow_heif_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert "pip install pillow-heif" in reason_for(tmp_path / "a.heic")


def test_the_content_decides_not_the_ending(drawn: Pixels, tmp_path: Path) -> None:
    Image.fromarray(drawn).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert np.array_equal(load_photo(tmp_path / "a.jpg"), drawn)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["png", "tif", "jpg", "webp"])
def test_every_orientation_comes_upright_once(drawn: Pixels, tmp_path: Path, orientation: int, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    save_oriented(path, STORED[orientation](drawn), orientation)
    loaded = load_photo(path)
    assert loaded.shape == drawn.shape
    assert cosine(loaded, drawn) > 0.999
    assert photo_size(path, MAX_MEGAPIXELS) == (64, 48)


@pytest.mark.parametrize("orientation", [0, 9, 255])
def test_an_unknown_orientation_turns_nothing(drawn: Pixels, tmp_path: Path, orientation: int) -> None:
    save_oriented(tmp_path / "a.png", drawn, orientation)
    assert np.array_equal(load_photo(tmp_path / "a.png"), drawn)


def test_a_shrunk_photo_is_upright_too(drawn: Pixels, tmp_path: Path) -> None:
    save_oriented(tmp_path / "a.png", STORED[6](drawn), 6)
    Image.fromarray(drawn).save(tmp_path / "b.png")
    assert mean_difference(load_photo(tmp_path / "a.png", 20), load_photo(tmp_path / "b.png", 20)) < 0.5


@pytest.mark.parametrize(
    ("size", "max_side", "expected"),
    [
        ((64, 48), 32, (32, 24)),
        ((48, 64), 32, (24, 32)),
        ((64, 48), 64, (64, 48)),
        ((64, 48), 1024, (64, 48)),
        ((64, 48), None, (64, 48)),
        ((1000, 1), 10, (10, 1)),
        ((10, 5), 5, (5, 2)),  # 2.5 goes to the even number
        ((1000, 333), 100, (100, 33)),
    ],
)
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_the_longest_side_is_the_one_wanted(
    tmp_path: Path, size: tuple[int, int], max_side: int | None, expected: tuple[int, int], ending: str
) -> None:
    Image.new("RGB", size).save(tmp_path / f"a.{ending}")
    height, width, channels = load_photo(tmp_path / f"a.{ending}", max_side).shape
    assert (width, height, channels) == (*expected, 3)


def test_shrinking_averages_areas(tmp_path: Path) -> None:
    stripes = np.zeros((8, 8, 3), np.uint8)
    stripes[:, ::2] = 200
    Image.fromarray(stripes).save(tmp_path / "a.png")
    assert np.array_equal(load_photo(tmp_path / "a.png", 4), np.full((4, 4, 3), 100))


def test_a_jpeg_decoded_at_reduced_scale_looks_like_the_full_one(drawn: Pixels, tmp_path: Path) -> None:
    large = Image.fromarray(drawn).resize((1280, 960), Image.Resampling.BICUBIC)
    large.save(tmp_path / "a.jpg", quality=95)
    Image.open(tmp_path / "a.jpg").save(tmp_path / "a.png")
    for max_side in (1000, 500, 123, 40):
        reduced, full = load_photo(tmp_path / "a.jpg", max_side), load_photo(tmp_path / "a.png", max_side)
        assert reduced.shape == full.shape
        assert mean_difference(reduced, full) < 1


def test_a_jpeg_is_decoded_larger_than_wanted_but_not_whole(
    drawn: Pixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(drawn).resize((1280, 960)).save(tmp_path / "a.jpg")
    decoded = []
    shrink = sys.modules["storage.photos"]._shrunk

    def watch(photo: Pixels, size: tuple[int, int]) -> Pixels:
        decoded.append(photo.shape)
        return shrink(photo, size)

    monkeypatch.setattr("storage.photos._shrunk", watch)
    load_photo(tmp_path / "a.jpg", 300)
    assert decoded == [(480, 640, 3)]


@pytest.mark.parametrize("ending", ["mpo", "tif", "png", "gif", "webp"])
def test_the_first_picture_is_taken_of_several(drawn: Pixels, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    Image.fromarray(drawn).save(path, save_all=True, append_images=[Image.new("RGB", (64, 48), "black")])
    assert cosine(load_photo(path), drawn) > 0.99


def test_a_palette_gives_its_colours(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), (10, 200, 30)).quantize(4).save(tmp_path / "a.png")
    assert np.array_equal(load_photo(tmp_path / "a.png")[0, 0], [10, 200, 30])


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_laid_on_white(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 2, 4))
    image.convert(mode).save(tmp_path / "a.png")
    loaded = load_photo(tmp_path / "a.png")
    assert (loaded[:, :2] == 0).all()
    assert (loaded[:, 2:] == 255).all()


def test_the_colour_below_full_transparency_does_not_matter(tmp_path: Path) -> None:
    for name, hidden in (("a.png", (255, 0, 0, 0)), ("b.png", (0, 90, 255, 0))):
        Image.new("RGBA", (4, 4), hidden).save(tmp_path / name)
    assert np.array_equal(load_photo(tmp_path / "a.png"), load_photo(tmp_path / "b.png"))


def test_half_transparent_black_is_grey(tmp_path: Path) -> None:
    Image.new("RGBA", (2, 2), (0, 0, 0, 128)).save(tmp_path / "a.png")
    assert load_photo(tmp_path / "a.png")[0, 0].tolist() == [127, 127, 127]


def test_a_transparent_colour_of_an_rgb_photo_becomes_white(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2), (1, 2, 3)).save(tmp_path / "a.png", transparency=(1, 2, 3))
    assert (load_photo(tmp_path / "a.png") == 255).all()


@pytest.mark.parametrize("ending", ["jpg", "tif"])
def test_cmyk_keeps_light_and_dark(drawn: Pixels, tmp_path: Path, ending: str) -> None:
    Image.fromarray(drawn).convert("CMYK").save(tmp_path / f"a.{ending}")
    assert mean_difference(load_photo(tmp_path / f"a.{ending}"), drawn) < 8


def test_black_and_white_has_two_values(tmp_path: Path) -> None:
    image = Image.new("1", (8, 8), 0)
    image.paste(1, (0, 0, 4, 8))
    image.save(tmp_path / "a.png")
    assert sorted(np.unique(load_photo(tmp_path / "a.png"))) == [0, 255]


def test_lab_becomes_rgb(tmp_path: Path) -> None:
    Image.frombytes("LAB", (2, 2), bytes([128, 0, 0] * 4)).save(tmp_path / "a.tif")
    loaded = load_photo(tmp_path / "a.tif")
    assert np.abs(loaded.astype(int) - 119).max() <= 3  # L* = 50 is sRGB 119


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_16_bit_grey_is_scaled_not_clipped(tmp_path: Path, ending: str) -> None:
    ramp = np.linspace(0, 65535, 64 * 4).astype(np.uint16).reshape(4, 64)
    Image.fromarray(ramp).save(tmp_path / f"a.{ending}")
    loaded = load_photo(tmp_path / f"a.{ending}")
    assert np.array_equal(loaded[:, :, 0], np.rint(ramp / 257).astype(np.uint8))
    assert (loaded == loaded[:, :, :1]).all()


def test_16_bit_big_endian_grey_is_read_alike(tmp_path: Path) -> None:
    image = Image.frombytes("I;16B", (2, 1), struct.pack(">HH", 0, 65535))
    image.save(tmp_path / "a.tif")
    assert load_photo(tmp_path / "a.tif")[0, :, 0].tolist() == [0, 255]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 100, 255], [0, 100, 255]),
        ([0, 257, 65535], [0, 1, 255]),
        ([-1000, 0, 3000], [0, 64, 255]),
        ([0, 1_000_000, 4_000_000], [0, 64, 255]),
    ],
)
def test_32_bit_grey_is_scaled_by_what_its_values_show(tmp_path: Path, values: list[int], expected: list[int]) -> None:
    Image.fromarray(np.array([values], np.int32)).save(tmp_path / "a.tif")
    assert load_photo(tmp_path / "a.tif")[0, :, 0].tolist() == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.4, 1.0], [0, 102, 255]),
        ([0.0, 50.0, 200.0], [0, 50, 200]),
        ([-1.0, 0.0, 3.0], [0, 64, 255]),
        ([float("nan"), float("inf"), 1.0], [0, 0, 255]),
        ([7e9, 7e9, 7e9], [0, 0, 0]),
        ([-3e38, -3e38, 3e38], [0, 0, 255]),
    ],
)
def test_floating_point_grey_is_scaled_by_what_its_values_show(
    tmp_path: Path, values: list[float], expected: list[int]
) -> None:
    Image.fromarray(np.array([values], np.float32)).save(tmp_path / "a.tif")
    assert load_photo(tmp_path / "a.tif")[0, :, 0].tolist() == expected


def test_a_file_that_is_no_photo_is_named_so(tmp_path: Path) -> None:
    for name, content in (("a.jpg", b"<html></html>"), ("b.png", b"%PDF-1.7"), ("c.tif", b"x"), ("d.gif", bytes(64))):
        (tmp_path / name).write_bytes(content)
        assert "is no photo of a known format" in reason_for(tmp_path / name)


def test_formats_that_are_not_accepted_are_not_tried(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.jpg", "PPM")
    assert "is no photo" in reason_for(tmp_path / "a.jpg")


def test_an_empty_file_and_a_missing_one_say_so(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert reason_for(tmp_path / "a.jpg") == "file is empty"
    assert reason_for(tmp_path / "gone.jpg") == "file does not exist"
    assert "cannot be read" in reason_for(tmp_path / "nul\0.jpg")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert reason_for(tmp_path) == "is a folder"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
@pytest.mark.timeout(10)
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    assert reason_for(tmp_path / "a.jpg") == "is no regular file"


def test_a_file_that_must_not_be_read_says_so(jpeg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, _mode: str) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("builtins.open", refuse)
    assert reason_for(jpeg) == "cannot be read: Permission denied"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_cut_photo_is_an_error(drawn: Pixels, tmp_path: Path, kind: str, kept: float) -> None:
    path = tmp_path / "a"
    with open(path, "xb") as file:
        Image.fromarray(drawn).save(file, kind)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    assert "damaged" in reason_for(path)


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.EIO, f"cannot be read: {os.strerror(errno.EIO)}"), (errno.EINVAL, "damaged PNG: [Errno 22]")],
)
def test_a_fault_of_the_disk_is_told_from_a_photo_whose_damage_leads_astray(
    drawn: Pixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(drawn).save(path)

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Image.Image, "load", fail)
    assert reason_for(path).startswith(reason)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("missing", [1, 2, 3, 50])
def test_a_jpeg_whose_last_bytes_are_missing_is_an_error_at_any_scale(
    drawn: Pixels, tmp_path: Path, missing: int, progressive: bool
) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(drawn).resize((640, 480)).save(path, progressive=progressive)
    path.write_bytes(path.read_bytes()[:-missing])
    for max_side in (None, 300, 40):
        with pytest.raises(PhotoError, match="damaged JPEG"):
            load_photo(path, max_side)


def test_random_damage_gives_pixels_or_a_reason_never_another_error(drawn: Pixels, tmp_path: Path) -> None:
    chance = random.Random(7)
    outcomes = {"loaded": 0, "refused": 0}
    path = tmp_path / "a"
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"):
        with open(path, "wb") as file:
            Image.fromarray(drawn).save(file, kind)
        whole = path.read_bytes()
        for _ in range(60):
            damaged = bytearray(whole)
            for _ in range(chance.choice((1, 4, 40))):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            path.write_bytes(damaged)
            try:
                assert load_photo(path, 32).ndim == 3
                outcomes["loaded"] += 1
            except PhotoError:
                outcomes["refused"] += 1
    assert min(outcomes.values()) > 30


def test_a_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    header = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54, 0, 0, 54, 40, 60000, 60000, 1, 24, 0, 0, 0, 0, 0, 0)
    (tmp_path / "a.bmp").write_bytes(header)
    assert reason_for(tmp_path / "a.bmp") == "has more than 100 megapixels"
    with pytest.raises(PhotoError, match="megapixels"):
        photo_size(tmp_path / "a.bmp", MAX_MEGAPIXELS)


def test_the_limit_of_megapixels_is_the_one_given(tmp_path: Path) -> None:
    Image.new("1", (2000, 1000)).save(tmp_path / "a.png")
    assert load_photo(tmp_path / "a.png", 10, max_megapixels=2.0).shape == (5, 10, 3)
    assert reason_for(tmp_path / "a.png", max_megapixels=1.9) == "has more than 1.9 megapixels"


def test_pillow_s_own_limit_is_back_afterwards(jpeg: Path) -> None:
    former = Image.MAX_IMAGE_PIXELS
    load_photo(jpeg, max_megapixels=1.0)
    assert former == Image.MAX_IMAGE_PIXELS


def test_a_photo_above_pillow_s_own_limit_is_taken_where_the_user_allows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("1", (200, 100)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert photo_size(tmp_path / "a.png", MAX_MEGAPIXELS) == (200, 100)


def test_size_is_read_without_decoding(drawn: Pixels, tmp_path: Path) -> None:
    save_oriented(tmp_path / "a.jpg", drawn.repeat(10, 0).repeat(10, 1), 6)
    whole = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(whole[: len(whole) * 2 // 3])
    assert photo_size(tmp_path / "a.jpg", MAX_MEGAPIXELS) == (480, 640)


def test_an_error_of_the_caller_s_own_kind_passes_through(jpeg: Path) -> None:
    with pytest.raises(KeyboardInterrupt), open_photo(jpeg):
        raise KeyboardInterrupt


def test_damaged_tiffs_leave_standard_error_clean_and_open(
    drawn: Pixels, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(drawn).save(tmp_path / "a.tif", compression="tiff_lzw")
    whole = bytearray((tmp_path / "a.tif").read_bytes())
    whole[100:400] = bytes(300)
    (tmp_path / "a.tif").write_bytes(whole)
    reason_for(tmp_path / "a.tif")
    assert capfd.readouterr().err == ""
    os.write(2, b"still there")
    assert capfd.readouterr().err == "still there"


@pytest.mark.filterwarnings("error")
def test_odd_photos_all_decode(shared_dir: Path) -> None:
    folder = shared_dir / "photos" / "odd" / "unusual"
    for name in list_photos(folder):
        height, width, _ = load_photo(folder / name).shape
        assert (width, height) == photo_size(folder / name, MAX_MEGAPIXELS), name


def test_malformed_photos_each_have_a_reason(shared_dir: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = shared_dir / "photos" / "odd" / "malformed"
    names = list_photos(folder)
    assert len(names) == 150
    for name in names:
        assert reason_for(folder / name)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", ["Landscape", "Portrait"])
def test_real_photos_of_all_orientations_come_out_alike(shared_dir: Path, kind: str) -> None:
    folder = shared_dir / "photos" / "odd" / "exif-orientation"
    # The nine files were encoded one by one, so small pictures are compared.
    photos = [load_photo(folder / f"{kind}_{orientation}.jpg", 64) for orientation in range(9)]
    assert min(cosine(photo, photos[1]) for photo in photos) >= 0.999


@pytest.mark.parametrize("ending", ["jpg", "png"])
@pytest.mark.parametrize("max_sides", [[16, 24], [640, 768, 640], [None, 8], [8, 100]])
def test_a_photo_in_several_sizes_is_bit_for_bit_what_it_is_in_each(
    ending: str, max_sides: list[int | None], tmp_path: Path
) -> None:
    path = tmp_path / f"a.{ending}"
    noise = np.random.default_rng(0).integers(0, 256, (300, 1600, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(noise).save(path, exif=exif)
    for found, max_side in zip(load_photo_sizes(path, max_sides), max_sides, strict=True):
        assert np.array_equal(found, load_photo(path, max_side))


def test_sizes_that_are_decoded_at_one_scale_share_the_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (4000, 3000)).save(tmp_path / "a.jpg")
    decode = sys.modules["storage.photos"]._decoded
    scaled = []
    monkeypatch.setattr("storage.photos._decoded", lambda image: scaled.append(image.size) or decode(image))
    first, second, again = load_photo_sizes(tmp_path / "a.jpg", [640, 768, 640])
    assert scaled == [(2000, 1500)] and first is again and second.shape == (576, 768, 3)
    load_photo_sizes(tmp_path / "a.jpg", [640, 320])
    assert scaled[1:] == [(2000, 1500), (1000, 750)]


def test_damaged_pixels_of_a_png_are_seen_by_whoever_asks_for_its_orientation_first(
    drawn: Pixels, tmp_path: Path
) -> None:
    Image.fromarray(drawn).save(tmp_path / "a.png")
    whole = bytearray((tmp_path / "a.png").read_bytes())
    start = whole.index(b"IDAT") + 4
    whole[start + 200 : start + 260] = b"\xa5" * 60
    (tmp_path / "a.png").write_bytes(whole)
    with pytest.raises(PhotoError, match="damaged PNG"), open_photo(tmp_path / "a.png") as image:
        upright_orientation(image)


@pytest.mark.parametrize("name", sorted(REFUSED))
@pytest.mark.timeout(60)
def test_hostile_files_are_refused_soon(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(REFUSED[name]())
    assert reason_for(tmp_path / name)


@pytest.mark.parametrize("name", sorted(name for name in EITHER if not name.startswith(("whole", "float"))))
@pytest.mark.timeout(60)
def test_odd_parts_end_soon(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(EITHER[name]())
    try:
        assert load_photo(tmp_path / name, 64).ndim == 3
    except PhotoError as error:
        assert error.reason


def test_a_bmp_of_run_lengths_is_read_whatever_its_size(tmp_path: Path) -> None:
    width, height = 1000, 400
    row = bytes(value for column in range(width) for value in (1, column % 256)) + b"\0\0"
    pixels = row * (height - 1) + row[:-2] + b"\0\1"
    palette = b"".join(bytes((level, level, level, 0)) for level in range(256))
    offset = 54 + len(palette)
    header = b"BM" + (offset + len(pixels)).to_bytes(4, "little") + bytes(4) + offset.to_bytes(4, "little")
    header += struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(pixels), 0, 0, 256, 0)
    (tmp_path / "a.bmp").write_bytes(header + palette + pixels)
    photo = load_photo(tmp_path / "a.bmp")
    assert photo.shape == (height, width, 3)
    assert (photo[..., 0] == np.arange(width) % 256).all()
