"""Results that are written only when they changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.atomic import write_json, write_text
from storage.unchanged import write_if_changed, write_json_if_changed, write_text_if_changed
from tests.watched_calls import changes_under

VALUE = {"name": "Straße", "numbers": [1, 2.5, None]}


def test_what_stands_is_not_written_again(tmp_path: Path) -> None:
    assert write_if_changed(tmp_path / "a", b"one")
    with changes_under(tmp_path) as changes:
        assert not write_if_changed(tmp_path / "a", b"one")
    assert not changes
    assert write_if_changed(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"two"


def test_text_and_json_are_those_of_the_plain_writers(tmp_path: Path) -> None:
    write_text(tmp_path / "text", "zwei\nZeilen\n")
    write_json(tmp_path / "json", VALUE)
    assert not write_text_if_changed(tmp_path / "text", "zwei\nZeilen\n")
    assert not write_json_if_changed(tmp_path / "json", VALUE)
    assert write_json_if_changed(tmp_path / "json", VALUE | {"name": "Gasse"})


def test_json_refuses_what_is_no_number(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        write_json_if_changed(tmp_path / "json", {"score": float("nan")})
    assert not (tmp_path / "json").exists()
