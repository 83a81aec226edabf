"""Image names: made safe once when photos are copied, kept apart where they clash, refused where they are hostile."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

from storage.errors import StageError

MAX_COMPONENT_BYTES = 255
_MAX_ENDING_BYTES = 16

_REFUSED_BY_WINDOWS = frozenset('<>:"|?*\\')
_UNSAFE_CATEGORIES = frozenset(("Cc", "Cs", "Zl", "Zp"))  # controls, surrogates, line and paragraph separators
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³"]
)
_DRIVE = re.compile(r"[A-Za-z]:")


def safe_name(relative: str) -> str:
    """Give the safe form of an image name: one that every system, file format and command line takes.

    Bytes that are not UTF-8 (surrogate escapes), control characters, line separators and the characters that Windows
    refuses become ``_``; blanks and dots at the end of a component go; ``_`` is put before a leading dot or dash and
    before the names of Windows devices; a component over 255 bytes is cut, its ending kept; the whole is NFC. Other
    Unicode and blanks stay. A safe name is its own safe form.

    Parameters
    ----------
    relative : str
        A POSIX path relative to the image folder, as ``storage.listing.list_photos`` gives it.

    Returns
    -------
    str
        A POSIX path with as many components, empty ones left out; ``_`` when nothing remains. Of a name that is safe
        the very same object, so that a million of them are not held twice.
    """
    safe = "/".join(_safe_component(component) for component in relative.split("/") if component) or "_"
    return relative if safe == relative else safe


def resolve_clashes(
    names: Iterable[str], taken: Mapping[str, str] | None = None, wanted_names: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Give every source name a safe name of its own.

    No two safe names are equal after NFC and case folding, so none overwrites another on any system, and none is also
    the folder of another. The loser of a clash gets ``~2``, ``~3`` ... before its ending. A name that is safe already
    keeps itself before a name that was made so; then code point order decides.

    Parameters
    ----------
    names : iterable of str
        Source names; their order does not matter.
    taken : mapping of str to str, optional
        Former assignments. They are kept as they are, and their safe names stay reserved when the source is gone.
    wanted_names : mapping of str to str, optional
        Source name to the name that is wanted for it, where that is another, as with a new ending; need not be safe.

    Returns
    -------
    dict of str to str
        Source name to safe name, in code point order of the source names.
    """
    former = dict(taken or {})
    sources = sorted(set(names))
    files = {clash_key(target) for target in former.values()}
    folders = {key for target in former.values() for key in _folder_keys(target)}
    asked = dict(wanted_names or {})
    wanted = {name: _place_folders(safe_name(asked.get(name, name)), files) for name in sources if name not in former}
    folders |= {key for target in wanted.values() for key in _folder_keys(target)}

    given = {}
    losers = []
    for name in sorted(wanted, key=lambda name: (wanted[name] != name, name)):
        key = clash_key(wanted[name])
        if key in files or key in folders:
            losers.append(name)
        else:
            files.add(key)
            given[name] = wanted[name]
    occupied = files | folders
    numbers: dict[str, int] = {}
    for name in losers:
        key = clash_key(wanted[name])
        given[name], numbers[key] = _numbered(wanted[name], occupied, numbers.get(key, 1) + 1)
        occupied.add(clash_key(given[name]))
    return {name: former.get(name) or given[name] for name in sources}


def clash_key(name: str) -> str:
    """Give what two names share when a system that ignores case or Unicode form would take them for one.

    The canonical caseless form of the Unicode standard (section 3.13, D145).
    """
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def check_name(name: object) -> str:
    """Check an image name that was read from a file, and give it back.

    Raises
    ------
    StageError
        When it is no relative POSIX path that stays below its folder: not text, not valid Unicode, empty, absolute,
        with a drive letter, a backslash, a NUL, or an empty, ``.`` or ``..`` component.
    """
    problem = _name_problem(name)
    if problem is not None or not isinstance(name, str):
        raise StageError(f"image name {name!r:.200} {problem}: make the file that holds it again")
    return name


def inside(folder: Path, name: str, follow_links: bool = False) -> Path:
    """Give the path of image ``name`` in ``folder``, made sure to be in there.

    Parameters
    ----------
    folder : Path
        The image folder; it may itself be a link.
    name : str
        An image name; checked by :func:`check_name`.
    follow_links : bool
        Allow links below ``folder`` that lead out of it, as a work folder made of links has them.

    Raises
    ------
    StageError
        When the name is hostile, or when a link on the way leads out of ``folder``.
    """
    path = folder / check_name(name)
    if follow_links:
        return path
    try:
        is_inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError) as error:  # a loop of links, which pathlib reports either way
        raise StageError(f"cannot follow {path}: {error}; remove the link") from error
    if not is_inside:
        raise StageError(f"image {name!r:.200} is reached by a link that leads out of {folder}: remove the link")
    return path


def _safe_component(component: str) -> str:
    text = unicodedata.normalize("NFC", component)
    text = "".join("_" if _is_unsafe(character) else character for character in text).rstrip(". ")
    device = text.partition(".")[0].rstrip(" ").casefold()
    if not text or text[0] in ".-" or device in _DEVICES:
        text = f"_{text}"
    return _fitted(*_split_ending(text))


def _is_unsafe(character: str) -> bool:
    return character in _REFUSED_BY_WINDOWS or unicodedata.category(character) in _UNSAFE_CATEGORIES


def _split_ending(component: str) -> tuple[str, str]:
    """Split off the ending with its dot; a long one is none."""
    stem, dot, ending = component.rpartition(".")
    if not stem or not ending or len(ending.encode()) > _MAX_ENDING_BYTES:
        return component, ""
    return stem, dot + ending


def _fitted(stem: str, ending: str) -> str:
    """Join stem and ending; cut the stem where the whole is over the limit, never inside a character."""
    room = MAX_COMPONENT_BYTES - len(ending.encode())
    if len(stem.encode()) > room:
        stem = stem.encode()[:room].decode(errors="ignore").rstrip(". ")
    return stem + ending


def _numbered(path: str, occupied: set[str], number: int = 2) -> tuple[str, int]:
    """Put the first free ``~number`` before the ending of the path's last component; give the path and the number."""
    parent, slash, component = path.rpartition("/")
    stem, ending = _split_ending(component)
    while True:
        candidate = parent + slash + _fitted(stem, f"~{number}{ending}")
        if clash_key(candidate) not in occupied:
            return candidate, number
        number += 1


def _place_folders(path: str, files: set[str]) -> str:
    """Give ``path`` with every folder on its way numbered where a file of that name stands already."""
    *parents, last = path.split("/")
    placed = ""
    for parent in parents:
        placed += parent
        if clash_key(placed) in files:
            placed, _ = _numbered(placed, files)
        placed += "/"
    placed += last
    return path if placed == path else placed


def _folder_keys(path: str) -> list[str]:
    parts = clash_key(path).split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _name_problem(name: object) -> str | None:
    if not isinstance(name, str):
        return "is no text"
    if not name:
        return "is empty"
    if "\0" in name or "\\" in name:
        return "holds a NUL or a backslash"
    if not name.isascii() and any(unicodedata.category(character) == "Cs" for character in name):
        return "is not valid Unicode"
    if name.startswith("/") or _DRIVE.match(name):
        return "is absolute"
    if not {"", ".", ".."}.isdisjoint(name.split("/")):
        return "holds an empty component, '.' or '..'"
    return None
