"""What copying and resizing both need to know about a work folder: names of copies, their places, their content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from storage.atomic import remove_leftovers
from storage.errors import PhotoError
from storage.fingerprints import Fingerprint, fingerprint, sha256_of_file
from storage.formats.manifest import Manifest, ManifestEntry, names_by_source
from storage.names import inside, resolve_clashes, safe_name


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


def target_names(sources: Mapping[str, Path], manifest: Manifest) -> dict[str, str]:
    """Give every photo the image name of its copy: the one it has in the manifest, else a new safe one.

    Parameters
    ----------
    sources : mapping of str to Path
        Wanted image name, which need not be safe, to absolute path of the source.
    manifest : Manifest
        Its names stay as they are and are given to no other photo.

    Returns
    -------
    dict of str to str
        Wanted image name to given one.
    """
    known = names_by_source(manifest.entries)
    taken = {key: known[str(source)] for key, source in sources.items() if str(source) in known}
    assigned = set(taken.values())
    for key, source in sources.items():
        moved = None if key in taken else _moved_name(key, source, manifest)
        if moved is not None and moved not in assigned:
            taken[key] = moved
            assigned.add(moved)
    # A NUL is in no file name, so these keys meet no photo; they only keep the names of other sources reserved.
    taken |= {f"\0{name}": name for name in manifest.by_name if name not in assigned}
    return resolve_clashes(sources, taken)


def _moved_name(key: str, source: Path, manifest: Manifest) -> str | None:
    """Give the name of the copy that was made of this photo when its folder stood elsewhere."""
    entry = manifest.by_name.get(safe_name(key))
    if entry is None or Path(entry.source).exists() or not has_content(source, entry.fingerprint):
        return None
    return entry.name


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
