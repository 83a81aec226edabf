"""Which models described the photos of a folder, and which of them is meant."""

from __future__ import annotations

from pathlib import Path

from hloc.extractors import JOINT
from storage.errors import StageError, UsageError
from storage.folders import paths_in
from storage.formats.features import MADE_BY
from storage.formats.pairs import list_pairs_files

_START, _END, _OTHER_LAYOUT = "global-feats-", ".h5", ".hloc.h5"


def described_models(outputs_dir: Path) -> list[str]:
    """List the models whose features lie in a folder, sorted."""
    every = [path.name for path in paths_in(outputs_dir, f"{_START}*{_END}")]
    return [name[len(_START) : -len(_END)] for name in every if not name.endswith(_OTHER_LAYOUT)]


def only_model(outputs_dir: Path, flag: str) -> str:
    """Give the model of the features in a folder: the only one, or the joined ones ``A+B`` that pairs were made of.

    Raises
    ------
    StageError
        When there are no features.
    UsageError
        When there are several, and no pairs of just these joined; it names the flag to choose by.
    """
    known = described_models(outputs_dir)
    if not known:
        raise StageError(f"no {_START}*{_END} in {outputs_dir}; make one with: {MADE_BY}")
    if len(known) == 1:
        return known[0]
    paired = (path.stem.removeprefix("pairs-") for path in list_pairs_files(outputs_dir))
    joined = [model for model in paired if sorted(model.split(JOINT)) == known]
    if not joined:
        raise UsageError(f"features of several models in {outputs_dir}; choose by {flag}: {', '.join(known)}")
    return joined[0]
