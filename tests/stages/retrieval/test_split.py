"""The stage of ``tools.split_templates``: which photo goes where, the truth, and what must not be touched."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.retrieval.split import split_templates
from stages.retrieval.template_plan import plan_split
from stages.settings.retrieval import SplitSettings
from storage.errors import StageError, UsageError
from storage.formats.manifest import is_made_of_links
from storage.formats.truth import read_truth
from storage.listing import list_photos
from tests.drawn_photos import draw_photo
from tests.watched_calls import changes_under, contents, states

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
TABLE = """file,class
memes/c.jpg,cat
memes/a.jpg,cat
memes/b.jpg,cat
dog1.jpg,dog
memes/dog2.png,dog
memes/alone.jpg,alone
"""


@pytest.fixture
def settings(tmp_path: Path) -> SplitSettings:
    """Six photos of three classes, and one that the table does not name."""
    folder = tmp_path / "photos" / "memes"
    folder.mkdir(parents=True)
    for number, name in enumerate(("a.jpg", "b.jpg", "c.jpg", "dog1.jpg", "dog2.png", "alone.jpg", "other.jpg")):
        draw_photo(number).save(folder / name)
    (tmp_path / "table.csv").write_text(TABLE, encoding="utf-8")
    return SplitSettings(tmp_path / "table.csv", tmp_path / "photos", tmp_path / "out")


def write_table(settings: SplitSettings, text: str) -> None:
    settings.csv.write_text(text, encoding="utf-8")


def truth(settings: SplitSettings) -> dict[str, str]:
    return {row.query: row.source for row in read_truth(settings.export_dir / "truth.csv")}


def parts(settings: SplitSettings) -> tuple[list[str], list[str]]:
    return list_photos(settings.export_dir / "database"), list_photos(settings.export_dir / "queries")


def test_the_first_photo_of_each_class_by_name_is_its_template(settings: SplitSettings) -> None:
    report = split_templates(settings)
    assert parts(settings) == (
        ["memes/a.jpg", "memes/alone.jpg", "memes/dog1.jpg"],
        ["memes/b.jpg", "memes/c.jpg", "memes/dog2.png"],
    )
    assert report.exit_code == 0 and report.counts == {
        "classes": 3,
        "database": 3,
        "queries": 3,
        "written": 6,
        "removed": 0,
        "not_listed": 1,
        "skipped": 0,
    }


def test_the_truth_names_the_template_and_the_class_of_each_query(settings: SplitSettings) -> None:
    split_templates(settings)
    assert (settings.export_dir / "truth.csv").read_text(encoding="utf-8") == (
        "query,source,class\n"
        "memes/b.jpg,memes/a.jpg,cat\nmemes/c.jpg,memes/a.jpg,cat\nmemes/dog2.png,memes/dog1.jpg,dog\n"
    )


def test_copies_are_the_photos_byte_for_byte(settings: SplitSettings) -> None:
    split_templates(settings)
    source = contents(settings.image_dir)
    for part in ("database", "queries"):
        found = contents(settings.export_dir / part)
        del found["manifest.json"]
        assert found.items() <= source.items() and found


def test_the_order_of_the_table_does_not_matter(settings: SplitSettings, tmp_path: Path) -> None:
    split_templates(settings)
    heading, *lines = TABLE.splitlines()
    write_table(settings, "\n".join([heading, *sorted(lines)]))
    assert split_templates(settings).is_current


def test_a_column_can_mark_the_template(settings: SplitSettings) -> None:
    write_table(settings, "name,is_it,label\na.jpg,,cat\nb.jpg,Yes,cat\nc.jpg,0,cat\n")
    given = replace(settings, file_column="name", class_column="label", template="is_it")
    split_templates(given)
    assert truth(settings) == {"memes/a.jpg": "memes/b.jpg", "memes/c.jpg": "memes/b.jpg"}


def test_two_marked_templates_are_refused_and_none_is_said(settings: SplitSettings) -> None:
    given = replace(settings, template="mark")
    write_table(settings, "file,class,mark\na.jpg,cat,1\nb.jpg,cat,1\n")
    with pytest.raises(StageError, match="'cat' has 2 templates, in lines 2, 3"):
        split_templates(given)
    write_table(settings, "file,class,mark\na.jpg,cat,1\ndog1.jpg,dog,\n")
    report = split_templates(given)
    assert [photo.name for photo in report.skipped] == ["memes/dog1.jpg"] and "'dog'" in report.skipped[0].reason


def test_a_mark_that_is_neither_yes_nor_no_is_refused_with_its_line(settings: SplitSettings) -> None:
    write_table(settings, "file,class,mark\na.jpg,cat,1\nb.jpg,cat,perhaps\n")
    with pytest.raises(StageError, match="line 3: mark is 'perhaps'"):
        split_templates(replace(settings, template="mark"))


def test_a_table_without_a_heading_and_of_stems_works(settings: SplitSettings) -> None:
    write_table(settings, "a,cat,reddit\nb,cat,reddit\n")
    split_templates(replace(settings, no_header=True, file_column="1", class_column="2"))
    assert truth(settings) == {"memes/b.jpg": "memes/a.jpg"}


@pytest.mark.parametrize("file", ["memes/b.jpg", "./memes/b.jpg", "memes\\b.jpg", "b.jpg", "b", "memes/b", " b.jpg "])
def test_the_table_may_say_less_than_the_whole_name(settings: SplitSettings, file: str) -> None:
    write_table(settings, f"file,class\na.jpg,cat\n{file},cat\n")
    split_templates(settings)
    assert truth(settings) == {"memes/b.jpg": "memes/a.jpg"}


def test_a_name_with_its_ending_goes_before_one_without(settings: SplitSettings) -> None:
    draw_photo(9).save(settings.image_dir / "memes" / "b.jpg.png")
    write_table(settings, "file,class\na.jpg,cat\nb.jpg,cat\n")
    split_templates(settings)
    assert truth(settings) == {"memes/b.jpg": "memes/a.jpg"}


def test_a_whole_name_goes_before_the_end_of_another(settings: SplitSettings) -> None:
    draw_photo(9).save(settings.image_dir / "b.jpg")
    write_table(settings, "file,class\na.jpg,cat\nb.jpg,cat\n")
    split_templates(settings)
    assert parts(settings) == (["b.jpg"], ["memes/a.jpg"])


def test_files_that_are_missing_or_could_be_several_are_named_with_their_line(settings: SplitSettings) -> None:
    (settings.image_dir / "more").mkdir()
    draw_photo(9).save(settings.image_dir / "more" / "b.jpg")
    write_table(settings, TABLE + "gone.jpg,cat\nb.jpg,cat\n../table.csv,cat\n")
    report = split_templates(settings)
    assert report.exit_code == 3
    reasons = {photo.name: photo.reason for photo in report.skipped}
    assert set(reasons) == {"gone.jpg", "b.jpg", "../table.csv"}
    assert "line 8" in reasons["gone.jpg"] and "2 photos" in reasons["b.jpg"]
    assert len(truth(settings)) == 3


def test_the_next_photo_is_the_template_where_the_first_is_missing(settings: SplitSettings) -> None:
    (settings.image_dir / "memes" / "a.jpg").unlink()
    assert split_templates(settings).exit_code == 3
    assert truth(settings)["memes/c.jpg"] == "memes/b.jpg"


def test_a_photo_of_two_classes_is_refused_with_both_lines(settings: SplitSettings) -> None:
    write_table(settings, "file,class\na.jpg,cat\nmemes/a,dog\n")
    with pytest.raises(StageError, match="'dog' in line 3 but 'cat' in line 2"):
        split_templates(settings)
    write_table(settings, "file,class\na.jpg,cat\nmemes/a,cat\nb.jpg,cat\n")
    split_templates(settings)
    assert len(truth(settings)) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,class\na.jpg,\n", "line 2: no class"),
        ("file,class\n,cat\n", "line 2: no file"),
        ("file,class\n", "names no photo"),
        ("name,class\na.jpg,cat\n", "no column 'file'"),
        ("file,class\nx.jpg,cat\n", "no line of .* names a photo"),
    ],
)
def test_a_wrong_table_is_refused(settings: SplitSettings, text: str, message: str) -> None:
    write_table(settings, text)
    with pytest.raises(StageError, match=message):
        split_templates(settings)


# Coming back, and what is not touched


def test_a_second_run_writes_nothing(settings: SplitSettings) -> None:
    split_templates(settings)
    before = contents(settings.export_dir)
    with changes_under(settings.export_dir / "queries") as changes:
        assert split_templates(settings).is_current
    assert changes == [] and contents(settings.export_dir) == before


def test_the_source_is_only_read(settings: SplitSettings) -> None:
    before = states(settings.image_dir)
    with changes_under(settings.image_dir) as changes:
        split_templates(settings)
        split_templates(settings)
    assert changes == [] and states(settings.image_dir) == before


def test_another_table_moves_copies_and_leaves_no_former_template(settings: SplitSettings) -> None:
    split_templates(settings)
    write_table(settings, "file,class\nb.jpg,cat\nc.jpg,cat\n")
    report = split_templates(settings)
    assert parts(settings) == (["memes/b.jpg"], ["memes/c.jpg"])
    assert report.counts["removed"] == 5 and report.counts["written"] == 1
    assert len(contents(settings.image_dir)) == 7


def test_a_copy_that_somebody_changed_is_kept_and_said(settings: SplitSettings) -> None:
    split_templates(settings)
    changed = settings.export_dir / "database" / "memes" / "dog1.jpg"
    changed.write_bytes(b"changed")
    write_table(settings, "file,class\nb.jpg,cat\nc.jpg,cat\n")
    report = split_templates(settings)
    assert changed.read_bytes() == b"changed"
    assert any("was changed" in note for note in report.notes) and any("1 photos more" in note for note in report.notes)


def test_a_file_of_somebody_else_is_not_overwritten(settings: SplitSettings) -> None:
    target = settings.export_dir / "queries" / "memes" / "b.jpg"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"mine")
    report = split_templates(settings)
    assert target.read_bytes() == b"mine"
    assert [photo.name for photo in report.skipped] == ["memes/b.jpg"] and "memes/b.jpg" not in truth(settings)


def test_a_copy_that_is_there_already_is_taken(settings: SplitSettings) -> None:
    target = settings.export_dir / "queries" / "memes" / "b.jpg"
    target.parent.mkdir(parents=True)
    target.write_bytes((settings.image_dir / "memes" / "b.jpg").read_bytes())
    report = split_templates(settings)
    assert report.exit_code == 0 and report.counts["written"] == 5


def test_a_photo_that_changed_is_copied_again(settings: SplitSettings) -> None:
    split_templates(settings)
    draw_photo(50).save(settings.image_dir / "memes" / "b.jpg")
    assert split_templates(settings).counts["written"] == 1
    copied = settings.export_dir / "queries" / "memes" / "b.jpg"
    assert copied.read_bytes() == (settings.image_dir / "memes" / "b.jpg").read_bytes()


@needs_links
@pytest.mark.parametrize("mode", ["symlink", "hardlink"])
def test_links_are_made_where_they_are_asked_for(settings: SplitSettings, mode: str) -> None:
    split_templates(replace(settings, mode=mode))
    target = settings.export_dir / "queries" / "memes" / "b.jpg"
    assert target.samefile(settings.image_dir / "memes" / "b.jpg") and target.is_symlink() == (mode == "symlink")
    assert is_made_of_links(settings.export_dir / "queries") == (mode == "symlink")
    assert split_templates(replace(settings, mode=mode)).is_current
    with pytest.raises(UsageError, match="--mode"):
        split_templates(settings)
    write_table(settings, "file,class\nc.jpg,cat\na.jpg,cat\n")
    split_templates(replace(settings, mode=mode))
    assert not target.exists() and len(contents(settings.image_dir)) == 7


@pytest.mark.skipif(os.name == "nt", reason="such names cannot be there on Windows")
def test_hostile_names_get_safe_copies_and_come_back_from_the_truth(settings: SplitSettings) -> None:
    for number, name in enumerate(("=1.jpg", "=1:.jpg", "=1_.jpg", "日本 語.jpg")):
        draw_photo(number).save(settings.image_dir / name)
    write_table(settings, "file,class\n=1.jpg,=cmd\n=1:.jpg,=cmd\n=1_.jpg,=cmd\n日本 語.jpg,=cmd\n")
    split_templates(settings)
    rows = read_truth(settings.export_dir / "truth.csv")
    assert {row.query for row in rows} == {"=1_.jpg", "=1_~2.jpg", "日本 語.jpg"} == set(parts(settings)[1])
    assert {row.source for row in rows} == {"=1.jpg"} and {row.labels["class"] for row in rows} == {"=cmd"}
    assert "\n=" not in (settings.export_dir / "truth.csv").read_text(encoding="utf-8")
    assert split_templates(settings).is_current


@pytest.mark.parametrize(
    ("change", "error"),
    [({"mode": "move"}, UsageError), ({"csv": Path("no.csv")}, StageError), ({"image_dir": Path("no")}, StageError)],
    ids=str,
)
def test_a_wrong_call_is_refused_before_anything_is_written(
    settings: SplitSettings, change: dict[str, Any], error: type[StageError]
) -> None:
    with pytest.raises(error):
        split_templates(replace(settings, **change))
    assert not settings.export_dir.exists()


def test_an_export_in_the_image_folder_is_refused(settings: SplitSettings) -> None:
    with pytest.raises(UsageError, match="lies in"):
        split_templates(replace(settings, export_dir=settings.image_dir / "out"))


def test_the_plan_counts_every_photo_once(settings: SplitSettings) -> None:
    plan = plan_split(settings, follow_links=False)
    assert plan.num_unlisted + len(plan.templates) + len(plan.queries) == 7
    assert not set(plan.templates.values()) & set(plan.queries)
