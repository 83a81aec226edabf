"""How many comparisons a collection will take, by the rules of :mod:`clustering.comparisons`, in batches and in all.

The model is clusterimg's: a collection has classes; a share of each class is similar to each other and to nothing else,
every other photo is similar to none; photos come in random order, and each batch has the same mixture. clusterimg's own
formula miscounts in several places; :func:`published_estimates` keeps it for comparison, ``docs/workload.md`` says what
is wrong with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from clustering.comparisons import EXACT, LEADER, RULES
from storage.errors import UsageError


@dataclass(frozen=True)
class Workload:
    """A collection as the model sees it.

    Attributes
    ----------
    class_sizes : sequence of int
        Photos of each class.
    batch_size : int or None
        Photos of a batch; None for one batch of all. The last batch holds what is left.
    similar_share : float
        Share of each class whose photos are similar to each other, 0 to 1.
    rescue_outliers : bool
        Whether photos without a pair are compared across batches, too.

    Raises
    ------
    UsageError
        When a value is out of its range.
    """

    class_sizes: Sequence[int]
    batch_size: int | None = None
    similar_share: float = 0.5
    rescue_outliers: bool = False

    def __post_init__(self) -> None:
        if not self.class_sizes or min(self.class_sizes) < 1:
            raise UsageError(f"--class_sizes {self.class_sizes}: must be one or more numbers of 1 or more")
        if self.batch_size is not None and self.batch_size < 2:
            raise UsageError(f"--batch_size {self.batch_size}: must be 2 or more")
        if not 0 <= self.similar_share <= 1:
            raise UsageError(f"--similar_share {self.similar_share}: must be 0 to 1")

    @property
    def num_photos(self) -> int:
        """Photos of all classes."""
        return sum(self.class_sizes)

    def batches(self) -> list[Batch]:
        """Give the batches, ``ceil(N / batch_size)`` of them."""
        size = min(self.batch_size or self.num_photos, self.num_photos)
        counts = [size] * (self.num_photos // size)
        counts += [self.num_photos % size] if self.num_photos % size else []
        return [self._batch(count) for count in counts]

    def _batch(self, count: int) -> Batch:
        share = self.similar_share * count / self.num_photos
        similar = [share * size for size in self.class_sizes if share * size > 1]
        return Batch(tuple(similar), count - sum(similar))


@dataclass(frozen=True)
class Batch:
    """One batch, in expectation; numbers need not be whole.

    Attributes
    ----------
    similar : tuple of float
        Photos of each group of mutually similar ones, more than 1.
    num_others : float
        Photos that are like no other.
    """

    similar: tuple[float, ...]
    num_others: float

    @property
    def num_photos(self) -> float:
        """All photos of the batch."""
        return sum(self.similar) + self.num_others


@dataclass(frozen=True)
class Estimate:
    """What one rule takes.

    Attributes
    ----------
    rule : str
        One of ``exact``, ``leader``, ``none``.
    within_batches : float
        Comparisons within batches.
    across_least, across_most : float
        Bounds of the comparisons between representatives of different batches, and outliers where they are rescued.
    all_pairs : int
        Pairs of the whole collection.
    pairs_in_batches : float
        Pairs of photos of one batch.
    """

    rule: str
    within_batches: float
    across_least: float
    across_most: float
    all_pairs: int
    pairs_in_batches: float

    @property
    def most(self) -> float:
        """All comparisons, with the upper bound of those across batches."""
        return self.within_batches + self.across_most

    @property
    def saved(self) -> float:
        """Share of all pairs that is not compared, by batches and the rule together."""
        return self._share(self.all_pairs - self.most)

    @property
    def saved_by_batches(self) -> float:
        """Share of all pairs that is not compared because the photos are in different batches."""
        return self._share(self.all_pairs - self.pairs_in_batches - self.across_most)

    @property
    def saved_by_rule(self) -> float:
        """Share of all pairs that the rule leaves out within batches."""
        return self._share(self.pairs_in_batches - self.within_batches)

    def _share(self, comparisons: float) -> float:
        return comparisons / self.all_pairs if self.all_pairs else 0.0


def estimate(workload: Workload) -> list[Estimate]:
    """Estimate every rule."""
    batches = workload.batches()
    all_pairs = workload.num_photos * (workload.num_photos - 1) // 2
    in_batches = sum(_pairs(batch.num_photos) for batch in batches)
    return [
        Estimate(
            rule,
            sum(expected_comparisons(batch.similar, batch.num_others, rule) for batch in batches),
            *merge_bounds(batches, rule, workload.rescue_outliers),
            all_pairs,
            in_batches,
        )
        for rule in RULES
    ]


def expected_comparisons(similar: Sequence[float], num_others: float, rule: str) -> float:
    """Give the expected comparisons of one batch in random order.

    Parameters
    ----------
    similar : sequence of float
        Sizes P of the groups of mutually similar photos, each 1 at least.
    num_others : float
        Number T of photos that are like no other.
    rule : str
        ``none``: all n (n - 1) / 2 pairs. ``exact``: of each group's P (P - 1) / 2 pairs only the P - 1 that join, in
        any order of the photos. ``leader``: P - 1 pairs that join; the pairs among the L = C + T leaders (first photos
        of their groups, and the others); and each photo that is no leader with those leaders of other groups that come
        before its own leader: an other one does with the chance 1 / (P + 1), the leader of a group of Q with
        Q / (P + Q).
    """
    total = sum(similar) + num_others
    if rule == EXACT:
        return _pairs(total) - sum(_pairs(size) - (size - 1) for size in similar)
    if rule == LEADER:
        joining = sum(size - 1 for size in similar)
        return joining + _pairs(len(similar) + num_others) + _before_own_leader(similar, num_others)
    return _pairs(total)


def _before_own_leader(similar: Sequence[float], num_others: float) -> float:
    total = 0.0
    for place, size in enumerate(similar):
        leaders = sum(other / (size + other) for row, other in enumerate(similar) if row != place)
        total += (size - 1) * (num_others / (size + 1) + leaders)
    return total


def _pairs(count: float) -> float:
    return count * (count - 1) / 2


def merge_bounds(batches: Sequence[Batch], rule: str, rescue_outliers: bool = False) -> tuple[float, float]:
    """Give the least and the most comparisons across batches.

    Most: every representative with every one of other batches (with outliers where they are rescued). Least, when all
    representatives of a class are similar: ``exact`` leaves out what those of a class need not be compared; with
    ``leader`` those of the first batch absorb all others, each class what the ones before it left; ``none`` compares
    all. Outliers, which are like nothing, are compared in full by every rule.
    """
    representatives = [float(len(batch.similar)) for batch in batches]
    outliers = [batch.num_others if rescue_outliers else 0.0 for batch in batches]
    most = _across([own + alone for own, alone in zip(representatives, outliers, strict=True)])
    of_representatives = _across(representatives)
    num_classes = int(max(representatives))
    # the share being the same for all, a batch has representatives of its largest classes
    batches_of_class = [sum(count > place for count in representatives) for place in range(num_classes)]
    joining = sum(count - 1 for count in batches_of_class)
    if rule == EXACT:
        least = of_representatives - sum(_pairs(count) - (count - 1) for count in batches_of_class)
    elif rule == LEADER:
        least = joining * (num_classes + 1) / 2
    else:
        least = of_representatives
    return most - of_representatives + least, most


def _across(counts: Sequence[float]) -> float:
    return (sum(counts) ** 2 - sum(count**2 for count in counts)) / 2


def published_estimates(workload: Workload) -> dict[str, float]:
    """Give what clusterimg's README estimates for the leader rule: as printed, as meant, and with one term mended.

    ``as_printed`` counts the batch terms twice and the class terms never; ``as_meant`` adds each once;
    ``without_double_pairs`` leaves out the pairs of others within a class, which the batch term holds already. All
    three leave out the comparisons of photos with leaders before their own, and count the representatives as if they
    were one class.
    """
    batches, num_classes = workload.batches(), len(workload.class_sizes)
    within = across = doubled = 0.0
    for batch in batches:
        similar = [
            workload.similar_share * size * batch.num_photos / workload.num_photos for size in workload.class_sizes
        ]
        others = [size * batch.num_photos / workload.num_photos for size in workload.class_sizes]
        others = [size - alike for size, alike in zip(others, similar, strict=True)]
        within += sum(size - 1 for size in similar)
        doubled += sum(_pairs(count) for count in others)
        across += _pairs(num_classes) + _pairs(sum(others)) + sum(others) * num_classes
    queue = (len(batches) - 1) * num_classes
    representatives = (num_classes - 1) + _pairs(queue) + queue
    return {
        "as_printed": 2 * across + representatives,
        "as_meant": within + doubled + across + representatives,
        "without_double_pairs": within + across + representatives,
    }


def equal_classes(num_photos: int, num_classes: int) -> list[int]:
    """Cut a number of photos into classes as equal as can be.

    Raises
    ------
    UsageError
        When there are fewer photos than classes, or no class.
    """
    if not 1 <= num_classes <= num_photos:
        raise UsageError(f"--num_classes {num_classes}: must be 1 to --num_photos, {num_photos}")
    least, more = math.floor(num_photos / num_classes), num_photos % num_classes
    return [least + 1] * more + [least] * (num_classes - more)
