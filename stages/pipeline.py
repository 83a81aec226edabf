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
from stages.copy import copy_photos
from stages.evaluate import evaluate_clusters
from stages.export import export_clusters
from stages.extract import extract_features
from stages.resize import resize_photos
from stages.settings import (
    ClusterSettings,
    CopySettings,
    ExportSettings,
    ExtractSettings,
    PipelineSettings,
    ResizeSettings,
)
from storage.errors import StageError, UsageError
from storage.formats.manifest import MANIFEST_NAME, read_manifest
from storage.formats.pairs import pairs_path
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
        """Give the closing summary: counts, time per stage, skipped photos, where to look, what to run next."""
        return "\n".join([*self._count_lines(), *self._time_lines(), *self._skipped_lines(), *self._next_lines()]) + "\n"

    def _report(self, stage: str) -> RunReport:
        return next(report for report in self.reports if report.stage == stage)

    def _count_lines(self) -> Iterator[str]:
        counts = self._report("create_clusters").counts
        model = self._report("extract_features").settings["model"]
        yield (
            f"{counts['photos']} photos: {counts['clustered']} in {counts['clusters']} clusters, "
            f"{counts['singletons']} alone, {len(self.skipped)} skipped (model {model})"
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

    def _skipped_lines(self) -> Iterator[str]:
        if self.skipped:
            yield f"skipped {len(self.skipped)} photos:"
            yield from (f"  {photo.name!r}: {photo.reason}" for photo in self.skipped)

    def _next_lines(self) -> Iterator[str]:
        results = self.work_dir / "results"
        yield f"one folder per building: {results / 'building_images'}"
        yield f"why each photo is where it is: {results / 'clusters_info.json'}"
        yield f"next: python -m tools.check_results --work_dir {self.work_dir}"
        thresholds = self._report("create_clusters").settings
        yield (
            "  or other thresholds: add --strong_edg_thresh and --weak_edg_thresh (now "
            f"{thresholds['strong_edg_thresh']:g} and {thresholds['weak_edg_thresh']:g}) to the same command"
        )


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
    stages = _stages(settings, image_dir, work_dir)
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
                f"{copies_dir} holds photos of another folder ({entry.source_path.parent}); give --work_dir with a "
                "new folder, or run the stages one by one to work on several folders together"
            )


def _stages(settings: PipelineSettings, image_dir: Path, work_dir: Path) -> list[tuple[str, Callable[[], RunReport]]]:
    copies_dir, outputs_dir, results_dir = work_dir / "datasets", work_dir / "netvlad", work_dir / "results"
    links = settings.follow_links or settings.mode == "symlink"
    copy = CopySettings(image_dir, copies_dir, settings.mode, follow_links=settings.follow_links)
    resize = ResizeSettings(copies_dir, max_side=settings.max_side, follow_links=links)
    extraction = ExtractSettings(
        image_dir=copies_dir,
        outputs_dir=outputs_dir,
        num_to_match=settings.num_to_match,
        model=settings.model,
        weights=settings.weights,
        device=settings.device,
        num_workers=settings.num_workers,
        overwrite=settings.overwrite,
        follow_links=links,
        max_megapixels=settings.max_megapixels,
    )
    model: list[str] = []

    def extract_and_remember() -> RunReport:
        report = extract_features(extraction)
        model.append(report.settings["model"])
        return report

    def cluster() -> RunReport:
        return create_clusters(
            ClusterSettings(
                image_dir=copies_dir,
                pairs_file=pairs_path(outputs_dir, model[0]),
                results_dir=results_dir,
                strong_edg_thresh=settings.strong_edg_thresh,
                weak_edg_thresh=settings.weak_edg_thresh,
                gps_count_thresh=settings.gps_count_thresh,
                gps_distance_thresh=settings.gps_distance_thresh,
                follow_links=links,
            )
        )

    export = ExportSettings(copies_dir, results_dir, "copy" if settings.mode == "symlink" else settings.mode)
    stages: list[tuple[str, Callable[[], RunReport]]] = [("copy_images", lambda: copy_photos(copy))]
    if settings.max_side is not None:
        stages.append(("resize_images", lambda: resize_photos(resize)))
    stages.append(("extract_features", extract_and_remember))
    stages.append(("create_clusters", cluster))
    stages.append(("export_clusters", lambda: export_clusters(export)))
    return stages
