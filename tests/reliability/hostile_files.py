"""Files of the project with something hostile in them: bytes that were turned, values that no writer gives."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

WORDS = [b"\xff" * 8, b"\0" * 8, b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\x10" + b"\0" * 7, b"\xff", b"\0", b"\x01\0\0\0"]
HEAD = 8192  # where HDF5 keeps what it trusts, in files as small as these
DEEP = 100_000
VALUES: list[Any] = [
    None, True, False, -1, 0, 1 << 31, 1 << 63, -(1 << 70), 10**400, 1e308, -0.0, "", "x", [], {}, [[]], {"": 0},
    "../../escaped", "/etc/passwd", "C:\\escaped", "a\0b", "\ud800", "x" * 100_000, ["x"] * 10_000, [0] * 10_000,
]  # fmt: skip
TEXTS = [
    b"", b"{", b"null", b"[]", b"{}", b"\xff\xfe{\0}\0", b"\xef\xbb\xbf{}", b"[" * DEEP, b'{"a":' * DEEP, b"NaN",
    b'{"format": "x", "format": "y"}', b"9" * 5000, b'"' + b"\\u0000" * 1000, b"\0" * 4096,
]  # fmt: skip
RAW_NUMBERS = ["NaN", "-Infinity", "1e999", "9" * 5000]


def altered_bytes(content: bytes, chance: random.Random) -> bytes:
    """Give the bytes of a file with a few of them turned, copied elsewhere, counted up, or replaced by odd words."""
    altered = bytearray(content)
    for _ in range(chance.choice([1, 1, 1, 2, 4, 16])):
        limit = len(altered) if chance.random() < 0.3 else min(len(altered), HEAD)
        place, kind = chance.randrange(limit), chance.random()
        if kind < 0.4:
            altered[place] ^= 1 << chance.randrange(8)
        elif kind < 0.7:
            word = chance.choice(WORDS)
            place -= place % len(word)
            altered[place : place + len(word)] = word
        elif kind < 0.85:
            other, length = chance.randrange(limit), chance.choice([4, 8, 24, 40])
            altered[place : place + length] = altered[other : other + length]
        else:
            number = int.from_bytes(altered[place : place + 8], "little") + chance.choice([1, -1, 8, -8, 256, 1 << 20])
            altered[place : place + 8] = (number % (1 << 64)).to_bytes(8, "little")
    return bytes(altered)


def altered_json(content: bytes, chance: random.Random) -> bytes:
    """Give a JSON file (or one of JSON lines) with a hostile value somewhere, or something else in its place."""
    kind = chance.random()
    if kind < 0.2:
        return altered_bytes(content, chance)
    if kind < 0.3:
        return chance.choice(TEXTS)
    lines = content.splitlines() if content.startswith(b'{"') and content.count(b"\n{") else [content]
    row = chance.randrange(len(lines))
    value = json.loads(lines[row])
    key = f"{chance.random()}"
    value = _replaced(value, chance, key if kind < 0.4 else chance.choice(VALUES))
    text = json.dumps(value).replace(json.dumps(key), chance.choice(RAW_NUMBERS))
    lines[row] = text.encode("ascii")
    return b"\n".join(lines) + b"\n"


def _replaced(value: Any, chance: random.Random, new: Any) -> Any:
    """Put ``new`` in the place of some part of a value, or beside it, or take the part away."""
    if not isinstance(value, (dict, list)) or not value or chance.random() < 0.05:
        return new
    key = chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
    what = chance.random()
    if what < 0.1:
        value.pop(key)
    elif what < 0.15 and isinstance(value, dict):
        value[str(new)[:50]] = value[key]
    else:
        value[key] = _replaced(value[key], chance, new)
    return value


def alter_hdf5(path: Path, chance: random.Random) -> None:
    """Alter an HDF5 file, by its bytes or by what is in it."""
    if chance.random() < 0.6:
        path.write_bytes(altered_bytes(path.read_bytes(), chance))
        return
    with h5py.File(path, "a") as file:
        groups: list[Any] = [file]
        file.visititems(lambda _name, item: groups.append(item) if isinstance(item, h5py.Group) else None)
        chance.choice(SPOILERS)(chance.choice(groups), chance)


def _without(group: h5py.Group, chance: random.Random) -> str:
    name = chance.choice(list(group) or ["new"])
    if name in group:
        del group[name]
    return name


def _link(group: h5py.Group, chance: random.Random) -> None:
    links = [h5py.SoftLink("/"), h5py.SoftLink("nowhere"), h5py.ExternalLink("/etc/passwd", "/")]
    group[_without(group, chance)] = chance.choice(links)


def _loop(group: h5py.Group, chance: random.Random) -> None:
    group[_without(group, chance)] = group.file["/"]


def _other_dataset(group: h5py.Group, chance: random.Random) -> None:
    values: list[Any] = [
        np.zeros(0), np.zeros((3, 0)), np.float32(1), np.full((2, 8), np.nan, np.float32), np.array([b"\xff\0\xfe"]),
        np.zeros(2, [("a", "f4"), ("b", "S3")]), np.zeros((1,) * 20), np.array([1 << 62] * 2), np.array([-1, -1]),
        np.array([True, False]), np.zeros(2, "c16"), np.zeros(2, ">f8"), h5py.Empty("f4"),
    ]  # fmt: skip
    group.create_dataset(_without(group, chance), data=chance.choice(values))


def _large_dataset(group: h5py.Group, chance: random.Random) -> None:
    shape = chance.choice([(1 << 40,), (1 << 20, 1 << 20), (1 << 31, 8)])
    chunks = chance.choice([None, (1024,) + (1,) * (len(shape) - 1)])
    group.create_dataset(_without(group, chance), shape, "f8", chunks=chunks, fillvalue=1)


def _texts(group: h5py.Group, chance: random.Random) -> None:
    group.create_dataset(_without(group, chance), data=["a" * 1000, "ü"], dtype=h5py.string_dtype())


def _attribute(group: h5py.Group, chance: random.Random) -> None:
    key = chance.choice(list(group.attrs) or ["settings"])
    texts = ["", "{", "[]", "null", "[" * DEEP, '{"a": NaN}', "x" * 60_000]
    group.attrs[key] = chance.choice([*texts, -1, 1 << 62, 0.5, np.zeros(3), np.array([b"a"]), h5py.Empty("f4")])


def _no_attribute(group: h5py.Group, chance: random.Random) -> None:
    for key in list(group.attrs)[: chance.randrange(3)]:
        del group.attrs[key]


def _external(group: h5py.Group, chance: random.Random) -> None:
    group.create_dataset(_without(group, chance), (16,), "u1", external=[("/etc/passwd", 0, 16)])


def _virtual(group: h5py.Group, chance: random.Random) -> None:
    layout = h5py.VirtualLayout((16,), "u1")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (16,))
    group.create_virtual_dataset(_without(group, chance), layout)


SPOILERS: list[Callable[[h5py.Group, random.Random], object]] = [
    _without, _link, _loop, _other_dataset, _other_dataset, _large_dataset, _texts, _attribute, _attribute,
    _no_attribute, _external, _virtual,
]  # fmt: skip
