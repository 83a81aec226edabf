"""The registry of classical similarities. A new one is one file here and one line in ``SIMILARITIES``.

``docs/adding.md`` shows one.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.errors import UsageError

if TYPE_CHECKING:  # tools.compare_images reads the names from here, and --help imports no library
    from hloc.similarities.base import Similarity, SimilarityOptions


@dataclass(frozen=True)
class SimilarityEntry:
    """A registered similarity.

    Attributes
    ----------
    module : str
        The module under ``hloc.similarities`` whose ``create(name, options)`` makes it.
    strong_threshold, weak_threshold : float
        Default scores of strong and weak edges, for the similarity's own options; fixed on near-duplicates
        (``benchmarks/similarities.md``). They mean nothing on other scales of scores.
    """

    module: str
    strong_threshold: float
    weak_threshold: float

    @property
    def thresholds(self) -> tuple[float, float]:
        """Strong and weak threshold."""
        return self.strong_threshold, self.weak_threshold


SIMILARITIES: dict[str, SimilarityEntry] = {
    "ssim": SimilarityEntry("ssim", 0.72, 0.72),
    "minhash": SimilarityEntry("minhash", 0.26, 0.26),
    "phash": SimilarityEntry("phash", 0.84, 0.84),
    "ahash": SimilarityEntry("ahash", 0.95, 0.93),
    "dhash": SimilarityEntry("dhash", 0.87, 0.87),
    "whash": SimilarityEntry("whash", 0.96, 0.93),
    "orb": SimilarityEntry("orb", 0.52, 0.52),
    "tm": SimilarityEntry("tm", 0.92, 0.92),
}


def create_similarity(name: str, options: SimilarityOptions) -> Similarity:
    """Make a registered similarity.

    Raises
    ------
    UsageError
        When the name is not registered, or an option is not for this similarity.
    """
    if name not in SIMILARITIES:
        raise UsageError(f"--method {name}: is not known; choose from {', '.join(SIMILARITIES)}")
    module = importlib.import_module(f"hloc.similarities.{SIMILARITIES[name].module}")
    similarity: Similarity = module.create(name, options)
    return similarity
