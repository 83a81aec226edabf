"""HDF5 files are looked through by another process before they are opened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from storage.errors import DamagedFileError, StageError
from storage.formats import hdf5_check, hdf5_walk
from storage.formats.hdf5 import new_hdf5, open_hdf5, read_array, write_array
from storage.formats.hdf5_check import look_at
from tests.conftest import ROOT

FORMAT = "test"
EMPTY = '{"format": null, "format_version": null, "problem": null}'
CRASHES = "import os; print('ready', flush=True); input(); os.abort()"
WAITS = "print('ready', flush=True); input(); input()"
IS_KILLED = "import os, signal; print('ready', flush=True); input(); os.kill(os.getpid(), signal.SIGKILL)"
IS_REFUSED = (
    "import errno, json; print('ready', flush=True); input(); "
    "print(json.dumps({'format': None, 'format_version': None, 'problem': 'x', 'errno': errno.EIO}), flush=True)"
)
COMPUTES = """
import importlib.util
spec = importlib.util.spec_from_file_location("walk", {path!r})
walk = importlib.util.module_from_spec(spec)
spec.loader.exec_module(walk)
def for_ever(path):
    while True:
        pass
walk.look_through = for_ever
walk.main()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of two numbers in a group, as versions wrote it that knew no seal."""
    path = tmp_path / "file.h5"
    with h5py.File(path, "x") as file:
        file.attrs.update({"format": FORMAT, "format_version": 2, "settings": '{"a": 1}'})
        write_array(file.create_group("inner"), "numbers", np.arange(2))
    return path


def write_file(path: Path) -> None:
    """Write such a file."""
    with new_hdf5(path, FORMAT, 2, {"a": 1}) as file:
        write_array(file.create_group("inner"), "numbers", np.arange(2))


@pytest.fixture
def other_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a program in the place of the one that looks."""

    def put(source: str) -> None:
        (tmp_path / "program.py").write_text(source)
        monkeypatch.setattr(hdf5_walk, "__file__", str(tmp_path / "program.py"))
        monkeypatch.setattr(hdf5_check, "_current", None)

    return put


def test_a_file_of_the_project_is_what_it_says(path: Path) -> None:
    looked = look_at(path)
    assert (looked.format, looked.format_version, looked.problem) == (FORMAT, 2, None)


def test_a_sealed_file_needs_no_look(path: Path, other_program: Callable[[str], None]) -> None:
    write_file(path)
    other_program(CRASHES)
    with open_hdf5(path, FORMAT, 2, "a test") as file:
        assert list(file) == ["inner"]


@pytest.mark.parametrize("place", [0, 9, 100, 500, -40, -1])
def test_a_sealed_file_with_an_altered_byte_is_not_opened(path: Path, place: int) -> None:
    write_file(path)
    content = bytearray(path.read_bytes())
    content[place] ^= 0x10
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match="damaged"), open_hdf5(path, FORMAT, 2, "a test"):
        pytest.fail("it was opened")


def test_one_process_looks_at_all_files_and_lives_on(path: Path) -> None:
    look_at(path)
    first = hdf5_check._current
    assert look_at(path).problem is None
    assert hdf5_check._current is first is not None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_forked_process_asks_one_of_its_own(path: Path) -> None:
    look_at(path)
    child = os.fork()
    if child == 0:
        first = hdf5_check._current
        is_own = look_at(path).problem is None and hdf5_check._current is not first
        assert hdf5_check._current is not None
        hdf5_check._current.end()
        os._exit(0 if is_own else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert look_at(path).problem is None


def test_a_relative_path_is_meant_from_here(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look_at(path)
    monkeypatch.chdir(path.parent)
    assert look_at(Path(path.name)).problem is None


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such names")
def test_a_name_that_is_no_text_is_looked_at(path: Path) -> None:
    odd = path.rename(path.with_name(os.fsdecode(b"\xff \n.h5")))
    assert look_at(odd).problem is None


def test_a_file_that_crashes_the_library_costs_the_file(path: Path, other_program: Callable[[str], None]) -> None:
    other_program(CRASHES)
    with pytest.raises(
        DamagedFileError, match=r"damaged: .*file\.h5 \(the HDF5 library crashes on it\); make it again"
    ):
        open_hdf5(path, FORMAT, 2, "a test").__enter__()


def test_the_next_file_is_looked_at_by_a_new_process(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look_at(path)
    assert hdf5_check._current is not None
    hdf5_check._current._process.kill()
    hdf5_check._current._process.wait()
    assert look_at(path).problem is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not bound processor time")
def test_a_file_that_keeps_the_library_busy_costs_the_file(
    path: Path, other_program: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    other_program(COMPUTES.format(path=hdf5_walk.__file__))
    monkeypatch.setattr(hdf5_check, "FILE_S", 0.05)
    monkeypatch.setattr(hdf5_check, "TIMES_AS_LONG", 1000.0)
    assert "is not done with it" in (look_at(path).problem or "")


def test_a_machine_that_gives_no_time_does_not_condemn_the_file(
    path: Path, other_program: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    other_program(WAITS)
    monkeypatch.setattr(hdf5_check, "FILE_S", 0.005)
    with pytest.raises(StageError, match="is not done with it after .* try again") as caught:
        open_hdf5(path, FORMAT, 2, "a test").__enter__()
    assert not isinstance(caught.value, DamagedFileError)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        pytest.param(
            IS_KILLED,
            "ended from outside",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals"),
        ),
        (IS_REFUSED, "Input/output error"),
    ],
)
def test_a_look_that_memory_or_the_disk_broke_off_does_not_condemn_the_file(
    path: Path, other_program: Callable[[str], None], program: str, said: str
) -> None:
    other_program(program)
    with pytest.raises(StageError, match=f"cannot read .*{said}") as caught:
        open_hdf5(path, FORMAT, 2, "a test").__enter__()
    assert not isinstance(caught.value, DamagedFileError)


def test_a_large_file_has_more_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    look_at(path)
    monkeypatch.setattr(hdf5_check._Watcher, "ask", lambda _self, line, _seconds: asked.append(line) or EMPTY)
    look_at(path)
    with open(path, "ab") as file:
        file.truncate(50_000_000)
    look_at(path)
    small, large = (json.loads(line)[1] for line in asked)
    assert 10 <= small < 11 and large == 110


def test_a_program_that_cannot_start_is_told(path: Path, other_program: Callable[[str], None]) -> None:
    other_program("")
    with pytest.raises(StageError, match="does not start"):
        look_at(path)


def test_an_interrupt_of_the_program_leaves_the_other_process_alone(path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows sends interrupts another way")
    import signal

    look_at(path)
    assert hdf5_check._current is not None
    hdf5_check._current._process.send_signal(signal.SIGINT)
    first = hdf5_check._current
    assert look_at(path).problem is None
    assert hdf5_check._current is first


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is bounded on Linux")
@pytest.mark.parametrize(("held", "bound"), [(600, 600), (2000, 1024)])
def test_the_process_has_a_gibibyte_or_what_the_system_leaves_it(held: int, bound: int) -> None:
    program = (
        "import resource\n"
        "from storage.formats import hdf5_walk\n"
        f"resource.setrlimit(resource.RLIMIT_DATA, ({held} << 20, {held} << 20))\n"
        "hdf5_walk._bound_memory()\n"
        "print(resource.getrlimit(resource.RLIMIT_DATA)[0] >> 20)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert result.stdout == f"{bound}\n", result.stderr


def spoilt(path: Path, how: str) -> None:
    """Put something into a file that the project never writes."""
    with h5py.File(path, "a") as file:
        if how == "soft link":
            file["link"] = h5py.SoftLink("/inner")
        elif how == "external link":
            file["link"] = h5py.ExternalLink("/etc/passwd", "/")
        elif how == "loop":
            file["inner/again"] = file["inner"]
        elif how == "named type":
            file["type"] = np.dtype("i4")
        elif how == "chunks":
            file.create_dataset("many", (1 << 40,), "f8", chunks=(1024,), fillvalue=1)
        elif how == "external storage":
            file.create_dataset("far", (8,), "u1", external=[("/etc/passwd", 0, 8)])
        elif how == "texts of any length":
            file.create_dataset("texts", data=["a"], dtype=h5py.string_dtype())
        elif how == "nothing":
            file.create_dataset("nothing", data=h5py.Empty("f4"))
        else:  # HDF5 gives space on the disk only when something is written
            file.create_dataset("unwritten", (1 << 30,), "f8")


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ("soft link", "link is a link"),
        ("external link", "link is a link"),
        ("loop", "again stands in two places"),
        ("named type", "is not a plain dataset"),
        ("chunks", "is not a plain dataset"),
        ("external storage", "is not a plain dataset"),
        ("texts of any length", "is not a plain dataset"),
        ("nothing", "is not a plain dataset"),
        ("shape beyond the file", "is cut: it has shape"),
    ],
)
def test_what_the_project_never_writes_is_refused(path: Path, how: str, problem: str) -> None:
    spoilt(path, how)
    with pytest.raises(DamagedFileError, match=problem), open_hdf5(path, FORMAT, 2, "a test"):
        pytest.fail("it was opened")


def test_a_newer_file_is_called_newer_whatever_else_is_in_it(path: Path) -> None:
    spoilt(path, "chunks")
    with pytest.raises(StageError, match="version 2 of its format, this program reads 1 to 1") as caught:
        open_hdf5(path, FORMAT, 1, "a test").__enter__()
    assert not isinstance(caught.value, DamagedFileError)


def test_a_file_that_passes_is_read(path: Path) -> None:
    with open_hdf5(path, FORMAT, 2, "a test") as file:
        assert read_array(file["inner"], "numbers", np.integer, (2,)).tolist() == [0, 1]
