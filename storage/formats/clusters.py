"""``clusters.json``, the groups of photos, and ``clusters_info.json``, why they are groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path, PureWindowsPath
from typing import Any

from storage.errors import DamagedFileError
from storage.formats.json_file import read_json, read_versioned_json
from storage.formats.json_stream import check_json_stream, encode_strings, write_json_stream
from storage.names import check_name

CLUSTERS_NAME = "clusters.json"
CLUSTERS_INFO_NAME = "clusters_info.json"
SINGLETONS_KEY = "-1"
INFO_FORMAT = "clusters-info"
INFO_VERSION = 2
MADE_BY = "python create_clusters.py"


def clusters_text(clusters: Mapping[str, Sequence[str]]) -> str:
    """Give the text of ``clusters.json``: ascending numbers, then ``"-1"``, one photo a line."""
    numbers = sorted((key for key in clusters if key != SINGLETONS_KEY), key=int)
    members = {key: clusters.get(key, []) for key in (*numbers, SINGLETONS_KEY)}
    # by hand as ``json.dumps`` indents it; that takes ten times as long, which a million photos feel
    encoded = iter(encode_strings(list(chain.from_iterable(members.values()))))
    texts = [_members_text(key, list(islice(encoded, len(names)))) for key, names in members.items()]
    return "{\n" + ",\n".join(texts) + "\n}\n"


def _members_text(key: str, encoded: Sequence[str]) -> str:
    return f' "{key}": ' + ("[\n  " + ",\n  ".join(encoded) + "\n ]" if encoded else "[]")


def read_clusters(path: Path, image_dir: Path | None = None) -> dict[str, list[str]]:
    """Read the groups of photos.

    Parameters
    ----------
    path : Path
        ``clusters.json`` of this project or of the earlier program.
    image_dir : Path, optional
        The image folder. The earlier program wrote names with this folder in front; they are cut to names relative
        to it.

    Returns
    -------
    dict of str to list of str
        Number to image names, in the order of the file; ``"-1"``, the singletons, always there and last.

    Raises
    ------
    StageError
        When there is no such file.
    DamagedFileError
        When it is no object of lists of names, a key is no number, or a photo stands in two places.
    """
    content = read_json(path, MADE_BY)
    if not isinstance(content, dict):
        raise DamagedFileError(f"damaged: {path} is no JSON object; make it again with: {MADE_BY}")
    for key, members in content.items():
        if not (key == SINGLETONS_KEY or (key.isascii() and key.isdigit())):
            raise DamagedFileError(f"damaged: {path} has the key {key!r}, which is no cluster number")
        if not isinstance(members, list) or not all(isinstance(name, str) for name in members):
            raise DamagedFileError(f"damaged: {path}, cluster {key!r} is no list of image names")
    singletons = content.pop(SINGLETONS_KEY, [])
    clusters = {key: list(members) for key, members in content.items()} | {SINGLETONS_KEY: list(singletons)}
    return _checked(_relative(clusters, image_dir), path)


def _checked(clusters: dict[str, list[str]], path: Path) -> dict[str, list[str]]:
    place: dict[str, str] = {}
    for key, members in clusters.items():
        for name in members:
            check_name(name)
            if name in place:
                raise DamagedFileError(f"damaged: {path} has {name!r} in cluster {place[name]!r} and in {key!r}")
            place[name] = key
    return clusters


def _relative(clusters: dict[str, list[str]], image_dir: Path | None) -> dict[str, list[str]]:
    """Cut the image folder off the front of all names, when it stands in front of all of them."""
    names = [name for members in clusters.values() for name in members]
    if image_dir is None or not names or _is_relative(names[:20], image_dir):
        return clusters
    for prefix in _spellings(image_dir):
        if all(_posix(name).startswith(prefix) for name in names):
            return {key: [_posix(name)[len(prefix) :] for name in members] for key, members in clusters.items()}
    return clusters


def _is_relative(names: Sequence[str], image_dir: Path) -> bool:
    return all(not Path(name).is_absolute() and (image_dir / name).is_file() for name in names)


def _spellings(image_dir: Path) -> Iterable[str]:
    for folder in (image_dir.as_posix(), image_dir.resolve().as_posix(), image_dir.name):
        yield _posix(folder).rstrip("/") + "/"


def _posix(name: str) -> str:
    return name if "/" in name else PureWindowsPath(name).as_posix()


def write_clusters_info(path: Path, content: Mapping[str, Any]) -> None:
    """Write ``clusters_info.json``; ``docs/formats.md`` and ``docs/schemas`` say what stands in it.

    Values may be iterators, and :class:`storage.formats.json_stream.Members`: of large collections no part is held
    longer than it takes to write it.
    """
    write_json_stream(path, {"format": INFO_FORMAT, "format_version": INFO_VERSION} | dict(content))


def read_clusters_info(path: Path) -> dict[str, Any]:
    """Read ``clusters_info.json``.

    Raises
    ------
    StageError
        When there is no such file.
    DamagedFileError
        When it is damaged or of an unknown version.
    """
    content = read_versioned_json(path, MADE_BY, INFO_FORMAT, INFO_VERSION, names_come_first=True)
    for name in _names_in(content):
        check_name(name)
    check_json_stream(path, content, MADE_BY)
    return content


def _names_in(content: Mapping[str, Any]) -> Iterable[object]:
    """Give the image names that are taken from the reasons."""
    skipped, singletons = content.get("skipped"), content.get("singletons")
    if isinstance(skipped, list):
        yield from (photo["name"] for photo in skipped if isinstance(photo, dict) and "name" in photo)
    if isinstance(singletons, dict):
        yield from singletons
