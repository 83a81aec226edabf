"""Standard error put aside while a library of another language would write to it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_STDERR_LOCK = threading.RLock()  # two threads that put it aside at once would lose it


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep libtiff's own lines about damage off standard error; Pillow raises what matters of them."""
    with _STDERR_LOCK:
        try:
            kept = os.dup(_STDERR)
        except OSError:  # there is no standard error, as in a program without a console
            yield
            return
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
