"""Tiny inputs of all scripts, drawn in the folder that they run in.

Each is drawn twice: as it was for an earlier run, and as it is later, when photos have come and one has changed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from storage.formats.matches import write_matches
from tests.drawn_collection import write_drawn_clusters, write_drawn_features, write_drawn_pairs
from tests.drawn_photos import draw_photo

NUM_EARLIER, NUM_LATER = 7, 12
WEIGHTS = b"weights of no network " * 20_000
WEIGHTS_SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


def _count(is_later: bool) -> int:
    return NUM_LATER if is_later else NUM_EARLIER


def _save(path: Path, seed: int) -> None:
    """Save a photo in which corners can be found; leave one that is the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 90, (15, 20, 3), dtype=np.uint8)
    coarse = Image.fromarray(noise).resize((80, 60), Image.Resampling.NEAREST)
    Image.fromarray(np.asarray(draw_photo(seed, 80, 60)) // 2 + np.asarray(coarse)).save(path, quality=92)


def draw_photos(folder: Path, is_later: bool) -> None:
    """Draw ``photos/``; the second photo is replaced later."""
    _draw_into(folder / "photos", is_later)


def _draw_into(photos: Path, is_later: bool) -> list[str]:
    names = [f"{'street/' if number % 2 else ''}photo_{number:03d}.jpg" for number in range(_count(is_later))]
    for number, name in enumerate(names):
        if not (photos / name).exists() or (is_later and number == 1):
            _save(photos / name, number + 100 * (is_later and number == 1))
    return sorted(names)


def draw_work_of_copies(folder: Path, is_later: bool) -> None:
    """Draw ``photos/`` and copy them to the work folder ``datasets/``."""
    from stages.copy import copy_photos
    from stages.settings.pipeline import CopySettings

    draw_photos(folder, is_later)
    copy_photos(CopySettings(folder / "photos", folder / "datasets"))


def draw_pairs(folder: Path, is_later: bool) -> None:
    """Draw ``datasets/`` with pairs and descriptors in ``netvlad/``."""
    names = _draw_into(folder / "datasets", is_later)
    write_drawn_pairs(folder / "netvlad", names)
    write_drawn_features(folder / "netvlad", names)


def draw_work(folder: Path, is_later: bool) -> None:
    """Draw the same with clusters in ``results/``; later others."""
    draw_pairs(folder, is_later)
    write_drawn_clusters(folder / "results", _draw_into(folder / "datasets", is_later), 3 if is_later else 2)


def draw_reviewed(folder: Path, is_later: bool) -> None:
    """Draw clusters that were made of the pairs."""
    from stages.cluster import create_clusters
    from stages.settings.pipeline import ClusterSettings

    draw_pairs(folder, is_later)
    create_clusters(
        ClusterSettings(image_dir=folder / "datasets", outputs_dir=folder / "netvlad", results_dir=folder / "results")
    )


def draw_report_inputs(folder: Path, is_later: bool) -> None:
    """Draw clusters with reasons, and photos with positions; later a building more."""
    from tests.drawn_work import ALONE, HALL, MISSING, SHOP, draw_work, reasons, save_photo

    work, info, clusters = draw_work(folder), reasons() | {"skipped": []}, {"0": HALL, "3": SHOP, "-1": ALONE}
    shutil.rmtree(folder / "netvlad")  # a report of photos that were skipped
    save_photo(folder / "datasets" / MISSING, 50)
    if not is_later:
        del info["clusters"]["3"]
        info |= {"singletons": {name: {"reason": "no_pairs"} for name in (*SHOP, *ALONE)}, "review": []}
        clusters = {"0": HALL, "-1": sorted([*SHOP, *ALONE])}
    work.write_clusters(clusters, info)


def draw_descriptors(folder: Path, is_later: bool) -> None:
    """Draw photos with descriptors in three groups."""
    names = _draw_into(folder / "datasets", is_later)
    write_drawn_features(folder / "netvlad", names, num_groups=3)


def draw_shards(folder: Path, is_later: bool) -> None:
    """Draw photos and describe them in two shards."""
    from stages.extract_shard import extract_shard
    from stages.settings.pipeline import ExtractSettings
    from tests.reliability.writers import fake_models

    draw_photos(folder, is_later)
    with fake_models():
        for shard in ("1/2", "2/2"):
            settings = ExtractSettings(
                folder / "photos", folder / "netvlad", model="mean_colour", num_workers=0, min_score=-1, shard=shard
            )
            extract_shard(settings)


def draw_matches(folder: Path, is_later: bool) -> None:
    """Draw verified pairs and labels, later of more photos."""
    from tests.stages.test_calibrate import file_of

    count = 20 if is_later else 12
    write_matches(folder / "matches.h5", file_of(count))
    lines = [f"{number}.jpg,{'one' if number < count // 2 else 'two'}\n" for number in range(count)]
    (folder / "labels.csv").write_text("path,building\n" + "".join(lines), encoding="utf-8")


def draw_table(folder: Path, is_later: bool) -> None:
    """Draw photos and a table with the class of each."""
    names = _draw_into(folder / "photos", is_later)
    lines = [f"{name},class_{number % 3}\n" for number, name in enumerate(names)]
    (folder / "table.csv").write_text("file,class\n" + "".join(lines), encoding="utf-8")


def draw_searches(folder: Path, is_later: bool) -> None:
    """Draw a search experiment's inputs, later with more queries."""
    from tests.stages.drawn_search import draw_search

    draw_search(folder)
    if not is_later:
        lines = (folder / "manifest.csv").read_text(encoding="utf-8").splitlines()
        (folder / "manifest.csv").write_text("\n".join(lines[:20]) + "\n", encoding="utf-8")


def draw_search_results(folder: Path, is_later: bool) -> None:
    """Draw the same and the experiment's results."""
    from stages.retrieval.search_experiment import search_experiment
    from tests.stages.drawn_search import draw_search

    search_experiment(draw_search(folder))


def draw_painting(folder: Path, is_later: bool) -> None:
    """Draw a photo, its labels and a script, later with an action more."""
    from tests.stages import drawn_painting

    actions = [{"action": "fill", "at": [0, 0]}, {"action": "colour", "colour": [0, 0, 204]}]
    drawn_painting.draw_painting(folder, [*actions, {"action": "fill", "at": [50, 5]}] if is_later else actions[:1])


def draw_weights(folder: Path, is_later: bool) -> None:
    """Write what stands for downloaded weights."""
    (folder / "weights.pth").write_bytes(WEIGHTS)


def draw_buildings(folder: Path, is_later: bool) -> None:
    """Draw buildings with labels, and a teacher."""
    from tests.training.finetuning.conftest import save_buildings
    from tests.training.test_recipe import write_teacher

    save_buildings(folder / "photos", 3, 3)
    write_teacher(folder / "teacher.onnx")


def draw_checkpoints(folder: Path, is_later: bool) -> None:
    """Draw buildings, clusters of them, and two checkpoints."""
    from tests.training.finetuning.conftest import save_buildings
    from training.checkpoints import save_checkpoint
    from training.finetuning.networks import begin, make_encoder

    save_buildings(folder / "photos", 4, 3)
    shape = begin("tiny", None).shape
    for epoch in (0, 2):
        encoder = make_encoder("tiny", shape, epoch + is_later)
        state = {"model": "tiny", "shape": shape, "encoder": encoder.module.state_dict()}
        save_checkpoint(folder / f"epoch-{epoch:04d}.pt", state)
    groups = {"0": ["b0_0.png", "b0_1.png"], "1": ["b1_0.png", "b1_2.png"], "-1": ["b3_0.png"]}
    (folder / "clusters.json").write_text(json.dumps(groups), encoding="utf-8")


def draw_nothing(folder: Path, is_later: bool) -> None:
    """Draw nothing."""
