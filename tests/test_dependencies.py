"""Every dependency is named with a reason, a licence and a way out; nothing is imported that no list names."""

from __future__ import annotations

import importlib
import os
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from benchmarks.licences import direct_requirements, installed, licence_of, table
from tests.conftest import ROOT
from tests.test_floors import SOURCES, imports

PAGE = ROOT / "docs" / "dependencies.md"
COLUMNS = 6
# Imported where they are installed; the message that misses one names it.
OPTIONAL = {"openvino", "pyarrow", "umap-learn", "segment-anything", "sam2", "huggingface-hub"}
# Run by hand alone, and without wheels for some of the systems that the tests run on; the page says so.
BY_HAND = {"atheris", "tensorflow"}
MODULES = {"umap": "umap-learn", "segment_anything": "segment-anything", "sklearn": "scikit-learn", "ray": "ray"}
MODULES |= {
    "google": "tensorboard",
    "cv2": "opencv-contrib-python-headless",
    "PIL": "pillow",
    "skimage": "scikit-image",
}

# Tests skip without these, which no requirements file that the tests install names, or which some system has not.
MAY_BE_ABSENT = {"google", "pyarrow", "umap", "resource"}


def rows() -> dict[str, list[str]]:
    """Give the lines of the table, by package."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {cell[0]: cell for cell in cells if cell[0] != "package"}


def test_the_table_has_a_line_for_every_package_of_the_requirements_files_and_no_other() -> None:
    assert set(rows()) == set(direct_requirements())


def test_every_line_says_all_that_is_asked_for() -> None:
    for name, cells in rows().items():
        assert len(cells) == COLUMNS and all(cells), name
        assert re.search(r"\d, 20\d\d-\d\d-\d\d$", cells[4]), f"{name}: no last release with its day"


def test_every_line_names_the_file_that_asks_for_the_package() -> None:
    for name, files in direct_requirements().items():
        said = {f"requirements-{rows()[name][1]}.txt".replace("requirements-full.txt", "requirements.txt")}
        assert said == files, name


def imported(sources: Iterable[Path]) -> set[str]:
    """Give the packages, by the names that they are installed by, that these sources import."""
    own = {path.name for path in ROOT.iterdir() if path.is_dir()} | {path.stem for path in ROOT.glob("*.py")}
    found = {module.split(".")[0] for path in sources for module, _ in imports(path)} - own - sys.stdlib_module_names
    return {MODULES.get(name, name.replace("_", "-").lower()) for name in found if name}


def test_every_import_of_the_product_is_named_in_a_requirements_file_or_as_optional() -> None:
    assert imported(SOURCES) <= set(direct_requirements()) | OPTIONAL


def test_every_import_of_tests_and_benchmarks_is_named_too() -> None:
    sources = [path for room in ("tests", "benchmarks") for path in (ROOT / room).rglob("*.py")]
    assert len(sources) > 300
    assert imported(sources) <= set(direct_requirements()) | OPTIONAL | BY_HAND


def test_optional_packages_are_named_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8").replace("_", "-")
    assert all(name in text for name in OPTIONAL | BY_HAND)


def test_what_is_installed_for_the_requirements_has_a_known_licence() -> None:
    packages = installed(direct_requirements())
    assert len(packages) > 20
    unknown = [name for name, package in packages.items() if not licence_of(package)]
    assert not unknown


def test_no_library_forces_its_licence_upon_what_imports_it() -> None:
    packages = installed(direct_requirements())
    bound = {name for name, package in packages.items() if re.search(r"\b(A?GPL|SSPL)", licence_of(package))}
    assert not bound, "such a licence would hold for the whole product"


def test_the_table_of_licences_lists_every_package_once() -> None:
    packages = installed(["numpy", "flask"])
    text = table(packages, ["numpy", "flask"])
    assert text.count("| numpy |") == 1 and re.search(r"\| flask \| \S+ \| BSD-3-Clause \| yes \|", text)
    assert re.search(r"\| werkzeug \| \S+ \| BSD-3-Clause \|  \|", text), "what flask brings along"


def test_the_published_table_of_licences_has_every_package_that_is_named() -> None:
    text = (ROOT / "benchmarks" / "licences.md").read_text(encoding="utf-8")
    missing = {name for name in direct_requirements() if f"| {name} |" not in text}
    assert missing <= {"ray"}


def test_ruff_and_installers_read_which_python_is_taken() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["requires-python"] == ">=3.11"
    assert "build-system" not in project, "run from its checkout, never installed"


def test_torch_is_newer_than_its_known_ways_of_running_code() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    (asked,) = (line for line in lines if line.startswith("torch>="))
    found = re.match(r"torch>=(\d+)\.(\d+)", asked)
    assert found is not None and (int(found[1]), int(found[2])) >= (2, 10)


@pytest.mark.skipif("CI" not in os.environ, reason="only where CI is set must everything be installed")
def test_in_ci_no_test_is_skipped_because_a_package_of_the_requirements_is_missing_or_broken() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")]
    asked_for = {name for text in texts for name in re.findall(r'importorskip\(\s*"(\w+)', text)}
    assert {"torch", "onnx", "playwright"} <= asked_for
    for name in sorted(asked_for - MAY_BE_ABSENT):
        importlib.import_module(name)
