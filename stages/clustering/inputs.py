"""What ``create_clusters.py`` reads: pairs, photos, positions, decisions; and the settings that follow from them."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustering import CLUSTERERS, get_clusterer
from clustering.clusterers.base import PairClusterer
from clustering.clusterers.evidence import EvidenceSettings
from clustering.graph import ScoredPairs
from clustering.parameters import parameters_of
from hloc.extraction_plan import MIN_PHOTOS_FOR_LOSS_CHECK
from hloc.extractors import MODELS, default_thresholds
from hloc.similarities import SIMILARITIES
from stages.checks import only_pairs_file
from stages.clustering.decisions import check_decisions
from stages.image_folder import photos_in
from stages.photo_exif import ExifSource, open_exif_source
from stages.settings.pipeline import ClusterSettings
from storage.errors import DamagedFileError, PhotoError, StageError, UsageError
from storage.fingerprints import sha256_of_file
from storage.formats.clusters import INFO_VERSION
from storage.formats.decisions import DECISIONS_NAME, Decisions, read_decisions
from storage.formats.hdf5 import digest
from storage.formats.pairs import VERIFIED, list_pairs_files, read_origin, read_pairs
from storage.progress import progress_bar
from storage.report import PROJECT_VERSION, SkippedPhoto

logger = logging.getLogger(__name__)
FALLBACK_MODEL = "netvlad"
FALLBACK_THRESHOLDS = MODELS[FALLBACK_MODEL].thresholds
PROBABILITIES = EvidenceSettings().strong_edg_thresh, EvidenceSettings().weak_edg_thresh  # the same for all models
EVIDENCE, SPECIFIED, COMPONENTS = "evidence", "specified", "components"
Names = Sequence[str]


@dataclass(frozen=True)
class ClusterInputs:
    """What the clusters are made of, and what identifies it.

    Attributes
    ----------
    pairs_file : Path
        The scored pairs.
    model : str or None
        Model that made them; None when that is not known.
    method : str
        Clusterer.
    on_disk : sequence of str
        Image names in the image folder, sorted.
    skipped : list of SkippedPhoto
        Those without a descriptor.
    thresholds : PairClusterer
        The clusterer with its settings.
    decisions : Decisions
        What a person decided; empty without a file.
    checksum : str
        sha256 over all of it.
    origin : Mapping
        What made the pairs; empty where that is not known.
    """

    pairs_file: Path
    model: str | None
    method: str
    on_disk: Names
    skipped: list[SkippedPhoto]
    thresholds: PairClusterer
    decisions: Decisions
    checksum: str
    origin: Mapping[str, Any] = field(default_factory=dict)


def gather_inputs(settings: ClusterSettings) -> ClusterInputs:
    """Find the inputs and check them, without reading the pairs.

    Raises
    ------
    UsageError
        When a setting is out of range, it is not clear which pairs are meant, or decisions contradict each other.
    StageError
        When a file is missing or damaged.
    """
    pairs_file = find_pairs_file(settings.pairs_file, settings.outputs_dir)
    origin = (read_origin(pairs_file) if pairs_file.is_file() else None) or {}
    on_disk = photos_in(settings.image_dir, settings.follow_links)
    model = model_of_pairs(pairs_file, origin)
    method = settings.method or default_method(origin)
    thresholds = _settings_of(method, settings, thresholds_of_pairs(model, origin))
    decisions, decisions_checksum = _read_decisions(settings)
    pairs_checksum = str(origin["sha256"]) if origin else _sha256(pairs_file)
    there = set(on_disk)
    skipped = [SkippedPhoto(**photo) for photo in origin.get("skipped", []) if photo["name"] in there]
    checksum = digest(
        [PROJECT_VERSION, str(INFO_VERSION), method, repr(thresholds), pairs_checksum, decisions_checksum],
        [f"{photo.name}\n{photo.reason}" for photo in skipped],
        _identities(settings.image_dir, on_disk),
    )
    return ClusterInputs(pairs_file, model, method, on_disk, skipped, thresholds, decisions, checksum, origin)


def _sha256(path: Path) -> str:
    try:
        return sha256_of_file(path)
    except FileNotFoundError:
        raise StageError(f"{path} is missing; make it with: python extract_features.py") from None
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror or error}") from error


def find_pairs_file(pairs_file: Path | None, outputs_dir: Path) -> Path:
    """Give the pairs that clusters are made of: those given, else the only ones in a folder, verified ones first.

    Raises
    ------
    StageError
        When there are none.
    UsageError
        When there are several.
    """
    if pairs_file is not None:
        return pairs_file
    every = list_pairs_files(outputs_dir)
    stems = {path.stem for path in every}
    return only_pairs_file([path for path in every if f"{path.stem}{VERIFIED}" not in stems], outputs_dir)


def model_of_pairs(pairs_file: Path, origin: Mapping[str, Any]) -> str | None:
    """Give the model that made a pairs file, by its origin file or by its name; None when neither tells."""
    if origin:
        return str(origin["model"])
    name = pairs_file.stem.removeprefix("pairs-")
    return name if default_thresholds(name) else None


def default_method(origin: Mapping[str, Any]) -> str:
    """Give the clusterer that is taken for pairs of this origin where none was asked for."""
    if origin.get("is_probability") is True:
        return EVIDENCE
    return COMPONENTS if "similarity" in origin else SPECIFIED


def thresholds_of_pairs(model: str | None, origin: Mapping[str, Any]) -> tuple[float, float]:
    """Give the default strong and weak threshold of pairs; those of the fallback model when theirs is not known.

    Of compared photos the strong one is the threshold that they were compared with.
    """
    if origin.get("is_probability") is True:
        return PROBABILITIES
    if "similarity" in origin:
        strong = float(origin["threshold"])
        return strong, min(strong, SIMILARITIES[model].weak_threshold if model in SIMILARITIES else strong)
    return default_thresholds(model) or FALLBACK_THRESHOLDS


def _settings_of(method: str, settings: ClusterSettings, defaults: tuple[float, float]) -> PairClusterer:
    """Give the clusterer with its settings; refuse what was told to others (UsageError)."""
    chosen = get_clusterer(method)
    fields_of = {name: {each.name for each in fields(get_clusterer(name))} for name in CLUSTERERS}
    given = _given(settings, set().union(*fields_of.values()))
    for flag in given.keys() - fields_of[method]:
        owners = [name for name, flags in fields_of.items() if flag in flags]
        raise UsageError(f"--{flag} belongs to --method {' or '.join(owners)}, but the method is {method}")
    for flag, declared in parameters_of(chosen).items():
        declared.check(flag, given.get(flag))
    return chosen.from_flags(given, defaults)


def _given(settings: ClusterSettings, known: set[str]) -> dict[str, Any]:
    """Give the values of clusterers' settings that differ from their defaults, by the names of their flags."""
    if unknown := settings.parameters.keys() - known:
        raise UsageError(f"--{min(unknown)}: no method has such a parameter")
    shared = {each.name: each.default for each in fields(settings) if each.name in known}
    told = {name: getattr(settings, name) for name, default in shared.items() if getattr(settings, name) != default}
    return {name: value for name, value in {**told, **settings.parameters}.items() if value is not None}


def _read_decisions(settings: ClusterSettings) -> tuple[Decisions, str]:
    path = settings.decisions
    if path is None:
        path = settings.results_dir / DECISIONS_NAME
        if not path.exists():
            return Decisions(), "none"
    decisions = read_decisions(path)
    check_decisions(decisions, path)
    return decisions, sha256_of_file(path)


def _identities(image_dir: Path, names: Names) -> Iterator[str]:
    """Give what tells that a photo, and so its position, is as it was."""
    for name in names:
        status = (image_dir / name).stat()
        yield f"{name}\n{status.st_size}\n{status.st_mtime_ns}"


def read_numbered_pairs(inputs: ClusterInputs) -> tuple[list[str], ScoredPairs]:
    """Number the photos on disk and in pairs by sorted name, without those that have no descriptor.

    Raises
    ------
    DamagedFileError
        When the pairs are damaged.
    """
    pairs = read_pairs(inputs.pairs_file, inputs.on_disk)
    names = _as_held(pairs.names, inputs.on_disk)
    paired = set(names)
    skipped = {photo.name for photo in inputs.skipped}
    if skipped & paired:
        raise DamagedFileError(f"{inputs.pairs_file} pairs photos that have no descriptor; make it again")
    found = names + [name for name in inputs.on_disk if name not in paired and name not in skipped]
    order = sorted(range(len(found)), key=found.__getitem__)
    number = np.empty(len(found), dtype=np.int32)
    number[order] = np.arange(len(found), dtype=np.int32)
    numbered = ScoredPairs.from_arrays(len(found), number[pairs.first], number[pairs.second], pairs.scores)
    return [found[place] for place in order], numbered


def _as_held(names: Names, held: Names) -> list[str]:
    """Give names as the texts that are held already, where they are: each is in memory once."""
    known = dict(zip(held, held, strict=True))
    return [known.get(name, name) for name in names]


def refuse_great_loss(names: Names, inputs: ClusterInputs, clusters_path: Path) -> None:
    """Refuse to replace clusters when most of their photos are gone: a missing disk is likelier than that.

    Raises
    ------
    StageError
        When more than half of ten photos or more are gone.
    """
    gone = len(set(names).difference(inputs.on_disk))
    if len(names) >= MIN_PHOTOS_FOR_LOSS_CHECK and 2 * gone > len(names):
        raise StageError(
            f"{gone} of the {len(names)} photos in {inputs.pairs_file} are gone from the image folder: is it the right "
            f"one, and complete? The clusters stay as they are; move {clusters_path} away to go on without the photos"
        )


def read_positions(image_dir: Path, names: Names, inputs: ClusterInputs) -> NDArray[np.float64]:
    """Give latitude and longitude of all photos, (N, 2) degrees, NaN where there is none.

    Where a person placed a photo, its file is not asked; where the clusterer looks at no positions, none is asked.
    """
    if not inputs.thresholds.looks_at_positions:
        return np.full((len(names), 2), np.nan)
    source = open_exif_source(image_dir, inputs.pairs_file, inputs.model)
    positions = np.full((len(names), 2), np.nan)
    on_disk, placed = set(inputs.on_disk), inputs.decisions.positions
    for number, name in enumerate(progress_bar(names, len(names), "positions")):
        if name in placed:
            positions[number] = placed[name]
        elif name in on_disk:
            positions[number] = _position(source, name)
    return positions


def _position(source: ExifSource, name: str) -> tuple[float, float]:
    """Give what EXIF says of one photo, NaN where it tells no position."""
    try:
        record = source.record(name)
    except PhotoError as error:
        logger.warning("%s: no position (%s)", name, error.reason)
        return math.nan, math.nan
    if record.latitude_deg is None or record.longitude_deg is None:
        return math.nan, math.nan
    return record.latitude_deg, record.longitude_deg
