"""Measure NetVLAD on the processor: the reference way against this project's, by every engine, in the same run.

The reference way is hloc's, written anew: batches of one, float32, channels first, the whole photo decoded by OpenCV
and then shrunk, all residuals as one array (D, K, N), one opening of the HDF5 file for each photo. Weights are drawn
(VGG16, 64 clusters, 4,096 outputs); photos are drawn 12-megapixel JPEGs, or those of ``--image_dir``. All ways take
turns, photo by photo, so that other work on the machine falls on all alike. On an idle machine seconds of the clock on
all cores are what a user waits for; ``--clock processor --num_threads 1`` compares work where others are at work too.

Prints a table: seconds of each way, its ratio to the reference, the least cosine to it.

Example: python benchmarks/bench_extract.py --num_photos 3
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.drawn_large import draw_photos  # noqa: E402
from benchmarks.machine import header  # noqa: E402
from hloc.devices import has_bf16, import_torch  # noqa: E402
from hloc.engines import LEAST_COSINE, Engine, is_installed  # noqa: E402
from hloc.engines.graph import Source, exported_graph, least_cosine  # noqa: E402
from hloc.engines.ncnn_chain import open_chain  # noqa: E402
from hloc.engines.runs import open_graph, open_torch  # noqa: E402
from hloc.extractors.netvlad import RESIZE_MAX, parts_of  # noqa: E402
from storage.fingerprints import Fingerprint  # noqa: E402
from storage.formats.shards import RECORDS_PER_SHARD, Record, ShardFolder  # noqa: E402
from storage.formats.weights import NetvladWeights  # noqa: E402
from storage.machine import usable_cores  # noqa: E402
from storage.photos import load_photo  # noqa: E402

WIDTHS, TIMES = (64, 128, 256, 512, 512), (2, 2, 3, 3, 3)  # of VGG16's blocks
NUM_CLUSTERS, NUM_OUTPUTS = 64, 4096
WAYS = (
    ("ncnn", "fp32"),
    ("openvino", "fp32"),
    ("onnxruntime", "fp32"),
    ("onnxruntime", "int8"),
    ("torch", "fp32"),
    ("openvino", "bf16"),
    ("torch", "bf16"),
)
REFERENCE = "reference (hloc's way)"
EXACT = "torch fp32"
PAUSE_S = 0.5  # after it no thread of the way before spins any longer
CLOCKS = {"clock": time.perf_counter, "processor": time.process_time}
DRAWN_SHA256 = "d0" * 32  # stands for the drawn weights in the name of the graph; change it with draw_weights


def draw_weights(seed: int = 0) -> NetvladWeights:
    """Draw NetVLAD of the published widths, with spread that keeps values from vanishing."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int, scale: float = 1.0) -> NDArray[np.float32]:
        return rng.standard_normal(shape, np.float32) * np.float32(scale)

    kernels, biases, num_in = [], [], 3
    for width, times in zip(WIDTHS, TIMES, strict=True):
        for _ in range(times):
            kernels.append(normal(width, num_in, 3, 3, scale=np.sqrt(2 / (9 * num_in))))
            biases.append(normal(width, scale=0.1))
            num_in = width
    centres = normal(NUM_CLUSTERS, num_in)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return NetvladWeights(
        conv_weights=tuple(kernels),
        conv_biases=tuple(biases),
        assignment=8 * centres + normal(NUM_CLUSTERS, num_in, scale=0.07),
        centres=centres * np.float32(0.5),
        whitening_weight=normal(NUM_OUTPUTS, num_in * NUM_CLUSTERS),
        whitening_bias=normal(NUM_OUTPUTS, scale=0.1),
        mean_rgb=np.array([123.5, 116.25, 80.0], np.float32),
        sha256=DRAWN_SHA256,
    )


def reference_network(weights: NetvladWeights) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Give NetVLAD as the reference computes it: channels first, the residuals of all locations as one array."""
    torch = import_torch()
    functional = torch.nn.functional
    kernels = [torch.from_numpy(kernel).contiguous() for kernel in weights.conv_weights]
    biases = [torch.from_numpy(bias) for bias in weights.conv_biases]
    assignment, centres = torch.from_numpy(weights.assignment), torch.from_numpy(weights.centres)
    matrix, offset = torch.from_numpy(weights.whitening_weight), torch.from_numpy(weights.whitening_bias)
    ends = {sum(TIMES[: count + 1]) - 1 for count in range(len(TIMES) - 1)}

    def describe(photo: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.no_grad():
            pixels = torch.from_numpy(photo.transpose(2, 0, 1)[None].copy())
            maps = pixels - torch.from_numpy(weights.mean_rgb)[None, :, None, None]
            for layer, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
                maps = functional.conv2d(maps, kernel, bias, padding=1)
                maps = maps if layer == len(kernels) - 1 else functional.relu(maps)
                maps = functional.max_pool2d(maps, 2) if layer in ends else maps
            local = functional.normalize(maps.flatten(2), dim=1)  # (1, D, N)
            shares = functional.softmax(functional.conv1d(local, assignment[:, :, None]), dim=1)  # (1, K, N)
            residuals = (
                local[:, :, None] - centres.T[None, :, :, None]
            )  # (1, D, K, N): one number for each of the three
            summed = (shares[:, None] * residuals).sum(dim=-1)  # (1, D, K)
            vlad = functional.normalize(summed, dim=1).flatten(1)  # (1, D * K)
            whitened = functional.linear(functional.normalize(vlad, dim=1), matrix, offset)
            descriptor: NDArray[np.float32] = functional.normalize(whitened, dim=1).numpy()
            return descriptor

    return describe


def reference_photo(path: Path) -> NDArray[np.float32]:
    """Decode a whole photo and shrink it, as float32 RGB (h, w, 3) of values 0 to 255."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert image is not None, path
    photo = image[:, :, ::-1].astype(np.float32)
    scale = min(1.0, RESIZE_MAX / max(photo.shape[:2]))
    size = tuple(int(round(length * scale)) for length in photo.shape[1::-1])
    shrunk: Any = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.float32)


class Way:
    """One way from a photo file to a descriptor on disk, with what its turns took."""

    def __init__(
        self, label: str, decode: Callable[[Path], Any], describe: Callable[[Any], Any], photos_per_write: int = 1
    ) -> None:
        self.label, self.decode, self.describe, self.photos_per_write = label, decode, describe, photos_per_write
        self.seconds: dict[str, list[float]] = {"decode": [], "network": [], "write": []}
        self.descriptors: dict[str, NDArray[np.float32]] = {}

    def turn(self, path: Path, write: Callable[[str, NDArray[np.float32]], None], now: Callable[[], float]) -> None:
        """Treat one photo."""
        laps = [now()]
        photo = self.decode(path)
        laps.append(now())
        descriptor = np.asarray(self.describe(photo)).reshape(-1)
        laps.append(now())
        write(path.name, descriptor)
        laps.append(laps[-1] + (now() - laps[-1]) / self.photos_per_write)
        for stage, took in zip(self.seconds, np.diff(laps), strict=True):
            self.seconds[stage].append(float(took))
        self.descriptors[path.name] = descriptor

    def median(self, stage: str) -> float:
        """Median seconds of one photo."""
        return float(np.median(self.seconds[stage]))

    def total(self) -> float:
        """Median seconds from file to file."""
        return float(np.median(np.sum(list(self.seconds.values()), axis=0)))


def make_ways(weights: NetvladWeights, num_threads: int) -> tuple[list[Way], list[str]]:
    """Give the reference and all ways that can be measured here; and lines for those that cannot."""
    parts = parts_of(weights)
    graph = exported_graph(Source("netvlad-drawn", DRAWN_SHA256, None, lambda: parts))
    ways, missing = [Way(REFERENCE, reference_photo, reference_network(weights))], []
    for name, precision in WAYS:
        label, engine = f"{name} {precision}", Engine(name, precision)
        if precision == "bf16" and not has_bf16("cpu"):
            missing.append(f"| {label} | not measured: no bf16 instructions here |")
        elif not is_installed(name):
            missing.append(f"| {label} | not measured: {name} is not installed |")
        else:
            if name == "torch":
                run = open_torch(parts, "cpu", engine, "netvlad")
            elif name == "ncnn":
                run = open_chain(parts, "netvlad", num_threads)
            else:
                run = open_graph(graph, engine, "netvlad", num_threads)
            run = getattr(run, "run", run)  # without the first photos' second description in fp32
            ways.append(Way(label, lambda path: load_photo(path, RESIZE_MAX)[None], run.describe, RECORDS_PER_SHARD))
    return ways, missing


def reference_write(folder: Path, name: str, descriptor: NDArray[np.float32]) -> None:
    """Open the file of all descriptors once more, for one photo."""
    with h5py.File(folder / "reference.h5", "a", libver="latest") as file:
        if name in file:
            del file[name]
        file.create_group(name).create_dataset("global_descriptor", data=descriptor)


def shard_write(folder: Path, name: str, descriptor: NDArray[np.float32]) -> None:
    """Write a shard as a run does, full of the one descriptor."""
    shards = ShardFolder(folder / "shards", {}, "bench_extract.py")
    names = (f"{number}-{name}" for number in range(RECORDS_PER_SHARD))
    unknown = Fingerprint(0, 0, "0" * 64)
    shards.write([Record(each, unknown, {"global_descriptor": descriptor}) for each in names])


def measure(
    ways: Sequence[Way], paths: Sequence[Path], num_rounds: int, folder: Path, now: Callable[[], float]
) -> None:
    """Let all ways take turns; the first photo is described once more before, unmeasured."""
    for way in ways:
        way.describe(way.decode(paths[0]))
    for turn in range(num_rounds):
        for number, path in enumerate(paths):
            ordered = ways if (turn + number) % 2 == 0 else ways[::-1]
            for way in ordered:
                write = reference_write if way.label == REFERENCE else shard_write
                time.sleep(PAUSE_S)
                way.turn(path, partial(write, folder), now)


def exact_of(ways: Sequence[Way]) -> Way:
    """Give the way whose descriptors the others are compared with on the same pixels."""
    return next(way for way in ways if way.label == EXACT)


def lines_of(ways: Sequence[Way], missing: Sequence[str]) -> list[str]:
    """Give the table of ways."""
    reference = ways[0]
    lines = [
        "| way | decode, s | network, s | write, s | all, s | ratio, all | ratio, network | cosine to the reference "
        "| cosine on the same pixels |",
        f"|{'---|' * 9}",
    ]
    exact = exact_of(ways)
    for way in ways:
        cosines = [
            least_cosine(
                np.stack(list(way.descriptors.values())), np.stack([other.descriptors[n] for n in way.descriptors])
            )
            for other in (reference, exact)
        ]
        cells = [way.label, *(f"{way.median(stage):.3f}" for stage in way.seconds), f"{way.total():.3f}"]
        cells += [
            f"{reference.total() / way.total():.2f}",
            f"{reference.median('network') / way.median('network'):.2f}",
        ]
        cells += [f"{cosines[0]:.6f}", "-" if way is reference else f"{cosines[1]:.7f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, *missing]


def main(args: argparse.Namespace) -> int:
    """Print the tables."""
    import_torch().set_num_threads(args.num_threads)
    cv2.setNumThreads(args.num_threads)
    if args.cache_dir is not None:
        os.environ["TORCH_HOME"] = str(args.cache_dir)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.image_dir is None:
            paths = draw_photos(folder, args.num_photos)
        else:
            paths = sorted(args.image_dir.rglob("*.jpg"))[: args.num_photos]
        weights = draw_weights()
        ways, missing = make_ways(weights, args.num_threads)
        describe, exact = reference_network(weights), exact_of(ways)
        pixels = load_photo(paths[0], RESIZE_MAX)
        same = least_cosine(describe(pixels.astype(np.float32)), exact.describe(pixels[None]))
        measure(ways, paths, args.num_rounds, folder, CLOCKS[args.clock])
    title = f"NetVLAD by engines, {len(paths)} photos, {args.num_rounds} rounds, {args.num_threads} thread(s)"
    print(header(f"{title}, seconds of the {args.clock}"))
    print("\n".join(lines_of(ways, missing)))
    ratio = ways[0].median("decode") / exact.median("decode")
    print(f"\nThe reference's network on the pixels of this project's decoder: cosine {same:.7f} to {EXACT} ")
    print(f"(asked: {LEAST_COSINE['fp32']}). Decoding alone: {ratio:.2f} times as fast.")
    return 0


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image_dir", type=Path, help="folder of JPEGs; default: drawn ones of 12 megapixels")
    parser.add_argument("--num_photos", type=int, default=4)
    parser.add_argument("--num_rounds", type=int, default=2)
    parser.add_argument("--num_threads", type=int, default=usable_cores(), help="default: as many as there are cores")
    parser.add_argument("--clock", choices=CLOCKS, default="clock", help="clock: what passes; processor: what is used")
    parser.add_argument(
        "--cache_dir", type=Path, help="where the exported graph (600 MB) is kept; default: torch's cache"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(parse_args()))
