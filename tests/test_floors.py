"""A file imports only from lower floors, and only the rooms named here open files or import torch."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

FLOORS = {
    "storage": 1,
    "networks": 1.5,
    "hloc": 2,
    "clustering": 2,
    "demo": 2,
    "training": 2,
    "attacks": 2,
    "segmentation": 2,
    "stages": 3,
    "web": 3.5,
    "tools": 4,
}
SCRIPT_FLOOR = 4
TORCH_ROOMS = {"hloc", "networks", "training"}
CHECKED_ROOMS = ("networks", "hloc", "clustering", "training", "attacks", "segmentation", "stages", "web")
FILE_CALLS = {
    "open",
    "read_bytes",
    "read_text",
    "write_bytes",
    "write_text",
    "imread",
    "imwrite",
    "loadmat",
    "fromfile",
}

SOURCES = [
    path for path in sorted(ROOT.rglob("*.py")) if path.relative_to(ROOT).parts[0] in FLOORS or path.parent == ROOT
]


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else "scripts"


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Give each imported module and whether it is imported at the top of the file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or "", id(node) in top


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_imports_only_from_its_own_room_and_lower_floors(path: Path) -> None:
    room = room_of(path)
    floor = FLOORS.get(room, SCRIPT_FLOOR)
    for module, _ in imports(path):
        other = module.split(".")[0]
        if other in FLOORS and other != room:
            assert FLOORS[other] < floor, f"{path.name} (floor {floor}) imports {module} (floor {FLOORS[other]})"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_torch_is_imported_only_where_it_is_needed_and_never_at_the_top(path: Path) -> None:
    for module, is_top in imports(path):
        if module.split(".")[0] in ("torch", "torchvision"):
            assert room_of(path) in TORCH_ROOMS and not is_top, f"{path.name} imports {module}"


@pytest.mark.parametrize(
    "path",
    [path for path in SOURCES if room_of(path) in CHECKED_ROOMS],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_only_storage_opens_files(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            assert name not in FILE_CALLS or is_storage_call(path, name), f"{path.name}:{node.lineno} calls {name}"
    assert not {module for module, _ in imports(path)} & {"h5py"}, f"{path.name} imports h5py"


def is_storage_call(path: Path, name: str) -> bool:
    """Say whether ``name`` is a function imported from storage (``write_text`` of the atomic writer, say)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(
        isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("storage")
        and name in {alias.name for alias in node.names}
        for node in ast.walk(tree)
    )
