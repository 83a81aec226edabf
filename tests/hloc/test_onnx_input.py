"""What a network takes: flags, sidecar file, the network's own shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hloc.extractors.base import ExtractorOptions
from hloc.extractors.onnx_input import OnnxInput, read_onnx_input, sidecar_of
from hloc.extractors.picture import Picture
from storage.errors import DamagedFileError, StageError, UsageError

ANY = ("B", 3, "H", "W")


def read(path: Path, shape: Any = ANY, **flags: Any) -> OnnxInput:
    return read_onnx_input(path, ExtractorOptions(**flags), shape)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.onnx"


def write(path: Path, **values: Any) -> None:
    content = {"format": "onnx-input", "format_version": 1} | values
    path.with_suffix(".json").write_text(json.dumps(content), encoding="utf-8")


def test_without_a_word_it_is_the_network_s_own_size_and_imagenet_s_normalisation(path: Path) -> None:
    assert read(path, ("B", 3, 240, 320)) == OnnxInput(Picture((240, 320)), "NCHW", "RGB", None)


def test_channels_last_have_their_size_elsewhere(path: Path) -> None:
    found = read(path, (1, 240, 320, 3), input_layout="NHWC")
    assert (found.picture.size, found.layout) == ((240, 320), "NHWC")


@pytest.mark.parametrize(("text", "size"), [("224", (224, 224)), ("240x320", (240, 320)), ("1x4096", (1, 4096))])
def test_a_size_is_height_and_width_or_one_number(path: Path, text: str, size: tuple[int, int]) -> None:
    assert read(path, input_size=text).picture.size == size


@pytest.mark.parametrize("text", ["", "0", "x", "224x", "224x224x3", "-5", "1.5", "4097", "99999999999", "２"])
def test_a_size_that_is_none_is_refused(path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="--input_size .*: must be HEIGHTxWIDTH"):
        read(path, input_size=text)


@pytest.mark.parametrize("text", ["", "1", "1,2", "1,2,3,4", "a,b,c", "nan,1,1", "inf,0,0"])
def test_a_mean_that_is_none_is_refused(path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="--input_mean .*: must be three numbers"):
        read(path, input_size="8", input_mean=text)


@pytest.mark.parametrize("text", ["0,1,1", "1,-1,1"])
def test_a_deviation_must_be_above_zero(path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="--input_std .*: must be three numbers above 0"):
        read(path, input_size="8", input_std=text)


def test_everything_can_stand_in_the_file_beside(path: Path) -> None:
    write(
        path,
        input_size=[64, 96],
        input_mean=[0.1, 0.2, 0.3],
        input_std=[1, 2, 3],
        input_layout="NHWC",
        input_fit="crop",
        input_short_side=112,
        input_interpolation="bicubic",
        input_channels="BGR",
        output="features",
    )
    picture = Picture(
        (64, 96), "crop", short_side=112, interpolation="bicubic", mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 3.0)
    )
    assert read(path, ("B", "H", "W", 3)) == OnnxInput(picture, "NHWC", "BGR", "features")


def test_the_file_beside_may_carry_either_name(path: Path) -> None:
    assert sidecar_of(path) is None
    write(path)
    assert sidecar_of(path) == path.with_suffix(".json")
    path.with_name("net.onnx.json").write_text("{}")
    assert sidecar_of(path) == path.with_name("net.onnx.json")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"input_size": "big"}, 'input_size is "big": must be HEIGHTxWIDTH'),
        ({"input_size": [1, 2, 3]}, "must be HEIGHTxWIDTH"),
        ({"input_size": True}, "must be HEIGHTxWIDTH"),
        ({"input_size": 8, "input_mean": 1}, "input_mean is 1: must be three numbers"),
        ({"input_size": 8, "input_std": [0, 0, 0]}, "above 0"),
        ({"input_size": 8, "input_layout": "CHW"}, 'input_layout is "CHW": choose from NCHW, NHWC'),
        ({"input_size": 8, "input_fit": "pad"}, "choose from stretch, crop, longest"),
        ({"input_size": 8, "input_fit": "crop", "input_short_side": 7}, "input_short_side is 7: must be at least"),
        ({"input_size": 8, "input_fit": "crop", "input_short_side": "7"}, "must be a whole number of pixels"),
        ({"input_size": 8, "output": 3}, "output is 3: must be text"),
        ({"input_size": 8, "mean": [0, 0, 0]}, "keys that are not known: mean"),
        ({"format": "clusters"}, "is no onnx-input file"),
        ({"format_version": 2}, "reads versions 1 to 1"),
    ],
)
def test_a_wrong_value_in_the_file_beside_is_named(path: Path, values: dict[str, Any], message: str) -> None:
    write(path, **values)
    with pytest.raises(DamagedFileError, match=message) as caught:
        read(path)
    assert "net.json" in str(caught.value)


def test_a_file_beside_that_is_no_json_is_named(path: Path) -> None:
    path.with_suffix(".json").write_text("{input_size: 224}")
    with pytest.raises(StageError, match=r"net\.json is not valid JSON"):
        read(path)


def test_inputs_that_differ_are_told_apart_by_their_text(path: Path) -> None:
    texts = {
        str(read(path, input_size="8")),
        str(read(path, input_size="9")),
        str(read(path, ("B", "H", "W", 3), input_size="8", input_layout="NHWC")),
        str(OnnxInput(Picture((8, 8)), channels="BGR")),
        str(OnnxInput(Picture((8, 8)), output="map")),
    }
    assert len(texts) == 5
