from __future__ import annotations

from clustering.union_find import UnionFind


def test_a_number_is_alone_until_it_is_joined() -> None:
    union_find = UnionFind()
    assert union_find.find(7) == 7 and not union_find


def test_the_lowest_number_is_the_root() -> None:
    union_find = UnionFind()
    assert union_find.union(5, 3) == (3, 5)
    assert union_find.union(9, 5) == (3, 9)
    assert union_find.union(1, 9) == (1, 3)
    assert [union_find.find(number) for number in (1, 3, 5, 9, 2)] == [1, 1, 1, 1, 2]


def test_joining_what_is_one_already_changes_nothing() -> None:
    union_find = UnionFind()
    union_find.union(0, 1)
    assert union_find.union(1, 0) is None


def test_a_long_chain_is_found_without_recursion() -> None:
    union_find = UnionFind()
    for number in range(5000, 0, -1):
        union_find.union(number, number - 1)
    assert union_find.find(5000) == 0
