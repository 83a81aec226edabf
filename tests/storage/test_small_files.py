"""Small files as text, and results that are written only when they changed."""

from __future__ import annotations

import base64
from pathlib import Path

from storage.small_files import jpeg_data_url, small_file
from storage.unchanged import write_if_changed


def test_a_data_url_holds_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff content")
    start, _, text = jpeg_data_url(tmp_path / "a.jpg").partition(",")
    assert start == "data:image/jpeg;base64" and base64.b64decode(text) == small_file(tmp_path / "a.jpg")


def test_a_file_is_written_when_it_is_new_or_changed_and_only_then(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "a.txt"
    assert [write_if_changed(path, content) for content in (b"1", b"1", b"2")] == [True, False, True]
    assert path.read_bytes() == b"2" and list(path.parent.iterdir()) == [path]
