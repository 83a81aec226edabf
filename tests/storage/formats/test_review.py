from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import DamagedFileError, StageError
from storage.formats.review import ReviewJournal, write_review_journal

texts = st.text(max_size=8)
lines = st.lists(st.dictionaries(texts, st.one_of(texts, st.integers(), st.lists(texts, max_size=3))), max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(lines)
def test_what_is_added_reads_back(tmp_path: Path, content: list) -> None:
    path = tmp_path / "review.jsonl"
    path.unlink(missing_ok=True)
    journal = ReviewJournal(path)
    for line in content:
        journal.add(line)
    assert ReviewJournal(path).lines == content


def test_a_journal_is_made_with_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "results" / "review.jsonl"
    journal = ReviewJournal(path)
    assert not path.exists() and journal.lines == []
    journal.add({"line": "do"})
    heading = json.loads(path.read_text().splitlines()[0])
    assert heading == {"format": "review-journal", "format_version": 1}


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_line_that_was_cut_short_never_happened(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "review.jsonl"
    journal = ReviewJournal(path)
    journal.add({"n": 1})
    whole = path.read_bytes()
    journal.add({"n": 2, "text": "a line that is long enough to be cut"})
    path.write_bytes(path.read_bytes()[:-cut])
    again = ReviewJournal(path)
    assert again.lines == [{"n": 1}]
    again.add({"n": 3})
    assert path.read_bytes() == whole + b'{"n":3}\n' and ReviewJournal(path).lines == [{"n": 1}, {"n": 3}]


def test_a_heading_that_was_cut_short_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "review.jsonl"
    path.write_bytes(b'{"format":"revi')
    journal = ReviewJournal(path)
    journal.add({"n": 1})
    assert ReviewJournal(path).lines == [{"n": 1}]


def test_names_that_are_no_ascii_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "review.jsonl"
    write_review_journal(path, [{"name": "Straße\n\u2028\x85 \U0001f3e0.jpg"}])
    assert ReviewJournal(path).lines == [{"name": "Straße\n\u2028\x85 \U0001f3e0.jpg"}]


@pytest.mark.parametrize(
    "content",
    [b"not json\n", b"[]\n", b'{"format":"decisions","format_version":1}\n', b'{"format":"review-journal"}\n'],
)
def test_another_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "review.jsonl"
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"review\.jsonl"):
        ReviewJournal(path)
    assert path.read_bytes() == content


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "review.jsonl"
    write_review_journal(path, [{"n": 1}, {"n": 2}])
    path.write_bytes(path.read_bytes().replace(b'{"n":1}', b'{"n";1}'))
    with pytest.raises(DamagedFileError, match="line 2"):
        ReviewJournal(path)


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "review.jsonl"
    path.write_bytes(b'{"format":"review-journal","format_version":2}\n')
    with pytest.raises(DamagedFileError):
        ReviewJournal(path)


def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "review.jsonl"
    journal = ReviewJournal(path)
    journal.add({"n": 1})

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fail)
        with pytest.raises(StageError, match="No space left"):
            journal.add({"n": 2})
    journal.add({"n": 3})
    assert ReviewJournal(path).lines == [{"n": 1}, {"n": 3}]
