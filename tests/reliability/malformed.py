"""A heap of malformed files, seeded: the same in every run, however many are asked for."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.reliability.fuzz_targets import photo_seeds
from tests.reliability.hostile_photos import EITHER, REFUSED

ENDINGS = (".jpg", ".png", ".webp", ".tif", ".bmp", ".gif")
STARTS = (b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0", b"MM\0*", b"RIFF\xff\0\0\0WEBP", b"BM")
OTHERS = (
    b"a letter, and no photo at all\n" * 9,
    b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
    b"<!doctype html><title>404</title><p>not found",
    b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(200),
    b"PK\x03\x04" + bytes(60),
)
SHARES = {"cut": 300, "flipped": 300, "tiny": 100, "other": 100, "bomb": 50, "special": 50, "odd": 100}
# None of these can be decoded; of the other kinds some still can.
NEVER_USED = frozenset(("tiny", "other", "special"))


@dataclass(frozen=True)
class Malformed:
    """One file that was made."""

    name: str
    kind: str


def write_malformed(folder: Path, count: int, has_heavy: bool = True) -> list[Malformed]:
    """Make malformed files in a folder, in the shares of ``SHARES``.

    ``has_heavy`` takes those in that are small files of very many pixels, seconds of work each.
    """
    made = []
    for kind, share in SHARES.items():
        for number in range(max(1, count * share // sum(SHARES.values()))):
            name = _WRITERS[kind](folder, number, random.Random(f"{kind} {number}"), has_heavy)
            made.append(Malformed(name, kind))
    return made


@cache
def _photos() -> tuple[bytes, ...]:
    return tuple(photo_seeds())


def _put(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return name


def _cut(folder: Path, number: int, random: random.Random, _has_heavy: bool) -> str:
    whole = random.choice(_photos()[:-1])
    return _put(folder, f"cut_{number:03d}{random.choice(ENDINGS)}", whole[: random.randrange(16, len(whole))])


def _flipped(folder: Path, number: int, random: random.Random, _has_heavy: bool) -> str:
    content = bytearray(random.choice(_photos()[:-1]))
    for _ in range(random.choice((1, 3, 30))):
        content[random.randrange(len(content))] = random.randrange(256)
    return _put(folder, f"flipped_{number:03d}{random.choice(ENDINGS)}", bytes(content))


def _tiny(folder: Path, number: int, random: random.Random, _has_heavy: bool) -> str:
    start = random.choice((b"", *STARTS, *_photos()))[: random.randrange(16)]
    return _put(folder, f"tiny_{number:03d}{random.choice(ENDINGS)}", start)


def _other(folder: Path, number: int, random: random.Random, _has_heavy: bool) -> str:
    return _put(folder, f"other_{number:03d}{random.choice(ENDINGS)}", OTHERS[number % len(OTHERS)])


def _built(wanted: Callable[[str], bool]) -> list[str]:
    return [name for name in (*REFUSED, *EITHER) if wanted(name)]


def _bomb(folder: Path, number: int, _random: random.Random, has_heavy: bool) -> str:
    names = _built(lambda name: name.startswith(("bomb", "whole", "float")) and (has_heavy or name in REFUSED))
    return _hand_made(folder, number, names)


def _odd(folder: Path, number: int, random: random.Random, _has_heavy: bool) -> str:
    names = _built(lambda name: not name.startswith(("bomb", "whole", "float")))
    if number % 2:
        return _put(folder, f"odd_{number:03d}.jpg", random.choice(STARTS) + random.randbytes(random.randrange(2000)))
    return _hand_made(folder, number // 2, names)


def _hand_made(folder: Path, number: int, names: list[str]) -> str:
    quick = [name for name in names if name in REFUSED]  # the others once are enough
    name = names[number] if number < len(names) else quick[number % len(quick)]
    return _put(folder, f"{number:03d}_{name}", (REFUSED | EITHER)[name]())


def _special(folder: Path, number: int, _random: random.Random, _has_heavy: bool) -> str:
    name = f"special_{number:03d}.jpg"
    kinds: list[Callable[[Path], None]] = [os.mkfifo, _dead_link, _link_to_itself, _link_out]
    kinds[number % len(kinds)](folder / name)
    return name


def _dead_link(path: Path) -> None:
    path.symlink_to("nowhere.jpg")


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def _link_out(path: Path) -> None:
    path.symlink_to("/etc/hostname")


_WRITERS: dict[str, Callable[[Path, int, random.Random, bool], str]] = {
    "cut": _cut,
    "flipped": _flipped,
    "tiny": _tiny,
    "other": _other,
    "bomb": _bomb,
    "special": _special,
    "odd": _odd,
}


def good_photos(count: int) -> Iterator[tuple[str, bytes]]:
    """Give good photos of all formats, by name."""
    whole = _photos()[:-1]  # the last is a header alone
    for number in range(count):
        yield f"good_{number:03d}.jpg", whole[number % len(whole)]
