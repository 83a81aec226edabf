from __future__ import annotations

import os
from pathlib import Path

import pytest

from storage.atomic import write_text
from storage.errors import StageError
from storage.tree import building_site, put_tree, recover_tree, walk_files
from tests.watched_calls import contents, run_killed

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
FILES = {"a/1.jpg": "1", "b.jpg": "2"}


def fill(folder: Path, text: str) -> None:
    for name, content in FILES.items():
        write_text(folder / name, f"{text} {content}")


def texts(folder: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.jpg"))]


def build(target: Path, token: str, text: str) -> None:
    target.parent.mkdir(exist_ok=True)
    with building_site(target, token) as site:
        fill(site, text)


def recorded(target: Path) -> str | None:
    record = target.with_name("record")
    return record.read_text(encoding="utf-8") if record.exists() else None


def replace_tree(target: Path, token: str, text: str) -> None:
    """Do what a stage does: recover by the record, build, put."""
    recover_tree(target, recorded(target))
    build(target, token, text)
    put_tree(target, token, lambda: write_text(target.with_name("record"), token), lambda: recorded(target))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "tree"


def test_first_tree_stands_in_its_place(target: Path) -> None:
    replace_tree(target, "one", "new")
    assert texts(target) == ["new 1", "new 2"]
    assert sorted(path.name for path in target.parent.iterdir()) == ["record", "tree"]


def test_former_tree_is_replaced_as_a_whole(target: Path) -> None:
    replace_tree(target, "one", "old")
    write_text(target / "more.jpg", "old 3")
    replace_tree(target, "two", "new")
    assert texts(target) == ["new 1", "new 2"]
    assert sorted(path.name for path in target.parent.iterdir()) == ["record", "tree"]


@needs_fork
@pytest.mark.parametrize("has_former", [False, True])
def test_kill_at_any_change_leaves_old_or_new_whole(has_former: bool, tmp_path: Path) -> None:
    at_change, seen = 0, set()
    was_killed = True
    while was_killed:
        at_change += 1
        target = tmp_path / str(at_change) / "tree"
        if has_former:
            replace_tree(target, "one", "old")
        was_killed = run_killed(lambda target=target: replace_tree(target, "two", "new"), at_change)  # type: ignore[misc]
        if target.parent.exists():
            recover_tree(target, recorded(target))
        found = texts(target)
        assert found in (["old 1", "old 2"], ["new 1", "new 2"], [] if not has_former else ["new 1", "new 2"])
        seen.add(tuple(found))
        if target.parent.exists():
            left = {path.name for path in target.parent.iterdir() if path.suffix != ".tmp"}
            assert left <= {"record", "tree"}, "leftovers are gone after recovery"
        replace_tree(target, "three", "newest")
        assert texts(target) == ["newest 1", "newest 2"]
    assert len(seen) == 2, "some kills came before the exchange and some after"
    assert at_change > 5


def test_a_tree_that_could_not_be_built_leaves_nothing(target: Path) -> None:
    replace_tree(target, "one", "old")
    with pytest.raises(StageError, match="no room"), building_site(target, "two") as site:
        fill(site, "new")
        raise StageError("no room")
    assert texts(target) == ["old 1", "old 2"]
    assert sorted(path.name for path in target.parent.iterdir()) == ["record", "tree"]


def test_failed_record_puts_the_former_tree_back(target: Path) -> None:
    replace_tree(target, "one", "old")
    build(target, "two", "new")

    def fail() -> None:
        raise StageError("no room")

    with pytest.raises(StageError, match="no room"):
        put_tree(target, "two", fail, lambda: recorded(target))
    assert texts(target) == ["old 1", "old 2"]


def test_a_record_that_stands_though_its_writer_failed_puts_the_new_tree_in_its_place(target: Path) -> None:
    replace_tree(target, "one", "old")
    build(target, "two", "new")

    def fail_late() -> None:
        write_text(target.with_name("record"), "two")
        raise StageError("cannot be forced to the disk")

    with pytest.raises(StageError, match="forced"):
        put_tree(target, "two", fail_late, lambda: recorded(target))
    assert texts(target) == ["new 1", "new 2"]
    assert sorted(path.name for path in target.parent.iterdir()) == ["record", "tree"]


@pytest.mark.parametrize("tries", [1, 9])
def test_a_new_tree_that_cannot_take_its_place_takes_it_as_soon_as_it_can(
    tries: int, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_tree(target, "one", "old")
    rename = Path.rename
    refused: list[Path] = []

    def refuse(path: Path, new: Path) -> Path:
        if new == target and len(refused) < tries:
            refused.append(path)
            raise PermissionError(13, "Permission denied")
        return rename(path, new)

    with monkeypatch.context() as patched, pytest.raises(StageError, match="cannot replace"):
        patched.setattr(Path, "rename", refuse)
        replace_tree(target, "two", "new")
    assert target.exists() == (tries == 1)
    recover_tree(target, recorded(target))
    assert texts(target) == ["new 1", "new 2"]


def test_tree_that_cannot_be_moved_is_a_stage_error(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_tree(target, "one", "old")
    build(target, "two", "new")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(StageError, match="cannot replace"):
        put_tree(target, "two", lambda: None, lambda: recorded(target))
    assert texts(target) == ["old 1", "old 2"]


def test_half_removed_former_tree_never_comes_back(target: Path) -> None:
    """A kill while the former tree was removed, then the user removes the new one."""
    former = target.with_name(".tree.old-two")
    write_text(former / "b.jpg", "old 2")
    recover_tree(target, "two")
    assert not target.exists()
    assert not former.exists()


def test_recovery_leaves_a_finished_tree_alone(target: Path) -> None:
    replace_tree(target, "one", "old")
    before = contents(target)
    recover_tree(target, "one")
    assert contents(target) == before


def test_recovery_touches_nothing_else(target: Path) -> None:
    neighbours = [target.with_name(name) for name in (".tree.jpg", "tree.old-1", ".other.tmp-1")]
    for neighbour in neighbours:
        write_text(neighbour, "mine")
    recover_tree(target, None)
    assert all(neighbour.exists() for neighbour in neighbours)


def test_files_are_walked_in_order_at_any_depth(target: Path) -> None:
    for name in ("b.jpg", "a/2.jpg", "a/1.jpg", "a/deep/.hidden"):
        write_text(target / name, "")
    (target / "empty").mkdir()
    assert sorted(walk_files(target)) == ["a/1.jpg", "a/2.jpg", "a/deep/.hidden", "b.jpg"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_links_are_listed_and_not_followed(target: Path, tmp_path: Path) -> None:
    write_text(tmp_path / "elsewhere" / "x.jpg", "")
    target.mkdir()
    (target / "folder").symlink_to(tmp_path / "elsewhere")
    (target / "dead").symlink_to(tmp_path / "nowhere")
    assert sorted(walk_files(target)) == ["dead", "folder"]


def test_missing_tree_holds_no_files(target: Path) -> None:
    assert list(walk_files(target)) == []
