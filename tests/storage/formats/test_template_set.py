"""The record of a set of templates: what was written is read back; what is damaged or newer is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from storage.errors import DamagedFileError, StageError
from storage.formats.template_set import TEMPLATE_SET_NAME, read_template_set, write_template_set


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    write_template_set(tmp_path, "<b>\n", "upload")
    assert read_template_set(tmp_path) == ("<b>\n", "upload")
    content = json.loads((tmp_path / TEMPLATE_SET_NAME).read_text())
    assert (content["format"], content["format_version"]) == ("template-set", 1) and len(content["checksum"]) == 64


def test_a_record_from_before_the_format_had_a_name_is_read(tmp_path: Path) -> None:
    (tmp_path / TEMPLATE_SET_NAME).write_text('{"name": "windows", "source": "photo"}')
    assert read_template_set(tmp_path) == ("windows", "photo")


def test_one_altered_letter_is_damage(tmp_path: Path) -> None:
    write_template_set(tmp_path, "windows", "upload")
    path = tmp_path / TEMPLATE_SET_NAME
    path.write_text(path.read_text().replace("windows", "windowz"))
    with pytest.raises(DamagedFileError, match=r"set\.json .*checksum"):
        read_template_set(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "{",
        "{}",
        '{"name": "x"}',
        '{"name": 1, "source": "photo"}',
        '{"format": "paint-classes", "format_version": 1, "name": "x", "source": "photo"}',
        '{"format": "template-set", "format_version": 2, "name": "x", "source": "photo"}',
    ],
)
def test_what_is_no_record_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / TEMPLATE_SET_NAME).write_text(content)
    with pytest.raises(DamagedFileError, match=r"set\.json"):
        read_template_set(tmp_path)


def test_a_record_that_is_missing_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"set\.json is missing"):
        read_template_set(tmp_path)
