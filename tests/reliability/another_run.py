"""A run in a process of its own, whose hashes and folder listings come in another order; called by the campaigns.

``python -m tests.reliability.another_run SEED stages FOLDER NUM_WORKERS`` and likewise
``SEED models PHOTOS WORK_DIR NUM_WORKERS``, ``SEED scripts FOLDER OUT NAME ...``
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.conftest import ROOT


class _ShuffledScan:
    """What ``os.scandir`` gives, in another order."""

    def __init__(self, scan: Any, order: random.Random) -> None:
        with scan:
            entries = sorted(scan, key=lambda entry: entry.name)
        order.shuffle(entries)
        self._entries = iter(entries)

    def __enter__(self) -> _ShuffledScan:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        return self._entries

    def __next__(self) -> Any:
        return next(self._entries)

    def close(self) -> None:
        """Give no more."""
        self._entries = iter(())


def shuffle_listings(seed: int) -> None:
    """List every folder in a random order, for the rest of the process."""
    order, scandir, listdir = random.Random(seed), os.scandir, os.listdir

    def shuffled(*args: Any) -> list[Any]:
        names = sorted(listdir(*args))
        order.shuffle(names)
        return names

    os.scandir = lambda *args: _ShuffledScan(scandir(*args), order)  # type: ignore[assignment, misc]
    os.listdir = shuffled  # type: ignore[assignment]


def run_again(seed: int, *arguments: object) -> None:
    """Run this module in a new process; AssertionError when it fails."""
    call = [sys.executable, "-m", "tests.reliability.another_run", str(seed), *map(str, arguments)]
    environment = os.environ | {"PYTHONHASHSEED": str(seed), "OMP_NUM_THREADS": "1"}
    result = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-4000:]


def main(arguments: list[str]) -> None:
    """Run all stages on a folder, the pipeline with its own models, or some scripts on a drawn collection."""
    seed, what, folder, *rest = arguments
    shuffle_listings(int(seed))
    if what == "stages":
        from tests.reliability.quick_stages import QuickStages

        stages = QuickStages(Path(folder))
        stages.copy()
        stages.resize(num_workers=int(rest[0]))
        stages.extract(num_workers=int(rest[0]))
        stages.match(num_workers=int(rest[0]))
        stages.cluster()
        stages.export()
        return
    if what == "models":
        import run_pipeline

        call = ["--image_dir", folder, "--work_dir", rest[0], "--num_workers", rest[1], "--quiet"]
        assert run_pipeline.main(run_pipeline.parse_args([*call, "--model", "vlad+street"])) == 0
        return
    from tests.reliability.every_script import BY_NAME

    for name in rest[1:]:
        out = Path(rest[0]) / name
        BY_NAME[name].prepare(Path(folder), out)
        BY_NAME[name].run(Path(folder), out)


if __name__ == "__main__":
    main(sys.argv[1:])
