from __future__ import annotations

import gc
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.formats.plain_lines import MAX_NAME, MAX_SCORE, NameNumbers, PlainLines


def lines_of(names: list[str]) -> PlainLines:
    text = "".join(f"{one}\t{two}\t0.5\n" for one, two in zip(names[0::2], names[1::2], strict=True))
    lines = PlainLines.of(text.encode())
    assert lines is not None
    return lines


SCORES = st.one_of(
    st.floats(allow_infinity=False).map(repr),
    st.integers(0, 10**7).map(lambda units: repr(units / 10**7)),
    st.from_regex(r"[0-9]\.[0-9]{1,20}", fullmatch=True),
    st.sampled_from(
        ["1.", ".5", "-.5", "1.5_0", "+0.5", "0.5e3", "9.99999999999999", "9007199254740993", " 0.5", "00.5"]
    ),
)


@given(texts=st.lists(SCORES.filter(lambda text: len(text) <= MAX_SCORE), min_size=1, max_size=30))
@settings(max_examples=200, deadline=None)
def test_numbers_of_any_form_are_read_as_python_reads_them(texts: list[str]) -> None:
    lines = PlainLines.of("".join(f"a\tb\t{text}\n" for text in texts).encode())
    assert lines is not None
    np.testing.assert_array_equal(lines.scores(), np.array([float(text) for text in texts]))


@pytest.mark.parametrize("text", ["0.1x", "0.1.2", "0..1", "x.5", "0.\xb2"])
def test_what_is_no_number_is_refused_however_it_begins(text: str) -> None:
    lines = PlainLines.of(f"a\tb\t0.5\na\tb\t{text}\n".encode())
    assert lines is not None
    with pytest.raises(ValueError, match="could not convert"):
        lines.scores()


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


def test_names_are_freed_at_once_also_where_cycles_are_not_collected() -> None:
    gc.collect()
    gc.disable()
    try:
        NameNumbers().of_lines(lines_of(["a.jpg", "b.jpg"]))
        assert gc.collect() == 0
    finally:
        gc.enable()


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
