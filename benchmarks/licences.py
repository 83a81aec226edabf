"""The licences of everything that the requirements bring along, as they stand in this environment.

Reads the requirements files and what the installed packages say of themselves; prints a table.

    python benchmarks/licences.py > benchmarks/licences.md
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import commit_name  # noqa: E402

MAX_LENGTH = 60
# What says its licence only in a file that it brings, as read there.
FROM_THEIR_FILES = {
    "absl-py": "Apache-2.0",
    "exifread": "BSD-3-Clause",
    "cuda-toolkit": "LicenseRef-NVIDIA-Proprietary",
    "matplotlib": "PSF-based (matplotlib licence)",
    "scikit-image": "BSD-3-Clause",
    "scipy": "BSD-3-Clause",
    "setuptools": "MIT",
}


def direct_requirements(root: Path = ROOT) -> dict[str, set[str]]:
    """Give the packages that the requirements files name, by canonical name, each with its files."""
    found: dict[str, set[str]] = {}
    for path in sorted(root.glob("requirements*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            text = line.partition("#")[0].strip()
            if text and not text.startswith("-"):
                found.setdefault(canonicalize_name(Requirement(text).name), set()).add(path.name)
    return found


def installed(names: Iterable[str]) -> dict[str, Distribution]:
    """Give these packages, and all that they need here, as far as they are installed."""
    found: dict[str, Distribution] = {}
    waiting = [(name, "") for name in names]
    seen: set[tuple[str, str]] = set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:  # an optional one, such as ray
            continue
        waiting += _needed(found[name], extra)
    return dict(sorted(found.items()))


def _needed(package: Distribution, extra: str) -> Iterator[tuple[str, str]]:
    """Give the packages that a package needs here, with the extras that it asks them for; the empty one first."""
    for text in package.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield from ((canonicalize_name(requirement.name), each) for each in ("", *requirement.extras))


def licence_of(package: Distribution) -> str:
    """Give what a package says of its licence: the expression, the file that was read, its words, its classifiers."""
    said = package.metadata.json
    named = [str(text).split(" :: ")[-1] for text in said.get("classifier", ()) if str(text).startswith("License")]
    text = str(said.get("license", "")).strip()
    short = text if "\n" not in text and len(text) <= MAX_LENGTH else ""
    from_file = FROM_THEIR_FILES.get(canonicalize_name(package.name), "")
    found = str(said.get("license_expression", "")) or from_file or short or ", ".join(named)
    return re.sub(r"\s+", " ", found)


def table(packages: dict[str, Distribution], direct: Iterable[str]) -> str:
    """Give the table."""
    named = set(direct)
    rows = [
        f"| {name} | {package.version} | {licence_of(package)} | {'yes' if name in named else ''} |"
        for name, package in packages.items()
    ]
    head = [
        "# Licences of all dependencies",
        "",
        f"`python benchmarks/licences.py` printed this on {date.today().isoformat()}, commit {commit_name()}, Python "
        f"{sys.version_info.major}.{sys.version_info.minor}, {sys.platform}.",
        "",
        "| package | version | licence | named by a requirements file |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *rows]) + "\n"


def main() -> int:
    """Print the table of this environment."""
    direct = direct_requirements()
    print(table(installed(direct), direct), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
