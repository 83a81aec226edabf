"""The stages of the pipeline in one folder, with a model so quick that thousands of photos are described in seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np

from hloc.extractors import MODELS, ModelEntry
from hloc.extractors.base import Extractor
from stages.cluster import create_clusters
from stages.copy import copy_photos
from stages.export import export_clusters
from stages.extract import extract_features
from stages.match import match_pairs
from stages.resize import resize_photos
from stages.settings.pipeline import (
    ClusterSettings,
    CopySettings,
    ExportSettings,
    ExtractSettings,
    MatchSettings,
    ResizeSettings,
)
from storage.report import RunReport
from tests.fake_models import MeanColour

MODEL = MeanColour.name
PHOTOS_PER_FOLDER = 1000
SIDE = 16


@contextmanager
def quick_model(model: type[Extractor] = MeanColour) -> Iterator[None]:
    """Register the quick model in the block; nothing else of the stages is replaced."""
    entry = ModelEntry(MODEL, 0.999, 0.998)
    with mock.patch.dict(MODELS, {MODEL: entry}), mock.patch("stages.extract.create_extractor", lambda *_: model()):
        yield


@dataclass(frozen=True)
class QuickStages:
    """One work folder.

    Attributes
    ----------
    folder : Path
        Holds ``photos`` (the source), and the three folders that the stages write.
    reads : str
        Which folder is read by all stages after copying: the copies, or the source itself.
    """

    folder: Path
    reads: str = "datasets"

    @property
    def photos(self) -> Path:
        """The source."""
        return self.folder / "photos"

    @property
    def datasets(self) -> Path:
        """The copies."""
        return self.folder / "datasets"

    @property
    def image_dir(self) -> Path:
        """What is described."""
        return self.folder / self.reads

    @property
    def netvlad(self) -> Path:
        """Descriptors and pairs."""
        return self.folder / "netvlad"

    @property
    def results(self) -> Path:
        """Clusters and the export."""
        return self.folder / "results"

    def copy(self, **given: Any) -> RunReport:
        """Run the stage of ``copy_images.py``."""
        return copy_photos(CopySettings(self.photos, self.datasets, **given))

    def resize(self, **given: Any) -> RunReport:
        """Run the stage of ``resize_images.py``, in place."""
        given = {"max_side": SIDE // 2, "num_workers": 0} | given
        return resize_photos(ResizeSettings(self.datasets, **given))

    def extract(self, **given: Any) -> RunReport:
        """Run the stage of ``extract_features.py``, with the quick model."""
        with quick_model(given.pop("extractor", MeanColour)):
            given = {"model": MODEL, "num_workers": 0} | given
            return extract_features(ExtractSettings(self.image_dir, self.netvlad, **given))

    def match(self, **given: Any) -> RunReport:
        """Run the stage of ``match_pairs.py``."""
        given = {"num_keypoints": 100, "num_workers": 0, "num_rounds": 1} | given
        return match_pairs(MatchSettings(self.image_dir, self.netvlad, **given))

    def cluster(self, **given: Any) -> RunReport:
        """Run the stage of ``create_clusters.py`` on the scored pairs."""
        pairs = self.netvlad / f"pairs-{MODEL}.txt"
        given = {"pairs_file": pairs, "strong_edg_thresh": 0.999, "weak_edg_thresh": 0.998} | given
        return create_clusters(ClusterSettings(self.image_dir, results_dir=self.results, **given))

    def export(self, **given: Any) -> RunReport:
        """Run the stage of ``export_clusters.py``."""
        return export_clusters(ExportSettings(self.image_dir, self.results, **given))

    def in_order(self) -> dict[str, Callable[[], RunReport]]:
        """Give the stages by name, in the order of the pipeline."""
        stages = (self.copy, self.resize, self.extract, self.match, self.cluster, self.export)
        return {stage.__name__: stage for stage in stages}

    def run(self, *left_out: str) -> dict[str, RunReport]:
        """Run all stages but some; give their reports by name."""
        return {name: stage() for name, stage in self.in_order().items() if name not in left_out}


def save_tiny_photos(folder: Path, count: int, first: int = 0) -> list[str]:
    """Save ``count`` different JPEGs of 16 x 16 pixels, a thousand a folder; give their names, sorted."""
    names = [f"{number // PHOTOS_PER_FOLDER:03d}/{number:06d}.jpg" for number in range(first, first + count)]
    for number, name in enumerate(names, first):
        if number % PHOTOS_PER_FOLDER == 0 or number == first:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(tiny_photo(number))
    return names


def tiny_photo(number: int) -> bytes:
    """Give a JPEG of 4 x 4 fields of colour; four numbers after one another have almost the same."""
    colours = np.random.default_rng(number // 4).integers(8, 248, (4, 4, 3))
    colours = (colours + np.random.default_rng([number]).integers(-3, 4, colours.shape)).astype(np.uint8)
    enlarged = cv2.resize(colours, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    return cv2.imencode(".jpg", enlarged, [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()
