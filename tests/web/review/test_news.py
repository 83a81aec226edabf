"""Revisions of a review, and waiting for them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from web.review.news import MAX_REMEMBERED, News

AT_ONCE = 0.0
LONG = 60.0


def news(revision: int = 5) -> News:
    return News(threading.RLock(), revision)


def test_each_change_has_a_greater_number() -> None:
    made = news()
    made.add({1})
    made.add()
    assert made.revision == 7


def test_who_waits_hears_which_clusters_changed_since() -> None:
    made = news()
    made.add({1, 2})
    made.add({2, 3})
    assert made.wait(5, LONG) == (7, [1, 2, 3])
    assert made.wait(6, LONG) == (7, [2, 3])


def test_who_waits_in_vain_hears_that_nothing_changed() -> None:
    assert news().wait(5, AT_ONCE) == (5, [])


def test_a_change_wakes_who_waits() -> None:
    made = news()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(made.wait, 5, LONG)
        made.add({4})
        assert waiting.result(LONG) == (6, [4])


def test_clusters_of_old_changes_are_forgotten_and_their_numbers_are_not() -> None:
    made = news(0)
    for number in range(MAX_REMEMBERED + 10):
        made.add({number})
    revision, clusters = made.wait(0, AT_ONCE)
    assert revision == MAX_REMEMBERED + 10
    assert clusters == list(range(10, MAX_REMEMBERED + 10))
