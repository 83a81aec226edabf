from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from storage.errors import PhotoError, StageError
from storage.resizing import read_stored, shrink_photo

SIZE = (32, 24)  # half of the drawn picture
CAMERA, ORIENTATION, DATE = 0x0110, 0x0112, 0x9003
EXIF, GPS = 0x8769, 0x8825


def exif_block(orientation: int = 6) -> Image.Exif:
    """EXIF as a camera writes it: size tags, position, date, a maker note."""
    exif = Image.Exif()
    exif[CAMERA], exif[ORIENTATION] = "Camera", orientation
    exif[EXIF] = {0xA002: 64, 0xA003: 48, DATE: "2020:08:04 18:08:00", 0x927C: b"\0maker\xff"}
    exif[GPS] = {1: "N", 2: (33.0, 54.0, 5.25), 3: "E", 4: (35.0, 31.0, 8.5)}
    return exif


def shrink(source: Path, size: tuple[int, int] = SIZE, quality: int = 95) -> Path:
    target = source.with_name(f"small_{source.name}")
    shrink_photo(source, target, size, quality, 100.0)
    return target


def pixels(path: Path) -> NDArray[Any]:
    with Image.open(path) as image:
        return np.asarray(image).astype(np.float64)


@pytest.fixture
def save(drawn: NDArray[np.uint8], tmp_path: Path) -> Callable[..., Path]:
    """Save the drawn picture under a name, in a mode, with options."""

    def save(name: str, mode: str = "RGB", **options: Any) -> Path:
        path = tmp_path / name
        Image.fromarray(drawn).convert(mode).save(path, **options)
        return path

    return save


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.bmp"])
def test_format_and_wanted_size_hold(name: str, save: Callable[..., Path]) -> None:
    source = save(name)
    target = shrink(source)
    with Image.open(source) as before, Image.open(target) as after:
        assert (after.size, after.format, after.mode) == (SIZE, before.format, before.mode)


def test_heic_stays_heic(save: Callable[..., Path]) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    source = save("a.heic", exif=exif_block(1).tobytes())
    target = shrink(source)
    with Image.open(target) as image:
        assert (image.format, image.size) == ("HEIF", SIZE)
        assert image.getexif().get_ifd(GPS)[1] == "N"
        assert image.getexif().get_ifd(EXIF)[0xA002] == SIZE[0]


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif"])
def test_pixels_are_those_of_the_lanczos_filter(name: str, save: Callable[..., Path], drawn: NDArray[np.uint8]) -> None:
    expected = np.asarray(Image.fromarray(drawn).resize(SIZE, Image.Resampling.LANCZOS))
    assert np.array_equal(pixels(shrink(save(name))), expected)


def test_jpeg_stays_close_to_the_lanczos_filter(save: Callable[..., Path], drawn: NDArray[np.uint8]) -> None:
    expected = np.asarray(Image.fromarray(drawn).resize(SIZE, Image.Resampling.LANCZOS)).astype(float)
    assert np.abs(pixels(shrink(save("a.jpg", quality=95, subsampling=0))) - expected).mean() < 2


def test_aspect_may_be_a_pixel_off_as_asked(save: Callable[..., Path]) -> None:
    with Image.open(shrink(save("a.jpg"), (21, 1))) as image:
        assert image.size == (21, 1)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_exif_is_kept_and_tells_the_new_size(name: str, save: Callable[..., Path]) -> None:
    target = shrink(save(name, exif=exif_block().tobytes()))
    with Image.open(target) as image:
        exif = image.getexif()
        assert (exif[CAMERA], exif[ORIENTATION]) == ("Camera", 6)
        assert exif.get_ifd(GPS) == {1: "N", 2: (33.0, 54.0, 5.25), 3: "E", 4: (35.0, 31.0, 8.5)}
        details = exif.get_ifd(EXIF)
        assert (details[0xA002], details[0xA003]) == SIZE
        assert (details[DATE], details[0x927C]) == ("2020:08:04 18:08:00", b"\0maker\xff")


def test_image_size_tags_of_the_first_directory_tell_the_new_size(save: Callable[..., Path]) -> None:
    exif = exif_block()
    exif[0x0100], exif[0x0101] = 64, 48
    with Image.open(shrink(save("a.jpg", exif=exif.tobytes()))) as image:
        assert (image.getexif()[0x0100], image.getexif()[0x0101]) == SIZE


def test_size_tags_are_not_made_up(save: Callable[..., Path]) -> None:
    exif = Image.Exif()
    exif[CAMERA] = "Camera"
    target = shrink(save("a.jpg", exif=exif.tobytes()))
    with Image.open(target) as image:
        assert dict(image.getexif()) == {CAMERA: "Camera"}


def test_exif_without_size_or_thumbnail_is_kept_byte_for_byte(save: Callable[..., Path]) -> None:
    exif = Image.Exif()
    exif[CAMERA], exif[GPS] = "Camera", {1: "S", 2: (1.0, 2.0, 3.0)}
    block = exif.tobytes()
    with Image.open(shrink(save("a.jpg", exif=block))) as image:
        assert image.info["exif"] == block


def test_exif_that_cannot_be_understood_is_kept_byte_for_byte(save: Callable[..., Path]) -> None:
    block = b"Exif\0\0MM\0*\xff\xff\xff\xff broken"
    with Image.open(shrink(save("a.jpg", exif=block))) as image:
        assert image.info["exif"] == block


def _with_thumbnail() -> bytes:
    """An EXIF block whose second directory holds a thumbnail, written byte by byte (TIFF 6.0, section 2)."""

    def directory(*entries: tuple[int, int, bytes]) -> bytes:
        rows = [tag.to_bytes(2, "big") + kind.to_bytes(2, "big") + b"\0\0\0\1" + value for tag, kind, value in entries]
        return len(rows).to_bytes(2, "big") + b"".join(rows)

    first = directory((ORIENTATION, 3, b"\0\6\0\0"))
    second_at = 8 + len(first) + 4
    thumbnail_at = second_at + len(directory((0, 4, bytes(4)), (0, 4, bytes(4)))) + 4
    second = directory((0x0201, 4, thumbnail_at.to_bytes(4, "big")), (0x0202, 4, (20).to_bytes(4, "big")))
    thumbnail = b"\xff\xd8" + bytes(16) + b"\xff\xd9"
    return b"Exif\0\0MM\0*\0\0\0\x08" + first + second_at.to_bytes(4, "big") + second + bytes(4) + thumbnail


def test_thumbnail_of_the_former_pixels_goes(save: Callable[..., Path]) -> None:
    source = save("a.jpg", exif=_with_thumbnail())
    with Image.open(source) as image:
        assert image.getexif().get_ifd(ExifTags.IFD.IFD1)
    with Image.open(shrink(source)) as image:
        assert not image.getexif().get_ifd(ExifTags.IFD.IFD1)
        assert image.getexif()[ORIENTATION] == 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_stays_with_the_pixels(orientation: int, save: Callable[..., Path]) -> None:
    with Image.open(shrink(save("a.jpg", exif=exif_block(orientation).tobytes()))) as image:
        assert image.getexif()[ORIENTATION] == orientation
        assert image.size == SIZE


def test_turned_tiff_stays_upright(save: Callable[..., Path]) -> None:
    source = save("a.tif", exif=exif_block(6).tobytes())
    stored = read_stored(source, 100.0).size
    target = shrink(source, (stored[0] // 2, stored[1] // 2))
    with Image.open(source) as before, Image.open(target) as after:
        before.load()
        after.load()
        assert after.size == (before.width // 2, before.height // 2)
        expected = np.asarray(before.resize(after.size, Image.Resampling.LANCZOS))
        assert np.array_equal(np.asarray(after), expected)


def test_position_and_date_of_a_tiff_are_kept(save: Callable[..., Path]) -> None:
    with Image.open(shrink(save("a.tif", exif=exif_block(1).tobytes()))) as image:
        exif = image.getexif()
        assert exif[CAMERA] == "Camera"
        assert exif.get_ifd(GPS)[4] == (35.0, 31.0, 8.5)
        assert exif.get_ifd(EXIF)[DATE] == "2020:08:04 18:08:00"
        assert exif.get_ifd(EXIF)[0xA002] == SIZE[0]


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
def test_tiff_compression_is_kept(compression: str, save: Callable[..., Path]) -> None:
    with Image.open(shrink(save("a.tif", compression=compression))) as image:
        assert image.info["compression"] == compression


def test_fax_picture_gets_a_compression_that_holds_grey(save: Callable[..., Path]) -> None:
    target = shrink(save("a.tif", mode="1", compression="group4"))
    with Image.open(target) as image:
        assert (image.mode, image.info["compression"], image.size) == ("L", "tiff_lzw", SIZE)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_colour_profile_is_kept(name: str, save: Callable[..., Path]) -> None:
    profile = b"a colour profile" * 20
    with Image.open(shrink(save(name, icc_profile=profile))) as image:
        assert image.info["icc_profile"] == profile


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_jpeg_subsampling_is_kept(subsampling: int, save: Callable[..., Path]) -> None:
    with Image.open(shrink(save("a.jpg", subsampling=subsampling))) as image:
        assert JpegImagePlugin.get_sampling(image) == subsampling


@pytest.mark.parametrize("progressive", [False, True])
def test_progressive_jpeg_stays_one(progressive: bool, save: Callable[..., Path]) -> None:
    with Image.open(shrink(save("a.jpg", progressive=progressive))) as image:
        assert ("progressive" in image.info) == progressive


@pytest.mark.parametrize(("name", "mode"), [("a.jpg", "CMYK"), ("a.jpg", "L"), ("a.png", "LA"), ("a.png", "RGBA")])
def test_colour_mode_is_kept(name: str, mode: str, save: Callable[..., Path]) -> None:
    with Image.open(shrink(save(name, mode=mode))) as image:
        assert image.mode == mode


def test_comment_resolution_and_xmp_are_kept(save: Callable[..., Path]) -> None:
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'></x:xmpmeta>"
    with Image.open(shrink(save("a.jpg", comment=b"collapsed", dpi=(300, 300), xmp=xmp))) as image:
        assert image.info["comment"] == b"collapsed"
        assert image.info["dpi"] == (300, 300)
        assert image.info["xmp"] == xmp


def test_png_texts_are_kept(save: Callable[..., Path]) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "somebody")
    texts.add_itxt("Title", "Straße", "de", "Titel")
    with Image.open(shrink(save("a.png", pnginfo=texts))) as image:
        assert isinstance(image, PngImagePlugin.PngImageFile)
        assert image.text == {"Author": "somebody", "Title": "Straße"}


@pytest.mark.parametrize("lossless", [True, False])
def test_lossless_webp_stays_lossless(lossless: bool, save: Callable[..., Path], drawn: NDArray[np.uint8]) -> None:
    target = shrink(save("a.webp", lossless=lossless))
    expected = np.asarray(Image.fromarray(drawn).resize(SIZE, Image.Resampling.LANCZOS))
    assert np.array_equal(pixels(target), expected) == lossless


def test_palette_becomes_colours_that_can_be_mixed(save: Callable[..., Path]) -> None:
    with Image.open(shrink(save("a.png", mode="P"))) as image:
        assert image.mode == "RGB"


def test_transparent_palette_entry_stays_transparent(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    image = Image.new("P", (64, 48), 1)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(0, (0, 0, 32, 48))
    image.save(source, transparency=0)
    with Image.open(shrink(source)) as small:
        assert small.mode == "RGBA"
        assert small.getchannel("A").getpixel((2, 5)) == 0
        assert small.getpixel((30, 5)) == (0, 0, 255, 255)


def test_transparent_colour_of_an_rgb_png_stays_transparent(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.new("RGB", (64, 48), (1, 2, 3)).save(source, transparency=(1, 2, 3))
    with Image.open(shrink(source)) as small:
        assert small.getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_16_bit_grey_keeps_its_depth(name: str, tmp_path: Path) -> None:
    source = tmp_path / name
    ramp = np.linspace(0, 65535, 48 * 64).reshape(48, 64).astype(np.uint16)
    Image.fromarray(ramp).save(source)
    small = pixels(shrink(source))
    expected = np.asarray(Image.fromarray(ramp.astype(np.float32)).resize(SIZE, Image.Resampling.LANCZOS))
    assert np.abs(small - expected).max() <= 1
    assert len(np.unique(small)) > 256


def test_16_bit_colour_is_left_alone(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    for name in ("a.png", "a.tiff"):
        path = tmp_path / name
        cv2.imwrite(str(path), np.full((48, 64, 3), 40000, np.uint16))
        assert "16-bit" in read_stored(path, 100.0).left_alone


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.tif"])
def test_animations_and_pages_are_left_alone(name: str, save: Callable[..., Path]) -> None:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "blue")]
    assert read_stored(save(name, save_all=True, append_images=frames), 100.0).left_alone


def test_second_picture_of_an_mpo_does_not_matter(save: Callable[..., Path]) -> None:
    source = save("a.mpo", save_all=True, append_images=[Image.new("RGB", (8, 8))])
    with Image.open(source) as image:
        assert image.format == "MPO"
    assert read_stored(source, 100.0).left_alone == ""
    with Image.open(shrink(source)) as image:
        assert (image.format, image.size) == ("JPEG", SIZE)


def test_stored_size_is_read_without_the_orientation(save: Callable[..., Path]) -> None:
    assert read_stored(save("a.jpg", exif=exif_block(6).tobytes()), 100.0).size == (64, 48)


def test_time_of_change_is_kept(save: Callable[..., Path]) -> None:
    source = save("a.jpg")
    os.utime(source, ns=(10**18, 10**18))
    assert shrink(source).stat().st_mtime_ns == 10**18


def test_source_is_only_read(save: Callable[..., Path]) -> None:
    source = save("a.jpg")
    before = (hashlib.sha256(source.read_bytes()).hexdigest(), source.stat().st_mtime_ns, source.stat().st_ino)
    shrink(source)
    assert (hashlib.sha256(source.read_bytes()).hexdigest(), source.stat().st_mtime_ns, source.stat().st_ino) == before


def test_resizing_twice_gives_the_same_bytes(save: Callable[..., Path]) -> None:
    source = save("a.jpg", exif=exif_block().tobytes())
    assert shrink(source).read_bytes() == shrink(source).read_bytes()


def test_lower_quality_makes_a_smaller_file(save: Callable[..., Path]) -> None:
    source = save("a.jpg")
    assert shrink(source, quality=30).stat().st_size < shrink(source, quality=95).stat().st_size


@pytest.mark.parametrize("content", [b"", b"no photo at all", b"\xff\xd8\xff\xe0 cut"])
def test_what_cannot_be_decoded_is_a_photo_error(content: bytes, tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(content)
    with pytest.raises(PhotoError):
        shrink(source)
    assert list(tmp_path.iterdir()) == [source]


def test_cut_photo_is_a_photo_error(save: Callable[..., Path]) -> None:
    source = save("a.png")
    source.write_bytes(source.read_bytes()[:-200])
    with pytest.raises(PhotoError):
        shrink(source)


def test_too_large_a_photo_is_refused(save: Callable[..., Path]) -> None:
    source = save("a.jpg")
    with pytest.raises(PhotoError, match="megapixels"):
        read_stored(source, 0.001)
    with pytest.raises(PhotoError, match="megapixels"):
        shrink_photo(source, source.with_name("b.jpg"), SIZE, 95, 0.001)


def test_full_disk_is_the_disk_s_fault(save: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    source = save("a.jpg")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "utime", full)
    with pytest.raises(StageError, match="No space left"):
        shrink(source)


def test_what_its_format_cannot_hold_is_the_photo_s_fault(
    save: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = save("a.jpg")

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("encoder error -2")

    monkeypatch.setattr(Image.Image, "save", refuse)
    with pytest.raises(PhotoError, match="cannot be written as JPEG again"):
        shrink(source)


def test_exif_fractions_are_kept_exactly(save: Callable[..., Path]) -> None:
    exif = Image.Exif()
    exif[EXIF] = {0x829A: TiffImagePlugin.IFDRational(1, 250), 0xA002: 64}
    with Image.open(shrink(save("a.jpg", exif=exif.tobytes()))) as image:
        exposure = image.getexif().get_ifd(EXIF)[0x829A]
        assert (exposure.numerator, exposure.denominator) == (1, 250)


def test_unusual_real_photos_shrink_or_say_why_not(shared_dir: Path, tmp_path: Path) -> None:
    for source in sorted((shared_dir / "photos" / "odd" / "unusual").iterdir()):
        if source.suffix == ".csv":
            continue
        stored = read_stored(source, 100.0)
        if stored.left_alone:
            continue
        size = (max(1, stored.size[0] // 2), max(1, stored.size[1] // 2))
        target = tmp_path / source.name
        shrink_photo(source, target, size, 95, 100.0)
        assert read_stored(target, 100.0).size == size, source.name


def test_malformed_real_photos_never_raise_anything_else(shared_dir: Path, tmp_path: Path) -> None:
    num_refused = 0
    for source in sorted((shared_dir / "photos" / "odd" / "malformed").iterdir())[:60]:
        try:
            if not read_stored(source, 30.0).left_alone:
                shrink_photo(source, tmp_path / "small", (4, 4), 95, 30.0)
        except PhotoError as error:
            num_refused += 1
            assert error.reason
    assert num_refused > 30


def test_damaged_pixels_of_a_png_are_not_made_into_a_good_photo(save: Callable[..., Path]) -> None:
    source = save("a.png")
    whole = bytearray(source.read_bytes())
    start = whole.index(b"IDAT") + 4
    whole[start + 200 : start + 260] = b"\xa5" * 60
    source.write_bytes(whole)
    with pytest.raises(PhotoError, match="damaged PNG"):
        shrink(source)
    assert not source.with_name("small_a.png").exists()
