"""Published code that some networks are built by: which revision, where it is kept, how an archive becomes a folder.

A folder of torch hub's cache is named after owner, repository and revision, so a revision fetched by torch hub itself
is found as well. What lies there is run: it is only put there on the user's word (``--trust_code``).
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from storage.atomic import fsync_folder, make_folder, write_bytes
from storage.errors import DamagedFileError, StageError
from storage.temporaries import TEMPORARY_SUFFIX

ENTRY_FILE = "hubconf.py"
MAX_BYTES = 500_000_000  # unpacked; the largest of the repositories takes a tenth


@dataclass(frozen=True)
class HubRepository:
    """A repository with a ``hubconf.py``, at one revision.

    Attributes
    ----------
    name : str
        ``owner/repository`` on GitHub.
    commit : str
        The revision, 40 hexadecimal digits.
    licence : str
        Its terms.
    """

    name: str
    commit: str
    licence: str

    @property
    def url(self) -> str:
        """Where GitHub gives the revision as a zip archive."""
        return f"https://github.com/{self.name}/archive/{self.commit}.zip"

    @property
    def archive_name(self) -> str:
        """The name under which a browser saves that archive."""
        return f"{self.name.partition('/')[2]}-{self.commit}.zip"

    @property
    def place(self) -> str:
        """Its folder in torch hub's cache, named as ``torch.hub`` names it."""
        return f"{self.name.replace('/', '_')}_{self.commit}"

    def folder(self, cache_dir: Path) -> Path | None:
        """Give its folder in the cache, or None when it is not there."""
        folder = cache_dir / self.place
        return folder if (folder / ENTRY_FILE).is_file() else None


COSPLACE = HubRepository("gmberton/CosPlace", "52b56e95ea62245281281f3bafd7b9390d19a0fd", "MIT")
EIGENPLACES = HubRepository("gmberton/EigenPlaces", "a2969f71d5ea31017443af490b15273ca4c50af1", "MIT")
MEGALOC = HubRepository("gmberton/MegaLoc", "5fe0dd697c4a70ba3e23607f6716ab3c606b16db", "MIT")
SALAD = HubRepository("serizba/salad", "6aede13a3f6c25750bf7fde10209c06cb73060bb", "GPL-3.0")
DINOV2 = HubRepository("facebookresearch/dinov2", "7764ea0f912e53c92e82eb78a2a1631e92725fc8", "Apache-2.0")

HUB_CODE = {
    "cosplace": (COSPLACE,),
    "eigenplaces": (EIGENPLACES,),
    "megaloc": (MEGALOC,),
    "salad": (SALAD, DINOV2),
    "dinov2": (DINOV2,),
}


def check_archive(path: Path, repository: HubRepository) -> None:
    """Check that a file is a whole zip archive of the pinned revision.

    GitHub's archives carry the revision as the comment of the zip file (``git archive`` writes it). An archive without
    a comment is taken by the name of its top folder.

    Raises
    ------
    DamagedFileError
        When it is none, is cut, is of another revision, or holds a name that leads out of its folder.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_revision(archive, path, repository)
            _files_of(archive, path)
            broken = archive.testzip()
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise DamagedFileError(f"{path} is cut or no zip archive ({error})") from error
    if broken is not None:
        raise DamagedFileError(f"{path} is damaged: {broken!r} in it cannot be read")


def unpack_archive(path: Path, repository: HubRepository, cache_dir: Path) -> Path:
    """Unpack a checked archive to the repository's folder in the cache; the folder is there whole or not at all."""
    check_archive(path, repository)
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(entry) for name, entry in _files_of(archive, path).items()}
    return _place_folder(files, repository, cache_dir)


def copy_folder(source: Path, repository: HubRepository, cache_dir: Path) -> Path:
    """Copy an unpacked repository, fetched elsewhere, to its folder in the cache; links and caches are left out."""
    if not (source / ENTRY_FILE).is_file():
        raise DamagedFileError(f"{source} is no copy of {repository.name}: there is no {ENTRY_FILE} in it")
    files = {}
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        if path.is_file() and not path.is_symlink() and not {".git", "__pycache__"} & set(name.parts):
            files[name.as_posix()] = path.read_bytes()
    return _place_folder(files, repository, cache_dir)


def _check_revision(archive: zipfile.ZipFile, path: Path, repository: HubRepository) -> None:
    found = archive.comment.decode("ascii", "replace").strip()
    if not re.fullmatch("[0-9a-f]{40}", found):
        names = archive.namelist()
        found = names[0].partition("/")[0].rpartition("-")[2] if names else ""
    if found != repository.commit:
        raise DamagedFileError(
            f"{path} is not {repository.name} at the revision {repository.commit} (it says {found or 'nothing'!r})"
        )


def _files_of(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Give the regular files of an archive by their names below its top folder."""
    files, total = {}, 0
    for entry in archive.infolist():
        parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
        if ".." in parts or any(":" in part for part in parts) or entry.filename.startswith(("/", "\\")):
            raise DamagedFileError(f"{path} holds the name {entry.filename!r}, which leads out of its folder")
        total += entry.file_size
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if not entry.is_dir() and len(parts) > 1 and kind in (0, stat.S_IFREG):
            files["/".join(parts[1:])] = entry
    if total > MAX_BYTES:
        raise DamagedFileError(f"{path} would unpack to {total / 1e6:.0f} MB; no repository here is as large")
    if ENTRY_FILE not in files:
        raise DamagedFileError(f"{path} holds no {ENTRY_FILE} in its top folder")
    return files


def _place_folder(files: dict[str, bytes], repository: HubRepository, cache_dir: Path) -> Path:
    target = cache_dir / repository.place
    temporary = cache_dir / f".{repository.place}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}"
    try:
        make_folder(temporary)
        for name, content in files.items():
            write_bytes(temporary / name, content)
        if target.exists():
            shutil.rmtree(target)
        os.replace(temporary, target)
        fsync_folder(cache_dir)
    except OSError as error:
        raise StageError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target
