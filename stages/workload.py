"""The stage of ``tools.estimate_workload``: the expected number of comparisons, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clustering.workload import Estimate, Workload, equal_classes, estimate, published_estimates
from stages.settings.compare import WorkloadSettings
from storage.errors import UsageError

COLUMNS = (
    "skip",
    "within batches",
    "across, least",
    "across, most",
    "in all, at most",
    "saved",
    "by batches",
    "by skip",
)
SHARES = ("saved", "saved_by_batches", "saved_by_rule")


@dataclass(frozen=True)
class WorkloadEstimate:
    """What the comparisons of a collection are expected to be.

    Attributes
    ----------
    workload : Workload
        The collection.
    estimates : list of Estimate
        One for each rule.
    published : dict of str to float
        What clusterimg's own formula gives; see :func:`clustering.workload.published_estimates`.
    """

    workload: Workload
    estimates: list[Estimate]
    published: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """Give all numbers by name; shares are of all pairs, 0 to 1."""
        workload = self.workload
        return {
            "num_photos": workload.num_photos,
            "class_sizes": list(workload.class_sizes),
            "num_batches": len(workload.batches()),
            "batch_size": workload.batch_size,
            "similar_share": workload.similar_share,
            "rescue_outliers": workload.rescue_outliers,
            "all_pairs": self.estimates[0].all_pairs,
            "estimates": {each.rule: _numbers(each) for each in self.estimates},
            "published_formula": {key: round(value, 1) for key, value in self.published.items()},
        }

    def as_text(self) -> str:
        """Give the table that is printed."""
        workload = self.workload
        count = len(workload.batches())
        batches = f"{count:,} batches" if count > 1 else "one batch"
        lines = [
            f"{workload.num_photos:,} photos of {len(workload.class_sizes):,} classes in {batches}, "
            f"{workload.similar_share:.0%} of each class similar: {self.estimates[0].all_pairs:,} pairs"
        ]
        rows = [_row(each) for each in self.estimates]
        lines += ["", *_aligned([COLUMNS, *rows]), ""]
        shown = ", ".join(f"{key.replace('_', ' ')} {value:,.0f}" for key, value in self.published.items())
        return "\n".join(
            [*lines, f"clusterimg's own formula for leader: {shown} (docs/workload.md says what it misses)"]
        )


def estimate_workload(settings: WorkloadSettings) -> WorkloadEstimate:
    """Estimate the comparisons of every rule.

    Raises
    ------
    UsageError
        When a setting is missing or out of range.
    """
    if settings.class_sizes is None and settings.num_photos is None:
        raise UsageError("give --num_photos, with --num_classes, or --class_sizes")
    sizes: Sequence[int]
    if settings.class_sizes is not None:
        sizes = settings.class_sizes
        if settings.num_photos is not None and settings.num_photos != sum(sizes):
            raise UsageError(f"--num_photos {settings.num_photos}: --class_sizes add up to {sum(sizes)}")
    else:
        sizes = equal_classes(settings.num_photos or 0, settings.num_classes)
    workload = Workload(sizes, settings.batch_size, settings.similar_share, settings.rescue_outliers)
    return WorkloadEstimate(workload, estimate(workload), published_estimates(workload))


def _numbers(each: Estimate) -> dict[str, float]:
    counts = {
        "within_batches": each.within_batches,
        "across_least": each.across_least,
        "across_most": each.across_most,
        "most": each.most,
    }
    return {key: round(value, 1) for key, value in counts.items()} | {key: getattr(each, key) for key in SHARES}


def _row(each: Estimate) -> tuple[str, ...]:
    counts = (each.within_batches, each.across_least, each.across_most, each.most)
    return (each.rule, *(f"{value:,.0f}" for value in counts), *(f"{getattr(each, key):.4%}" for key in SHARES))


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if not place else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
