"""``decisions.json``: what a person decided about photos, for good. The pipeline reads it and never changes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.atomic import write_json
from storage.errors import DamagedFileError
from storage.formats.json_file import read_versioned_json
from storage.names import check_name

DECISIONS_NAME = "decisions.json"
DECISIONS_FORMAT = "decisions"
DECISIONS_VERSION = 1
MADE_BY = "a text editor; docs/formats.md says how"
KEYS = {"format", "format_version", "must_link", "cannot_link", "clusters"}
CLUSTER_KEYS = {"name", "photos", "locked"}


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
    """

    photos: tuple[str, ...]
    name: str | None = None
    is_locked: bool = False


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
        Names and locks.
    """

    must_link: tuple[tuple[str, ...], ...] = ()
    cannot_link: tuple[tuple[str, str], ...] = ()
    clusters: tuple[DecidedCluster, ...] = field(default=())

    def photos(self) -> set[str]:
        """Give every photo that is named."""
        named = {photo for photos in (*self.must_link, *self.cannot_link) for photo in photos}
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
    return Decisions(must, tuple((photos[0], photos[1]) for _, photos in cannot), clusters)


def write_decisions(path: Path, decisions: Decisions) -> None:
    """Write decisions, atomically; for programs that let a person decide. No stage of the pipeline calls it."""
    clusters = [
        {
            **({"name": cluster.name} if cluster.name is not None else {}),
            **({"locked": True} if cluster.is_locked else {}),
            "photos": list(cluster.photos),
        }
        for cluster in decisions.clusters
    ]
    header = {"format": DECISIONS_FORMAT, "format_version": DECISIONS_VERSION}
    links = {"must_link": list(map(list, decisions.must_link)), "cannot_link": list(map(list, decisions.cannot_link))}
    write_json(path, header | links | {"clusters": clusters})


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
        raise _wrong(path, f"has a {label} that is no object of photos, name and locked")
    name, is_locked = value.get("name"), value.get("locked", False)
    if not (name is None or (isinstance(name, str) and name.strip())) or not isinstance(is_locked, bool):
        raise _wrong(path, f"has a {label} whose name is no text, or whose locked is neither true nor false")
    photos = _photos(path, label, value["photos"])
    if not photos or (name is None and not is_locked):
        raise _wrong(path, f"has a {label} that decides nothing: give photos, and a name or locked")
    return DecidedCluster(photos, name, is_locked)


def _check_names(path: Path, clusters: tuple[DecidedCluster, ...]) -> None:
    names = [cluster.name for cluster in clusters if cluster.name is not None]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _wrong(path, f"gives the name {twice[0]!r} to two clusters")
