"""Which photo of each class is its template, and which photos are queries, from a table of file and class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stages.retrieval.photo_lookup import PhotoLookup
from stages.settings.retrieval import FIRST, SplitSettings
from storage.errors import StageError
from storage.formats.csv_rows import read_csv_rows
from storage.formats.manifest import printable
from storage.listing import list_photos
from storage.report import SkippedPhoto

MADE_BY_HAND = "correct the table"
_MARKED = frozenset(("1", "true", "yes", "y", "x"))
_UNMARKED = frozenset(("", "0", "false", "no", "n"))


@dataclass(frozen=True)
class Listed:
    """One line of the table: its number, what it calls the file, the class, and whether it marks the template."""

    line: int
    file: str
    label: str
    is_marked: bool


@dataclass(frozen=True)
class TemplatePlan:
    """What the split is to be.

    Attributes
    ----------
    templates : dict of str to str
        Class to image name of its template.
    queries : dict of str to str
        Image name to class, for all others.
    skipped : list of SkippedPhoto
        Lines of the table that name no photo, or one that cannot be used.
    num_unlisted : int
        Photos of the folder that the table does not name.
    """

    templates: dict[str, str]
    queries: dict[str, str]
    skipped: list[SkippedPhoto]
    num_unlisted: int


def plan_split(settings: SplitSettings, follow_links: bool) -> TemplatePlan:
    """Read the table, find its photos and choose the templates.

    Raises
    ------
    StageError
        When the table is missing or wrong, a photo has two classes, a class two marked templates, or no line names a
        photo of the folder.
    """
    names = list_photos(settings.image_dir, follow_links)
    listed = read_listed(settings)
    found, skipped = _find(listed, names)
    members: dict[str, list[str]] = defaultdict(list)
    for name, row in sorted(found.items()):
        members[row.label].append(name)
    templates: dict[str, str] = {}
    queries: dict[str, str] = {}
    for label, photos in sorted(members.items()):
        template = _template(settings, label, photos, found)
        if template is None:
            reason = f"class {label!r} has no template: no photo of it is marked in {settings.template!r}"
            skipped += [SkippedPhoto(name, reason) for name in photos]
            continue
        templates[label] = template
        queries |= {name: label for name in photos if name != template}
    if not templates:
        raise StageError(
            f"no line of {settings.csv} names a photo of {settings.image_dir}: the first is {listed[0].file!r}; give "
            "the folder that the table is about, or its columns by --file_column and --class_column"
        )
    return TemplatePlan(templates, queries, skipped, len(set(names) - set(found)))


def read_listed(settings: SplitSettings) -> list[Listed]:
    """Read the table; StageError, with the line, where a value is missing or a mark is neither yes nor no."""
    columns = [settings.file_column, settings.class_column]
    if settings.template != FIRST:
        columns.append(settings.template)
    listed = []
    for line, values in read_csv_rows(settings.csv, columns, not settings.no_header):
        file, label, *mark = (value.strip() for value in values)
        if not file or not label:
            raise StageError(f"{settings.csv}, line {line}: no {'class' if file else 'file'}; {MADE_BY_HAND}")
        if mark and mark[0].casefold() not in _MARKED | _UNMARKED:
            raise StageError(
                f"{settings.csv}, line {line}: {settings.template} is {mark[0]!r}, but must be 1 or 0, yes or no"
            )
        is_marked = bool(mark) and mark[0].casefold() in _MARKED
        listed.append(Listed(line, file.replace("\\", "/").removeprefix("./"), label, is_marked))
    if not listed:
        raise StageError(f"{settings.csv} names no photo; each line is one, with its class")
    return listed


def _find(listed: Sequence[Listed], names: Sequence[str]) -> tuple[dict[str, Listed], list[SkippedPhoto]]:
    """Give the line of each photo that is named, and what cannot be found."""
    photos = PhotoLookup(names)
    found: dict[str, Listed] = {}
    skipped = []
    for row in listed:
        fitting = photos.find(row.file)
        if not fitting:
            skipped.append(SkippedPhoto(printable(row.file), f"line {row.line}: there is no such photo"))
        elif len(fitting) > 1:
            reason = (
                f"line {row.line}: {len(fitting)} photos are called so, {fitting[0]!r} and {fitting[1]!r}: name one"
            )
            skipped.append(SkippedPhoto(printable(row.file), reason))
        elif printable(fitting[0]) != fitting[0]:
            reason = f"line {row.line}: its name is not UTF-8: python copy_images.py makes copies with safe names"
            skipped.append(SkippedPhoto(printable(fitting[0]), reason))
        else:
            former = found.setdefault(fitting[0], row)
            if (former.label, former.is_marked) != (row.label, row.is_marked):
                raise StageError(
                    f"{row.file!r} is of class {row.label!r} in line {row.line} but {former.label!r} in line "
                    f"{former.line}, or marked in one alone; {MADE_BY_HAND}"
                )
    return found, skipped


def _template(settings: SplitSettings, label: str, photos: Sequence[str], found: Mapping[str, Listed]) -> str | None:
    if settings.template == FIRST:
        return photos[0]
    marked = [name for name in photos if found[name].is_marked]
    if len(marked) > 1:
        lines = ", ".join(str(found[name].line) for name in marked)
        raise StageError(f"{settings.csv}: class {label!r} has {len(marked)} templates, in lines {lines}; mark one")
    return marked[0] if marked else None
