"""Reading what ``torch.save`` wrote: tensors, numbers and texts, never anything that would be run."""

from __future__ import annotations

from typing import Any, BinaryIO

from storage.errors import DamagedFileError

MORE_THAN_WEIGHTS = "it holds more than weights, numbers and texts; such a file could run anything and is never loaded"


def load_tensors(file: BinaryIO, wrong: str, device: str = "cpu") -> Any:
    """Read a file of ``torch.save``.

    Parameters
    ----------
    file : binary file
        Open for reading.
    wrong : str
        Begin of the message when it is none: which file, what is wrong, what to do.
    device : str
        Where its tensors are put.

    Raises
    ------
    DamagedFileError
        When it is cut, or holds anything but tensors, numbers and texts.
    """
    import torch

    try:
        return torch.load(file, map_location=device, weights_only=True)
    except Exception as error:  # torch.load raises a dozen kinds on damaged bytes, none with a class in common
        # what torch says of such a file ends in the advice to load it all the same
        is_refused = "weights_only" in str(error) or "Weights only" in str(error)
        reason = MORE_THAN_WEIGHTS if is_refused else " ".join(str(error).split())[:200]
        raise DamagedFileError(f"{wrong} ({reason or type(error).__name__})") from error
