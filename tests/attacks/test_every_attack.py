"""What holds for every attack: size, determinism, a result that differs, photos of any shape."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from attacks import FAMILIES, Attack, choose_attacks
from attacks.base import apply_attack, generator_of
from storage.photos import load_photo

ATTACKS = choose_attacks(["all"])
RANDOM = ("gaussian_noise", "salt_and_pepper_noise", "speckle_noise", "text")

each = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)


@each
def test_the_size_is_the_photo_s_but_for_scaling(attack: Attack, photo: NDArray[np.uint8]) -> None:
    attacked = apply_attack(photo, attack, "a.jpg")
    ratio = attack.parameter if attack.family == "scaling" else 1
    assert attacked.shape == (round(40 * ratio), round(60 * ratio), 3)
    assert attacked.dtype == np.uint8 and attacked.flags.c_contiguous


@each
def test_the_result_differs_from_the_photo_which_stays_as_it_is(attack: Attack, photo: NDArray[np.uint8]) -> None:
    before = photo.copy()
    attacked = apply_attack(photo, attack, "a.jpg")
    assert np.array_equal(photo, before)
    assert attacked.shape != photo.shape or not np.array_equal(attacked, photo)


@each
def test_equal_arguments_give_equal_pixels(attack: Attack, photo: NDArray[np.uint8]) -> None:
    first, second = (apply_attack(photo, attack, "a.jpg", 7) for _ in range(2))
    assert np.array_equal(first, second)


@each
def test_only_random_attacks_depend_on_name_and_seed(attack: Attack, photo: NDArray[np.uint8]) -> None:
    plain = apply_attack(photo, attack, "a.jpg")
    for other in (apply_attack(photo, attack, "b.jpg"), apply_attack(photo, attack, "a.jpg", 1)):
        assert np.array_equal(plain, other) == (attack.family not in RANDOM)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 3), (3, 700), (700, 3)], ids=str)
def test_photos_of_any_shape_go_through_all_attacks(shape: tuple[int, int]) -> None:
    tiny = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for attack in ATTACKS:
        expected = [max(1, round(side * attack.parameter)) if attack.family == "scaling" else side for side in shape]
        assert list(apply_attack(tiny, attack, "a.jpg").shape) == [*expected, 3], attack.id


def test_the_widest_parameters_go_through_as_well() -> None:
    tiny = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    for family, entry in FAMILIES.items():
        for value in (entry.least, entry.most):
            assert apply_attack(tiny, Attack("id", family, value), "a.jpg").size, (family, value)


def test_stronger_attacks_change_more(photo: NDArray[np.uint8]) -> None:
    for family in ("gaussian_noise", "salt_and_pepper_noise", "speckle_noise", "shearing", "rotation", "cropping"):
        changes = [
            np.abs(apply_attack(photo, attack, "a.jpg").astype(int) - photo).mean()
            for attack in ATTACKS
            if attack.family == family
        ]
        assert changes == sorted(changes), family


def test_the_chance_is_of_name_attack_and_seed_alone() -> None:
    drawn = {generator_of(*key).integers(2**62) for key in (("a", "x", 0), ("a", "y", 0), ("b", "x", 0), ("a", "x", 1))}
    assert len(drawn) == 4
    assert generator_of("a", "x", 0).integers(2**62) == generator_of("a", "x", 0).integers(2**62)


def test_names_that_are_no_valid_unicode_have_a_chance_too() -> None:
    assert generator_of("\udc80.jpg", "x", 0).random() < 1


def test_what_is_drawn_stays_from_release_to_release() -> None:
    drawn = generator_of("street/IMG_0012.jpg", "gaussian_noise_0.01", 0).integers(0, 256, 64, dtype=np.uint8)
    assert hashlib.sha256(drawn.tobytes()).hexdigest()[:12] == "5bf8bb42e313"


def test_all_attacks_on_a_real_photo(shared_dir: Path) -> None:
    names = sorted((shared_dir / "photos" / "nearduplicates").glob("*.jpg"))
    photo = load_photo(names[0], 160)
    results = {apply_attack(photo, attack, names[0].name).tobytes() for attack in ATTACKS}
    assert len(results | {photo.tobytes()}) == 59
