"""The calls of a program to the system, as strace tells them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.reliability.io_calls import Call

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
TRACED = "open,openat,creat,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,link,linkat,mkdir,mkdirat"
KINDS = {"pwrite64": "write", "writev": "write", "fdatasync": "fsync", "creat": "create", "mkdirat": "mkdir"}
KINDS |= {"renameat": "rename", "renameat2": "rename", "linkat": "link"}
_LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)$")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_DESCRIPTOR = re.compile(r"^\d+<([^>]*)>")


def traced_calls(code: str, folder: Path) -> list[Call]:
    """Run Python ``code`` under strace in the project's root; give its calls that change ``folder``."""
    trace = folder.parent / "trace.txt"
    command = [
        "strace",
        "-f",
        "-y",
        "-s",
        "4096",
        "-o",
        str(trace),
        "-e",
        f"trace={TRACED}",
        sys.executable,
        "-c",
        code,
    ]
    # "python -c" looks for modules in the folder that it is in, which scripts may leave.
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    with open(trace, encoding="utf-8", errors="replace") as lines:
        found = list(read_calls(lines, folder))
    trace.unlink()
    return found


def read_calls(lines: Iterator[str], folder: Path) -> Iterator[Call]:
    """Read the lines of strace (``-y``); failed calls and those elsewhere are left out."""
    for line in lines:
        matched = _LINE.match(line)
        if matched is None or re.search(r"\) += -1 ", line):
            continue
        name, rest = matched.groups()
        call = _call(name, rest, str(folder))
        if call is not None and (_is_within(call.path, folder) or _is_within(call.target, folder)):
            yield call


def _is_within(path: str, folder: Path) -> bool:
    return f"{path}{os.sep}".startswith(f"{folder}{os.sep}")


def _call(name: str, rest: str, folder: str) -> Call | None:
    kind = KINDS.get(name, name)
    if kind in ("write", "fsync"):
        described = _DESCRIPTOR.match(rest)
        return Call(kind, described[1].removesuffix(" (deleted)")) if described else None
    paths = [os.path.normpath(os.path.join(folder, path)) for path in _TEXT.findall(rest)]
    if kind in ("open", "openat"):
        return Call("create", paths[0]) if re.search("O_WRONLY|O_RDWR|O_CREAT", rest) else None
    return Call(kind, *paths[:2]) if kind in ("rename", "link") else Call(kind, paths[0])
