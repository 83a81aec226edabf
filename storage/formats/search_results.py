"""``search.json``, ``search.csv`` and ``search-groups.csv``: what indexes found, how fast, with which settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from storage.atomic import write_text
from storage.errors import DamagedFileError
from storage.formats.csv_text import csv_text
from storage.formats.json_file import read_versioned_json, write_checked_json

FORMAT, VERSION = "search-experiment", 1
RESULTS_NAME, TABLE_NAME, GROUPS_NAME = "search.json", "search.csv", "search-groups.csv"
MADE_BY = "python -m tools.search_experiment"
RUN_KEYS = ("index", "metric", "label", "ms_per_query", "build_s", "memory_bytes", "recall", "overlap", "groups")
_MEASURES = ("map", "mrr")
_RERANK = ("matcher", "num_keypoints", "num_rerank", "compared", "verified")


def write_results(folder: Path, content: Mapping[str, Any]) -> dict[str, Path]:
    """Write the three files atomically, the JSON last; give their paths by what they are.

    Parameters
    ----------
    content : Mapping
        What stands in the JSON file besides its format: ``settings``, ``versions``, ``inputs``, ``counts``, ``notes``
        and ``runs``, as ``docs/formats.md`` specifies them.
    """
    paths = {"table": folder / TABLE_NAME, "groups": folder / GROUPS_NAME, "results": folder / RESULTS_NAME}
    runs = content["runs"]
    write_text(paths["table"], _table(runs))
    if any(run["groups"] for run in runs):
        write_text(paths["groups"], _group_table(runs))
    else:
        paths.pop("groups").unlink(missing_ok=True)
    write_checked_json(paths["results"], {"format": FORMAT, "format_version": VERSION, **content})
    return paths


def read_results(path: Path) -> dict[str, Any]:
    """Read ``search.json``, or that of a folder.

    Raises
    ------
    StageError
        When there is no such file.
    DamagedFileError
        When it is damaged.
    """
    file = path / RESULTS_NAME if path.is_dir() else path
    content = read_versioned_json(file, MADE_BY, FORMAT, VERSION)
    runs = content.get("runs")
    if (
        not isinstance(runs, list)
        or not runs
        or any(not isinstance(run, dict) or set(RUN_KEYS) - set(run) for run in runs)
    ):
        raise DamagedFileError(f"damaged: {file} lacks runs, or parts of them; make it again with: {MADE_BY}")
    return content


def _table(runs: Sequence[Mapping[str, Any]]) -> str:
    ks = list(runs[0]["overlap"])
    columns = ["index", "metric", "factory", "built_with", "searched_with", "library", "is_exact"]
    times = ["train_s", "add_s", "build_s", "memory_bytes"]
    spread = list(runs[0]["ms_per_query"])
    heading = [*columns, *times, *(f"ms_per_query_{name}" for name in spread)]
    heading += [f"{name}_at_{k}" for name in ("recall", "overlap") for k in ks]
    heading += [*_MEASURES, *(f"rerank_{name}" for name in _RERANK), "rerank_ms_per_query_mean"]
    rows = []
    for run in runs:
        row = [json.dumps(run[name]) if isinstance(run[name], dict) else run[name] for name in (*columns, *times)]
        row += [run["ms_per_query"][name] for name in spread]
        row += [None if run[name] is None else run[name][k] for name in ("recall", "overlap") for k in ks]
        rerank = run.get("rerank") or {}
        row += [*(run[name] for name in _MEASURES), *(rerank.get(name) for name in _RERANK)]
        rows.append([*row, rerank.get("ms_per_query", {}).get("mean")])
    return csv_text(heading, rows)


def _group_table(runs: Sequence[Mapping[str, Any]]) -> str:
    ks = list(runs[0]["overlap"])
    heading = ["index", "metric", "label", "group", "queries", *(f"recall_at_{k}" for k in ks), *_MEASURES]
    rows = [
        [run["index"], run["metric"], run["label"], group, found["queries"], *(found["recall"][k] for k in ks)]
        + [found[name] for name in _MEASURES]
        for run in runs
        for group, found in run["groups"].items()
    ]
    return csv_text(heading, rows)
