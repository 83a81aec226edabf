from __future__ import annotations

import logging
import sys

import pytest

from storage.progress import progress_bar


class _Terminal:
    """Standard error as a person's terminal."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True


def _bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> str:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    list(progress_bar("abc", 3, "spelling"))
    return terminal.text


def test_items_come_through_unchanged() -> None:
    assert list(progress_bar(iter("abc"), 3, "spelling")) == ["a", "b", "c"]


def test_bar_is_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    text = _bar_on_a_terminal(monkeypatch)
    assert "spelling" in text
    assert "3/3" in text


def test_quiet_draws_no_bar(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert _bar_on_a_terminal(monkeypatch) == ""


def test_no_terminal_no_bar(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    list(progress_bar("abc", 3, "spelling"))
    assert capsys.readouterr().err == ""
