"""What a worker of ``tools.make_attacks`` does: one photo, all of its attacks, written, then named in its record."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attacks import Attack
from attacks.base import apply_attack
from hloc.stream import Prepared
from storage.batch import batch_of_files
from storage.encoding import encode_picture
from storage.errors import PhotoError
from storage.fingerprints import fingerprint, sha256_of_file
from storage.formats.attack_records import AttackedCopy, AttackRecord, write_record
from storage.names import inside
from storage.photos import load_photo


@dataclass(frozen=True)
class AttackJob:
    """What is to be made of one photo.

    Attributes
    ----------
    stem : str
        What the image names of its queries begin with.
    attacks : tuple of Attack
        Those to make; others that stand stay.
    known : Mapping of str to AttackedCopy
        What a former run made of the photo, by id.
    """

    stem: str
    attacks: tuple[Attack, ...]
    known: Mapping[str, AttackedCopy] = field(default_factory=dict)


@dataclass(frozen=True)
class AttackWork:
    """Attack one photo; picklable, so that workers can do it.

    Attributes
    ----------
    image_dir, export_dir : Path
        Where from, where to.
    follow_links : bool
        Whether links in ``image_dir`` may lead out of it.
    max_megapixels : float
        Larger photos are refused.
    settings : Mapping
        As in the record: ``seed``, ``format``, ``font``.
    font : bytes or None
        The font file, None for Pillow's.
    """

    image_dir: Path
    export_dir: Path
    follow_links: bool
    max_megapixels: float
    settings: Mapping[str, Any]
    font: bytes | None

    def __call__(self, name: str, job: AttackJob) -> Prepared:
        """Make and write what is to be made; the value of the result is the number of files that were written.

        Raises
        ------
        PhotoError
            When the photo cannot be used, or another's file stands in the place of a query. What could be made is
            named in the record all the same.
        """
        path = inside(self.image_dir, name, self.follow_links)
        before = fingerprint(path)
        photo = load_photo(path, None, self.max_megapixels)
        made: dict[Attack, Path] = {}
        problems: dict[Attack, str] = {}
        num_written = 0
        with batch_of_files() as batch:
            for attack in job.attacks:
                target = query_path(self.export_dir, job.stem, attack.id, self.settings["format"])
                try:
                    content = self._content(photo, attack, name)
                    if not _holds(target, content, job.known.get(attack.id)):
                        batch.put(target, content)
                        num_written += 1
                    made[attack] = target
                except PhotoError as error:
                    problems[attack] = error.reason
            if fingerprint(path, before) != before:
                raise PhotoError("changed while it was being read")
        failed = {attack.id for attack in problems}
        copies = {key: copy for key, copy in job.known.items() if key not in failed}
        copies |= {
            attack.id: AttackedCopy(attack.family, attack.parameter, fingerprint(target))
            for attack, target in made.items()
        }
        write_record(self.export_dir, AttackRecord(name, before, job.stem, self.settings, copies))
        if problems:
            raise PhotoError(_joined(list(problems.values())))
        return Prepared(name, before, (photo.shape[1], photo.shape[0]), num_written)

    def _content(self, photo: NDArray[np.uint8], attack: Attack, name: str) -> bytes:
        attacked = apply_attack(photo, attack, name, self.settings["seed"], self.font)
        return encode_picture(attacked, self.settings["format"])


def _holds(target: Path, content: bytes, known: AttackedCopy | None) -> bool:
    """Say whether ``target`` holds ``content``; PhotoError where something else stands that is not known."""
    if not os.path.lexists(target):
        return False
    found = None if target.is_symlink() or not target.is_file() else sha256_of_file(target)
    if found is not None and found == sha256(content).hexdigest():
        return True
    if found is None or known is None or found != known.fingerprint.sha256:
        raise PhotoError(f"another file stands at {target}, which this program did not write: move it away")
    return False


def query_name(stem: str, attack_id: str, ending: str) -> str:
    """Give the image name of a query."""
    return f"{stem}_{attack_id}.{ending}"


def query_path(export_dir: Path, stem: str, attack_id: str, ending: str) -> Path:
    """Give where a query stands; StageError when a link leads its folder out of ``export_dir``."""
    parent, slash, last = query_name(stem, attack_id, ending).rpartition("/")
    return (inside(export_dir, parent) if slash else export_dir) / last


def _joined(problems: Sequence[str]) -> str:
    more = f" (and {len(problems) - 1} more attacks)" if len(problems) > 1 else ""
    return f"{problems[0]}{more}"
