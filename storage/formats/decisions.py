"""``decisions.json``: what a person decided about photos, for good. The pipeline reads it and never changes it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.atomic import write_text
from storage.errors import DamagedFileError
from storage.formats.json_file import read_versioned_json
from storage.names import check_name

DECISIONS_NAME = "decisions.json"
DECISIONS_FORMAT = "decisions"
DECISIONS_VERSION = 2
MADE_BY = "a text editor; docs/formats.md says how"
KEYS = {"format", "format_version", "must_link", "cannot_link", "clusters", "positions"}
CLUSTER_KEYS = {"name", "photos", "locked", "note", "representatives"}
Position = tuple[float, float]


@dataclass(frozen=True)
class DecidedCluster:
    """What was decided about a cluster.

    Attributes
    ----------
    photos : tuple of str
        The photos that stood in it: they say which cluster is meant.
    name : str or None
        What it is called.
    is_locked : bool
        True: it stays as it is, these photos and no others.
    note : str or None
        What there is to say about it.
    representatives : tuple of str
        The photos that stand for it, the first one first.
    """

    photos: tuple[str, ...]
    name: str | None = None
    is_locked: bool = False
    note: str | None = None
    representatives: tuple[str, ...] = ()

    @property
    def decides_anything(self) -> bool:
        """Whether there is more than photos."""
        return self.name is not None or self.is_locked or self.note is not None or bool(self.representatives)


@dataclass(frozen=True)
class Decisions:
    """Everything that was decided.

    Attributes
    ----------
    must_link : tuple of tuple of str
        Two photos or more that show one building.
    cannot_link : tuple of (str, str)
        Two photos that show two buildings.
    clusters : tuple of DecidedCluster
        Names, locks, notes and representatives.
    positions : mapping of str to (float, float)
        Photos that were placed by hand: latitude and longitude in signed degrees.
    """

    must_link: tuple[tuple[str, ...], ...] = ()
    cannot_link: tuple[tuple[str, str], ...] = ()
    clusters: tuple[DecidedCluster, ...] = field(default=())
    positions: Mapping[str, Position] = field(default_factory=dict)

    def photos(self) -> set[str]:
        """Give every photo that is named."""
        named = {photo for photos in (*self.must_link, *self.cannot_link, self.positions) for photo in photos}
        return named.union(*(cluster.photos for cluster in self.clusters))


def read_decisions(path: Path) -> Decisions:
    """Read the decisions.

    Raises
    ------
    StageError
        When there is no such file.
    DamagedFileError
        When it is damaged, of a newer version, or a decision is not of the right form; the message says which.
    """
    content = read_versioned_json(path, MADE_BY, DECISIONS_FORMAT, DECISIONS_VERSION)
    unknown = sorted(content.keys() - KEYS)
    if unknown:
        raise _wrong(path, f"has the unknown field {unknown[0]!r}; the fields are {', '.join(sorted(KEYS))}")
    must = tuple(_photos(path, f"must_link {place}", photos) for place, photos in _listed(path, content, "must_link"))
    cannot = [
        (f"cannot_link {place}", _photos(path, f"cannot_link {place}", photos))
        for place, photos in _listed(path, content, "cannot_link")
    ]
    for label, photos in (*((f"must_link {place}", photos) for place, photos in enumerate(must, 1)), *cannot):
        if len(photos) < 2 or (label.startswith("cannot") and len(photos) > 2):
            wanted = "exactly two photos" if label.startswith("cannot") else "two photos or more"
            raise _wrong(path, f"{label} must be {wanted}, all different")
    clusters = tuple(_cluster(path, place, value) for place, value in _listed(path, content, "clusters"))
    _check_names(path, clusters)
    return Decisions(must, tuple((photos[0], photos[1]) for _, photos in cannot), clusters, _positions(path, content))


def write_decisions(path: Path, decisions: Decisions) -> None:
    """Write decisions, atomically; for programs that let a person decide. No stage of the pipeline calls it."""
    write_text(path, decisions_text(decisions))


def decisions_text(decisions: Decisions) -> str:
    """Give the text of ``decisions.json``: a decision a line."""
    lists: dict[str, list[Any]] = {
        "must_link": list(map(list, decisions.must_link)),
        "cannot_link": list(map(list, decisions.cannot_link)),
        "clusters": [_cluster_as_json(cluster) for cluster in decisions.clusters],
    }
    parts = [f' "format": "{DECISIONS_FORMAT}"', f' "format_version": {DECISIONS_VERSION}']
    parts += [f' "{key}": {_lines("[", map(_compact, values), "]")}' for key, values in lists.items()]
    if decisions.positions:
        placed = (f"{_compact(name)}: {_compact(list(at))}" for name, at in decisions.positions.items())
        parts.append(f' "positions": {_lines("{", placed, "}")}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(begin: str, texts: Iterable[str], end: str) -> str:
    inner = ",\n  ".join(texts)
    return f"{begin}\n  {inner}\n {end}" if inner else f"{begin}{end}"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _cluster_as_json(cluster: DecidedCluster) -> dict[str, Any]:
    return {
        **({"name": cluster.name} if cluster.name is not None else {}),
        **({"locked": True} if cluster.is_locked else {}),
        **({"note": cluster.note} if cluster.note is not None else {}),
        **({"representatives": list(cluster.representatives)} if cluster.representatives else {}),
        "photos": list(cluster.photos),
    }


def _wrong(path: Path, what: str) -> DamagedFileError:
    return DamagedFileError(f"{path} {what}; mend it, docs/formats.md says how")


def _listed(path: Path, content: dict[str, Any], key: str) -> list[tuple[int, Any]]:
    values = content.get(key, [])
    if not isinstance(values, list):
        raise _wrong(path, f"has a {key} that is no list")
    return list(enumerate(values, 1))


def _photos(path: Path, label: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _wrong(path, f"has a {label} that is no list of image names")
    for name in value:
        check_name(name)
    return tuple(dict.fromkeys(value))


def _cluster(path: Path, place: int, value: Any) -> DecidedCluster:
    label = f"clusters {place}"
    if not isinstance(value, dict) or not value.keys() <= CLUSTER_KEYS or "photos" not in value:
        raise _wrong(path, f"has a {label} that is no object of photos and any of {', '.join(_FURTHER_KEYS)}")
    name, is_locked, note = value.get("name"), value.get("locked", False), value.get("note")
    if not (_is_text(name) and _is_text(note) and isinstance(is_locked, bool)):
        raise _wrong(
            path,
            f"has a {label} whose name is no text, whose note is no text, or whose locked is neither true nor false",
        )
    photos = _photos(path, label, value["photos"])
    representatives = _photos(path, f"{label} representatives", value.get("representatives", []))
    found = DecidedCluster(photos, name, is_locked, note, representatives)
    if not photos or not found.decides_anything:
        raise _wrong(path, f"has a {label} that decides nothing: give photos, and {' or '.join(_FURTHER_KEYS)}")
    return found


_FURTHER_KEYS = ("name", "locked", "note", "representatives")


def _is_text(value: Any) -> bool:
    return value is None or (isinstance(value, str) and bool(value.strip()))


def _positions(path: Path, content: dict[str, Any]) -> dict[str, Position]:
    values = content.get("positions", {})
    if not isinstance(values, dict):
        raise _wrong(path, "has positions that are no object")
    positions = {}
    for name, value in values.items():
        check_name(name)
        if not isinstance(value, list) or not is_position(value):
            raise _wrong(path, f"has a position of {name!r} that is not [latitude, longitude] in degrees")
        positions[name] = float(value[0]), float(value[1])
    return positions


def is_position(value: Any) -> bool:
    """Tell whether a list is a latitude, -90 to 90, and a longitude, -180 to 180, in degrees."""
    if len(value) != 2 or not all(isinstance(each, int | float) and not isinstance(each, bool) for each in value):
        return False
    return all(math.isfinite(each) for each in value) and abs(value[0]) <= 90 and abs(value[1]) <= 180


def _check_names(path: Path, clusters: tuple[DecidedCluster, ...]) -> None:
    names = [cluster.name for cluster in clusters if cluster.name is not None]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _wrong(path, f"gives the name {twice[0]!r} to two clusters")
