"""A folder of JSON files, one for each photo, in which a tool keeps what it made of the photo."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from storage.errors import DamagedFileError, StageError
from storage.folders import paths_in
from storage.formats.json_file import check_whole, read_versioned_json, write_checked_json

_DIGITS = 32  # of the hash of an image name, which is the name of the photo's file


class PhotoRecord(Protocol):
    """What is kept of a photo; ``source`` is its image name."""

    @property
    def source(self) -> str:
        """Image name."""


RecordT = TypeVar("RecordT", bound=PhotoRecord)


@dataclass(frozen=True)
class RecordKind(Generic[RecordT]):
    """The records of one tool.

    Attributes
    ----------
    folder : str
        Where they lie below the folder of what was made.
    file_format : str
        What each file says of itself.
    version : int
        Of that format.
    made_by : str
        The command that makes them.
    parse : callable
        Turns the content of a file into a record; raises KeyError, TypeError, ValueError or AttributeError where it is
        none, and StageError for a hostile name.
    """

    folder: str
    file_format: str
    version: int
    made_by: str
    parse: Callable[[Mapping[str, Any]], RecordT]

    def path(self, root: Path, source: str) -> Path:
        """Give where the record of a photo stands."""
        return root / self.folder / f"{hashlib.sha256(source.encode()).hexdigest()[:_DIGITS]}.json"

    def write(self, root: Path, source: str, content: Mapping[str, Any]) -> None:
        """Write the record of a photo, atomically; ``content`` follows the format, its version and ``source``."""
        header = {"format": self.file_format, "format_version": self.version, "source": source}
        write_checked_json(self.path(root, source), header | dict(content))

    def read_all(self, root: Path) -> dict[str, RecordT]:
        """Read all records below ``root`` by image name, sorted.

        Raises
        ------
        StageError
            When a name in one is hostile.
        DamagedFileError
            When one is no record, of an unknown version, or incomplete.
        """
        records = [self._read(path) for path in paths_in(root / self.folder, "*.json")]
        return {record.source: record for record in sorted(records, key=lambda record: record.source)}

    def _read(self, path: Path) -> RecordT:
        made_by = f"{self.made_by} (delete it first)"  # it reads all that stand
        content = read_versioned_json(path, made_by, self.file_format, self.version, names_come_first=True)
        try:
            record = self.parse(content)
        except StageError as error:
            raise StageError(f"{path}: {error}") from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DamagedFileError(f"damaged: {path} ({error!r:.100}); make it again with: {made_by}") from error
        check_whole(path, content, made_by)
        return record
