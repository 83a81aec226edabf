"""What every attack is: a function of a photo, a parameter and a chance that is the photo's own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attacks import Attack, load_change

_SEED_BYTES = 16


@dataclass(frozen=True, eq=False)
class AttackContext:
    """What an attack may use beside the photo.

    Attributes
    ----------
    rng : numpy.random.Generator
        The only chance that it takes.
    font : bytes or None
        A TrueType or OpenType file; None for the font that comes with Pillow.
    """

    rng: np.random.Generator
    font: bytes | None = None


Change = Callable[[NDArray[np.uint8], float, AttackContext], NDArray[np.uint8]]


def generator_of(name: str, attack_id: str, seed: int) -> np.random.Generator:
    """Give the chance of one attack on one photo.

    It comes from the image name, the attack and the seed alone, so neither the order of the files nor the number of
    workers nor the other attacks change what is drawn.
    """
    text = f"{seed}\0{attack_id}\0{name}"
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return np.random.default_rng(int.from_bytes(digest[:_SEED_BYTES], "big"))


def apply_attack(
    photo: NDArray[np.uint8], attack: Attack, name: str, seed: int = 0, font: bytes | None = None
) -> NDArray[np.uint8]:
    """Give what an attack makes of a photo; equal arguments give equal pixels.

    Parameters
    ----------
    photo : ndarray of uint8, shape (H, W, 3)
        Upright, RGB; it is not changed.
    attack : Attack
        As :func:`attacks.choose_attacks` gives it.
    name : str
        Image name, which random attacks are drawn from together with ``seed``.
    seed : int
        0 or more.
    font : bytes, optional
        Font file for attacks that write.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        RGB, contiguous. Only ``scaling`` gives another size than the photo's.
    """
    context = AttackContext(generator_of(name, attack.id, seed), font)
    return np.ascontiguousarray(load_change(attack.family)(photo, attack.parameter, context))
