"""Names that lead out of a folder, or that a system takes for something else."""

from __future__ import annotations

HOSTILE_NAMES = (
    "../secret.jpg",
    "../../secret.jpg",
    "a/../../secret.jpg",
    "a/../../../outside/secret.jpg",
    "./../secret.jpg",
    "..",
    ".",
    "a/..",
    "a/./b.jpg",
    "a//b.jpg",
    "a/",
    "/secret.jpg",
    "//server/share/secret.jpg",
    "/etc/passwd",
    "/dev/zero",
    "/proc/self/environ",
    "C:/secret.jpg",
    "C:secret.jpg",
    "c:\\secret.jpg",
    "\\\\server\\share\\secret.jpg",
    "..\\secret.jpg",
    "a\\..\\..\\secret.jpg",
    "\\\\?\\C:\\secret.jpg",
    "a.jpg\0.png",
    "\0",
    "..\0/secret.jpg",
    "\ud800.jpg",
    "a/\udcff/../../b.jpg",
)
