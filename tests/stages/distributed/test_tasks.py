from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from stages.distributed.tasks import RETRIES, Call, remote_task, run_tasks
from storage.errors import StageError, UsageError
from tests.stages.ray_cluster import needs_ray


class InlineRay:
    """What of Ray run_tasks needs, each task run when it is waited for, the last one first."""

    def __init__(self) -> None:
        self.cancelled: list[int] = []
        self.exceptions = type("exceptions", (), {"RayTaskError": KeyError, "RayError": IndexError})

    def wait(self, pending: list[Any], num_returns: int) -> tuple[list[Any], list[Any]]:
        return pending[-1:], pending[:-1]

    def get(self, done: tuple[Any, ...]) -> int:
        return done[0] ** 2

    def cancel(self, left: tuple[Any, ...], force: bool) -> None:
        self.cancelled.append(left[0])


class InlineTask:
    def remote(self, number: int) -> tuple[int]:
        return (number,)


def calls(count: int, taken: list[int] | None = None) -> Iterator[Call]:
    for number in range(count):
        if taken is not None:
            taken.append(number)
        yield Call(f"task {number}", number, (number,))


def test_every_result_is_given_once_with_its_key() -> None:
    assert sorted(run_tasks(InlineRay(), InlineTask(), calls(5))) == [(0, 0), (1, 1), (2, 4), (3, 9), (4, 16)]
    assert not list(run_tasks(InlineRay(), InlineTask(), calls(0)))


def test_no_more_tasks_are_under_way_than_allowed_and_calls_are_made_late() -> None:
    taken: list[int] = []
    results = run_tasks(InlineRay(), InlineTask(), calls(9, taken), most=3)
    next(results)
    assert taken == [0, 1, 2]
    next(results)
    assert taken == [0, 1, 2, 3]
    assert len(list(results)) == 7


def test_who_stops_listening_ends_what_is_under_way() -> None:
    ray = InlineRay()
    results = run_tasks(ray, InlineTask(), calls(4))
    next(results)
    results.close()
    assert ray.cancelled == [0, 1, 2]


def refuse(number: int) -> int:
    if number == 1:
        raise UsageError("--flag 1: must be 2")
    return number


def divide(number: int) -> float:
    return 1 / number


@needs_ray
def test_what_a_task_refuses_is_raised_as_it_was(cluster: Any) -> None:
    with pytest.raises(UsageError, match="--flag 1: must be 2"):
        list(run_tasks(cluster, remote_task(cluster, refuse, 1), calls(2)))


@needs_ray
def test_a_task_that_fails_is_named_with_its_error(cluster: Any) -> None:
    with pytest.raises(StageError, match="task 0 failed: ZeroDivisionError.*run the same command again"):
        list(run_tasks(cluster, remote_task(cluster, divide, 1), calls(1)))


def test_a_worker_that_dies_every_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = InlineRay()

    def died(_: Any) -> None:
        raise ray.exceptions.RayError("The worker died unexpectedly.\nMore of it")

    monkeypatch.setattr(ray, "get", died)
    message = rf"task 2 failed {RETRIES + 1} times, its worker died \(The worker died unexpectedly.\); run the same"
    with pytest.raises(StageError, match=message):
        list(run_tasks(ray, InlineTask(), calls(3)))
    assert ray.cancelled == [0, 1]
