"""The registry of matchers. A new matcher is one file here and one line in ``MATCHERS`` (``docs/adding.md``)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from storage.errors import UsageError

if TYPE_CHECKING:  # match_pairs.py reads the names from here, and --help imports no library
    from hloc.matching.base import Matcher

# Name of the matcher to the module under ``hloc.matching`` whose ``create(num_keypoints)`` makes it.
MATCHERS = {
    "rootsift": "rootsift",
    "rootsift_rotated": "rootsift_rotated",
}


def create_matcher(name: str, num_keypoints: int) -> Matcher:
    """Make a registered matcher.

    Raises
    ------
    UsageError
        For a name that is not registered, or a number of keypoints that the matcher cannot work with.
    """
    if name not in MATCHERS:
        raise UsageError(f"--matcher {name}: not known; choose from {', '.join(sorted(MATCHERS))}")
    matcher: Matcher = importlib.import_module(f"hloc.matching.{MATCHERS[name]}").create(num_keypoints)
    return matcher
