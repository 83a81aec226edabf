"""Jobs: their order, their end, and what becomes of those that fail, crash or hang."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stages.segmenting.jobs import MAX_ENDED, Job, JobQueue, Rank, Task
from storage.errors import PhotoError, StageError

WAIT_S = 60.0


def task(function: Callable[..., Any], *args: Any, key: str = "", photo: int = 0) -> Task:
    return Task("labels", photo, "a job", key or repr((function, args)), function, args, lambda value: {"value": value})


@pytest.fixture
def queue() -> Iterator[JobQueue]:
    queue = JobQueue(0, WAIT_S)
    yield queue
    queue.end()


class Gate:
    """Work that waits until it is let through; notes what passed."""

    def __init__(self) -> None:
        self.is_open, self.passed = threading.Event(), []

    def wait(self, name: str) -> str:
        assert self.is_open.wait(WAIT_S)
        self.passed.append(name)
        return name


def ended(queue: JobQueue, job: Job) -> Job:
    found = queue.find(job.number, WAIT_S)
    assert found.is_ended
    return found


def test_the_result_of_a_job_is_what_it_finishes_with(queue: JobQueue) -> None:
    job = ended(queue, queue.submit(task(len, "abc")))
    assert (job.state, job.result, job.error) == ("done", {"value": 3}, "")


def test_what_was_asked_for_goes_before_sheets_and_what_is_made_ahead(queue: JobQueue) -> None:
    gate = Gate()
    jobs = [queue.submit(task(gate.wait, "first"))]
    jobs += [queue.submit(task(gate.wait, rank.name), rank) for rank in (Rank.AHEAD, Rank.SHEET, Rank.ASKED)]
    gate.is_open.set()
    for job in jobs:
        ended(queue, job)
    assert gate.passed == ["first", "ASKED", "SHEET", "AHEAD"]


def test_what_is_under_way_is_not_begun_twice_and_goes_as_early_as_it_is_asked_for(queue: JobQueue) -> None:
    gate = Gate()
    queue.submit(task(gate.wait, "first"))
    ahead = queue.submit(task(gate.wait, "ahead", key="same"), Rank.AHEAD)
    queue.submit(task(gate.wait, "sheet"), Rank.SHEET)
    assert queue.submit(task(gate.wait, "asked", key="same")) is ahead and ahead.rank == Rank.ASKED
    gate.is_open.set()
    for job in queue.jobs():
        ended(queue, job)
    assert gate.passed == ["first", "ahead", "sheet"]


def test_a_job_that_waits_is_cancelled_and_never_runs(queue: JobQueue) -> None:
    gate = Gate()
    first, second = queue.submit(task(gate.wait, "1")), queue.submit(task(gate.wait, "2"))
    queue.cancel([second.number, 12345])
    assert second.state == "cancelled"
    gate.is_open.set()
    ended(queue, first)
    third = ended(queue, queue.submit(task(gate.wait, "3")))
    assert third.state == "done" and gate.passed == ["1", "3"]


def test_a_job_that_ended_cannot_be_cancelled(queue: JobQueue) -> None:
    job = ended(queue, queue.submit(task(len, "")))
    queue.cancel([job.number])
    assert job.state == "done"


@pytest.mark.parametrize(
    ("error", "said"),
    [(PhotoError("is cut"), "the photo is cut"), (StageError("no room"), "no room"), (MemoryError(), "more memory")],
)
def test_what_went_wrong_is_said(queue: JobQueue, error: Exception, said: str) -> None:
    def fail() -> None:
        raise error

    job = ended(queue, queue.submit(task(fail)))
    assert job.state == "failed" and said in job.error and job.result is None


def test_a_fault_of_the_program_costs_one_job_and_is_logged(queue: JobQueue, caplog: pytest.LogCaptureFixture) -> None:
    job = ended(queue, queue.submit(task(divmod, 1, 0)))
    assert job.state == "failed" and "log" in job.error
    assert "ZeroDivisionError" in caplog.text
    assert ended(queue, queue.submit(task(len, "ab"))).state == "done"


def test_old_jobs_are_forgotten(queue: JobQueue) -> None:
    for number in range(MAX_ENDED + 5):
        queue.add_done(task(len, str(number)), {"value": number})
    assert len(queue.jobs()) <= MAX_ENDED + 1
    with pytest.raises(StageError, match="no job 1 any more"):
        queue.find(1)


def test_after_the_end_nothing_begins(queue: JobQueue) -> None:
    queue.end()
    assert queue.submit(task(len, "abc")).state == "waiting"


def crash() -> None:
    os._exit(7)


def test_workers_that_crash_or_hang_cost_their_job_alone() -> None:
    queue = JobQueue(1, 120.0)
    try:
        job = ended(queue, queue.submit(task(crash)))
        assert job.state == "failed" and "crashed (exit code 7)" in job.error
        forever = queue.submit(task(_hang))
        assert forever.state == "running"
        queue.cancel([forever.number])
        assert forever.state == "cancelled"
        assert ended(queue, queue.submit(task(len, "abc"))).result == {"value": 3}
    finally:
        queue.end()


def _hang() -> None:
    threading.Event().wait()


def test_a_job_that_takes_too_long_is_ended() -> None:
    queue = JobQueue(1, 3.0)
    try:
        job = ended(queue, queue.submit(task(_hang)))
        assert job.state == "failed" and "took longer than 3 s" in job.error
    finally:
        queue.end()


def test_what_is_made_ahead_leaves_a_worker_free() -> None:
    queue = JobQueue(2, WAIT_S)
    try:
        ahead = [queue.submit(task(_hang, key=str(number)), Rank.AHEAD) for number in range(2)]
        assert [job.state for job in ahead] == ["running", "waiting"]
        assert ended(queue, queue.submit(task(len, "abc"))).state == "done"
        assert [job.state for job in ahead] == ["running", "waiting"]
    finally:
        queue.end()


def test_workers_that_cannot_start_fail_their_job_and_are_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = JobQueue(1, WAIT_S)
    try:
        with monkeypatch.context() as patch:
            patch.setattr("stages.segmenting.jobs.start_worker", crash)
            job = ended(queue, queue.submit(task(len, "abc")))
            assert job.state == "failed" and job.error
        assert ended(queue, queue.submit(task(len, "abcd"))).result == {"value": 4}
    finally:
        queue.end()
