"""What this process may use of the machine: processor cores and memory, the limits of a container included."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
MEMORY_INFO = Path("/proc/meminfo")
PROCESS_STATUS = Path("/proc/self/status")
PROCESS_NUMBERS = Path("/proc/self/ns/pid")
_KIB = 1024
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
_LARGE_BLOCK = 1 << 20
_LARGEST_KEPT, _MOST_KEPT = (
    32 << 20,
    128 << 20,
)  # of a block, which is the most that glibc takes, and of all that is free


def usable_cores() -> int:
    """Give the number of cores that this process may use.

    The least of what the system has, what the process is bound to, and the quota of its control groups (Linux, version
    1 and 2), rounded up; at least 1.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([cores, *(-(-quota // period) for quota, period in _processor_quotas() if period > 0)]))


def available_memory() -> int | None:
    """Give the bytes of memory that can still be taken without swapping; None where the system does not tell.

    On Linux the least of what is available in all and what the control groups leave; on macOS half of the physical
    memory, as it does not say how much is free for good.
    """
    free = _memory_available()
    limits = [limit - used for limit, used in _memory_limits()]
    found = [*([] if free is None else [free]), *limits]
    return max(0, min(found)) if found else None


def where_process_numbers_hold() -> str:
    """Tell the machine and, in a container, the container: elsewhere the same process number means another process."""
    try:
        numbers = os.readlink(PROCESS_NUMBERS)
    except OSError:  # only Linux has them
        numbers = ""
    return f"{platform.node()} {numbers}"


def limit_own_memory(num_bytes: int) -> None:
    """Let this process take ``num_bytes`` more than it has now, and then fail with MemoryError; on Linux only.

    A lower limit that holds already stays.
    """
    if resource is None or not (in_use := _memory_in_use()):
        return
    held, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = min([in_use + num_bytes, *(limit for limit in (held, most) if limit != resource.RLIM_INFINITY)])
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, most))


def _memory_in_use() -> int:
    """Give the bytes that this process has for itself (``VmData``), 0 where the system does not tell."""
    found = re.search(r"^VmData:\s*(\d+) kB", _text(PROCESS_STATUS), re.MULTILINE)
    return int(found[1]) * _KIB if found else 0


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Let a signal that ends the program come at the end of the block, in which worker processes are started.

    Raised in between, it would leave a worker half started, which says so with a traceback. Nor do those that are
    started in the block, or by a thread that is, ever get Ctrl-C, which a terminal sends to all processes: one that
    still imports would die of it with a traceback. (Windows cannot block signals; there they do.)
    """
    came: list[int] = []
    is_main = threading.current_thread() is threading.main_thread()  # no other thread is interrupted
    # A block of this thread is not enough: any other thread may take the signal, and Python tells the main one.
    numbers = [number for number in (signal.SIGTERM, signal.SIGINT) if is_main and _is_handled_by_python(number)]
    former = {number: signal.signal(number, lambda found, _frame: came.append(found)) for number in numbers}
    try:
        with _interrupts_blocked():
            yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


def _is_handled_by_python(number: int) -> bool:
    """Say whether what a signal does can be put back: what the C code of a program around Python set cannot."""
    return signal.getsignal(number) is not None


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker  # 30 ms that most scripts never need

    resource_tracker.ensure_running()  # if the first worker starts it, it lets signals through again
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def give_back_large_blocks() -> bool:
    """Have the C library give blocks of a megabyte and more back to the system as soon as they are free.

    Otherwise glibc raises this limit up to 32 MiB by itself and keeps free blocks below it for each thread, so that a
    server of several threads seems to grow with every photo. It counts for blocks that are taken from then on.

    Returns
    -------
    bool
        Whether the limit holds; False where the C library has none.
    """
    return _set_allocator({_M_MMAP_THRESHOLD: _LARGE_BLOCK})


def keep_large_blocks() -> bool:
    """Have the C library keep up to 128 MiB that are free for what this process takes next.

    Otherwise glibc gives blocks of some megabytes back, as the levels of a pyramid are, and the system clears each page
    of the next photo's anew: a quarter of the time that SIFT takes (``benchmarks/vlad.md``).

    Returns
    -------
    bool
        Whether it does so; False where the C library cannot be told.
    """
    return _set_allocator({_M_MMAP_THRESHOLD: _LARGEST_KEPT, _M_TRIM_THRESHOLD: _MOST_KEPT})


def _set_allocator(options: Mapping[int, int]) -> bool:
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):  # Windows, macOS, musl
        return False
    return all(mallopt(option, value) for option, value in options.items())


def _memory_available() -> int | None:
    for line in _text(MEMORY_INFO).splitlines():
        key, _, value = line.partition(":")
        if key == "MemAvailable":
            return int(value.split()[0]) * _KIB
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" in names and "SC_PAGE_SIZE" in names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return None


def _processor_quotas() -> Iterator[tuple[int, int]]:
    """Give quota and period, in microseconds, of each control group that sets one."""
    for folder in _groups(""):
        found = _numbers(folder / "cpu.max")
        if len(found) == 2:
            yield found[0], found[1]
    for folder in _groups("cpu"):
        quota, period = _numbers(folder / "cpu.cfs_quota_us"), _numbers(folder / "cpu.cfs_period_us")
        if quota and period and quota[0] > 0:
            yield quota[0], period[0]


def _memory_limits() -> Iterator[tuple[int, int]]:
    """Give limit and use, in bytes, of each control group that sets a limit."""
    for kind, limit_name, use_name in (
        ("", "memory.max", "memory.current"),
        ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        for folder in _groups(kind):
            limit, used = _numbers(folder / limit_name), _numbers(folder / use_name)
            if limit and used:
                yield limit[0], used[0]


def _groups(kind: str) -> Iterator[Path]:
    """Give the folders of this process's control group and of those around it; ``kind`` is empty for version 2."""
    for line in _text(MEMBERSHIP).splitlines():
        _, kinds, path = (*line.split(":", 2), "", "")[:3]
        if kind in kinds.split(","):
            root = CGROUPS / kind
            group = root / path.strip("/")
            yield group
            yield from (parent for parent in group.parents if parent.is_relative_to(root))
            if ".." in path or not group.is_dir():  # inside a container the path may be that of the host
                yield root


def _numbers(path: Path) -> list[int]:
    """Give the numbers of a file; none when it is missing or says ``max``."""
    words = _text(path).split()
    return [int(word) for word in words] if words and all(word.lstrip("-").isdigit() for word in words) else []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:  # not on this system, or not shown to this process
        return ""
