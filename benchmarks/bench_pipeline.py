"""Measure the whole pipeline: how it grows with the collection, and what a large real one would take.

growth        N small JPEGs with positions are drawn, in buildings of a dozen. Real: decoding, shards and features file
              (with a descriptor that costs nothing, up to --max_decoded photos; above, drawn descriptors go through
              the same file), the pairs file, and create_clusters.py with the positions of the features file. Drawn: the
              candidates, ten a photo at every size, and their probabilities, in the place of retrieval and matching.
extrapolation JPEGs of 12 megapixels, made of the photos of --image_dir; each step of `vlad` and of the verification is
              timed on them and multiplied by --num_photos; two cores share the work.

Every step of the growth runs in a process of its own: processor seconds and peak memory above that of a process that
has only imported the program. Prints two tables.

Example: python benchmarks/bench_pipeline.py --sizes 1000 10000 --image_dir PHOTOS/buildings
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.large_photos import HEIGHT, WIDTH, Step, enlarge_photos, time_extraction, time_matching  # noqa: E402
from benchmarks.machine import header  # noqa: E402
from hloc.extraction import extract  # noqa: E402
from hloc.extractors.base import Extractor  # noqa: E402
from hloc.feature_run import FeatureRun, Resources  # noqa: E402
from stages.cluster import create_clusters  # noqa: E402
from stages.settings.pipeline import ClusterSettings  # noqa: E402
from storage.exif import read_exif  # noqa: E402
from storage.fingerprints import Fingerprint  # noqa: E402
from storage.formats.features import Features, features_path, write_features  # noqa: E402
from storage.formats.pairs import write_pairs  # noqa: E402
from storage.listing import list_photos  # noqa: E402
from storage.machine import keep_large_blocks  # noqa: E402

MODEL = "grid"
DIMENSION = 48
NUM_CANDIDATES, BUILDING_SIZE, NUM_DRAWN = 10, 12, 32
PHOTOS_PER_FOLDER = 1000
MOST_TIME, MOST_MEMORY = 12, 11  # for ten times the photos
NUM_CORES = 2
AIM_EXTRACTION_MIN, AIM_ALL_MIN = 22, 40  # of 11,300 photos


class Grid(Extractor):
    """The mean colours of a 4 x 4 grid: a descriptor that costs nothing."""

    name = MODEL
    max_side = 64
    dimension = DIMENSION

    def settings(self) -> dict[str, Any]:
        """Nothing changes its values."""
        return {"model": MODEL}

    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give the unit vector of a photo."""
        cells = [cell.mean(axis=(0, 1)) for row in np.array_split(photo, 4) for cell in np.array_split(row, 4, axis=1)]
        vector = np.concatenate(cells) + 1
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


def draw_collection(folder: Path, num_photos: int) -> None:
    """Write small JPEGs with a position each, those of a building near each other."""
    rng = np.random.default_rng(0)
    contents = []
    for seed in range(NUM_DRAWN):
        exif = Image.Exif()
        exif.get_ifd(0x8825).update({1: "N", 2: (46.0, float(seed), 1.5), 3: "E", 4: (7.0, 0.0, float(seed))})
        file = io.BytesIO()
        small = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
        small.resize((96, 72), Image.Resampling.BILINEAR).save(file, "JPEG", exif=exif)
        contents.append(file.getvalue())
    for number in range(num_photos):
        path = folder / f"{number // PHOTOS_PER_FOLDER:04d}" / f"IMG_{number:07d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents[number // BUILDING_SIZE % NUM_DRAWN])


def describe_decoded(folder: Path) -> None:
    """Decode every photo, shard by shard, and merge."""
    names = list_photos(folder / "photos")
    run = FeatureRun(folder / "photos", features_path(folder / "out", MODEL), Grid(), resources=Resources(0))
    extract(run, names)


def describe_drawn(folder: Path) -> None:
    """Write the features file with drawn descriptors; EXIF is read of one photo of each kind."""
    names = list_photos(folder / "photos")
    found = [(folder / "photos" / name).stat() for name in names]
    vectors = np.random.default_rng(0).standard_normal((len(names), DIMENSION), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    kinds = [read_exif(folder / "photos" / name) for name in names[: BUILDING_SIZE * NUM_DRAWN : BUILDING_SIZE]]
    features = Features(
        MODEL,
        Grid().settings() | {"half": False},
        names,
        vectors,
        np.tile(np.array([[96, 72]]), (len(names), 1)),
        [Fingerprint(each.st_size, each.st_mtime_ns, f"{row:064x}") for row, each in enumerate(found)],
        exif=[kinds[row // BUILDING_SIZE % len(kinds)] for row in range(len(names))],
    )
    write_features(features_path(folder / "out", MODEL), features)


def list_candidates(folder: Path) -> None:
    """Write ten pairs a photo with drawn probabilities, most of them within its building."""
    names = list_photos(folder / "photos")
    rng, count = np.random.default_rng(0), len(names)
    first = np.repeat(np.arange(count), NUM_CANDIDATES)
    fellow = first // BUILDING_SIZE * BUILDING_SIZE + rng.integers(0, BUILDING_SIZE, len(first))
    second = np.where(rng.random(len(first)) < 0.6, np.minimum(fellow, count - 1), rng.integers(0, count, len(first)))
    is_same = first // BUILDING_SIZE == second // BUILDING_SIZE
    probability = np.where(is_same, rng.beta(5, 2, len(first)), rng.beta(1, 12, len(first))).round(6)
    ends = np.unique(np.sort(np.column_stack((first, second)), axis=1), axis=0, return_index=True)
    rows = (
        (names[one], names[other], float(probability[row]))
        for (one, other), row in zip(*ends, strict=True)
        if one != other
    )
    write_pairs(folder / "out" / f"pairs-{MODEL}.txt", rows, {"model": MODEL, "is_probability": True})


def make_clusters(folder: Path) -> None:
    """Run the stage of create_clusters.py."""
    create_clusters(ClusterSettings(folder / "photos", outputs_dir=folder / "out", results_dir=folder / "results"))


STEPS: dict[str, Callable[[Path], None]] = {
    "nothing": lambda _folder: None,
    "decoded": describe_decoded,
    "drawn": describe_drawn,
    "candidates": list_candidates,
    "clusters": make_clusters,
}


def run_step(step: str, folder: Path) -> None:
    """Run one step in this process and print what it took."""
    before = time.process_time()
    STEPS[step](folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 2**20)
    print(json.dumps({"cpu_s": time.process_time() - before, "mib": peak}))


def measure_step(step: str, folder: Path) -> dict[str, float]:
    """Run one step in a process of its own; give processor seconds and peak MiB."""
    command = [sys.executable, __file__, "--step", step, "--folder", str(folder)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def growth_lines(sizes: Sequence[int], max_decoded: int) -> list[str]:
    """Give the table of growth, and what ten times the photos take."""
    lines = ["| photos | describing | s | pairs file, s | clusters, s | all, s | peak, MiB above start | a photo, ms |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    taken: dict[tuple[int, str], tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        base = measure_step("nothing", Path(name))["mib"]
        for size in sizes:
            folder = Path(name) / str(size)
            draw_collection(folder / "photos", size)
            for way in ["decoded", "drawn"] if size <= max_decoded else ["drawn"]:
                found = [measure_step(step, folder) for step in (way, "candidates", "clusters")]
                seconds, peak = [each["cpu_s"] for each in found], max(each["mib"] for each in found) - base
                taken[size, way] = sum(seconds), peak
                cells = [f"{size:,}", way, *(f"{each:.1f}" for each in [*seconds, sum(seconds)])]
                lines.append(f"| {' | '.join([*cells, f'{peak:.0f}', f'{1000 * sum(seconds) / size:.2f}'])} |")
                print(lines[-1], file=sys.stderr)
                (folder / "results" / "clusters.json").unlink()
                (folder / "results" / "clusters_info.json").unlink()
    lines.append("")
    for (size, way), (seconds_after, peak_after) in taken.items():
        if (size // 10, way) in taken:
            seconds_before, peak_before = taken[size // 10, way]
            lines.append(
                f"From {size // 10:,} to {size:,} photos ({way}): time x {seconds_after / seconds_before:.1f} (aim: at "
                f"most {MOST_TIME}), memory x {peak_after / peak_before:.1f} (aim: at most {MOST_MEMORY})."
            )
    return lines


def extrapolation_lines(steps: Sequence[Step], num_photos: int) -> list[str]:
    """Give the table of the steps and what they come to on two cores."""
    lines = ["| step | measured on | s each | s a photo | min, 2 cores |", "|---|---|---|---|---|"]
    minutes = {True: 0.0, False: 0.0}
    for step in steps:
        total = step.total(num_photos)
        taken = total / NUM_CORES / 60
        minutes[step.is_extraction] += taken
        cells = [step.label, str(step.count), f"{step.seconds:.4f}", f"{total / num_photos:.4f}", f"{taken:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return [
        *lines,
        f"\n{num_photos:,} photos on {NUM_CORES} cores: extraction {minutes[True]:.1f} min (aim for 11,300: below "
        f"{AIM_EXTRACTION_MIN}), all stages {sum(minutes.values()):.1f} min (aim: below {AIM_ALL_MIN}).",
    ]


def extrapolate(args: argparse.Namespace) -> list[str]:
    """Time all steps on large photos and give the table."""
    keep_large_blocks()  # as workers do
    with tempfile.TemporaryDirectory() as name:
        names = enlarge_photos(args.image_dir, Path(name), args.num_large)
        steps = time_extraction(Path(name), names, args.num_decodes, args.num_sample)
        steps += time_matching(Path(name), names, args.num_pairs)
    steps.append(Step("files, pairs and clusters: see growth", 1, args.grouping_ms / 1000, 1, False))
    return extrapolation_lines(steps, args.num_photos)


def main(args: argparse.Namespace) -> int:
    """Print the tables, or run one step."""
    if args.step is not None:
        run_step(args.step, args.folder)
        return 0
    if args.sizes:
        print(header("growth of the pipeline, candidates fixed"))
        print("\n".join(growth_lines(args.sizes, args.max_decoded)), flush=True)
    if args.image_dir is not None:
        print("\n" + header(f"`vlad` on photos of {WIDTH} x {HEIGHT} pixels, extrapolated to {args.num_photos:,}"))
        print("\n".join(extrapolate(args)))
    return 0


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1000, 10000, 100000])
    parser.add_argument("--max_decoded", type=int, default=10000, help="larger collections get drawn descriptors")
    parser.add_argument("--image_dir", type=Path, help="photos to make the large JPEGs of; without it no extrapolation")
    parser.add_argument("--num_photos", type=int, default=11300, help="to extrapolate to")
    parser.add_argument("--num_large", type=int, default=25, help="different large JPEGs")
    parser.add_argument("--num_decodes", type=int, default=500)
    parser.add_argument("--num_sample", type=int, default=1024, help="photos that vlad learns on")
    parser.add_argument("--num_pairs", type=int, default=100, help="pairs that are verified for the time")
    parser.add_argument("--grouping_ms", type=float, default=1.0, help="a photo, for files and clusters: see growth")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
