"""JPEGs decoded by torchvision in place of the workers; here with its decoder for the processor."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from hloc import device_decoding
from hloc.device_decoding import DeviceDecoder, EncodedWork, area_shares, open_device_decoder, shrink_areas
from hloc.extraction import extract
from hloc.feature_run import FeatureRun, Resources
from stages.extract import extract_features
from stages.settings.pipeline import ExtractSettings
from storage.errors import PhotoError
from storage.photos import load_photo, load_photo_sizes
from storage.plain_jpeg import PlainJpeg, read_plain_jpeg
from tests.drawn_photos import draw_photo, save_photos
from tests.fake_models import MeanColour

torch = pytest.importorskip("torch", reason="nvJPEG comes through torchvision")
pytest.importorskip("torchvision.io")
MOST_MEAN_DIFFERENCE = 2.0  # grey levels, to load_photo
LEAST_COSINE = 0.9999  # of descriptors of the two decoders


def save(path: Path, seed: int = 0, size: tuple[int, int] = (400, 300), **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    draw_photo(seed, *size).save(path, **{"quality": 90} | options)
    return path


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def run_of(folder: Path, decoder: DeviceDecoder | None) -> FeatureRun:
    path = folder / f"{'gpu' if decoder else 'cpu'}.h5"
    return FeatureRun(folder / "photos", path, MeanColour(), resources=Resources(0), decoder=decoder)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "photos").iterdir())


# -- which photos are plain -------------------------------------------------------------------------------------------


def test_a_plain_jpeg_is_read_whole_with_its_orientation(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", exif=turned(6))
    assert read_plain_jpeg(path) == PlainJpeg(path.read_bytes(), 6)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_colours_are_left_to_the_processor(tmp_path: Path, mode: str) -> None:
    draw_photo(1).convert(mode).save(tmp_path / "a.jpg")
    assert read_plain_jpeg(tmp_path / "a.jpg") is None


def test_other_formats_and_files_of_several_pictures_are_left_to_the_processor(tmp_path: Path) -> None:
    draw_photo(1).save(tmp_path / "a.png")
    draw_photo(1).save(tmp_path / "b.jpg", "MPO", save_all=True, append_images=[draw_photo(2)])
    draw_photo(1).save(tmp_path / "c.jpg", keep_rgb=True)
    for name in ("a.png", "b.jpg", "c.jpg"):
        assert read_plain_jpeg(tmp_path / name) is None


def test_a_cut_jpeg_is_left_to_the_processor_which_says_what_is_wrong(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg")
    path.write_bytes(path.read_bytes()[:-300])
    assert read_plain_jpeg(path) is None


def test_too_large_a_photo_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="megapixels"):
        read_plain_jpeg(save(tmp_path / "a.jpg"), max_megapixels=0.01)


# -- pixels -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(64, 48), (133, 77), (1, 1), (399, 299), (400, 300)])
def test_areas_are_averaged_as_opencv_does(size: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    found = shrink_areas(torch.from_numpy(photo).permute(2, 0, 1), size).permute(1, 2, 0).numpy()
    expected = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected.astype(int)).max() <= 1


@pytest.mark.parametrize(("have", "want"), [(7, 3), (8, 4), (5, 5), (100, 1), (4000, 640)])
def test_each_place_gets_one_pixel_in_all(have: int, want: int) -> None:
    shares = area_shares(have, want)
    assert shares.shape == (want, have) and (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(shares.sum(axis=0), want / have, rtol=1e-4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_upright_and_within_two_grey_levels_of_the_processors(tmp_path: Path, orientation: int) -> None:
    path = save(tmp_path / "photos" / "a.jpg", 3, (800, 600), exif=turned(orientation))
    decoder, work = DeviceDecoder("cpu", 4), run_of(tmp_path, None).photo_jobs(np.asarray, []).work
    item = EncodedWork(work)("a.jpg")  # type: ignore[arg-type]
    (result,) = decoder.stream(iter([item]), work, [])  # type: ignore[arg-type]
    expected = load_photo(path, 64)
    assert result.value.shape == expected.shape
    assert np.abs(result.value.astype(int) - expected.astype(int)).mean() <= MOST_MEAN_DIFFERENCE


# -- the stream -------------------------------------------------------------------------------------------------------


def mixed_photos(folder: Path) -> list[str]:
    save_photos(folder / "photos", 9)
    draw_photo(50).save(folder / "photos" / "a.png")
    draw_photo(51).convert("L").save(folder / "photos" / "grey.jpg")
    save(folder / "photos" / "large.jpg", 52, (900, 700), exif=turned(6))
    cut = save(folder / "photos" / "cut.jpg", 53)
    cut.write_bytes(cut.read_bytes()[:300])
    return names_in(folder)


def test_both_decoders_describe_and_skip_the_same_photos(tmp_path: Path) -> None:
    names = mixed_photos(tmp_path)
    one, other = (extract(run_of(tmp_path, each), names).features for each in (None, DeviceDecoder("cpu", 4)))
    assert one.names == other.names and len(one.names) == 12
    assert one.skipped == other.skipped and [photo.name for photo in one.skipped] == ["cut.jpg"]
    assert one.exif == other.exif and one.fingerprints == other.fingerprints
    np.testing.assert_array_equal(one.image_sizes, other.image_sizes)
    assert ((one.descriptors * other.descriptors).sum(axis=1) >= LEAST_COSINE).all()


def test_what_decoded_stands_in_the_settings(tmp_path: Path) -> None:
    assert "jpeg_decoder" not in run_of(tmp_path, None).settings
    assert run_of(tmp_path, DeviceDecoder("cpu", 4)).settings["jpeg_decoder"] == "gpu"


def test_a_photo_that_the_device_refuses_is_decoded_by_the_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    names = save_photos(tmp_path / "photos", 5)
    (tmp_path / "photos" / names[2]).write_bytes(save(tmp_path / "odd.jpg", 7, (64, 64)).read_bytes())
    plain = device_decoding.import_torchvision_io().decode_jpeg

    def refuse(contents: list[Any], **options: Any) -> Any:
        if any(len(content) == (tmp_path / "odd.jpg").stat().st_size for content in contents):
            raise RuntimeError("nvjpeg: unsupported")
        return plain(contents, **options)

    monkeypatch.setattr(DeviceDecoder, "_decoder", lambda _self: refuse)
    with caplog.at_level(logging.WARNING):
        result = extract(run_of(tmp_path, DeviceDecoder("cpu", 3)), names)
    assert list(result.features.names) == names and not result.features.skipped
    assert f"{names[2]}: the GPU cannot decode it (nvjpeg: unsupported); the processor does" in caplog.text
    expected = extract(run_of(tmp_path, None), names).features.descriptors
    assert (result.features.descriptors[2] == expected[2]).all()


def test_a_photo_that_neither_decodes_is_skipped_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = save_photos(tmp_path / "photos", 3)
    path = tmp_path / "photos" / names[1]
    path.write_bytes(path.read_bytes()[:-400] + b"\xff\xd9")

    def refuse(_contents: list[Any], **_options: Any) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr(DeviceDecoder, "_decoder", lambda _self: refuse)
    monkeypatch.setattr(
        "hloc.stream.load_photo_sizes",
        lambda path, *rest: _refused(path, names[1]) if path.name == names[1] else load_photo_sizes(path, *rest),
    )
    result = extract(run_of(tmp_path, DeviceDecoder("cpu", 2)), names)
    assert [(photo.name, photo.reason) for photo in result.features.skipped] == [(names[1], "damaged JPEG")]
    assert list(result.features.names) == [names[0], names[2]]


def _refused(_path: Path, _name: str) -> Any:
    raise PhotoError("damaged JPEG")


@pytest.mark.parametrize("device", ["cpu", "mps", "the processor"])
def test_without_an_nvidia_gpu_the_processor_decodes_after_one_line(
    device: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert open_device_decoder(device, 8) is None
    assert f"the network computes on {device}, no NVIDIA GPU; the processor decodes" in caplog.text


def test_a_gpu_without_nvjpeg_leaves_decoding_to_the_processor(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing(_contents: list[Any], **_options: Any) -> Any:
        raise RuntimeError("torchvision was built without nvJPEG")

    monkeypatch.setattr(device_decoding.import_torchvision_io(), "decode_jpeg", missing)
    assert open_device_decoder("cuda:0", 8) is None
    assert "nvJPEG does not work here (torchvision was built without nvJPEG)" in caplog.text


def test_asking_for_the_gpu_where_there_is_none_gives_the_processors_bytes(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 4)
    contents = []
    for decoder in ("cpu", "gpu"):
        settings = ExtractSettings(
            tmp_path / "photos", tmp_path / decoder, model="vlad", num_workers=0, jpeg_decoder=decoder
        )
        extract_features(settings)
        contents.append((tmp_path / decoder / "global-feats-vlad.h5").read_bytes())
    assert contents[0] == contents[1]
