"""The pairs that ``tools.select_threshold`` is about: those of a file, or of a random sample of a collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustering.graph import ScoredPairs
from stages.checks import check_range
from stages.clustering.inputs import FALLBACK_MODEL, find_pairs_file, model_of_pairs, thresholds_of_pairs
from stages.image_folder import photos_in, usable_names
from stages.settings.tools import ThresholdSettings
from stages.similarities import score_sample
from stages.similarities.base import SampleRequest
from stages.work_places import WorkPlaces, work_places
from storage.errors import StageError, UsageError
from storage.formats.pairs import read_origin, read_pairs
from storage.names import safe_name
from storage.report import SkippedPhoto

DEFAULT_SAMPLE = 300
FOLDER = "thresholds"


@dataclass(frozen=True, eq=False)
class ThresholdInputs:
    """Scored pairs and what is known of them.

    Attributes
    ----------
    title : str
        Name of the pairs file, or of the method of a sample.
    output_dir : Path
        Where the results go.
    names : list of str
        Image names, sorted, N: all photos of the folder and of the pairs, or of the sample.
    pairs : ScoredPairs
        Over these photos.
    is_probability : bool
        Whether scores are probabilities.
    defaults : tuple of float
        Strong and weak threshold that ``create_clusters.py`` takes without a flag.
    sampled_from : int or None
        Photos of the collection that the sample was drawn from; None where all its pairs are there.
    skipped : sequence of SkippedPhoto
        Photos of the sample that cannot be used.
    notes : sequence of str
        What the user should know about the pairs.
    """

    title: str
    output_dir: Path
    names: list[str]
    pairs: ScoredPairs
    is_probability: bool
    defaults: tuple[float, float]
    sampled_from: int | None = None
    skipped: Sequence[SkippedPhoto] = ()
    notes: Sequence[str] = ()


def gather_pairs(settings: ThresholdSettings) -> ThresholdInputs:
    """Read the pairs of a file, or score those of a sample where ``settings.method`` is given.

    Raises
    ------
    UsageError
        When it is not clear which pairs are meant, or a setting is out of range.
    StageError
        When a file is missing or damaged, or there is no pair of two photos.
    """
    for flag, value, least in (("sample", settings.sample, 2), ("num_workers", settings.num_workers, 0)):
        if value is not None and settings.method is None:
            raise UsageError(f"--{flag} {value}: has no use without --method, which scores a sample")
        check_range(f"--{flag}", least if value is None else value, least)
    check_range("--seed", settings.seed, 0)
    places = work_places(settings)
    if settings.method is None:
        return _of_file(settings, places)
    if settings.pairs_file is not None:
        raise UsageError(
            f"--method {settings.method}: scores a sample, so leave --pairs_file {settings.pairs_file} out"
        )
    return _of_sample(settings, settings.method, places)


def _output_dir(settings: ThresholdSettings, places: WorkPlaces, title: str) -> Path:
    return settings.output_dir or places.results_dir / FOLDER / safe_name(title.replace("/", "_"))


def _of_file(settings: ThresholdSettings, places: WorkPlaces) -> ThresholdInputs:
    path = find_pairs_file(settings.pairs_file, places.outputs_dir)
    origin: Mapping[str, Any] = (read_origin(path) if path.is_file() else None) or {}
    on_disk, notes = _photos(settings, places)
    pairs = read_pairs(path, on_disk)
    names = sorted({*on_disk, *pairs.names})
    place = {name: number for number, name in enumerate(names)}
    numbers = np.array([place[name] for name in pairs.names], dtype=np.int64)
    scored = ScoredPairs.from_arrays(len(names), numbers[pairs.first], numbers[pairs.second], _finite(pairs.scores))
    model, is_probability = model_of_pairs(path, origin), origin.get("is_probability") is True
    defaults = thresholds_of_pairs(model, origin)
    if model is None:
        notes.append(f"the model of these pairs is not known: the defaults shown are those of {FALLBACK_MODEL}")
    output_dir = _output_dir(settings, places, path.stem.removeprefix("pairs-"))
    return ThresholdInputs(path.name, output_dir, names, scored, is_probability, defaults, notes=notes)


def _finite(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return scores + 0.0  # no negative zero


def _photos(settings: ThresholdSettings, places: WorkPlaces) -> tuple[list[str], list[str]]:
    """List the photos on disk; without them the numbers are right still, only the photos cannot be shown."""
    if not places.image_dir.is_dir():
        return [], [f"no photos are shown: {places.image_dir} does not exist; give --image_dir"]
    return photos_in(places.image_dir, settings.follow_links), []


def _of_sample(settings: ThresholdSettings, method: str, places: WorkPlaces) -> ThresholdInputs:
    listed = photos_in(places.image_dir, settings.follow_links)
    every, unnamable = usable_names(listed)
    names = draw_sample(every, settings.sample or DEFAULT_SAMPLE, settings.seed)
    output_dir = _output_dir(settings, places, f"sample-{method}")
    drawn = sha256("\n".join([method, *names]).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    cache_dir = output_dir / f"descriptors-{drawn}"
    request = SampleRequest(method, places.image_dir, names, cache_dir, settings.num_workers, settings.max_megapixels)
    scored = score_sample(request)
    pairs = ScoredPairs.from_arrays(len(scored.names), scored.first, scored.second, scored.scores)
    defaults = scored.thresholds or thresholds_of_pairs(None, {})
    notes = [f"{len(names)} of {len(every)} photos, drawn by --seed {settings.seed}: numbers are of these alone"]
    if scored.thresholds is None:
        notes.append(f"{scored.method} has no thresholds of its own: the defaults shown are those of {FALLBACK_MODEL}")
    return ThresholdInputs(
        scored.method,
        output_dir,
        scored.names,
        pairs,
        False,
        defaults,
        sampled_from=len(every),
        skipped=[*scored.skipped, *unnamable],
        notes=notes,
    )


def draw_sample(names: Sequence[str], num_photos: int, seed: int) -> list[str]:
    """Draw photos at random, without putting any back; all of them when there are not more. The result is sorted."""
    if num_photos >= len(names):
        return sorted(names)
    chosen = np.random.default_rng(seed).choice(len(names), num_photos, replace=False)
    return [sorted(names)[row] for row in np.sort(chosen)]


def check_pairs(inputs: ThresholdInputs, num_pairs: int) -> None:
    """Refuse pairs of which no threshold can make anything; the StageError says what to do."""
    if num_pairs == 0:
        raise StageError(f"{inputs.title} holds no pair of two photos; make pairs with: python extract_features.py")
