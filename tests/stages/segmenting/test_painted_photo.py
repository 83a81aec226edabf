"""One painted photo: what it takes, what it refuses, and that nothing counts before it is on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segmentation.painting.layers import layer_of_masks
from segmentation.painting.planes import paint_of
from segmentation.painting.replies import ALREADY, OUTSIDE, Reply
from stages.segmenting.layer_store import LayerStore
from stages.segmenting.painted_photo import MAX_ACTIONS, PaintedPhoto, RevisionError, layer_file, reply_json
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.label_images import LabelImage, encode_label_image
from storage.formats.paint_classes import PaintClass
from storage.formats.paint_journal import PAINT_JOURNAL_NAME, PaintJournal
from storage.mask_folder import MaskFolder
from storage.paint_folder import PaintFolder

NAME, WIDTH, HEIGHT = "north/a.jpg", 12, 8
FILL = {"action": "fill", "at": [1, 1]}
RIGHT = {"action": "fill", "at": [11, 1]}


class Place:
    """A folder with one label image of two halves, and photos opened in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = PaintFolder(folder)
        self.layers = LayerStore()
        labels = np.ones((HEIGHT, WIDTH), np.int32)
        labels[:, WIDTH // 2 :] = 2
        self.first = self.put(labels)

    def put(self, labels: np.ndarray) -> str:
        return self.folder.put_labels(NAME, encode_label_image(LabelImage(labels.astype(np.int32), {"method": "x"})))

    def opened(self, size: tuple[int, int] = (WIDTH, HEIGHT)) -> PaintedPhoto:
        return PaintedPhoto(NAME, size, self.folder, self.first, lambda file: self.layers.get(0, file))

    @property
    def journal(self) -> Path:
        return self.folder.photo_dir(NAME) / PAINT_JOURNAL_NAME


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_opening_writes_nothing(place: Place) -> None:
    photo = place.opened()
    assert photo.revision == 0 and photo.is_saved and not place.folder.photo_dir(NAME).exists()


def test_actions_are_on_the_disk_when_they_are_answered(place: Place) -> None:
    photo = place.opened()
    (reply,) = photo.do(0, [FILL])
    assert reply.num_painted == 48 and photo.revision == 1
    journal = PaintJournal(place.journal)
    assert journal.log.actions == [FILL] and journal.log.check == photo.checks.both and journal.log.painted == 48
    assert (place.folder.photo_dir(NAME) / photo.labels_file).is_file()


def test_the_first_labels_are_kept_whatever_becomes_of_the_cache(place: Place) -> None:
    place.opened().do(0, [FILL])
    place.folder.cached(NAME, place.first).unlink()
    assert (place.opened().canvas.paint[:, :6] == paint_of((204, 0, 0))).all()


def test_no_actions_are_nothing(place: Place) -> None:
    photo = place.opened()
    assert photo.do(0, []) == [] and not place.journal.exists()


def test_actions_that_change_nothing_count_as_well(place: Place) -> None:
    photo = place.opened()
    replies = photo.do(0, [{"action": "fill", "at": [-1, 0]}, FILL, FILL])
    assert [reply.note for reply in replies] == [OUTSIDE, "", ALREADY] and photo.revision == 3
    assert len(photo.canvas.history.done) == 1


@pytest.mark.parametrize("revision", [1, 2, 99])
def test_a_revision_that_was_not_reached_is_refused(place: Place, revision: int) -> None:
    with pytest.raises(RevisionError) as caught:
        place.opened().do(revision, [FILL])
    assert caught.value.revision == 0


def test_other_actions_at_an_old_revision_are_refused(place: Place) -> None:
    photo = place.opened()
    photo.do(0, [FILL])
    with pytest.raises(RevisionError):
        photo.do(0, [RIGHT])
    with pytest.raises(RevisionError):
        photo.do(0, [FILL, RIGHT])
    assert photo.actions == [FILL]


def test_the_same_actions_at_an_old_revision_are_answered_again_and_not_done(place: Place) -> None:
    photo = place.opened()
    first = photo.do(0, [FILL])
    assert photo.do(0, [FILL]) == first and photo.revision == 1
    photo.do(1, [RIGHT])
    assert photo.do(0, [FILL]) == [] and photo.do(1, [RIGHT])[0].num_painted == 48 and photo.revision == 2


def test_too_many_actions_at_once_are_refused(place: Place) -> None:
    with pytest.raises(UsageError, match="at most 1000"):
        place.opened().do(0, [FILL] * (MAX_ACTIONS + 1))


@pytest.mark.parametrize("bad", [{"action": "class", "name": "x"}, {"action": "fill"}, "fill", None, {}])
def test_one_wrong_action_stops_all_of_a_request(place: Place, bad: Any) -> None:
    photo = place.opened()
    with pytest.raises(UsageError):
        photo.do(0, [FILL, bad])
    assert not photo.canvas.paint.any() and not photo.is_ahead and not place.journal.exists()


def test_labels_of_another_size_are_refused_before_anything_is_done(place: Place) -> None:
    file = place.put(np.ones((3, 3)))
    photo = place.opened()
    with pytest.raises(UsageError, match="another size"):
        photo.do(0, [FILL, {"action": "labels", "file": file}])
    assert not photo.canvas.paint.any() and not photo.is_ahead


def test_a_picture_outside_of_the_photo_is_refused(place: Place) -> None:
    mask = np.ones((HEIGHT, WIDTH), bool)
    file = place.layers.add(0, layer_of_masks([((1, 2, 3), mask)], (HEIGHT, WIDTH)))
    photo = place.opened()
    for at in ([1, 0], [0, 1], [-1, 0]):
        with pytest.raises(UsageError, match="does not fit"):
            photo.do(0, [{"action": "picture", "file": file, "at": at}])
    assert photo.do(0, [{"action": "picture", "file": file, "at": [0, 0]}])[0].num_painted == WIDTH * HEIGHT


def test_a_picture_is_kept_and_painted_again_when_the_photo_is_opened(place: Place) -> None:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[2:5, 3:9] = np.random.default_rng(4).random((3, 6)) < 0.5
    layer = layer_of_masks([((1, 2, 3), mask)], (HEIGHT, WIDTH))
    assert layer.box is not None
    place.opened().do(0, [{"action": "picture", "file": place.layers.add(0, layer), "at": list(layer.box[:2])}])
    place.layers = LayerStore()
    assert np.array_equal(place.opened().canvas.paint == paint_of((1, 2, 3)), mask)


def test_black_pictures_are_paint(place: Place) -> None:
    layer = layer_of_masks([((0, 0, 0), np.eye(HEIGHT, WIDTH, dtype=bool))], (HEIGHT, WIDTH))
    file = place.layers.add(0, layer)
    photo = place.opened()
    photo.do(0, [{"action": "picture", "file": file, "at": [0, 0]}])
    assert photo.checks.num_painted == HEIGHT and layer_file(layer) == file


def test_labels_that_were_taken_are_kept(place: Place) -> None:
    file = place.put(np.arange(1, WIDTH * HEIGHT + 1).reshape(HEIGHT, WIDTH))
    place.opened().do(0, [{"action": "labels", "file": file}, FILL])
    place.folder.trim()
    place.folder.cached(NAME, file).unlink()
    assert place.opened().checks.num_painted == 1


def test_a_file_of_the_journal_that_is_gone_is_named(place: Place) -> None:
    place.opened().do(0, [FILL])
    (place.folder.photo_dir(NAME) / place.first).unlink()
    place.folder.cached(NAME, place.first).unlink()
    with pytest.raises(StageError, match=place.first):
        place.opened()


def test_a_photo_of_another_size_is_refused(place: Place) -> None:
    place.opened().do(0, [FILL])
    with pytest.raises(StageError, match="move .* away to begin anew"):
        place.opened((HEIGHT, WIDTH))


def test_first_labels_of_another_size_are_damage(place: Place) -> None:
    with pytest.raises(DamagedFileError, match="another size"):
        place.opened((5, 5))


def test_saving_tells_what_was_written_and_counts_as_saved(place: Place, tmp_path: Path) -> None:
    photo, masks = place.opened(), MaskFolder(tmp_path / "out", "safe")
    photo.do(0, [FILL])
    assert not photo.is_saved
    snapshot = photo.snapshot()
    saved = snapshot.save(masks, [PaintClass("wall", (204, 0, 0))], ["north/a.png"])
    assert not photo.is_saved
    photo.add_saved(snapshot)
    assert tmp_path / "out" / "north" / "a_mask_R204_G0_B0.png" in saved.written and photo.is_saved
    assert place.opened().is_saved
    photo.do(1, [{"action": "colour", "colour": [1, 1, 1]}])
    assert photo.is_saved  # no pixel is another one
    photo.do(2, [{"action": "undo"}])
    assert not photo.is_saved
    photo.do(3, [{"action": "redo"}])
    assert photo.is_saved


def test_saved_masks_come_back_as_a_layer(place: Place, tmp_path: Path) -> None:
    photo, masks = place.opened(), MaskFolder(tmp_path / "out", "safe")
    photo.do(0, [FILL, {"action": "colour", "colour": [0, 9, 0]}, RIGHT])
    photo.snapshot().save(masks, [], [])
    layer = photo.masks_layer(masks, [])
    assert layer.num_pixels == WIDTH * HEIGHT and set(layer.runs[:, 2].tolist()) == {
        paint_of((204, 0, 0)),
        paint_of((0, 9, 0)),
    }


def test_masks_that_are_taken_up_are_the_first_action_and_saved(place: Place) -> None:
    photo = place.opened()
    photo.take_up(layer_of_masks([((7, 7, 7), np.ones((HEIGHT, WIDTH), bool))], (HEIGHT, WIDTH)))
    assert photo.revision == 1 and photo.is_saved and "undo takes them away" in photo.note
    again = place.opened()
    assert again.checks.both == photo.checks.both and again.is_saved


def test_the_script_has_all_actions(place: Place) -> None:
    photo = place.opened()
    photo.do(0, [FILL, RIGHT])
    assert photo.script() == {"format": "paint-script", "format_version": 1, "classes": [], "actions": [FILL, RIGHT]}


def test_a_reply_is_told_in_plain_types() -> None:
    assert reply_json(Reply(3, 2, (1, 2, 3, 4), "x")) == {"painted": 3, "labelled": 2, "box": [1, 2, 3, 4], "note": "x"}
    assert reply_json(Reply())["box"] is None
