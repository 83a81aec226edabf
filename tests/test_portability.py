"""Nothing in the product holds for one system only; what it cannot be tried on is looked for in the sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.test_floors import SOURCES

README_COMMAND = "pip install -r requirements-dev.txt && python -m pytest"
# Of other systems, so never at the top of a file; below it only behind a look at the system.
UNIX_MODULES = {"fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "syslog", "crypt", "posix"}
WINDOWS_MODULES = {"msvcrt", "winreg", "_winapi", "winsound"}
UNIX_CALLS = {"os.fork", "os.forkpty", "os.getuid", "os.geteuid", "os.mkfifo", "os.getloadavg", "os.statvfs", "os.wait"}
UNIX_CALLS |= {"os.killpg", "os.setsid", "os.nice", "os.uname", "os.chown", "signal.alarm", "signal.pause"}
UNIX_SIGNALS = {"SIGKILL", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGQUIT", "SIGCHLD", "SIGPIPE"}
RENAMES = {"os.rename"}  # refuses, on Windows, to take the place of a file: os.replace does not
TEXT_CALLS = {"read_text", "write_text"}
LINUX_PATHS = re.compile(r"^/(tmp|dev|var|home|usr|etc|mnt|proc|sys)(/|$)")
# Looked at where they exist, with an answer where they do not.
KNOWN_PATHS = {"machine.py"}


def dotted(node: ast.expr) -> str:
    """Give ``a.b`` of an expression; empty where it is another."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def problems(source: str, name: str = "") -> Iterator[str]:
    """Give everything in a source that holds for one system only, with its line."""
    tree = ast.parse(source)
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and id(node) in top:
            for alias in node.names:
                if alias.name in UNIX_MODULES | WINDOWS_MODULES:
                    yield f"{node.lineno}: import {alias.name} at the top"
        if isinstance(node, ast.Attribute) and (dotted(node) in UNIX_CALLS or node.attr in UNIX_SIGNALS):
            yield f"{node.lineno}: {dotted(node)}"
        if isinstance(node, ast.Constant) and name not in KNOWN_PATHS and _is_linux_path(node.value):
            yield f"{node.lineno}: {node.value}"
        if isinstance(node, ast.Call):
            yield from _problems_of_call(node)


def _is_linux_path(value: object) -> bool:
    return isinstance(value, str) and LINUX_PATHS.match(value) is not None and " " not in value


def _problems_of_call(node: ast.Call) -> Iterator[str]:
    called = dotted(node.func)
    words = {word.arg: word.value for word in node.keywords}
    last = called.rpartition(".")[2]
    if called in RENAMES:
        yield f"{node.lineno}: {called}"
    if last in TEXT_CALLS and called != last and "encoding" not in words:
        yield f"{node.lineno}: {called} without encoding"
    if called == "open" and "encoding" not in words:
        mode = words.get("mode", node.args[1] if len(node.args) > 1 else None)
        constants = [part.value for part in ast.walk(mode) if isinstance(part, ast.Constant)] if mode else [""]
        if not all("b" in text for text in constants if isinstance(text, str)):
            yield f"{node.lineno}: open without encoding"
    if last in ("run", "Popen", "check_output") and "text" in words and "encoding" not in words:
        yield f"{node.lineno}: {called} of text without encoding"
    if last == "get_context" and getattr(node.args[0] if node.args else None, "value", None) != "spawn":
        yield f"{node.lineno}: processes that are not spawned"
    if last in ("ProcessPoolExecutor", "ProcessPool") and not any(
        "spawn" in ast.unparse(part) for part in [*node.args, *words.values()]
    ):
        yield f"{node.lineno}: {called} whose processes are spawned on some systems only"


@pytest.mark.parametrize(
    "source",
    [
        "import resource", "import fcntl", "os.fork()", "signal.SIGKILL", "os.rename(a, b)", "p.read_text()",
        "open(p)", "open(p, 'w')", "open(p, mode='a')", "subprocess.run(c, text=True)", "x = '/tmp/file'",
        "get_context('fork')", "get_context()", "ProcessPoolExecutor(2)", "ProcessPool(max_workers=1)",
    ],
)  # fmt: skip
def test_a_problem_is_seen(source: str) -> None:
    assert list(problems(source))


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n import resource", "open(p, 'rb')", "open(p, 'ab' if a else 'wb')", "p.read_text(encoding='utf-8')",
        "write_text(p, t)", "os.replace(a, b)", "x = '/static/base.css'", "get_context('spawn')",
        "ProcessPoolExecutor(2, get_context('spawn'))", "open_weights(p)", "Image.open(p)",
    ],
)  # fmt: skip
def test_what_works_everywhere_is_none(source: str) -> None:
    assert not list(problems(source))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_source_holds_for_every_system(path: Path) -> None:
    assert not list(problems(path.read_text(encoding="utf-8"), path.name))


def test_unix_modules_are_imported_only_behind_a_look_at_the_system() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import) and {alias.name for alias in node.names} & UNIX_MODULES:
                text = path.read_text(encoding="utf-8")
                assert any(look in text for look in ("sys.platform", "os.name", "except ImportError")), path


def test_no_file_of_the_repository_has_a_name_that_some_system_refuses() -> None:
    from storage.names import clash_key, safe_name

    left_out = {".git", ".venv", "__pycache__", ".hypothesis", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
    found = [path.relative_to(ROOT) for path in ROOT.rglob("*") if not left_out & set(path.relative_to(ROOT).parts)]
    names = [path.as_posix() for path in found if path.parts[0] not in ("datasets", "netvlad", "results", "work")]
    assert len({clash_key(name) for name in names}) == len(names)
    refused = [name for name in names if safe_name(name) != name and not re.search(r"(^|/)[._]", name)]
    assert not refused
    assert max(map(len, names)) < 150


def test_the_workflow_runs_the_test_command_of_the_readme_on_all_three_systems() -> None:
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    assert README_COMMAND in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"run: {README_COMMAND}\n" in workflow
    for system in ("ubuntu", "macos", "windows"):
        assert f"{system}-latest" in workflow
    assert '"3.11"' in workflow and '"3.14"' in workflow and "run: pip-audit" in workflow


def test_files_have_the_same_bytes_in_every_checkout() -> None:
    assert "* text=auto eol=lf" in (ROOT / ".gitattributes").read_text(encoding="utf-8")
