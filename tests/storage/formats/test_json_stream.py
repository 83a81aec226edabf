from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import DamagedFileError
from storage.formats.json_stream import (
    LINE_DEPTH,
    EncodedList,
    Members,
    begins_with,
    check_json_stream,
    encode_strings,
    write_json_stream,
)

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def depth_of(value: object) -> int:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if members is None else 1 + max(map(depth_of, members), default=0)


@given(content=st.dictionaries(st.text().filter(lambda key: key != "checksum"), values, min_size=1))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_what_json_dumps_gives(
    content: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("json") / "a.json"
    write_json_stream(path, content)
    text = path.read_text(encoding="utf-8")
    found = json.loads(text)
    assert found == content | {"checksum": found["checksum"]}
    check_json_stream(path, found, "this test")
    if depth_of(content) <= LINE_DEPTH:
        assert text == json.dumps(found, ensure_ascii=False, indent=1) + "\n"


LAID_OUT: dict[str, Callable[[bytes], bytes]] = {
    "line ends of Windows": lambda text: text.replace(b"\n", b"\r\n"),
    "four blanks": lambda text: json.dumps(json.loads(text), indent=4, ensure_ascii=False).encode(),
    "one line": lambda text: json.dumps(json.loads(text), separators=(",", ":")).encode(),
    "no line end": lambda text: text.rstrip(),
    "blanks behind": lambda text: text.replace(b",\n", b", \n"),
}


@pytest.mark.parametrize("how", LAID_OUT)
def test_line_ends_and_blanks_may_change(tmp_path: Path, how: str) -> None:
    path = tmp_path / "a.json"
    write_json_stream(path, {"photos": [{"name": "ä b.jpg", "at": [[[1.5, None]]]}], "none": iter([]), "all": {}})
    path.write_bytes(LAID_OUT[how](path.read_bytes()))
    check_json_stream(path, json.loads(path.read_text(encoding="utf-8")), "this test")
    path.write_bytes(path.read_bytes().replace(b"b.jpg", b" b.jpg"))
    with pytest.raises(DamagedFileError, match="checksum"):
        check_json_stream(path, json.loads(path.read_text(encoding="utf-8")), "this test")


@pytest.mark.parametrize("how", LAID_OUT)
def test_large_members_need_not_be_held_for_the_check(tmp_path: Path, how: str) -> None:
    path = tmp_path / "a.json"
    write_json_stream(path, {"format": "test", "photos": iter([{"name": "a.jpg"}, {"name": "b.jpg"}])})
    path.write_bytes(LAID_OUT[how](path.read_bytes()))
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["photos"]
    check_json_stream(path, content, "this test")
    path.write_bytes(path.read_bytes().replace(b"b.jpg", b"c.jpg"))
    with pytest.raises(DamagedFileError, match="checksum"):
        check_json_stream(path, content, "this test")


def test_the_beginning_of_a_file_is_known_without_the_rest(tmp_path: Path) -> None:
    path, header = tmp_path / "a.json", {"format": "test", "mode": "copy"}
    write_json_stream(path, header | {"photos": iter(["a.jpg"])})
    assert begins_with(path, header)
    assert not begins_with(path, header | {"mode": "cop"}) and not begins_with(path, {"format": "test", "mode": 1})
    path.write_bytes(path.read_bytes()[:-30])
    assert begins_with(path, header)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert not begins_with(path, header)
    assert not begins_with(tmp_path / "none.json", header)


def test_half_a_letter_that_somebody_put_in_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json_stream(path, {"name": "a.jpg"})
    path.write_bytes(path.read_bytes().replace(b"a.jpg", rb"\ud800"))
    with pytest.raises(DamagedFileError, match="checksum"):
        check_json_stream(path, json.loads(path.read_text()), "this test")


def test_an_altered_byte_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json_stream(path, {"photos": 12, "skipped": iter([])})
    path.write_bytes(path.read_bytes().replace(b"12", b"13"))
    with pytest.raises(DamagedFileError, match="damaged: .*a.json.*checksum.*again with: this test.*take its line"):
        check_json_stream(path, json.loads(path.read_text()), "this test")


def test_members_and_lists_that_are_made_meanwhile_look_like_others(tmp_path: Path) -> None:
    whole = {"one": {"a": {"x": 1}, "b": []}, "none": {}, "few": [1, {"y": 2}], "no": []}
    made = {
        "one": Members(iter(whole["one"].items())),  # type: ignore[attr-defined]
        "none": Members([]),
        "few": iter([1, {"y": 2}]),
        "no": iter(()),
    }
    write_json_stream(tmp_path / "a.json", whole)
    write_json_stream(tmp_path / "b.json", made)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_what_is_no_json_number_leaves_the_former_file(tmp_path: Path) -> None:
    write_json_stream(tmp_path / "a.json", {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json_stream(tmp_path / "a.json", {"a": iter([1.0, float("nan")])})
    assert json.loads((tmp_path / "a.json").read_text())["a"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@given(strings=st.lists(st.text(alphabet=st.characters(codec="utf-8"))))
@settings(max_examples=60, deadline=None)
def test_many_strings_are_encoded_as_each_of_them(strings: list[str]) -> None:
    assert encode_strings(strings) == [json.dumps(string, ensure_ascii=False) for string in strings]


def test_items_that_are_encoded_already_look_like_others(tmp_path: Path) -> None:
    rows = [["a\n\u00e4.jpg", 0.5], ["b.jpg", 1]]
    texts = [json.dumps(row, ensure_ascii=False) for row in rows]
    write_json_stream(tmp_path / "a.json", {"all": {"one": {"pairs": rows, "no": []}}})
    encoded = {"one": {"pairs": EncodedList(texts), "no": EncodedList([])}}
    write_json_stream(tmp_path / "b.json", {"all": Members(encoded.items())})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
