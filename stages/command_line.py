"""What all scripts share: spelling of flags, exit codes, output, log level. Imports nothing heavy."""

from __future__ import annotations

import argparse
import functools
import io
import json
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from storage.errors import StageError
from storage.report import PROJECT_VERSION, RunReport

REQUIREMENTS = "requirements.txt"
INTERRUPTED = 130
TERMINATED = 143


class _Terminated(BaseException):
    """Raised where the program stands when it is asked to end."""


class ScriptParser(argparse.ArgumentParser):
    """An argument parser that also takes every ``--under_score`` flag as ``--under-score``.

    The description is the script's docstring; every help text shows its default.
    """

    def __init__(self, docstring: str | None) -> None:
        super().__init__(description=docstring, formatter_class=_HelpFormatter, allow_abbrev=False)
        self.add_argument("--version", action="version", version=PROJECT_VERSION)
        self.add_argument("--quiet", action="store_true", help="no progress and no log lines")
        self.add_argument("--json", action="store_true", help="print the result as JSON")

    def add_argument(self, *names: str, **options: Any) -> argparse.Action:
        """Add an argument, and the hyphen spelling of a flag with underscores."""
        hyphens = [name.replace("_", "-") for name in names if name.startswith("--") and "_" in name]
        return super().add_argument(*names, *hyphens, **options)


class _HelpFormatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Keeps the docstring's lines and shows defaults, but none of None; hides the hyphen spelling of a flag."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or "default:" in (action.help or ""):  # none, or the text tells it
            return action.help
        return super()._get_help_string(action)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        shown = [name for name in action.option_strings if name.replace("-", "_") not in _twins(action, name)]
        spelling = argparse.Action(
            shown, action.dest, nargs=action.nargs, choices=action.choices, metavar=action.metavar
        )
        return super()._format_action_invocation(spelling if action.option_strings else action)


def _twins(action: argparse.Action, name: str) -> set[str]:
    return {other.replace("-", "_") for other in action.option_strings if other != name and "_" in other}


def worker_count(text: str) -> int | None:
    """Read ``--num_workers``: a number, or ``auto`` (None) for as many as pay."""
    if text == "auto":
        return None
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: must be auto or a number of 0 or more") from None


def core_count(text: str) -> int:
    """Read ``--num_workers`` where nothing tells how many pay: a number, or ``auto`` for as many as cores."""
    count = worker_count(text)
    if count is None:
        from storage.machine import usable_cores

        return usable_cores()
    return count


def exit_codes(main: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Turn the errors of a script's ``main`` into one line on standard error and an exit code.

    1 nothing usable was made, 2 the call was wrong, 130 interrupted, 143 terminated.
    """

    @functools.wraps(main)
    def wrapped(args: argparse.Namespace) -> int:
        former = _on_terminate(_raise_terminated)
        if isinstance(sys.stdout, io.TextIOWrapper):  # a Windows console knows few letters, and a name may be no text
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            with _log_lines(logging.WARNING if args.quiet else logging.INFO):
                return main(args)
        except StageError as error:
            print(f"error: {error}", file=sys.stderr)
            return error.exit_code
        except OSError as error:
            print(f"error: {error}", file=sys.stderr)
            return StageError.exit_code
        except ModuleNotFoundError as error:
            print(f"error: {_missing_package(error)}", file=sys.stderr)
            return StageError.exit_code
        except KeyboardInterrupt:
            print("interrupted: run the same command again to go on", file=sys.stderr)
            return INTERRUPTED
        except _Terminated:
            print("terminated: run the same command again to go on", file=sys.stderr)
            return TERMINATED
        finally:
            _on_terminate(former)

    return wrapped


@contextmanager
def _log_lines(level: int) -> Iterator[None]:
    """Show log lines of this level on standard error; what Pillow logs of a bad photo is in the photo's reason."""
    root, handler = logging.getLogger(), logging.StreamHandler(sys.stderr)
    handler.addFilter(lambda record: not record.name.startswith("PIL."))
    former_level = root.level
    root.addHandler(handler)
    root.setLevel(level)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(former_level)


def _on_terminate(handler: Any) -> Any:
    """Set what a request to end does; give what it did, None where the handling of another stands."""
    if handler is None or signal.getsignal(signal.SIGTERM) is None:  # set by C code: Python cannot put it back
        return None
    try:
        return signal.signal(signal.SIGTERM, handler)
    except ValueError:  # not in the main thread
        return None


def _raise_terminated(_signal: int, _frame: Any) -> None:
    raise _Terminated


def _missing_package(error: ModuleNotFoundError) -> str:
    """Say which package is not installed, and what installs it; a module of the project's own is raised again."""
    package = (error.name or "").split(".")[0]
    root = Path(__file__).resolve().parents[1]
    if not package or (root / package).is_dir():
        raise error
    return f"the package {package} is not installed for {sys.executable}; run: pip install -r {root / REQUIREMENTS}"


def print_report(report: RunReport, args: argparse.Namespace) -> int:
    """Print a stage's report to standard output, as JSON with ``--json``; give its exit code."""
    if args.json:
        print(json.dumps(report.as_json(), ensure_ascii=True, indent=1))
    else:
        print(report.as_text(), end="")
    return report.exit_code
