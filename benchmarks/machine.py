"""The heading of every table: what was measured, when, of which commit, on which machine."""

from __future__ import annotations

import os
import platform
import subprocess
import textwrap
from datetime import date
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]


def processor() -> str:
    """Give the processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def commit_name() -> str:
    """Give the short hash of the commit, marked where files were changed since; ``unknown`` without git."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return commit.stdout.strip() or "unknown"


def header(title: str) -> str:
    """Give a Markdown heading and the line below it."""
    line = (
        f"{date.today()}, commit {commit_name()}, {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} cores ({processor()}), Python {platform.python_version()}, "
        f"NumPy {np.__version__}"
    )
    return f"## {title}\n\n{textwrap.fill(line, 120)}\n"
