"""The search for verified pairs on labelled photos, with probabilities that never saw the buildings that they judge.

A pair is judged by a calibration fitted on the pairs within the other folds of buildings, in every round: so which
neighbours of neighbours the next round looks at hangs on no label of the pair either. What was verified is kept in
``--outputs_dir`` and not looked at again.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clustering.evaluation import Evaluation, evaluate
from clustering.evidence import EvidenceSettings, cluster_evidence
from clustering.graph import ScoredPairs
from clustering.grouping import Grouping
from clustering.specified import SpecifiedSettings, cluster_specified
from hloc.feature_run import Resources
from hloc.joining import JoinedFeatures, join_features
from hloc.matching import create_matcher
from hloc.matching.description import MatchRun, describe_photos
from hloc.matching.evidence import EVIDENCE, Candidates, evidence_of
from hloc.matching.former import FormerPairs
from hloc.matching.rows import Photos, verification_settings
from hloc.matching.search import Found, Listed, Search, SearchSettings
from hloc.retrieval import top_k
from stages.calibrate import LabelledPairs, cross_validate, join_labelled, read_labelled_pairs
from stages.match_inputs import read_suggestions
from storage.errors import StageError
from storage.formats.calibration import Calibration
from storage.formats.features import read_features
from storage.formats.labels import SINGLE_LABEL, read_labels
from storage.formats.matches import MatchesFile, join_matches, matches_path, read_matches, write_matches
from storage.formats.pairs import Pairs

SINGLE = -1
STREET_WEIGHT = 0.5  # of a pair of the drawn street, whose buildings share their windows to the pixel
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Variant:
    """What is left out or changed, for measuring it.

    Attributes
    ----------
    num_to_match : int
        Photos that the descriptor lists for each photo.
    num_rounds, max_pairs : int
        As in ``match_pairs.py``.
    overlay_guard : bool
        Whether what lies over photos is left out.
    without : tuple of str
        Pieces of evidence that do not count.
    seed : int
        Of the folds.
    """

    num_to_match: int = 10
    num_rounds: int = 2
    max_pairs: int = 10
    overlay_guard: bool = True
    without: tuple[str, ...] = ()
    seed: int = 0


@dataclass(frozen=True, eq=False)
class CrossValidatedSearch(Search):
    """A search whose probabilities come from the other folds of buildings."""

    buildings: tuple[str, ...] = ()
    model: str = ""
    variant: Variant = field(default_factory=Variant)
    street: LabelledPairs | None = None

    def labelled(self, found: Found) -> LabelledPairs:
        """Give the evidence of all pairs with the buildings of their photos."""
        evidence = evidence_of(
            Candidates.of(len(self.photos.names), found.matches, self.listed.scores_of(found.matches))
        )
        evidence[:, [name in self.variant.without for name in EVIDENCE]] = 0
        rows = found.matches.first.astype(np.intp), found.matches.second.astype(np.intp)
        settings = {"model": self.model, **self.run.matcher.settings()}
        return LabelledPairs(self.photos.names, list(self.buildings), *rows, evidence, settings)

    def fitted_on(self, found: Found) -> LabelledPairs:
        """Give the pairs, and after them those of the drawn street where there is one."""
        pairs = self.labelled(found)
        if self.street is None:
            return pairs
        evidence = self.street.evidence.copy()
        evidence[:, [name in self.variant.without for name in EVIDENCE]] = 0
        return join_labelled(pairs, replace(self.street, evidence=evidence), STREET_WEIGHT)

    def estimate(self, found: Found) -> FloatArray:
        """Give the probability of each pair by a calibration that saw neither building."""
        return cross_validate(self.fitted_on(found), seed=self.variant.seed)[: len(found.matches)]


@dataclass(frozen=True, eq=False)
class Result:
    """What a search found, and what it is judged by."""

    search: CrossValidatedSearch
    found: Found

    @property
    def pairs(self) -> LabelledPairs:
        """Evidence and buildings of all pairs that were looked at."""
        return self.search.labelled(self.found)

    @property
    def truth(self) -> NDArray[np.int64]:
        """Number of the building of each photo; ``SINGLE`` for photos alone of theirs."""
        numbers: dict[str, int] = {}
        labels = [
            SINGLE if name[0] == "\t" else numbers.setdefault(name, len(numbers)) for name in self.pairs.buildings
        ]
        return np.array(labels)

    def scored(self) -> ScoredPairs:
        """Give the pairs as the clusterers take them."""
        matches = self.found.matches
        return ScoredPairs.from_arrays(
            len(self.truth), matches.first.astype(np.int64), matches.second.astype(np.int64), self.found.probability
        )

    def judge(self, group: Callable[[ScoredPairs], Grouping]) -> Evaluation:
        """Cluster and compare with the labels."""
        return judge(self.truth, group(self.scored()))


def judge(truth: NDArray[np.int64], grouping: Grouping) -> Evaluation:
    """Compare clusters with labels."""
    predicted = np.full(len(truth), SINGLE)
    for number, members in grouping.clusters.items():
        predicted[members] = number
    return evaluate(truth, predicted)


def by_evidence(pairs: ScoredPairs) -> Grouping:
    """Group by the evidence clusterer with the committed settings."""
    return cluster_evidence(pairs, EvidenceSettings())


def by_specification(pairs: ScoredPairs) -> Grouping:
    """Group by the specified clusterer, its thresholds being those of the evidence clusterer."""
    default = EvidenceSettings()
    return cluster_specified(pairs, SpecifiedSettings(default.strong_edg_thresh, default.weak_edg_thresh))


def by_components(pairs: ScoredPairs) -> Grouping:
    """Group what any pair joins: the specified method with equal thresholds has nothing to expand."""
    strong = EvidenceSettings().strong_edg_thresh
    return cluster_specified(pairs, SpecifiedSettings(strong, strong))


class LabelledPhotos:
    """Labelled photos with the features of ``extract_features.py``, searched in several ways.

    Parameters
    ----------
    labels_path : Path
        CSV file; the photos lie beside it.
    outputs_dir : Path
        Where ``extract_features.py`` wrote the features of these photos.
    models : sequence of str
        Models that list the candidates, joined.
    street_dir : Path, optional
        Work folder of ``run_pipeline.py --demo``, whose pairs are fitted as well.
    """

    def __init__(
        self, labels_path: Path, outputs_dir: Path, models: Sequence[str], street_dir: Path | None = None
    ) -> None:
        model = "+".join(models)
        self.street = None
        if street_dir is not None:
            paths = matches_path(street_dir / "netvlad", model), street_dir / "street" / "labels.csv"
            self.street = read_labelled_pairs(*paths)
        label_of = read_labels(labels_path)
        parts = [read_features(outputs_dir / f"global-feats-{model}.h5") for model in models]
        self.joined: JoinedFeatures = join_features(parts)
        self.image_dir, self.outputs_dir = labels_path.parent, outputs_dir
        names = [name for name in self.joined.names if name in label_of]
        self.run = MatchRun(self.image_dir, outputs_dir, create_matcher("rootsift", 2000), Resources(0))
        self.photos = Photos.of(describe_photos(self.run, names).fingerprints)
        labels = [label_of[name] for name in self.photos.names]
        self.buildings = tuple(
            f"\t{name}" if label == SINGLE_LABEL else label
            for name, label in zip(self.photos.names, labels, strict=True)
        )
        self.suggestions = read_suggestions(self.image_dir, self.photos.names)

    @property
    def num_true_pairs(self) -> int:
        """Number of pairs of one building among all photos."""
        sizes = np.array(list(Counter(self.buildings).values()))
        return int((sizes * (sizes - 1) // 2).sum())

    def listed(self, num_to_match: int) -> Listed:
        """Give what the descriptors list."""
        rows = list(top_k(self.joined.descriptors, num_to_match, self.joined.background))
        first = np.concatenate([np.full(len(others), row) for row, others, _ in rows])
        second, scores = (np.concatenate([row[part] for row in rows]) for part in (1, 2))
        return Listed.of(self.photos, Pairs(self.joined.names, first, second, scores))

    def find(self, variant: Variant | None = None) -> Result:
        """Search; pairs that were verified before, in this variant or another, are not looked at again."""
        variant = variant or Variant()
        run = replace(self.run, overlay_guard=variant.overlay_guard)
        search = CrossValidatedSearch(
            run,
            self.photos,
            self.listed(variant.num_to_match),
            Calibration([], [], [], [], 0.0),  # not asked: see estimate
            SearchSettings(variant.num_rounds, variant.max_pairs),
            FormerPairs.of(self._kept(run), run),
            self.buildings,
            self.joined.model,
            variant,
            self.street,
        )
        found = search.find(self.suggestions)
        self._keep(run, found)
        return Result(search, found)

    def _path(self, run: MatchRun) -> Path:
        return self.outputs_dir / f"benchmark-{'guarded' if run.overlay_guard else 'unguarded'}.h5"

    def _kept(self, run: MatchRun) -> MatchesFile | None:
        try:
            return read_matches(self._path(run))
        except StageError:  # nothing was kept yet
            return None

    def _keep(self, run: MatchRun, found: Found) -> None:
        """Add pairs to those that were verified before."""
        kept, fresh = self._kept(run), np.flatnonzero(found.looked_again == 0)
        matches = found.matches.take(fresh)
        hashes = [known.sha256 for known in self.photos.fingerprints]
        if kept is not None and kept.sha256 == hashes:
            matches = join_matches([kept.matches, matches])
        _, chosen = np.unique(np.column_stack([matches.first, matches.second]), axis=0, return_index=True)
        matches, none = matches.take(chosen), np.zeros(len(chosen), np.uint8)
        numbers = np.zeros(len(chosen))
        content = MatchesFile(
            verification_settings(run), self.photos.names, hashes, matches, none, numbers, numbers, none, none
        )
        write_matches(self._path(run), content)


def search_parser(doc: str | None) -> argparse.ArgumentParser:
    """Give a parser with the flags that all benchmarks of the search share; ``doc`` is the script's docstring."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, required=True, help="CSV file path,building; the photos beside it")
    parser.add_argument("--outputs_dir", type=Path, required=True, help="features of the photos; kept pairs go there")
    parser.add_argument("--model", default="vlad+street")
    parser.add_argument("--street_dir", type=Path, help="work folder of run_pipeline.py --demo, fitted as well")
    return parser
