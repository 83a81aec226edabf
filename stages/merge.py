"""The stage of ``tools.merge_features``: shards to the features and pairs that one machine would have written."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hloc.extraction import Extraction
from hloc.extractors import JOINT
from hloc.merging import merge_shards
from hloc.retrieval import find_neighbours
from stages import extract as whole
from stages.checks import settings_as_json
from stages.extract_shard import shard_command
from stages.image_folder import photos_in, usable_names
from stages.settings.pipeline import ExtractSettings, MergeSettings
from stages.work_folder import clear_leftovers
from storage.atomic import remove_leftovers
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.feature_shards import FOLDER_NAME, Shard, ShardOrigin, listing_checksum, read_shard_origins
from storage.formats.features import Features, features_path, read_features, write_features
from storage.lock import work_lock
from storage.report import RunReport, check_accounting

logger = logging.getLogger(__name__)
STAGE = "merge_features"
PAIRS_FLAGS = ("num_to_match", "min_score", "search", "layout")
SHOWN = 3


def merge_features(settings: MergeSettings, find: whole.Find = find_neighbours) -> RunReport:
    """Check that all shards of a collection stand and fit together, and write what one machine would have written.

    Parameters
    ----------
    settings : MergeSettings
        Where the shards are, and what is made of them.
    find : callable
        What finds the pairs, as :func:`hloc.retrieval.find_neighbours` does.

    Raises
    ------
    UsageError
        When shards were made with different settings, of different photos or overlap; it is said what differs.
    StageError
        When a shard is missing (the command that makes it is named) or nothing usable is there.
    """
    started = time.monotonic()
    with work_lock(settings.outputs_dir):
        clear_leftovers(settings.outputs_dir, STAGE)
        origins = _chosen_shards(settings)
        models = _models(origins[0])
        _refuse_missing(settings, origins, models)
        _refuse_other_lists(origins)
        remove_leftovers(settings.outputs_dir / FOLDER_NAME)
        call = _call(settings, origins)
        _compare_with_folder(settings, call, origins[0])
        results = [_merge_model(settings, model, origins) for model in models]
        report = whole.write_pairs_of(call, results, origins[0].unnamable, STAGE, find)
        report.settings = settings_as_json(settings) | {"model": origins[0].model}
        report.counts = {"shards": len(origins)} | report.counts
        total = origins[0].num_photos + len(origins[0].unnamable)
        check_accounting(report, total, described=report.counts["described"])
        report.seconds = time.monotonic() - started
        if not report.is_current:
            report.write(settings.outputs_dir)
    return report


def _chosen_shards(settings: MergeSettings) -> list[ShardOrigin]:
    """Give the shards of the model that is meant, all of one cut into n."""
    origins = read_shard_origins(settings.outputs_dir)
    folder = settings.outputs_dir / FOLDER_NAME
    if not origins:
        raise StageError(f"there are no shards in {folder}; make them with: python extract_features.py --shard i/n")
    models = sorted({origin.model for origin in origins})
    if settings.model is not None:
        wanted = JOINT.join(sorted(settings.model.split(JOINT)))
        models = [model for model in models if JOINT.join(sorted(model.split(JOINT))) == wanted]
        if not models:
            there = ", ".join(sorted({origin.model for origin in origins}))
            raise UsageError(f"--model {settings.model}: the shards in {folder} were made with {there}")
    if len(models) > 1:
        raise UsageError(f"{folder} holds shards of {' and of '.join(models)}; say by --model which are meant")
    chosen = [origin for origin in origins if origin.model == models[0]]
    counts = sorted({origin.shard.count for origin in chosen})
    if len(counts) > 1:
        cuts = " and into ".join(str(count) for count in counts)
        raise UsageError(f"{folder} holds shards of {models[0]} cut into {cuts}; remove the folders of one cut")
    return chosen


def _models(origin: ShardOrigin) -> list[str]:
    return origin.model.split(JOINT)


def _refuse_missing(settings: MergeSettings, origins: Sequence[ShardOrigin], models: Sequence[str]) -> None:
    count = origins[0].shard.count
    wanted = [Shard(number, count) for number in range(1, count + 1)]
    known = {origin.shard for origin in origins}
    missing = [shard for shard in wanted if shard not in known or not _stands(settings.outputs_dir, shard, models)]
    if missing:
        call = dict(origins[0].call) | {"outputs_dir": str(settings.outputs_dir)}
        commands = [shard_command(call, shard) for shard in missing[:SHOWN]]
        more = f"\n  and so on for {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        shown = "\n  ".join(commands)
        raise StageError(
            f"{len(missing)} of {count} shards are missing or not finished; make them with:\n  {shown}{more}"
        )


def _stands(outputs_dir: Path, shard: Shard, models: Sequence[str]) -> bool:
    return all(features_path(shard.folder(outputs_dir), model).is_file() for model in models)


def _refuse_other_lists(origins: Sequence[ShardOrigin]) -> None:
    first = origins[0]
    for origin in origins[1:]:
        if origin.listing != first.listing:
            raise UsageError(
                f"shard {origin.shard} was made of a list of {origin.num_photos} photos, shard {first.shard} of "
                f"another of {first.num_photos}: the image folder changed in between; run the older one again with: "
                f"{shard_command(first.call, first.shard)} (or --shard {origin.shard})"
            )


def _call(settings: MergeSettings, origins: Sequence[ShardOrigin]) -> ExtractSettings:
    """Give the settings that one machine would have run with."""
    call: dict[str, Any] = {}
    for flag in PAIRS_FLAGS:
        given = getattr(settings, flag)
        asked = {origin.call.get(flag, getattr(ExtractSettings, flag)): origin.shard for origin in origins}
        if given is None and len(asked) > 1:
            told = ", ".join(f"shard {shard} had --{flag} {value}" for value, shard in asked.items())
            raise UsageError(f"{told}: say by --{flag} which is meant")
        call[flag] = next(iter(asked)) if given is None else given
    first = dict(origins[0].call)
    image_dir = settings.image_dir or Path(str(first.get("image_dir")))
    extraction = ExtractSettings(
        image_dir=image_dir,
        outputs_dir=settings.outputs_dir,
        follow_links=bool(first.get("follow_links")),
        pairs_format=str(first.get("pairs_format", ExtractSettings.pairs_format)),
        **call,
    )
    whole.check_extraction(extraction)
    return extraction


def _compare_with_folder(settings: MergeSettings, call: ExtractSettings, origin: ShardOrigin) -> None:
    """Refuse shards that are not of the photos in the folder, where one is given."""
    if settings.image_dir is None:
        return
    names, _ = usable_names(photos_in(call.image_dir, call.follow_links))
    if listing_checksum(names) != origin.listing:
        raise UsageError(
            f"--image_dir {settings.image_dir} holds {len(names)} photos, the shards were made of another list of "
            f"{origin.num_photos}: run the shards again, or merge without --image_dir and add the photos afterwards"
        )


def _merge_model(settings: MergeSettings, model: str, origins: Sequence[ShardOrigin]) -> Extraction:
    """Write the features file of one model unless it stands as it would be written."""
    paths = {origin.shard: features_path(origin.shard.folder(settings.outputs_dir), model) for origin in origins}
    features = merge_shards(paths, origins[0].num_photos)
    path = features_path(settings.outputs_dir, model)
    former = None if settings.overwrite else _read_former(path)
    if former is not None and former.checksum == features.checksum:
        return Extraction(features, is_current=True)
    if former is not None:
        _refuse_loss(path, former, features)
    write_features(path, features)
    return Extraction(features, list(features.names))


def _read_former(path: Path) -> Features | None:
    if not path.is_file():
        return None
    try:
        return read_features(path)
    except DamagedFileError as error:
        logger.warning("%s (it is made anew now)", error)
        return None


def _refuse_loss(path: Path, former: Features, merged: Features) -> None:
    """Refuse to replace what one machine, or other shards, made with more photos or other settings."""
    gone = len(set(former.names) - set(merged.names))
    if gone:
        what = f"holds {gone} photos that no shard holds"
    elif dict(former.settings) != dict(merged.settings):
        what = "was made with other settings"
    else:
        return
    raise UsageError(f"{path} {what}; give --overwrite to replace it all the same, or another --outputs_dir")
