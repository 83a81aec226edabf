"""The neighbours of queries, from scored pairs or descriptors, and which of them are right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hloc.lookup import look_up
from stages.evaluate import match_labels
from stages.retrieval.photo_lookup import PhotoLookup
from stages.settings.retrieval import NeighborSettings
from storage.errors import StageError, UsageError
from storage.formats.csv_rows import read_csv_rows
from storage.formats.features import Features, read_features
from storage.formats.labels import COLUMNS as LABEL_COLUMNS
from storage.formats.labels import SINGLE_LABEL, read_labels
from storage.formats.pairs import read_pairs
from storage.formats.truth import read_truth
from storage.progress import progress_bar


@dataclass(frozen=True)
class Neighbourhood:
    """What a query finds.

    Attributes
    ----------
    query : str
        Image name.
    neighbours : tuple of (str, float)
        Image names and scores, best first.
    right : frozenset of str or None
        What it should find; None where nobody said.
    """

    query: str
    neighbours: tuple[tuple[str, float], ...]
    right: frozenset[str] | None

    @property
    def rank(self) -> int | None:
        """Place of the first right neighbour, 1 for the best; None when there is none among them."""
        hits = (place for place, (name, _) in enumerate(self.neighbours, 1) if self.right and name in self.right)
        return next(hits, None)


@dataclass(frozen=True)
class Truth:
    """What is right.

    Attributes
    ----------
    sources : dict of str to frozenset of str
        By query; a query that should find nothing has an empty set.
    has_roles : bool
        True when queries and what they should find are different photos, so that no query is found by another.
    num_lost : int
        Lines that name photos that are not among those searched.
    """

    sources: dict[str, frozenset[str]]
    has_roles: bool
    num_lost: int = 0


@dataclass(frozen=True)
class NeighborInputs:
    """All queries with what they find; ``title`` says by what, ``num_lost`` as in :class:`Truth`."""

    title: str
    found: list[Neighbourhood]
    num_lost: int


def gather_neighbours(settings: NeighborSettings) -> NeighborInputs:
    """Read what is given and find the neighbours of every query.

    Raises
    ------
    UsageError
        When neither or both of pairs and descriptors are given, or descriptors cannot be compared.
    StageError
        When a file is missing or damaged, or no line of the truth is about these photos.
    """
    if (settings.pairs_file is None) == (settings.database is None):
        raise UsageError("give one of --pairs_file and --database")
    if settings.pairs_file is not None:
        if settings.queries is not None:
            raise UsageError("--queries goes with --database, not with --pairs_file")
        return _from_pairs(settings.pairs_file, settings)
    assert settings.database is not None
    database = read_features(settings.database)
    queries = None if settings.queries is None else read_features(settings.queries)
    if queries is not None:
        _check_comparable(database, queries)
    return _from_features(database, queries, settings)


def read_right(path: Path | None, queries: Sequence[str], database: Sequence[str]) -> Truth | None:
    """Read what is right: a truth of queries and sources, or labels of photos and buildings.

    Names may say less than the whole image name, as long as one photo fits.
    """
    if path is None:
        return None
    header = next(read_csv_rows(path), (1, list[str]()))[1]
    truth = (
        _of_labels(path, queries, database) if set(LABEL_COLUMNS) <= set(header) else _of_rows(path, queries, database)
    )
    if not truth.sources:
        raise StageError(f"no line of --truth {path} is about a query; the first query is {queries[0]!r}")
    return truth


def _of_labels(path: Path, queries: Sequence[str], database: Sequence[str]) -> Truth:
    labels = read_labels(path)
    label_of, unknown = match_labels([*dict.fromkeys([*database, *queries])], labels)
    members: dict[str, set[str]] = defaultdict(set)
    for name in database:
        if label_of.get(name, SINGLE_LABEL) != SINGLE_LABEL:
            members[label_of[name]].add(name)
    right = {name: frozenset(members[label_of[name]] - {name}) for name in queries if name in label_of}
    return Truth(right, has_roles=False, num_lost=len(unknown))


def _of_rows(path: Path, queries: Sequence[str], database: Sequence[str]) -> Truth:
    asked, answers = PhotoLookup(queries), PhotoLookup(database)
    sources: dict[str, set[str]] = defaultdict(set)
    num_lost = 0
    for row in read_truth(path):
        query, source = asked.find(row.query), answers.find(row.source)
        if len(query) == len(source) == 1:
            sources[query[0]].add(source[0])
        else:
            num_lost += 1
    return Truth({query: frozenset(found) for query, found in sources.items()}, has_roles=True, num_lost=num_lost)


def _from_pairs(path: Path, settings: NeighborSettings) -> NeighborInputs:
    pairs = read_pairs(path)
    names = sorted(pairs.names)
    truth = read_right(settings.truth, names, names)
    asked = _asked(names, truth)
    hidden = set(asked) if truth is not None and truth.has_roles else set()
    others: dict[str, dict[str, float]] = defaultdict(dict)
    for one, two, score in zip(pairs.first.tolist(), pairs.second.tolist(), pairs.scores.tolist(), strict=True):
        for query, other in ((pairs.names[one], pairs.names[two]), (pairs.names[two], pairs.names[one])):
            if other != query and other not in hidden:
                others[query][other] = max(score, others[query].get(other, score))
    found = [
        Neighbourhood(
            query,
            tuple(sorted(others[query].items(), key=lambda found: (-found[1], found[0]))[: settings.k]),
            _right(query, truth),
        )
        for query in asked
    ]
    return NeighborInputs(path.name, found, 0 if truth is None else truth.num_lost)


def _from_features(database: Features, queries: Features | None, settings: NeighborSettings) -> NeighborInputs:
    given = database if queries is None else queries
    truth = read_right(settings.truth, list(given.names), list(database.names))
    asked = _asked(given.names, truth)
    place = {name: row for row, name in enumerate(given.names)}
    rows = np.array([place[name] for name in asked], dtype=np.int64)
    kept, own = np.arange(len(database.names)), None
    if queries is None and truth is not None and truth.has_roles:
        kept = np.setdiff1d(kept, rows)
    elif queries is None:
        own = rows
    if not len(kept):
        raise StageError("every photo of --database is a query in --truth, so none is left to be found")
    names = [database.names[row] for row in kept.tolist()]
    vectors = database.descriptors if len(kept) == len(database.names) else database.descriptors[kept]
    looked_up = look_up(vectors, given.descriptors[rows], settings.k, own)
    found = [
        Neighbourhood(
            query, tuple((names[row], float(score)) for row, score in zip(*hits, strict=True)), _right(query, truth)
        )
        for query, hits in zip(asked, progress_bar(looked_up, len(asked), "searching"), strict=True)
    ]
    return NeighborInputs(database.model, found, 0 if truth is None else truth.num_lost)


def _asked(names: Sequence[str], truth: Truth | None) -> list[str]:
    """Give the queries: where the truth says who is one those, else all."""
    return [name for name in names if truth is None or not truth.has_roles or name in truth.sources]


def _right(query: str, truth: Truth | None) -> frozenset[str] | None:
    return None if truth is None else truth.sources.get(query)


def _check_comparable(database: Features, queries: Features) -> None:
    if (database.model, dict(database.settings)) != (queries.model, dict(queries.settings)):
        raise UsageError(
            f"--queries holds descriptors of {queries.model}, --database of {database.model}, or of other settings: "
            "they cannot be compared; extract both alike"
        )
    if not _is_same_state(database.state, queries.state):
        raise UsageError(
            f"--queries and --database were described by two {database.model} models, each learnt on its own photos: "
            "put all photos in one image folder, extract it once, and give that file as --database"
        )


def _is_same_state(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)
