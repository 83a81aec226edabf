"""Tasks on a Ray cluster: the connection, tasks that are started as others end, and what their failures mean."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from storage.errors import StageError, UsageError

RETRIES = 3  # of a task whose worker died
CODE = Path(__file__).resolve().parents[1]
INSTALL = "pip install -r requirements-ray.txt"


@dataclass(frozen=True)
class Call:
    """One task to start.

    Attributes
    ----------
    label : str
        What it is, for messages: ``block 3/7``.
    key : object
        What its result is known by.
    arguments : tuple
        Of the function that is run.
    """

    label: str
    key: Any
    arguments: tuple[Any, ...]


def import_ray() -> Any:
    """Give the module ``ray``; the UsageError when it is not installed says how to get it."""
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise UsageError(f"--distributed ray: Ray is not installed ({error}); {INSTALL}") from error


@contextmanager
def ray_cluster(ray: Any, address: str | None) -> Iterator[None]:
    """Connect to a cluster, or start one here; leave it in the end."""
    environment = {"env_vars": {"PYTHONPATH": str(CODE)}}  # the code stands under the same path on all machines
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anyone
    is_ours = not ray.is_initialized()
    if is_ours:
        try:
            ray.init(address=address, runtime_env=environment, include_dashboard=False if address is None else None)
        except (ConnectionError, RuntimeError, ValueError) as error:
            where = "a cluster cannot be started here" if address is None else f"no cluster answers at {address}"
            raise StageError(f"--distributed ray: {where} ({error})") from error
    try:
        yield
    finally:
        if is_ours:
            ray.shutdown()


def remote_task(ray: Any, function: Callable[..., Any], num_cpus: int, num_gpus: int = 0) -> Any:
    """Make a function a task of these cores and GPUs that is tried again when its worker dies."""
    return ray.remote(num_cpus=num_cpus, num_gpus=num_gpus, max_retries=RETRIES)(function)


def run_tasks(
    ray: Any, task: Any, calls: Iterable[Call], most: int | None = None
) -> Generator[tuple[Any, Any], None, None]:
    """Run tasks; give key and result of each as it ends. The first failure ends all.

    Parameters
    ----------
    calls : iterable of Call
        Taken one by one, so that arguments may follow from the results given before.
    most : int, optional
        Tasks that are under way at a time; all when not given.

    Raises
    ------
    StageError
        What a task raised; when its worker died again and again; when it failed in any other way.
    """
    calls, pending = iter(calls), dict[Any, Call]()
    try:
        while True:
            room = None if most is None else most - len(pending)
            for call in islice(calls, room):
                pending[task.remote(*call.arguments)] = call
            if not pending:
                return
            (done,), _ = ray.wait(list(pending), num_returns=1)
            call = pending.pop(done)
            yield call.key, _result(ray, done, call.label)
    finally:
        for left in pending:
            ray.cancel(left, force=True)


def _result(ray: Any, done: Any, label: str) -> Any:
    try:
        return ray.get(done)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        if isinstance(cause, StageError):
            raise cause from error
        raise StageError(f"{label} failed: {cause!r}; run the same command again to go on") from error
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[0]
        raise StageError(
            f"{label} failed {RETRIES + 1} times, its worker died ({reason}); run the same command again to go on"
        ) from error
