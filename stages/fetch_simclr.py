"""The stage of ``tools.download_models simclr...``: fetch a checkpoint of TensorFlow, convert it, keep the result.

Nobody publishes checksums of these files. So the sums of what came first are kept beside the result; files of another
sum are refused from then on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from stages.settings.simclr import SimclrSettings
from storage.atomic import write_json
from storage.downloads import check_sha256
from storage.errors import DamagedFileError, UsageError
from storage.fingerprints import sha256_of_file
from storage.formats.json_file import read_versioned_json
from storage.formats.tf_checkpoint import TensorflowCheckpoint, open_tf_checkpoint, read_tf_index
from storage.simclr_files import STEPS, SimclrCheckpoint, published_checkpoint

SUMS_FORMAT, SUMS_VERSION = "simclr-sums", 1
Check = Callable[[Path], object]
Fetch = Callable[[str, Path, Check], None]

log = logging.getLogger(__name__)


def fetch_simclr(settings: SimclrSettings, fetch: Fetch) -> dict[str, Any]:
    """Bring the converted weights of a model into the cache, unless they are there.

    Parameters
    ----------
    settings : SimclrSettings
        What, where from, where to.
    fetch : callable (url, target, check)
        As :func:`storage.downloads.fetch_file`, with its progress shown.

    Returns
    -------
    dict
        ``model``, ``status``, ``path`` and ``sha256`` of the result, ``origin``, ``is_verified`` (the files had the
        sums that were known before), ``files``: the sums of the makers' files.

    Raises
    ------
    UsageError
        When there is no such checkpoint, or a file is not where it was said to be.
    DamagedFileError
        When a file is damaged, of another network, or another one than was fetched first.
    StageError
        When a file cannot be fetched or written.
    """
    checkpoint = chosen_checkpoint(settings)
    target = settings.cache_dir / checkpoint.converted_place(settings.raw, settings.exact_padding)
    sums_file = settings.cache_dir / checkpoint.sums_place
    sums = _read_sums(sums_file, checkpoint)
    result: dict[str, Any] = {"model": settings.model, "status": "already there", "path": str(target)}
    is_verified = _agrees(target, sums["converted"].get(target.name))
    origin = None
    if not is_verified or (settings.keep_tf and not _are_kept(settings, checkpoint)):
        origin = str(settings.source or settings.url or checkpoint.url)
        is_verified = settings.sha256 is not None or checkpoint.needed_files[-1] in sums["files"]
        folder = _bring_files(settings, checkpoint, sums["files"], fetch)
        _convert(settings, checkpoint, folder, target)
        sums["files"] |= {name: sha256_of_file(folder / name) for name in _wanted(settings, checkpoint)}
        sums["converted"][target.name] = sha256_of_file(target)
        write_json(sums_file, sums)
        _remove_files(settings, checkpoint)
        result["status"] = "converted"
    found = {"sha256": sums["converted"][target.name], "origin": origin, "is_verified": is_verified}
    return result | found | {"files": sums["files"]}


def chosen_checkpoint(settings: SimclrSettings) -> SimclrCheckpoint:
    """Give the checkpoint that the settings mean.

    Raises
    ------
    UsageError
        When its makers publish none of that category, or none that is not averaged.
    """
    try:
        checkpoint = published_checkpoint(settings.model, settings.category)
    except KeyError:
        version = published_checkpoint(settings.model).version
        known = ", ".join(STEPS[version])
        raise UsageError(f"--category {settings.category}: choose for {settings.model} from {known}") from None
    if settings.raw and checkpoint.version == 1:
        raise UsageError(f"--raw: {settings.model} has one set of weights only, which is raw; leave it out")
    return checkpoint


# -- the makers' files ------------------------------------------------------------------------------------------------


def _wanted(settings: SimclrSettings, checkpoint: SimclrCheckpoint) -> tuple[str, ...]:
    return checkpoint.all_files if settings.keep_tf and settings.source is None else checkpoint.needed_files


def _bring_files(settings: SimclrSettings, checkpoint: SimclrCheckpoint, sums: dict[str, str], fetch: Fetch) -> Path:
    """Give the folder that holds the files, fetched where they are missing; each has the sum that is known of it."""
    folder = settings.source or settings.cache_dir / checkpoint.tensorflow_place
    for name in _wanted(settings, checkpoint):
        path, check = (
            folder / name,
            partial(_check, settings, checkpoint, folder / checkpoint.needed_files[0], sums, name),
        )
        if settings.source is not None:
            if not path.is_file():
                raise UsageError(f"--from {settings.source}: there is no {name} in it")
            check(path)
        elif not path.is_file() or not _passes(check, path):
            fetch(f"{(settings.url or checkpoint.url).rstrip('/')}/{name}", path, check)
    return folder


def _check(
    settings: SimclrSettings, checkpoint: SimclrCheckpoint, index: Path, sums: dict[str, str], name: str, path: Path
) -> None:
    """Check one complete file, under whatever name it lies."""
    index_name, numbers_name = checkpoint.needed_files
    if name == index_name:
        read_tf_index(path)
    if name == numbers_name:
        num_shards, variables = read_tf_index(index)
        TensorflowCheckpoint(index, num_shards, variables).check_data_size(path)
        if settings.sha256 is not None:
            check_sha256(path, settings.sha256)
            return
    if name in sums:
        check_sha256(path, sums[name])


def _passes(check: Check, path: Path) -> bool:
    try:
        check(path)
    except DamagedFileError as error:
        log.info("%s; it is fetched again", error)
        return False
    return True


def _are_kept(settings: SimclrSettings, checkpoint: SimclrCheckpoint) -> bool:
    folder = settings.cache_dir / checkpoint.tensorflow_place
    return settings.source is not None or all((folder / name).is_file() for name in checkpoint.all_files)


def _remove_files(settings: SimclrSettings, checkpoint: SimclrCheckpoint) -> None:
    if settings.keep_tf or settings.source is not None:
        return
    folder = settings.cache_dir / checkpoint.tensorflow_place
    for name in checkpoint.all_files:
        (folder / name).unlink(missing_ok=True)


# -- the converted file -----------------------------------------------------------------------------------------------


def _convert(settings: SimclrSettings, checkpoint: SimclrCheckpoint, folder: Path, target: Path) -> None:
    from hloc.devices import import_torch
    from networks.simclr import PUBLISHED_SHAPES
    from networks.simclr_conversion import check_descriptors, convert_checkpoint
    from networks.simclr_weights import write_simclr_weights

    import_torch()  # its message says how to install what is missing
    shape, is_averaged = PUBLISHED_SHAPES[settings.model], checkpoint.version == 2 and not settings.raw
    log.info("%s is converted to %s", folder / checkpoint.stem, target)
    try:
        opened = open_tf_checkpoint(folder / checkpoint.stem)
        weights = convert_checkpoint(opened, shape, is_averaged=is_averaged, exact_padding=settings.exact_padding)
        check_descriptors(weights, shape)
    except DamagedFileError:
        _remove_files(settings, checkpoint)  # what is damaged is fetched anew by the next call
        raise
    notes = {"model": settings.model, "category": checkpoint.category, "step": checkpoint.step}
    write_simclr_weights(target, weights, notes | {"weights": "ema" if is_averaged else "raw"})


def _agrees(path: Path, sha256: str | None) -> bool:
    return sha256 is not None and path.is_file() and sha256_of_file(path) == sha256


def _read_sums(path: Path, checkpoint: SimclrCheckpoint) -> dict[str, Any]:
    """Give the sums of a checkpoint's files and of what was made of them; none where nothing was fetched yet."""
    if not path.is_file():
        begun: dict[str, Any] = {"format": SUMS_FORMAT, "format_version": SUMS_VERSION, "url": checkpoint.url}
        return begun | {"files": {}, "converted": {}}
    made_by = f"python -m tools.download_models {checkpoint.model} (after removing the file)"
    content = read_versioned_json(path, made_by, SUMS_FORMAT, SUMS_VERSION)
    tables = [content.get("files"), content.get("converted")]
    if not all(isinstance(table, dict) and all(isinstance(sum_, str) for sum_ in table.values()) for table in tables):
        raise DamagedFileError(f"damaged: {path} is no {SUMS_FORMAT} file; make it again with: {made_by}")
    return content
