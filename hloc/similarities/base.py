"""What every similarity of photos is: a feature for each photo, and a score for two features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import UsageError

NOT_COMPARABLE = -np.inf
SCORE_DECIMALS = 7

Scores = NDArray[np.float64]
Rows = NDArray[np.int64]


class Scorer(ABC):
    """The scores of pairs among N photos whose features lie ready.

    A pair has one score, rounded to :data:`SCORE_DECIMALS` decimals, whichever method asks for it, in whichever order
    and company; :data:`NOT_COMPARABLE` where two features cannot be compared.
    """

    @abstractmethod
    def block(self, first: Rows, second: Rows) -> Scores:
        """Give the scores (A, B) of each of A photos with each of B."""

    @abstractmethod
    def pairs(self, first: Rows, second: Rows) -> Scores:
        """Give the scores (P,) of P pairs."""


class Similarity(ABC):
    """A similarity of two photos; higher is more similar.

    An instance is small and is pickled to worker processes, where :meth:`describe` runs.

    Attributes
    ----------
    name : str
        Its name in files and flags.
    lowest, highest : float
        The range of its scores.
    scores_blocks : bool
        True when a block of scores costs little more than a few pairs of it (products of matrices, counts of bits), so
        that comparisons are not worth skipping one by one.
    """

    name: str
    lowest: float = 0.0
    highest: float = 1.0
    scores_blocks: bool = False

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Everything that changes a feature or a score (JSON types); features of other settings are never mixed."""

    @abstractmethod
    def describe(self, photo: NDArray[np.uint8]) -> NDArray[Any]:
        """Turn an upright RGB photo (H, W, 3) into its feature.

        The type of a feature's numbers is always the same, its shape mostly; one with no elements is comparable with
        nothing.
        """

    @abstractmethod
    def scorer(self, features: Sequence[NDArray[Any]]) -> Scorer:
        """Make what scores the pairs of these photos; memory grows with their number, never with its square."""


@dataclass(frozen=True)
class SimilarityOptions:
    """What a similarity can be told by flags; each takes what concerns it and refuses what it cannot obey.

    Attributes
    ----------
    size : tuple of int or None
        Width and height, in pixels, that photos are brought to; None for the similarity's own.
    scale : tuple of float or None
        Factors of width and height in the place of ``size``.
    hash_size : int or None
        Bits along a side of a perceptual hash.
    hash_scale : str
        ``bits`` counts the differing bits as a share of all, ``rows`` as multiples of a hash's rows, as clusterimg did.
    minhash_tokens : str
        ``cells`` of a grid that hold corners, or ``axes``: rows and columns by themselves, as in clusterimg.
    orb_score : str
        ``close`` counts matches of few differing bits, ``ratio`` those below 3/4 of the largest, as in clusterimg.
    """

    size: tuple[int, int] | None = None
    scale: tuple[float, float] | None = None
    hash_size: int | None = None
    hash_scale: str = "bits"
    minhash_tokens: str = "cells"
    orb_score: str = "close"

    def only(self, name: str, *understood: str) -> SimilarityOptions:
        """Give the options; refuse those that were told and that similarity ``name`` does not understand.

        Raises
        ------
        UsageError
            When such a flag was given.
        """
        for field in fields(self):
            told = getattr(self, field.name)
            if told != field.default and field.name not in understood:
                value = " ".join(map(str, told)) if isinstance(told, tuple) else told
                raise UsageError(f"--{field.name} {value}: --method {name} has no use for it; leave it out")
        return self

    def choice(self, flag: str, choices: Sequence[str]) -> str:
        """Give the value of a flag that takes one of a few words.

        Raises
        ------
        UsageError
            When it is none of them.
        """
        told: str = getattr(self, flag)
        if told not in choices:
            raise UsageError(f"--{flag} {told}: is not known; choose from {', '.join(choices)}")
        return told
