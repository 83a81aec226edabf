from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from storage.errors import PhotoError
from storage.photos import load_photo
from storage.preprocessing import Prepared, Recipe, prepare_photo, target_format, with_ending
from storage.trimming import Frame

EXIF, GPS, ORIENTATION = 0x8769, 0x8825, 0x0112
ENDING_OF = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "TIFF": "tif", "BMP": "bmp"}


@pytest.fixture
def save(drawn: NDArray[np.uint8], tmp_path: Path) -> Callable[..., Path]:
    """Save the drawn picture (48 high, 64 wide) under a name, in a mode, with options."""

    def save(name: str, mode: str = "RGB", **options: Any) -> Path:
        path = tmp_path / name
        Image.fromarray(drawn).convert(mode).save(path, **options)
        return path

    return save


def prepare(source: Path, file_format: str = "PNG", **recipe: Any) -> tuple[Path, Prepared]:
    target = source.with_name(f"new_{source.stem}.{ENDING_OF.get(file_format, 'bin')}")
    return target, prepare_photo(source, target, file_format, Recipe(**recipe))


def pixels(path: Path) -> NDArray[Any]:
    with Image.open(path) as image:
        return np.asarray(image)


def exif_block(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0110], exif[ORIENTATION] = "Camera", orientation
    exif[EXIF] = {0xA002: 64, 0xA003: 48}
    exif[GPS] = {1: "N", 2: (33.0, 54.0, 5.25)}
    return exif.tobytes()


# Names and formats


@pytest.mark.parametrize(
    ("name", "file_format", "expected"),
    [
        ("a.png", "JPEG", "a.jpg"),
        ("a.jpg", "JPEG", "a.jpg"),
        ("a.JPG", "JPEG", "a.JPG"),
        ("a.jpeg", "JPEG", "a.jpeg"),
        ("a.b.c.png", "JPEG", "a.b.c.jpg"),
        ("day 1.5/a.tiff", "PNG", "day 1.5/a.png"),
        ("photo.2019", "JPEG", "photo.2019.jpg"),
        ("photo", "PNG", "photo.png"),
        ("x.gif", "PNG", "x.png"),
    ],
)
def test_a_name_gets_the_ending_of_the_format(name: str, file_format: str, expected: str) -> None:
    assert with_ending(name, file_format) == expected


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.bmp"])
def test_keep_means_each_photo_s_own_format(name: str, save: Callable[..., Path]) -> None:
    assert ENDING_OF[target_format(save(name), "keep", 100)] == name.split(".")[1]


def test_a_gif_is_kept_as_png(save: Callable[..., Path]) -> None:
    assert target_format(save("a.gif"), "keep", 100) == "PNG"


def test_what_is_no_photo_has_no_format(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no photo")
    with pytest.raises(PhotoError):
        target_format(tmp_path / "a.jpg", "keep", 100)


# Conversion


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.bmp", "a.gif"])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_any_format_becomes_the_wanted_one(name: str, file_format: str, save: Callable[..., Path]) -> None:
    source = save(name)
    target, made = prepare(source, file_format, quality=95)
    with Image.open(target) as image:
        assert (image.format, image.size, made.size) == (file_format, (64, 48), (64, 48))
    assert np.abs(load_photo(target).astype(int) - load_photo(source)).mean() < 5


def test_heic_becomes_jpeg(save: Callable[..., Path]) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    target, _ = prepare(save("a.heic", exif=exif_block(1)), "JPEG")
    with Image.open(target) as image:
        assert image.format == "JPEG" and image.getexif().get_ifd(GPS)[1] == "N"


def test_a_photo_with_nothing_to_do_is_copied_byte_for_byte(save: Callable[..., Path]) -> None:
    source = save("a.jpg", quality=71)
    target, made = prepare(source, "JPEG", trim_max=0.45)
    assert made.is_copied and target.read_bytes() == source.read_bytes()


def test_a_turned_photo_is_not_copied_but_turned(save: Callable[..., Path]) -> None:
    _, made = prepare(save("a.jpg", exif=exif_block(6)), "JPEG")
    assert not made.is_copied and made.size == (48, 64)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_orientation_is_applied_once_and_position_is_kept(
    orientation: int, name: str, save: Callable[..., Path]
) -> None:
    source = save(name, exif=exif_block(orientation), **({"lossless": True} if name == "a.webp" else {}))
    target, _ = prepare(source, "PNG", size=None, square="pad")
    square = load_photo(target)
    upright = load_photo(source)
    height, width = upright.shape[:2]
    top, left = (64 - height) // 2, (64 - width) // 2
    assert np.array_equal(square[top : top + height, left : left + width], upright)
    with Image.open(target) as image:
        exif = image.getexif()
        assert exif.get(ORIENTATION, 1) == 1 and exif[0x0110] == "Camera"
        assert exif.get_ifd(GPS)[2] == (33.0, 54.0, 5.25)
        assert exif.get_ifd(EXIF)[0xA002] == exif.get_ifd(EXIF)[0xA003] == 64


def test_orientation_in_xmp_is_made_true(save: Callable[..., Path]) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" a="6"/></x:xmpmeta>'
    target, _ = prepare(save("a.jpg", xmp=xmp), "JPEG", square="pad")
    with Image.open(target) as image:
        assert b'tiff:Orientation="1" a="6"' in image.info["xmp"]


def test_colour_profile_resolution_and_time_are_kept(save: Callable[..., Path]) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = save("a.png", icc_profile=profile, dpi=(300, 300))
    os.utime(source, ns=(10**18, 10**18))
    target, _ = prepare(source, "JPEG")
    with Image.open(target) as image:
        assert image.info["icc_profile"] == profile and round(image.info["dpi"][0]) == 300
    assert target.stat().st_mtime_ns == 10**18


def test_a_profile_of_other_colours_goes(save: Callable[..., Path]) -> None:
    target, _ = prepare(save("a.jpg", "CMYK", icc_profile=b"of printing ink" * 20), "PNG")
    with Image.open(target) as image:
        assert image.mode == "RGB" and "icc_profile" not in image.info


# Modes


@pytest.mark.parametrize(
    ("mode", "file_format", "expected"),
    [
        ("L", "JPEG", "L"),
        ("LA", "PNG", "LA"),
        ("RGBA", "PNG", "RGBA"),
        ("RGBA", "JPEG", "RGB"),
        ("LA", "JPEG", "L"),
        ("P", "PNG", "RGB"),
        ("1", "JPEG", "L"),
    ],
)
@pytest.mark.parametrize("square", ["pad", "blur", "reflect"])
def test_grey_and_opacity_stay_where_the_format_holds_them(
    mode: str, file_format: str, expected: str, square: str, save: Callable[..., Path]
) -> None:
    target, _ = prepare(save("a.png", mode), file_format, square=square, size=(32, 32))
    with Image.open(target) as image:
        assert (image.mode, image.size) == (expected, (32, 32))


def test_transparency_is_laid_on_white_and_said(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.new("RGBA", (8, 6), (200, 0, 0, 0)).save(source)
    target, made = prepare(source, "JPEG")
    assert (pixels(target) > 250).all() and made.notes == ("transparency was laid on white",)


def test_16_bit_grey_keeps_its_depth_in_png_and_loses_it_with_a_word_in_jpeg(tmp_path: Path) -> None:
    source = tmp_path / "a.tif"
    ramp = np.linspace(0, 65535, 48 * 64).reshape(48, 64).astype(np.uint16)
    Image.fromarray(ramp).save(source)
    target, made = prepare(source, "PNG", square="reflect")
    assert pixels(target).max() > 60000 and np.array_equal(pixels(target)[8:56], ramp) and not made.notes
    target, made = prepare(source, "JPEG")
    assert pixels(target).dtype == np.uint8 and "8 bit" in made.notes[0]


def test_of_an_animation_the_first_picture_is_taken_and_that_is_said(save: Callable[..., Path]) -> None:
    source = save("a.gif", save_all=True, append_images=[Image.new("RGB", (64, 48), "red")])
    target, made = prepare(source, "PNG")
    assert made.notes == ("the first of several pictures was taken",)
    assert np.array_equal(load_photo(target), load_photo(source))


# Steps


def test_frame_goes_then_borders_come_then_the_size(drawn: NDArray[np.uint8], tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.fromarray(np.pad(drawn, ((10, 10), (12, 13), (0, 0)), constant_values=255)).save(source)
    target, made = prepare(source, "PNG", trim_max=0.45, square="blur", size=(128, 128))
    assert made == Prepared((128, 128), Frame(12, 13, 10, 10), is_squared=True)
    middle = np.asarray(Image.fromarray(drawn).resize((128, 96), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(pixels(target)[20:108].astype(int) - middle[4:92]).max() <= 2


def test_frames_stay_unless_asked(drawn: NDArray[np.uint8], tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.fromarray(np.pad(drawn, ((10, 10), (12, 13), (0, 0)), constant_values=255)).save(source)
    assert prepare(source)[1].frame == Frame()


def test_size_alone_is_the_lanczos_filter_s(save: Callable[..., Path], drawn: NDArray[np.uint8]) -> None:
    target, _ = prepare(save("a.png"), "PNG", size=(30, 40))
    expected = np.asarray(Image.fromarray(drawn).resize((30, 40), Image.Resampling.LANCZOS))
    assert np.array_equal(pixels(target), expected)


def test_lower_quality_makes_a_smaller_file(save: Callable[..., Path]) -> None:
    sizes = [prepare(save("a.png"), "JPEG", quality=quality)[0].stat().st_size for quality in (30, 95)]
    assert sizes[0] < sizes[1]


def test_the_source_is_only_read(save: Callable[..., Path]) -> None:
    source = save("a.png")
    before = (hashlib.sha256(source.read_bytes()).hexdigest(), source.stat().st_mtime_ns, source.stat().st_ino)
    prepare(source, "JPEG", square="blur")
    assert (hashlib.sha256(source.read_bytes()).hexdigest(), source.stat().st_mtime_ns, source.stat().st_ino) == before


@pytest.mark.parametrize("content", [b"", b"no photo at all", b"\xff\xd8\xff\xe0 cut"])
def test_what_cannot_be_decoded_is_a_photo_error_and_leaves_nothing(content: bytes, tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(content)
    with pytest.raises(PhotoError):
        prepare(source, "JPEG")
    assert list(tmp_path.iterdir()) == [source]


def test_what_the_format_cannot_hold_is_the_photo_s_fault(
    save: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = save("a.png")

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("encoder error -2")

    monkeypatch.setattr(Image.Image, "save", refuse)
    with pytest.raises(PhotoError, match="cannot be written as JPEG"):
        prepare(source, "JPEG")


def test_unusual_real_photos_become_jpegs_or_say_why_not(shared_dir: Path, tmp_path: Path) -> None:
    made = 0
    for source in sorted((shared_dir / "photos" / "odd" / "unusual").iterdir()):
        target = tmp_path / f"{source.name}.jpg"
        try:
            prepared = prepare_photo(source, target, "JPEG", Recipe(trim_max=0.45, square="blur", size=(64, 64)))
        except PhotoError as error:
            assert error.reason
            continue
        made += 1
        with Image.open(target) as image:
            assert (image.format, image.size, prepared.size) == ("JPEG", (64, 64), (64, 64))
    assert made > 20
