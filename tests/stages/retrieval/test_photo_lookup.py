from __future__ import annotations

import pytest

from stages.retrieval.photo_lookup import PhotoLookup

NAMES = ["a.jpg", "x/a.jpg", "x/b.jpg", "y/b.png", "y/c", "z/d.e.jpg"]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("a.jpg", ["a.jpg"]),
        ("x/a.jpg", ["x/a.jpg"]),
        ("b.jpg", ["x/b.jpg"]),
        ("b", ["x/b.jpg", "y/b.png"]),
        ("x/b", ["x/b.jpg"]),
        ("c", ["y/c"]),
        ("d.e", ["z/d.e.jpg"]),
        ("d", []),
        ("/a.jpg", []),
        ("", []),
        ("X/B.jpg", []),
    ],
)
def test_a_whole_name_then_its_end_then_without_ending(said: str, found: list[str]) -> None:
    assert PhotoLookup(NAMES).find(said) == found


def test_what_could_be_two_photos_gives_both() -> None:
    assert PhotoLookup(["p/a.jpg", "q/a.jpg"]).find("a.jpg") == ["p/a.jpg", "q/a.jpg"]
