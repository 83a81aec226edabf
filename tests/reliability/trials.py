"""One script with its inputs and its earlier results: broken off in some way, looked at, run again."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.reliability.writers import TIMED, Outcome, Writer, final_files, is_whole, leftovers, restore

Run = Callable[[Writer, Path], Outcome]


def run_as_it_is(writer: Writer, folder: Path) -> Outcome:
    """Run a script with nothing put in between."""
    return writer.run(folder)


class Trial:
    """A script that has run once, whose inputs have changed since, and that is to run again.

    Parameters
    ----------
    writer : Writer
        The script.
    folder : Path
        Where all runs take place.
    run : callable
        How it is run when it is left in peace.
    disk : Path or None
        A folder of another disk to run in.

    Attributes
    ----------
    former, made : dict of str to str
        Files and their SHA-256 before the second run and after one that was left in peace.
    unsteady : set of str
        Files that differ from run to run: they tell times, or random tokens.
    """

    def __init__(self, writer: Writer, folder: Path, run: Run = run_as_it_is, disk: Path | None = None) -> None:
        for package in writer.packages:
            pytest.importorskip(package)
        self.writer, self.run = writer, run
        self.prepared, self.work = folder / "prepared", (disk or folder) / "work"
        writer.prepare(self.work, has_former=True)
        restore(self.work, self.prepared)  # drawn where it is used: results name folders
        self.former = final_files(self.work)
        self.made = self._untroubled()
        again = self._untroubled()
        timed = TIMED.get(writer.module, ())  # two runs may take as long as each other once
        self.unsteady = {
            name
            for name in self.made
            if again.get(name) != self.made[name] or any(fnmatchcase(Path(name).name, each) for each in timed)
        }
        assert set(again) == set(self.made)

    def _untroubled(self) -> dict[str, str]:
        self.restore()
        outcome = self.run(self.writer, self.work)
        assert outcome.code == 0, outcome
        assert not leftovers(self.work)
        return final_files(self.work)

    def restore(self) -> None:
        """Put things as they were before the second run."""
        restore(self.prepared, self.work)

    # -- what a broken run may leave --------------------------------------------------------------------------------

    def check_kept(self, broken: object) -> None:
        """Check that every file is as before, or as an untroubled run makes it, or whole where it grows."""
        found = final_files(self.work)
        lost = [name for name in self.former if name not in found and name in self.made]
        mixed = [name for name in found if not (self._is_known(name, found[name]) or self._is_whole_part(name))]
        if lost and self.writer.tree:
            lost = [name for name in lost if not name.startswith(f"{self.writer.tree}/")]
        assert not lost and not mixed, f"{broken} loses {lost}, leaves {mixed}"
        self._check_tree(broken)

    def _check_tree(self, broken: object) -> None:
        """Check that a tree that is replaced as a whole is the former one or the new one, in its place or beside."""
        if not self.writer.tree:
            return
        tree = self.work / self.writer.tree
        beside = sorted(tree.parent.glob(f".{tree.name}.old-*"))
        shown = tree if tree.is_dir() else beside[0] if beside else tree
        found = final_files(shown) if shown.is_dir() else {}
        assert found in (self._tree_of(self.former), self._tree_of(self.made)), f"{broken} leaves a mix in {shown}"

    def _tree_of(self, files: dict[str, str]) -> dict[str, str]:
        start = f"{self.writer.tree}/"
        return {name.removeprefix(start): found for name, found in files.items() if name.startswith(start)}

    def check_done(self, broken: object, knows_former: bool = False) -> None:
        """Check that a run that says that it is done is; files that grow may tell of what stood in between."""
        found = final_files(self.work)
        wrong = [name for name in self.made.keys() | found.keys() if not self._is_as(self.made, name, found.get(name))]
        wrong = [name for name in wrong if not (self._is_store(name) and self._is_gone_or_whole(name))]
        if knows_former:
            wrong = [name for name in wrong if not (self._grows(name) and is_whole(self.work / name))]
        assert not wrong, f"{broken} leaves {wrong} other than an untroubled run"

    def check_second_run(self, broken: object, knows_former: bool = False) -> None:
        """Run again in peace; nothing may tell its results from those of one untroubled run.

        After a run that did without a photo, files that grow may tell of what stood in its place in between.
        """
        if final_files(self.work) == self.former and not leftovers(self.work):
            return  # as the untroubled run found it
        outcome = self.run(self.writer, self.work)
        if knows_former and self.writer.refuses_other_photos and "photos" in outcome.messages:
            assert outcome.code == 2, outcome
            return
        assert outcome.code == 0, f"after {broken}: {outcome}"
        self.check_done(f"a second run after {broken}", knows_former)
        assert not leftovers(self.work), f"a second run after {broken} leaves {leftovers(self.work)}"

    def _is_whole_part(self, name: str) -> bool:
        """Say whether a file that lists what is done so far, or that the run is done without, is whole."""
        is_passing = name not in self.former and name not in self.made
        is_passing |= any(fnmatchcase(name, pattern) for pattern in self.writer.passing)
        return (is_passing or self._grows(name) or self._is_store(name)) and is_whole(self.work / name)

    def _is_gone_or_whole(self, name: str) -> bool:
        return not (self.work / name).exists() or is_whole(self.work / name)

    def _grows(self, name: str) -> bool:
        return name.rpartition("/")[2] in self.writer.growing

    def _is_store(self, name: str) -> bool:
        last = name.rpartition("/")[2]
        return any(fnmatchcase(name, pattern) or fnmatchcase(last, pattern) for pattern in self.writer.stores)

    def _is_known(self, name: str, found: str) -> bool:
        return self._is_as(self.former, name, found) or self._is_as(self.made, name, found)

    def _is_as(self, files: dict[str, str], name: str, found: str | None) -> bool:
        return found == files.get(name) or (name in self.unsteady and found is not None)


def check_messages(outcome: Outcome) -> None:
    """Check the exit code of a run that may have failed, and that one line says why."""
    assert outcome.code in (0, 1, 3), outcome
    assert "Traceback" not in outcome.messages, outcome
    if outcome.code == 1:  # warnings may stand before the one line that says why it ended
        lines = outcome.messages.splitlines()
        assert [line.startswith("error: ") for line in lines[-2:]] in ([True], [False, True]), outcome
