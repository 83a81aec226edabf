"""Union-find: disjoint sets as a forest in which every root is the lowest of its tree."""

from __future__ import annotations


class UnionFind(dict[int, int]):
    """Disjoint sets of numbers, each at first alone; only united ones take room (Galler and Fischer 1964)."""

    def __missing__(self, number: int) -> int:
        return number

    def find(self, number: int) -> int:
        """Give the lowest number that this one has become one with."""
        while (parent := self[number]) != number:
            self[number] = number = self[parent]
        return number

    def union(self, one: int, two: int) -> tuple[int, int] | None:
        """Make two one; give the root that stays and the one that ended, None when they were one already."""
        low, high = sorted((self.find(one), self.find(two)))
        if low == high:
            return None
        self[high] = low
        return low, high
