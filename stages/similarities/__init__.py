"""The registry of what can score the pairs of a sample of photos. A new kind is one file here and one line below."""

from __future__ import annotations

import importlib

from stages.similarities.base import SampledPairs, SampleRequest
from storage.errors import UsageError

# The first that understands a method scores by it.
KINDS = ("descriptors", "classical")


def score_sample(request: SampleRequest) -> SampledPairs:
    """Score all pairs of a sample of photos.

    Raises
    ------
    UsageError
        When nothing understands ``request.method``; each kind says what it knows.
    StageError
        When no two photos can be used.
    """
    known = []
    for kind in KINDS:
        module = importlib.import_module(f"stages.similarities.{kind}")
        if module.understands(request.method):
            result: SampledPairs = module.score_sample(request)
            return result
        known.append(module.KNOWN)
    raise UsageError(f"--method {request.method}: is not known; choose from {'; '.join(known)}")
