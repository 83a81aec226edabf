"""Measure the machine's peaks on one core, and each stage's heart as a fraction of them (Williams et al., "Roofline",
2009).

Three peaks: float32 instructions, by the fastest product of two square matrices that NumPy, ONNX Runtime or PyTorch
makes; those of bfloat16 by PyTorch's, where the processor has them; memory, by the fastest copy of an array far larger
than the caches (bytes read and bytes written both count). A stage counts the operations, or the bytes, that its task
needs by the book, not those that its code happens to do: a fraction falls when code does too much, and may exceed 1
where an algorithm spares operations, as Winograd's does. Peaks and stages take turns, processor seconds on one thread
are compared, and the median of the rounds is printed.

Photos, weights, features and pairs are drawn.

Example: python benchmarks/bench_roofline.py --num_rounds 5
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bench_extract import REFERENCE, TIMES, WIDTHS, draw_weights, make_ways  # noqa: E402
from benchmarks.drawn_large import draw_photos  # noqa: E402
from benchmarks.machine import header  # noqa: E402
from clustering.components import strong_components  # noqa: E402
from clustering.graph import ScoredPairs, find_edges  # noqa: E402
from hloc.devices import has_bf16, import_torch  # noqa: E402
from hloc.engines import is_installed  # noqa: E402
from hloc.extractors.street import WEIGHTS, StreetExtractor  # noqa: E402
from hloc.local_features import extract_local_features  # noqa: E402
from hloc.matching import create_matcher  # noqa: E402
from hloc.matching.verification import verify  # noqa: E402
from hloc.retrieval import top_k  # noqa: E402
from hloc.tile_products import by_onnxruntime  # noqa: E402
from storage.formats.pairs import read_pairs, write_pairs  # noqa: E402
from storage.photos import load_photo  # noqa: E402

MATRIX_SIDE, COPIED_BYTES = 2048, 1 << 28
NUM_PHOTOS, DIMENSION, NUM_NEIGHBOURS = 4096, 4096, 50
NUM_KEYPOINTS, FEATURE_SIDE = 2000, 1024
NUM_EDGES = 2_000_000
SIFT_SCALES, SIFT_TAPS = 6, 13  # images of an octave, and taps of a separable Gaussian in the mean (Lowe, 2004)
INSTRUCTIONS, BF16, MEMORY = "float32 operations", "bfloat16 operations", "memory"


@dataclass
class Stage:
    """One measured piece of work.

    Attributes
    ----------
    name : str
        As printed.
    bound : str
        The peak it is held against.
    work : float
        Operations, or bytes, of one call.
    call : callable
        Does it.
    rates : list of float
        Work per processor second, one for each round.
    """

    name: str
    bound: str
    work: float
    call: Callable[[], Any]
    rates: list[float] = field(default_factory=list)

    def turn(self) -> None:
        """Do it once more."""
        start = time.process_time()
        self.call()
        self.rates.append(self.work / (time.process_time() - start))


def peaks() -> list[Stage]:
    """Give what the machine can do at the best."""
    rng = np.random.default_rng(0)
    left = rng.standard_normal((MATRIX_SIDE, MATRIX_SIDE), np.float32)
    right, product = left.T.copy(), np.empty_like(left)
    source = np.ones(COPIED_BYTES // 8)
    target = np.zeros_like(source)
    operations = 2 * MATRIX_SIDE**3
    found = [
        Stage("matrix product, NumPy", INSTRUCTIONS, operations, lambda: np.matmul(left, right, out=product)),
        Stage("copy of 256 MiB", MEMORY, 2 * COPIED_BYTES, lambda: np.copyto(target, source)),
    ]
    if is_installed("onnxruntime"):
        multiply = by_onnxruntime()
        found.append(Stage("matrix product, ONNX Runtime", INSTRUCTIONS, operations, lambda: multiply(left, left)))
    if is_installed("torch"):
        torch = import_torch()
        first, second = torch.from_numpy(left), torch.from_numpy(right)
        found.append(Stage("matrix product, PyTorch", INSTRUCTIONS, operations, lambda: torch.mm(first, second)))
        if has_bf16("cpu"):
            short = first.bfloat16(), second.bfloat16()
            found.append(Stage("matrix product, PyTorch in bf16", BF16, operations, lambda: torch.mm(*short)))
    return found


def operations_of_network(path: Path, height: int, width: int) -> float:
    """Count the multiplications and additions of an ONNX network's convolutions and products."""
    import onnx

    model = onnx.load(str(path))
    shape = model.graph.input[0].type.tensor_type.shape
    for place, size in zip(shape.dim, (1, height, width, 3), strict=True):
        place.dim_value = size
    graph = onnx.shape_inference.infer_shapes(model).graph
    shapes = {each.name: tuple(d.dim_value for d in each.type.tensor_type.shape.dim) for each in graph.value_info}
    shapes |= {each.name: tuple(d.dim_value for d in each.type.tensor_type.shape.dim) for each in graph.output}
    weights = {each.name: tuple(each.dims) for each in graph.initializer}
    made_by = {node.output[0]: node for node in graph.node}
    total = 0.0
    for node in graph.node:
        if node.op_type in ("Conv", "Gemm", "MatMul"):
            kernel = node.input[1]
            while kernel not in weights:  # kept at half precision and widened when it is loaded
                kernel = made_by[kernel].input[0]
            per_output = np.prod(weights[kernel]) / weights[kernel][0 if node.op_type == "Conv" else -1]
            total += 2.0 * float(np.prod(shapes[node.output[0]])) * float(per_output)
    return total


def operations_of_vgg16(height: int, width: int) -> float:
    """Count those of the convolutions that NetVLAD consists of, nearly."""
    total, num_in = 0.0, 3
    for width_out, times in zip(WIDTHS, TIMES, strict=True):
        for _ in range(times):
            total += 2.0 * height * width * 9 * num_in * width_out
            num_in = width_out
        height, width = height // 2, width // 2
    return total


def stages_of_photos(folder: Path) -> list[Stage]:
    """Give decoding, networks, local features and their matching."""
    path = draw_photos(folder, 1)[0]
    photo = load_photo(path, FEATURE_SIDE)
    height, width = photo.shape[:2]
    extractor = StreetExtractor(weights=WEIGHTS)
    small = load_photo(path, extractor.max_side)
    matcher = create_matcher("rootsift", NUM_KEYPOINTS)
    features = matcher.load(matcher.describe(photo))
    pixels = 4000 * 3000 * 3
    # Each octave has a quarter of the pixels of the one before; the first is twice the photo's size.
    blurred = 4 * height * width * 4 / 3 * SIFT_SCALES * 2 * SIFT_TAPS * 2
    found = [
        Stage("decoding a JPEG of 12 megapixels to 1024", MEMORY, pixels, lambda: load_photo(path, FEATURE_SIDE)),
        Stage("street, network", INSTRUCTIONS, _street_operations(extractor, small), lambda: extractor.prepare(small)),
        Stage(
            f"SIFT, {NUM_KEYPOINTS} keypoints: its Gaussians",
            INSTRUCTIONS,
            blurred,
            lambda: extract_local_features(photo, NUM_KEYPOINTS, upright=False),
        ),
        Stage(
            f"matching a pair of {len(features.vectors)} features",
            INSTRUCTIONS,
            2.0 * len(features.vectors) ** 2 * 128,
            lambda: verify(matcher, features, features),
        ),
    ]
    if is_installed("torch"):
        operations, batch = operations_of_vgg16(height, width), photo[None]
        for way in make_ways(draw_weights(), 1)[0]:
            if way.label != REFERENCE and "int8" not in way.label:
                bound = BF16 if "bf16" in way.label else INSTRUCTIONS
                found.append(Stage(f"netvlad, {way.label}", bound, operations, partial(way.describe, batch)))
    return found


def _street_operations(extractor: StreetExtractor, photo: NDArray[np.uint8]) -> float:
    from storage.pictures import as_picture

    height, width = as_picture(photo, extractor.input_side, 32).shape[:2]
    return operations_of_network(WEIGHTS, height, width)


def stages_of_pairs(folder: Path) -> list[Stage]:
    """Give the search, reading of pairs, and the graph."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((NUM_PHOTOS, DIMENSION), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    first, second = rng.integers(0, NUM_EDGES // 10, (2, NUM_EDGES))
    scores = rng.random(NUM_EDGES)
    names = [f"photos/IMG_{number:07d}.jpg" for number in range(NUM_EDGES // 10)]
    path = folder / "pairs-drawn.txt"
    write_pairs(path, ((names[i], names[j], s) for i, j, s in zip(first, second, scores.tolist(), strict=True)), {})
    pairs = ScoredPairs.from_arrays(len(names), first, second, scores)
    edges = find_edges(pairs, 0.5)
    half = NUM_PHOTOS * NUM_PHOTOS * DIMENSION  # the product is symmetric: half of 2 N N D
    return [
        Stage(
            f"exact top-{NUM_NEIGHBOURS} of {NUM_PHOTOS} x {DIMENSION}",
            INSTRUCTIONS,
            half,
            lambda: sum(1 for _ in top_k(vectors, NUM_NEIGHBOURS)),
        ),
        Stage(f"reading {NUM_EDGES} pairs from text", MEMORY, path.stat().st_size, lambda: read_pairs(path)),
        Stage("components of a million edges", MEMORY, 16.0 * len(edges.first), lambda: strong_components(edges)),
    ]


def lines_of(tops: Sequence[Stage], stages: Sequence[Stage]) -> list[str]:
    """Give the two tables."""
    best = {bound: np.max([s.rates for s in tops if s.bound == bound], axis=0) for bound in {s.bound for s in tops}}
    lines = ["| peak | measured | 10^9 a second |", "|---|---|---|"]
    lines += [f"| {top.bound} | {top.name} | {np.median(top.rates) / 1e9:.1f} |" for top in tops]
    lines += ["", "| stage | held against | 10^9 of work | seconds | fraction of the peak |", "|---|---|---|---|---|"]
    for stage in stages:
        rates = np.array(stage.rates)
        cells = [stage.name, stage.bound, f"{stage.work / 1e9:.3g}", f"{stage.work / np.median(rates):.3f}"]
        lines.append(f"| {' | '.join([*cells, f'{np.median(rates / best[stage.bound]):.3f}'])} |")
    return lines


def main(args: argparse.Namespace) -> int:
    """Print the tables."""
    cv2.setNumThreads(1)
    if is_installed("torch"):
        import_torch().set_num_threads(1)
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        tops, stages = peaks(), [*stages_of_photos(Path(name)), *stages_of_pairs(Path(name))]
        for stage in (*tops, *stages):  # caches, pools and graphs are made in the first call, which does not count
            stage.call()
        for _ in range(args.num_rounds):
            for stage in (*tops, *stages):
                stage.turn()
    print(header(f"Fractions of the machine's peaks, {args.num_rounds} rounds, one core"))
    print("\n".join(lines_of(tops, stages)))
    return 0


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num_rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(parse_args()))
