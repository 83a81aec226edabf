"""Vectors of photos from files: descriptors of one model or several joined, or hashes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.joining import join_weights
from storage.errors import StageError, UsageError
from storage.fingerprints import sha256_of_file
from storage.formats.features import read_features
from storage.formats.hdf5 import digest
from storage.formats.kept_features import read_kept_features

DATABASE, QUERIES, DISTRACTORS = "--database", "--queries", "--distractors"


@dataclass(frozen=True, eq=False)
class Vectors:
    """Vectors of N photos.

    Attributes
    ----------
    model : str
        Model, or similarity whose hashes these are.
    settings, state : Mapping
        What changes their values, and what the model learnt.
    names : list of str
        Image names.
    rows : ndarray, (N, D)
        Descriptors, floating; or hashes, uint8, eight bits a byte.
    sha256 : list of str
        Of the photo files.
    """

    model: str
    settings: Mapping[str, Any]
    state: Mapping[str, NDArray[Any]]
    names: list[str]
    rows: NDArray[Any]
    sha256: list[str]

    @property
    def is_binary(self) -> bool:
        """True for hashes."""
        return self.rows.dtype == np.uint8

    def take(self, chosen: NDArray[np.integer]) -> Vectors:
        """Give some of the photos."""
        if len(chosen) == len(self.names) and np.array_equal(chosen, np.arange(len(self.names))):
            return self
        names, hashes = ([values[row] for row in chosen.tolist()] for values in (self.names, self.sha256))
        return replace(self, names=names, sha256=hashes, rows=self.rows[chosen])


@dataclass(frozen=True)
class SourceFile:
    """A file that vectors came from: its flag, path, SHA-256 (of a folder: of what its shards hold) and photos."""

    flag: str
    path: str
    sha256: str
    num_photos: int


class VectorFiles:
    """Reads files and remembers them; ``sources`` lists what was read."""

    def __init__(self) -> None:
        self.sources: list[SourceFile] = []

    def read(self, paths: Sequence[Path], flag: str) -> list[Vectors]:
        """Read the files of one flag: those of one model are put one after another; one result a model.

        Raises
        ------
        UsageError
            When files of one model were made with other settings, or hold the same image name.
        StageError
            When a file is missing or damaged, or holds no photo.
        """
        by_model: dict[str, list[Vectors]] = {}
        for path in paths:
            vectors, sha256 = _read_hashes(path) if path.is_dir() else _read_descriptors(path)
            if not vectors.names:
                raise StageError(f"{flag} {path} holds no photo")
            self.sources.append(SourceFile(flag, path.as_posix(), sha256, len(vectors.names)))
            by_model.setdefault(vectors.model, []).append(vectors)
        return [_stacked(parts, flag) for parts in by_model.values()]


def _read_descriptors(path: Path) -> tuple[Vectors, str]:
    features = read_features(path)
    hashes = [photo.sha256 for photo in features.fingerprints]
    vectors = Vectors(
        features.model, features.settings, features.state, list(features.names), features.descriptors, hashes
    )
    return vectors, sha256_of_file(path)


def _read_hashes(folder: Path) -> tuple[Vectors, str]:
    kept = read_kept_features(folder)
    shapes = {(feature.shape, feature.dtype.str) for feature in kept.features}
    (shape, kind), *others = sorted(shapes)
    if others or len(shape) != 1 or kind != "|u1":
        raise UsageError(
            f"{folder}: features of {kept.method} are no hashes of one length; take ahash, dhash, phash, whash"
        )
    rows, hashes = np.stack(kept.features), [photo.sha256 for photo in kept.fingerprints]
    return Vectors(kept.method, kept.settings, {}, list(kept.names), rows, hashes), digest(
        list(kept.names), hashes, rows
    )


def _stacked(parts: Sequence[Vectors], flag: str) -> Vectors:
    if len(parts) == 1:
        return parts[0]
    for other in parts[1:]:
        check_comparable(parts[0], other, flag, flag)
    names = [name for part in parts for name in part.names]
    if len(set(names)) < len(names) and flag != DISTRACTORS:
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"{flag}: {twice} stands in two of the files; image names must tell the photos apart")
    rows = np.concatenate([part.rows for part in parts])
    return replace(parts[0], names=names, rows=rows, sha256=[value for part in parts for value in part.sha256])


def check_comparable(one: Vectors, other: Vectors, flag: str, other_flag: str) -> None:
    """Refuse vectors of two models, or of one with other settings or another learnt state."""
    if (one.model, dict(one.settings), one.rows.shape[1]) != (other.model, dict(other.settings), other.rows.shape[1]):
        raise UsageError(
            f"{other_flag} holds vectors of {other.model}, {flag} of {one.model}, or of other settings: they cannot be "
            "compared; make both alike"
        )
    if one.state.keys() != other.state.keys() or any(
        not np.array_equal(one.state[key], other.state[key]) for key in one.state
    ):
        raise UsageError(
            f"{other_flag} and {flag} were described by two {one.model} models, each learnt on its own photos: put all "
            "photos in one image folder, extract it once, and give that file as --database; --truth says who is a query"
        )


def join(database: Sequence[Vectors], others: Mapping[str, Sequence[Vectors]]) -> tuple[Vectors, dict[str, Vectors]]:
    """Join several models: their vectors side by side, weighted as ``extract_features.py`` weighs them.

    The weights come from the database, so queries change nothing in it.

    Parameters
    ----------
    database : sequence of Vectors
        One a model.
    others : Mapping of str to sequence of Vectors
        By flag: vectors of the same models.

    Raises
    ------
    UsageError
        When something is not of the same models, made alike; or hashes are to be joined.
    """
    matched = {flag: _in_order(database, parts, flag) for flag, parts in others.items()}
    if len(database) == 1:
        return database[0], {flag: parts[0] for flag, parts in matched.items()}
    if any(part.is_binary for part in database):
        raise UsageError(f"{DATABASE}: hashes cannot be joined; give the files of one similarity")
    common = _common(database)
    weights = join_weights([part.rows for part in common])
    joined = {flag: _side_by_side(_common(parts), weights) for flag, parts in matched.items()}
    return _side_by_side(common, weights), joined


def _in_order(database: Sequence[Vectors], parts: Sequence[Vectors], flag: str) -> list[Vectors]:
    of_model = {part.model: part for part in parts}
    if of_model.keys() != {part.model for part in database}:
        models = [" and ".join(sorted(part.model for part in given)) for given in (parts, database)]
        raise UsageError(f"{flag} holds vectors of {models[0]}, {DATABASE} of {models[1]}: they must be of the same")
    for part in database:
        check_comparable(part, of_model[part.model], DATABASE, flag)
    return [of_model[part.model] for part in database]


def _common(parts: Sequence[Vectors]) -> list[Vectors]:
    """Give the photos that every model described, in the order of the names."""
    names = sorted(set.intersection(*(set(part.names) for part in parts)))
    place = [{name: row for row, name in enumerate(part.names)} for part in parts]
    return [
        part.take(np.array([rows[name] for name in names], np.int64)) for part, rows in zip(parts, place, strict=True)
    ]


def _side_by_side(parts: Sequence[Vectors], weights: Sequence[float]) -> Vectors:
    rows = np.concatenate(
        [
            np.asarray(part.rows, np.float32) * np.float32(weight**0.5)
            for part, weight in zip(parts, weights, strict=True)
        ],
        axis=1,
    )
    return replace(parts[0], model="+".join(part.model for part in parts), state={}, rows=rows)
