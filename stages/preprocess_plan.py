"""What ``tools.preprocess_images`` does with each photo, and the name that it gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stages.settings.tools import PreprocessSettings
from stages.work_folder import Places
from storage.errors import PhotoError, UsageError
from storage.fingerprints import Fingerprint, fingerprint
from storage.formats.manifest import printable
from storage.formats.preprocessed import Preprocessed, PreprocessedPhoto, read_preprocessed, standing
from storage.names import resolve_clashes, safe_name
from storage.preprocessing import Recipe, target_format, with_ending


@dataclass(frozen=True)
class Decision:
    """What becomes of one photo.

    Attributes
    ----------
    source_name, name : str
        Image names of the photo and of what is made of it.
    source, target : Path
        The photo, and where the new one goes.
    outcome : str
        ``made``, ``already_done`` or ``skipped``.
    file_format : str
        Of the new photo, as Pillow calls it.
    former : Fingerprint or None
        Of what stands at ``target`` and is to be replaced: made by this program, of a former state of the photo.
    photo : PreprocessedPhoto or None
        What the record is to say of a photo that is done already.
    reason : str
        Why a photo is skipped.
    """

    source_name: str
    name: str
    source: Path
    target: Path
    outcome: str
    file_format: str = ""
    former: Fingerprint | None = None
    photo: PreprocessedPhoto | None = None
    reason: str = ""


class Plan:
    """The photos of a folder, their names in the other, and what is known of those made already.

    Attributes
    ----------
    names : list of str
        Names of the sources.
    targets : dict of str to str
        Source name to the name of what is made of it; without those that are no photos.
    clashes : dict of str to str
        The same of those whose name was taken.
    num_gone : int
        Photos of the record whose source is no longer there.
    """

    def __init__(self, settings: PreprocessSettings, names: Sequence[str]) -> None:
        self.recipe = recipe_of(settings)
        self.root = settings.image_dir.resolve()
        self.names = list(names)
        self.places = Places(settings.export_dir)
        self.record = _record(settings)
        self.num_gone = len(set(self.record.by_source) - set(names))
        self._reasons: dict[str, str] = {}
        self._formats: dict[str, str] = {}
        self.targets, self.clashes = self._named()

    def _named(self) -> tuple[dict[str, str], dict[str, str]]:
        wanted = {}
        for name in self.names:
            try:
                self._formats[name] = target_format(
                    self.root / name, self.recipe.file_format, self.recipe.max_megapixels
                )
                wanted[name] = with_ending(name, self._formats[name])
            except PhotoError as error:
                self._reasons[name] = error.reason
        taken = {source: photo.name for source, photo in self.record.by_source.items()}
        given = resolve_clashes(wanted, taken, wanted)
        clashes = {name: given[name] for name in wanted if given[name] != safe_name(wanted[name])}
        return {name: given[name] for name in wanted}, clashes

    def decide(self, source_name: str) -> Decision:
        """Decide about one photo; one that cannot be used is ``skipped`` with its reason."""
        source, photo = self.root / source_name, self.record.by_source.get(source_name)
        name = self.targets.get(source_name, "")
        decision = Decision(source_name, name, source, self.places.path(name), "skipped")
        if source_name in self._reasons:
            return replace(decision, reason=self._reasons[source_name])
        try:
            found = fingerprint(source, None if photo is None else photo.source_state)
        except OSError as error:
            return replace(decision, reason=f"cannot be read: {error.strerror or error}")
        decision = replace(decision, file_format=self._formats[source_name])
        state = None if photo is None else standing(photo, decision.target)
        if state is None and (decision.target.exists() or decision.target.is_symlink()):
            which = (
                "another file, which this program did not write, stands" if photo is None else "a changed file stands"
            )
            return replace(decision, reason=f"{which} at {printable(decision.target)}: move it away")
        if photo is not None and state == photo.state and found.sha256 == photo.source_state.sha256:
            return replace(decision, outcome="already_done", photo=replace(photo, source_state=found))
        return replace(decision, outcome="made", former=state)


def recipe_of(settings: PreprocessSettings) -> Recipe:
    """Give what is to be done with each photo."""
    return Recipe(
        file_format=settings.format,
        trim_tol=settings.trim_tol,
        trim_max=settings.trim_max if settings.trim else 0.0,
        square=settings.square,
        size=settings.size,
        quality=settings.quality,
        max_megapixels=settings.max_megapixels,
    )


def recorded_settings(settings: PreprocessSettings) -> dict[str, Any]:
    """Give what changes the photos that are made, as JSON types, by flag."""
    return {
        "image_dir": printable(settings.image_dir.resolve()),
        "trim": settings.trim,
        "trim_tol": settings.trim_tol,
        "trim_max": settings.trim_max,
        "square": settings.square,
        "size": None if settings.size is None else list(settings.size),
        "format": settings.format,
        "quality": settings.quality,
    }


def _record(settings: PreprocessSettings) -> Preprocessed:
    """Read the record of the folder, or begin one; UsageError when it was made by another call."""
    wanted = recorded_settings(settings)
    found = read_preprocessed(settings.export_dir)
    if found is None:
        return Preprocessed(wanted)
    for flag, value in wanted.items():
        if found.settings.get(flag) != value:
            raise UsageError(
                f"--{flag} is {value}, but {settings.export_dir} was made with {found.settings.get(flag)}: give that, "
                "or another --export_dir"
            )
    return found
