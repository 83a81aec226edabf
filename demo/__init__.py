"""A drawn street of damaged buildings with known truth: what the pipeline is shown on, and tested with.

The settings are imported at once, the drawing (NumPy, OpenCV, Pillow) when it is first asked for, so that a script
can show its ``--help`` without waiting.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from demo.settings import StreetSettings

if TYPE_CHECKING:
    from demo.street import LABELS_NAME, PHOTO_FOLDER, StreetTruth, draw_street

__all__ = ["LABELS_NAME", "PHOTO_FOLDER", "StreetSettings", "StreetTruth", "draw_street"]


def __getattr__(name: str) -> Any:
    """Import the drawing when one of its names is first used (PEP 562)."""
    if name in __all__:
        return getattr(import_module("demo.street"), name)
    raise AttributeError(f"module 'demo' has no attribute {name!r}")
