"""What ``tools.explain_pair`` reads: the two photos that are meant, and whatever the stages have written about them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stages.settings.tools import ExplainSettings
from storage.errors import UsageError
from storage.fingerprints import sha256_of_file
from storage.formats.clusters import (
    CLUSTERS_INFO_NAME,
    CLUSTERS_NAME,
    SINGLETONS_KEY,
    read_clusters,
    read_clusters_info,
)
from storage.formats.decisions import DECISIONS_NAME, Decisions, read_decisions
from storage.formats.matches import MatchesFile, matches_path, read_matches
from storage.formats.pairs import (
    Pairs,
    list_pairs_files,
    pairs_path,
    read_origin,
    read_pairs,
    standing,
    verified_path,
)
from storage.names import clash_key

MAX_SHOWN = 5
VERIFIED = "-verified"
EMPTY: dict[str, Any] = {}


@dataclass(frozen=True, eq=False)
class Scored:
    """The pairs that the clusters are made of, and what the descriptor had listed.

    Attributes
    ----------
    pairs : Pairs or None
        Pairs with the scores that clusters are made of; None when there are none.
    is_probability : bool
        Whether these scores are probabilities.
    listed : Pairs or None
        What the descriptor lists.
    matches : MatchesFile or None
        What local features say; None when the pairs were never verified.
    """

    pairs: Pairs | None = None
    is_probability: bool = False
    listed: Pairs | None = None
    matches: MatchesFile | None = None


@dataclass(frozen=True, eq=False)
class Grouped:
    """The clusters and why they are as they are.

    Attributes
    ----------
    clusters : dict of str to list of str, or None
        Cluster number to image names, ``"-1"`` for those that are alone; None when there are no clusters.
    info : dict
        Content of ``clusters_info.json``; empty when there is none that belongs to the clusters.
    decisions : Decisions
        What a person decided.
    """

    clusters: dict[str, list[str]] | None = None
    info: dict[str, Any] = field(default_factory=dict)
    decisions: Decisions = field(default_factory=Decisions)

    def number_of(self, name: str) -> str | None:
        """Give the number of a photo's cluster, ``"-1"`` for one that is alone, None for one that is in no place."""
        found = [number for number, names in (self.clusters or {}).items() if name in names]
        return found[0] if found else None

    def members(self, name: str) -> list[str]:
        """Give the photos of a photo's cluster; the photo itself when it is alone."""
        number = self.number_of(name)
        return [name] if number in (None, SINGLETONS_KEY) else list((self.clusters or {})[str(number)])


# -- names ------------------------------------------------------------------------------------------------------------


def resolve_name(flag: str, text: str, image_dir: Path, names: Sequence[str]) -> str:
    """Find the photo that is meant by an image name, a path into the image folder, or the end of a name.

    Parameters
    ----------
    flag : str
        What the argument is called in an error.
    text : str
        What was given. The ending of the file may be left out; letters may be of another case when only one fits.
    image_dir : Path
        The image folder.
    names : sequence of str
        All image names.

    Raises
    ------
    UsageError
        When no photo fits, or several do; the message lists some.
    """
    wanted = text.replace("\\", "/") if os.sep == "\\" else text
    inside = _below(image_dir, text)
    known = set(names)
    for candidate in (wanted, inside):
        if candidate in known:
            return str(candidate)
    for is_meant in _readings(wanted):
        found = [name for name in names if is_meant(name)]
        if len(found) == 1:
            return found[0]
        if found:
            more = f" and {len(found) - MAX_SHOWN} more" if len(found) > MAX_SHOWN else ""
            shown = ", ".join(repr(name) for name in found[:MAX_SHOWN])
            raise UsageError(f"{flag} {text!r} fits {len(found)} photos: {shown}{more}; write more of the name")
    near = difflib.get_close_matches(wanted, names, MAX_SHOWN, 0.5)
    hint = f"; near it are {', '.join(map(repr, near))}" if near else ""
    raise UsageError(f"{flag} {text!r} is no photo of {image_dir}{hint}")


def _below(image_dir: Path, text: str) -> str | None:
    """Give the name of a photo by its path; links are not followed, names go by the folder as it was given."""
    path, folder = Path(os.path.abspath(text)), Path(os.path.abspath(image_dir))
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else None


def _readings(wanted: str) -> list[Callable[[str], bool]]:
    """Give what a text may mean, the strictest reading first."""
    key = clash_key(wanted)
    return [
        lambda name: f"/{name}".endswith(f"/{wanted}"),
        lambda name: f"/{_stem(name)}".endswith(f"/{wanted}"),
        lambda name: bool(wanted) and (name.endswith(wanted) or _stem(name).endswith(wanted)),
        lambda name: bool(key) and (clash_key(name).endswith(key) or clash_key(_stem(name)).endswith(key)),
    ]


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


# -- pairs ------------------------------------------------------------------------------------------------------------


def read_scored(settings: ExplainSettings, names: Sequence[str], grouped: Grouped, missing: list[str]) -> Scored:
    """Read the pairs that the clusters are made of; what is not there is added to ``missing`` in sentences."""
    path = settings.pairs_file or _find_pairs_file(settings.outputs_dir, grouped.info)
    if path is None:
        missing.append(
            f"no pairs-*.txt or pairs-*.h5 in {settings.outputs_dir}: make one with: python extract_features.py"
        )
        return Scored()
    pairs, origin = read_pairs(path, names), read_origin(path) or EMPTY
    model = str(origin["model"]) if origin else path.stem.removeprefix("pairs-").removesuffix(VERIFIED)
    listed_path, table = standing(pairs_path(path.parent, model)), matches_path(path.parent, model)
    is_probability = origin.get("is_probability") is True
    if not is_probability and standing(verified_path(path.parent, model)).is_file():
        missing.append(f"the pairs are those of {path}, which are not verified, although verified ones stand beside")
    if not table.is_file():
        missing.append(f"the pairs of {path} were not verified: probabilities need python match_pairs.py")
    matches = read_matches(table) if table.is_file() else None
    if matches is not None and is_probability and origin.get("matches_checksum") != matches.checksum:
        missing.append(f"{path} and {table} are not of one run: make both again with: python match_pairs.py")
    if listed_path == path or not listed_path.is_file():
        return Scored(pairs, is_probability, None if is_probability else pairs, matches)
    return Scored(pairs, is_probability, read_pairs(listed_path, names), matches)


def _find_pairs_file(outputs_dir: Path, info: dict[str, Any]) -> Path | None:
    """Find the pairs that the clusters were made of; else the only ones, verified before others."""
    named = outputs_dir / str(info.get("pairs_file", ""))
    if info and named.is_file():
        return named
    every = list_pairs_files(outputs_dir)
    stems = {path.stem for path in every}
    found = [path for path in every if f"{path.stem}{VERIFIED}" not in stems]
    if len(found) > 1:
        listed = ", ".join(str(path) for path in found)
        raise UsageError(f"several pairs files in {outputs_dir}; choose one by --pairs_file: {listed}")
    return found[0] if found else None


# -- clusters ---------------------------------------------------------------------------------------------------------


def read_grouped(settings: ExplainSettings, missing: list[str]) -> Grouped:
    """Read clusters, reasons and decisions; what is not there is added to ``missing`` in sentences."""
    decisions = _read_decisions(settings)
    path, info_path = settings.results_dir / CLUSTERS_NAME, settings.results_dir / CLUSTERS_INFO_NAME
    if not path.is_file():
        missing.append(f"no {path}: make it with: python create_clusters.py")
        return Grouped(decisions=decisions)
    clusters = read_clusters(path, settings.image_dir)
    if not info_path.is_file():
        missing.append(f"no {info_path}, so the reasons are not known: make it with: python create_clusters.py")
        return Grouped(clusters, decisions=decisions)
    info = read_clusters_info(info_path)
    if info.get("clusters_sha256") != sha256_of_file(path):
        missing.append(f"{info_path} does not belong to {path}: make both again with: python create_clusters.py")
        info = {}
    return Grouped(clusters, info, decisions)


def _read_decisions(settings: ExplainSettings) -> Decisions:
    path = settings.decisions or settings.results_dir / DECISIONS_NAME
    return read_decisions(path) if settings.decisions or path.exists() else Decisions()
