"""What all scripts have in common."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

SCRIPTS = sorted(ROOT.glob("*.py")) + sorted(path for path in (ROOT / "tools").glob("*.py") if path.stem != "__init__")
HEAVY = {"torch", "torchvision", "scipy", "sklearn", "cv2", "h5py", "PIL", "numpy", "networkx", "requests"}
MODULES = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in SCRIPTS]


@pytest.mark.parametrize("module", MODULES)
def test_help_names_reads_and_writes_and_imports_nothing_heavy(module: str) -> None:
    code = (
        f"import sys, {module} as script\n"
        "try:\n    script.parse_args(['--help'])\n"
        f"except SystemExit as end:\n    print('HEAVY', sorted({HEAVY!r} & set(sys.modules)), 'CODE', end.code)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.stdout.endswith("HEAVY [] CODE 0\n"), result.stdout[-300:] + result.stderr
    for word in ("reads", "writes", "example"):
        assert word in result.stdout.lower()


@pytest.mark.parametrize("path", SCRIPTS, ids=MODULES)
def test_a_script_has_the_anatomy_of_a_script(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    main = functions["main"]
    assert "parse_args" in functions
    assert (main.end_lineno or 0) - main.lineno < 40
    assert path.read_text(encoding="utf-8").rstrip().endswith("sys.exit(main(parse_args()))")


@pytest.mark.parametrize("path", SCRIPTS, ids=MODULES)
def test_a_wrong_flag_is_exit_code_2(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    result = subprocess.run(
        [sys.executable, "-m", module, "--no-such-flag"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 2 and "Traceback" not in result.stderr


@pytest.mark.parametrize("call", ["run_pipeline.py --demo", "create_clusters.py", "-m tools.check_results"])
def test_a_package_that_is_not_installed_is_one_line_with_what_installs_it(call: str) -> None:
    command = [sys.executable, "-S", *call.split()]  # -S: none of the packages is found
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1 and result.stderr.count("\n") == 1
    assert "is not installed" in result.stderr and "pip install -r" in result.stderr


def test_a_module_of_the_project_that_is_missing_is_no_package_to_install() -> None:
    code = (
        "from stages.command_line import ScriptParser, exit_codes\n"
        "@exit_codes\n"
        "def main(args):\n    import stages.no_such_module\n"
        "main(ScriptParser('').parse_args([]))\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "No module named 'stages.no_such_module'" in result.stderr and "pip install" not in result.stderr


@pytest.mark.parametrize("path", SCRIPTS, ids=MODULES)
def test_every_number_of_workers_may_be_auto(path: Path) -> None:
    readers = [
        keyword.value
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and call.args and ast.unparse(call.args[0]) == "'--num_workers'"
        for keyword in call.keywords
        if keyword.arg == "type"
    ]
    assert {ast.unparse(reader) for reader in readers} <= {"worker_count", "core_count"}


def test_the_readme_names_every_script_and_only_those_that_are_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"python (?:-m )?(tools\.\w+|\w+\.py)", text))
    assert named == {f"{module}.py" if "." not in module else module for module in MODULES}


def test_the_readme_holds_the_two_commands_to_the_letter() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in (
        "pip install -r requirements.txt && python run_pipeline.py --demo",
        "pip install -r requirements-dev.txt && python -m pytest",
    ):
        assert f"```\n{command}\n```" in text


def test_every_flag_in_the_readme_exists() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    known = {flag for path in SCRIPTS for flag in re.findall(r'"(--\w+)"', path.read_text(encoding="utf-8"))} | {
        "--help",
        "--json",
        "--quiet",
        "--full",  # of the tests
    }
    assert set(re.findall(r"--[a-z]\w+", text)) <= known
