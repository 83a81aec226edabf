"""docs/architecture.md names every module, so that a reader finds what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGE = ROOT / "docs" / "architecture.md"
ROOMS = ("storage", "hloc", "clustering", "training", "networks", "segmentation", "attacks", "demo", "stages", "web")
# One file for each entry of a registry, or for each stage: the page names the folder, the registry its files.
REGISTRIES = {
    "attacks", "clustering/clusterers", "clustering/features/clusterers", "hloc/extractors", "hloc/search_indexes",
    "hloc/similarities", "stages/settings", "stages/similarities", "storage/label_formats",
}  # fmt: skip


def named_paths(text: str) -> set[str]:
    """Give the modules that a page names; within a line, ``b.py`` behind ``room/a.py`` is ``room/b.py``.

    Of a table's row only the first cell names, the others may mention.
    """
    found = set()
    for line in text.splitlines():
        folder = ""
        for name in re.findall(r"`([\w/]+(?:\.py)?)`", line.split("|")[1] if line.startswith("|") else line):
            if "/" in name:
                folder = _folder_of(name, folder)
            path = name if "/" in name and name.startswith(ROOMS) else f"{folder}/{name.rpartition('/')[2]}"
            found.add(path if path.endswith(".py") else f"{path.rstrip('/')}.py")
    return found


def _folder_of(name: str, former: str) -> str:
    folder = name.rpartition("/")[0]
    return folder if name.startswith(ROOMS) else f"{former.partition('/')[0]}/{folder}"


def modules() -> list[str]:
    """Give all modules of the rooms but those that registries name."""
    paths = [path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    named = [path.as_posix() for path in paths if path.stem != "__init__" and path.parent.as_posix() not in REGISTRIES]
    return sorted(named)


def test_names_of_a_line_share_its_folder() -> None:
    line = "| `hloc/a.py`, `b.py`, `inner/c.py`, `d.py` | what they hold, as `numbers` |"
    assert {"hloc/a.py", "hloc/b.py", "hloc/inner/c.py", "hloc/inner/d.py"} <= named_paths(line)
    assert "hloc/e.py" not in named_paths(line)


@pytest.mark.parametrize("room", ROOMS)
def test_every_module_of_a_room_is_named(room: str) -> None:
    named = named_paths(PAGE.read_text(encoding="utf-8"))
    missing = [path for path in modules() if path.startswith(f"{room}/") and path not in named]
    assert not missing, f"docs/architecture.md does not say what these are for: {missing}"


@pytest.mark.parametrize("folder", sorted(REGISTRIES))
def test_every_registry_is_named(folder: str) -> None:
    assert f"`{folder}/`" in PAGE.read_text(encoding="utf-8") and (ROOT / folder / "__init__.py").is_file()


def test_no_module_is_named_that_is_gone() -> None:
    named = {path for path in named_paths(PAGE.read_text(encoding="utf-8")) if path.startswith(ROOMS)}
    written = re.findall(r"`((?:\w+/)+\w+\.py)`", PAGE.read_text(encoding="utf-8"))
    assert named and all(Path(ROOT, path).is_file() for path in written if path.startswith(ROOMS))
