"""A process that reads files as a stage does, watched from outside: does it live, answer in time, stay small?"""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path

from tests.reliability.memory import peak_of

FILE_S = 3.0  # what the library is given for a file, here where files are tiny
PATIENCE_S = 30.0
START_S = 300.0
REFUSED = "refused"


def serve(connection: Connection) -> None:
    """Read what is asked for: (name of the format, folder); answer the outcome and the peak of memory in MB."""
    from storage.errors import StageError
    from storage.formats import hdf5_check
    from tests.reliability.file_formats import ALL

    hdf5_check.FILE_S = FILE_S
    by_name = {each.name: each for each in ALL}
    connection.send(("ready", peak_of() / 1e6))
    while True:
        name, folder = connection.recv()
        try:
            by_name[name].read(Path(folder))
            outcome = "read"
        except StageError as error:
            outcome = REFUSED if "\n" not in str(error) and len(str(error)) < 2000 else f"a long message: {error}"
        except Exception as error:  # what a stage would die of; the campaign tells it
            outcome = f"{type(error).__name__}: {error}"
        connection.send((outcome[:500], peak_of() / 1e6))


class ReadingProcess:
    """Such a process; one that is gone or hangs is replaced."""

    def __init__(self) -> None:
        self.peak = 0.0
        self._start()

    def _start(self) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._connection, other = spawning.Pipe()
        self._process = spawning.Process(target=serve, args=(other,), daemon=True)
        self._process.start()
        other.close()
        assert self._connection.poll(START_S) and self._connection.recv()[0] == "ready"

    def read(self, name: str, folder: Path) -> str:
        """Let a format be read; give ``read``, ``refused`` or what went wrong."""
        self._connection.send((name, str(folder)))
        if not self._connection.poll(PATIENCE_S):
            self._replace()
            return f"hung: no answer after {PATIENCE_S:.0f} s"
        try:
            outcome, peak = self._connection.recv()
        except EOFError:
            self._process.join()
            code = self._process.exitcode
            self._replace()
            return f"crashed with exit code {code}"
        self.peak = max(self.peak, peak)
        return str(outcome)

    def _replace(self) -> None:
        self.end()
        self._start()

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._connection.close()
