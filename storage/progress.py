"""The progress bar of a stage: on standard error, for a person who watches, and for nobody else."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


def progress_bar(items: Iterable[Item], total: int, label: str) -> Iterable[Item]:
    """Go through ``items`` and show how far it is.

    Parameters
    ----------
    items : iterable
        What is gone through.
    total : int
        Number of items.
    label : str
        What is being done, shown before the bar.

    Returns
    -------
    iterable
        The same items. No bar is drawn with ``--quiet`` (log level above INFO) or where standard error is no terminal.
    """
    is_quiet = not logging.getLogger().isEnabledFor(logging.INFO)
    # None lets tqdm look whether standard error is a terminal.
    return tqdm(items, total=total, desc=label, unit="photo", disable=True if is_quiet else None)
