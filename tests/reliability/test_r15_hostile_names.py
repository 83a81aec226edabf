"""R15: names and links that lead out of a folder are refused by name; nothing outside is read or written."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from stages.cluster import create_clusters
from stages.copy import copy_photos
from stages.export import export_clusters
from stages.export_labels import export_labels
from stages.resize import resize_photos
from stages.settings.pipeline import ClusterSettings, CopySettings, ExportSettings, ResizeSettings
from stages.settings.tools import LabelsSettings
from storage.errors import StageError
from storage.formats.features import read_features, write_features
from storage.formats.matches import read_matches, write_matches
from storage.formats.pairs import read_pairs
from storage.formats.truth import read_truth
from tests.drawn_collection import draw_collection
from tests.drawn_photos import save_photos
from tests.reliability.campaign import Campaign
from tests.reliability.hostile_names import HOSTILE_NAMES
from tests.reliability.outside import SECRET, Place, untouched
from tests.reliability.own_files import drawn_features, drawn_matches


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A work folder with all files of the pipeline, drawn."""
    place = Place(tmp_path_factory.mktemp("template"))
    place.work.mkdir(parents=True)
    place.outside.mkdir()
    for folder in (place.outside, place.root, place.root / "deep"):
        (folder / "secret.jpg").write_bytes(SECRET)
    draw_collection(place.work, 6)
    place.heap.mkdir()
    save_photos(place.heap / "photos", 3)
    copy_photos(CopySettings(place.heap / "photos", place.work / "copies"))
    return place


def edit_json(path: Path, change: Callable[[Any], None]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


# -- where a name can stand: each puts it there and runs what reads it ------------------------------------------------


def in_manifest(place: Place, name: str) -> None:
    path = place.work / "copies" / "manifest.json"
    edit_json(path, lambda content: content["entries"][0].update(name=name))
    resize_photos(ResizeSettings(place.work / "copies", 2, num_workers=0))


def in_manifest_of_copies(place: Place, name: str) -> None:
    path = place.work / "copies" / "manifest.json"
    edit_json(path, lambda content: content["entries"][0].update(name=name))
    copy_photos(CopySettings(place.heap / "photos", place.work / "copies", prune=True))


def in_clusters(place: Place, name: str) -> None:
    edit_json(place.work / "results" / "clusters.json", lambda content: content["0"].append(name))
    export_clusters(ExportSettings(place.work / "datasets", place.work / "results"))


def in_clusters_of_labels(place: Place, name: str) -> None:
    edit_json(place.work / "results" / "clusters.json", lambda content: content["-1"].append(name))
    export_labels(LabelsSettings(image_dir=place.work / "datasets", results_dir=place.work / "results"))


def in_skipped(place: Place, name: str) -> None:
    info = {"format": "clusters-info", "format_version": 2, "skipped": [{"name": name, "reason": "cut"}]}
    (place.work / "results" / "clusters_info.json").write_text(json.dumps(info), encoding="utf-8")
    export_clusters(ExportSettings(place.work / "datasets", place.work / "results"))


def in_export(place: Place, name: str) -> None:
    settings = ExportSettings(place.work / "datasets", place.work / "results")
    export_clusters(settings)
    edit_json(place.work / "results" / "export.json", lambda content: content["photos"][0].update(path=name))
    export_clusters(replace(settings, mode="hardlink"))


def in_decisions(place: Place, name: str) -> None:
    content = {"format": "decisions", "format_version": 2, "must_link": [[name, "photo_000.jpg"]]}
    (place.work / "results" / "decisions.json").write_text(json.dumps(content), encoding="utf-8")
    create_clusters(
        ClusterSettings(place.work / "datasets", None, place.work / "netvlad", None, place.work / "results")
    )


def in_pairs(place: Place, name: str) -> None:
    lines = f"photo_000.jpg\t{name}\t0.5\n".encode("utf-8", "surrogatepass")
    (place.work / "pairs-x.txt").write_bytes(lines)
    read_pairs(place.work / "pairs-x.txt")


def in_pairs_read_at_once(place: Place, name: str) -> None:
    line = f"photo_000.jpg\t{name}\t0.5\n".encode("utf-8", "surrogatepass")
    (place.work / "pairs-x.txt").write_bytes(b"a.jpg\tb.jpg\t0.5\n" + line)
    read_pairs(place.work / "pairs-x.txt")


def in_truth(place: Place, name: str) -> None:
    table = f'query,source\n"{name}",a.jpg\n'.encode("utf-8", "surrogatepass")
    (place.work / "truth.csv").write_bytes(table)
    read_truth(place.work / "truth.csv")


def _store_names(path: Path, name: str) -> None:
    """Put a name among those of an HDF5 file, as another program would, without a seal."""
    with h5py.File(path, "r+") as file:
        texts = [bytes(text) for text in file["names"][()]]
        texts[0] = name.encode("utf-8", "surrogatepass")
        del file["names"]
        file.create_dataset("names", data=np.array(texts, dtype=f"S{max(map(len, texts)) + 1}"))


def in_features(place: Place, name: str) -> None:
    path = place.work / "features.h5"
    write_features(path, drawn_features())
    _store_names(path, name)
    read_features(path)


def in_matches(place: Place, name: str) -> None:
    path = place.work / "matches.h5"
    write_matches(path, drawn_matches())
    _store_names(path, name)
    read_matches(path)


PLACES: tuple[Callable[[Place, str], None], ...] = (
    in_manifest,
    in_manifest_of_copies,
    in_clusters,
    in_clusters_of_labels,
    in_skipped,
    in_export,
    in_decisions,
    in_pairs,
    in_pairs_read_at_once,
    in_truth,
    in_features,
    in_matches,
)


def test_hostile_name_is_refused_by_name(campaign: Campaign, template: Place, tmp_path: Path) -> None:
    cases = [(put, name) for name in HOSTILE_NAMES for put in PLACES if _can_hold(put, name)]
    random.Random(15).shuffle(cases)
    for attempt in campaign.attempts(fast=24, full=len(cases)):
        with attempt:
            put, name = cases[attempt.number]
            place = _copied(template, tmp_path / str(attempt.number))
            with untouched(place):
                try:
                    put(place, name)
                except StageError as error:
                    said = str(error)
                    assert _is_named(name, said), f"{put.__name__} {name!r}: {said}"
                else:
                    raise AssertionError(f"{put.__name__}: {name!r} was taken")


def _can_hold(put: Callable[[Place, str], None], name: str) -> bool:
    """Leave out what the format itself cannot say: NUL ends a text of HDF5, ``./`` is read as nothing in a table."""
    if put in (in_features, in_matches):
        return "\0" not in name and not any("\ud800" <= character <= "\udfff" for character in name)
    if put is in_truth:
        return not name.startswith("./") and "\\" not in name and "\0" not in name and "\ud800" not in name
    return True


def _is_named(name: str, said: str) -> bool:
    """Whether a message tells the name, or that the line that holds it is no text at all."""
    plain = name.encode("unicode_escape").decode()
    return repr(name)[1:-1] in said or name in said or plain in said or "UTF-8" in said or "sha" in said


def _copied(template: Place, target: Path) -> Place:
    shutil.copytree(template.root, target, symlinks=True)
    return Place(target)


# -- links and other ways out of a file ------------------------------------------------------------------------------


def linked_folder(place: Place) -> None:
    (place.work / "copies" / "photos").rename(place.work / "aside")
    (place.work / "copies" / "photos").symlink_to(place.outside, target_is_directory=True)
    copy_photos(CopySettings(place.heap / "photos", place.work / "copies"))


def linked_photo_in_clusters(place: Place) -> None:
    (place.work / "datasets" / "photo_000.jpg").unlink()
    (place.work / "datasets" / "photo_000.jpg").symlink_to(place.outside / "secret.jpg")
    export_clusters(ExportSettings(place.work / "datasets", place.work / "results"))


def linked_folder_of_photos(place: Place) -> None:
    (place.work / "datasets" / "sub").symlink_to(place.outside, target_is_directory=True)
    edit_json(place.work / "results" / "clusters.json", lambda content: content["0"].append("sub/secret.jpg"))
    export_clusters(ExportSettings(place.work / "datasets", place.work / "results"))


def _change_features(place: Place, change: Callable[[h5py.File, Path], None]) -> None:
    path = place.work / "features.h5"
    write_features(path, drawn_features())
    secret = place.outside / "secret.h5"
    write_features(secret, drawn_features())
    with h5py.File(path, "r+") as file:
        change(file, secret)
    read_features(path)


def _external_link(file: h5py.File, secret: Path) -> None:
    del file["global_descriptor"]
    file["global_descriptor"] = h5py.ExternalLink(str(secret), "global_descriptor")


def _external_group(file: h5py.File, secret: Path) -> None:
    del file["state"]
    file["state"] = h5py.ExternalLink(str(secret), "state")


def _soft_link(file: h5py.File, _secret: Path) -> None:
    del file["image_size"]
    file["image_size"] = h5py.SoftLink("/mtime_ns")


def _external_storage(file: h5py.File, secret: Path) -> None:
    shape = file["global_descriptor"].shape
    del file["global_descriptor"]
    file.create_dataset("global_descriptor", shape, "f4", external=[(str(secret), 0, shape[0] * shape[1] * 4)])


def _virtual_dataset(file: h5py.File, secret: Path) -> None:
    shape = file["global_descriptor"].shape
    del file["global_descriptor"]
    layout = h5py.VirtualLayout(shape, "f4")
    layout[...] = h5py.VirtualSource(str(secret), "global_descriptor", shape)
    file.create_virtual_dataset("global_descriptor", layout)


def _more_than_there_is(file: h5py.File, _secret: Path) -> None:
    del file["global_descriptor"]
    file.create_dataset("global_descriptor", (4, 1 << 40), "f4")


LINKS = (linked_folder, linked_photo_in_clusters, linked_folder_of_photos)
CHANGES = (_external_link, _external_group, _soft_link, _external_storage, _virtual_dataset, _more_than_there_is)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
@pytest.mark.parametrize("lead", LINKS, ids=lambda lead: lead.__name__)
def test_link_that_leads_out_is_refused(
    campaign: Campaign, template: Place, tmp_path: Path, lead: Callable[[Place], None]
) -> None:
    place = _copied(template, tmp_path / "place")
    with untouched(place), pytest.raises(StageError, match="link"):
        lead(place)
    campaign.done = 1


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_hdf5_that_leads_out_is_refused(
    campaign: Campaign, template: Place, tmp_path: Path, change: Callable[[h5py.File, Path], None]
) -> None:
    with pytest.raises(StageError, match="damaged: .*features.h5"):
        _change_features(_copied(template, tmp_path / "place"), change)
    campaign.done = 1
