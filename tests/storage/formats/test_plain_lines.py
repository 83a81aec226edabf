from __future__ import annotations

import random

import numpy as np
import pytest

from storage.formats.plain_lines import MAX_NAME, MAX_SCORE, NameNumbers, PlainLines


def lines_of(names: list[str]) -> PlainLines:
    text = "".join(f"{one}\t{two}\t0.5\n" for one, two in zip(names[0::2], names[1::2], strict=True))
    lines = PlainLines.of(text.encode())
    assert lines is not None
    return lines


@pytest.mark.parametrize("length", [1, 7, 8, 9, 16, 63, MAX_NAME])
def test_names_are_told_apart_by_every_byte(length: int) -> None:
    names = ["x" * length] + ["x" * place + "y" + "x" * (length - place - 1) for place in range(length)]
    names += names[:1] * (len(names) % 2)
    numbers = NameNumbers().of_lines(lines_of(names)).ravel().tolist()
    assert len(set(numbers)) == len(set(names)) and numbers[:3] == [0, 1, 2][: len(numbers)]


def test_a_name_that_begins_like_another_is_another() -> None:
    names = ["a" * count for count in range(1, 41)]
    assert NameNumbers().of_lines(lines_of(names)).ravel().tolist() == list(range(40))


def test_numbers_follow_the_first_appearance_over_many_blocks() -> None:
    drawn = random.Random(0)
    pool = [f"{'d' * drawn.randint(0, 30)}/{number}.jpg" for number in range(3000)]
    numbers, expected = NameNumbers(), dict[str, int]()
    for _ in range(8):
        names = drawn.choices(pool, k=2000)
        found = numbers.of_lines(lines_of(names)).ravel().tolist()
        assert found == [expected.setdefault(name, len(expected)) for name in names]
    assert [name.decode() for name in numbers.of_text] == list(expected)


def test_names_that_share_a_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NameNumbers, "_hash", lambda self, words: np.zeros(len(words), np.int64))
    numbers = NameNumbers()
    assert numbers.of_lines(lines_of(["a", "b", "c", "a"])).tolist() == [[0, 1], [2, 0]]
    assert numbers.of_lines(lines_of(["c", "b", "d", "a"])).tolist() == [[2, 1], [3, 0]]


def test_names_numbered_one_by_one_keep_their_numbers() -> None:
    numbers = NameNumbers()
    assert numbers.of_text[b"late.jpg"] == 0
    assert numbers.of_lines(lines_of(["first.jpg", "late.jpg"])).tolist() == [[1, 0]]


def test_scores_are_those_that_python_reads() -> None:
    texts = ["0.1", "-0.25", "1e-05", "0.3333333333333333", "nan", "2"]
    lines = PlainLines.of("".join(f"a\tb\t{text}\n" for text in texts).encode())
    assert lines is not None
    np.testing.assert_array_equal(lines.scores(), [float(text) for text in texts])


@pytest.mark.parametrize(
    "text",
    [
        b"a\tb\t1",
        b"a\tb\n",
        b"a\t\t1\n",
        b"a\tb\t1\r\n",
        b"a\0\tb\t1\n",
        b"a\xff\tb\t1\n",
        b"a\tb\nc\td\te\t1\n",
        b"a\t" + b"b" * (MAX_NAME + 1) + b"\t1\n",
        b"a\tb\t1." + b"0" * MAX_SCORE + b"\n",
    ],
)
def test_lines_of_another_form_are_left_to_others(text: bytes) -> None:
    assert PlainLines.of(text) is None
