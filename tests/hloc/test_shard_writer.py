"""When records become shards."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from hloc import shard_writer
from hloc.shard_writer import ShardWriter
from storage.formats.shards import RECORDS_PER_SHARD

WAIT_S = 30.0


class Kept:
    """Keeps shards in memory; writing waits until it may."""

    def __init__(self) -> None:
        self.shards: list[list[int]] = []
        self.may_write = threading.Event()
        self.may_write.set()

    def write(self, records: Sequence[int], /) -> None:
        assert self.may_write.wait(WAIT_S)
        self.shards.append(list(records))


def test_records_are_written_in_their_order_the_rest_at_the_end() -> None:
    kept = Kept()
    with ShardWriter(kept) as writer:
        for number in range(2 * RECORDS_PER_SHARD + 3):
            writer.add(number)
    assert [len(shard) for shard in kept.shards] == [RECORDS_PER_SHARD, RECORDS_PER_SHARD, 3]
    assert sum(kept.shards, []) == list(range(2 * RECORDS_PER_SHARD + 3))


def test_a_kill_costs_32_records_at_most_however_slow_the_disk_is() -> None:
    kept, added = Kept(), []
    kept.may_write.clear()

    def add_all() -> None:
        with ShardWriter(kept) as writer:
            for number in range(100):
                added.append(number)
                if len(added) == 2 * RECORDS_PER_SHARD:
                    is_full.set()
                writer.add(number)

    is_full = threading.Event()
    adding = threading.Thread(target=add_all)
    adding.start()
    assert is_full.wait(WAIT_S)
    adding.join(0.05)  # long enough to go on, if it would
    assert len(added) == 2 * RECORDS_PER_SHARD <= 32 and not kept.shards
    kept.may_write.set()
    adding.join(WAIT_S)
    assert sum(kept.shards, []) == list(range(100))


def test_what_a_slow_model_gives_is_written_every_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, now = Kept(), 100.0
    monkeypatch.setattr(shard_writer.time, "monotonic", lambda: now)
    with ShardWriter(kept) as writer:
        for number in range(7):
            writer.add(number)
            now += 12.0
    assert kept.shards == [[0, 1, 2, 3], [4, 5, 6]]


def test_a_shard_that_cannot_be_written_is_told_by_the_next_one() -> None:
    class Failing(Kept):
        def write(self, records: Sequence[int], /) -> None:
            raise OSError("no room")

    writer: ShardWriter[int] = ShardWriter(Failing())
    with pytest.raises(OSError, match="no room"), writer:
        for number in range(3 * RECORDS_PER_SHARD):
            writer.add(number)
