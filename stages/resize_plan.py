"""Which photos ``resize_images.py`` makes smaller, to which size, and why it leaves the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from stages.settings.pipeline import ResizeSettings
from stages.work_folder import Places, Sources, count_moved, has_content, source_fingerprint, target_names
from storage.errors import PhotoError
from storage.fingerprints import Fingerprint
from storage.formats.manifest import Manifest, ManifestEntry, Resized
from storage.report import SkippedPhoto
from storage.resizing import StoredPhoto

Size = tuple[int, int]
UNREAD = "unread"


Header = StoredPhoto | SkippedPhoto | None  # what a header says, or why it cannot be read; None until it was read


class _HeaderNeededError(Exception):
    """What becomes of a photo hangs on its header, which was not read yet."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one photo; paths are not held for each of many.

    Attributes
    ----------
    name : str
        Image name of the result.
    outcome : str
        ``resized``, ``already_done``, ``small_enough``, ``already_smaller``, ``left_alone`` or ``skipped``; ``unread``
        until the header of the photo was read and :meth:`InPlace.judge` is asked again.
    entry : ManifestEntry or None
        What the manifest is to say when the photo is copied or left as it is; None when it cannot be read at all.
    size : tuple of int
        Stored size wanted, in pixels, for ``resized``.
    state : Fingerprint or None
        Of the file that stands at the target, when it was made from the present source.
    former : Resized or None
        What stands at the target until the resized photo takes its place, when that is not the source itself.
    is_copied : bool
        The source has to be copied to the target as it is.
    reason : str
        Why a photo is skipped or left alone.
    """

    name: str
    outcome: str
    entry: ManifestEntry | None
    size: Size = (0, 0)
    state: Fingerprint | None = None
    former: Resized | None = None
    is_copied: bool = False
    reason: str = ""


@lru_cache  # photos of one size share the answer, which is held for each of them
def wanted_size(size: Size, settings: ResizeSettings) -> Size:
    """Give the (width, height), in pixels, that a photo of stored size ``size`` is to have; never larger."""
    if settings.max_side is None:
        divisor = settings.resize_coefficient
        return max(1, size[0] // divisor), max(1, size[1] // divisor)
    scale = min(1.0, settings.max_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


class InPlace:
    """Photos of a work folder, resized where they are: those of the manifest, still as the manifest says."""

    def __init__(self, folder: Path, manifest: Manifest, settings: ResizeSettings) -> None:
        self.manifest = manifest
        self.settings = settings
        self.places = Places(folder)
        self.names = sorted(manifest.by_name)

    def source(self, name: str) -> Path:
        """Give the file that is read for a photo: the one that is replaced."""
        return self.places.path(name)

    def target(self, name: str) -> Path:
        """Give where the result of a photo stands."""
        return self.places.path(name)

    def decide(self, name: str) -> Decision:
        """Decide about one photo; a photo that cannot be used is ``skipped`` with its reason."""
        entry, target = self.manifest.by_name[name], self.target(name)
        decision = Decision(name, "skipped", entry, state=entry.state(target))
        if decision.state is None:
            reason = "is gone" if not target.exists() else "was changed since it was copied"
            return replace(decision, reason=f"{reason}: run python copy_images.py to see about it")
        return self.judge(replace(decision, outcome=UNREAD))

    def judge(self, decision: Decision, header: Header = None) -> Decision:
        """Decide about an ``unread`` photo by its header; it may stay ``unread`` while that was not read."""
        entry, state = decision.entry, decision.state
        if entry is None or state is None:
            return decision
        try:
            return self._decide(decision, entry, state, header)
        except _HeaderNeededError:
            return decision
        except PhotoError as error:
            return replace(decision, outcome="skipped", reason=error.reason)

    def _decide(self, decision: Decision, entry: ManifestEntry, state: Fingerprint, header: Header) -> Decision:
        resized = entry.resized_as(state)
        entry = entry if entry.width else _measured(entry, header)
        former = None if resized is None else replace(resized, former=None)
        decision = replace(decision, entry=entry, former=former)
        original = (entry.width or 0, entry.height or 0)
        current = original if resized is None else (resized.width, resized.height)
        wanted = wanted_size(original, self.settings)
        if wanted == current:
            return replace(decision, outcome="small_enough" if resized is None else "already_done")
        if wanted[0] > current[0] or wanted[1] > current[1]:
            return replace(decision, outcome="already_smaller")
        return _resized_or_left(decision, wanted, header)


class Beside:
    """Photos of any folder, whose resized forms go to another: every photo gets there, resized or as it is."""

    def __init__(self, names: Sequence[str], manifest: Manifest, settings: ResizeSettings, folder: Path) -> None:
        self.manifest = manifest
        self.settings = settings
        self.places = Places(folder)
        self.root = settings.image_dir.resolve()
        sources = Sources(self.root, names, is_shared=False)
        given_names = target_names(sources, manifest, self.root)
        self.num_moved = count_moved(sources, given_names, manifest)
        self.sources = {given: name for name, given in given_names.items()}
        self.names = sorted(self.sources)

    def source(self, name: str) -> Path:
        """Give the file that is read for a photo."""
        return self.root / self.sources[name]

    def target(self, name: str) -> Path:
        """Give where the result of a photo stands."""
        return self.places.path(name)

    def decide(self, name: str) -> Decision:
        """Decide about one photo; one that cannot be decoded is ``skipped`` with its reason, and copied as it is."""
        source, target, entry = self.source(name), self.target(name), self.manifest.by_name.get(name)
        decision = Decision(name, "skipped", None)
        try:
            found = source_fingerprint(source, entry)
        except PhotoError as error:
            return replace(decision, reason=error.reason)
        state = None if entry is None else entry.state(target)
        if state is None and (target.exists() or target.is_symlink()):
            if not has_content(target, found):
                return replace(decision, reason=f"another file stands at {target}: move it away")
            entry, state = ManifestEntry(name, str(source), found), found
        former = None if entry is None or state is None else _standing(entry, state)
        if entry is None or entry.fingerprint.sha256 != found.sha256:
            entry, state = ManifestEntry(name, str(source), found), None
        entry = replace(entry, source=str(source), fingerprint=found)
        return self.judge(replace(decision, outcome=UNREAD, entry=entry, state=state, former=former))

    def judge(self, decision: Decision, header: Header = None) -> Decision:
        """Decide about an ``unread`` photo by its header; it may stay ``unread`` while that was not read."""
        entry, state = decision.entry, decision.state
        if entry is None:
            return decision
        try:
            decision = self._decide(decision, entry, header)
        except _HeaderNeededError:
            return decision
        except PhotoError as error:
            decision = replace(decision, outcome="skipped", reason=error.reason)
        is_to_copy = decision.outcome in ("small_enough", "left_alone", "skipped") and state != entry.fingerprint
        return replace(decision, is_copied=is_to_copy)

    def _decide(self, decision: Decision, entry: ManifestEntry, header: Header) -> Decision:
        entry = entry if entry.width else _measured(entry, header)
        decision = replace(decision, entry=entry)
        original = (entry.width or 0, entry.height or 0)
        wanted = wanted_size(original, self.settings)
        resized = entry.resized
        if wanted == original:
            return replace(decision, outcome="small_enough")
        is_made = resized is not None and resized.fingerprint == decision.state
        if resized is not None and is_made and (resized.width, resized.height) == wanted:
            return replace(decision, outcome="already_done")
        return _resized_or_left(decision, wanted, header)


def _read(header: Header) -> StoredPhoto:
    """Give what a header says; PhotoError when it cannot be read."""
    if header is None:
        raise _HeaderNeededError
    if isinstance(header, SkippedPhoto):
        raise PhotoError(header.reason)
    return header


def _measured(entry: ManifestEntry, header: Header) -> ManifestEntry:
    width, height = _read(header).size
    return replace(entry, width=width, height=height)


def _standing(entry: ManifestEntry, state: Fingerprint) -> Resized:
    """Describe what stands in the place of a copy, so that a killed run's successor knows it again."""
    resized = entry.resized_as(state)
    if resized is not None:
        return replace(resized, former=None)
    return Resized(entry.width or 1, entry.height or 1, state)


def _resized_or_left(decision: Decision, wanted: Size, header: Header) -> Decision:
    reason = _read(header).left_alone
    if reason:
        return replace(decision, outcome="left_alone", reason=reason)
    return replace(decision, outcome="resized", size=wanted)
