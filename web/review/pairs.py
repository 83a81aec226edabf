"""Two photos side by side: the matches that agree, and why they are together or apart."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import numpy as np

from hloc.matching.drawing import MAX_LINES, DrawnMatches
from stages.explaining.evidence import PairEvidence, Question, find_evidence
from stages.explaining.words import pair_sentences
from stages.settings.tools import ExplainSettings
from storage.formats.matches import MatchesFile, matches_path, read_matches
from web.review.changes import ALONE
from web.review.review import Review

MOST_BYTES = 512 << 20  # a larger matches file is not held in memory: pairs are matched when they are asked for
NUM_KEPT = 64


class PairViews:
    """The pairs of a review, looked up or matched on demand, one at a time.

    Parameters
    ----------
    review : Review
        The review.
    """

    def __init__(self, review: Review) -> None:
        self._review = review
        self._lock = threading.Lock()
        self._is_read = False
        self._content: MatchesFile | None = None
        self._evidence = lru_cache(NUM_KEPT)(self._find)

    def view(self, one: int, two: int) -> dict[str, Any]:
        """Give what there is to see and to say of two photos.

        Raises
        ------
        StageError
            When a photo cannot be read.
        """
        review = self._review
        with self._lock:
            evidence = self._evidence(one, two)
        measures = evidence.measures
        drawn = DrawnMatches.of(*evidence.features, evidence.inliers).at_most(MAX_LINES)
        score = review.bonds.score(one, two)
        return {
            "score": None if np.isnan(score) else score,
            "verdict": measures["verdict"],
            "inliers": np.round(np.hstack((drawn.first, drawn.second)), 5).tolist(),
            "num_matches": measures["matches"],
            "num_inliers": measures["inliers"],
            "coverage": measures["coverage"],
            "text": [*_standing(review, one, two), *pair_sentences(measures, []), *map(_sentence, evidence.notes)],
        }

    def _find(self, one: int, two: int) -> PairEvidence:
        folders, names = self._review.folders, self._review.state.names
        settings = ExplainSettings(
            names[one],
            names[two],
            image_dir=folders.image_dir,
            outputs_dir=folders.outputs_dir,
            results_dir=folders.results_dir,
            follow_links=folders.follow_links,
        )
        question = Question(settings, folders.outputs_dir, (names[one], names[two]), self._matches(), float("nan"))
        return find_evidence(question)

    def _matches(self) -> MatchesFile | None:
        """Give the verified pairs, read once; None where there are none, or too many to be held."""
        if not self._is_read:
            path = matches_path(self._review.folders.outputs_dir, str(self._review.info.get("model")))
            if path.is_file() and path.stat().st_size <= MOST_BYTES:
                self._content = read_matches(path)
            self._is_read = True
        return self._content


def _standing(review: Review, one: int, two: int) -> list[str]:
    """Say how the two stand to each other now."""
    state = review.state
    numbers = state.owner[one], state.owner[two]
    if numbers[0] == numbers[1] != ALONE:
        texts = [f"Both are in building {numbers[0]}."]
    else:
        called = ["alone" if number == ALONE else f"in building {number}" for number in numbers]
        texts = [f"The left one is {called[0]}, the right one {called[1]}."]
    if {(one, two), (two, one)} & state.links.apart.keys():
        texts.append("It was decided that they show two buildings.")
    if any(two in link for link in state.links.together_of([one])):
        texts.append("It was decided that they show one building.")
    told = review.reason_of((one, two))
    if told is not None:
        texts.append(f"Listed for review: {told}.")
    return texts


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
