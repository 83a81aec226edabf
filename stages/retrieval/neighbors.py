"""The stage of ``tools.explore_neighbors``: queries beside what they find, right and wrong marked."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from stages.checks import check_apart, check_range, settings_as_json
from stages.image_folder import follows_links
from stages.retrieval.neighbor_inputs import NeighborInputs, Neighbourhood, gather_neighbours
from stages.retrieval.neighbor_sheet import draw_neighbours
from stages.settings.retrieval import SHOWN, NeighborSettings
from stages.thumbnails import ThumbnailWork, make_thumbnails
from storage.errors import StageError, UsageError
from storage.formats.manifest import printable
from storage.report import RunReport, SkippedPhoto
from storage.small_files import jpeg_data_url
from storage.unchanged import write_if_changed

STAGE = "explore_neighbors"
ENDINGS = (".html", ".png")
THUMBNAILS = "thumbnails"

Render = Callable[[dict[str, Any]], str]
Key = tuple[str, str]  # which folder, image name
QUERY, FOUND = "query", "found"


def explore_neighbors(settings: NeighborSettings, render: Render) -> RunReport:
    """Write a page or a sheet of queries and their nearest neighbours.

    Parameters
    ----------
    settings : NeighborSettings
        Where from, where to, what is shown.
    render : callable
        Makes the page of :func:`page_content`.

    Returns
    -------
    RunReport
        Counts: ``queries`` (searched), ``with_truth``, ``correct`` and ``incorrect`` of these, ``shown``.

    Raises
    ------
    UsageError
        When an argument is wrong, or the descriptors cannot be compared.
    StageError
        When a file is missing or damaged, or there is nothing to show.
    """
    started = time.monotonic()
    _check(settings)
    inputs = gather_neighbours(settings)
    shown = choose_shown(inputs.found, settings)
    judged = [found for found in inputs.found if found.right]
    num_correct = sum(is_correct(found, settings.at) for found in judged)
    report = RunReport(STAGE, settings_as_json(settings))
    report.counts = {"queries": len(inputs.found), "with_truth": len(judged), "correct": num_correct}
    report.counts |= {"incorrect": len(judged) - num_correct, "shown": len(shown)}
    if judged:
        share = num_correct / len(judged)
        report.notes.append(f"a right neighbour is among the first {settings.at} for {share:.1%} of the queries")
    if inputs.num_lost:
        report.notes.append(f"{inputs.num_lost} lines of --truth name photos that are not there, or several")
    if not shown:
        raise StageError(f"there is no query to show: --only {settings.only} leaves none of {len(inputs.found)}")
    photos, report.skipped = _thumbnails(shown, settings)
    if report.skipped:
        report.notes.append(f"{len(report.skipped)} photos cannot be shown")
    if settings.output.suffix == ENDINGS[0]:
        content = render(page_content(inputs, shown, photos, settings)).encode()
    else:
        content = draw_neighbours(shown, photos, settings.k, settings.tile)
    report.is_current = not write_if_changed(settings.output, content)
    report.outputs = {"page" if settings.output.suffix == ENDINGS[0] else "sheet": str(settings.output)}
    report.seconds = time.monotonic() - started
    return report


def is_correct(found: Neighbourhood, at: int) -> bool:
    """Say whether a right neighbour is among the first ``at``."""
    return found.rank is not None and found.rank <= at


def choose_shown(found: Sequence[Neighbourhood], settings: NeighborSettings) -> list[Neighbourhood]:
    """Give the queries that are shown, sorted by name: as many as asked for, those that a hash of the seed puts first.

    With ``correct`` and ``incorrect`` only queries of which it is known what they should find.
    """
    wanted = [
        one
        for one in found
        if settings.only == SHOWN[0] or (one.right and is_correct(one, settings.at) == (settings.only == SHOWN[1]))
    ]

    def drawn(one: Neighbourhood) -> bytes:
        return hashlib.sha256(f"{settings.seed}\0{one.query}".encode("utf-8", "surrogatepass")).digest()

    return sorted(sorted(wanted, key=drawn)[: settings.n_queries], key=lambda one: one.query)


def page_content(
    inputs: NeighborInputs,
    shown: Sequence[Neighbourhood],
    photos: dict[Key, Path | None],
    settings: NeighborSettings,
) -> dict[str, Any]:
    """Give all that the page shows, as JSON types; ``web/neighbors`` draws it.

    Parameters
    ----------
    photos : dict of (str, str) to Path or None
        Thumbnail of each photo that is shown, by folder and image name.
    """
    number = {key: place for place, key in enumerate(photos)}
    judged = [found for found in inputs.found if found.right]
    return {
        "title": inputs.title,
        "num_queries": len(inputs.found),
        "num_judged": len(judged),
        "num_correct": sum(is_correct(found, settings.at) for found in judged),
        "at": settings.at,
        "k": settings.k,
        "only": settings.only,
        "tile": settings.tile,
        "photos": [[name, None if path is None else jpeg_data_url(path)] for (_, name), path in photos.items()],
        "queries": [
            {
                "photo": number[QUERY, one.query],
                "rank": one.rank,
                "is_judged": bool(one.right),
                "neighbours": [
                    [number[FOUND, name], score, None if one.right is None else name in one.right]
                    for name, score in one.neighbours
                ],
                "missed": [number[FOUND, name] for name in missed(one)],
            }
            for one in shown
        ],
    }


def missed(found: Neighbourhood) -> list[str]:
    """Give the first photo that a query should have found, where it found none of them."""
    return sorted(found.right or ())[:1] if found.rank is None else []


def _check(settings: NeighborSettings) -> None:
    for flag, value, least, most in (
        ("--k", settings.k, 1, 1000),
        ("--at", settings.at, 1, settings.k),
        ("--n_queries", settings.n_queries, 1, 10_000),
        ("--tile", settings.tile, 32, 1024),
        ("--seed", settings.seed, 0, float("inf")),
        ("--max_megapixels", settings.max_megapixels, 1e-6, float("inf")),
    ):
        check_range(flag, value, least, most)
    if settings.only not in SHOWN:
        raise UsageError(f"--only is {settings.only!r}, but must be one of {', '.join(SHOWN)}")
    if settings.only != SHOWN[0] and settings.truth is None:
        raise UsageError(f"--only {settings.only} needs --truth, a CSV file that says what is right")
    if settings.output.suffix not in ENDINGS:
        raise UsageError(f"--output {settings.output}: must end in .html (a page) or .png (a sheet)")
    for flag, folder in (("--image_dir", settings.image_dir), ("--query_dir", settings.query_dir)):
        if folder is not None:
            check_apart(folder, settings.output, flag, "--output")


def _thumbnails(
    shown: Sequence[Neighbourhood], settings: NeighborSettings
) -> tuple[dict[Key, Path | None], list[SkippedPhoto]]:
    photos: dict[Key, Path | None] = {}
    for one in shown:
        photos[QUERY, one.query] = None
        photos |= {(FOUND, name): None for name in (*(name for name, _ in one.neighbours), *missed(one))}
    skipped: set[SkippedPhoto] = set()
    for kind, folder in ((QUERY, settings.query_dir or settings.image_dir), (FOUND, settings.image_dir)):
        keys = [key for key in photos if key[0] == kind]
        is_linked = follows_links(folder, settings.follow_links)
        cache_dir = settings.output.parent / THUMBNAILS
        work = ThumbnailWork(folder, cache_dir, settings.tile, is_linked, settings.max_megapixels)
        for key, made in zip(keys, make_thumbnails([name for _, name in keys], work), strict=True):
            if isinstance(made, Path):
                photos[key] = made
            else:  # it keeps an empty place
                skipped.add(SkippedPhoto(printable(made.name), made.reason))
    return photos, sorted(skipped)
