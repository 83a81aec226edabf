"""The stage of ``extract_features.py --distributed ray``: the shards of a collection as tasks of a Ray cluster.

One block of photos is one shard (:mod:`stages.extract_shard`), computed by one task over a shared disk; the shards are
merged, and then the pairs are found in tasks too (:mod:`stages.distributed.pairs`). So what a killed worker, machine or
whole run has written is kept, and Ray only says who does what.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hloc.extractors import JOINT
from hloc.extractors.base import LearntExtractor
from stages import extract as whole
from stages.distributed.pairs import RayPairs
from stages.distributed.tasks import Call, import_ray, ray_cluster, remote_task, run_tasks
from stages.extract_shard import extract_shard
from stages.image_folder import photos_in, usable_names
from stages.merge import merge_features
from stages.settings.pipeline import ExtractSettings, MergeSettings
from storage.errors import UsageError
from storage.formats.feature_shards import Shard
from storage.progress import progress_bar
from storage.report import RunReport

PHOTOS_PER_BLOCK = 512  # a few minutes of one core: what a killed worker costs at most, less what it wrote


def extract_with_ray(settings: ExtractSettings, photos_per_block: int = PHOTOS_PER_BLOCK) -> RunReport:
    """Bring descriptors and pairs up to date on the machines of a Ray cluster.

    Writes what :func:`stages.extract.extract_features` writes, byte for byte, and the shards it was made of. All
    machines see the code, the photos and the outputs folder under the same paths.

    Parameters
    ----------
    settings : ExtractSettings
        ``num_workers`` and ``device`` are those of each task. ``ray_address`` of None starts a cluster on this machine.
    photos_per_block : int
        Photos of a task.

    Raises
    ------
    UsageError
        When a setting is out of range, or Ray is not installed.
    StageError
        When no cluster answers, a block failed, or as for one machine.
    """
    whole.check_extraction(settings)
    if ":" in settings.device:
        raise UsageError(f"--device {settings.device}: Ray gives each task its GPU; use --device cuda")
    ray, started = import_ray(), time.monotonic()
    models, options = whole.chosen_models(settings)
    names, _ = usable_names(photos_in(settings.image_dir, settings.follow_links))
    num_workers = 1 if settings.num_workers is None else settings.num_workers
    extractors = [whole.create_extractor(model, options) for model in models]
    call = replace(settings, model=JOINT.join(models), num_workers=num_workers)
    blocks = _blocks(call, -(-len(names) // photos_per_block))
    # The first block of a model that learns goes alone, so that the others find what it learnt.
    num_alone = 1 if any(isinstance(extractor, LearntExtractor) for extractor in extractors) else 0
    name = JOINT.join(extractor.name for extractor in extractors)
    merge = MergeSettings(settings.outputs_dir, name, settings.image_dir, overwrite=settings.overwrite)
    with ray_cluster(ray, settings.ray_address):
        task = remote_task(ray, _block, max(num_workers, 1), int(settings.device == "cuda"))
        computed = _run_all(ray, task, blocks[:num_alone], "first block")
        computed += _run_all(ray, task, blocks[num_alone:], "blocks")
        report = merge_features(merge, RayPairs(ray, settings.outputs_dir.resolve(), max(num_workers, 1)))
    report.stage = whole.STAGE
    report.counts["computed_now"] = computed
    report.seconds = time.monotonic() - started
    return report


def _blocks(call: ExtractSettings, count: int) -> list[ExtractSettings]:
    """Give the call of each block, by paths that do not hang on where a worker stands."""
    call = replace(call, image_dir=call.image_dir.resolve(), outputs_dir=call.outputs_dir.resolve())
    call = replace(call, distributed=None, ray_address=None)
    return [replace(call, shard=str(Shard(number, count))) for number in range(1, count + 1)]


def _block(settings: ExtractSettings) -> int:
    """Describe one block on a worker; give the number of photos computed."""
    return extract_shard(settings).counts["computed_now"]


def _run_all(ray: Any, task: Any, blocks: Sequence[ExtractSettings], label: str) -> int:
    """Run the blocks as tasks; give the number of photos computed."""
    calls = [Call(f"block {block.shard}", block.shard, (block,)) for block in blocks]
    return sum(computed for _, computed in progress_bar(run_tasks(ray, task, calls), len(calls), label))
