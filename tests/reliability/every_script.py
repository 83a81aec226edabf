"""Every script that writes files, and how each is run on a drawn collection that all of them only read.

It is as large as it must be for every script to find something; for runs by the hundred see ``all_writers``.
"""

from __future__ import annotations

import importlib
import importlib.util
import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import cv2

from tests.drawn_work import save_photo
from tests.hloc.matching.folders import save_walls
from tests.reliability.writers import TIMED
from tests.stages.drawn_painting import draw_painting
from tests.stages.drawn_search import draw_search
from tests.training.finetuning.conftest import save_buildings

NUM_PHOTOS = 12
_CLUSTERS = ("results/clusters.json", "results/clusters_info.json")
_TORCH = ("torch", "onnx")
_ALONE = "--num_workers 0"
_WORK = "--image_dir {in}/photos --outputs_dir {in}/netvlad"
_EXTRACT = f"--image_dir {{in}}/photos --outputs_dir {{out}}/netvlad --model vlad {_ALONE}"


@dataclass(frozen=True)
class Script:
    """One script that writes, and one call of it.

    Attributes
    ----------
    name : str
        Module, and after a blank what is special about this call.
    call : str
        The command line; ``{in}`` stands for the folder of the collection, ``{out}`` for the one for outputs.
    puts : tuple of str
        Files of the collection that are copied to the same places of the folder for outputs before.
    after : tuple of str
        Scripts that are run before.
    needs : tuple of str
        Packages without which it does not run.
    has_lock : bool
        Whether a second run is refused while one writes; all do but those that write one file.
    reads_photos : bool
        Whether it opens the photos of the collection.
    """

    name: str
    call: str
    puts: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    has_lock: bool = True
    reads_photos: bool = True

    @property
    def module(self) -> str:
        """The module that is run."""
        return self.name.split(" ")[0]

    @property
    def is_there(self) -> bool:
        """Whether all packages are installed that it needs."""
        return all(importlib.util.find_spec(package) is not None for package in self.needs)

    def prepare(self, folder: Path, out: Path) -> None:
        """Put into the folder for outputs what the script expects there."""
        out.mkdir(parents=True, exist_ok=True)
        for name in self.puts:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, out / name)
        for name in self.after:
            BY_NAME[name].run(folder, out)

    def arguments(self, folder: Path, out: Path) -> list[str]:
        """Give the command line for a collection and a folder for outputs."""
        return [part.format(**{"in": folder, "out": out}) for part in [*self.call.split(), "--quiet"]]

    def main(self, folder: Path, out: Path) -> int:
        """Run it in this process; give its exit code."""
        script = importlib.import_module(self.module)
        code: int = script.main(script.parse_args(self.arguments(folder, out)))
        return code

    def run(self, folder: Path, out: Path) -> None:
        """Run it in this process; AssertionError when its exit code is not 0."""
        code = self.main(folder, out)
        assert code == 0, f"{self.name}: exit code {code}"


SCRIPTS = (
    Script("copy_images", "--image_dir {in}/photos --export_dir {out}/datasets"),
    Script(
        "resize_images",
        f"--image_dir {{out}}/datasets --max_side 100 {_ALONE}",
        after=("copy_images",),
        reads_photos=False,
    ),
    Script("resize_images beside", f"--image_dir {{in}}/photos --export_dir {{out}}/small --max_side 100 {_ALONE}"),
    Script("extract_features", _EXTRACT),
    Script("extract_features 1/2", f"{_EXTRACT} --shard 1/2"),
    Script("extract_features 2/2", f"{_EXTRACT} --shard 2/2"),
    Script(
        "match_pairs",
        f"--image_dir {{in}}/photos --outputs_dir {{out}}/netvlad {_ALONE}",
        puts=("netvlad/pairs-vlad.txt", "netvlad/pairs-vlad.json", "netvlad/global-feats-vlad.h5"),
    ),
    Script("create_clusters", f"{_WORK} --results_dir {{out}}/results"),
    Script("export_clusters", "--image_dir {in}/photos --results_dir {out}/results", puts=_CLUSTERS),
    Script("run_pipeline", f"--image_dir {{in}}/photos --work_dir {{out}}/work --model vlad {_ALONE}"),
    Script(
        "tools.calibrate",
        "--matches {in}/netvlad/matches-vlad.h5 --labels {in}/labels.csv --output {out}/calibration.json",
        has_lock=False,
        reads_photos=False,
    ),
    Script("tools.cluster_features", f"{_WORK} --results_dir {{out}}/results --plots --extremes {_ALONE}"),
    Script("tools.compare_images", f"--image_dir {{in}}/photos --outputs_dir {{out}}/netvlad --method phash {_ALONE}"),
    Script(
        "tools.draw_street",
        "--export_dir {out}/street --num_buildings 2 --min_views 2 --max_views 2 --num_singles 1 --side 128",
        reads_photos=False,
    ),
    Script(
        "tools.evaluate_finetuning",
        "--checkpoints {out}/tuned/checkpoints/epoch-0002.pt --image_dir {in}/buildings "
        "--truth {in}/buildings/labels.csv --output_dir {out}/judged --k 1 --num_threads 1",
        after=("tools.finetune_simclr",),
        needs=(*_TORCH, "torchvision", "matplotlib"),
        reads_photos=False,
    ),
    Script(
        "tools.explain_pair",
        f"wall_1_0 wall_1_1 {_WORK} --results_dir {{in}}/results --output {{out}}/pair.png",
        has_lock=False,
    ),
    Script(
        "tools.explore_neighbors",
        "--pairs_file {in}/netvlad/pairs-vlad.txt --image_dir {in}/photos --output {out}/neighbors.html --k 3",
        has_lock=False,
    ),
    Script("tools.export_labels", "--image_dir {in}/photos --results_dir {out}/results --format xmp", puts=_CLUSTERS),
    Script(
        "tools.finetune_simclr",
        "--images {in}/buildings --output_dir {out}/tuned --model tiny --size 32 --input_side 48 --num_threads 1 "
        "--warmup_epochs 0 --epochs 2 --batch_size 4 --save_every 1",
        needs=(*_TORCH, "torchvision"),
        reads_photos=False,
    ),
    Script("tools.make_attacks", f"--image_dir {{in}}/photos --export_dir {{out}}/attacked --attacks scaling {_ALONE}"),
    Script("tools.make_report", f"{_WORK} --results_dir {{out}}/results {_ALONE}", puts=_CLUSTERS),
    Script(
        "tools.merge_features",
        "--outputs_dir {out}/netvlad",
        after=("extract_features 1/2", "extract_features 2/2"),
        reads_photos=False,
    ),
    Script(
        "tools.paint_masks",
        "--image {in}/painting/photos/a.png --labels {in}/painting/labels.png --script {in}/painting/actions.json "
        "--export_dir {out}/masks",
        reads_photos=False,
    ),
    Script(
        "tools.plot_experiment",
        "--results {in}/searched --output {out}/experiment.html",
        needs=("matplotlib",),
        has_lock=False,
        reads_photos=False,
    ),
    Script("tools.plot_features", f"{_WORK} --results_dir {{in}}/results --output_dir {{out}}/map --methods pca"),
    Script(
        "tools.preprocess_images",
        f"--image_dir {{in}}/photos --export_dir {{out}}/square --trim --square blur --size 64 64 {_ALONE}",
    ),
    Script(
        "tools.search_experiment",
        "--database {in}/search/db.h5 --queries {in}/search/q.h5 --truth {in}/search/manifest.csv "
        "--results_dir {out}/searched --repeats 1 --warmup 0 --backend numpy",
        reads_photos=False,
    ),
    Script("tools.segment_images", f"--image_dir {{in}}/photos --batch {{out}}/segments {_ALONE}"),
    Script("tools.select_threshold", f"{_WORK} --results_dir {{out}}/results --output_dir {{out}}/threshold"),
    Script(
        "tools.split_templates",
        "--csv {in}/labels.csv --image_dir {in}/photos --export_dir {out}/split --file_column path "
        "--class_column building",
    ),
    Script(
        "tools.train_autoencoder",
        "--images {in}/buildings --output_dir {out}/autoencoder --size 32 --epochs 2 --num_threads 1",
        needs=(*_TORCH, "onnxruntime"),
        reads_photos=False,
    ),
    Script(
        "tools.train_descriptor",
        "--images {in}/buildings --output_dir {out}/descriptor --objective simclr --num_crops 16 --basis_crops 40 "
        "--num_samples 16 --batch_size 8 --input_stages 0:32 --input_side 32 --dimension 8 --num_threads 1",
        needs=(*_TORCH, "onnxruntime"),
        reads_photos=False,
    ),
)
BY_NAME = {script.name: script for script in SCRIPTS}
# What writes, and is tried by itself: it fetches from the network; it waits for a person.
APART = {"tools.download_models", "tools.review_clusters"}
WRITE_NOTHING = {"tools.check_results", "tools.estimate_workload", "tools.evaluate_clusters"}


def draw_inputs(folder: Path) -> Path:
    """Draw photos and write the inputs of the tools that no stage makes; give ``folder``."""
    cv2.setNumThreads(1)  # threads of OpenCV do not outlive a fork, and it would wait for them in a child
    labels = save_walls(folder / "photos", seeds=(1, 2, 3))
    for number in range(NUM_PHOTOS - len(labels)):
        name = f"day 2/Straße {number}.jpg"
        save_photo(folder / "photos" / name, number, (45.0, 15.0 + number, "2023:05:09 09:00:00", "Drawn"))
        labels[name] = "single"
    lines = ["path,building", *(f"{name},{label}" for name, label in labels.items())]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    draw_painting(folder / "painting", [{"action": "fill", "at": [0, 0]}])
    draw_search(folder / "search")
    save_buildings(folder / "buildings", 4, 3)
    return folder


def run_stages(folder: Path) -> Path:
    """Run what makes the other inputs of the tools; give ``folder``."""
    for name in ("extract_features", "match_pairs", "create_clusters", "tools.search_experiment"):
        BY_NAME[name].run(folder, folder)
    return folder


def same_in_every_run(script: Script, found: dict[str, str]) -> dict[str, str]:
    """Leave out of the contents of a folder the files in which the script says how long something took."""
    timed = TIMED.get(script.name, ())
    return {name: value for name, value in found.items() if not any(fnmatch(Path(name).name, each) for each in timed)}
