"""The stage of ``extract_features.py --shard i/n``: every n-th photo to descriptors, in a work folder of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hloc.extraction import Extraction, extract_all
from hloc.extractors import JOINT
from hloc.extractors.base import Extractor
from hloc.feature_run import Collection, FeatureRun
from stages import extract as whole
from stages.checks import settings_as_json
from stages.image_folder import photos_in, usable_names
from stages.settings.pipeline import ExtractSettings
from stages.work_folder import clear_leftovers
from storage.errors import UsageError
from storage.formats.feature_shards import (
    Shard,
    ShardOrigin,
    learnt_path,
    listing_checksum,
    parse_shard,
    write_shard_origin,
)
from storage.formats.features import features_path
from storage.lock import work_lock
from storage.report import RunReport, SkippedPhoto, check_accounting

NEXT_STEP = "when all shards stand: python -m tools.merge_features"


def extract_shard(settings: ExtractSettings) -> RunReport:
    """Bring the descriptors of one shard of a folder of photos up to date.

    Writes ``shards/i-of-n/`` below ``settings.outputs_dir``: what :func:`stages.extract.extract_features` writes but
    the pairs, and what the shard was made of. Models that learn take what the first shard learnt, or learn it on the
    sample of the whole folder.

    Raises
    ------
    UsageError
        When a setting is out of range, there are more shards than photos, or the shard, or what was learnt, was made
        with other settings or of another list of photos.
    StageError
        When there are no photos, or a file cannot be written.
    """
    whole.check_extraction(settings)
    shard, started = parse_shard(settings.shard or ""), time.monotonic()
    models, options = whole.chosen_models(settings)
    folder = shard.folder(settings.outputs_dir)
    with work_lock(folder):
        clear_leftovers(folder, whole.STAGE)
        names, unnamable = usable_names(photos_in(settings.image_dir, settings.follow_links))
        if shard.count > len(names):
            raise UsageError(f"--shard {shard}: there are {len(names)} photos; make {len(names)} shards at the most")
        extractors = [whole.create_extractor(model, options) for model in models]
        runs = [_run(settings, shard, extractor, names) for extractor in extractors]
        model = JOINT.join(extractor.name for extractor in extractors)
        call = settings_as_json(replace(settings, model=JOINT.join(models), overwrite=False))
        write_shard_origin(
            settings.outputs_dir,
            ShardOrigin(shard, model, len(names), listing_checksum(names), call, unnamable),
        )
        part = shard.part(names)
        results = extract_all(runs, part, settings.overwrite)
        report = _report(settings, shard, part, results)
        report.seconds = time.monotonic() - started
        if not report.is_current:
            report.write(folder)
    return report


def shard_command(call: Mapping[str, Any], shard: Shard) -> str:
    """Give the command that makes a shard as another one was made.

    Parameters
    ----------
    call : Mapping
        The settings of the other shard, as in its file.
    shard : Shard
        The one to make.
    """
    default = settings_as_json(ExtractSettings())
    words = ["python", "extract_features.py"]
    for flag, value in (dict(call) | {"shard": str(shard)}).items():
        if value == default.get(flag) and flag not in ("image_dir", "outputs_dir"):
            continue
        words += [f"--{flag}"] if value is True else [f"--{flag}", str(value)]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _run(settings: ExtractSettings, shard: Shard, extractor: Extractor, names: Sequence[str]) -> FeatureRun:
    collection = Collection(names, learnt_path(settings.outputs_dir, extractor.name))
    path = features_path(shard.folder(settings.outputs_dir), extractor.name)
    return replace(whole.feature_run(settings, extractor), path=path, collection=collection)


def _report(settings: ExtractSettings, shard: Shard, part: Sequence[str], results: Sequence[Extraction]) -> RunReport:
    report = RunReport(whole.STAGE, settings_as_json(settings))
    reasons = {photo.name: photo.reason for result in reversed(results) for photo in result.features.skipped}
    report.skipped = [SkippedPhoto(name, reason) for name, reason in sorted(reasons.items())]
    report.counts = {
        "photos": len(part),
        "described": len(set.intersection(*(set(result.features.names) for result in results))),
        "computed_now": len({name for result in results for name in result.computed}),
        "skipped": len(report.skipped),
    }
    for result in results:
        model = result.features.model
        report.outputs[f"features_{model}"] = str(features_path(shard.folder(settings.outputs_dir), model))
    report.notes.append(NEXT_STEP)
    report.is_current = all(result.is_current for result in results)
    check_accounting(report, len(part), described=report.counts["described"])
    return report
