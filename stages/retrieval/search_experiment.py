"""The stage of ``tools.search_experiment``: what indexes find of what they should, how fast, in how much memory."""

from __future__ import annotations

import importlib.util
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from hloc.retrieval_measures import RankMeasures
from hloc.search_indexes.engines import import_faiss
from stages.checks import check_range, settings_as_json
from stages.retrieval.measuring import Reranking, RunResult, run_experiment
from stages.retrieval.reranking import check_reranking, open_reranker
from stages.retrieval.search_inputs import SearchInputs, gather_inputs
from stages.settings.search import BACKENDS, METRICS, SearchSettings
from storage.errors import UsageError
from storage.formats.search_results import write_results
from storage.lock import work_lock
from storage.machine import usable_cores
from storage.report import PROJECT_VERSION, RunReport

STAGE = "search_experiment"
HAMMING = "hamming"
MAX_K = 1000
DECIMALS = 6


def search_experiment(settings: SearchSettings) -> RunReport:
    """Build indexes of a database, search them, and write what they found and how long it took.

    Writes ``search.json``, ``search.csv`` and, where the truth names attacks, ``search-groups.csv`` to
    ``settings.results_dir``.

    Returns
    -------
    RunReport
        Counts: ``database`` (photos that are searched), ``queries``, ``judged`` (queries of which it is known what they
        should find), ``runs``. The notes hold the table of the runs.

    Raises
    ------
    UsageError
        When a setting is wrong, vectors cannot be compared, or faiss is needed and not there.
    StageError
        When a file is missing or damaged, or nothing is left to search.
    """
    started = time.monotonic()
    _check(settings)
    with work_lock(settings.results_dir):
        inputs = gather_inputs(settings)
        metrics = _metrics(settings, inputs)
        report = RunReport(STAGE, settings_as_json(settings) | {"metric": list(metrics)})
        report.counts = {
            "database": len(inputs.database.names),
            "queries": len(inputs.queries.names),
            "judged": int(inputs.is_judged.sum()),
        }
        report.notes += inputs.notes
        if len(inputs.database.names) < max(settings.k):
            report.notes.append("there are fewer photos than the largest --k; it is left out")
        runs = []
        reranker = open_reranker(settings, inputs)
        for result in run_experiment(inputs, settings, metrics, reranker):
            runs.append(run_as_json(result))
            report.notes.append(_line(runs[-1]))
        report.skipped = [] if reranker is None else reranker.skipped()
        report.counts["runs"] = len(runs)
        paths = write_results(
            settings.results_dir,
            {
                "model": inputs.database.model,
                "settings": report.settings,
                "versions": versions(),
                "inputs": [asdict(source) for source in inputs.sources],
                "counts": dict(report.counts),
                "notes": inputs.notes,
                "runs": runs,
            },
        )
        report.outputs = {name: path.as_posix() for name, path in paths.items()}
        report.seconds = time.monotonic() - started
    return report


def versions() -> dict[str, Any]:
    """Give the versions of what computes, and of the machine what times hang on."""
    found: dict[str, Any] = {"project": PROJECT_VERSION, "python": platform.python_version()}
    found |= {name: version(name) for name in ("numpy", "scipy")}
    found["faiss"], found["threads"] = None, None
    if importlib.util.find_spec("faiss") is not None:
        faiss = import_faiss()
        found["faiss"], found["threads"] = faiss.__version__, faiss.omp_get_max_threads()
    return found | {"platform": platform.platform(), "cores": usable_cores()}


def run_as_json(result: RunResult) -> dict[str, Any]:
    """Give one element of ``runs``; ``docs/formats.md`` specifies it."""
    settings: dict[str, str | int] = {**result.plan.built_with, **result.searched_with}
    if result.reranking is not None:
        reranking = result.reranking.settings
        settings |= {"rerank": reranking["matcher"], "num_rerank": reranking["num_rerank"]}
    label = " ".join([result.plan.name, *(f"{name}={value}" for name, value in settings.items())])
    judged = None if result.measures is None else _judged(result.measures)
    return {
        "index": result.plan.name,
        "metric": result.metric,
        "label": label,
        "factory": result.plan.factory,
        "built_with": dict(result.plan.built_with),
        "searched_with": dict(result.searched_with),
        "library": result.library,
        "is_exact": result.plan.is_exact,
        "train_s": round(result.build.train_s, DECIMALS),
        "add_s": round(result.build.add_s, DECIMALS),
        "build_s": round(result.build.train_s + result.build.add_s, DECIMALS),
        "memory_bytes": result.memory_bytes,
        "repeats_s": [round(seconds, DECIMALS) for seconds in result.timing.repeats_s],
        "ms_per_query": {name: round(value, DECIMALS) for name, value in result.timing.ms_per_query().items()},
        "overlap": _by_k(result.overlap),
        "recall": None if judged is None else judged["recall"],
        "map": None if judged is None else judged["map"],
        "mrr": None if judged is None else judged["mrr"],
        "groups": {group: _judged(measures) for group, measures in result.groups.items()},
        "rerank": None if result.reranking is None else _rerank_as_json(result.reranking),
    }


def _rerank_as_json(reranking: Reranking) -> dict[str, Any]:
    reranked, before = reranking.reranked, reranking.before
    return {
        **reranking.settings,
        "compared": reranked.num_compared,
        "verified": reranked.num_verified,
        "ms_per_query": {name: round(value, DECIMALS) for name, value in reranked.ms_per_query().items()},
        "before": None if before is None else _judged(before),
    }


def _judged(measures: RankMeasures) -> dict[str, Any]:
    return {
        "queries": measures.num_queries,
        "recall": _by_k(measures.recall),
        "map": round(measures.mean_average_precision, DECIMALS),
        "mrr": round(measures.mean_reciprocal_rank, DECIMALS),
    }


def _by_k(values: Mapping[int, float]) -> dict[str, float]:
    return {str(k): round(value, DECIMALS) for k, value in values.items()}


def _line(run: Mapping[str, Any]) -> str:
    """Give one run as a line for people."""
    speed = run["ms_per_query"]
    told = [f"{run['label']}, {run['metric']}:"]
    if run["recall"] is not None:
        told += [f"recall@{k} {value:.4f}," for k, value in run["recall"].items()]
        told += [f"mAP {run['map']:.4f}, MRR {run['mrr']:.4f},"]
    if not run["is_exact"]:
        told += [f"finds {value:.4f} of the nearest {k}," for k, value in list(run["overlap"].items())[-1:]]
    told += [f"{speed['median']:.4g} ms a query ({speed['min']:.4g} to {speed['max']:.4g}),"]
    if run["rerank"] is not None:
        told += [f"re-ranked in {run['rerank']['ms_per_query']['mean']:.4g} ms a query and core,"]
    return " ".join([*told, f"built in {run['build_s']:.3g} s, {run['memory_bytes'] / 1e6:.1f} MB"])


def _metrics(settings: SearchSettings, inputs: SearchInputs) -> Sequence[str]:
    is_binary = inputs.database.is_binary
    metrics = tuple(dict.fromkeys(settings.metric)) or ((HAMMING,) if is_binary else ("cosine",))
    for metric in metrics:
        if (metric == HAMMING) != is_binary:
            kind = (
                "hashes, which --metric hamming compares" if is_binary else "descriptors, which hamming cannot compare"
            )
            raise UsageError(f"--metric {metric}: --database holds {kind}")
    return metrics


def _check(settings: SearchSettings) -> None:
    if not settings.database:
        raise UsageError("--database is missing: give features files, or folders of hashes")
    if settings.truth is not None and settings.id_regex is not None:
        raise UsageError("give one of --truth and --id_regex")
    for metric in settings.metric:
        if metric not in METRICS:
            raise UsageError(f"--metric {metric}: is not known; choose from {', '.join(METRICS)}")
    if settings.backend not in BACKENDS:
        raise UsageError(f"--backend {settings.backend}: is not known; choose from {', '.join(BACKENDS)}")
    if not settings.k or not settings.index:
        raise UsageError("--k and --index need a value")
    for k in settings.k:
        check_range("--k", k, 1, MAX_K)
    check_range("--repeats", settings.repeats, 1, 1000)
    check_range("--warmup", settings.warmup, 0, 1000)
    check_reranking(settings)
