from __future__ import annotations

from clustering.roots import Roots


def test_a_number_is_alone_until_it_is_joined() -> None:
    roots = Roots()
    assert roots.find(7) == 7 and not roots


def test_the_lowest_number_is_the_root() -> None:
    roots = Roots()
    assert roots.join(5, 3) == (3, 5)
    assert roots.join(9, 5) == (3, 9)
    assert roots.join(1, 9) == (1, 3)
    assert [roots.find(number) for number in (1, 3, 5, 9, 2)] == [1, 1, 1, 1, 2]


def test_joining_what_is_one_already_changes_nothing() -> None:
    roots = Roots()
    roots.join(0, 1)
    assert roots.join(1, 0) is None


def test_a_long_chain_is_found_without_recursion() -> None:
    roots = Roots()
    for number in range(5000, 0, -1):
        roots.join(number, number - 1)
    assert roots.find(5000) == 0
