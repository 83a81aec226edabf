"""What the stages wrote about themselves in a work folder: settings, counts, skipped photos."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import DamagedFileError
from storage.folders import paths_in
from storage.formats.json_file import read_versioned_json
from storage.report import REPORT_FORMAT, REPORT_VERSION, SkippedPhoto

# In the order of the pipeline; what further stages wrote comes after them.
ORDER = ("copy_images", "resize_images", "extract_features", "match_pairs", "create_clusters", "export_clusters")
OWN = ("make_report", "export_labels")  # what is about the results tells nothing about how they were made


@dataclass(frozen=True)
class StageRun:
    """What one stage did: its settings without paths (a report may go to others), counts and skipped photos."""

    stage: str
    settings: dict[str, Any]
    counts: dict[str, int]
    seconds: float
    skipped: tuple[SkippedPhoto, ...]


def read_runs(folders: Iterable[Path]) -> list[StageRun]:
    """Read the run reports that stand in the folders of a work folder, in the order of the pipeline.

    Raises
    ------
    DamagedFileError
        When one is damaged.
    """
    stages = {stage for folder in folders for stage in paths_in(folder / "reports")}
    paths = sorted(path for stage in stages if (path := stage / "report.json").is_file())
    runs = {path.parent.name: _read(path) for path in paths if path.parent.name not in OWN}
    known = [stage for stage in ORDER if stage in runs]
    return [runs[stage] for stage in [*known, *sorted(runs.keys() - set(known))]]


def _read(path: Path) -> StageRun:
    content = read_versioned_json(path, f"python {path.parent.name}.py", REPORT_FORMAT, REPORT_VERSION)
    try:
        return StageRun(
            str(content["stage"]),
            {
                key: value
                for key, value in content["settings"].items()
                if value is not None and not _is_path(key, value)
            },
            {str(key): int(value) for key, value in content["counts"].items()},
            float(content["seconds"]),
            tuple(SkippedPhoto(str(photo["name"]), str(photo["reason"])) for photo in content["skipped"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedFileError(f"damaged: {path} is not understood ({error!r:.100}); remove it") from error


def _is_path(key: str, value: Any) -> bool:
    return key.endswith(("_dir", "_file")) or (isinstance(value, str) and ("/" in value or "\\" in value))
