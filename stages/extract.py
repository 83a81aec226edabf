"""The stage of ``extract_features.py``: photos to descriptors to scored pairs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.approximate import choose_search, import_usearch
from hloc.companions import Companion, Company
from hloc.device_decoding import DeviceDecoder, open_device_decoder
from hloc.extraction import Extraction, extract_all
from hloc.extractors import JOINT, choose_models, create_extractor
from hloc.extractors.base import SPECIAL_FLAGS, Extractor, ExtractorOptions, LearntExtractor
from hloc.extractors.network import NetworkExtractor
from hloc.feature_run import FeatureRun, Resources
from hloc.gpu_proposals import choose_device
from hloc.joining import JoinedFeatures, join_features
from hloc.matching import create_matcher
from hloc.matching.description import LocalFeatureCompanion, MatchRun
from hloc.retrieval import Neighbours, SearchWay, find_neighbours
from hloc.scoring import SCORE_DECIMALS
from stages.checks import settings_as_json
from stages.image_folder import follows_links, usable_names
from stages.settings.pipeline import ExtractSettings, MatchSettings
from stages.work_folder import clear_leftovers
from storage.errors import DamagedFileError, UsageError
from storage.formats.features import features_path, hloc_path, is_hloc_copy, write_hloc_features
from storage.formats.manifest import printable
from storage.formats.pairs import pairs_path, read_origin, write_pairs
from storage.listing import find_photos
from storage.lock import work_lock
from storage.report import RunReport, SkippedPhoto, check_accounting

logger = logging.getLogger(__name__)
STAGE = "extract_features"
Find = Callable[[NDArray[np.floating], int, float, SearchWay], Neighbours]  # hloc.retrieval.find_neighbours, or alike


def extract_features(settings: ExtractSettings) -> RunReport:
    """Bring descriptors and pairs of a folder of photos up to date.

    Writes ``global-feats-<model>.h5`` and ``pairs-<model>.txt`` to ``settings.outputs_dir``; ``docs/formats.md``
    specifies both. Joined models (``A+B``) have a features file each and one pairs file together. With
    ``settings.keep_local_features`` it also writes the local features that the stage of ``match_pairs.py`` would.

    Raises
    ------
    UsageError
        When a setting is out of range, or the features file was made with other settings.
    StageError
        When there are no photos, none can be used, or a file cannot be written.
    """
    check_extraction(settings)
    started = time.monotonic()
    models, options = chosen_models(settings)
    with work_lock(settings.outputs_dir):
        clear_leftovers(settings.outputs_dir, STAGE)
        listing = find_photos(settings.image_dir, follows_links(settings.image_dir, settings.follow_links))
        names, unnamable = usable_names(listing.names)
        unnamable += [SkippedPhoto(printable(name), reason) for name, reason in listing.left_out.items()]
        extractors = [create_extractor(model, options) for model in models]
        runs = [feature_run(settings, extractor) for extractor in extractors]
        results = [
            replace(result, features=result.features.for_search())
            for result in extract_all(runs, names, settings.overwrite)
        ]
        report = write_pairs_of(settings, results, unnamable)
        check_accounting(report, len(names) + len(unnamable), described=report.counts["described"])
        for extractor, result in zip(extractors, results, strict=True):
            report.notes += _notes(extractor, result)
        report.seconds = time.monotonic() - started
        if not report.is_current:
            report.write(settings.outputs_dir)
    return report


def check_extraction(settings: ExtractSettings) -> None:
    """Refuse settings that are out of range; the UsageError names flag, value and range."""
    ranges: tuple[tuple[str, float | None, float, str], ...] = (
        ("num_to_match", settings.num_to_match, 1, "1 or more"),
        ("batch_size", settings.batch_size, 1, "1 or more"),
        ("num_workers", settings.num_workers, 0, "0 or more"),
        ("resize_max", settings.resize_max, 16, "16 or more pixels"),
        ("max_megapixels", settings.max_megapixels, 1e-6, "more than 0"),
        ("timeout_s", settings.timeout_s, 1e-6, "more than 0"),
        ("min_score", settings.min_score, -1, "-1 to 1"),
    )
    for flag, value, least, allowed in ranges:
        if value is not None and not value >= least:
            raise UsageError(f"--{flag} {value}: must be {allowed}")
    if settings.shard is not None and settings.distributed is not None:
        raise UsageError(f"--shard {settings.shard}: --distributed {settings.distributed} cuts the list by itself")
    if settings.keep_local_features and (settings.shard is not None or settings.distributed is not None):
        raise UsageError("--keep_local_features: shards keep none, match_pairs.py detects by itself; leave it out")
    if settings.ray_address is not None and settings.distributed is None:
        raise UsageError(f"--ray_address {settings.ray_address}: has no use without --distributed ray")
    if settings.search == "approximate":
        import_usearch()
    if not settings.min_score <= 1:
        raise UsageError(f"--min_score {settings.min_score}: must be -1 to 1")


def chosen_models(settings: ExtractSettings) -> tuple[list[str], ExtractorOptions]:
    """Give the registered models that ``--model`` says, and what the flags tell them."""
    special = {flag: getattr(settings, flag) for flag in SPECIAL_FLAGS}
    options = ExtractorOptions(settings.weights, settings.device, settings.resize_max, **special)
    models = choose_models(settings.model, options)
    chosen = JOINT.join(models)
    logger.info("model: %s%s", chosen, " (chosen automatically)" if settings.model != chosen else "")
    return models, options


def feature_run(settings: ExtractSettings, extractor: Extractor) -> FeatureRun:
    """Give the run of one model that the settings ask for."""
    resources = Resources(settings.num_workers, settings.batch_size, settings.max_megapixels, settings.timeout_s)
    path = features_path(settings.outputs_dir, extractor.name)
    decoder = _device_decoder(settings, extractor) if settings.jpeg_decoder == "gpu" else None
    company = Company(_local_features(settings, extractor, resources) if settings.keep_local_features else ())
    return FeatureRun(settings.image_dir, path, extractor, settings.half, resources, decoder=decoder, company=company)


def _local_features(settings: ExtractSettings, extractor: Extractor, resources: Resources) -> list[Companion]:
    """Give what keeps the model's local features for ``match_pairs.py``; nothing when that would detect others."""
    matcher = create_matcher(MatchSettings.matcher, MatchSettings.num_keypoints)
    if extractor.detection is None or extractor.detection != matcher.detection:
        return []
    return [LocalFeatureCompanion(MatchRun(settings.image_dir, settings.outputs_dir, matcher, resources))]


def _device_decoder(settings: ExtractSettings, extractor: Extractor) -> DeviceDecoder | None:
    device = extractor.resolved_device() if isinstance(extractor, NetworkExtractor) else "the processor"
    return open_device_decoder(device, settings.batch_size or extractor.default_batch_size())


def write_pairs_of(
    settings: ExtractSettings,
    results: Sequence[Extraction],
    unnamable: Sequence[SkippedPhoto],
    stage: str = STAGE,
    find: Find = find_neighbours,
) -> RunReport:
    """Write what follows from the features of one model or more: pairs, and hloc's layout when asked for; report it."""
    collection = join_features([result.features for result in results])
    search = choose_search(settings.search, len(collection.names))
    found = _bring_pairs_up_to_date(settings, collection, search, find)
    hloc_made = settings.layout == "hloc" and _bring_hloc_up_to_date(settings, results)
    report = _report(settings, collection, results, unnamable)
    report.stage = stage
    report.settings["search"] = search
    report.is_current = all(result.is_current for result in results) and found is None and not hloc_made
    if search != "exact" and found is not None:
        report.notes.append(
            f"approximate search: it found {found.recall:.1%} of the true {settings.num_to_match} most similar photos, "
            "measured on a sample; --search exact misses none"
        )
    return report


def _bring_pairs_up_to_date(
    settings: ExtractSettings, collection: JoinedFeatures, search: str, find: Find
) -> Neighbours | None:
    """Write the pairs file unless it stands as it would be written; give what was written."""
    path = pairs_path(settings.outputs_dir, collection.model, settings.pairs_format)
    origin = _origin(settings, collection) | {"search": search}
    try:
        former = read_origin(path) if path.is_file() else None
    except DamagedFileError as error:
        logger.warning("%s (they are made anew now)", error)
        former = None
    if former is not None and all(({"search": "exact"} | former).get(key) == value for key, value in origin.items()):
        return None
    way = SearchWay(search, choose_device(settings.device, len(collection.names)))
    least = settings.min_score + collection.background
    found = find(collection.descriptors, settings.num_to_match, least, way)
    write_pairs(path, _rows(collection, found), origin)
    return found


def _origin(settings: ExtractSettings, collection: JoinedFeatures) -> dict[str, Any]:
    return {
        "model": collection.model,
        "model_weights": dict(collection.weights),
        "background": collection.background,
        "features_checksum": collection.checksum,
        "num_photos": len(collection.names),
        "num_to_match": settings.num_to_match,
        "min_score": settings.min_score,
        "skipped": [asdict(photo) for photo in collection.skipped],
    }


def _rows(collection: JoinedFeatures, found: Neighbours) -> Iterator[tuple[str, str, float]]:
    names, background = collection.names, collection.background
    for row, others, scores in found.rows():
        for other, score in zip(others, scores, strict=True):
            yield names[row], names[other], round(float(score) - background, SCORE_DECIMALS) + 0.0


def _bring_hloc_up_to_date(settings: ExtractSettings, results: Sequence[Extraction]) -> bool:
    """Write each model's features in hloc's layout unless they stand; say whether any was written."""
    made = [(hloc_path(settings.outputs_dir, result.features.model), result.features) for result in results]
    todo = [(path, features) for path, features in made if not is_hloc_copy(path, features)]
    for path, features in todo:
        write_hloc_features(path, features)
    return bool(todo)


def _report(
    settings: ExtractSettings,
    collection: JoinedFeatures,
    results: Sequence[Extraction],
    unnamable: Sequence[SkippedPhoto],
) -> RunReport:
    report = RunReport(STAGE, settings_as_json(settings))
    report.settings["model"] = collection.model
    report.skipped = [*collection.skipped, *unnamable]
    report.counts = {
        "photos": len(collection.names) + len(report.skipped),
        "described": len(collection.names),
        "computed_now": len({name for result in results for name in result.computed}),
        "skipped": len(report.skipped),
    }
    models = [result.features.model for result in results]
    for model in models:
        key = "features" if len(models) == 1 else f"features_{model}"
        report.outputs[key] = str(features_path(settings.outputs_dir, model))
    report.outputs["pairs"] = str(pairs_path(settings.outputs_dir, collection.model, settings.pairs_format))
    return report


def _notes(extractor: Extractor, result: Extraction) -> list[str]:
    if not isinstance(extractor, LearntExtractor):
        return []
    learnt_on = int(result.features.state["learnt_on"])  # the extractor is not told where nothing is to be described
    count = len(result.features.names)
    if learnt_on >= extractor.sample_size or count <= 2 * learnt_on:
        return []
    return [f"the codebook was learnt on {learnt_on} photos, now there are {count}: --overwrite learns it again"]
