"""The Parquet table for viewers of embeddings."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from storage.errors import StageError
from storage.formats.embedding_table import check_pyarrow, write_embedding_table

COLUMNS = {"name": ["a.jpg", "<b>.jpg"], "x": [0.5, -1.0], "path": ["/p/a.jpg", "/p/<b>.jpg"]}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet is optional")
    path = tmp_path / "map.parquet"
    assert write_embedding_table(path, COLUMNS, [b"jpeg", None]) is True
    rows = parquet.read_table(path).to_pylist()
    assert rows[0] == {"name": "a.jpg", "x": 0.5, "path": "/p/a.jpg", "image": {"bytes": b"jpeg", "path": "/p/a.jpg"}}
    assert rows[1]["image"] is None
    assert write_embedding_table(path, COLUMNS, [b"jpeg", None]) is False


def test_without_pyarrow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StageError, match=r"--parquet needs pyarrow, which is not installed: pip install pyarrow"):
        check_pyarrow("--parquet")
    with pytest.raises(StageError, match="pip install pyarrow"):
        write_embedding_table(tmp_path / "map.parquet", COLUMNS, [None, None])
