"""The one writer of Parquet tables."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from storage.errors import UsageError
from storage.formats.parquet_table import IMAGE, NUMBER, TEXT, WHOLE, YES_OR_NO, check_pyarrow, write_parquet

COLUMNS: dict[str, tuple[str, list[Any]]] = {
    "name": (TEXT, ["a.jpg", "<b>.jpg"]),
    "x": (NUMBER, [0.5, -1.0]),
    "cluster": (WHOLE, [None, None]),
    "is_first": (YES_OR_NO, [True, False]),
    "image": (IMAGE, [{"bytes": b"jpeg", "path": "/p/a.jpg"}, None]),
}


def test_what_is_written_is_read_again_with_its_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet is optional")
    path = tmp_path / "map.parquet"
    assert write_parquet(path, COLUMNS) is True
    table = parquet.read_table(path)
    assert table.to_pydict() == {name: values for name, (_, values) in COLUMNS.items()}
    kinds = {name: str(table.schema.field(name).type) for name in ("name", "x", "cluster", "is_first")}
    assert kinds == {"name": "string", "x": "double", "cluster": "int64", "is_first": "bool"}


def test_the_same_table_is_not_written_again(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="Parquet is optional")
    path = tmp_path / "map.parquet"
    write_parquet(path, COLUMNS)
    before = path.stat().st_mtime_ns
    assert write_parquet(path, COLUMNS) is False and path.stat().st_mtime_ns == before


def test_without_pyarrow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"--parquet needs pyarrow, which is not installed: pip install pyarrow"):
        check_pyarrow("--parquet")
    with pytest.raises(UsageError, match="pip install pyarrow"):
        write_parquet(tmp_path / "map.parquet", COLUMNS)
    assert not list(tmp_path.iterdir())
