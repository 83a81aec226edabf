"""Forked processes that may be killed: what they did comes back by a pipe."""

from __future__ import annotations

import os
import pickle
import select
import signal
import threading
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from tqdm import tqdm


class Killed:
    """What comes back of a process that was killed."""


def in_child(function: Callable[[], Any], kill_after_s: float | None = None) -> Any:
    """Run ``function`` in a forked process and give its result; :class:`Killed` when it was killed before its end.

    Parameters
    ----------
    function : callable
        Its result must be picklable.
    kill_after_s : float or None
        Kill it with signal 9 after so many seconds, unless it has come to its end.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(function, writer)
    os.close(writer)
    with open(reader, "rb") as answer:
        if kill_after_s is not None and not select.select([answer], [], [], kill_after_s)[0]:
            os.kill(child, signal.SIGKILL)
        content = answer.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == -signal.SIGKILL:
        return Killed()
    kind, value = pickle.loads(content) if content else ("error", f"it ended with exit code {code}")
    if kind == "error":
        raise AssertionError(f"in the forked process: {value}")
    return value


def _answer(function: Callable[[], Any], writer: int) -> NoReturn:
    tqdm.set_lock(threading.RLock())  # its own one is shared with forked processes: who is killed may hold it
    try:
        answer = pickle.dumps(("result", function()))
    except BaseException:
        answer = pickle.dumps(("error", traceback.format_exc()))
    with open(writer, "wb") as pipe:
        pipe.write(answer)
    os._exit(0)


def kill_this_process() -> None:
    """End this process at once, as power that fails."""
    os.kill(os.getpid(), signal.SIGKILL)
