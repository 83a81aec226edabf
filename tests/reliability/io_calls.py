"""Every call of this process that reads or changes files under one folder: told before it is made, and after.

Whoever is told may raise in its place, kill the process, or write it down. Seen are the calls of Python code, which
also writes what HDF5 does; of HDF5's reading the opening of a file is seen.
"""

from __future__ import annotations

import builtins
import io
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

needs_proc = pytest.mark.skipif(
    not (hasattr(os, "fork") and Path("/proc/self/fd").is_dir()), reason="needs fork, and /proc to name open files"
)
ONE_PATH = ("unlink", "remove", "mkdir", "rmdir", "listdir", "scandir", "utime", "chmod", "truncate", "readlink")
TWO_PATHS = ("replace", "rename", "link", "symlink")
RENAMES = {"replace": "rename", "remove": "unlink"}
CHANGES = frozenset(("create", "write", "fsync", "rename", "unlink", "mkdir", "rmdir", "link", "symlink", "utime"))


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes
    ----------
    kind : str
        ``open`` (for reading), ``create`` (for writing), ``read``, ``write``, ``fsync``, ``rename`` or the name of the
        function of ``os``.
    path : str
        Absolute; of a file that is open the one that it was opened by. Of a link the link itself.
    target : str
        The new name, of a renamed or hard-linked file; else empty.
    """

    kind: str
    path: str
    target: str = ""


Told = Callable[[Call, bool], None]  # the call, and whether it has been made


@contextmanager
def told_of_calls(folder: Path, told: Told) -> Iterator[None]:
    """Tell ``told`` of every call in the block that has to do with something under ``folder``, in all threads."""
    calls = _Calls(os.path.realpath(folder), told)
    with ExitStack() as stack:
        for name in (*ONE_PATH, *TWO_PATHS):
            stack.enter_context(patch.object(os, name, calls.of_paths(name, getattr(os, name))))
        for name in ("fsync", "write"):
            stack.enter_context(patch.object(os, name, calls.of_descriptor(name, getattr(os, name))))
        stack.enter_context(patch.object(os, "open", calls.of_open(os.open)))
        opened = calls.of_builtin_open(builtins.open)
        for module in (builtins, io):
            stack.enter_context(patch.object(module, "open", opened))
        stack.enter_context(calls.of_hdf5())
        yield


class _Calls:
    def __init__(self, root: str, told: Told) -> None:
        self.root = root
        self.told = told

    def make(self, call: Call, function: Callable[[], Any]) -> Any:
        """Make a call, told before and after where it has to do with the folder."""
        if not any(path == self.root or path.startswith(self.root + os.sep) for path in (call.path, call.target)):
            return function()
        self.told(call, False)
        result = function()
        self.told(call, True)
        return result

    def of_paths(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function of ``os`` that takes one path or two."""

        def wrapped(*args: Any, **options: Any) -> Any:
            paths = [_absolute(path, options) for path in args[:2] if isinstance(path, (str, bytes, os.PathLike))]
            if name == "symlink":
                paths = paths[1:]  # what a link says is no file that is touched
            call = Call(RENAMES.get(name, name), *(paths[:2] if name in TWO_PATHS else paths[:1] or [""]))
            return self.make(call, lambda: real(*args, **options))

        return wrapped

    def of_descriptor(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function of ``os`` that takes an open file."""

        def wrapped(descriptor: int, *args: Any) -> Any:
            return self.make(Call(name, _path_of(descriptor)), lambda: real(descriptor, *args))

        return wrapped

    def of_open(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap ``os.open``."""

        def wrapped(path: Any, flags: int, *args: Any, **options: Any) -> Any:
            kind = "create" if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) else "open"
            return self.make(Call(kind, _absolute(path, options)), lambda: real(path, flags, *args, **options))

        return wrapped

    def of_builtin_open(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap ``open``: files under the folder tell of what is read from them and written to them."""

        def wrapped(file: Any, mode: str = "r", buffering: int = -1, *args: Any, **options: Any) -> Any:
            path = "" if isinstance(file, int) else _absolute(file, {})
            if not path.startswith(self.root + os.sep) or options.get("opener"):
                return real(file, mode, buffering, *args, **options)
            is_changing = any(letter in mode for letter in "wax+")
            raw = self.make(Call("create" if is_changing else "open", path), lambda: _ToldFile(self, path, mode))
            return _layered(raw, mode, buffering, *args, **options)

        return wrapped

    def of_hdf5(self) -> Any:
        """Tell when an HDF5 file is opened by its path, that is for reading; new ones are files of Python."""
        import h5py

        begin = h5py.File.__init__

        def told_begin(file: Any, name: Any, *args: Any, **options: Any) -> None:
            path = _absolute(name, {}) if isinstance(name, (str, bytes, os.PathLike)) else ""
            self.make(Call("open", path), lambda: begin(file, name, *args, **options))

        return patch.object(h5py.File, "__init__", told_begin)


class _ToldFile(io.FileIO):
    """An unbuffered file that tells of reads and writes."""

    def __init__(self, calls: _Calls, path: str, mode: str) -> None:
        self._calls, self._path = calls, path
        super().__init__(path, mode.replace("b", "").replace("t", ""))

    def write(self, content: Any) -> int:
        return int(self._calls.make(Call("write", self._path), lambda: io.FileIO.write(self, content)))

    def readinto(self, buffer: Any) -> Any:
        return self._calls.make(Call("read", self._path), lambda: io.FileIO.readinto(self, buffer))

    def read(self, size: int | None = -1) -> Any:
        return self._calls.make(Call("read", self._path), lambda: io.FileIO.read(self, -1 if size is None else size))

    def readall(self) -> Any:
        return self._calls.make(Call("read", self._path), lambda: io.FileIO.readall(self))


def _layered(
    raw: _ToldFile, mode: str, buffering: int, encoding: Any = None, errors: Any = None, newline: Any = None, **_: Any
) -> Any:
    """Put the buffer and the decoder on a file that ``open`` would."""
    if buffering == 0:
        return raw
    size = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
    kind = io.BufferedRandom if "+" in mode else io.BufferedReader if "r" in mode else io.BufferedWriter
    buffered: Any = kind(raw, size)
    return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline, buffering == 1)


def _absolute(path: Any, options: dict[str, Any]) -> str:
    where = options.get("dir_fd")
    folder = os.getcwd() if where is None else _path_of(where)
    head, tail = os.path.split(os.path.join(folder, os.fsdecode(path)))
    return os.path.join(os.path.realpath(head), tail) if tail not in ("", ".", "..") else os.path.realpath(head)


def _path_of(descriptor: int) -> str:
    return os.path.realpath(f"/proc/self/fd/{descriptor}")
