"""R7: a file of the program that was cut or altered is read rightly or refused by its path, never wrongly."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from storage.errors import StageError
from tests.reliability.campaign import Campaign
from tests.reliability.own_files import OWN_FILES, OwnFile, plain

MADE_ANEW = (
    "features-000000.h5",
    "shard-000000.h5",
)  # a damaged shard counts as absent: what it held is computed again


def damage(content: bytes, is_cut: bool, random: random.Random) -> bytes:
    """Cut a file at a random place, or change a random byte of it, now and then several."""
    if is_cut:
        return content[: random.randrange(len(content))]
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 100))):
        changed[random.randrange(len(changed))] ^= random.choice(
            (1, 2, 4, 8, 16, 32, 64, 128, 255, random.randrange(1, 256))
        )
    return bytes(changed)


def outcome(file: OwnFile, folder: Path, right: Any) -> str:
    """Read a damaged file; give ``right`` or ``refused``. Anything else is an AssertionError."""
    try:
        found = plain(file.read(folder))
    except StageError as error:
        said = str(error)
        assert folder.name in said and ("damaged" in said or "version" in said or "image name" in said), said
        return "refused"
    except KeyError:
        assert file.name in MADE_ANEW
        return "refused"
    if file.name in MADE_ANEW and not found:
        return "refused"
    assert found == right, f"{file.name}: silently wrong"
    return "right"


def named(file: OwnFile) -> str:
    return file.name if not file.name.startswith(".") else file.name.split("/")[0]


@pytest.mark.parametrize("file", OWN_FILES, ids=named)
def test_damaged_file_is_refused_or_right(campaign: Campaign, tmp_path: Path, file: OwnFile) -> None:
    folder = tmp_path / "stored"
    folder.mkdir()
    file.write(folder)
    path = folder / file.name
    whole = path.read_bytes()
    right = plain(file.read(folder))
    found: Counter[str] = Counter()
    for attempt in campaign.attempts(fast=8, full=200):
        with attempt:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(damage(whole, attempt.number % 2 == 0, attempt.random))
            found[outcome(file, folder, right)] += 1
    assert found["refused"], "no damage was seen"
    campaign.note(f"{found['refused']} refused, {found['right']} right")
