"""The stages in order in one work folder; each does only what is not up to date."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clustering.evaluation import Evaluation
from demo import StreetSettings, draw_street
from stages.cluster import create_clusters
from stages.clustering.inputs import EVIDENCE
from stages.copy import copy_photos
from stages.evaluate import evaluate_clusters
from stages.export import export_clusters
from stages.extract import extract_features
from stages.match import match_pairs
from stages.resize import resize_photos
from stages.settings.pipeline import (
    ClusterSettings,
    CopySettings,
    ExportSettings,
    ExtractSettings,
    MatchSettings,
    PipelineSettings,
    ResizeSettings,
)
from storage.errors import UsageError
from storage.formats.manifest import MANIFEST_NAME, printable, read_manifest
from storage.formats.pairs import pairs_path, verified_path
from storage.report import RunReport, SkippedPhoto

logger = logging.getLogger(__name__)
WORK_ROOT = Path("work")
DEMO_NAME = "demo"


@dataclass
class PipelineResult:
    """What a run of all stages did.

    Attributes
    ----------
    work_dir : Path
        The work folder.
    reports : list of RunReport
        One per stage, in order.
    evaluation : Evaluation or None
        For the demo, how well the clusters agree with the truth.
    """

    work_dir: Path
    reports: list[RunReport] = field(default_factory=list)
    evaluation: Evaluation | None = None

    @property
    def skipped(self) -> list[SkippedPhoto]:
        """Every photo that some stage could not use, once."""
        by_name = {photo.name: photo for report in reversed(self.reports) for photo in report.skipped}
        return sorted(by_name.values())

    @property
    def exit_code(self) -> int:
        """0 when every photo was used, 3 when some were skipped."""
        return max(report.exit_code for report in self.reports)

    def as_json(self) -> dict[str, Any]:
        """Give all reports and the evaluation as JSON types."""
        evaluation = None if self.evaluation is None else self.evaluation.as_dict()
        stages = [report.as_json() for report in self.reports]
        return {"work_dir": str(self.work_dir), "stages": stages, "evaluation": evaluation, "exit_code": self.exit_code}

    def as_text(self) -> str:
        """Give the closing summary: counts, time per stage, notes, skipped photos, where to look, what to run next."""
        return (
            "\n".join(
                [
                    *self._count_lines(),
                    *self._time_lines(),
                    *self._note_lines(),
                    *self._skipped_lines(),
                    *self._next_lines(),
                ]
            )
            + "\n"
        )

    def _report(self, stage: str) -> RunReport:
        return next(report for report in self.reports if report.stage == stage)

    def _count_lines(self) -> Iterator[str]:
        counts = self._report("create_clusters").counts
        model = self._report("extract_features").settings["model"]
        not_copied = self._report("copy_images").counts["not_copied"]
        yield (
            f"{counts['photos'] + not_copied} photos: {counts['clustered']} in {counts['clusters']} clusters, "
            f"{counts['singletons']} alone, {counts['skipped'] + not_copied} skipped (model {model})"
        )
        if self.evaluation is not None:
            measures = self.evaluation.as_dict()
            yield (
                f"against the known truth: pairwise precision {measures['pairwise_precision']:.3f}, recall "
                f"{measures['pairwise_recall']:.3f}, F1 {measures['pairwise_f1']:.3f}; B-cubed F1 "
                f"{measures['bcubed_f1']:.3f}"
            )

    def _time_lines(self) -> Iterator[str]:
        for report in self.reports:
            time = "up to date" if report.is_current else f"{report.seconds:.1f} s"
            yield f"  {report.stage:<18}{time:>12}"

    def _note_lines(self) -> Iterator[str]:
        for report in self.reports:
            yield from (f"note of {report.stage}: {note}" for note in report.notes)

    def _skipped_lines(self) -> Iterator[str]:
        if self.skipped:
            yield f"skipped {len(self.skipped)} photos:"
            yield from (f"  {photo.name!r}: {photo.reason}" for photo in self.skipped)

    def _next_lines(self) -> Iterator[str]:
        results = self.work_dir / "results"
        yield f"one folder per building: {results / 'building_images'}"
        yield f"why each photo is where it is: {results / 'clusters_info.json'}"
        yield f"next: python -m tools.check_results --work_dir {self.work_dir}"
        clustering = self._report("create_clusters")
        used = clustering.settings
        kind = "probabilities" if used["method"] == EVIDENCE else "scores"
        yield (
            f"  or other thresholds: add --strong_edg_thresh and --weak_edg_thresh (now the {kind} "
            f"{used['strong_edg_thresh']:g} and {used['weak_edg_thresh']:g}) to the same command"
        )
        if clustering.counts["to_review"]:
            yield f"  {clustering.counts['to_review']} joins were too doubtful to make: 'review' in clusters_info.json"


def run_pipeline(settings: PipelineSettings) -> PipelineResult:
    """Run all stages on a folder of photos, or on a street drawn for the purpose.

    Raises
    ------
    UsageError
        When a setting is out of range, or the work folder belongs to other photos.
    StageError
        When a stage made nothing usable; the stages before it keep what they made.
    """
    work_dir = settings.work_dir or WORK_ROOT / _name_of(settings.image_dir)
    result = PipelineResult(work_dir)
    image_dir, labels = settings.image_dir, None
    if image_dir is None:
        image_dir, labels = _draw_demo(work_dir / "street", settings.seed)
    _refuse_other_photos(work_dir / "datasets", image_dir)
    stages = _Stages(settings, image_dir, work_dir).in_order()
    for number, (name, stage) in enumerate(stages, 1):
        logger.info("[%d/%d] %s", number, len(stages), name)
        result.reports.append(stage())
    if labels is not None:
        result.evaluation = evaluate_clusters(work_dir / "results" / "clusters.json", labels)
    return result


def _name_of(image_dir: Path | None) -> str:
    return DEMO_NAME if image_dir is None else image_dir.resolve().name or "photos"


def _draw_demo(folder: Path, seed: int) -> tuple[Path, Path]:
    """Draw the demo street unless it stands already; give its photos and its labels, which are written last."""
    labels = folder / "labels.csv"
    if not labels.is_file():
        logger.info("drawing a street of damaged buildings in %s", folder)
        draw_street(folder, StreetSettings(seed=seed))
    return folder / "photos", labels


def _refuse_other_photos(copies_dir: Path, image_dir: Path) -> None:
    """Refuse a work folder that holds copies of photos from elsewhere: two collections are never mixed unasked."""
    if not (copies_dir / MANIFEST_NAME).is_file():
        return
    source = image_dir.resolve()
    for entry in read_manifest(copies_dir / MANIFEST_NAME).entries:
        if not entry.source_path.is_relative_to(source):
            raise UsageError(
                f"{copies_dir} holds photos of {printable(entry.source_path.parent)}; give --work_dir "
                "with a new folder, or run the stages one by one to work on several folders together"
            )


@dataclass
class _Stages:
    """The settings of each stage, from those of the whole."""

    settings: PipelineSettings
    image_dir: Path
    work_dir: Path
    model: str = ""

    def in_order(self) -> list[tuple[str, Callable[[], RunReport]]]:
        """Give name and call of each stage."""
        settings = self.settings
        stages = [
            ("copy_images", self._copy, True),
            ("resize_images", self._resize, settings.max_side is not None),
            ("extract_features", self._extract, True),
            ("match_pairs", self._match, not settings.no_verify),
            ("create_clusters", self._cluster, True),
            ("export_clusters", self._export, True),
        ]
        return [(name, stage) for name, stage, is_wanted in stages if is_wanted]

    @property
    def copies_dir(self) -> Path:
        return self.work_dir / "datasets"

    @property
    def outputs_dir(self) -> Path:
        return self.work_dir / "netvlad"

    @property
    def results_dir(self) -> Path:
        return self.work_dir / "results"

    def _copy(self) -> RunReport:
        shared = ("mode", "follow_links", "prune")
        return copy_photos(
            CopySettings(self.image_dir, self.copies_dir, **{name: getattr(self.settings, name) for name in shared})
        )

    def _resize(self) -> RunReport:
        settings = self.settings
        return resize_photos(
            ResizeSettings(
                self.copies_dir,
                max_side=settings.max_side,
                max_megapixels=settings.max_megapixels,
                num_workers=settings.num_workers,
            )
        )

    def _extract(self) -> RunReport:
        shared = ("num_to_match", "model", "weights", "device", "num_workers", "overwrite", "max_megapixels")
        report = extract_features(
            ExtractSettings(
                image_dir=self.copies_dir,
                outputs_dir=self.outputs_dir,
                keep_local_features=not self.settings.no_verify,  # the next stage needs them
                **{name: getattr(self.settings, name) for name in shared},
            )
        )
        self.model = report.settings["model"]
        return report

    def _match(self) -> RunReport:
        shared = ("num_workers", "max_megapixels")
        return match_pairs(
            MatchSettings(
                image_dir=self.copies_dir,
                outputs_dir=self.outputs_dir,
                pairs_file=pairs_path(self.outputs_dir, self.model),
                **{name: getattr(self.settings, name) for name in shared},
            )
        )

    def _cluster(self) -> RunReport:
        shared = ("strong_edg_thresh", "weak_edg_thresh", "gps_count_thresh", "gps_distance_thresh")
        path_of = pairs_path if self.settings.no_verify else verified_path
        return create_clusters(
            ClusterSettings(
                image_dir=self.copies_dir,
                pairs_file=path_of(self.outputs_dir, self.model),
                results_dir=self.results_dir,
                **{name: getattr(self.settings, name) for name in shared},
            )
        )

    def _export(self) -> RunReport:
        return export_clusters(ExportSettings(self.copies_dir, self.results_dir, self.settings.mode))
