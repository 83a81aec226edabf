"""Plans of indexes, and indexes against brute force."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from hloc.exact_search import prove, search_exactly
from hloc.retrieval_measures import overlap
from hloc.search_indexes import KINDS, plan_indexes
from hloc.search_indexes.base import IndexOptions, SearchIndex, Size
from hloc.search_indexes.engines import create_index
from hloc.search_indexes.ivf import default_nlist
from hloc.search_indexes.pq import default_parts
from hloc.search_metrics import METRICS
from stages.settings.search import BACKENDS
from stages.settings.search import KINDS as NAMES
from storage.errors import StageError, UsageError

RNG = np.random.default_rng(1)
CENTRES = np.abs(RNG.normal(size=(20, 16)))
ROWS = np.abs(np.repeat(CENTRES, 20, axis=0) + 0.1 * RNG.normal(size=(400, 16))).astype(np.float32)
BITS = RNG.integers(0, 256, (400, 2), dtype=np.uint8)  # 16 bits: most distances tie
SIZE = Size(400, 16)


def built(index: str, metric: str, backend: str = "faiss", **options: tuple[int, ...]) -> SearchIndex:
    if backend == "faiss":
        pytest.importorskip("faiss")
    plan = plan_indexes(index, IndexOptions(metric, **options), SIZE)[0]
    made = create_index(plan, METRICS[metric], backend)
    made.build(prepared(metric))
    made.choose(plan.searched_with[-1])
    return made


def prepared(metric: str) -> np.ndarray:
    return METRICS[metric].prepare(BITS if metric == "hamming" else ROWS)


@pytest.mark.parametrize("metric", ["cosine", "ip", "l2", "l1", "hamming"])
def test_flat_of_faiss_equals_brute_force_to_the_row(metric: str) -> None:
    rows, own = prepared(metric), np.arange(400)
    rows = np.concatenate([rows[:200], rows[:200]])  # every row twice
    index = built("flat", metric)
    index.build(rows)
    found = prove(index.search, METRICS[metric], rows, rows, 10, own)
    exact = search_exactly(METRICS[metric], rows, rows, 10, own)
    np.testing.assert_array_equal(found.rows, exact.rows)
    np.testing.assert_array_equal(found.scores, exact.scores)


@pytest.mark.parametrize(
    ("index", "metric"),
    [
        ("ivf", "cosine"),
        ("ivf", "l1"),
        ("ivf", "hamming"),
        ("hnsw", "l2"),
        ("hnsw", "hamming"),
        ("IVF8,SQ8", "l2"),
    ],
    ids=str,
)
def test_an_approximate_index_finds_most_of_the_nearest(index: str, metric: str) -> None:
    made, rows = built(index, metric, nlist=(8,), nprobe=(6,), ef_search=(64,)), prepared(metric)
    values, found = made.search(rows[:50], 5)
    assert (np.diff(values) <= 0).all()
    scores = np.array([METRICS[metric].pairs(rows[query], rows[found[query]]) for query in range(50)])
    exact = search_exactly(METRICS[metric], rows, rows[:50], 5)
    assert overlap(np.round(scores, 7), exact.scores, 5) > 0.8


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_codes_of_vectors_find_those_of_the_same_centre(metric: str) -> None:
    made = built("pq", metric)
    found = made.search(prepared(metric)[::8], 10)[1]
    assert np.mean(found // 20 == np.arange(0, 400, 8)[:, None] // 20) > 0.95


def test_more_lists_find_more() -> None:
    made = built("ivf", "l2", nlist=(40,), nprobe=(1,))
    exact = search_exactly(METRICS["l2"], ROWS, ROWS, 10)
    shares = []
    for nprobe in (1, 40):
        made.choose({"nprobe": nprobe})
        found = made.search(ROWS, 10)[1]
        shares.append(np.mean([len(set(one) & set(other)) for one, other in zip(found, exact.rows, strict=True)]))
    assert shares[0] < shares[1] > 9.9


def test_codes_take_less_memory_than_vectors() -> None:
    codes, flat = built("SQ8", "cosine"), built("flat", "cosine")
    assert codes.memory_bytes < flat.memory_bytes
    assert flat.memory_bytes >= ROWS.nbytes


def test_the_divergence_is_computed_here_even_where_faiss_is_asked_for() -> None:
    index = built("flat", "js")
    assert index.library == "numpy" and index.memory_bytes == ROWS.nbytes
    assert index.search(prepared("js")[:3], 1)[1][:, 0].tolist() == [0, 1, 2]


def test_without_faiss_flat_works_and_others_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    assert built("flat", "cosine", "auto").library == "numpy"
    with pytest.raises(UsageError, match=r"pip install -r requirements-search\.txt"):
        built("hnsw", "cosine", "auto")


@pytest.mark.parametrize(
    ("index", "metric", "backend", "message"),
    [
        ("ivf", "js", "auto", "flat alone"),
        ("ivf", "l2", "numpy", "only flat"),
        ("PQ4x8", "l1", "auto", "know no l1"),
        ("pq", "l1", "auto", "codes keep"),
        ("BFlat", "l2", "auto", "indexes of bits"),
        ("Flat", "hamming", "auto", "indexes of bits"),
        ("IVF9999,Flat", "l2", "auto", "between 1 and 400"),
    ],
)
def test_what_cannot_be_searched_so_is_refused(index: str, metric: str, backend: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        built(index, metric, backend)


@pytest.mark.parametrize("flag", ["nlist", "nprobe", "hnsw_m", "ef_construction", "ef_search", "pq_m"])
def test_a_value_below_1_is_refused_by_its_flag(flag: str) -> None:
    index = {"n": "ivf", "h": "hnsw", "e": "hnsw", "p": "pq"}[flag[0]]
    with pytest.raises(UsageError, match=f"--{flag}"):
        plan_indexes(index, IndexOptions(**{flag: (0,)}), SIZE)


def test_a_string_that_faiss_does_not_know_is_one_line() -> None:
    with pytest.raises(StageError, match="faiss refuses") as caught:
        built("Nonsense7", "l2")
    assert "\n" not in str(caught.value)


def test_several_values_are_several_plans_and_searches() -> None:
    plans = plan_indexes("hnsw", IndexOptions(hnsw_m=(8, 16), ef_construction=(20,), ef_search=(4, 5, 6)), SIZE)
    assert [plan.factory for plan in plans] == ["HNSW8", "HNSW16"] and len(plans[0].searched_with) == 3
    lists = plan_indexes("ivf", IndexOptions(nlist=(4,), nprobe=(1, 8, 32)), SIZE)[0]
    assert [dict(one) for one in lists.searched_with] == [{"nprobe": 1}, {"nprobe": 4}]


def test_defaults_fit_small_and_large_databases() -> None:
    assert [default_nlist(num) for num in (1, 4, 400, 1_000_000)] == [1, 4, 80, 4000]
    assert [default_parts(numbers) for numbers in (2048, 256, 36, 7)] == [64, 64, 4, 1]


def test_codes_need_as_many_vectors_as_codewords() -> None:
    with pytest.raises(UsageError, match="256 codewords"):
        plan_indexes("pq", IndexOptions(), Size(255, 16))


def test_the_flags_offer_what_is_registered() -> None:
    assert set(NAMES) == set(KINDS) and "auto" in BACKENDS
