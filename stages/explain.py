"""The stage of ``tools.explain_pair``: two photos, the matches between them, and why they are together or apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from clustering.places import Places
from hloc.matching.captions import Captions, add_captions, as_png
from hloc.matching.drawing import MAX_LINES, DrawnMatches, draw_matches, lay_out
from stages.checks import check_range
from stages.explaining.decision import Decision, decide
from stages.explaining.evidence import PairEvidence, Question, find_evidence, find_pair
from stages.explaining.inputs import Scored, read_grouped, read_scored, resolve_name
from stages.explaining.words import (
    chain_sentences,
    decision_sentences,
    headline,
    metres,
    pair_sentences,
    short_chain,
)
from stages.image_folder import follows_links, photos_in
from stages.settings.tools import ExplainSettings
from storage.atomic import write_bytes
from storage.errors import PhotoError, StageError, UsageError
from storage.exif import read_exif
from storage.fingerprints import sha256_of_file
from storage.names import inside, safe_name
from storage.photos import load_photo

EXPLANATION_FORMAT = "explanation"
EXPLANATION_VERSION = 1
FOLDER = "explained"
MAX_SIDES = (200, 8000)
MOST_NAME = 60  # characters of each name in the name of the picture: Windows takes 260 for a whole path
SOON_S = 60.0

Pair = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Explanation:
    """What there is to say about two photos.

    Attributes
    ----------
    names : tuple of str
        The photos, the left one first.
    picture : Path
        The PNG file.
    evidence : PairEvidence
        What their local features say.
    decision : Decision
        Why they are together or apart.
    headline : str
        All of it in one line.
    sentences, chain : list of str
        All of it at length, and the chain of pairs between them.
    missing : list of str
        What was not there to be read, with the command that makes it.
    """

    names: Pair
    picture: Path
    evidence: PairEvidence
    decision: Decision
    headline: str
    sentences: list[str]
    chain: list[str]
    missing: list[str]

    @property
    def exit_code(self) -> int:
        """Always 0: what could not be explained is an error."""
        return 0

    def as_json(self) -> dict[str, Any]:
        """Give everything as JSON types; ``docs/explaining.md`` specifies it."""
        evidence = self.evidence
        return {
            "format": EXPLANATION_FORMAT,
            "format_version": EXPLANATION_VERSION,
            "photos": list(self.names),
            "picture": str(self.picture),
            "pair": evidence.measures,
            "drawn": {"inliers": _num_drawn(evidence.inliers), "overlay": _num_drawn(evidence.overlay)},
            "decision": self.decision.as_json(),
            "sentences": [self.headline, *self.sentences, *self.chain],
            "missing": self.missing,
        }

    def as_text(self) -> str:
        """Give the explanation for people."""
        lines = [f"{self.names[0]}  |  {self.names[1]}", self.headline, *self.sentences, *self.chain]
        lines += [f"note: {text}" for text in self.missing]
        return "\n".join([*lines, str(self.picture)]) + "\n"


def explain_pair(settings: ExplainSettings) -> Explanation:
    """Explain why two photos are together, or apart, and draw the matches between them.

    Writes one PNG file and nothing else. A pair that no run has looked at is matched now.

    Raises
    ------
    UsageError
        When it is not clear which photos or which pairs are meant, or a setting is out of range.
    StageError
        When a photo cannot be read, or a file is damaged or cannot be written.
    """
    check_range("--max_side", settings.max_side, *MAX_SIDES)
    names, on_disk = _find_names(settings)
    picture = _picture_path(settings, names)
    missing: list[str] = []
    grouped = read_grouped(settings, missing)
    scored = read_scored(settings, on_disk, grouped, missing)
    outputs_dir = settings.outputs_dir if settings.pairs_file is None else settings.pairs_file.parent
    evidence = find_evidence(Question(settings, outputs_dir, names, scored.matches, _descriptor_score(names, scored)))
    decision = decide(names, scored, grouped)
    first_line = headline(evidence.measures, decision)
    of_pair = pair_sentences(evidence.measures, [*_exif_sentences(settings.image_dir, names), *_notes(evidence)])
    of_decision = decision_sentences(decision, grouped.info, scored.is_probability)
    short = [*of_pair, *of_decision, *([short_chain(decision)] if decision.is_together else [])]
    _write(picture, _draw(settings, names, evidence, Captions(names, first_line, _key(evidence), short)))
    weak_thresh = float(grouped.info.get("settings", {}).get("weak_edg_thresh", 0.0))
    chain = chain_sentences(decision, scored.is_probability, weak_thresh)
    return Explanation(names, picture, evidence, decision, first_line, [*of_pair, *of_decision], chain, missing)


# -- inputs -----------------------------------------------------------------------------------------------------------


def _find_names(settings: ExplainSettings) -> tuple[Pair, list[str]]:
    on_disk = photos_in(settings.image_dir, settings.follow_links)
    first, second = (
        resolve_name(flag, text, settings.image_dir, on_disk)
        for flag, text in (("A", settings.first), ("B", settings.second))
    )
    if first == second:
        raise UsageError(f"A and B are both {first!r}; give two photos")
    return (first, second), on_disk


def _descriptor_score(names: Pair, scored: Scored) -> float:
    """Give the score that the descriptors gave the pair, of both directions the greater; NaN where they list none."""
    content = scored.matches
    row = None if content is None else find_pair(content, names)
    if content is not None and row is not None:
        return float(content.score[row])
    listed = scored.listed
    if listed is None:
        return float("nan")
    rows = [listed.names.index(name) if name in listed.names else -1 for name in names]
    is_it = ((listed.first == rows[0]) & (listed.second == rows[1])) | (
        (listed.first == rows[1]) & (listed.second == rows[0])
    )
    return float(np.max(listed.scores[is_it], initial=-np.inf)) if is_it.any() else float("nan")


def _exif_sentences(image_dir: Path, names: Pair) -> list[str]:
    """Say how far apart, and how soon after each other, two photos were taken, where EXIF tells."""
    try:
        first, second = (read_exif(image_dir / name) for name in names)
    except PhotoError as error:
        raise StageError(f"{names[0]} or {names[1]} {error.reason}: it cannot be explained") from error
    texts = []
    positions = np.array(
        [[each.latitude_deg, each.longitude_deg] for each in (first, second)],
        dtype=np.float64,  # None becomes NaN
    )
    apart = Places(positions, 1.0, 2).distance_m(np.array([0]), np.array([1]))[0]
    if np.isfinite(apart):
        texts.append(f"Their positions lie {metres(float(apart))} apart.")
    if first.captured_at and second.captured_at and first.camera == second.camera:
        times = [datetime.fromisoformat(text).replace(tzinfo=None) for text in (first.captured_at, second.captured_at)]
        gap_s = abs((times[0] - times[1]).total_seconds())
        if gap_s <= SOON_S:
            texts.append(f"{'One camera' if first.camera else 'They were'} took them {gap_s:.0f} s apart.")
    return texts


def _notes(evidence: PairEvidence) -> list[str]:
    return [f"{note[0].upper()}{note[1:]}." for note in evidence.notes]


# -- picture ----------------------------------------------------------------------------------------------------------


def _picture_path(settings: ExplainSettings, names: Pair) -> Path:
    path = settings.output or settings.results_dir / FOLDER / picture_name(names)
    if path.suffix.lower() != ".png":
        raise UsageError(f"--output {path}: must end in .png")
    if path.resolve().is_relative_to(settings.image_dir.resolve()):
        raise UsageError(f"--output {path} lies in --image_dir {settings.image_dir}: give a place outside of it")
    return path


def picture_name(names: Pair) -> str:
    """Give the file name of a pair's picture, which every system takes.

    Slashes become ``_``; where that or a cut changes a name, a part of the SHA-256 of both names keeps pairs apart.
    """
    flat = [safe_name(name.replace("/", "_"))[-MOST_NAME:].lstrip(". ") or "_" for name in names]
    digest = sha256("\0".join(names).encode()).hexdigest()[:8]
    changed = "" if flat == list(names) else f"-{digest}"
    return f"{flat[0]}--{flat[1]}{changed}.png"


def _key(evidence: PairEvidence) -> tuple[str, str]:
    """Say what the lines mean, and how many are drawn."""
    texts = []
    for rows, meaning in ((evidence.inliers, "matches that agree"), (evidence.overlay, "matches left out as overlay")):
        count = _num_drawn(rows)
        shown = f"all {count} drawn" if count == len(rows) else f"{count} of {len(rows)} drawn"
        texts.append(f"{meaning}: {shown}" if len(rows) else "")
    return texts[0] or "no matches that agree", texts[1]


def _num_drawn(rows: np.ndarray[Any, Any]) -> int:
    return min(len(rows), MAX_LINES)


def _draw(settings: ExplainSettings, names: Pair, evidence: PairEvidence, captions: Captions) -> bytes:
    photos = _load(settings, names[0]), _load(settings, names[1])
    inliers, overlay = (DrawnMatches.of(*evidence.features, rows) for rows in (evidence.inliers, evidence.overlay))
    drawn = draw_matches(photos, inliers, overlay, settings.max_side)
    second = lay_out((photos[0].shape[1::-1], photos[1].shape[1::-1]), settings.max_side)[1]
    return as_png(add_captions(drawn, second.x, captions))


def _load(settings: ExplainSettings, name: str) -> Any:
    path = inside(settings.image_dir, name, follows_links(settings.image_dir, settings.follow_links))
    try:
        return load_photo(path, settings.max_side * 2, settings.max_megapixels)
    except PhotoError as error:
        raise StageError(f"{path} {error.reason}: it cannot be drawn") from error


def _write(path: Path, content: bytes) -> None:
    """Write the picture, unless the same one stands there."""
    if not (path.is_file() and sha256_of_file(path) == sha256(content).hexdigest()):
        write_bytes(path, content)
