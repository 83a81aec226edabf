"""The run report of a stage: what went in, what came out, which photos were skipped and why."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from storage.atomic import write_text
from storage.errors import StageError
from storage.formats.json_file import write_checked_json

REPORT_FORMAT = "run-report"
REPORT_VERSION = 1
PROJECT_VERSION = "0.1.0"


@dataclass(frozen=True, order=True)
class SkippedPhoto:
    """A photo that a stage could not use, with the reason."""

    name: str
    reason: str


@dataclass
class RunReport:
    """What one stage did.

    Attributes
    ----------
    stage : str
        Name of the script, without ``.py``.
    settings : dict
        The arguments that the stage ran with.
    counts : dict of str to int
        Numbers of things, in the order in which they are shown.
    skipped : list of SkippedPhoto
        Each photo that could not be used, once.
    outputs : dict of str to str
        What was made: a label and its path.
    notes : list of str
        Sentences that the user should read.
    seconds : float
        Wall time of the stage.
    is_current : bool
        True when all outputs stood already and nothing was written.
    """

    stage: str
    settings: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    skipped: list[SkippedPhoto] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    is_current: bool = False

    @property
    def exit_code(self) -> int:
        """0 when every photo was used, 3 when some were skipped."""
        return 3 if self.skipped else 0

    def as_json(self) -> dict[str, Any]:
        """Give the content of ``report.json``; ``docs/formats.md`` specifies it."""
        content = {"format": REPORT_FORMAT, "format_version": REPORT_VERSION, "project_version": PROJECT_VERSION}
        content |= asdict(self)
        content["skipped"] = [asdict(photo) for photo in sorted(set(self.skipped))]
        content["python"] = platform.python_version()
        content["exit_code"] = self.exit_code
        return content

    def as_text(self) -> str:
        """Give the readable summary: counts, outputs, notes and every skipped photo."""
        lines = [f"{self.stage}: {'already up to date' if self.is_current else f'done in {self.seconds:.1f} s'}"]
        lines += [f"  {label.replace('_', ' ')}: {number}" for label, number in self.counts.items()]
        lines += [f"  {label}: {path}" for label, path in self.outputs.items()]
        lines += [f"  note: {note}" for note in self.notes]
        skipped = sorted(set(self.skipped))
        if skipped:
            lines.append(f"  skipped {len(skipped)} photos:")
            lines += [f"    {photo.name!r}: {photo.reason}" for photo in skipped]
        return "\n".join(lines) + "\n"

    def write(self, folder: Path) -> Path:
        """Write ``report.json`` and ``summary.txt`` to ``<folder>/reports/<stage>/``; give the former's path."""
        target = folder / "reports" / self.stage
        write_text(target / "summary.txt", self.as_text())
        write_checked_json(target / "report.json", self.as_json())
        return target / "report.json"


def check_accounting(report: RunReport, photos_in: int, **groups: int) -> None:
    """Check that no photo got lost: ``photos_in`` equals the sum of ``groups`` and the skipped ones.

    Raises
    ------
    StageError
        When the numbers do not add up.
    """
    found = sum(groups.values()) + len(set(report.skipped))
    if found != photos_in:
        parts = ", ".join(f"{name} {number}" for name, number in groups.items())
        raise StageError(
            f"{report.stage}: {photos_in} photos went in but {found} came out ({parts}, skipped "
            f"{len(set(report.skipped))}); please report this as a defect"
        )
