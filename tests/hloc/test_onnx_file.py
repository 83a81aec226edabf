"""Networks of ONNX files that the user brings."""

from __future__ import annotations

import json
import logging
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hloc.extractors import create_extractor
from hloc.extractors.base import ExtractorOptions
from hloc.extractors.picture import IMAGENET_MEAN, IMAGENET_STD, Picture
from stages.extract import extract_features
from stages.settings.pipeline import ExtractSettings
from storage.errors import DamagedFileError, StageError, UsageError
from storage.fingerprints import sha256_of_file
from storage.formats.features import read_features
from tests.hloc.stand_ins import photo, write_onnx

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")
from hloc.extractors.onnx_file import OnnxExtractor, model_name  # noqa: E402


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A network whose descriptor is the mean of each channel, times two, of any picture."""
    return write_onnx(tmp_path / "mean.onnx", shape=("B", 3, "H", "W"))


def extractor(path: Path, **options: Any) -> OnnxExtractor:
    made = create_extractor(f"onnx:{path}", ExtractorOptions(**options))
    assert isinstance(made, OnnxExtractor)
    return made


def describe(made: OnnxExtractor, *photos: Any) -> Any:
    return made.describe([made.prepare(photo) for photo in photos])


def expected(size: int, mean: Any = IMAGENET_MEAN, std: Any = IMAGENET_STD, seed: int = 1) -> Any:
    pixels = Picture((size, size)).of(photo(seed)).astype(np.float64) / 255
    vector = ((pixels - mean) / std).mean(axis=(0, 1))
    return vector / np.linalg.norm(vector)


def write_sidecar(path: Path, **values: Any) -> None:
    content = {"format": "onnx-input", "format_version": 1} | values
    path.with_name(path.name + ".json").write_text(json.dumps(content), encoding="utf-8")


def test_the_descriptor_is_the_network_s_at_unit_length(network: Path) -> None:
    found = describe(extractor(network, input_size="16"), photo(1))[0]
    assert found == pytest.approx(expected(16), abs=1e-5)
    assert found.dtype == np.float32


def test_a_map_is_averaged_over_its_places(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "map.onnx", shape=("B", 3, 16, 16), pooled=False)
    made = extractor(path)
    assert made.dimension == 3
    assert describe(made, photo(1))[0] == pytest.approx(expected(16), abs=1e-5)


def test_channels_may_come_last(tmp_path: Path) -> None:
    for pooled in (True, False):
        path = write_onnx(tmp_path / "last.onnx", shape=("B", 16, 16, 3), pooled=pooled)
        assert describe(extractor(path, input_layout="NHWC"), photo(1))[0] == pytest.approx(expected(16), abs=1e-5)


def test_half_precision_networks_work(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "half.onnx", shape=("B", 3, 16, 16), number="FLOAT16")
    assert describe(extractor(path), photo(1))[0] == pytest.approx(expected(16), abs=5e-3)


def test_size_and_normalisation_come_from_the_file_beside(network: Path) -> None:
    write_sidecar(network, input_size=[16, 16], input_mean=[0.5, 0.4, 0.3], input_std=[0.1, 0.2, 0.3])
    assert describe(extractor(network), photo(1))[0] == pytest.approx(
        expected(16, (0.5, 0.4, 0.3), (0.1, 0.2, 0.3)), abs=1e-5
    )


def test_a_flag_is_stronger_than_the_file_beside(network: Path) -> None:
    write_sidecar(network, input_size=16, input_mean=[0.5, 0.4, 0.3])
    found = describe(extractor(network, input_size="24x24", input_mean="0,0,0", input_std="1,1,1"), photo(1))[0]
    assert found == pytest.approx(expected(24, (0, 0, 0), (1, 1, 1)), abs=1e-5)


def test_blue_may_come_first(network: Path) -> None:
    write_sidecar(network, input_size=16, input_mean=[0, 0, 0], input_std=[1, 1, 1], input_channels="BGR")
    assert describe(extractor(network), photo(1))[0] == pytest.approx(expected(16, 0, 1)[::-1], abs=1e-5)


def test_another_output_can_be_named(network: Path) -> None:
    write_sidecar(network, input_size=16, output="map")
    assert describe(extractor(network), photo(1))[0] == pytest.approx(expected(16), abs=1e-5)
    write_sidecar(network, input_size=16, output="tokens")
    with pytest.raises(DamagedFileError, match="has no output 'tokens'; it has vector, map"):
        extractor(network)


def test_photos_of_any_proportions_can_keep_them(network: Path) -> None:
    write_sidecar(network, input_size=64, input_fit="longest")
    made = extractor(network)
    assert made.prepare(photo(0, 128, 80)).shape == (40, 64, 3)
    assert np.isfinite(describe(made, photo(0, 128, 80))).all()


def test_a_network_of_single_photos_gets_them_one_by_one(tmp_path: Path) -> None:
    made = extractor(write_onnx(tmp_path / "single.onnx", shape=(1, 3, 16, 16)))
    assert describe(made, photo(1), photo(2), photo(3)).shape == (3, 3)


def test_a_photo_s_bits_do_not_depend_on_its_batch(network: Path) -> None:
    made = extractor(network, input_size="16")
    together = describe(made, photo(1), photo(2))
    assert np.array_equal(together[0], describe(made, photo(1))[0])
    made._max_batch = None
    assert np.allclose(describe(made, photo(1), photo(2)), together, atol=1e-6)


def test_workers_get_the_extractor_without_its_network(network: Path) -> None:
    made = extractor(network, input_size="16")
    copy = pickle.loads(pickle.dumps(made))
    assert copy._network is None
    assert np.array_equal(describe(copy, photo()), describe(made, photo()))


def test_settings_record_the_file_s_sum_and_what_it_takes(network: Path) -> None:
    settings = extractor(network, input_size="16").settings()
    assert settings["weights_sha256"] == sha256_of_file(network)
    assert settings != extractor(network, input_size="17").settings()
    assert settings != extractor(network, input_size="16", input_mean="0,0,0").settings()
    assert all(isinstance(value, str) for value in settings.values())


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("megaloc.onnx", "onnx-megaloc"),
        ("my net v1.5.onnx", "onnx-my_net_v1_5"),
        ("a+b:c.onnx", "onnx-a_b_c"),
        ("ξ.onnx", "onnx-network"),
        ("..onnx", "onnx-network"),
    ],
)
def test_the_name_in_files_is_safe_anywhere(file: str, name: str) -> None:
    assert model_name(Path("folder") / file) == name


def test_an_assumed_normalisation_is_said(network: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    extractor(network, input_size="16", input_mean="0,0,0", input_std="1,1,1")
    assert not caplog.records
    extractor(network, input_size="16")
    assert "nothing says how it is normalised; ImageNet's mean and deviation are used" in caplog.text


# -- wrong calls and files --------------------------------------------------------------------------------------------


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"none\.onnx is missing"):
        extractor(tmp_path / "none.onnx")


def test_no_file_at_all_is_a_wrong_call() -> None:
    with pytest.raises(UsageError, match="--model onnx:: name an ONNX file"):
        create_extractor("onnx:", ExtractorOptions())


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("not a network")
    with pytest.raises(DamagedFileError, match=r"damaged: .*text\.onnx is no ONNX network"):
        extractor(tmp_path / "text.onnx")


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        (("B", 3, "H", "W"), {}, "takes pictures of any size: say which with --input_size"),
        (("B", 3, 16, 16), {"input_size": "17"}, "--input_size 17: the network takes 16x16 only"),
        (("B", 16, 16, 3), {}, "takes 16 channels as NCHW, not 3; is it --input_layout NHWC"),
        ((4, 3, 16, 16), {}, "takes 4 photos at once; export it for 1"),
        (("B", 3, 16, 16), {"weights": Path("x")}, "--weights x: the file stands in --model"),
        (("B", 3, 16, 16), {"resize_max": 64}, "--resize_max 64: use --input_size"),
        (("B", 3, 16, 16), {"device": "mps"}, "--device mps: onnx:FILE computes on cpu or cuda"),
        (("B", 3, 16, 16), {"precision": "fp16"}, "--precision fp16: --model onnx:.* has no use for it"),
    ],
)
def test_a_wrong_call_is_explained(tmp_path: Path, shape: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        extractor(write_onnx(tmp_path / "small.onnx", shape=shape), **options)


def test_a_network_of_bytes_is_refused(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "bytes.onnx", shape=("B", 3, 16, 16), number="DOUBLE")
    with pytest.raises((UsageError, DamagedFileError), match=r"takes tensor\(double\), not float|is no ONNX network"):
        extractor(path)


def test_an_output_that_is_no_descriptor_is_refused(tmp_path: Path) -> None:
    from onnx import helper

    nodes = [
        helper.make_node("Mul", ["pixels", "two"], ["map"]),
        helper.make_node("Flatten", ["map"], ["vector"], axis=0),
    ]
    path = write_onnx(tmp_path / "flat.onnx", shape=(1, 3, 4, 4), nodes=nodes)
    assert describe(extractor(path), photo()).shape == (1, 48)
    nodes[1] = helper.make_node("Squeeze", ["map"], ["vector"])
    path = write_onnx(tmp_path / "squeezed.onnx", shape=(1, 3, 4, 4), nodes=nodes)
    with pytest.raises((UsageError, DamagedFileError), match="neither a vector nor a map|is no ONNX network"):
        extractor(path)


def test_a_file_that_changes_while_it_is_in_use_is_noticed(network: Path) -> None:
    copy = pickle.loads(pickle.dumps(extractor(network, input_size="16")))
    network.write_bytes(network.read_bytes() + b"\0")
    with pytest.raises(StageError, match="changed while it was in use"):
        describe(copy, photo())


def test_missing_onnxruntime_is_told(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(StageError, match="--model onnx:FILE needs the package onnxruntime; pip install onnxruntime"):
        extractor(network, input_size="16")


def test_no_torch_is_loaded(network: Path, root_dir: Path) -> None:
    code = (
        "import sys, numpy; from hloc.extractors import create_extractor; from hloc.extractors.base import *; "
        f"made = create_extractor('onnx:' + {str(network)!r}, ExtractorOptions(input_size='16')); "
        "made.describe([made.prepare(numpy.zeros((8, 8, 3), numpy.uint8))]); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=root_dir, timeout=60).returncode == 0


# -- the stage --------------------------------------------------------------------------------------------------------


def test_a_whole_run_names_its_files_after_the_network(network: Path, tmp_path: Path) -> None:
    images = tmp_path / "photos"
    images.mkdir()
    for seed in range(3):
        Image.fromarray(photo(seed)).save(images / f"{seed}.jpg")
    settings = ExtractSettings(
        image_dir=images, outputs_dir=tmp_path / "out", model=f"onnx:{network}", input_size="16", num_workers=0
    )
    report = extract_features(settings)
    features = read_features(tmp_path / "out" / "global-feats-onnx-mean.h5")
    assert features.model == report.settings["model"] == "onnx-mean"
    assert features.settings["weights_sha256"] == sha256_of_file(network)
    assert features.descriptors.shape == (3, 3)
    assert (tmp_path / "out" / "pairs-onnx-mean.txt").is_file()
    assert extract_features(settings).is_current
