"""Photos compared batch by batch, then what stands for their clusters across batches; killed at any moment, it goes on.

A comparison has one part for each batch, and a last one for the merging. What is found is kept in a state file while
it lasts; the parts and rows that are done there are not compared again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustering.comparisons import Comparison, Step, compare
from clustering.medoids import Medoids, find_medoids
from hloc.similarities.base import Scorer
from stages.comparing.plan import Plan
from storage.errors import StageError
from storage.formats.comparison_state import ComparisonState, read_state, write_state
from storage.formats.photo_features import PhotoFeatureStore
from storage.progress import progress_bar

CHECKPOINT_S = 20.0
MAX_PAIRS = 20_000_000  # a gibibyte while they are sorted

Numbers = NDArray[np.int64]
Spread = Callable[[Scorer], Scorer]


@dataclass(eq=False)
class Outcome:
    """What was found; photos go by their place among the names of the plan.

    Attributes
    ----------
    first, second : ndarray of int64, shape (K,)
        Similar pairs.
    score : ndarray of float64, shape (K,)
        Their scores.
    num_compared, num_skipped : int
        Pairs of one batch that were scored, and those that were not.
    num_compared_across, num_skipped_across : int
        The same of the pairs of representatives (and rescued photos) of different batches.
    representatives : list of (int, int, int)
        Batch, place and number of photos of each cluster of a batch.
    """

    first: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    second: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    score: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    num_compared: int = 0
    num_skipped: int = 0
    num_compared_across: int = 0
    num_skipped_across: int = 0
    representatives: list[tuple[int, int, int]] = field(default_factory=list)

    def of_pairs(self, chosen: slice) -> tuple[Numbers, Numbers, NDArray[np.float64]]:
        """Give some of the pairs."""
        return self.first[chosen], self.second[chosen], self.score[chosen]


class BatchedComparison:
    """Compares the photos of a plan.

    Parameters
    ----------
    plan : Plan
        Photos and settings.
    store : PhotoFeatureStore
        Their features.
    spread : callable
        Spreads a scorer over threads.
    state_path : Path
        Where what is found is kept while it lasts.
    """

    def __init__(self, plan: Plan, store: PhotoFeatureStore, spread: Spread, state_path: Path) -> None:
        self._plan = plan
        self._store = store
        self._spread = spread
        self._state_path = state_path
        self._settings: Mapping[str, Any] = plan.identity()
        self._found: list[Step] = []
        self._counts = [0, 0]
        self._written_at = time.monotonic()

    def run(self, of_batches: Outcome | None = None) -> Outcome:
        """Compare; ``of_batches`` is what a former run found within batches, which is not compared again."""
        plan = self._plan
        state = read_state(self._state_path, self._settings)
        if state is None and of_batches is not None:
            counts = of_batches.num_compared, 0
            pairs = of_batches.of_pairs(slice(None))
            state = ComparisonState(len(plan.batches), 0, len(pairs[0]), counts, *pairs)
        state = state or ComparisonState(0, 0, 0, (0, 0), *Outcome().of_pairs(slice(None)))
        self._found = [Step(0, state.first, state.second, state.score, 0)]
        self._counts = list(state.num_compared)
        steps = self._within_batches(state)
        done = sum(len(plan.names[batch]) for batch in plan.batches[: state.part]) + state.next_row
        self._go_through(steps, len(plan.names) - min(done, len(plan.names)), "comparing")
        outcome = self._gathered()
        outcome.num_compared = self._counts[0]
        outcome.num_skipped = sum(_pairs_among(batch) for batch in plan.batches) - outcome.num_compared
        if len(plan.batches) > 1:
            self._merge(outcome, state)
        return outcome

    def _within_batches(self, state: ComparisonState) -> Iterator[tuple[int, Step]]:
        """Compare the batches that are not done; give rows that were passed, and what they gave."""
        for number, batch in enumerate(self._plan.batches):
            if number < state.part:
                continue
            start, former = self._where_to_go_on(state, number, batch.start)
            comparison = self._comparison(self._plan.names[batch])
            yield from self._part(number, comparison, start, former, np.arange(batch.start, batch.stop))

    def _where_to_go_on(self, state: ComparisonState, part: int, offset: int) -> tuple[int, tuple[Numbers, Numbers]]:
        if part != state.part:
            return 0, (np.zeros(0, np.int64), np.zeros(0, np.int64))
        return state.next_row, (state.first[state.num_before :] - offset, state.second[state.num_before :] - offset)

    def _comparison(self, names: Sequence[str], group: Numbers | None = None) -> Comparison:
        plan = self._plan
        similarity, settings = plan.similarity, plan.settings
        scorer = self._spread(similarity.scorer(self._store.read(names)))
        return Comparison(scorer, len(names), plan.threshold, settings.skip, similarity.scores_blocks, group)

    def _part(
        self,
        part: int,
        comparison: Comparison,
        start: int,
        former: tuple[Numbers, Numbers],
        places: Numbers,
    ) -> Iterator[tuple[int, Step]]:
        """Compare one part from row ``start`` on; ``places`` are the photos' places in the plan."""
        num_found = sum(len(step.first) for step in self._found)
        num_before = num_found - len(former[0])
        is_across = comparison.group is not None
        row = start
        for step in compare(comparison, start, former):
            found = Step(step.next_row, places[step.first], places[step.second], step.score, step.num_compared)
            self._found.append(found)
            self._counts[is_across] += step.num_compared
            num_found += len(step.first)
            if num_found > MAX_PAIRS:
                raise StageError(
                    f"more than {MAX_PAIRS:,} pairs are similar at --threshold {self._plan.threshold:g}: raise it, or "
                    "compare fewer pairs by --batch_size or --skip leader"
                )
            yield step.next_row - row, found
            row = step.next_row
            if time.monotonic() - self._written_at >= CHECKPOINT_S:
                self._write_state(part, row, num_before)
        yield comparison.num_photos - row, Step(row, *Outcome().of_pairs(slice(None)), 0)

    def _go_through(self, steps: Iterator[tuple[int, Step]], num_rows: int, label: str) -> None:
        """Let all steps be made, and show how far it is."""
        shown = iter(progress_bar(range(num_rows), num_rows, label))
        for passed, _ in steps:
            for _ in range(passed):
                next(shown, None)
        next(shown, None)

    def _gathered(self) -> Outcome:
        columns = [(step.first, step.second, step.score) for step in self._found]
        first, second, score = (np.concatenate(parts) for parts in zip(*columns, strict=True))
        self._found = [Step(0, first, second, score, 0)]
        return Outcome(first, second, score)

    def _write_state(self, part: int, row: int, num_before: int) -> None:
        pairs = self._gathered().of_pairs(slice(None))
        state = ComparisonState(part, row, num_before, (self._counts[0], self._counts[1]), *pairs)
        write_state(self._state_path, state, self._settings)
        self._written_at = time.monotonic()

    # -- merging ------------------------------------------------------------------------------------------------------

    def _merge(self, outcome: Outcome, state: ComparisonState) -> None:
        """Compare what stands for the clusters of batches across batches; ``outcome`` is brought up to date."""
        plan, last = self._plan, len(self._plan.batches)
        num_within = state.num_before if state.part == last else len(outcome.first)
        batch_of = np.repeat(np.arange(last), [batch.stop - batch.start for batch in plan.batches])
        medoids = self._medoids(outcome, num_within)
        outcome.representatives = [
            (int(batch_of[photo]), photo, size)
            for photo, size in zip(medoids.photo.tolist(), medoids.size.tolist(), strict=True)
        ]
        if not plan.is_merged:
            return
        rescued = np.flatnonzero(medoids.is_alone) if plan.settings.rescue_outliers else np.zeros(0, np.int64)
        # in the order of the plan, so that a pair has the score that it has in one batch of all
        places = np.sort(np.concatenate((medoids.photo, rescued)))
        place_of = np.full(len(plan.names), -1, dtype=np.int64)
        place_of[places] = np.arange(len(places))
        start = state.next_row if state.part == last else 0
        former = place_of[outcome.first[num_within:]], place_of[outcome.second[num_within:]]
        comparison = self._comparison([plan.names[place] for place in places], batch_of[places])
        steps = self._part(last, comparison, start, former, places)
        self._go_through(steps, len(places) - start, "comparing across batches")
        outcome.first, outcome.second, outcome.score = self._gathered().of_pairs(slice(None))
        outcome.num_compared_across = self._counts[1]
        outcome.num_skipped_across = comparison.num_pairs - self._counts[1]

    def _medoids(self, outcome: Outcome, num_within: int) -> Medoids:
        plan = self._plan
        pairs = outcome.of_pairs(slice(num_within))
        return find_medoids(len(plan.names), pairs, plan.similarity.lowest, plan.ranks())


def _pairs_among(batch: slice) -> int:
    count = batch.stop - batch.start
    return int(count * (count - 1) // 2)
