from __future__ import annotations

import argparse
import importlib
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stages.command_line import ScriptParser, exit_codes, print_report, worker_count
from storage.errors import PhotoError, StageError, UsageError
from storage.report import RunReport, SkippedPhoto
from tests.conftest import ROOT
from tests.handled_by_c import HANDLED_BY_C

QUIET = argparse.Namespace(quiet=True, json=False)


def raising(error: BaseException):
    @exit_codes
    def main(args: argparse.Namespace) -> int:
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StageError("no photos"), 1),
        (UsageError("--mode x"), 2),
        (OSError(28, "No space left on device"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_become_one_line_and_an_exit_code(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(error)(QUIET) == code
    shown = capsys.readouterr()
    assert shown.out == "" and len(shown.err.splitlines()) == 1


def test_help_shows_defaults_where_there_are_any_and_once() -> None:
    parser = ScriptParser("What it does.")
    parser.add_argument("--image_dir", type=Path, required=True, help="folder of photos")
    parser.add_argument("--thresh", type=float, default=None, help="score; default: the model's")
    parser.add_argument("--title", default="Streets", help="of the page (default: Streets)")
    parser.add_argument("--side", type=int, default=0, help="in pixels")
    text = parser.format_help()
    assert "None" not in text and text.count("Streets") == 1
    assert "in pixels (default: 0)" in text


def test_a_defect_keeps_its_traceback() -> None:
    with pytest.raises(PhotoError):
        raising(PhotoError("not caught where it should have been"))(QUIET)


@pytest.mark.skipif(os.name == "nt", reason="SIGTERM ends a process at once on Windows")
def test_being_terminated_gives_143_and_runs_the_clean_up(capsys: pytest.CaptureFixture[str]) -> None:
    cleaned = []

    @exit_codes
    def main(args: argparse.Namespace) -> int:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            cleaned.append(True)
        return 0

    assert main(QUIET) == 143
    assert cleaned == [True]
    assert "run the same command again" in capsys.readouterr().err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks its C library by name")
def test_a_handler_of_the_program_around_python_stays_in_place() -> None:
    program = f"""{HANDLED_BY_C}
import argparse
from stages.command_line import exit_codes
code = exit_codes(lambda args: 0)(argparse.Namespace(quiet=True))
signal.raise_signal(signal.SIGTERM)
sys.exit(code)
"""
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "C code was told\n"), result.stderr


def test_flags_are_taken_with_underscores_and_with_hyphens() -> None:
    parser = ScriptParser("Does it.")
    parser.add_argument("--image_dir", type=Path, default=Path("datasets"), help="folder")
    assert parser.parse_args(["--image-dir", "a"]).image_dir == Path("a")
    assert parser.parse_args(["--image_dir", "b"]).image_dir == Path("b")
    text = parser.format_help()
    assert "--image_dir" in text and "--image-dir" not in text and "default: datasets" in text


def test_a_wrong_flag_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        ScriptParser("Does it.").parse_args(["--nonsense"])
    assert caught.value.code == 2
    assert "--nonsense" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "expected"), [("auto", None), ("0", 0), ("12", 12), ("-1", -1)])
def test_the_number_of_workers_is_a_number_or_auto(text: str, expected: int | None) -> None:
    assert worker_count(text) == expected  # what is out of range the stage refuses, naming the flag


@pytest.mark.parametrize("text", ["", "all", "1.5"])
def test_another_word_for_the_number_of_workers_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="must be auto or a number of 0 or more"):
        worker_count(text)


@pytest.mark.parametrize("script", ["extract_features", "match_pairs", "run_pipeline", "resize_images"])
def test_every_script_with_workers_takes_auto_and_takes_it_by_itself(script: str) -> None:
    parse_args = importlib.import_module(script).parse_args
    needed = ["--image_dir", "photos"]
    for given in ([], ["--num_workers", "auto"], ["--num-workers", "auto"]):
        assert parse_args([*needed, *given]).num_workers is None
    assert parse_args([*needed, "--num_workers", "3"]).num_workers == 3


def test_a_name_that_the_console_has_no_letters_for_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", console)
    report = RunReport("copy_images", skipped=[SkippedPhoto("kuća č\udcff.jpg", "empty file")])

    @exit_codes
    def main(args: argparse.Namespace) -> int:
        print("Žuta kuća 👍")
        return print_report(report, args)

    assert main(argparse.Namespace(quiet=True, json=False)) == 3
    console.flush()
    text = console.buffer.getvalue().decode("cp1252")  # type: ignore[attr-defined]
    assert text.startswith("Žuta ku\\u0107a \\U0001f44d") and "empty file" in text
