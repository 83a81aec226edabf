"""R11: whatever bytes a reader is given, it gives a value or an error that users see.

``python -m tests.reliability.fuzz`` goes further, where atheris is installed: it learns which bytes lead to new code.
"""

from __future__ import annotations

import pytest

from tests.reliability.campaign import Campaign
from tests.reliability.fuzz_targets import mutated, targets


@pytest.mark.parametrize("name", targets())
def test_mutated_bytes_are_read_or_refused(campaign: Campaign, name: str) -> None:
    target = targets()[name]
    seeds = target.seeds()
    for seed in seeds:
        target.check(seed)
    for attempt in campaign.attempts(fast=8, full=4000):
        with attempt:
            target.check(mutated(seeds, attempt.random))
