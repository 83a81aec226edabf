"""``copy_images.py``: photos into a work folder, byte for byte, with a manifest that says where each came from."""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from stages.checks import check_apart, check_mode, settings_as_json
from stages.settings.pipeline import TRANSFER_MODES, CopySettings
from stages.work_folder import (
    Places,
    Sources,
    clear_leftovers,
    count_moved,
    has_content,
    moved_notes,
    source_fingerprint,
    target_names,
)
from storage.errors import PhotoError, StageError
from storage.formats.manifest import (
    MANIFEST_NAME,
    ManifestEntry,
    check_unchanged_mode,
    names_by_source,
    printable,
    read_or_new,
    write_manifest,
)
from storage.listing import Listing, find_photos
from storage.lock import work_lock
from storage.progress import progress_bar
from storage.report import RunReport, SkippedPhoto, check_accounting
from storage.transfer import is_linked, transfer

# A kill costs at most the hashing of this many copies in the next run; a manifest of 10,000 takes 0.4 s to write.
PHOTOS_PER_CHECKPOINT = 1000

# Above this share of vanished sources a disk that is not mounted is likelier than photos deleted on purpose.
MAX_VANISHED_SHARE = 0.5

_CHANGES = ("copied", "replaced", "recorded")


@dataclass(frozen=True)
class _Task:
    """What has to be done for one photo: ``copied``, ``replaced``, ``recorded`` (copy right, manifest not),
    ``already_there`` or ``skipped``."""

    name: str
    source: Path
    action: str
    entry: ManifestEntry | None = None
    reason: str = ""


def copy_photos(settings: CopySettings) -> RunReport:
    """Copy the photos of a folder into the work folder; photos that are there already are left alone.

    A copy that the manifest knows is replaced when its source was replaced. Nothing else is ever overwritten, and a
    source that is gone removes nothing unless ``prune`` asks for it.

    Parameters
    ----------
    settings : CopySettings
        What to copy, where to, and how.

    Returns
    -------
    RunReport
        Counts: ``photos`` found, ``copied``, ``replaced``, ``already_there``, ``source_gone`` (kept all the same),
        ``removed``, ``skipped``, ``not_copied`` (skipped, and no former copy stands either). With ``dry_run``,
        ``outputs`` maps the sources that would be copied to their targets.

    Raises
    ------
    UsageError
        When one folder lies in the other, or the mode is unknown, differs from the manifest's, or cannot be done.
    StageError
        When the source is missing or holds no photo, or the work folder cannot be written.
    """
    started = time.monotonic()
    check_mode(settings.mode, TRANSFER_MODES)
    listing = find_photos(settings.image_dir, settings.follow_links)
    check_apart(settings.image_dir, settings.export_dir, "--image_dir", "--export_dir")
    num_found = len(listing.names) + len(listing.left_out)
    report = RunReport("copy_images", settings=settings_as_json(settings), counts={"photos": num_found})
    with nullcontext() if settings.dry_run else work_lock(settings.export_dir):
        copying = _Copying(settings, listing, report)
        if settings.dry_run:
            copying.preview()
        else:
            copying.run()
        report.seconds = time.monotonic() - started
        if not report.is_current and not settings.dry_run:
            report.write(settings.export_dir)
    return report


class _Copying:
    """One run of the stage: the manifest, the photos of the source and the report that fills up."""

    def __init__(self, settings: CopySettings, listing: Listing, report: RunReport) -> None:
        self.settings = settings
        self.report = report
        self.manifest = read_or_new(settings.export_dir, settings.mode)
        check_unchanged_mode(self.manifest, settings.mode, settings.export_dir)
        self.manifest.mode = settings.mode
        self.root = root = settings.image_dir.resolve()
        self.sources = Sources(root, listing.names)
        self.targets = target_names(self.sources, self.manifest, root)
        self.vanished = self._find_vanished(root)
        self.num_moved = count_moved(self.sources, self.targets, self.manifest)
        self.places = Places(settings.export_dir)
        self.num_not_copied = 0
        known = names_by_source(self.manifest.entries) if listing.left_out else {}
        for name, reason in listing.left_out.items():
            self._skip(name, reason, has_copy=str(root / name) in known)

    def preview(self) -> None:
        """Say in the report what would be done."""
        tasks = [task for task in self._plan() if task.action in ("copied", "replaced")]
        target = self.settings.export_dir
        self.report.outputs = {printable(task.source): printable(target / task.name) for task in tasks}
        self.report.counts["would_be_copied"] = len(tasks)
        self.report.notes.append("dry run: nothing was written")

    def run(self) -> None:
        """Do what is to be done and keep the manifest in step with it."""
        folder = self.settings.export_dir
        clear_leftovers(folder, self.report.stage, ((folder / name).parent for name in self.targets.values()))
        done: Counter[str] = Counter()
        num_unsaved = 0
        try:
            for task in progress_bar(self._plan(), len(self.sources), "copying"):
                action = self._do(task)
                done[action] += 1
                num_unsaved += action in _CHANGES
                if num_unsaved >= PHOTOS_PER_CHECKPOINT:
                    write_manifest(self.settings.export_dir / MANIFEST_NAME, self.manifest)
                    num_unsaved = 0
            num_removed = self._prune() if self.settings.prune else 0
            num_unsaved += num_removed
        finally:
            if num_unsaved:
                write_manifest(self.settings.export_dir / MANIFEST_NAME, self.manifest)
        if done["skipped"] == len(self.sources):
            first = self.report.skipped[-1]
            raise StageError(f"none of the {len(self.sources)} photos could be copied; {first.name!r}: {first.reason}")
        num_found = self.report.counts["photos"]
        check_accounting(self.report, num_found, **{key: done[key] for key in (*_CHANGES, "already_there")})
        self._report(done, num_removed)

    def _plan(self) -> Iterator[_Task]:
        for key, name in self.targets.items():
            source = self.sources[key]
            try:
                yield self._task(name, source, self.manifest.by_name.get(name))
            except PhotoError as error:
                yield _Task(name, source, "skipped", reason=error.reason)

    def _task(self, name: str, source: Path, entry: ManifestEntry | None) -> _Task:
        target = self.places.path(name)
        if not os.path.lexists(target):
            return _Task(name, source, "copied")
        found = source_fingerprint(source, entry)
        known = ManifestEntry(name, str(source), found) if entry is None else entry
        current = replace(known, source=str(source), fingerprint=found)
        if is_linked(source, target, self.settings.mode):
            linked = replace(current, resized=None) if known.fingerprint == found else current.fresh(found)
            return _Task(name, source, "already_there" if linked == entry else "recorded", linked)
        state = None if entry is None else entry.state(target)
        if entry is not None and _is_link_to(target, entry.source):  # one that now leads to nothing
            return _Task(name, source, "replaced")
        if entry is None or state is None:
            return self._unknown(target, current)
        if found.sha256 != entry.fingerprint.sha256 or (state == entry.fingerprint and state != found):
            return _Task(name, source, "replaced")
        if entry.resized_as(state) is not None:
            if self.settings.afresh:
                return _Task(name, source, "replaced")
        elif self.settings.mode in ("hardlink", "symlink"):
            return _Task(name, source, "replaced")
        return _Task(name, source, "already_there" if current == entry else "recorded", current)

    def _unknown(self, target: Path, current: ManifestEntry) -> _Task:
        """Decide about a file that the manifest does not know: right content is taken, any other left alone."""
        source = Path(current.source)
        if target.is_symlink() and not target.exists():
            return _Task(current.name, source, "skipped", reason=f"a broken link stands at {target}: remove it")
        is_copy = self.settings.mode in ("copy", "reflink") and not target.is_symlink()
        if is_copy and has_content(target, current.fingerprint):
            return _Task(current.name, source, "recorded", current.fresh(current.fingerprint))
        reason = f"another file stands at {target}, which this program did not write: move it away"
        return _Task(current.name, source, "skipped", reason=reason)

    def _do(self, task: _Task) -> str:
        """Do one task; give what became of the photo."""
        action, reason = task.action, task.reason
        if action in ("copied", "replaced"):
            try:
                found = transfer(task.source, self.places.path(task.name), self.settings.mode)
                self.manifest.add(ManifestEntry(task.name, str(task.source), found))
            except PhotoError as error:
                action, reason = "skipped", error.reason
        elif task.entry is not None and action == "recorded":
            self.manifest.add(task.entry)
        if action == "skipped":
            has_copy = task.name in self.manifest.by_name
            self._skip(task.source.relative_to(self.root).as_posix(), reason, has_copy)
        return action

    def _skip(self, name: str, reason: str, has_copy: bool) -> None:
        """Name a photo as skipped, as its copy would be called; ``name`` is that in the source folder."""
        self.report.skipped.append(SkippedPhoto(printable(self.sources.wanted(name)), reason))
        self.num_not_copied += not has_copy

    def _find_vanished(self, root: Path) -> list[ManifestEntry]:
        if not self.manifest.by_name:
            return []
        present = {str(source) for source in self.sources.values()}
        present |= {
            self.manifest.by_name[name].source for name in self.targets.values() if name in self.manifest.by_name
        }
        missing = [entry for entry in self.manifest.entries if entry.source not in present]
        return [entry for entry in missing if entry.source_path.is_relative_to(root)]

    def _is_most_gone(self) -> bool:
        known = [name for name in self.targets.values() if name in self.manifest.by_name]
        return len(self.vanished) > MAX_VANISHED_SHARE * (len(self.vanished) + len(known))

    def _prune(self) -> int:
        """Remove the copies whose source is gone, if they are still as this program made them."""
        if self._is_most_gone():
            raise StageError(
                f"--prune: {len(self.vanished)} photos are gone from {self.settings.image_dir}, more than are left. "
                "Is a disk missing? No copy was removed; remove them by hand if that is what you want"
            )
        num_removed = 0
        for entry in self.vanished:
            target = self.places.path(entry.name)
            if target.exists() and entry.state(target) is None:
                self.report.notes.append(f"{entry.name} was changed since it was copied, so it is kept")
                continue
            target.unlink(missing_ok=True)
            del self.manifest.by_name[entry.name]
            num_removed += 1
        return num_removed

    def _report(self, done: Counter[str], num_removed: int) -> None:
        report = self.report
        report.counts |= {"copied": done["copied"], "replaced": done["replaced"]}
        report.counts["already_there"] = done["already_there"] + done["recorded"]
        num_gone = len(self.vanished) - num_removed
        report.counts |= {"source_gone": num_gone, "removed": num_removed}
        report.counts |= {"skipped": len(report.skipped), "not_copied": self.num_not_copied}
        report.notes += moved_notes(self.num_moved)
        report.outputs = {"photos": printable(self.settings.export_dir)}
        report.outputs["manifest"] = printable(self.settings.export_dir / MANIFEST_NAME)
        report.is_current = not num_removed and not any(done[action] for action in _CHANGES)
        if num_removed:
            report.notes.append(f"{num_removed} copies were removed, as their photos are gone")
        if num_gone:
            report.notes.append(
                f"{num_gone} photos were copied earlier and are gone from {printable(self.settings.image_dir)}; "
                "their copies are kept (--prune removes them)"
            )
        if num_gone and self._is_most_gone():
            logging.warning(
                "warning: %d photos are gone from %s. Is a disk missing?", num_gone, self.settings.image_dir
            )
            gone = "its source is gone, with most others: is a disk missing? The copy is kept"
            report.skipped += [SkippedPhoto(entry.name, gone) for entry in self.vanished]


def _is_link_to(target: Path, source: str) -> bool:
    """Say whether ``target`` is a symbolic link to this path, be anything there or not."""
    return target.is_symlink() and os.readlink(target).removeprefix("\\\\?\\") == source  # Windows puts this in front
