"""What else is made of a photo by the worker that has decoded it, so that nobody decodes it again.

A companion writes into the store of the run that it works ahead for: that run, when its turn comes, finds the photo
done, exactly as if it had been killed before. So nothing hangs on a companion: what it did not write is computed later.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from hloc.shard_writer import ShardWriter
from hloc.stream import Part, Prepared


class Companion(ABC):
    """Work for another store.

    Attributes
    ----------
    label : str
        Its name among the companions of a run.
    part : Part
        What is computed of a photo.
    """

    label: str
    part: Part

    @abstractmethod
    def wanted(self, names: Sequence[str]) -> Collection[str]:
        """Give those of the photos that its store lacks or has of other content."""

    @abstractmethod
    def write(self, items: Sequence[Prepared], /) -> None:
        """Write what was computed of some photos as one shard."""


@dataclass(frozen=True)
class Company:
    """The companions of a run."""

    members: Sequence[Companion] = ()

    @property
    def parts(self) -> Mapping[str, Part]:
        """What each computes of a photo, by label."""
        return {member.label: member.part for member in self.members}

    def jobs(self, names: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Give the jobs of the photos ``names``: for each the labels of those who want it."""
        wanted = {member.label: frozenset(member.wanted(names)) for member in self.members} if names else {}
        for name in names:
            yield name, tuple(label for label, some in wanted.items() if name in some)

    @contextmanager
    def served(self, prepared: Iterator[Prepared]) -> Iterator[Iterator[Prepared]]:
        """Within the block, pass photos on without their by-products, which the companions write as they come."""
        with ExitStack() as stack:
            writers = {member.label: stack.enter_context(ShardWriter(member)) for member in self.members}
            yield _without_by_products(prepared, writers)


def _without_by_products(
    prepared: Iterator[Prepared], writers: Mapping[str, ShardWriter[Prepared]]
) -> Iterator[Prepared]:
    for item in prepared:
        for label, value in item.by_products.items():
            writers[label].add(replace(item, value=value, by_products={}))
        yield replace(item, by_products={})
