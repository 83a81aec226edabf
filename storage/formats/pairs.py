"""The pairs file: scored pairs of photos as text, and beside it a JSON file with what made them; or both as HDF5."""

from __future__ import annotations

import csv
import hashlib
import math
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.atomic import atomic_path
from storage.errors import DamagedFileError, StageError
from storage.folders import paths_in
from storage.formats.binary_pairs import HDF5_START, read_binary_pairs, write_binary_pairs
from storage.formats.json_file import read_versioned_json, write_checked_json
from storage.formats.plain_lines import NameNumbers, PlainLines
from storage.names import check_name

PAIRS_FORMAT = "pairs"
PAIRS_VERSION = 1
MADE_BY = "python extract_features.py"
ENDINGS = {"text": ".txt", "hdf5": ".h5"}
VERIFIED = "-verified"
BYTES_AT_ONCE = 1 << 20
_SCORE_HEADERS = {"score", "similarity", "weight"}


@dataclass(frozen=True)
class Pairs:
    """Scored pairs of photos.

    Attributes
    ----------
    names : list of str
        Image names in the order of their first appearance in the file.
    first, second : ndarray, (E,), int64
        Indices into ``names``.
    scores : ndarray, (E,), float64
        Similarities, higher is closer, as the decimal text in the file says.
    """

    names: list[str]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    scores: NDArray[np.float64]


def pairs_path(outputs_dir: Path, model: str, pairs_format: str = "text") -> Path:
    """Give the path of a model's pairs file, as ``text`` or ``hdf5``."""
    return outputs_dir / f"pairs-{model}{ENDINGS[pairs_format]}"


def verified_path(outputs_dir: Path, model: str, pairs_format: str = "text") -> Path:
    """Give the path of a model's pairs with probabilities in the place of scores."""
    return pairs_path(outputs_dir, f"{model}{VERIFIED}", pairs_format)


def standing(path: Path) -> Path:
    """Give the pairs file of this name that stands, whatever its ending; ``path`` itself when none does."""
    return next((other for other in (path, *_others(path)) if other.is_file()), path)


def list_pairs_files(outputs_dir: Path) -> list[Path]:
    """List the pairs files of a folder, of all models and in both forms, sorted."""
    return sorted(path for ending in ENDINGS.values() for path in paths_in(outputs_dir, f"pairs-*{ending}"))


def _others(path: Path) -> list[Path]:
    return [path.with_name(path.stem + ending) for ending in ENDINGS.values() if ending != path.suffix]


def write_pairs(path: Path, rows: Iterable[tuple[str, str, float]], origin: Mapping[str, Any]) -> int:
    """Write a pairs file and its origin file (same name, ending ``.json``); give the number of pairs.

    A file of the same pairs in the other form is removed: it would be taken for other pairs.

    Parameters
    ----------
    path : Path
        The text file: ``name0<TAB>name1<TAB>score`` per line, UTF-8. One that ends in ``.h5`` is HDF5 and holds the
        origin itself.
    rows : iterable of (str, str, float)
        The pairs in the order of the file. Scores are written in the shortest form that reads back equal.
    origin : Mapping
        Model, settings and checksum of the features that the pairs were made from.
    """
    if path.suffix == ENDINGS["hdf5"]:
        count = write_binary_pairs(path, rows, origin)
        origin_path(path).unlink(missing_ok=True)
    else:
        count = _write_text_pairs(path, rows, origin)
    for other in _others(path):
        other.unlink(missing_ok=True)
    return count


def _write_text_pairs(path: Path, rows: Iterable[tuple[str, str, float]], origin: Mapping[str, Any]) -> int:
    count, total = 0, hashlib.sha256()
    with atomic_path(path) as temporary, open(temporary, "xb") as file:
        for name0, name1, score in rows:
            line = f"{name0}\t{name1}\t{float(score)!r}\n".encode()
            total.update(line)
            file.write(line)
            count += 1
    header = {"format": PAIRS_FORMAT, "format_version": PAIRS_VERSION, "num_pairs": count, "sha256": total.hexdigest()}
    write_checked_json(origin_path(path), header | dict(origin))
    return count


def origin_path(path: Path) -> Path:
    """Give the path of the origin file of a pairs file."""
    return path.with_suffix(".json")


def read_origin(path: Path) -> dict[str, Any] | None:
    """Read what made a pairs file; None when it has no origin file, as those of other tools.

    Raises
    ------
    DamagedFileError
        When the pairs file is not the one that the origin file describes.
    """
    if is_binary(path):
        return read_binary_pairs(path, MADE_BY)[1]
    if not origin_path(path).is_file():
        return None
    origin = read_versioned_json(origin_path(path), MADE_BY, PAIRS_FORMAT, PAIRS_VERSION)
    with _open_pairs(path) as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != origin.get("sha256"):
        raise DamagedFileError(
            f"damaged: {path} is not the file that {origin_path(path)} describes; make both again with: {MADE_BY} "
            "(or remove the .json file if you edited the pairs on purpose)"
        )
    return origin


def read_pairs(path: Path, known_names: Collection[str] = ()) -> Pairs:
    """Read scored pairs: HDF5, or text of three columns, separated by TABs, by commas or by blanks.

    Parameters
    ----------
    path : Path
        The file; its first bytes tell which it is. In a text the first line that is not empty decides the form: a
        TAB in it, else a comma, else blanks. A first line that ends in ``score``, ``similarity`` or ``weight`` is a
        heading.
    known_names : collection of str
        The photos of the collection. They tell where a name ends in the forms where names may hold the separator
        (``my photo.jpg b.jpg 0.5``).

    Raises
    ------
    StageError
        When there is no such file.
    DamagedFileError
        When a line cannot be read; the line and the reason are named.
    """
    if is_binary(path):
        return Pairs(*read_binary_pairs(path, MADE_BY)[0])
    rows = _RowReader(path, frozenset(known_names))
    with _open_pairs(path) as file:
        rows.add(file.readline())
        while lines := file.read(BYTES_AT_ONCE) + file.readline():
            if not rows.add_plain(lines):
                for line in BytesIO(lines):
                    rows.add(line)
    return rows.pairs()


def is_binary(path: Path) -> bool:
    """Say whether a file begins like HDF5; the StageError of a file that cannot be read says what makes it."""
    with _open_pairs(path) as file:
        return bool(file.read(len(HDF5_START)) == HDF5_START)


def _open_pairs(path: Path) -> Any:
    try:
        return open(path, "rb")
    except FileNotFoundError:
        raise StageError(f"{path} is missing; make it with: {MADE_BY}") from None
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror or error}") from error


class _RowReader:
    """Collects the lines of one pairs file."""

    def __init__(self, path: Path, known_names: frozenset[str]) -> None:
        self.path = path
        self.known_names = known_names
        self.split: Callable[[str, frozenset[str]], list[str]] | None = None
        self.numbers = NameNumbers()
        self.first, self.second, self.scores = array("q"), array("q"), array("d")
        self.number = 0

    def add_plain(self, text: bytes) -> bool:
        """Add whole lines of the form that this module writes, all at once; add none and give False when one is not."""
        lines = PlainLines.of(text) if self.split is _split_tabs else None
        if lines is None:
            return False
        try:
            scores = lines.scores()
        except ValueError:
            return False
        if np.isinf(scores).any():
            return False
        rows = self.numbers.of_lines(lines)
        self.first.frombytes(rows[:, 0].tobytes())
        self.second.frombytes(rows[:, 1].tobytes())
        self.scores.frombytes(scores.tobytes())
        self.number += len(scores)
        return True

    def add(self, line: bytes) -> None:
        self.number += 1
        try:
            text = line.decode("utf-8-sig" if self.number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise self._error("is not UTF-8 text", "") from None
        if not text.strip():
            return
        is_first = self.split is None
        if self.split is None:
            self.split = _form_of(text)
        try:
            fields = self.split(text, self.known_names)
        except csv.Error:
            raise self._error("has a carriage return, or too long a field, between its commas", text) from None
        if is_first and fields and fields[-1].strip().lower() in _SCORE_HEADERS:
            return
        self._add_fields(fields, text)

    def _add_fields(self, fields: list[str], text: str) -> None:
        if len(fields) != 3:
            raise self._error(f"has {len(fields)} columns where 3 are expected (name, name, score)", text)
        name0, name1, number = fields
        try:
            score = float(number)
        except ValueError:
            raise self._error(f"has a score that is no number: {number!r}", text) from None
        if math.isinf(score) or not name0 or not name1:
            raise self._error("has an empty name or an infinite score", text)
        self.first.append(self.numbers.of_text[name0.encode()])
        self.second.append(self.numbers.of_text[name1.encode()])
        self.scores.append(score)

    def _error(self, what: str, text: str) -> DamagedFileError:
        hint = "; names with blanks need TABs between the columns" if self.split is _split_blanks else ""
        return DamagedFileError(f"{self.path}, line {self.number} {what}: {text[:120]!r}{hint}")

    def pairs(self) -> Pairs:
        try:
            names = [check_name(name.decode()) for name in self.numbers.of_text]
        except StageError as error:
            raise DamagedFileError(f"{self.path}: {error}") from error
        return Pairs(
            names,
            np.frombuffer(self.first, dtype=np.int64),
            np.frombuffer(self.second, dtype=np.int64),
            np.frombuffer(self.scores, dtype=np.float64),
        )


def _form_of(text: str) -> Callable[[str, frozenset[str]], list[str]]:
    if "\t" in text:
        return _split_tabs
    return _split_commas if text.count(",") >= 2 else _split_blanks


def _split_tabs(text: str, _known_names: frozenset[str]) -> list[str]:
    return text.split("\t")


def _split_commas(text: str, known_names: frozenset[str]) -> list[str]:
    fields = [field.strip() for field in next(csv.reader([text], skipinitialspace=True))]
    return fields if len(fields) <= 3 else _split_known([part.strip() for part in text.split(",")], known_names, ",")


def _split_blanks(text: str, known_names: frozenset[str]) -> list[str]:
    fields = text.split()
    return fields if len(fields) <= 3 else _split_known(text.strip().split(" "), known_names, " ")


def _split_known(parts: Sequence[str], known_names: frozenset[str], separator: str) -> list[str]:
    """Cut names that hold the separator where exactly one cut gives two known names."""
    names, score = list(parts[:-1]), parts[-1]
    joints = [separator, f"{separator} "] if separator == "," else [separator]
    cuts = {
        (joint.join(names[:cut]).strip(), joint.join(names[cut:]).strip())
        for cut in range(1, len(names))
        for joint in joints
    }
    fitting = sorted(cut for cut in cuts if cut[0] in known_names and cut[1] in known_names)
    return [*fitting[0], score] if len(fitting) == 1 else list(parts)
