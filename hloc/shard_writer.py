"""Records to shards in a thread of its own, so that nobody waits for the disk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Protocol, TypeVar

from storage.formats.shards import RECORDS_PER_SHARD

T = TypeVar("T")
Taken = TypeVar("Taken", contravariant=True)

SECONDS_PER_SHARD = 30.0  # of slow models a kill costs no more than this, and what is being written


class Shards(Protocol[Taken]):
    """What writes some records as one shard."""

    def write(self, records: Sequence[Taken], /) -> None:
        """Write one shard."""


class ShardWriter(Generic[T]):
    """Writes records in the order in which they come, 16 a shard or those of 30 s; used in a ``with`` block.

    At the end of the block all that was added is on disk, also when the block ends with an error.

    Parameters
    ----------
    shards : Shards
        Where to; its index may be read again when the block has ended.

    Raises
    ------
    StageError
        From :meth:`add` or the end of the block, when a shard cannot be written; nothing further is written then.
    """

    def __init__(self, shards: Shards[T]) -> None:
        self._shards = shards
        self._records: list[T] = []
        self._begun = 0.0
        self._writing: Future[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="shard-writer")

    def __enter__(self) -> ShardWriter[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._records:
                self._write()
            self._wait()
        finally:
            self._thread.shutdown(cancel_futures=True)

    def add(self, record: T) -> None:
        """Take a record; wait only when a shard is full while the one before it is still being written."""
        self._records.append(record)
        if len(self._records) == 1:
            self._begun = time.monotonic()
        if len(self._records) >= RECORDS_PER_SHARD or time.monotonic() - self._begun >= SECONDS_PER_SHARD:
            self._write()

    def _write(self) -> None:
        records, self._records = self._records, []
        self._wait()
        self._writing = self._thread.submit(self._shards.write, records)

    def _wait(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()
