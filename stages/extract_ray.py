"""The stage of ``extract_features.py --distributed ray``: the shards of a collection as tasks of a Ray cluster.

One block of photos is one shard (:mod:`stages.extract_shard`), computed by one task over a shared disk; the shards are
merged in the end. So what a killed worker, machine or whole run has written is kept, and Ray only says who does what.
"""

from __future__ import annotations

import importlib
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hloc.extractors import JOINT
from hloc.extractors.base import LearntExtractor
from stages import extract as whole
from stages.checks import follows_links
from stages.extract_shard import extract_shard
from stages.merge import merge_features
from stages.settings import ExtractSettings, MergeSettings
from storage.errors import StageError, UsageError
from storage.formats.feature_shards import Shard
from storage.listing import list_photos
from storage.progress import progress_bar
from storage.report import RunReport

logger = logging.getLogger(__name__)
PHOTOS_PER_BLOCK = 512  # a few minutes of one core: what a killed worker costs at most, less what it wrote
RETRIES = 3  # of a block whose worker died; a photo that crashes its reader is skipped and needs none
CODE = Path(__file__).resolve().parents[1]
INSTALL = "pip install -r requirements-ray.txt"


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
    ray, started = _import_ray(), time.monotonic()
    models, options = whole.chosen_models(settings)
    names, _ = whole.usable_names(list_photos(settings.image_dir, follows_links(settings)))
    count = -(-len(names) // photos_per_block)
    num_workers = 1 if settings.num_workers is None else settings.num_workers
    resolved = replace(
        settings,
        image_dir=settings.image_dir.resolve(),
        outputs_dir=settings.outputs_dir.resolve(),
        model=JOINT.join(models),
        num_workers=num_workers,
        distributed=None,
        ray_address=None,
    )
    extractors = [whole.create_extractor(model, options) for model in models]
    blocks = [replace(resolved, shard=str(Shard(number, count))) for number in range(1, count + 1)]
    # The first block of a model that learns goes alone, so that the others find what it learnt.
    num_alone = 1 if any(isinstance(extractor, LearntExtractor) for extractor in extractors) else 0
    with _cluster(ray, settings.ray_address):
        task = ray.remote(num_cpus=max(num_workers, 1), num_gpus=int(settings.device == "cuda"), max_retries=RETRIES)(
            _block
        )
        computed = _run_all(ray, task, blocks[:num_alone], "first block")
        computed += _run_all(ray, task, blocks[num_alone:], "blocks")
    name = JOINT.join(extractor.name for extractor in extractors)
    report = merge_features(MergeSettings(settings.outputs_dir, name, settings.image_dir, overwrite=settings.overwrite))
    report.stage = whole.STAGE
    report.counts["computed_now"] = computed
    report.seconds = time.monotonic() - started
    return report


def _block(settings: ExtractSettings) -> int:
    """Describe one block on a worker; give the number of photos computed."""
    return extract_shard(settings).counts["computed_now"]


def _import_ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise UsageError(f"--distributed ray: Ray is not installed ({error}); {INSTALL}") from error


@contextmanager
def _cluster(ray: Any, address: str | None) -> Iterator[None]:
    """Connect to a cluster, or start one here; leave it in the end."""
    environment = {"env_vars": {"PYTHONPATH": str(CODE)}}  # the code stands under the same path on all machines
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anyone
    is_ours = not ray.is_initialized()
    if is_ours:
        try:
            ray.init(address=address, runtime_env=environment, include_dashboard=False if address is None else None)
        except (ConnectionError, RuntimeError, ValueError) as error:
            where = "a cluster cannot be started here" if address is None else f"no cluster answers at {address}"
            raise StageError(f"--distributed ray: {where} ({error})") from error
    try:
        yield
    finally:
        if is_ours:
            ray.shutdown()


def _run_all(ray: Any, task: Any, blocks: Sequence[ExtractSettings], label: str) -> int:
    """Run the blocks as tasks; give the number of photos computed. The first failure ends all."""
    pending = {task.remote(block): block for block in blocks}
    return sum(progress_bar(_results(ray, pending), len(blocks), label))


def _results(ray: Any, pending: dict[Any, ExtractSettings]) -> Iterator[int]:
    waiting = list(pending)
    try:
        while waiting:
            (done,), waiting = ray.wait(waiting, num_returns=1)
            yield _result(ray, done, pending[done])
    finally:
        for left in waiting:
            ray.cancel(left, force=True)


def _result(ray: Any, done: Any, block: ExtractSettings) -> int:
    try:
        return int(ray.get(done))
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        if isinstance(cause, StageError):
            raise cause from error
        raise StageError(f"block {block.shard} failed: {cause!r}; run the same command again to go on") from error
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[0]
        raise StageError(
            f"block {block.shard} failed {RETRIES + 1} times, its worker died ({reason}); run the same command again "
            "to go on"
        ) from error
