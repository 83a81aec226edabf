"""The stage of tools.compare_images: pairs of similar photos, batches, skipping, going on after a kill."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hloc.similarities.base import Rows, Scores
from stages.compare import compare_images
from stages.settings.compare import CompareSettings
from storage.errors import StageError, UsageError
from storage.formats.pairs import read_origin, read_pairs
from storage.report import RunReport
from tests.drawn_digits import save_digits
from tests.drawn_photos import draw_photo
from tests.tiny_similarity import STRONG, PixelScorer, PixelSimilarity, register

Run = Callable[..., RunReport]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with 24 drawn digits, hardly jittered."""
    register(monkeypatch)
    save_digits(tmp_path / "datasets", 24, side=32, jitter=1)
    return tmp_path


def settings_of(work: Path, **changes: Any) -> CompareSettings:
    folders = {"image_dir": work / "datasets", "outputs_dir": work / "netvlad"}
    return CompareSettings(**{"method": "tiny", "num_workers": 0} | folders | changes)


def run(work: Path, **changes: Any) -> RunReport:
    return compare_images(settings_of(work, **changes))


def pairs(work: Path, method: str = "tiny", ending: str = ".txt") -> dict[tuple[str, str], float]:
    found = read_pairs(work / "netvlad" / f"pairs-{method}{ending}")
    rows = zip(found.first.tolist(), found.second.tolist(), found.scores.tolist(), strict=True)
    return {(found.names[one], found.names[two]): score for one, two, score in rows}


def origin(work: Path, method: str = "tiny") -> dict[str, Any]:
    found = read_origin(work / "netvlad" / f"pairs-{method}.txt")
    assert found is not None
    return found


def groups(work: Path, method: str = "tiny") -> set[frozenset[str]]:
    together: dict[str, set[str]] = {}
    for one, two in pairs(work, method):
        whole = together.get(one, {one}) | together.get(two, {two})
        together |= dict.fromkeys(whole, whole)
    return {frozenset(whole) for whole in together.values()}


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def test_pairs_at_or_above_the_threshold_are_written_once_in_the_order_of_names(work: Path) -> None:
    report = run(work, skip="none")
    found = pairs(work)
    names = sorted(path.name for path in (work / "datasets").iterdir())
    similarity = PixelSimilarity()
    features = [similarity.describe(np.asarray(_load(work / "datasets" / name))) for name in names]
    scores = PixelScorer(features).block(np.arange(24), np.arange(24))
    wanted = {
        (names[one], names[two]): float(scores[one, two])
        for one in range(24)
        for two in range(one + 1, 24)
        if scores[one, two] >= STRONG
    }
    assert found == pytest.approx(wanted) and list(found) == sorted(wanted) and len(wanted) > 10
    assert report.counts["comparisons"] == 24 * 23 // 2 and report.counts["pairs_not_compared"] == 0
    assert report.counts["similar_pairs"] == len(wanted) and report.exit_code == 0


def _load(path: Path) -> Any:
    from storage.photos import load_photo

    return load_photo(path)


def test_the_origin_tells_what_was_compared_and_how(work: Path) -> None:
    run(work)
    told = origin(work)
    assert told["model"] == "tiny" and told["similarity"] == {"similarity": "tiny", "side": 12}
    assert (told["threshold"], told["skip"], told["is_order_dependent"]) == (STRONG, "exact", False)
    assert (told["num_photos"], told["num_batches"], told["is_merged"]) == (24, 1, True)
    assert told["num_compared"] + told["num_skipped"] == 24 * 23 // 2 and told["num_skipped"] > 0
    assert told["num_clusters"] == len(groups(work))


def test_exact_finds_the_groups_of_none_with_fewer_comparisons(work: Path) -> None:
    everything = run(work, skip="none")
    wanted = groups(work)
    fewer = run(work, skip="exact")
    assert groups(work) == wanted
    assert fewer.counts["comparisons"] < everything.counts["comparisons"]


def test_where_blocks_are_scored_exact_keeps_all_pairs_and_counts_all(work: Path) -> None:
    run(work, method="tiny_blocks", skip="none")
    everything = pairs(work, "tiny_blocks")
    report = run(work, method="tiny_blocks", skip="exact")
    assert pairs(work, "tiny_blocks") == everything and report.counts["pairs_not_compared"] == 0


def test_leader_is_said_to_depend_on_the_order(work: Path) -> None:
    report = run(work, skip="leader")
    assert origin(work)["is_order_dependent"] is True
    assert any("depends on the order of the photos" in note for note in report.notes)


def test_a_second_run_computes_nothing_and_changes_no_file(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(work)
    before = tree(work)
    monkeypatch.setattr(PixelSimilarity, "scorer", _refuse)
    monkeypatch.setattr(PixelSimilarity, "describe", _refuse)
    report = run(work)
    assert report.is_current and tree(work) == before and report.counts["similar_pairs"] == len(pairs(work))


def _refuse(*_args: Any) -> Any:
    raise AssertionError("nothing is to be computed")


def test_a_new_photo_alone_is_described_and_the_pairs_are_those_of_a_fresh_run(work: Path) -> None:
    run(work)
    shutil.copy(work / "datasets" / "0003_2.png", work / "datasets" / "new_2.png")
    assert run(work).counts["computed_now"] == 1
    again = pairs(work)
    shutil.rmtree(work / "netvlad")
    run(work)
    assert pairs(work) == again and any("new_2.png" in pair for pair in again)


def test_a_photo_that_is_gone_is_in_no_pair(work: Path) -> None:
    run(work)
    gone = next(iter(pairs(work)))[0]
    (work / "datasets" / gone).unlink()
    assert run(work).counts["photos"] == 23
    assert not any(gone in pair for pair in pairs(work))


def test_photos_that_cannot_be_used_are_named_once_and_the_exit_code_says_so(work: Path) -> None:
    (work / "datasets" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    report = run(work)
    assert [photo.name for photo in report.skipped] == ["broken.jpg"] and report.exit_code == 3
    assert [photo["name"] for photo in origin(work)["skipped"]] == ["broken.jpg"]
    assert run(work).is_current


def test_a_photo_in_which_nothing_is_seen_is_kept_without_a_pair(work: Path) -> None:
    from PIL import Image

    Image.new("RGB", (32, 32), "white").save(work / "datasets" / "white.png")
    report = run(work)
    assert report.counts["described"] == 25 and not any("white.png" in pair for pair in pairs(work))


def test_none_usable_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    with pytest.raises(StageError, match="none of the 1 photos"):
        run(tmp_path)


def test_hdf5_holds_the_same_pairs(work: Path) -> None:
    run(work)
    text = pairs(work)
    run(work, pairs_format="hdf5")
    assert pairs(work, ending=".h5") == text and not (work / "netvlad" / "pairs-tiny.txt").exists()


# -- batches ----------------------------------------------------------------------------------------------------------


def test_one_batch_that_holds_all_gives_what_no_batch_gives(work: Path) -> None:
    run(work)
    alone = pairs(work)
    run(work, batch_size=24)
    assert pairs(work) == alone


@pytest.mark.parametrize("skip", ["exact", "none"])
@pytest.mark.parametrize("batch_size", [2, 5, 9])
def test_where_alike_is_transitive_batches_with_rescue_give_the_groups_of_one_run(
    work: Path, skip: str, batch_size: int
) -> None:
    shutil.rmtree(work / "datasets")
    (work / "datasets").mkdir()
    for number in range(20):  # copies of five photos: copies are alike, others not
        draw_photo(number % 5).save(work / "datasets" / f"{number:02d}.png", compress_level=number % 9)
    run(work, threshold=0.9999)
    wanted = groups(work)
    assert len(wanted) == 5
    run(work, threshold=0.9999, batch_size=batch_size, rescue_outliers=True, skip=skip)
    assert groups(work) == wanted


def test_batches_are_by_size_of_the_file_then_by_name(work: Path) -> None:
    run(work, batch_size=8, option="dontmerge", skip="none")
    names = sorted((path.stat().st_size, path.name) for path in (work / "datasets").iterdir())
    batch_of = {name: place // 8 for place, (_, name) in enumerate(names)}
    assert pairs(work) and all(batch_of[one] == batch_of[two] for one, two in pairs(work))
    told = origin(work)
    assert (told["num_batches"], told["is_merged"], told["num_compared"]) == (3, False, 3 * 28)
    for each in told["representatives"]:
        assert batch_of[each["photo"]] == each["batch"] and each["num_photos"] > 1


def test_representatives_of_different_batches_join_their_clusters(work: Path) -> None:
    run(work, batch_size=8, option="dontmerge")
    apart = groups(work)
    report = run(work, batch_size=8)
    assert len(groups(work)) < len(apart)
    told = origin(work)
    photos = {each["photo"] for each in told["representatives"]}
    batch = {each["photo"]: each["batch"] for each in told["representatives"]}
    run(work, batch_size=8, option="dontmerge")
    within = pairs(work)
    across = {pair for pair in _merged_pairs(work) if pair not in within}
    assert across and all(set(pair) <= photos and batch[pair[0]] != batch[pair[1]] for pair in across)
    assert report.counts["comparisons_across_batches"] == told["num_compared_across"] > 0


def _merged_pairs(work: Path) -> dict[tuple[str, str], float]:
    run(work, batch_size=8)
    return pairs(work)


@pytest.mark.parametrize("rescue", [True, False])
@pytest.mark.parametrize("skip", ["exact", "leader", "none"])
def test_stopping_before_the_merging_and_going_on_gives_the_bytes_of_one_run(
    work: Path, skip: str, rescue: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = {"batch_size": 7, "skip": skip}
    run(work, rescue_outliers=rescue, **how)
    files = ("pairs-tiny.txt", "pairs-tiny.json")
    whole = [(work / "netvlad" / name).read_bytes() for name in files]
    run(work, option="dontmerge", **how)
    assert [(work / "netvlad" / name).read_bytes() for name in files] != whole
    run(work, option="merge", rescue_outliers=rescue, **how)
    assert [(work / "netvlad" / name).read_bytes() for name in files] == whole
    assert run(work, option="merge", rescue_outliers=rescue, **how).is_current


def test_rescued_photos_are_compared_across_batches(work: Path) -> None:
    plain = run(work, batch_size=3)
    rescued = run(work, batch_size=3, rescue_outliers=True)
    assert rescued.counts["comparisons_across_batches"] > plain.counts["comparisons_across_batches"]
    assert rescued.counts["photos_without_a_pair"] < plain.counts["photos_without_a_pair"]


def test_merging_needs_pairs_of_batches(work: Path) -> None:
    with pytest.raises(StageError, match="holds no pairs of batches; make them with"):
        run(work, batch_size=8, option="merge")
    run(work, batch_size=8)
    with pytest.raises(StageError, match="holds no pairs of batches"):
        run(work, batch_size=8, option="merge", rescue_outliers=True)


def test_merging_with_other_settings_is_refused_and_changes_nothing(work: Path) -> None:
    run(work, batch_size=8, option="dontmerge")
    before = tree(work)
    for changes in ({"threshold": 0.95}, {"skip": "none"}, {"batch_size": 9}):
        with pytest.raises(UsageError, match=f"made with {next(iter(changes))} "):
            run(work, **{"batch_size": 8, "option": "merge"} | changes)
    assert tree(work) == before


def test_merging_after_the_photos_changed_is_refused(work: Path) -> None:
    run(work, batch_size=8, option="dontmerge")
    draw_photo(1).save(work / "datasets" / "new.png")
    with pytest.raises(StageError, match="the photos have changed since"):
        run(work, batch_size=8, option="merge")


# -- kills ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [{}, {"skip": "leader"}, {"skip": "none"}, {"batch_size": 7, "rescue_outliers": True}])
def test_killed_at_any_comparison_the_next_run_ends_with_the_same_bytes(
    work: Path, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.comparing.batches.CHECKPOINT_S", 0.0)
    monkeypatch.setattr("clustering.comparisons.PAIRS_AT_ONCE", 40)
    files = ("pairs-tiny.txt", "pairs-tiny.json")
    whole_scored = _counting(monkeypatch)
    run(work, **how)
    whole, total = [(work / "netvlad" / name).read_bytes() for name in files], whole_scored[0]
    for limit in (1, total // 3, 2 * total // 3, total - 1):
        for name in files:
            (work / "netvlad" / name).unlink()
        with pytest.raises(KeyboardInterrupt), monkeypatch.context() as patch:
            _counting(patch, limit)
            run(work, **how)
        again = _counting(monkeypatch)
        run(work, **how)
        assert [(work / "netvlad" / name).read_bytes() for name in files] == whole
        assert again[0] <= total - limit + 45  # the row or block that was cut, at most, once more
        assert not list((work / "netvlad").glob("*unfinished*"))


def _counting(monkeypatch: pytest.MonkeyPatch, limit: float = np.inf) -> list[int]:
    """Count the scores that are asked for; interrupt the run when they are more than ``limit``."""
    counted = [0]
    original = PixelScorer._round

    def pairs_of(self: PixelScorer, first: Rows, second: Rows) -> Scores:
        if counted[0] + len(first) > limit:
            raise KeyboardInterrupt
        counted[0] += len(first)
        return original(self, np.einsum("ij,ij->i", self.vectors[first], self.vectors[second]))

    monkeypatch.setattr(PixelScorer, "pairs", pairs_of)
    return counted


def test_an_unfinished_comparison_of_other_settings_is_not_gone_on_with(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.comparing.batches.CHECKPOINT_S", 0.0)
    with pytest.raises(KeyboardInterrupt), monkeypatch.context() as patch:
        _counting(patch, 100)
        run(work)
    run(work, threshold=0.8)
    found = pairs(work)
    shutil.rmtree(work / "netvlad")
    run(work, threshold=0.8)
    assert pairs(work) == found


# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "magic"}, "--method magic: is not known"),
        ({"threshold": 1.5}, "--threshold is 1.5, but must be -1 to 1"),
        ({"threshold": float("nan")}, "--threshold"),
        ({"batch_size": 1}, "--batch_size"),
        ({"num_workers": -1}, "--num_workers"),
        ({"skip": "most"}, "--skip is 'most'"),
        ({"option": "merge"}, "--option merge: has no use without --batch_size"),
        ({"rescue_outliers": True}, "--rescue_outliers: has no use without --batch_size"),
        ({"rescue_outliers": True, "batch_size": 3, "option": "dontmerge"}, "has no use with --option dontmerge"),
        ({"hash_scale": "rows"}, "--hash_scale rows: needs --threshold"),
        ({"minhash_tokens": "axes"}, "--minhash_tokens axes: needs --threshold"),
        ({"orb_score": "ratio"}, "--orb_score ratio: needs --threshold"),
    ],
)
def test_settings_out_of_range_are_refused_before_anything_is_written(
    work: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        run(work, **changes)
    assert not (work / "netvlad").exists()


def test_the_number_of_workers_changes_no_byte(work: Path) -> None:
    run(work, batch_size=10)
    one = (work / "netvlad" / "pairs-tiny.txt").read_bytes()
    shutil.rmtree(work / "netvlad")
    run(work, batch_size=10, num_workers=2)
    assert (work / "netvlad" / "pairs-tiny.txt").read_bytes() == one


def test_pairs_that_were_damaged_are_made_anew(work: Path) -> None:
    run(work)
    path = work / "netvlad" / "pairs-tiny.txt"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert not run(work).is_current and path.read_bytes() == whole


def test_the_photos_are_not_touched(work: Path) -> None:
    before = tree(work / "datasets")
    run(work, batch_size=8)
    assert tree(work / "datasets") == before


def test_a_touched_photo_changes_no_pairs(work: Path) -> None:
    run(work)
    os.utime(work / "datasets" / "0003_2.png", ns=(1, 1))
    assert run(work).is_current


def test_the_report_says_what_was_done(work: Path) -> None:
    report = run(work, batch_size=8, option="dontmerge")
    assert any("run again with --option merge" in note for note in report.notes)
    told = json.loads((work / "netvlad" / "reports" / "compare_images" / "report.json").read_text(encoding="utf-8"))
    assert told["counts"]["batches"] == 3 and told["settings"]["threshold"] == STRONG
    assert replace(report, seconds=0.0).as_text().startswith("compare_images: done")
