"""Sets of templates: found, kept, and hits that hold for every smaller threshold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segmentation.painting.templates import find_stamps, match_values
from stages.segmenting import template_sets
from stages.segmenting.template_sets import TemplateSet, TemplateSets, cut_out, find_templates, found_json, stamps_of
from storage.encoding import encode_picture
from storage.errors import DamagedFileError, StageError, UsageError

WINDOW = np.random.default_rng(2).integers(1, 255, (6, 5, 3), dtype=np.uint8)
PNG = encode_picture(WINDOW, "png")


def draw_photo(path: Path) -> np.ndarray:
    """Write noise with three windows, one of them a little altered."""
    random = np.random.default_rng(1)
    photo = random.integers(90, 170, (30, 40, 3), dtype=np.uint8)
    for left, top in ((3, 4), (20, 4), (28, 20)):
        photo[top : top + 6, left : left + 5] = WINDOW
    photo[20:23, 28:33] //= 2
    Image.fromarray(photo).save(path)
    return photo


def draw_set(folder: Path, kinds: tuple[str, ...] = ("templates", "segments"), count: int = 1) -> TemplateSet:
    for kind in kinds:
        (folder / kind).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(WINDOW if kind == "templates" else np.full_like(WINDOW, 60 + number)).save(
                folder / kind / f"{number}.png"
            )
    return TemplateSet(folder.name, "folder", folder)


@pytest.mark.parametrize("threshold", [0.0, 0.001, 0.05, 0.1, 0.15, 0.2])
def test_stamps_of_one_search_are_those_of_the_reference_at_every_threshold(tmp_path: Path, threshold: float) -> None:
    photo = draw_photo(tmp_path / "a.png")
    chosen = draw_set(tmp_path / "set", count=2)
    found = find_templates(tmp_path / "a.png", chosen, 0.2, 100)
    expected, _ = find_stamps(photo, chosen.read(), threshold)
    stamps = stamps_of(chosen.read(), found, threshold)
    assert [(one.left, one.top) for one in stamps] == [(one.left, one.top) for one in expected]
    assert all(np.array_equal(one.picture, two.picture) for one, two in zip(stamps, expected, strict=True))


def test_hits_are_told_best_first_with_their_boxes(tmp_path: Path) -> None:
    draw_photo(tmp_path / "a.png")
    found = find_templates(tmp_path / "a.png", draw_set(tmp_path / "set"), 0.2, 100)
    told = found_json(7, found)
    assert told["set"] == 7 and told["complete_to"] == 0.2
    assert {tuple(hit["box"]) for hit in told["hits"][:3]} == {(3, 4, 5, 6), (20, 4, 5, 6), (28, 20, 5, 6)}
    assert told["best"][0]["box"] in ([3, 4, 5, 6], [20, 4, 5, 6])
    values = [hit["value"] for hit in told["hits"]]
    assert values == sorted(values)


def test_too_many_places_lower_the_threshold_that_hits_are_complete_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = draw_photo(tmp_path / "a.png")
    chosen = draw_set(tmp_path / "set")
    monkeypatch.setattr(template_sets, "MAX_PLACES", 40)
    found = find_templates(tmp_path / "a.png", chosen, 1.0, 100)
    assert 0 < found.complete_to < 1
    values = match_values(photo, chosen.read()[0])
    assert np.count_nonzero(values <= found.complete_to) <= 40
    expected, _ = find_stamps(photo, chosen.read(), found.complete_to)
    assert len(stamps_of(chosen.read(), found, found.complete_to)) == len(expected)


def test_equal_places_beyond_the_limit_are_no_hits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (40, 30), (9, 9, 9)).save(tmp_path / "a.png")
    for kind in ("templates", "segments"):
        (tmp_path / "set" / kind).mkdir(parents=True)
        Image.new("RGB", (5, 6), (9, 9, 9)).save(tmp_path / "set" / kind / "0.png")
    monkeypatch.setattr(template_sets, "MAX_PLACES", 40)
    found = find_templates(tmp_path / "a.png", TemplateSet("", "folder", tmp_path / "set"), 0.5, 100)
    assert found.complete_to == 0 and found.hits == [[]] and len(found.best) == 1


def test_a_folder_may_be_a_set_or_hold_some(tmp_path: Path) -> None:
    draw_set(tmp_path / "all" / "windows")
    draw_set(tmp_path / "all" / "doors")
    (tmp_path / "all" / "other").mkdir()
    names = [each.name for each in TemplateSets(tmp_path / "kept", tmp_path / "all").sets]
    assert names == ["doors", "windows"]
    assert [each.name for each in TemplateSets(tmp_path / "kept", tmp_path / "all" / "doors").sets] == ["doors"]


def test_a_folder_without_sets_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError, match="--templates"):
            TemplateSets(tmp_path / "kept", folder)


def test_sets_that_were_added_are_there_in_the_next_session(tmp_path: Path) -> None:
    number = TemplateSets(tmp_path).add("<b>\n", "upload", {"templates": [PNG], "segments": [PNG]})
    again = TemplateSets(tmp_path)
    assert number == 0 and [(each.name, each.source) for each in again.sets] == [("<b>\n", "upload")]
    assert np.array_equal(again.find(0).read()[0].picture, WINDOW)
    assert again.add("more", "upload", {"templates": [PNG], "segments": [PNG]}) == 1


def test_what_is_no_set_is_not_kept(tmp_path: Path) -> None:
    sets = TemplateSets(tmp_path)
    with pytest.raises(UsageError, match="different numbers"):
        sets.add("x", "upload", {"templates": [PNG, PNG], "segments": [PNG]})
    with pytest.raises(StageError):
        sets.add("x", "upload", {"templates": [b"no picture"], "segments": [PNG]})
    with pytest.raises(UsageError, match="needs pictures"):
        sets.add("x", "upload", {"templates": [PNG]})
    with pytest.raises(UsageError, match="at most"):
        sets.add("x", "upload", {"templates": [PNG] * 201, "segments": [PNG] * 201})
    assert sets.sets == [] and TemplateSets(tmp_path).sets == []
    assert list(tmp_path.iterdir()) == []
    assert sets.add("x", "upload", {"templates": [PNG], "segments": [PNG]}) == 0
    assert [each.name for each in TemplateSets(tmp_path).sets] == ["x"]


def test_a_damaged_record_of_a_set_is_named(tmp_path: Path) -> None:
    TemplateSets(tmp_path).add("x", "upload", {"templates": [PNG], "segments": [PNG]})
    (tmp_path / "0000" / "set.json").write_text("{")
    with pytest.raises(DamagedFileError, match=r"set\.json"):
        TemplateSets(tmp_path)


def test_a_set_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="no such set"):
        TemplateSets(tmp_path).find(0)


def test_a_part_of_a_photo_with_its_paint_is_a_template(tmp_path: Path) -> None:
    is_painted = np.zeros(WINDOW.shape[:2], bool)
    is_painted[2:4] = True
    black = np.zeros_like(WINDOW)  # black paint, too, is painted
    sets = TemplateSets(tmp_path)
    found = sets.find(sets.add("part", "photo", cut_out(WINDOW, black, is_painted))).read()[0]
    assert np.array_equal(found.picture, WINDOW) and np.array_equal(found.mask, is_painted)
    assert found.attention.all() and not found.segment.any()


def test_a_part_without_paint_is_no_template() -> None:
    with pytest.raises(UsageError, match="nothing is painted"):
        cut_out(WINDOW, WINDOW, np.zeros(WINDOW.shape[:2], bool))
