"""The stage of ``tools.make_attacks``: altered copies of photos, and which photo each is a copy of."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attacks import Attack, choose_attacks
from attacks.text import check_font
from hloc.stream import run_in_workers, workers_for
from stages.checks import check_apart, check_range, settings_as_json
from stages.image_folder import follows_links, names_in_utf8, photos_in
from stages.retrieval.attack_work import AttackJob, AttackWork, query_name, query_path
from stages.settings.retrieval import FILE_FORMATS, AttackSettings
from stages.work_folder import clear_leftovers
from storage.errors import StageError, UsageError
from storage.fingerprints import Fingerprint, fingerprint
from storage.formats.attack_records import FOLDER, AttackedCopy, AttackRecord, read_records
from storage.formats.json_file import read_json
from storage.formats.manifest import printable
from storage.formats.truth import ATTACK_COLUMNS, MANIFEST_NAME, TruthRow, write_truth
from storage.lock import work_lock
from storage.names import clash_key, safe_name
from storage.progress import progress_bar
from storage.report import RunReport, SkippedPhoto
from storage.small_files import small_file

STAGE = "make_attacks"
PHOTOS_PER_WORKER = 4  # starting one more takes longer than these; one there always is, as a photo may crash it
MAX_STEM_BYTES = 180  # leaves room for the id and the ending in a file name of 255


def make_attacks(settings: AttackSettings) -> RunReport:
    """Make altered copies of the photos of a folder, and ``manifest.csv`` that says what each is a copy of.

    What stands already is left alone; what this program did not write is never overwritten. A copy is made of the
    photo's pixels, its image name, the attack and the seed alone, so the order of files and the number of workers
    change nothing.

    Parameters
    ----------
    settings : AttackSettings
        Where from, where to, which attacks.

    Returns
    -------
    RunReport
        Counts: ``photos`` (asked for), ``attacks``, ``written``, ``already_there`` and ``queries`` (rows of the
        manifest), ``skipped``.

    Raises
    ------
    UsageError
        When an argument is wrong, or ``export_dir`` was made with another seed, format or font.
    StageError
        When there is no photo, none could be used, or the results cannot be written.
    """
    started = time.monotonic()
    _check(settings)
    attacks = choose_attacks(settings.attacks, _grids(settings.params))
    font = _font(settings.font)
    names = chosen_photos(photos_in(settings.image_dir, settings.follow_links), settings)
    report = RunReport(STAGE, settings_as_json(settings), counts={"photos": len(names), "attacks": len(attacks)})
    with work_lock(settings.export_dir):
        _Attacking(settings, attacks, font, report).run(names)
        report.seconds = time.monotonic() - started
        if not report.is_current:
            report.write(settings.export_dir)
    return report


def chosen_photos(names: Sequence[str], settings: AttackSettings) -> list[str]:
    """Give the photos that are asked for, sorted: the first, or those that a hash of seed and name puts first."""
    if settings.sample is None:
        return list(names[: settings.limit])

    def drawn(name: str) -> bytes:
        return hashlib.sha256(f"{settings.seed}\0{name}".encode("utf-8", "surrogatepass")).digest()

    return sorted(sorted(names, key=drawn)[: settings.sample])


def query_stems(names: Iterable[str], records: Mapping[str, AttackRecord]) -> dict[str, str]:
    """Give each photo what the names of its queries begin with: its safe name without ending, and ``~2`` on a clash.

    No two are equal on a system that ignores case; a photo of a former run keeps what it has.
    """
    stems = {name: record.stem for name, record in records.items()}
    taken = {clash_key(stem) for stem in stems.values()}
    for name in sorted(set(names) - set(stems)):
        wanted = stem = _stem(name)
        number = 1
        while clash_key(stem) in taken:
            number += 1
            stem = f"{wanted}~{number}"
        stems[name] = stem
        taken.add(clash_key(stem))
    return stems


def _stem(name: str) -> str:
    *folders, last = safe_name(name).split("/")
    stem = last.rpartition(".")[0] or last
    stem = stem.encode()[:MAX_STEM_BYTES].decode(errors="ignore")
    # A folder that ends like a query could bear the name of one.
    placed = [f"{folder}_" if folder.casefold().endswith(FILE_FORMATS) else folder for folder in folders]
    return safe_name("/".join([*placed, stem]))


def _check(settings: AttackSettings) -> None:
    check_apart(settings.image_dir, settings.export_dir, "--image_dir", "--export_dir")
    check_range("--seed", settings.seed, 0)
    check_range("--max_megapixels", settings.max_megapixels, 1e-6)
    check_range("--timeout_s", settings.timeout_s, 1e-3)
    check_range("--num_workers", settings.num_workers or 0, 0)
    for flag, number in (("--limit", settings.limit), ("--sample", settings.sample)):
        if number is not None:
            check_range(flag, number, 1)
    if settings.limit is not None and settings.sample is not None:
        raise UsageError("--limit and --sample exclude each other: give one of the two")
    if settings.format not in FILE_FORMATS:
        raise UsageError(f"--format is {settings.format!r}, but must be one of {', '.join(FILE_FORMATS)}")


def _grids(params: str | None) -> dict[str, Any]:
    if params is None:
        return {}
    if params.lstrip().startswith("{"):
        try:
            grids = json.loads(params)
        except (ValueError, RecursionError) as error:
            raise UsageError(f'--params is no JSON ({error}); give for example {{"rotation": [5, 90]}}') from error
    else:
        grids = read_json(Path(params), 'a text editor, for example {"rotation": [5, 90]}')
    if not isinstance(grids, dict):
        raise UsageError('--params must be an object of lists by family, for example {"rotation": [5, 90]}')
    return grids


def _font(path: Path | None) -> bytes | None:
    if path is None:
        return None
    if not path.is_file():
        raise UsageError(f"--font {path}: there is no such file; give a .ttf or .otf file, or leave it out")
    font = small_file(path)
    check_font(font)
    return font


class _Attacking:
    """One run of the stage: what stands, what is to be made, and the report that fills up."""

    def __init__(
        self, settings: AttackSettings, attacks: Sequence[Attack], font: bytes | None, report: RunReport
    ) -> None:
        self.settings = settings
        self.attacks = attacks
        self.report = report
        self.records = read_records(settings.export_dir)
        same = {"seed": settings.seed, "format": settings.format}
        same["font"] = "" if font is None else hashlib.sha256(font).hexdigest()
        self._refuse_others(same)
        self.work = AttackWork(
            settings.image_dir,
            settings.export_dir,
            follows_links(settings.image_dir, settings.follow_links),
            settings.max_megapixels,
            same,
            font,
        )

    def _refuse_others(self, same: Mapping[str, Any]) -> None:
        for record in self.records.values():
            for flag, value in same.items():
                if record.settings.get(flag) != value:
                    raise UsageError(
                        f"--export_dir {self.settings.export_dir} holds attacks of another --{flag} "
                        f"({record.settings.get(flag)!r}, not {value!r}): give the same, or another folder"
                    )

    def run(self, names: Sequence[str]) -> None:
        """Make what is missing, then the manifest of all that stands."""
        usable, unnamable = names_in_utf8(names)
        self.report.skipped += unnamable
        stems = query_stems(usable, self.records)
        folder = self.settings.export_dir
        parents = {query_path(folder, stem, "", "").parent for stem in stems.values()}
        clear_leftovers(folder, STAGE, {folder / FOLDER, *parents})
        jobs = list(self._jobs(usable, stems))
        num_workers = workers_for(self.settings.num_workers, len(jobs), PHOTOS_PER_WORKER)
        results = run_in_workers(self.work, jobs, num_workers, self.settings.timeout_s)
        num_written = 0
        for result in progress_bar(results, len(jobs), "attacking"):
            if isinstance(result, SkippedPhoto):
                self.report.skipped.append(result)
            else:
                num_written += int(result.value)
        self._finish(names, num_written)

    def _jobs(self, names: Sequence[str], stems: Mapping[str, str]) -> Iterator[tuple[str, AttackJob]]:
        for name in names:
            known = self._copies_of(name)
            todo = [attack for attack in self.attacks if not self._stands(stems[name], attack.id, known)]
            if name in self.records and not self._is_unchanged(name):
                former = [Attack(key, copy.family, copy.parameter) for key, copy in sorted(known.items())]
                todo = list({attack.id: attack for attack in [*former, *self.attacks]}.values())
            if todo:
                yield name, AttackJob(stems[name], tuple(todo), known)

    def _copies_of(self, name: str) -> Mapping[str, AttackedCopy]:
        return self.records[name].copies if name in self.records else {}

    def _is_unchanged(self, name: str) -> bool:
        known = self.records[name].fingerprint
        try:
            return fingerprint(self.settings.image_dir / name, known).sha256 == known.sha256
        except OSError:  # the worker says what is wrong with it
            return False

    def _stands(self, stem: str, attack_id: str, known: Mapping[str, AttackedCopy]) -> bool:
        if attack_id not in known:
            return False
        path = query_path(self.settings.export_dir, stem, attack_id, self.settings.format)
        return _has_state(path, known[attack_id].fingerprint)

    def _finish(self, names: Sequence[str], num_written: int) -> None:
        report, folder = self.report, self.settings.export_dir
        records = read_records(folder)
        rows = [
            TruthRow(
                query_name(record.stem, key, self.settings.format),
                name,
                dict(
                    zip(
                        ATTACK_COLUMNS,
                        (copy.family, Attack(key, copy.family, copy.parameter).parameter_text),
                        strict=True,
                    )
                ),
            )
            for name, record in records.items()
            for key, copy in record.copies.items()
        ]
        if not rows:
            first = report.skipped[0]
            raise StageError(f"none of the {len(names)} photos could be used; {first.name!r}: {first.reason}")
        has_changed = write_truth(folder / MANIFEST_NAME, ATTACK_COLUMNS, rows)
        report.is_current = not (num_written or has_changed or report.skipped)
        wanted = {attack.id for attack in self.attacks}
        num_here = sum(len(wanted & set(records[name].copies)) for name in names if name in records)
        report.counts |= {"written": num_written, "already_there": max(0, num_here - num_written)}
        report.counts |= {"queries": len(rows), "skipped": len(set(report.skipped))}
        report.outputs = {"queries": printable(folder), "truth": printable(folder / MANIFEST_NAME)}
        self._note_others(records, names)

    def _note_others(self, records: Mapping[str, AttackRecord], names: Sequence[str]) -> None:
        gone = [name for name in records if not os.path.lexists(self.settings.image_dir / name)]
        if gone:
            self.report.notes.append(
                f"{len(gone)} photos are gone from {printable(self.settings.image_dir)}; their attacks are still in "
                f"{MANIFEST_NAME}"
            )
        others = set(records) - set(names) - set(gone)
        if others:
            self.report.notes.append(f"{MANIFEST_NAME} also names the attacks of {len(others)} photos of earlier runs")


def _has_state(path: Path, known: Fingerprint) -> bool:
    try:
        status = path.lstat()
    except OSError:  # not there
        return False
    return (status.st_size, status.st_mtime_ns) == (known.size, known.mtime_ns)
