"""What the local features of one pair say: as the run found it, or matched now where it did not look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from hloc.feature_keeping import standing_fingerprint
from hloc.matching import create_matcher
from hloc.matching.base import Matcher
from hloc.matching.description import MatchRun
from hloc.matching.evidence import EVIDENCE, Candidates, evidence_of
from hloc.matching.overlay import known_overlays
from hloc.matching.rows import table_of
from hloc.matching.verification import NO_ROWS, VERIFICATION_VERSION, Rows, verify
from hloc.probability import DEFAULT_CALIBRATION, probabilities
from hloc.stream import PhotoWork
from stages.match import LEAST_OVERLAY, PROBABILITY_DECIMALS, SAME, UNSURE
from stages.settings.pipeline import MatchSettings
from stages.settings.tools import ExplainSettings
from storage.errors import PhotoError, StageError
from storage.fingerprints import Fingerprint
from storage.formats.calibration import read_calibration
from storage.formats.hdf5 import digest
from storage.formats.local_features import StoredFeatures
from storage.formats.matches import KINDS, SOURCES, VERDICTS, MatchesFile, PairMatches, join_matches

Pair = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Question:
    """Which pair is asked about.

    Attributes
    ----------
    settings : ExplainSettings
        Folders and limits.
    outputs_dir : Path
        Where the matches file lies, and the local features.
    names : tuple of str
        Photos A and B.
    content : MatchesFile or None
        The verified pairs; None when there are none.
    score : float
        Score of the descriptors; NaN where they do not list the pair.
    """

    settings: ExplainSettings
    outputs_dir: Path
    names: Pair
    content: MatchesFile | None
    score: float


@dataclass(frozen=True, eq=False)
class PairEvidence:
    """What the local features of photos A and B say.

    Attributes
    ----------
    features : two StoredFeatures
        Of A and of B.
    inliers, overlay : ndarray of int, shapes (K, 2), (S, 2)
        Keypoint rows of A and B: matches that agree, and those that were left out.
    measures : dict
        What else is known, as JSON types; see ``docs/explaining.md``.
    notes : tuple of str
        Sentences about where this comes from.
    """

    features: tuple[StoredFeatures, StoredFeatures]
    inliers: NDArray[np.intp]
    overlay: NDArray[np.intp]
    measures: dict[str, Any]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Described:
    """The features of one photo, and whether they are those that the run matched."""

    features: StoredFeatures
    known: Fingerprint
    is_of_run: bool


def find_evidence(question: Question) -> PairEvidence:
    """Take what the run found about a pair; match the pair now when it did not look, or the photos changed.

    Nothing is written.

    Raises
    ------
    StageError
        When a photo cannot be read.
    """
    content, names, default = question.content, question.names, MatchSettings()
    made_of = {} if content is None else content.settings
    num_keypoints = int(made_of.get("num_keypoints", default.num_keypoints))
    matcher = create_matcher(str(made_of.get("matcher", default.matcher)), num_keypoints)
    described = (_describe(question, matcher, names[0]), _describe(question, matcher, names[1]))
    pair = None if content is None else find_pair(content, names)
    if content is not None and pair is not None and described[0].is_of_run and described[1].is_of_run:
        return _of_run(content, pair, names, described)
    notes = [_why_now(names, content, pair)]
    settings_now = matcher.settings() | {"verification": VERIFICATION_VERSION}
    if content is not None and any(made_of.get(key) != value for key, value in settings_now.items()):
        notes.append("the matcher has changed since the run: its numbers and these do not compare")
    return _matched_now(question, matcher, described, notes)


def find_pair(content: MatchesFile, names: Pair) -> int | None:
    """Give the row of a pair in the matches file; None when it was not looked at."""
    place = {name: row for row, name in enumerate(content.names)}
    rows = {place.get(name, -1) for name in names}
    matches = content.matches
    is_it = np.isin(matches.first, list(rows)) & np.isin(matches.second, list(rows))
    found = np.flatnonzero(is_it & (matches.first != matches.second))
    return int(found[0]) if len(found) else None


def _describe(question: Question, matcher: Matcher, name: str) -> _Described:
    """Give the features of a photo as it is now, computed anew where none are stored."""
    image_dir, content = question.settings.image_dir, question.content
    store = MatchRun(image_dir, question.outputs_dir, matcher).open_store()
    try:
        known = standing_fingerprint(store, image_dir, name)
        if known is not None:
            return _Described(store.read(name), known, _sha256_in_run(content, name) == known.sha256)
        done = PhotoWork(image_dir, matcher.describe, matcher.max_side, question.settings.max_megapixels)(name)
    except PhotoError as error:
        raise StageError(f"{image_dir / name} {error.reason}: it cannot be drawn") from error
    return _Described(replace(done.value, image_size=done.image_size), done.fingerprint, False)


def _sha256_in_run(content: MatchesFile | None, name: str) -> str | None:
    if content is None or name not in content.names:
        return None
    return content.sha256[content.names.index(name)]


def _why_now(names: Pair, content: MatchesFile | None, pair: int | None) -> str:
    if content is None:
        return "matched now, by the default matcher: no pairs were verified"
    gone = [name for name in names if name not in content.names]
    if gone:
        return f"matched now: {' and '.join(gone)} had no local features in the run"
    if pair is None:
        return "matched now, as the run would have: it did not look at this pair"
    return "matched now: a photo has changed since the run, or its local features are gone"


# -- as the run found it ----------------------------------------------------------------------------------------------


def _of_run(content: MatchesFile, pair: int, names: Pair, described: tuple[_Described, _Described]) -> PairEvidence:
    table = content.matches.take(np.array([pair]))
    is_turned = content.names[table.first[0]] != names[0]
    measures = {
        "probability": float(content.probability[pair]),
        "verdict": VERDICTS[content.verdict[pair]],
        "source": SOURCES[content.source[pair]],
        "is_matched_now": False,
        "score": _number(content.score[pair]),
    }
    return _evidence(table, is_turned, described, measures, ())


def _evidence(
    table: PairMatches,
    is_turned: bool,
    described: tuple[_Described, _Described],
    measures: dict[str, Any],
    notes: tuple[str, ...],
) -> PairEvidence:
    """Put the table of one pair in the order in which the photos were asked for."""
    columns = [1, 0] if is_turned else [0, 1]
    inliers, overlay = table.inliers_of(0).astype(np.intp), table.overlay_of(0).astype(np.intp)
    measures = measures | {
        "matches": int(table.num_matches[0]),
        "inliers": int(table.num_places[0]),
        "agreeing_matches": len(inliers),
        "distinctiveness": round(float(table.distinctiveness[0]), 3),
        "guided": int(table.num_guided[0]),
        "by_chance": round(float(table.by_chance[0]), 3),
        "coverage": [round(float(share), 4) for share in table.coverage[0][columns]],
        "overlay": int(table.num_overlay[0]),
        "kind": KINDS[table.kind[0]],
        **_transform(table.transform[0], is_turned),
    }
    features = (described[0].features, described[1].features)
    return PairEvidence(features, inliers[:, columns], overlay[:, columns], measures, notes)


def _transform(matrix: NDArray[np.float64], is_turned: bool) -> dict[str, Any]:
    """Give the map from A to B, its growth and its turn; None where nothing agrees, or a map that cannot be turned."""
    determinant = float(np.linalg.det(matrix[:, :2]))
    if abs(determinant) < 1e-9:
        return {"transform": None, "scale": None, "rotation_deg": None}
    if is_turned:
        linear = np.linalg.inv(matrix[:, :2])
        matrix = np.column_stack([linear, -linear @ matrix[:, 2]])
    return {
        "transform": [[round(float(value), 6) for value in row] for row in matrix],
        "scale": round(float(np.sqrt(abs(np.linalg.det(matrix[:, :2])))), 4),
        "rotation_deg": round(
            float(np.degrees(np.arctan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1]))), 2
        ),
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


# -- matched now ------------------------------------------------------------------------------------------------------


def _matched_now(
    question: Question, matcher: Matcher, described: tuple[_Described, _Described], notes: list[str]
) -> PairEvidence:
    names = question.names
    # as in a run, the photo with the smaller SHA-256 is the first
    is_turned = (described[1].known.sha256, names[1]) < (described[0].known.sha256, names[0])
    ordered = (names[1], names[0]) if is_turned else names
    of_name = dict(zip(names, described, strict=True))
    one, other = (matcher.load(of_name[name].features) for name in ordered)
    overlays = _overlay_rows(question.content, [(name, of_name[name].is_of_run) for name in ordered])
    with threadpool_limits(1):  # sums over several threads round differently
        found = verify(matcher, one, other, overlays)
    table = table_of(np.array([[0, 1]], np.int32), [found])
    probability = None if question.content is None else _probability(question, ordered, table, notes)
    measures = {
        "probability": probability,
        "verdict": None if probability is None else _verdict(probability, int(table.num_overlay[0])),
        "source": None,
        "is_matched_now": True,
        "score": _number(question.score),
    }
    return _evidence(table, is_turned, described, measures, tuple(notes))


def _overlay_rows(content: MatchesFile | None, photos: list[tuple[str, bool]]) -> tuple[Rows, Rows]:
    """Give the keypoints of both photos, (name, whether they are those of the run), that are known to be overlay."""
    if content is None:
        return NO_ROWS, NO_ROWS
    known = known_overlays(content.matches)
    rows = [known.get(content.names.index(name), NO_ROWS) if is_of_run else NO_ROWS for name, is_of_run in photos]
    return rows[0], rows[1]


def _probability(question: Question, ordered: Pair, table: PairMatches, notes: list[str]) -> float | None:
    """Judge the pair as one more of the run; None when the run's calibration is not at hand."""
    content = question.content
    if content is None:
        return None
    calibration = read_calibration(question.settings.calibration or DEFAULT_CALIBRATION, list(EVIDENCE))
    numbers = [*calibration.means, *calibration.scales, *calibration.coefficients, calibration.intercept]
    if content.settings.get("calibration_checksum") != digest(calibration.names, np.array(numbers)):
        notes.append("no probability: the run went by another calibration; give it by --calibration")
        return None
    every = [*content.names, *(name for name in ordered if name not in content.names)]
    first, second = (np.array([every.index(name)], np.int32) for name in ordered)
    former = find_pair(content, ordered)
    others = np.delete(np.arange(len(content.matches)), [] if former is None else [former])
    joined = join_matches([content.matches.take(others), replace(table, first=first, second=second)])
    candidates = Candidates.of(len(every), joined, np.append(content.score[others], question.score))
    return round(float(probabilities(calibration, evidence_of(candidates))[-1]), PROBABILITY_DECIMALS)


def _verdict(probability: float, num_overlay: int) -> str:
    if probability >= SAME:
        return "same"
    if probability >= UNSURE:
        return "unsure"
    return "overlay" if num_overlay >= LEAST_OVERLAY else "different"
