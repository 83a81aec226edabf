"""Which photos are learnt from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from storage.errors import StageError
from tests.drawn_photos import draw_photo, save_photos
from tests.training.conftest import ColourTeacher
from training.photo_set import copies_of, find_photos, load_photos, picture_correlations, same_pictures, whole_answers


def test_photos_of_all_folders_are_found(tmp_path: Path) -> None:
    save_photos(tmp_path / "one", 2)
    save_photos(tmp_path / "two/deep", 1)
    found = find_photos([tmp_path / "one", tmp_path / "two"])
    assert [photo.name for photo in found] == ["photo_000.jpg", "photo_001.jpg", "deep/photo_000.jpg"]


def test_photos_of_a_banned_group_are_left_out(tmp_path: Path) -> None:
    save_photos(tmp_path / "one", 3)
    groups = tmp_path / "groups.csv"
    groups.write_text("path,building\nphoto_000.jpg,opera\nphoto_002.jpg,harbour\n")
    found = find_photos([tmp_path / "one"], groups, {"opera"})
    assert [photo.name for photo in found] == ["photo_001.jpg", "photo_002.jpg"]


def test_nothing_left_is_an_error_that_counts(tmp_path: Path) -> None:
    save_photos(tmp_path / "one", 1)
    groups = tmp_path / "groups.csv"
    groups.write_text("path,building\nphoto_000.jpg,opera\n")
    with pytest.raises(StageError, match="none of 1 photos is left"):
        find_photos([tmp_path / "one"], groups, {"opera"})


def test_a_damaged_photo_is_named_and_skipped(tmp_path: Path) -> None:
    save_photos(tmp_path, 2)
    (tmp_path / "photo_000.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    loaded = load_photos(find_photos([tmp_path]))
    assert [file.name for file in loaded.files] == ["photo_001.jpg"]
    assert [photo.name for photo in loaded.skipped] == ["photo_000.jpg"]


def test_only_damaged_photos_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    with pytest.raises(StageError, match="none of the photos can be decoded"):
        load_photos(find_photos([tmp_path]))


def test_the_same_photos_have_the_same_digest_wherever_they_lie(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        save_photos(tmp_path / folder, 3)
    one, two = (load_photos(find_photos([tmp_path / folder])) for folder in ("one", "two"))
    assert one.digest == two.digest
    assert one.digest != one.without([False, True, False]).digest


def test_copies_of_judged_photos_are_found_and_others_are_not() -> None:
    rng = np.random.default_rng(0)
    answers = rng.normal(size=(50, 40)).astype(np.float32) + 5
    judged = np.stack([answers[7] + rng.normal(size=40) * 0.3, rng.normal(size=40) + 5]).astype(np.float32)
    assert np.flatnonzero(copies_of(answers, judged)).tolist() == [7]


def test_a_teacher_answers_one_vector_for_each_whole_photo(tmp_path: Path) -> None:
    save_photos(tmp_path, 3)
    photos = load_photos(find_photos([tmp_path])).photos
    answers = whole_answers(photos, ColourTeacher())
    assert answers.shape == (3, 6)
    assert answers[:, :3] * 64 == pytest.approx(np.stack([photo.mean((0, 1)) for photo in photos]), abs=4)


def test_every_photo_but_the_marked_stays(tmp_path: Path) -> None:
    save_photos(tmp_path, 3)
    photos = load_photos(find_photos([tmp_path]))
    kept = photos.without(np.array([True, False, False]).tolist())
    assert [file.name for file in kept.files] == ["photo_001.jpg", "photo_002.jpg"]
    assert len(kept.photos) == len(kept.hashes) == 2 and kept.hashes == photos.hashes[1:]


def test_a_copy_in_another_size_and_light_is_found_without_a_teacher() -> None:
    photos = [np.asarray(draw_photo(seed, 96, 64)) for seed in range(6)]
    smaller = np.asarray(draw_photo(4, 96, 64).resize((60, 40))) // 2 + 40
    assert np.flatnonzero(same_pictures(photos, [smaller])).tolist() == [4]
    assert not same_pictures(photos[:4], [smaller, np.asarray(draw_photo(50, 96, 64))]).any()


def test_an_empty_picture_is_no_copy_of_another() -> None:
    black, white = np.zeros((20, 30, 3), np.uint8), np.full((30, 20, 3), 255, np.uint8)
    assert not same_pictures([black], [white]).any()


def test_thumbnails_correlate_whatever_their_size_and_light_and_not_with_their_negative() -> None:
    photo = np.asarray(draw_photo(7, 96, 64))
    darker, negative = photo // 2, 255 - photo
    found = picture_correlations([photo], [np.asarray(draw_photo(7, 96, 64).resize((48, 32))), darker, negative])
    assert found.shape == (1, 3) and found[0, 0] > 0.99 and found[0, 1] > 0.99 and found[0, 2] < -0.99
