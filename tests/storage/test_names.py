from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import StageError
from storage.names import MAX_COMPONENT_BYTES, check_name, clash_key, inside, resolve_clashes, safe_name

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
# Few letters, so that names meet: case, Unicode form, numbers, endings, folders.
NEAR_NAMES = st.text("aA\u00e9e\u0301~2./ ?\udcff", min_size=1, max_size=7)


def naughty_names() -> list[str]:
    """A hundred names that trouble file systems, shells, formats or readers."""
    controls = [f"a{chr(code)}b.jpg" for code in (*range(1, 32), 127, 0x85, 0x9B, 0x2028, 0x2029)]
    refused = [f"a{character}b.jpg" for character in '<>:"|?*\\']
    devices = [
        "CON",
        "nul.jpg",
        "aux.tar.jpg",
        "COM1.jpg",
        "lpt9",
        "PRN .jpg",
        "com\u00b2.jpg",
        "CONIN$",
        "Con.JPG",
        "NUL",
    ]
    dashes = ["-rf", "--help", "-", ".hidden.jpg", "..jpg", "...", ".", "..", "~", "~root.jpg"]
    ends = ["a.jpg ", "a.jpg.", "a. . .", " ", "   .jpg", "a /b /c.jpg", "a./b.jpg", "trailing\u00a0"]
    long = [
        "x" * 300 + ".jpg",
        "\u00e9" * 200 + ".jpeg",
        "\U0001f3e0" * 100,
        "a." + "y" * 300,
        "folder" * 60 + "/a.jpg",
    ]
    bytes_ = ["stra\udcdfe.jpg", "\udcff", "\udcc3\udca9.jpg", "\ud800.jpg", "a/\udcff/b.jpg"]
    unicode_ = [
        "e\u0301.jpg",
        "\u212b.jpg",
        "\u202egpj.exe",
        "\ufeffa.jpg",
        "\u200b.jpg",
        "\uff0e\uff0e/a.jpg",
        "\U0001f3da.jpg",
    ]
    shell = [
        "$(reboot).jpg",
        "`id`.jpg",
        "a;b.jpg",
        "a&b.jpg",
        "a'b.jpg",
        "%00.jpg",
        "%2e%2e.jpg",
        "a=b.jpg",
        "a#b.jpg",
        "!!",
        "a|b>c.jpg",
        "<script>.jpg",
    ]
    return controls + refused + devices + dashes + ends + long + bytes_ + unicode_ + shell


def is_safe(name: str) -> bool:
    components = name.split("/")
    return (
        check_name(name) == name
        and unicodedata.is_normalized("NFC", name)
        and not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name)
        and not set(name) & set('<>:"|?*\\')
        and all(len(component.encode()) <= MAX_COMPONENT_BYTES for component in components)
        and all(component[0] not in ".-" and component[-1] not in ". " for component in components)
    )


def test_there_are_a_hundred_naughty_names() -> None:
    assert len(set(naughty_names())) >= 100


@pytest.mark.parametrize("name", naughty_names())
def test_a_naughty_name_becomes_safe_and_stays_so(name: str) -> None:
    assert is_safe(safe_name(name))
    assert safe_name(safe_name(name)) == safe_name(name)


def test_naughty_names_all_get_names_of_their_own() -> None:
    given_names = resolve_clashes(naughty_names())
    assert len({clash_key(target) for target in given_names.values()}) == len(set(naughty_names()))


@pytest.mark.skipif(os.name == "nt", reason="pytest's own folder makes the path too long for Windows")
def test_safe_names_can_be_made_on_disk_and_are_found_again(tmp_path: Path) -> None:
    targets = sorted(resolve_clashes(naughty_names()).values())
    for target in targets:
        (tmp_path / target).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / target).write_bytes(target.encode())
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert [unicodedata.normalize("NFC", name) for name in found] == targets


@given(ANY_TEXT)
def test_any_text_becomes_a_safe_name_that_is_its_own_safe_form(name: str) -> None:
    assert is_safe(safe_name(name))
    assert safe_name(safe_name(name)) == safe_name(name)


@pytest.mark.parametrize(
    "name",
    ["a.jpg", "Old town/house 12.JPG", "\u00e9\u00df\u6f22/\U0001f3e0 (1).jpeg", "a,b;c'd.png", "no ending", "a~2.jpg"],
)
def test_a_good_name_stays_as_it_is(name: str) -> None:
    assert safe_name(name) is name  # not a copy of it


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("stra\udcdfe.jpg", "stra_e.jpg"),
        ("a\tb\nc.jpg", "a_b_c.jpg"),
        ("a\\b.jpg", "a_b.jpg"),
        ("12:30?.jpg", "12_30_.jpg"),
        ("folder. /a.jpg .", "folder/a.jpg"),
        ("con.jpg", "_con.jpg"),
        ("a/NUL", "a/_NUL"),
        ("-rf", "_-rf"),
        (".hidden.jpg", "_.hidden.jpg"),
        ("../../etc/passwd", "_/_/etc/passwd"),
        ("/absolute//a.jpg", "absolute/a.jpg"),
        ("e\u0301.jpg", "\u00e9.jpg"),
        ("", "_"),
    ],
)
def test_what_is_unsafe_is_replaced(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_long_name_is_cut_between_characters_and_keeps_its_ending() -> None:
    safe = safe_name("\u00e9" * 300 + ".jpeg")
    assert safe == "\u00e9" * 125 + ".jpeg"
    assert len(safe.encode()) == 255


def test_a_name_of_the_greatest_length_is_not_cut() -> None:
    name = "x" * 251 + ".jpg"
    assert safe_name(name) == name


def test_names_without_a_clash_keep_themselves() -> None:
    given = resolve_clashes(["b.jpg", "a/b.jpg"])
    assert given == {"a/b.jpg": "a/b.jpg", "b.jpg": "b.jpg"}
    assert all(source is name for source, name in given.items())


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["A.jpg", "a.jpg"], ["A.jpg", "a~2.jpg"]),
        (["\u00e9.jpg", "e\u0301.jpg"], ["\u00e9.jpg", "\u00e9~2.jpg"]),
        (["a?.jpg", "a*.jpg", "a_.jpg"], ["a_~3.jpg", "a_~2.jpg", "a_.jpg"]),
        (["x/A.jpg", "X/a.jpg", "x/a.jpg"], ["x/A~2.jpg", "X/a.jpg", "x/a~3.jpg"]),
        (["\u00e9/a.jpg", "e\u0301/a.jpg", "e\u0301/b.jpg"], ["\u00e9/a.jpg", "\u00e9/a~2.jpg", "\u00e9/b.jpg"]),
        (["a", "A"], ["a~2", "A"]),
        (["stra\u00dfe.jpg", "STRASSE.jpg"], ["stra\u00dfe~2.jpg", "STRASSE.jpg"]),
    ],
)
def test_the_loser_of_a_clash_gets_a_number_before_its_ending(names: list[str], expected: list[str]) -> None:
    assert resolve_clashes(names) == dict(zip(names, expected, strict=True))


def test_a_name_that_looks_numbered_already_keeps_itself() -> None:
    assert resolve_clashes(["A.jpg", "a.jpg", "a~2.jpg"])["a~2.jpg"] == "a~2.jpg"


def test_a_file_does_not_take_the_name_of_a_folder() -> None:
    names = resolve_clashes(["a.jpg ", "a.jpg/b.jpg"])
    assert names == {"a.jpg ": "a~2.jpg", "a.jpg/b.jpg": "a.jpg/b.jpg"}


def test_a_folder_does_not_take_the_name_of_a_file_of_a_former_run() -> None:
    names = resolve_clashes(["a.jpg", "A.jpg/b.jpg", "A.jpg/c.jpg"], taken={"a.jpg": "a.jpg"})
    assert names["A.jpg/b.jpg"] == "A~2.jpg/b.jpg"
    assert names["A.jpg/c.jpg"] == "A~2.jpg/c.jpg"


def test_a_cut_name_has_room_for_its_number() -> None:
    names = resolve_clashes(["x" * 300 + "a.jpg", "x" * 300 + "b.jpg"])
    assert sorted(len(target) for target in names.values()) == [255, 255]
    assert len(set(names.values())) == 2


def test_former_assignments_are_kept_and_stay_reserved() -> None:
    taken = {"b.jpg": "B~7.jpg", "gone.jpg": "a.jpg"}
    assert resolve_clashes(["a.jpg", "b.jpg"], taken) == {"a.jpg": "a~2.jpg", "b.jpg": "B~7.jpg"}


def test_many_clashes_are_resolved_in_reasonable_time() -> None:
    names = ["?" * 3 + chr(0xDC80 + number % 128) + "?" * (number // 128) for number in range(3000)]
    assert len(set(resolve_clashes(names).values())) == 3000


def assert_nothing_meets(targets: list[str]) -> None:
    keys = [clash_key(target) for target in targets]
    assert len(set(keys)) == len(keys)
    folders = {"/".join(key.split("/")[:depth]) for key in keys for depth in range(1, key.count("/") + 1)}
    assert folders.isdisjoint(keys)


@given(st.lists(NEAR_NAMES, max_size=12))
def test_no_two_sources_ever_meet_and_every_target_is_safe(names: list[str]) -> None:
    given_names = resolve_clashes(names)
    assert given_names.keys() == set(names)
    assert_nothing_meets(list(given_names.values()))
    assert all(is_safe(target) for target in given_names.values())
    plain = [unicodedata.normalize("NFC", target).casefold() for target in given_names.values()]
    assert len(set(plain)) == len(plain)


@given(st.lists(NEAR_NAMES, max_size=12), st.randoms())
def test_the_order_of_the_names_does_not_matter(names: list[str], random: object) -> None:
    shuffled = sorted(names, key=lambda _name: random.random())  # type: ignore[attr-defined]
    assert list(resolve_clashes(names).items()) == list(resolve_clashes(shuffled).items())


@given(st.lists(NEAR_NAMES, max_size=8), st.lists(NEAR_NAMES, max_size=8))
def test_added_photos_change_no_former_name(names: list[str], added: list[str]) -> None:
    former = resolve_clashes(names)
    later = resolve_clashes(names + added, former)
    assert {name: later[name] for name in former} == former
    assert_nothing_meets(list(later.values()))


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../a.jpg", "a/../../b.jpg", "a/..", "./a.jpg", "a//b.jpg", "a/", "a\\b.jpg", "\\\\host\\share"]
    + ["C:/a.jpg", "c:a.jpg", "a\0.jpg", "\ud800.jpg", "a/\udcff.jpg", None, 7, b"a.jpg", ["a.jpg"]],
)
def test_a_hostile_name_is_refused(name: object, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="image name"):
        check_name(name)
    with pytest.raises(StageError, match="image name"):
        inside(tmp_path, name)  # type: ignore[arg-type]


def test_a_refused_name_is_shown_but_not_at_any_length() -> None:
    with pytest.raises(StageError) as caught:
        check_name("../" + "x" * 5000)
    assert "'../xxx" in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "name", ["a.jpg", "a/b c.jpg", "..a.jpg", "a..b/c...jpg", "\u00e9/\U0001f3e0.jpg", "CON", "-rf"]
)
def test_a_relative_name_is_given_back(name: str) -> None:
    assert check_name(name) == name


@given(ANY_TEXT)
def test_every_safe_name_passes_the_check(name: str) -> None:
    assert check_name(safe_name(name)) == safe_name(name)


def test_a_name_is_joined_to_its_folder_whether_or_not_it_exists(tmp_path: Path) -> None:
    assert inside(tmp_path, "a/b.jpg") == tmp_path / "a" / "b.jpg"


@needs_links
def test_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "datasets"
    folder.mkdir()
    (tmp_path / "secret.jpg").touch()
    (folder / "out").symlink_to(tmp_path)
    (folder / "file.jpg").symlink_to(tmp_path / "secret.jpg")
    for name in ("out/secret.jpg", "out/new.jpg", "file.jpg"):
        with pytest.raises(StageError, match="leads out of"):
            inside(folder, name)
        assert inside(folder, name, follow_links=True) == folder / name


@needs_links
def test_links_that_stay_inside_and_a_linked_folder_are_fine(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").touch()
    (tmp_path / "real" / "b.jpg").symlink_to("a.jpg")
    (tmp_path / "datasets").symlink_to(tmp_path / "real")
    assert inside(tmp_path / "datasets", "b.jpg") == tmp_path / "datasets" / "b.jpg"


@needs_links
def test_a_loop_of_links_is_refused_or_stays_inside(tmp_path: Path) -> None:
    (tmp_path / "round").symlink_to(tmp_path / "round")
    try:
        assert inside(tmp_path, "round/a.jpg").is_relative_to(tmp_path)
    except StageError as error:
        assert "round" in str(error)


def test_names_wanted_in_place_of_the_sources_own_are_kept_apart_too() -> None:
    wanted = {"a.jpg": "a.jpg", "a.png": "a.jpg", "b.png": "b.jpg"}
    assert resolve_clashes(wanted, None, wanted) == {"a.jpg": "a.jpg", "a.png": "a~2.jpg", "b.png": "b.jpg"}


def test_a_former_name_stays_when_another_photo_wants_it_now() -> None:
    wanted = {"a.jpg": "a.jpg", "a.png": "a.jpg"}
    assert resolve_clashes(wanted, {"a.png": "a.jpg"}, wanted) == {"a.jpg": "a~2.jpg", "a.png": "a.jpg"}
