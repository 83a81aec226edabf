"""The errors that a user sees, each with its exit code."""

from __future__ import annotations

import errno

# What errors say that damage has made, and no fault of the disk: those of Pillow and HDF5 have no number of the
# system's, and a reader that damage leads to a place that cannot be has one of these.
NUMBERS_OF_DAMAGE = (None, 0, errno.EINVAL, errno.EOVERFLOW, errno.EFBIG)

# The reason of a photo for which memory does not suffice, or not what a worker may take.
NO_MEMORY = "needs more memory than it may take: save it smaller, or give a larger --max_megapixels or --num_workers 0"


class StageError(Exception):
    """Nothing usable was made. The message says what, which path, and what to do."""

    exit_code = 1


class UsageError(StageError):
    """The call was wrong. The message names the argument, its value and the allowed range."""

    exit_code = 2


class DamagedFileError(StageError):
    """A file of the project exists but cannot be trusted: cut, altered, or not of the expected format."""


class UnreadableFileError(StageError):
    """A file of the project cannot be read at the moment: no permission, a disk that fails, no memory.

    Nothing is known of what is in it, so nobody may remove it or make it again as if it was damaged.
    """


class PhotoError(Exception):
    """One photo cannot be used; the run goes on without it.

    Parameters
    ----------
    reason : str
        What is wrong with the photo, fit to stand in the run report after its name.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
