"""A cluster of two workers on this machine, for the tests that need one."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from typing import Any

import pytest

from stages.distributed.tasks import CODE

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None or os.name == "nt",
    reason="ray is not installed: pip install -r requirements-ray.txt (and it is not tested on Windows)",
)


def start_cluster() -> Iterator[Any]:
    import ray

    ray.init(num_cpus=2, include_dashboard=False, runtime_env={"env_vars": {"PYTHONPATH": str(CODE)}})
    yield ray
    ray.shutdown()
