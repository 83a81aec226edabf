"""What copying and resizing both need to know about a work folder: names of copies, their places, their content."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from storage.atomic import remove_leftovers
from storage.errors import PhotoError
from storage.fingerprints import Fingerprint, fingerprint, sha256_of_file
from storage.formats.manifest import MANIFEST_NAME, Manifest, ManifestEntry, names_by_source
from storage.names import inside, resolve_clashes, safe_name


class Sources(Mapping[str, Path]):
    """The photos of a source: the wanted image name of each to its path, which is not held for each of many.

    Parameters
    ----------
    root : Path
        The source folder, absolute.
    names : sequence of str
        Names of the photos, relative to it.
    is_shared : bool
        The source folder's own name stands in front, so that several sources share a work folder.
    """

    def __init__(self, root: Path, names: Sequence[str], is_shared: bool = True) -> None:
        self._root, self._names = root, dict.fromkeys(names)
        self._front = f"{root.name}/" if root.name and is_shared else ""

    def wanted(self, name: str) -> str:
        """Give the wanted image name of a photo by its name in the source folder."""
        return self._front + name

    def __getitem__(self, key: str) -> Path:
        name = key.removeprefix(self._front)
        if name not in self._names or key != self.wanted(name):
            raise KeyError(key)
        return self._root / name

    def __iter__(self) -> Iterator[str]:
        return map(self.wanted, self._names)

    def __len__(self) -> int:
        return len(self._names)


class Places:
    """Paths of image names in a work folder. Folders are checked to lie in it, once each; the photo may be a link."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parents: dict[str, Path] = {"": folder}

    def path(self, name: str) -> Path:
        """Give the path of image ``name``; StageError when a link leads its folder out of the work folder."""
        parent, _, last = name.rpartition("/")
        if parent not in self._parents:
            self._parents[parent] = inside(self.folder, parent)
        return self._parents[parent] / last


def clear_leftovers(folder: Path, stage: str, subfolders: Iterable[Path] = ()) -> None:
    """Remove the temporary files that killed runs left in a work folder and its report; call under its lock."""
    for each in (folder, folder / "reports" / stage, *sorted(set(subfolders))):
        remove_leftovers(each)


def clear_staging(folder: Path) -> None:
    """Remove the folder in which a run gathers new files, with what a killed run left in it."""
    if folder.is_dir():
        shutil.rmtree(folder)


def target_names(sources: Mapping[str, Path], manifest: Manifest, root: Path) -> dict[str, str]:
    """Give every photo the image name of its copy: the one it has in the manifest, else a new safe one.

    A photo that was renamed or moved is known by its content, so that it keeps its copy, its name and all that was
    made of it.

    Parameters
    ----------
    sources : mapping of str to Path
        Wanted image name, which need not be safe, to absolute path of the source.
    manifest : Manifest
        Its names stay as they are and are given to no other photo.
    root : Path
        The folder that the sources were found in, absolute.

    Returns
    -------
    dict of str to str
        Wanted image name to given one.
    """
    known = names_by_source(manifest.entries)
    taken = {key: known[str(source)] for key, source in sources.items() if str(source) in known}
    if len(taken) < len(sources):
        taken |= _names_of_moved(sources, taken, manifest, root)
    assigned = set(taken.values())
    # A NUL is in no file name, so these keys meet no photo; they only keep the names of other sources reserved.
    taken |= {f"\0{name}": name for name in manifest.by_name if name not in assigned}
    return resolve_clashes(sources, taken)


def _names_of_moved(
    sources: Mapping[str, Path], taken: Mapping[str, str], manifest: Manifest, root: Path
) -> dict[str, str]:
    """Give the photos that are new here, yet known by content, the names of entries whose own source is gone.

    They were renamed or moved below ``root``, or kept their name while the whole folder was moved.
    """
    assigned = set(taken.values())
    free = {name: entry for name, entry in manifest.by_name.items() if name not in assigned and entry.fingerprint.size}
    below: dict[tuple[int, str], list[str]] = {}
    for entry in free.values():
        if entry.source_path.is_relative_to(root):
            below.setdefault(_content(entry), []).append(entry.name)
    sizes = {size for size, _ in below}
    found: dict[str, str] = {}
    for key in (key for key in sources if free and key not in taken):
        source, wanted = sources[key], safe_name(key)
        size = _size(source)
        if size not in sizes and (wanted not in free or free[wanted].fingerprint.size != size):
            continue  # nothing known can be the same, so it need not be read
        content = size, _sha256(source)
        names = {wanted, *below.get(content, ())} & free.keys()
        same = [name for name in names if _content(free[name]) == content and _may_be(free[name], source, root)]
        if same:
            found[key] = min(same, key=lambda name: _distance(name, wanted))
            del free[found[key]]
    return found


def _content(entry: ManifestEntry) -> tuple[int, str]:
    return entry.fingerprint.size, entry.fingerprint.sha256


def _distance(name: str, wanted: str) -> tuple[bool, bool, str]:
    """Order names by how likely they are to be what a photo was called before."""
    return name != wanted, name.rpartition("/")[2] != wanted.rpartition("/")[2], name


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it is named as skipped when it is copied
        return 0


def _sha256(path: Path) -> str:
    try:
        return sha256_of_file(path)
    except OSError:  # it is named as skipped when it is copied
        return ""


def _may_be(entry: ManifestEntry, source: Path, root: Path) -> bool:
    """Say whether the source of an entry may now be another, as its own is gone."""
    try:
        # A disk that ignores case shows a renamed photo under its former name, too.
        return source.samefile(entry.source) and entry.source_path.is_relative_to(root)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # a source that cannot be looked at is not known to be gone
        return False


def count_moved(sources: Mapping[str, Path], names: Mapping[str, str], manifest: Manifest) -> int:
    """Count the photos whose source is another than the manifest tells; ``names`` as of :func:`target_names`."""
    known = ((sources[key], manifest.by_name[name]) for key, name in names.items() if name in manifest.by_name)
    return sum(str(source) != entry.source for source, entry in known)


def moved_notes(num_moved: int) -> list[str]:
    """Say that photos stand under other names than their sources now have."""
    return (
        [
            f"{num_moved} photos were renamed or moved: their copies keep their names ({MANIFEST_NAME} tells where "
            "each comes from)"
        ]
        if num_moved
        else []
    )


def has_content(path: Path, expected: Fingerprint) -> bool:
    """Say whether a file has the bytes that ``expected`` was taken of, whatever its time of change."""
    try:
        return path.stat().st_size == expected.size and sha256_of_file(path) == expected.sha256
    except OSError:  # what cannot be read is not known to be the same
        return False


def source_fingerprint(source: Path, entry: ManifestEntry | None) -> Fingerprint:
    """Give the fingerprint of a source, read only when it differs from the manifest's; PhotoError if it cannot be."""
    try:
        return fingerprint(source, None if entry is None else entry.fingerprint)
    except OSError as error:
        raise PhotoError(f"cannot be read: {error.strerror or error}") from error
