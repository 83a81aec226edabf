"""Which features of a folder are meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.feature_files import described_models, only_model
from storage.errors import StageError, UsageError


def save(folder: Path, *names: str) -> Path:
    """Make empty files."""
    for name in names:
        (folder / name).write_bytes(b"")
    return folder


def test_the_only_model_is_found_beside_other_files(tmp_path: Path) -> None:
    save(tmp_path, "global-feats-vlad.h5", "global-feats-vlad.hloc.h5", "matches-vlad.h5", "pairs-vlad.txt")
    assert described_models(tmp_path) == ["vlad"]
    assert only_model(tmp_path, "--model") == "vlad"


def test_models_that_pairs_were_made_of_together_are_meant_together(tmp_path: Path) -> None:
    save(tmp_path, "global-feats-vlad.h5", "global-feats-street.h5", "pairs-vlad.txt", "pairs-phash.txt")
    with pytest.raises(UsageError, match="features of several models in .*; choose by --features: street, vlad"):
        only_model(tmp_path, "--features")
    save(tmp_path, "pairs-vlad+street.txt", "pairs-vlad+street-verified.txt")
    assert only_model(tmp_path, "--features") == "vlad+street"


def test_a_further_model_beside_joined_ones_is_not_left_out_silently(tmp_path: Path) -> None:
    save(tmp_path, *(f"global-feats-{model}.h5" for model in ("vlad", "street", "netvlad")), "pairs-vlad+street.txt")
    with pytest.raises(UsageError, match="netvlad, street, vlad"):
        only_model(tmp_path, "--model")


def test_a_folder_without_features_says_how_to_make_some(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="make one with: python extract_features.py"):
        only_model(tmp_path, "--model")
