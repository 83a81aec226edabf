"""What is searched, who asks, and what each query should find."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from stages.retrieval.neighbor_inputs import Truth, read_right
from stages.retrieval.photo_lookup import PhotoLookup
from stages.retrieval.vectors import DATABASE, DISTRACTORS, QUERIES, SourceFile, VectorFiles, Vectors, join
from stages.settings.search import SearchSettings
from storage.errors import StageError, UsageError
from storage.formats.csv_rows import read_csv_rows
from storage.formats.truth import read_truth

NOT_THERE = -1
GROUP_COLUMN, PARAMETER_COLUMN = "attack", "parameter"


@dataclass(frozen=True, eq=False)
class SearchInputs:
    """An experiment, ready to run.

    Attributes
    ----------
    database : Vectors
        What is searched: the photos that may be right first, then the distractors. Photos without any feature, whose
        vector is zero, are left out.
    queries : Vectors
        What is looked for.
    own : ndarray of int64, (Q,)
        Row of each query itself in the database; -1 where it is not there.
    right : list of frozenset of int
        Rows that each query should find.
    num_right : ndarray of int64, (Q,)
        How many it should find, those that were left out included; 0 where nobody said.
    groups : list of str
        Attack that made each query, with its parameter; empty where the truth does not say.
    sources : list of SourceFile
        The files.
    notes : list of str
        What the user should know.
    num_distractors : int
        Rows at the end of the database that are distractors.
    """

    database: Vectors
    queries: Vectors
    own: NDArray[np.int64]
    right: list[frozenset[int]]
    num_right: NDArray[np.int64]
    groups: list[str]
    sources: list[SourceFile]
    notes: list[str] = field(default_factory=list)
    num_distractors: int = 0

    @property
    def is_judged(self) -> NDArray[np.bool_]:
        """Which queries should find something, (Q,)."""
        return self.num_right > 0


def gather_inputs(settings: SearchSettings) -> SearchInputs:
    """Read the files, put them together, find out what is right.

    Photos are told apart by their image names alone. A distractor is never right, whatever its name.

    Raises
    ------
    UsageError
        When vectors cannot be compared, or a setting is wrong.
    StageError
        When a file is missing or damaged, nothing is left to search, or the truth is about other photos.
    """
    files, notes = VectorFiles(), list[str]()
    flags = {QUERIES: settings.queries, DISTRACTORS: settings.distractors}
    parts = files.read(settings.database, DATABASE)
    database, others = join(parts, {flag: files.read(paths, flag) for flag, paths in flags.items() if paths})
    given = others.get(QUERIES, database)
    truth = _truth(settings, given.names, database.names)
    queries = given
    if truth is not None and truth.has_roles:
        is_query = np.array([name in truth.sources for name in given.names])
        queries = given.take(np.flatnonzero(is_query))
        database = database if settings.queries else database.take(np.flatnonzero(~is_query))
    if truth is not None and truth.num_lost:
        notes.append(f"{truth.num_lost} lines of --truth name photos that are not there, or several")
    searched, row_of = _searched(database, others.get(DISTRACTORS), notes)
    named = [frozenset[str]() if truth is None else truth.sources.get(name, frozenset()) for name in queries.names]
    right = [frozenset(row_of[name] for name in names if name in row_of) for names in named]
    own = _own_rows(queries, searched, right, notes)
    num_right = np.array([len(names) for names in named], np.int64)
    groups, num_distractors = _groups(settings, queries.names), len(searched.names) - len(row_of)
    return SearchInputs(
        searched, queries, own, right, num_right, groups, files.sources, notes, num_distractors=num_distractors
    )


def _truth(settings: SearchSettings, queries: Sequence[str], database: Sequence[str]) -> Truth | None:
    if settings.id_regex is None:
        return read_right(settings.truth, queries, database)
    try:
        pattern = re.compile(settings.id_regex)
    except re.error as error:
        raise UsageError(f"--id_regex {settings.id_regex}: is no regular expression ({error})") from None
    members: dict[str, set[str]] = defaultdict(set)
    for name in database:
        if identity := _identity(pattern, name):
            members[identity].add(name)
    is_apart = bool(settings.queries)
    identities = {name: _identity(pattern, name) for name in queries}
    sources = {
        name: frozenset(members[identity] if is_apart else members[identity] - {name})
        for name, identity in identities.items()
        if identity in members
    }
    if not any(sources.values()):
        raise StageError(
            f"--id_regex {settings.id_regex} finds no photo of the database for any query; the first query "
            f"{queries[0]!r} has the id {identities[queries[0]]!r}"
        )
    return Truth(sources, has_roles=False)


def _identity(pattern: re.Pattern[str], name: str) -> str:
    """Give the first group of the pattern in an image name, or all that it matches; empty where it is not found."""
    found = pattern.search(name)
    return "" if found is None else (found[1] if pattern.groups else found[0]) or ""


def _searched(database: Vectors, distractors: Vectors | None, notes: list[str]) -> tuple[Vectors, dict[str, int]]:
    """Give all that is searched, the database before the distractors, and the row of each name of the database."""
    candidates = _with_features(database, DATABASE, notes)
    row_of = {name: row for row, name in enumerate(candidates.names)}
    if distractors is not None:
        known = set(zip(candidates.names, candidates.sha256, strict=True))
        is_new = np.array([key not in known for key in zip(distractors.names, distractors.sha256, strict=True)])
        if not is_new.all():
            notes.append(f"{np.count_nonzero(~is_new)} distractors are photos of the database, and left out")
        more = _with_features(distractors.take(np.flatnonzero(is_new)), DISTRACTORS, notes)
        candidates = replace(
            candidates,
            names=[*candidates.names, *more.names],
            sha256=[*candidates.sha256, *more.sha256],
            rows=np.concatenate([candidates.rows, more.rows]),
        )
    if not candidates.names:
        raise StageError("nothing is left to search: every photo of --database is a query, or has no feature")
    return candidates, row_of


def _with_features(vectors: Vectors, flag: str, notes: list[str]) -> Vectors:
    """Leave photos with a zero vector out, which are like no other."""
    if vectors.is_binary:
        return vectors
    is_usable = np.any(vectors.rows, axis=1)
    if not is_usable.all():
        notes.append(f"{np.count_nonzero(~is_usable)} photos of {flag} have no feature and are not searched")
    return vectors.take(np.flatnonzero(is_usable))


def _own_rows(
    queries: Vectors, searched: Vectors, right: Sequence[frozenset[int]], notes: list[str]
) -> NDArray[np.int64]:
    """Give the row of each query itself: same name, same bytes; unless the truth names it, as a copy of itself."""
    row_of = {key: row for row, key in enumerate(zip(searched.names, searched.sha256, strict=True))}
    keys = list(zip(queries.names, queries.sha256, strict=True))
    own = np.array([row_of.get(key, NOT_THERE) for key in keys], np.int64)
    own[[row in rows for row, rows in zip(own.tolist(), right, strict=True)]] = NOT_THERE
    num_alike = Counter(searched.sha256)
    num_copies = sum(num_alike[sha256] > (row >= 0) for (_, sha256), row in zip(keys, own.tolist(), strict=True))
    if num_copies:
        notes.append(f"{num_copies} queries are, byte by byte, photos of the database under another name")
    return own


def _groups(settings: SearchSettings, queries: Sequence[str]) -> list[str]:
    """Give the attack and parameter of each query, from the columns of the truth; empty texts where it has none."""
    if settings.truth is None or GROUP_COLUMN not in next(read_csv_rows(settings.truth), (1, list[str]()))[1]:
        return [""] * len(queries)
    asked = PhotoLookup(queries)
    groups: dict[str, str] = {}
    for row in read_truth(settings.truth):
        found = asked.find(row.query)
        if len(found) == 1:
            parts = (row.labels.get(name, "") for name in (GROUP_COLUMN, PARAMETER_COLUMN))
            groups[found[0]] = " ".join(filter(None, parts))
    return [groups.get(name, "") for name in queries]
