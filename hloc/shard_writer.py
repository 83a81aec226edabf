"""Records to shards in a thread of its own, so that nobody waits for the disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Protocol, TypeVar

from storage.formats.shards import RECORDS_PER_SHARD

T = TypeVar("T")
Taken = TypeVar("Taken", contravariant=True)

MAX_WAITING = 2  # shards that are being written or wait for it; then whoever has more waits


class Shards(Protocol[Taken]):
    """What writes some records as one shard."""

    def write(self, records: Sequence[Taken], /) -> None:
        """Write one shard."""


class ShardWriter(Generic[T]):
    """Writes records in the order in which they come, 32 a shard; used in a ``with`` block.

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
        self._writing: deque[Future[None]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="shard-writer")

    def __enter__(self) -> ShardWriter[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._records:
                self._write()
            self._wait(0)
        finally:
            self._thread.shutdown(cancel_futures=True)

    def add(self, record: T) -> None:
        """Take a record; wait only while two shards are still to be written."""
        self._records.append(record)
        if len(self._records) >= RECORDS_PER_SHARD:
            self._write()

    def _write(self) -> None:
        records, self._records = self._records, []
        self._wait(MAX_WAITING - 1)
        self._writing.append(self._thread.submit(self._shards.write, records))

    def _wait(self, most: int) -> None:
        while len(self._writing) > most:
            self._writing.popleft().result()
