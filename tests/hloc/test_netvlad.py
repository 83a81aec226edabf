"""NetVLAD against the formulas in float64 NumPy, on drawn weights and drawn photos."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hloc.extractors import netvlad
from hloc.extractors.base import ExtractorOptions
from hloc.extractors.netvlad import NetvladExtractor, create, find_weights
from storage.errors import DamagedFileError, StageError, UsageError
from storage.fingerprints import sha256_of_file
from tests.hloc.netvlad_reference import MISTAKES, draw_net, reference_descriptor, write_net

NET = draw_net()
torch = pytest.importorskip("torch", reason="NetVLAD needs PyTorch")


def draw_photo(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """Draw smooth patches of colour with some noise."""
    rng = np.random.default_rng(seed)
    patches = rng.integers(0, 256, (height // 12 + 1, width // 12 + 1, 3))
    photo = patches.repeat(12, axis=0).repeat(12, axis=1)[:height, :width] + rng.normal(0, 8, (height, width, 3))
    return photo.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_net(tmp_path_factory.mktemp("netvlad") / "weights.mat", NET)


@pytest.fixture
def extractor(weights: Path) -> NetvladExtractor:
    return NetvladExtractor(weights=weights)


def describe(extractor: NetvladExtractor, *photos: NDArray[np.uint8]) -> NDArray[np.float32]:
    return extractor.describe([extractor.prepare(photo) for photo in photos])


# -- the formulas -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("height", "width"), [(64, 80), (97, 71), (48, 131), (16, 16), (17, 200), (33, 47), (128, 96), (79, 16)]
)
def test_a_descriptor_equals_the_formulas(extractor: NetvladExtractor, height: int, width: int) -> None:
    for seed in range(2):
        photo = draw_photo(height, width, seed)
        assert describe(extractor, photo)[0] @ reference_descriptor(photo, NET) >= 0.99999


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_comparison_would_find_this_mistake(extractor: NetvladExtractor, mistake: str) -> None:
    for seed, (height, width) in enumerate([(64, 80), (97, 71), (48, 131)]):
        photo = draw_photo(height, width, seed)
        assert describe(extractor, photo)[0] @ reference_descriptor(photo, NET, mistake) < 0.999


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_weights_agree_as_well(tmp_path: Path, seed: int) -> None:
    net = draw_net(seed, widths=(4, 6, 8, 10, 12), num_clusters=5, num_outputs=9)
    extractor = NetvladExtractor(weights=write_net(tmp_path / "weights.mat", net))
    photo = draw_photo(60, 90, seed)
    assert describe(extractor, photo)[0] @ reference_descriptor(photo, net) >= 0.99999


def test_real_photos_agree_with_the_formulas(extractor: NetvladExtractor, shared_dir: Path) -> None:
    from PIL import Image

    for path in sorted((shared_dir / "photos" / "buildings").glob("*.jpg"))[:3]:
        with Image.open(path) as image:
            photo = np.array(image.convert("RGB").resize((160, 121)))
        assert describe(extractor, photo)[0] @ reference_descriptor(photo, NET) >= 0.99999


def test_descriptors_are_unit_vectors_of_the_whitening_s_length(extractor: NetvladExtractor) -> None:
    descriptors = describe(extractor, *[draw_photo(48, 64, seed) for seed in range(4)])
    assert descriptors.shape == (4, extractor.dimension) == (4, 24)
    assert descriptors.dtype == np.float32
    assert np.allclose(np.linalg.norm(descriptors, axis=1), 1, atol=1e-6)


def test_a_photo_s_bits_do_not_depend_on_its_batch(extractor: NetvladExtractor) -> None:
    photos = [draw_photo(48, 64, seed) for seed in range(5)]
    together = describe(extractor, *photos)
    assert all(np.array_equal(describe(extractor, photo)[0], row) for photo, row in zip(photos, together, strict=True))


def test_batches_of_a_gpu_agree_with_single_photos(extractor: NetvladExtractor) -> None:
    photos = [draw_photo(48, 64, seed) for seed in range(5)]
    alone = describe(extractor, *photos)
    extractor._max_batch = None
    assert np.allclose(describe(extractor, *photos), alone, atol=1e-5)


def test_no_photos_give_no_descriptors(extractor: NetvladExtractor) -> None:
    assert extractor.describe([]).shape == (0, 24)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_flat_photo_gives_a_finite_unit_vector(extractor: NetvladExtractor, value: int) -> None:
    descriptor = describe(extractor, np.full((40, 40, 3), value, np.uint8))[0]
    assert np.isfinite(descriptor).all()
    assert np.linalg.norm(descriptor) == pytest.approx(1, abs=1e-6)


def test_features_that_are_all_zero_give_finite_numbers(tmp_path: Path) -> None:
    net = draw_net()
    net.kernels[-1] *= 0
    net.biases[-1] *= 0
    extractor = NetvladExtractor(weights=write_net(tmp_path / "weights.mat", net))
    assert np.isfinite(describe(extractor, draw_photo(32, 32, 0))).all()


# -- photos -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 300), (300, 1), (15, 15), (16, 15), (2, 40)])
def test_a_tiny_photo_is_described_as_if_its_edges_went_on(
    extractor: NetvladExtractor, height: int, width: int
) -> None:
    photo = draw_photo(height, width, seed=5)
    prepared = extractor.prepare(photo)
    assert prepared.shape == (max(16, height), max(16, width), 3)
    assert np.array_equal(prepared[:height, :width], photo)
    assert np.array_equal(prepared[-1, -1], photo[-1, -1])
    assert np.isfinite(describe(extractor, photo)).all()


def test_prepared_photos_stay_bytes_on_their_way_to_the_network(extractor: NetvladExtractor) -> None:
    photo = draw_photo(48, 64, seed=0)
    prepared = extractor.prepare(photo[:, ::-1])
    assert prepared.dtype == np.uint8
    assert prepared.flags.c_contiguous
    assert np.array_equal(prepared, photo[:, ::-1])


def test_describing_does_not_change_the_photo(extractor: NetvladExtractor) -> None:
    photo = draw_photo(48, 64, seed=0)
    former = photo.copy()
    describe(extractor, photo)
    assert np.array_equal(photo, former)


def test_no_array_of_features_by_clusters_by_locations_is_made(tmp_path: Path) -> None:
    """With 64 clusters, 32 features and 1600 locations that array would be 13 MB; all the rest is below it."""
    net = draw_net(widths=(2, 2, 2, 2, 32), num_clusters=64, num_outputs=4)
    extractor = NetvladExtractor(weights=write_net(tmp_path / "weights.mat", net))
    head: Any = extractor.build_parts().head
    features = torch.randn(1, 32, 40, 40)
    with torch.inference_mode(), torch.profiler.profile(profile_memory=True, acc_events=True) as profile:
        netvlad._vlad(features, head.assignment, head.centres)
    sizes = [event.cpu_memory_usage for event in profile.events()]
    assert 0 < max(sizes) < 32 * 64 * 1600 * 4 / 4


# -- settings, files, workers -----------------------------------------------------------------------------------------


def test_settings_record_the_weights_whatever_their_checksum(extractor: NetvladExtractor, weights: Path) -> None:
    sha256 = sha256_of_file(weights)
    described = {"model": "netvlad", "weights_sha256": sha256, "resize_max": 1024}
    assert extractor.settings() == described | {"engine": "torch", "precision": "fp32"}


def test_settings_load_no_network(extractor: NetvladExtractor) -> None:
    extractor.settings()
    assert extractor._network is None


def test_the_flags_reach_the_extractor(weights: Path) -> None:
    extractor = create(ExtractorOptions(weights=weights, device="cpu", resize_max=640))
    assert (extractor.weights, extractor.device, extractor.max_side) == (weights, "cpu", 640)
    assert create(ExtractorOptions(weights=weights)).max_side == 1024


def test_photos_smaller_than_the_network_s_step_cannot_be_asked_for(weights: Path) -> None:
    with pytest.raises(UsageError, match="--resize_max 15: must be at least 16"):
        NetvladExtractor(weights=weights, resize_max=15)


def test_workers_get_the_extractor_without_its_network(extractor: NetvladExtractor) -> None:
    photo = draw_photo(48, 64, seed=0)
    descriptor = describe(extractor, photo)
    content = pickle.dumps(extractor)
    assert len(content) < 2000
    copy = pickle.loads(content)  # a pickle of our own, as a worker pool makes it
    assert np.array_equal(describe(copy, photo), descriptor)


def test_the_module_imports_no_torch(root_dir: Path) -> None:
    code = "import sys, hloc.extractors.netvlad; print({'torch', 'scipy', 'cv2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=root_dir, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_missing_weights_are_told_with_the_command_that_fetches_them(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"absent\.mat; fetch it with: python -m tools\.download_models netvlad"):
        NetvladExtractor(weights=tmp_path / "absent.mat")


def test_the_published_weights_are_found_in_torch_hub_s_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: Path
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert find_weights() is None
    with pytest.raises(StageError, match="tools.download_models netvlad"):
        NetvladExtractor()
    place = tmp_path / "hub" / "netvlad" / "VGG16-NetVLAD-Pitts30K.mat"
    place.parent.mkdir(parents=True)
    place.write_bytes(weights.read_bytes())
    assert find_weights() == place == NetvladExtractor().weights


def test_a_cut_weight_file_is_named_with_the_command_that_fetches_it(tmp_path: Path, weights: Path) -> None:
    cut = tmp_path / "cut.mat"
    cut.write_bytes(weights.read_bytes()[:5000])
    extractor = NetvladExtractor(weights=cut)
    with pytest.raises(DamagedFileError, match=r"damaged: .*cut\.mat.*python -m tools\.download_models netvlad"):
        describe(extractor, draw_photo(32, 32, 0))


def test_weights_that_change_between_settings_and_loading_are_refused(tmp_path: Path) -> None:
    extractor = NetvladExtractor(weights=write_net(tmp_path / "weights.mat", NET))
    extractor.settings()
    write_net(tmp_path / "weights.mat", draw_net(seed=9))
    with pytest.raises(StageError, match="changed while it was in use"):
        describe(extractor, draw_photo(32, 32, 0))


def test_weights_that_vanish_are_named(tmp_path: Path) -> None:
    extractor = NetvladExtractor(weights=write_net(tmp_path / "weights.mat", NET))
    extractor.weights.unlink()
    with pytest.raises(StageError, match=r"cannot read .*weights\.mat"):
        extractor.settings()


def test_a_device_that_is_not_there_is_refused_before_the_weights_are_read(weights: Path) -> None:
    extractor = NetvladExtractor(weights=weights, device="cuda:99")
    with pytest.raises(UsageError, match="--device cuda:99"):
        describe(extractor, draw_photo(32, 32, 0))


def test_missing_pytorch_is_told_with_the_command_that_installs_it(
    extractor: NetvladExtractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(StageError, match=r"pip install -r requirements\.txt"):
        describe(extractor, draw_photo(32, 32, 0))


# -- memory of a GPU --------------------------------------------------------------------------------------------------


class SmallNetwork:
    """A network whose device has room for ``room`` photos; a descriptor is the photo's first value."""

    def __init__(self, room: int, error: Exception) -> None:
        self.room, self.error = room, error
        self.dimension = 1
        self.batches: list[int] = []

    def describe(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.batches.append(len(photos))
        if len(photos) > self.room:
            raise self.error
        return photos[:, 0, 0, :1].astype(np.float32)


LACKS = [torch.OutOfMemoryError("CUDA out of memory."), RuntimeError("MPS backend out of memory (allocated: 8 GB)")]
NUMBERED = [np.full((16, 16, 3), number, np.uint8) for number in range(10)]


@pytest.mark.parametrize("error", LACKS)
def test_a_batch_too_large_for_the_gpu_is_halved_and_said(
    extractor: NetvladExtractor, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    network: Any = SmallNetwork(3, error)
    extractor._network = network
    assert extractor.describe(NUMBERED).ravel().tolist() == list(range(10))
    assert network.batches == [10, 5, 2, 2, 2, 2, 2]
    assert [record.getMessage() for record in caplog.records] == [
        "the GPU has not enough memory for 10 photos at once; going on with 5",
        "the GPU has not enough memory for 5 photos at once; going on with 2",
    ]


def test_a_halved_batch_stays_halved(extractor: NetvladExtractor) -> None:
    network: Any = SmallNetwork(5, LACKS[0])
    extractor._network = network
    extractor.describe(NUMBERED)
    extractor.describe(NUMBERED)
    assert network.batches == [10, 5, 5, 5, 5]


def test_a_gpu_too_small_for_one_photo_is_told(extractor: NetvladExtractor) -> None:
    network: Any = SmallNetwork(0, LACKS[0])
    extractor._network = network
    with pytest.raises(
        StageError, match="not enough memory for one photo; use a smaller --resize_max, or --device cpu"
    ):
        extractor.describe(NUMBERED)


def test_other_errors_of_the_network_are_not_hidden(extractor: NetvladExtractor) -> None:
    network: Any = SmallNetwork(0, RuntimeError("CUDA error: device-side assert triggered"))
    extractor._network = network
    with pytest.raises(RuntimeError, match="device-side assert"):
        extractor.describe(NUMBERED)
    assert network.batches == [10]
