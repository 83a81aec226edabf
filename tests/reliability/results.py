"""The tables of the full campaigns: a line for each of them, and a row for each of its tests.

After rows were put in by hand, ``python -m tests.reliability.results`` makes the lines anew, also those of the README.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from tests.conftest import ROOT

TABLE, README = ROOT / "benchmarks" / "reliability.md", ROOT / "README.md"
FOLDED_HEAD = """| | what is tried | covers | asked | made | failures | date | commit |
|---|---|---|---|---|---|---|---|
"""
HEAD = """# Campaigns at their full counts

`python -m pytest tests/reliability --full` tries each and writes these tables. The first has a line for each campaign:
the attempts that its specification asks for, and those that were made.

{folded}
## Every test

A row keeps the day and the commit of the run that it stands for.

| campaign | attempts | failures | figures | seconds | date | commit |
|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Promise:
    """What one campaign is about.

    Attributes
    ----------
    tried : str
        What is tried, and what has to come of it.
    covers : str
        Scripts or files; ``{}`` is the number of them that have a row of their own.
    asked : str
        Attempts of the specification.
    made_on : str
        Of what there may be many in one attempt, such as photos: the rows' figures say how many.
    """

    tried: str
    covers: str
    asked: str
    made_on: str = ""


CALLS = "{} calls of scripts"
PROMISES = (
    Promise("`kill -9` while photos are described, until it is done: the same bytes", "extraction", "200 + 8 steps"),
    Promise("the same with a network: the same values", "extraction", "20"),
    Promise("`kill -9` in a script that writes: the former result or the new one, never a mix", CALLS, "350"),
    Promise("each call to the disk fails in its turn: former results stay, one line says why", CALLS, "all, 3 errors"),
    Promise("a disk that is full: former results stay, with room again a run gets it done", CALLS, "10"),
    Promise("order of calls: write, fsync, rename, fsync of the folder", CALLS, "all files"),
    Promise("results cut or altered: read rightly or refused, never wrongly", "{} kinds of files", "600"),
    Promise("malformed files among good photos: named, the good ones bit-equal", "three stages", "1,000 + 1,068"),
    Promise("odd but valid photos: used, upright, not clipped", "photo loading", "60"),
    Promise("mutated EXIF and GPS: nothing, or values in range", "EXIF", "100,000"),
    Promise("mutated bytes: a value, or one clear error", "{} readers", "1 h each"),
    Promise("file names of any kind: come out of all stages as they went in", "copy to export", "1,540"),
    Promise("other hash seeds, folder orders, numbers of workers: the same bytes", "all scripts", "20"),
    Promise("names that some systems take for one: outputs of their own", "copy, export", "100"),
    Promise("names and links that lead out: refused, nothing outside is touched", "12 places of names", "300"),
    Promise("originals: content, time, mode, inode as before", "all scripts", "10,000 photos", "photos"),
    Promise("export: every copy has the hash of its photo, nothing is overwritten", "export", "10,000"),
    Promise("a second run, a photo more, less or changed, other settings", "all scripts", "20 each"),
    Promise("photos that vanish or change while they are read: named, former results stay", "five stages", "50"),
    Promise("two runs at once; a lock that a kill left", "all scripts", "200"),
    Promise("Ctrl-C and SIGTERM: ends within 2 s, goes on when called again", "all scripts", "50"),
    Promise("every photo is in a cluster, alone, or skipped and named", "the pipeline", "2,000"),
    Promise("models that would run code, wrong sums, cut downloads: nothing is run", "models, all sources", "20"),
    Promise("hostile HDF5 and JSON: no crash, no hang, no memory beyond bounds", "all formats", "2,000"),
    Promise("files of former versions: read", "all formats", "all"),
    Promise("many photos: 100 open files, 1 KB of memory for each", "six stages", "100,000 photos", "photos"),
    Promise("pages: paths that lead out, foreign calls, hostile names", "{} pages", "840"),
)


@dataclass(frozen=True)
class Row:
    """One test of a campaign; all values as they stand in the table."""

    campaign: str
    attempts: str
    failures: str
    figures: str
    seconds: str
    day: str
    commit: str

    @property
    def number(self) -> int:
        """The campaign's number."""
        found = re.match(r"R(\d+) ", self.campaign)
        assert found is not None, self.campaign
        return int(found[1])

    @property
    def num_attempts(self) -> int:
        """How many attempts were made."""
        return int(self.attempts.replace(",", ""))

    @property
    def num_failures(self) -> int:
        """How many attempts failed; all of them, where the test failed beside them."""
        return self.num_attempts if self.failures == "all" else int(self.failures.replace(",", ""))

    @property
    def of(self) -> str:
        """The script or file that it is about, where its campaign has a row for each."""
        return self.campaign.partition("[")[2].removesuffix("]")

    def line(self) -> str:
        """Give the line of the table."""
        return f"| {' | '.join(astuple(self))} |"


def read_rows(text: str) -> dict[str, Row]:
    """Give the rows of a file, by test."""
    lines = [line for line in text.splitlines() if re.match(r"\| R\d+ [^|]", line)]
    rows = [Row(*(cell.strip() for cell in line.strip("|").split("|"))) for line in lines]
    return {row.campaign: row for row in rows}


def folded(rows: Iterable[Row]) -> str:
    """Give the table that has one line for each campaign; one without rows was not run."""
    found = list(rows)
    lines = [
        _folded_line(f"R{number}", promise, [row for row in found if row.number == number])
        for number, promise in enumerate(PROMISES, 1)
    ]
    return FOLDED_HEAD + "".join(lines)


def _folded_line(name: str, promise: Promise, rows: Sequence[Row]) -> str:
    made, failures = sum(row.num_attempts for row in rows), sum(row.num_failures for row in rows)
    days, commits = sorted({row.day for row in rows}), list(dict.fromkeys(row.commit for row in rows))
    cells = [
        name,
        promise.tried,
        promise.covers.format(len({row.of for row in rows if row.of})),
        promise.asked,
        f"{made:,}{_made_on(promise.made_on, rows)}",
        f"{failures:,}",
        " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "not run",
        ", ".join(commits),
    ]
    return f"| {' | '.join(cells)} |\n"


def _made_on(what: str, rows: Sequence[Row]) -> str:
    """Give of how many of something the largest attempts were, as the figures say."""
    told = [int(found.replace(",", "")) for row in rows for found in re.findall(rf"(\d[\d,]*) {what}", row.figures)]
    return f" runs on up to {max(told):,} {what}" if what and told else ""


def tables(rows: Iterable[Row]) -> str:
    """Give the text of the whole file, in the order of the campaigns' numbers."""
    ordered = sorted(rows, key=lambda row: (row.number, row.campaign))
    return HEAD.format(folded=folded(ordered)) + "".join(f"{row.line()}\n" for row in ordered)


def folded_in(text: str) -> str:
    """Give the table with a line for each campaign that stands in a text."""
    start = text.index(FOLDED_HEAD)
    return text[start : text.index("\n\n", start) + 1]


def commit_under_test(root: Path, written: Iterable[Path]) -> str:
    """Give the commit whose files are tested, marked when they were changed since; what a run writes does not count."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True).stdout.strip()

    others = [f":!{path.relative_to(root).as_posix()}" for path in written]
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", *others)
    commit = git("describe", "--always")
    return f"{commit}{'-dirty' if changed else ''}" or "unknown"


def update(new: Iterable[Row], table: Path = TABLE, readme: Path = README) -> None:
    """Put rows into the file of all rows, where those of other tests stay; then its lines and those of the README."""
    rows = read_rows(table.read_text(encoding="utf-8")) if table.exists() else {}
    found = tables((rows | {row.campaign: row for row in new}).values())
    shown = readme.read_text(encoding="utf-8")
    table.write_text(found, encoding="utf-8")
    readme.write_text(shown.replace(folded_in(shown), folded_in(found)), encoding="utf-8")


if __name__ == "__main__":
    update([])
