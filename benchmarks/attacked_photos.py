"""What altered copies should find: their originals, and every other photo of the database that shows the same picture.

A collection may hold an original again, smaller or saved another way. To find that one is right, and a truth that does
not list it calls right answers wrong. Such photos are looked for by their pixels alone, by none of the descriptors that
are measured: thumbnails whose correlation is above ``training.photo_set.SAME_PICTURE``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stages.retrieval.search_inputs import NOT_THERE, SearchInputs
from storage.formats.truth import ATTACK_COLUMNS, TruthRow, read_truth, write_truth
from training.photo_set import SAME_PICTURE, THUMBNAIL_SIDE, PhotoFile, PhotoSet, load_photos, picture_correlations

DECODED_SIDE = 4 * THUMBNAIL_SIDE  # pixels


def find_same_pictures(
    originals: Sequence[PhotoFile], others: Sequence[PhotoFile]
) -> dict[str, list[tuple[str, float]]]:
    """Give, by image name of the originals, the other photos that show the same picture, with their correlation."""
    ours, theirs = _small(originals), _small(others)
    correlations = picture_correlations(ours.photos, theirs.photos)
    return {
        file.name: [
            (theirs.files[place].name, float(of_photo[place])) for place in np.flatnonzero(of_photo > SAME_PICTURE)
        ]
        for file, of_photo in zip(ours.files, correlations, strict=True)
    }


def write_full_truth(
    path: Path, manifest: Path, names: tuple[str, str], copies: dict[str, list[tuple[str, float]]]
) -> None:
    """Write a truth that lists an altered copy's original and all photos that show the same picture.

    Parameters
    ----------
    path : Path
        The file to write.
    manifest : Path
        Of ``tools.make_attacks``.
    names : (str, str)
        What the image names of the queries, and of the originals, begin with in the one image folder of all photos.
    copies : dict
        Of :func:`find_same_pictures`.
    """
    rows = []
    for row in read_truth(manifest):
        source = names[1] + row.source
        right = [source, *(name for name, _ in copies[source])]
        rows += [TruthRow(names[0] + row.query, name, row.labels) for name in right]
    write_truth(path, ATTACK_COLUMNS, rows)


def without_rows(inputs: SearchInputs, names: set[str]) -> SearchInputs:
    """Give the same experiment where some photos are not in the database, and nobody should find them."""
    is_kept = np.array([name not in names for name in inputs.database.names])
    place: NDArray[np.int64] = np.where(is_kept, np.cumsum(is_kept) - 1, NOT_THERE)
    right = [frozenset(int(place[row]) for row in rows if is_kept[row]) for rows in inputs.right]
    own = np.array([NOT_THERE if row < 0 else place[row] for row in inputs.own], np.int64)
    num_right = np.array([len(rows) for rows in right], np.int64)
    database = inputs.database.take(np.flatnonzero(is_kept))
    num_distractors = int(np.count_nonzero(is_kept[len(is_kept) - inputs.num_distractors :]))
    return replace(
        inputs, database=database, own=own, right=right, num_right=num_right, num_distractors=num_distractors
    )


def _small(files: Sequence[PhotoFile]) -> PhotoSet:
    return load_photos(files, DECODED_SIDE)
