"""Which photos belong together, from whichever file says so: ``clusters.json`` or ``labels.csv``."""

from __future__ import annotations

from pathlib import Path

from storage.formats.clusters import SINGLETONS_KEY, read_clusters
from storage.formats.labels import SINGLE_LABEL, read_labels

JSON_ENDING = ".json"


def read_groups(path: Path, image_dir: Path | None = None) -> dict[str, str]:
    """Read the group of each photo.

    Parameters
    ----------
    path : Path
        A file that ends in ``.json`` is read as clusters, any other as labels.
    image_dir : Path, optional
        The image folder; see :func:`storage.formats.clusters.read_clusters`.

    Returns
    -------
    dict of str to str
        Image name to group. A photo that is said to be alone is in a group of its own: ``single`` and its name.

    Raises
    ------
    StageError
        When the file is missing, damaged, or contradicts itself.
    """
    if path.suffix.lower() == JSON_ENDING:
        clusters = read_clusters(path, image_dir)
        found, alone = {name: key for key, names in clusters.items() for name in names}, SINGLETONS_KEY
    else:
        found, alone = read_labels(path), SINGLE_LABEL
    return {name: f"{SINGLE_LABEL} {name}" if group == alone else group for name, group in found.items()}
