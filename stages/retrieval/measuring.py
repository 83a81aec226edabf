"""Runs of an experiment: each index built once, searched with each of its settings, re-ranked, timed and judged."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hloc.exact_search import Found, prove, scores_of, search_exactly, without_own
from hloc.retrieval_measures import RankMeasures, measure_ranks, overlap
from hloc.search_indexes import plan_indexes
from hloc.search_indexes.base import BuildTime, IndexOptions, IndexPlan, SearchIndex, Settings, Size
from hloc.search_indexes.engines import create_index
from hloc.search_metrics import METRICS, Metric
from stages.retrieval.reranking import Reranked, Reranker
from stages.retrieval.search_inputs import SearchInputs
from stages.settings.search import SearchSettings


@dataclass(frozen=True)
class Timing:
    """Seconds of each repeat of the search for all queries at once, after the warm-up."""

    repeats_s: tuple[float, ...]
    num_queries: int

    def ms_per_query(self) -> dict[str, float]:
        """Give median, least and most milliseconds, and the standard deviation of the repeats."""
        each = np.array(self.repeats_s) * 1e3 / self.num_queries
        return {
            "median": float(np.median(each)),
            "min": float(each.min()),
            "max": float(each.max()),
            "std": float(each.std()),
        }


@dataclass(frozen=True, eq=False)
class Reranking:
    """How the lists of a run were re-ranked.

    Attributes
    ----------
    settings : dict
        Matcher, keypoints, candidates.
    reranked : Reranked
        The lists, and what they took.
    before : RankMeasures or None
        As the index gave them.
    """

    settings: dict[str, str | int]
    reranked: Reranked
    before: RankMeasures | None


@dataclass(frozen=True, eq=False)
class RunResult:
    """What one index did with one setting.

    Attributes
    ----------
    metric : str
        What it was searched by.
    plan : IndexPlan
        What was built.
    searched_with : dict of str to int
        Settings of this search.
    library : str
        What computed it.
    build : BuildTime
        Seconds of the build, which all searches of it share.
    timing : Timing
        Of the search.
    memory_bytes : int
        Of the index.
    overlap : dict of int to float
        By k: share of the nearest that it finds.
    measures : RankMeasures or None
        Of all queries that are judged; None where none is.
    groups : dict of str to RankMeasures
        Of the queries of each attack.
    reranking : Reranking or None
        How the lists were put in order; then measures and groups are those of the new order.
    """

    metric: str
    plan: IndexPlan
    searched_with: Settings
    library: str
    build: BuildTime
    timing: Timing
    memory_bytes: int
    overlap: dict[int, float]
    measures: RankMeasures | None
    groups: dict[str, RankMeasures]
    reranking: Reranking | None = None


def run_experiment(
    inputs: SearchInputs, settings: SearchSettings, metrics: Sequence[str], reranker: Reranker | None = None
) -> Iterator[RunResult]:
    """Run every index by every metric; what cannot be is refused before the first run.

    Raises
    ------
    UsageError
        When a setting is wrong for an index.
    """
    size = Size(*inputs.database.rows.shape)
    planned = [
        (METRICS[name], plan)
        for name in metrics
        for index in settings.index
        for plan in plan_indexes(index, _options(settings, name), size)
    ]
    indexes = [create_index(plan, metric, settings.backend) for metric, plan in planned]
    ready = ""
    for index in indexes:
        if index.metric.name != ready:
            ready = index.metric.name
            experiment = _Experiment(inputs, settings, index.metric, reranker)
        yield from experiment.runs(index)


def _options(settings: SearchSettings, metric: str) -> IndexOptions:
    return IndexOptions(
        metric,
        settings.nlist,
        settings.nprobe,
        settings.hnsw_m,
        settings.ef_construction,
        settings.ef_search,
        settings.pq_m,
    )


class _Experiment:
    """All runs by one metric; the exact answer is found once."""

    def __init__(
        self, inputs: SearchInputs, settings: SearchSettings, metric: Metric, reranker: Reranker | None
    ) -> None:
        self._inputs, self._settings, self._metric, self._reranker = inputs, settings, metric, reranker
        self._database = metric.prepare(inputs.database.rows)
        self._queries = metric.prepare(inputs.queries.rows)
        self._k = min(max(settings.k), len(self._database))
        wanted = self._k if reranker is None else max(self._k, reranker.num_rerank)
        self._depth = min(wanted, len(self._database))  # of the lists that are searched for
        self._exact: Found | None = None

    def runs(self, index: SearchIndex) -> Iterator[RunResult]:
        """Build an index and search it with each of its settings."""
        build = index.build(self._database)
        memory = index.memory_bytes
        for searched_with in index.plan.searched_with:
            index.choose(searched_with)
            timing = self._time(index)
            found = self._found(index)
            rows, reranking = self._reranked(found.rows)
            measures, groups = self._judge(rows)
            shares = self._overlap(index, found)
            yield RunResult(
                index.metric.name,
                index.plan,
                searched_with,
                index.library,
                build,
                timing,
                memory,
                shares,
                measures,
                groups,
                reranking,
            )

    def _reranked(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], Reranking | None]:
        """Put the lists in another order, where that was asked for."""
        if self._reranker is None:
            return rows, None
        reranked = self._reranker.rerank(rows)
        return reranked.rows, Reranking(self._reranker.settings(), reranked, self._judge(rows)[0])

    def _time(self, index: SearchIndex) -> Timing:
        for _ in range(self._settings.warmup):
            index.search(self._queries, self._depth)
        seconds = []
        for _ in range(self._settings.repeats):
            started = time.perf_counter()
            index.search(self._queries, self._depth)
            seconds.append(time.perf_counter() - started)
        return Timing(tuple(seconds), len(self._queries))

    def _found(self, index: SearchIndex) -> Found:
        own = self._inputs.own
        if index.library == "numpy":
            found = search_exactly(self._metric, self._database, self._queries, self._depth, own)
        elif index.plan.is_exact:
            found = prove(index.search, self._metric, self._database, self._queries, self._depth, own)
        else:
            count = min(self._depth + int((own >= 0).any()), len(self._database))
            found = without_own(*index.search(self._queries, count), self._depth, own)
        if not self._inputs.queries.is_binary:
            is_empty = ~np.any(self._queries, axis=1)  # a photo without any feature finds nothing
            found.rows[is_empty], found.scores[is_empty] = -1, -np.inf
        if index.plan.is_exact:
            self._exact = found
        return found

    def _overlap(self, index: SearchIndex, found: Found) -> dict[int, float]:
        ks = [k for k in self._settings.k if k <= self._k]
        if index.plan.is_exact:
            return dict.fromkeys(ks, 1.0)
        if self._exact is None:
            flat = create_index(
                plan_indexes("flat", IndexOptions(self._metric.name), Size(*self._database.shape))[0],
                self._metric,
                self._settings.backend,
            )
            flat.build(self._database)
            self._found(flat)
        assert self._exact is not None
        scores = scores_of(self._metric, self._database, self._queries, found.rows)
        return {k: overlap(scores, self._exact.scores, k) for k in ks}

    def _judge(self, rows: NDArray[np.int64]) -> tuple[RankMeasures | None, dict[str, RankMeasures]]:
        is_right = right_places(rows[:, : self._k], self._inputs.right)
        judged = np.flatnonzero(self._inputs.is_judged)
        ks = [k for k in self._settings.k if k <= self._k]
        if not len(judged):
            return None, {}
        members: dict[str, list[int]] = {}
        for query in judged.tolist():
            members.setdefault(self._inputs.groups[query], []).append(query)
        num_right = self._inputs.num_right
        groups = {
            group: measure_ranks(is_right[chosen], num_right[chosen], ks)
            for group, chosen in sorted(members.items())
            if group
        }
        return measure_ranks(is_right[judged], num_right[judged], ks), groups


def right_places(rows: NDArray[np.int64], right: Sequence[frozenset[int]]) -> NDArray[np.bool_]:
    """Say of each neighbour (Q, K) whether its row is among those that the query should find."""
    found = np.zeros(rows.shape, bool)
    for query, wanted in enumerate(right):
        if wanted:
            found[query] = np.isin(rows[query], list(wanted))
    return found
