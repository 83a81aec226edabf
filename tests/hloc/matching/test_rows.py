"""Lists of pairs through workers and shards."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

import hloc.matching.rows as rows_module
from hloc.matching.description import MatchRun
from hloc.matching.rows import Photos, RowWork, remove_unfinished, table_of, verify_pairs
from hloc.matching.verification import verify
from storage.errors import StageError
from storage.fingerprints import Fingerprint
from tests.hloc.matching.folders import match_run
from tests.hloc.matching.tables import equal

ALL_PAIRS = np.array(list(combinations(range(7), 2)), np.int32)


def test_photos_are_ordered_by_content_and_not_by_name() -> None:
    known = {"b.jpg": Fingerprint(1, 1, "0" * 64), "a.jpg": Fingerprint(1, 1, "1" * 64)}
    assert Photos.of(known).names == ["b.jpg", "a.jpg"]
    renamed = {"x.jpg": known["b.jpg"], "y.jpg": known["a.jpg"]}
    assert Photos.of(renamed).names == ["x.jpg", "y.jpg"]


def test_views_of_one_wall_agree_and_others_do_not(walls: tuple[MatchRun, Photos]) -> None:
    run, photos = walls
    found = verify_pairs(run, photos, ALL_PAIRS, "part")
    for pair, places in zip(ALL_PAIRS, found.num_places, strict=True):
        one, other = (photos.names[row][:6] for row in pair)
        assert (places > 30) == (one == other), (one, other, places)


def test_results_come_in_the_order_of_the_pairs(walls: tuple[MatchRun, Photos]) -> None:
    run, photos = walls
    order = np.random.default_rng(0).permutation(len(ALL_PAIRS))
    plain = verify_pairs(run, photos, ALL_PAIRS, "plain")
    turned = ALL_PAIRS[order][:, ::-1]
    assert equal(plain.take(order), verify_pairs(run, photos, turned, "shuffled"))


def test_a_table_holds_what_verification_says(walls: tuple[MatchRun, Photos]) -> None:
    run, photos = walls
    store = run.open_store()
    first, second = (run.matcher.load(store.read(photos.names[row])) for row in (0, 1))
    single = verify(run.matcher, first, second)
    table = verify_pairs(run, photos, np.array([[0, 1]]), "part")
    assert table.num_matches[0] == single.num_matches and np.array_equal(table.inliers_of(0), single.inliers)
    assert equal(table, table_of(np.array([[0, 1]], np.int32), [single]))


@pytest.mark.parametrize("num_workers", [1, 2])
def test_the_number_of_workers_changes_nothing(walls: tuple[MatchRun, Photos], num_workers: int) -> None:
    run, photos = walls
    alone = verify_pairs(run, photos, ALL_PAIRS, "alone")
    several = match_run(run.image_dir, run.outputs_dir, num_workers)
    assert equal(alone, verify_pairs(several, photos, ALL_PAIRS, "several"))


class StoppedError(BaseException):
    """The run is killed here."""


def test_a_run_that_was_killed_goes_on_where_it_stopped(
    walls: tuple[MatchRun, Photos], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, photos = walls
    whole = verify_pairs(run, photos, ALL_PAIRS, "whole")
    monkeypatch.setattr(rows_module, "RECORDS_PER_SHARD", 2)
    plain_call, calls = RowWork.__call__, []

    def failing(self: RowWork, name: str, pairs: np.ndarray) -> object:
        calls.append(name)
        if len(calls) == 4:
            raise StoppedError
        return plain_call(self, name, pairs)

    monkeypatch.setattr(RowWork, "__call__", failing)
    with pytest.raises(StoppedError):
        verify_pairs(run, photos, ALL_PAIRS, "killed")
    assert equal(whole, verify_pairs(run, photos, ALL_PAIRS, "killed"))
    assert len(calls) == 4 + 6 - 2 and len(set(calls[:2]) & set(calls[4:])) == 0


def test_finished_jobs_are_not_done_again(walls: tuple[MatchRun, Photos], monkeypatch: pytest.MonkeyPatch) -> None:
    run, photos = walls
    first = verify_pairs(run, photos, ALL_PAIRS, "part")

    def unexpected(*_: object) -> None:
        raise AssertionError("a finished job was done again")

    monkeypatch.setattr(RowWork, "__call__", unexpected)
    assert equal(first, verify_pairs(run, photos, ALL_PAIRS, "part"))


def test_unfinished_results_of_other_pairs_are_not_taken_over(walls: tuple[MatchRun, Photos]) -> None:
    run, photos = walls
    verify_pairs(run, photos, ALL_PAIRS[:4], "part")
    assert len(verify_pairs(run, photos, ALL_PAIRS, "part")) == len(ALL_PAIRS)


def test_a_photo_with_many_pairs_is_several_jobs(
    walls: tuple[MatchRun, Photos], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, photos = walls
    whole = verify_pairs(run, photos, ALL_PAIRS, "whole")
    monkeypatch.setattr(rows_module, "PAIRS_PER_JOB", 2)
    assert equal(whole, verify_pairs(run, photos, ALL_PAIRS, "cut"))


def test_few_photos_in_memory_are_enough(walls: tuple[MatchRun, Photos], monkeypatch: pytest.MonkeyPatch) -> None:
    run, photos = walls
    whole = verify_pairs(run, photos, ALL_PAIRS, "whole")
    monkeypatch.setattr(rows_module, "PHOTOS_IN_MEMORY", 2)
    assert equal(whole, verify_pairs(run, photos, ALL_PAIRS, "small"))


def test_excluded_keypoints_do_not_count(walls: tuple[MatchRun, Photos]) -> None:
    run, photos = walls
    plain = verify_pairs(run, photos, ALL_PAIRS, "plain")
    pair = int(plain.num_places.argmax())
    excluded = {name: np.arange(400) for name in photos.names}
    again = verify_pairs(run, photos, ALL_PAIRS[[pair]], "again", excluded)
    assert plain.num_places[pair] > 30 and again.num_places[0] == 0 == again.num_matches[0]


def test_a_worker_that_gives_up_is_an_error_that_names_the_photo(
    walls: tuple[MatchRun, Photos], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, photos = walls

    def out_of_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(RowWork, "__call__", out_of_memory)
    with pytest.raises(StageError, match="cannot be verified: needs more memory"):
        verify_pairs(run, photos, ALL_PAIRS, "part")


def test_no_pair_is_an_empty_table(walls: tuple[MatchRun, Photos]) -> None:
    run, photos = walls
    assert len(verify_pairs(run, photos, np.zeros((0, 2), np.int32), "part")) == 0


def test_unfinished_work_is_removed_whole(walls: tuple[MatchRun, Photos]) -> None:
    run, photos = walls
    verify_pairs(run, photos, ALL_PAIRS, "part")
    verify_pairs(run, photos, ALL_PAIRS[:3], "other")
    remove_unfinished(run)
    remove_unfinished(run)
    assert not (run.outputs_dir / "matches.shards").exists()
