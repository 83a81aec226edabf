from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage import machine
from tests.conftest import ROOT
from tests.handled_by_c import HANDLED_BY_C

GIB = 2**30


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty system with 8 cores; tests write the files that theirs has."""
    monkeypatch.setattr(machine, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(machine, "MEMORY_INFO", tmp_path / "meminfo")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    return tmp_path


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


def test_without_a_quota_all_cores_that_the_process_is_bound_to_count(system: Path) -> None:
    assert machine.usable_cores() == 8


@pytest.mark.parametrize(
    ("quota", "cores"), [("250000 100000", 3), ("100000 100000", 1), ("10000 100000", 1), ("max 100000", 8)]
)
def test_a_quota_of_version_2_is_rounded_up(system: Path, quota: str, cores: int) -> None:
    put(system / "membership", "0::/box/inner\n")
    put(system / "cgroup" / "box" / "inner" / "cpu.max", quota + "\n")
    assert machine.usable_cores() == cores


def test_the_quota_of_a_group_around_counts_too(system: Path) -> None:
    put(system / "membership", "0::/box/inner\n")
    put(system / "cgroup" / "box" / "inner" / "cpu.max", "600000 100000\n")
    put(system / "cgroup" / "box" / "cpu.max", "200000 100000\n")
    assert machine.usable_cores() == 2


def test_a_quota_of_version_1_counts_and_minus_one_is_none(system: Path) -> None:
    put(system / "membership", "3:cpu,cpuacct:/box\n")
    put(system / "cgroup" / "cpu" / "box" / "cpu.cfs_period_us", "100000")
    put(system / "cgroup" / "cpu" / "box" / "cpu.cfs_quota_us", "400000")
    assert machine.usable_cores() == 4
    put(system / "cgroup" / "cpu" / "box" / "cpu.cfs_quota_us", "-1")
    assert machine.usable_cores() == 8


def test_in_a_container_that_names_the_hosts_path_the_root_counts(system: Path) -> None:
    put(system / "membership", "0::/../../docker/abc\n")
    put(system / "cgroup" / "cpu.max", "100000 100000\n")
    assert machine.usable_cores() == 1


def test_memory_is_what_the_system_says_is_available(system: Path) -> None:
    put(system / "meminfo", "MemTotal: 9999999 kB\nMemAvailable: 2097152 kB\n")
    assert machine.available_memory() == 2 * GIB


def test_memory_is_what_the_tightest_group_leaves(system: Path) -> None:
    put(system / "meminfo", "MemAvailable: 8388608 kB\n")
    put(system / "membership", "0::/box\n")
    put(system / "cgroup" / "box" / "memory.max", str(3 * GIB))
    put(system / "cgroup" / "box" / "memory.current", str(2 * GIB))
    assert machine.available_memory() == GIB


def test_a_group_that_uses_more_than_its_limit_leaves_nothing(system: Path) -> None:
    put(system / "membership", "4:memory:/\n")
    put(system / "cgroup" / "memory" / "memory.limit_in_bytes", "100")
    put(system / "cgroup" / "memory" / "memory.usage_in_bytes", "200")
    assert machine.available_memory() == 0


def test_a_system_that_tells_nothing_gives_none(system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf_names", {}, raising=False)
    assert machine.available_memory() is None


def test_this_machine_has_a_core_and_memory() -> None:
    assert machine.usable_cores() >= 1
    assert machine.available_memory() != 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit holds on Linux")
def test_a_process_that_takes_more_than_it_may_fails_by_itself() -> None:
    program = (
        "from storage.machine import limit_own_memory\n"
        "limit_own_memory(50 << 20)\n"
        "small = bytearray(20 << 20)\n"
        "try:\n"
        "    bytearray(100 << 20)\n"
        "except MemoryError:\n"
        "    print('refused')\n"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert result.stdout == "refused\n", result.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit holds on Linux")
def test_a_lower_limit_that_holds_already_stays() -> None:
    program = (
        "import resource\n"
        "from storage.machine import limit_own_memory\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (600 << 20, resource.getrlimit(resource.RLIMIT_DATA)[1]))\n"
        "limit_own_memory(2000 << 20)\n"
        "print(resource.getrlimit(resource.RLIMIT_DATA)[0] >> 20)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert result.stdout == "600\n", result.stderr


def test_a_system_that_tells_no_use_sets_no_limit(system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PROCESS_STATUS", system / "absent")
    if machine.resource is not None:
        monkeypatch.setattr(machine.resource, "setrlimit", lambda *_: pytest.fail("a limit was set"))
    machine.limit_own_memory(1)


needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries cannot be told")


@needs_glibc
def test_large_blocks_go_back_to_the_system_as_soon_as_they_are_free() -> None:
    program = """
from storage.machine import give_back_large_blocks

def held():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

assert give_back_large_blocks()
before = held()
for _ in range(3):
    blocks = [bytearray(20 << 20) for _ in range(3)]
    small = bytearray(90_000)  # it would lie behind the large ones and hold them
    del blocks
print(held() - before)
"""
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(result.stdout) < 10_000


@needs_glibc
def test_large_blocks_that_are_kept_are_taken_again_without_the_system() -> None:
    program = """
from resource import RUSAGE_SELF, getrusage
from storage.machine import keep_large_blocks

def take():
    before = getrusage(RUSAGE_SELF).ru_minflt
    blocks = [bytearray(b"1") * (5 << 20) for _ in range(12)]
    return getrusage(RUSAGE_SELF).ru_minflt - before

assert keep_large_blocks()
print(take(), take())
"""
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    first, second = map(int, result.stdout.split())
    assert first > 10_000 and second < first / 10


@pytest.mark.parametrize("tell", [machine.give_back_large_blocks, machine.keep_large_blocks])
def test_a_c_library_that_cannot_be_told_is_told_of(tell: Callable[[], bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    assert tell() is False


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows cannot block signals")
def test_what_is_started_in_the_block_never_gets_an_interrupt() -> None:
    code = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with machine.signals_held_back():
        started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert started.stdout == "True\n"


@pytest.mark.parametrize("can_block", [True, False])
def test_an_interrupt_comes_at_the_end_of_the_block_whichever_thread_takes_it(
    monkeypatch: pytest.MonkeyPatch, can_block: bool
) -> None:
    if not can_block:
        monkeypatch.delattr(signal, "pthread_sigmask", raising=False)
    ended, done = threading.Event(), []
    other = threading.Thread(target=ended.wait)
    other.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            with machine.signals_held_back():
                # on Windows os.kill would end the process
                signal.raise_signal(signal.SIGINT) if os.name == "nt" else os.kill(os.getpid(), signal.SIGINT)
                done.append("in the block")
            done.append("after the block")
    finally:
        ended.set()
        other.join()
    assert done == ["in the block"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks its C library by name")
def test_a_handler_of_the_program_around_python_stays_in_place() -> None:
    program = f"""{HANDLED_BY_C}
from storage.machine import signals_held_back
with signals_held_back():
    signal.raise_signal(signal.SIGTERM)
signal.raise_signal(signal.SIGTERM)
"""
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "C code was told\n" * 2, result.stderr


def test_a_request_to_end_comes_at_the_end_of_the_block() -> None:
    done: list[str] = []
    former = signal.signal(signal.SIGTERM, lambda *_: done.append("asked to end"))
    try:
        with machine.signals_held_back():
            signal.raise_signal(signal.SIGTERM)
            done.append("in the block")
        assert done == ["in the block", "asked to end"]
        signal.raise_signal(signal.SIGTERM)
        assert done[2:] == ["asked to end"]
    finally:
        signal.signal(signal.SIGTERM, former)


def test_another_thread_holds_no_signals_back() -> None:
    former = signal.getsignal(signal.SIGTERM)

    def start() -> bool:
        with machine.signals_held_back():
            return signal.getsignal(signal.SIGTERM) is former

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(start).result()
