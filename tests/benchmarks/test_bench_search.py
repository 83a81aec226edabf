"""The drawn descriptors of the index benchmark are hard in the way that it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.bench_search import differences_from_brute_force, drawn, intrinsic_dimension, row_of
from hloc.exact_search import Found
from stages.retrieval.measuring import run_experiment
from stages.retrieval.search_experiment import run_as_json
from stages.settings.search import SearchSettings

pytest.importorskip("faiss")


def test_the_seed_alone_decides_the_draw() -> None:
    one, same, other = (drawn(300, 10, seed).database.rows for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_the_measured_dimension_grows_with_the_latent_one_and_stays_far_below_that_of_the_space() -> None:
    few, many = (intrinsic_dimension(drawn(3000, 10, 0, latent), 60) for latent in (4, 24))
    assert 2 < few < 8 and few + 4 < many < 60


def test_the_exact_index_finds_what_brute_force_finds() -> None:
    assert differences_from_brute_force(drawn(2000, 50, 0)) == 0


def test_an_exact_index_that_errs_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    import benchmarks.bench_search as bench

    def off_by_one(*given: object) -> Found:
        found = exact(*given)  # type: ignore[arg-type]
        return replace(found, rows=found.rows + 1)

    exact = bench.prove
    monkeypatch.setattr(bench, "prove", off_by_one)
    assert differences_from_brute_force(drawn(500, 20, 0)) == 20


def test_a_search_that_looks_at_less_finds_less_on_this_draw() -> None:
    settings = SearchSettings(index=("flat", "ivf"), nlist=(64,), nprobe=(1, 16), repeats=1, warmup=0)
    runs = [run_as_json(result) for result in run_experiment(drawn(6000, 100, 0), settings, ["cosine"])]
    flat, one, many = (run["overlap"]["10"] for run in runs)
    assert flat == 1 and one < many < 1 and one < 0.9
    assert row_of(runs[1]).startswith("| ivf nlist=64 nprobe=1 |")
