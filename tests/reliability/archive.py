"""Put examples of the present versions into the archive: ``python -m tests.reliability.archive FORMAT ...``."""

from __future__ import annotations

import ast
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT
from tests.reliability.file_formats import ALL
from tests.test_floors import SOURCES

ARCHIVES = ROOT / "tests" / "archives"
# Written for people and other programs; nothing of the project reads them again.
NEVER_READ = {"explanation", "finetuning-evaluation", "hloc-global-features"}


def declared_versions() -> Iterator[tuple[str, int]]:
    """Give the formats that the sources declare, each with its present version: ``X_FORMAT`` and ``X_VERSION``."""
    for path in SOURCES:
        values: dict[str, object] = {}
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign):
                values.update(_constants(node.targets[0], node.value))
        for name, text in values.items():
            if name.endswith("FORMAT") and isinstance(text, str):
                number = values.get(name.replace("FORMAT", "VERSION"), values.get("FORMAT_VERSION"))
                assert isinstance(number, int), f"{path.name}: {name} has no version"
                yield text, number


def _constants(target: ast.expr, given: ast.expr) -> dict[str, object]:
    if isinstance(target, ast.Tuple) and isinstance(given, ast.Tuple):
        found: dict[str, object] = {}
        for name, value in zip(target.elts, given.elts, strict=True):
            found |= _constants(name, value)
        return found
    return {target.id: given.value} if isinstance(target, ast.Name) and isinstance(given, ast.Constant) else {}


VERSIONS = {name: version for name, version in declared_versions() if name not in NEVER_READ}


def main(names: list[str]) -> int:
    """Write the examples of these formats; one that stands is left as it is."""
    for file_format in (each for each in ALL if each.name in names):
        with tempfile.TemporaryDirectory() as folder:
            file_format.write(Path(folder))
            for place in filter(None, (file_format.place, file_format.beside)):
                target = ARCHIVES / file_format.archived(VERSIONS[file_format.name], place)
                if not target.exists():
                    shutil.copyfile(Path(folder) / place, target)
                    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
