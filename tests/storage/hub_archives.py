"""Archives of repositories as GitHub gives them."""

from __future__ import annotations

import io
import zipfile

from storage.hub_code import HubRepository

FILES = {"hubconf.py": "dependencies = []\n", "inner/network.py": "SIZE = 3\n", "LICENSE": "MIT\n"}


def archive_of(
    repository: HubRepository, files: dict[str, str] | None = None, comment: str | None = None, top: str | None = None
) -> bytes:
    """Make a zip archive with one top folder and the revision as its comment."""
    folder = repository.archive_name.removesuffix(".zip") if top is None else top
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{folder}/", "")
        for name, content in (FILES if files is None else files).items():
            archive.writestr(name if name.startswith(("/", "..")) else f"{folder}/{name}", content)
        archive.comment = (repository.commit if comment is None else comment).encode()
    return buffer.getvalue()
