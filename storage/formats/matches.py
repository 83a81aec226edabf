"""The matches file: what the local features of every pair of candidates say, and the probability made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.atomic import write_text
from storage.formats.hdf5 import (
    digest,
    new_hdf5,
    open_hdf5,
    read_array,
    read_image_names,
    read_names,
    write_array,
    write_names,
)

MATCHES_FORMAT = "matches"
MATCHES_VERSION = 1
MADE_BY = "python match_pairs.py"

KINDS = ("none", "similarity", "affine", "homography", "fundamental")
SOURCES = ("retrieval", "neighbours", "position", "time")
VERDICTS = ("different", "unsure", "same", "overlay")


@dataclass(frozen=True, eq=False)
class PairMatches:
    """What the local features of E pairs say. Of a pair, the photo with the smaller SHA-256 is the first.

    Attributes
    ----------
    first, second : ndarray of int32, shape (E,)
        Rows of the photos in the list of names.
    num_matches : ndarray of int32, shape (E,)
        Mutual nearest neighbours that pass the ratio test, those of overlays left out.
    num_places : ndarray of int32, shape (E,)
        Distinct places that agree with one map, of the photo with fewer.
    distinctiveness : ndarray of float32, shape (E,)
        Sum over the inliers of the negative logarithm of their ratio of distances.
    num_guided : ndarray of int32, shape (E,)
        Distinct places that agree with it at the second, guided look.
    by_chance : ndarray of float32, shape (E,)
        Mean number that agrees with maps that are wrong on purpose.
    coverage : ndarray of float32, shape (E, 2)
        Share of each photo that holds an inlier.
    num_overlay : ndarray of int32, shape (E,)
        Matches that were left out because they lie at the same place of both photos.
    transform : ndarray of float64, shape (E, 2, 3)
        Affine map from pixels of the first photo, as decoded for matching, to those of the second; zeros for none.
    kind : ndarray of uint8, shape (E,)
        Index into ``KINDS``: what the inliers agree with.
    inlier_ends, overlay_ends : ndarray of int64, shape (E,)
        Where the rows of a pair end in ``inliers`` and ``overlays``.
    inliers, overlays : ndarray of uint16, shapes (K, 2), (S, 2)
        Keypoint rows of the two photos.
    """

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    num_matches: NDArray[np.int32]
    num_places: NDArray[np.int32]
    distinctiveness: NDArray[np.float32]
    num_guided: NDArray[np.int32]
    by_chance: NDArray[np.float32]
    coverage: NDArray[np.float32]
    num_overlay: NDArray[np.int32]
    transform: NDArray[np.float64]
    kind: NDArray[np.uint8]
    inlier_ends: NDArray[np.int64]
    overlay_ends: NDArray[np.int64]
    inliers: NDArray[np.uint16]
    overlays: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.first)

    def inliers_of(self, pair: int) -> NDArray[np.uint16]:
        """Give the keypoint rows (K, 2) of the matches of one pair that agree."""
        return _rows_of(self.inliers, self.inlier_ends, pair)

    def overlay_of(self, pair: int) -> NDArray[np.uint16]:
        """Give the keypoint rows (S, 2) of the matches of one pair that were left out."""
        return _rows_of(self.overlays, self.overlay_ends, pair)

    def take(self, pairs: NDArray[Any]) -> PairMatches:
        """Give these pairs, in this order."""
        pairs = np.asarray(pairs, np.intp)
        plain: dict[str, Any] = {name: getattr(self, name)[pairs] for name in PLAIN_COLUMNS}
        inliers, inlier_ends = _gather(self.inliers, self.inlier_ends, pairs)
        overlays, overlay_ends = _gather(self.overlays, self.overlay_ends, pairs)
        return PairMatches(
            **plain, inlier_ends=inlier_ends, overlay_ends=overlay_ends, inliers=inliers, overlays=overlays
        )


COLUMN_TYPES: dict[str, tuple[Any, tuple[int, ...]]] = {
    "first": (np.int32, ()),
    "second": (np.int32, ()),
    "num_matches": (np.int32, ()),
    "num_places": (np.int32, ()),
    "distinctiveness": (np.float32, ()),
    "num_guided": (np.int32, ()),
    "by_chance": (np.float32, ()),
    "coverage": (np.float32, (2,)),
    "num_overlay": (np.int32, ()),
    "transform": (np.float64, (2, 3)),
    "kind": (np.uint8, ()),
}
PLAIN_COLUMNS = tuple(COLUMN_TYPES)
_RAGGED = {"inliers": "inlier_ends", "overlays": "overlay_ends"}


def no_matches() -> PairMatches:
    """Give the table of no pair."""
    plain: dict[str, Any] = {name: np.zeros((0, *shape), dtype) for name, (dtype, shape) in COLUMN_TYPES.items()}
    plain |= {end: np.zeros(0, np.int64) for end in _RAGGED.values()}
    plain |= {name: np.zeros((0, 2), np.uint16) for name in _RAGGED}
    return PairMatches(**plain)


def join_matches(parts: Sequence[PairMatches]) -> PairMatches:
    """Put tables one after another."""
    parts = [no_matches(), *parts]
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in (*PLAIN_COLUMNS, *_RAGGED)
    }
    for name, end in _RAGGED.items():
        starts = np.cumsum([0, *(len(getattr(part, name)) for part in parts)])[:-1]
        columns[end] = np.concatenate([getattr(part, end) + start for part, start in zip(parts, starts, strict=True)])
    return PairMatches(**columns)


def _rows_of(rows: NDArray[np.uint16], ends: NDArray[np.int64], pair: int) -> NDArray[np.uint16]:
    return rows[(ends[pair - 1] if pair else 0) : ends[pair]]


def _gather(
    rows: NDArray[np.uint16], ends: NDArray[np.int64], pairs: NDArray[np.intp]
) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    starts = np.concatenate([[0], ends])[:-1] if len(ends) else ends
    counts = ends[pairs] - starts[pairs]
    new_ends = np.cumsum(counts).astype(np.int64)
    within = np.arange(int(counts.sum())) - np.repeat(new_ends - counts, counts)
    return rows[np.repeat(starts[pairs], counts) + within], new_ends


@dataclass(frozen=True, eq=False)
class MatchesFile:
    """The matches file.

    Attributes
    ----------
    settings : dict
        Model, matcher, calibration and everything else that the content hangs on.
    names, sha256 : list of str
        The photos, sorted by name, and the SHA-256 of their files.
    matches : PairMatches
        What the local features say.
    source : ndarray of uint8, shape (E,)
        Index into ``SOURCES``: why the pair was looked at.
    score : ndarray of float64, shape (E,)
        Score of the descriptors in the pairs file; NaN where it does not list the pair.
    probability : ndarray of float64, shape (E,)
        That both photos show the same building.
    verdict : ndarray of uint8, shape (E,)
        Index into ``VERDICTS``.
    looked_again : ndarray of uint8, shape (E,)
        1 where overlays that the collection knows were taken out: then the result hangs on more than the two photos.
    """

    settings: dict[str, Any]
    names: list[str]
    sha256: list[str]
    matches: PairMatches
    source: NDArray[np.uint8]
    score: NDArray[np.float64]
    probability: NDArray[np.float64]
    verdict: NDArray[np.uint8]
    looked_again: NDArray[np.uint8]

    @property
    def checksum(self) -> str:
        """Over names and all columns."""
        arrays = [getattr(self.matches, each.name) for each in fields(PairMatches)]
        return digest(self.names, self.sha256, *arrays, *(getattr(self, name) for name in _OWN_COLUMNS))


_OWN_COLUMNS = {
    "source": np.uint8,
    "score": np.float64,
    "probability": np.float64,
    "verdict": np.uint8,
    "looked_again": np.uint8,
}


def matches_path(outputs_dir: Path, model: str) -> Path:
    """Give the path of a model's matches file."""
    return outputs_dir / f"matches-{model}.h5"


def table_path(outputs_dir: Path, model: str) -> Path:
    """Give the path of the same as text."""
    return outputs_dir / f"matches-{model}.tsv"


def write_matches(path: Path, content: MatchesFile) -> None:
    """Write a matches file atomically."""
    with new_hdf5(path, MATCHES_FORMAT, MATCHES_VERSION, content.settings) as file:
        write_names(file, "names", content.names)
        write_names(file, "sha256", content.sha256)
        for each in fields(PairMatches):
            write_array(file, each.name, getattr(content.matches, each.name))
        for name in _OWN_COLUMNS:
            write_array(file, name, getattr(content, name))
        file.attrs["checksum"] = content.checksum


def read_matches(path: Path) -> MatchesFile:
    """Read a matches file.

    Raises
    ------
    StageError
        When there is none.
    DamagedFileError
        When it is not what was written.
    """
    with open_hdf5(path, MATCHES_FORMAT, MATCHES_VERSION, MADE_BY) as file:
        names, hashes = read_image_names(file, "names"), read_names(file, "sha256")
        count = len(file["first"])
        columns = {
            name: read_array(file, name, dtype, (count, *shape)) for name, (dtype, shape) in COLUMN_TYPES.items()
        }
        for name, end in _RAGGED.items():
            columns[end] = read_array(file, end, np.int64, (count,))
            columns[name] = read_array(file, name, np.uint16, (None, 2))
        own = {name: read_array(file, name, dtype, (count,)) for name, dtype in _OWN_COLUMNS.items()}
        settings: dict[str, Any] = json.loads(str(file.attrs["settings"]))
        content = MatchesFile(settings, names, hashes, PairMatches(**columns), **own)
        if file.attrs["checksum"] != content.checksum:
            raise ValueError("its checksum does not agree")
        _check_rows(content)
    return content


def _check_rows(content: MatchesFile) -> None:
    rows = np.concatenate([content.matches.first, content.matches.second])
    if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < len(content.names):
        raise ValueError("it names photos that it does not list")


TABLE_COLUMNS = (
    *("name0", "name1", "probability", "verdict", "matches", "inliers", "distinctiveness", "guided", "by_chance"),
    *("coverage0", "coverage1", "overlay", "kind", "a", "b", "c", "d", "e", "f", "score", "source"),
)


def write_table(path: Path, content: MatchesFile) -> None:
    """Write the pairs as text for people and spreadsheets, TABs between the columns; ``docs/formats.md`` tells them."""
    lines = ["\t".join(TABLE_COLUMNS), *("\t".join(row) for row in _table_rows(content))]
    write_text(path, "\n".join(lines) + "\n")


def _table_rows(content: MatchesFile) -> Iterator[list[str]]:
    matches = content.matches
    for pair in range(len(matches)):
        yield [
            content.names[matches.first[pair]],
            content.names[matches.second[pair]],
            f"{content.probability[pair]:.4f}",
            VERDICTS[content.verdict[pair]],
            str(matches.num_matches[pair]),
            str(matches.num_places[pair]),
            f"{matches.distinctiveness[pair]:.2f}",
            str(matches.num_guided[pair]),
            f"{matches.by_chance[pair]:.2f}",
            *(f"{share:.3f}" for share in matches.coverage[pair]),
            str(matches.num_overlay[pair]),
            KINDS[matches.kind[pair]],
            *(f"{value:.6g}" for value in matches.transform[pair].ravel()),
            "" if np.isnan(content.score[pair]) else repr(float(content.score[pair])),
            SOURCES[content.source[pair]],
        ]
