"""The check of a work folder: every file is read again, and what does not add up is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hloc.extractors import JOINT
from stages.export import LITTER, TREE_NAME
from stages.image_folder import photos_in
from storage.errors import StageError, UsageError
from storage.fingerprints import sha256_of_file
from storage.folders import paths_in
from storage.formats.clusters import CLUSTERS_INFO_NAME, CLUSTERS_NAME, read_clusters, read_clusters_info
from storage.formats.export import EXPORT_NAME, read_export
from storage.formats.features import Features, joined_checksum, read_features
from storage.formats.manifest import MANIFEST_NAME, read_manifest
from storage.formats.matches import matches_path, read_matches
from storage.formats.pairs import list_pairs_files, pairs_path, read_origin, read_pairs, standing
from storage.progress import progress_bar
from storage.tree import walk_files

MAX_NORM_ERROR = 2e-3  # a float16 unit vector of 4,096 values is off by up to 1e-3
SHOWN_NAMES = 3


@dataclass(frozen=True)
class WorkFolders:
    """The three folders of a work folder."""

    image_dir: Path
    outputs_dir: Path
    results_dir: Path


@dataclass
class CheckResult:
    """What a check found.

    Attributes
    ----------
    checked : list of str
        Every file or tree that was read, with what it holds.
    problems : list of str
        What does not add up, each with its path.
    """

    checked: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 when all adds up, 1 when anything does not."""
        return 1 if self.problems else 0

    def as_json(self) -> dict[str, Any]:
        """Give everything as JSON types."""
        return {"checked": self.checked, "problems": self.problems, "exit_code": self.exit_code}

    def as_text(self) -> str:
        """Give one line per checked file and per problem."""
        lines = [f"read  {line}" for line in self.checked] + [f"WRONG {line}" for line in self.problems]
        verdict = f"{len(self.problems)} problems" if self.problems else "all adds up"
        return "\n".join([*lines, f"{len(self.checked)} files checked: {verdict}"]) + "\n"


def check_results(folders: WorkFolders) -> CheckResult:
    """Read every file of a work folder again and check it against the others.

    Raises
    ------
    UsageError
        When there is nothing to check.
    """
    result = CheckResult()
    check = _Check(folders, result)
    for step in (check.copies, check.features, check.pairs, check.clusters, check.export):
        check.guarded(step)
    if not result.checked and not result.problems:
        raise UsageError(f"nothing to check: no result of any stage in {folders.outputs_dir} or {folders.results_dir}")
    return result


class _Check:
    """One run of all checks."""

    def __init__(self, folders: WorkFolders, result: CheckResult) -> None:
        self.folders = folders
        self.result = result
        self.on_disk: dict[str, str] = {}
        self.features_of: dict[str, Features] = {}

    def guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except StageError as error:
            self.result.problems.append(str(error))
        except OSError as error:
            self.result.problems.append(f"{error.filename}: {error.strerror}")

    def _wrong(self, path: Path, problem: str, names: Sequence[str] = ()) -> None:
        shown = ", ".join(repr(name) for name in names[:SHOWN_NAMES])
        more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
        self.result.problems.append(f"{path}: {problem}{f': {shown}{more}' if names else ''}")

    def copies(self) -> None:
        """Hash every photo; compare with the manifest where there is one."""
        folder = self.folders.image_dir
        names = photos_in(folder, follow_links=False)
        self.on_disk = {name: sha256_of_file(folder / name) for name in progress_bar(names, len(names), "photos")}
        path = folder / MANIFEST_NAME
        if not path.is_file():
            return
        entries = read_manifest(path).entries
        self.result.checked.append(f"{path}: {len(entries)} photos")
        known = {
            entry.name: {entry.fingerprint.sha256, *([entry.resized.fingerprint.sha256] if entry.resized else [])}
            for entry in entries
        }
        self._report_names(path, "copies are missing", sorted(known.keys() - self.on_disk.keys()))
        self._report_names(path, "photos are not in the manifest", sorted(self.on_disk.keys() - known.keys()))
        altered = [name for name, found in self.on_disk.items() if name in known and found not in known[name]]
        self._report_names(path, "copies were altered", altered)

    def _report_names(self, path: Path, problem: str, names: Sequence[str]) -> None:
        if names:
            self._wrong(path, f"{len(names)} {problem}", names)

    def features(self) -> None:
        """Check every features file against its checksum and the photos."""
        for path in paths_in(self.folders.outputs_dir, "global-feats-*.shards"):
            self._wrong(path, "an extraction was not finished; run extract_features.py again")
        for path in paths_in(self.folders.outputs_dir, "global-feats-*.h5"):
            if not path.name.endswith(".hloc.h5"):
                self.guarded(lambda path=path: self._one_features_file(path))  # type: ignore[misc]

    def _one_features_file(self, path: Path) -> None:
        features = read_features(path)
        self.features_of[features.model] = features
        self.result.checked.append(f"{path}: {len(features.names)} descriptors")
        if list(features.names) != sorted(set(features.names)):
            self._wrong(path, "its names are not sorted, or stand twice")
        norms = np.linalg.norm(features.descriptors.astype(np.float64), axis=1)
        is_bad = ~((np.abs(norms - 1) <= MAX_NORM_ERROR) | (norms == 0))
        self._report_names(
            path, "descriptors are no unit vectors", [features.names[row] for row in is_bad.nonzero()[0]]
        )
        stored = {name: found.sha256 for name, found in zip(features.names, features.fingerprints, strict=True)}
        self._report_names(path, "photos are gone", sorted(stored.keys() - self.on_disk.keys()))
        changed = [name for name, found in stored.items() if self.on_disk.get(name, found) != found]
        self._report_names(path, "photos changed since", changed)
        skipped = {photo.name for photo in features.skipped}
        self._report_names(path, "photos are missing in it", sorted(self.on_disk.keys() - stored.keys() - skipped))

    def pairs(self) -> None:
        """Check every pairs file against its origin and the features."""
        unfinished = self.folders.outputs_dir / "matches.shards"
        if unfinished.exists():
            self._wrong(unfinished, "a verification was not finished; run match_pairs.py again")
        for path in list_pairs_files(self.folders.outputs_dir):
            self.guarded(lambda path=path: self._one_pairs_file(path))  # type: ignore[misc]

    def _one_pairs_file(self, path: Path) -> None:
        origin = read_origin(path)
        pairs = read_pairs(path, self.on_disk)
        self.result.checked.append(f"{path}: {len(pairs.scores)} pairs")
        self._report_names(
            path, "photos of it are not in the image folder", sorted(set(pairs.names) - set(self.on_disk))
        )
        if origin is not None and origin.get("is_probability"):
            self._check_verified(path, origin)
            return
        models = str(origin.get("model")).split(JOINT) if origin else []
        if origin is None or not set(models) <= self.features_of.keys():
            return
        checksum = joined_checksum([self.features_of[model].checksum for model in models])
        if checksum != origin.get("features_checksum"):
            self._wrong(path, "it was made from other descriptors; run extract_features.py again")

    def _check_verified(self, path: Path, origin: Mapping[str, Any]) -> None:
        """Check verified pairs against their table, their candidates and the photos."""
        model = str(origin.get("model"))
        candidates, table_path = standing(pairs_path(path.parent, model)), matches_path(path.parent, model)
        if candidates.is_file() and sha256_of_file(candidates) != origin.get("pairs_sha256"):
            self._wrong(path, f"it was made from another {candidates.name}; run match_pairs.py again")
        table = read_matches(table_path)
        self.result.checked.append(f"{table_path}: {len(table.matches)} pairs")
        if table.checksum != origin.get("matches_checksum"):
            self._wrong(path, f"it does not belong to {table_path.name}; run match_pairs.py again")
        stored = dict(zip(table.names, table.sha256, strict=True))
        changed = [name for name, found in stored.items() if self.on_disk.get(name, found) != found]
        self._report_names(table_path, "photos changed since", changed)

    def clusters(self) -> None:
        """Check the clusters against their reasons and the photos."""
        path, info_path = (self.folders.results_dir / name for name in (CLUSTERS_NAME, CLUSTERS_INFO_NAME))
        if not path.exists() and not info_path.exists():
            return
        clusters = read_clusters(path, self.folders.image_dir)
        info = read_clusters_info(info_path)
        placed = {name for members in clusters.values() for name in members}
        self.result.checked.append(f"{path}: {len(clusters) - 1} clusters, {len(placed)} photos")
        self.result.checked.append(f"{info_path}: {len(info.get('clusters', {}))} reasons")
        if info.get("clusters_sha256") != sha256_of_file(path):
            self._wrong(info_path, "it belongs to another clusters.json; run create_clusters.py again")
        skipped = {photo["name"] for photo in info.get("skipped", [])}
        self._report_names(path, "photos are in no place", sorted(set(self.on_disk) - placed - skipped))
        self._report_names(path, "photos are not in the image folder", sorted(placed - set(self.on_disk)))

    def export(self) -> None:
        """Check every exported photo against what was exported."""
        path = self.folders.results_dir / EXPORT_NAME
        record = read_export(path)
        if record is None:
            return
        tree = self.folders.results_dir / TREE_NAME
        self.result.checked.append(f"{tree}: {len(record.photos)} photos")
        if record.clusters_sha256 != sha256_of_file(self.folders.results_dir / CLUSTERS_NAME):
            self._wrong(tree, "it was exported from another clusters.json; run export_clusters.py again")
        found = set(_files_below(tree))
        self._report_names(tree, "exported photos are missing", sorted(record.photos.keys() - found))
        self._report_names(tree, "files were not put there by the export", sorted(found - record.photos.keys()))
        both = sorted(found & record.photos.keys())
        altered = [
            name
            for name in progress_bar(both, len(both), "exported photos")
            if sha256_of_file(tree / name) != record.photos[name].fingerprint.sha256
        ]
        self._report_names(tree, "exported photos were altered", altered)


def _files_below(tree: Path) -> Iterator[str]:
    for name in walk_files(tree):
        if name.rsplit("/", 1)[-1] not in LITTER:
            yield name
