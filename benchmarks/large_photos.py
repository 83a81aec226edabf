"""What each step of the pipeline takes for photos of 12 megapixels: some of each, timed, for multiplying."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hloc.extractors.vlad import VladExtractor
from hloc.matching import create_matcher
from hloc.matching.verification import verify
from hloc.stream import PhotoWork
from storage.fingerprints import Fingerprint
from storage.formats.local_features import LocalFeatureStore, LocalRecord, StoredFeatures

WIDTH, HEIGHT = 4000, 3000
PAIRS_PER_PHOTO = 13.3  # verified, benchmarks/matching.md
NUM_KEYPOINTS = 2000
MAX_MEGAPIXELS = 100.0


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes
    ----------
    label : str
        For the table.
    count : int
        Of how many it was measured.
    seconds : float
        Processor seconds of one.
    times : float
        How often it is done for a photo; 0 for once in all.
    is_extraction : bool
        Whether it belongs to ``extract_features.py``.
    """

    label: str
    count: int
    seconds: float
    times: float
    is_extraction: bool

    def total(self, num_photos: int) -> float:
        """Processor seconds for a collection."""
        return self.seconds * (self.times * num_photos if self.times else 1)


def enlarge_photos(image_dir: Path, folder: Path, count: int) -> list[str]:
    """Write photos of a collection as JPEGs of 12 megapixels, with a camera's noise; give their names."""
    rng, names = np.random.default_rng(0), []
    paths = sorted(image_dir.rglob("*.jpg"))
    for number, path in enumerate(paths[:: max(1, len(paths) // count)][:count]):
        with Image.open(path) as image:
            large = np.asarray(image.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.int16)
        noisy = large + rng.integers(-5, 6, large.shape, np.int16)
        names.append(f"large_{number:03d}.jpg")
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / names[-1], quality=92)
    return names


def time_extraction(folder: Path, names: Sequence[str], num_decodes: int, num_sample: int) -> list[Step]:
    """Time the steps of ``vlad --keep_local_features``: every decode is one of a whole file."""
    extractor, rng = VladExtractor(), np.random.default_rng(0)
    work = PhotoWork(folder, np.asarray, extractor.max_side, MAX_MEGAPIXELS, reads_exif=True)
    decode_s, decoded = _timed(lambda name: work(name).value, list(islice(cycle(names), num_decodes)))
    photos = decoded[: len(names)]
    sift_s, kept = _timed(extractor.prepare_sample, photos)
    # Parts of the photos' features in the place of further photos: learning takes as long.
    sample = [
        {"descriptors": each["descriptors"][rng.random(len(each["descriptors"])) < 0.8]}
        for each in islice(cycle(kept), num_sample)
    ]
    extractor.sample_size = len(sample)  # so that it whitens, as it does for a collection larger than its sample
    learn_s, _ = _timed(extractor.learn, [sample])
    vlad_s, _ = _timed(extractor.prepare_from_sample, kept)
    return [
        Step("decode, hash, size, EXIF", num_decodes, decode_s, 1, True),
        Step("local features, for `vlad` and matching", len(names), sift_s, 1, True),
        Step("VLAD and whitening", len(names), vlad_s, 1, True),
        Step(f"learning on {num_sample}, once", 1, learn_s, 0, True),
        Step("local features kept for matching", len(names), _time_keeping(folder, extractor, photos), 1, True),
    ]


def _time_keeping(folder: Path, extractor: VladExtractor, photos: Sequence[NDArray[np.uint8]]) -> float:
    """Time what a photo whose features are detected costs beyond: their form for matching, and the store."""
    matcher, seconds, records = create_matcher("rootsift", NUM_KEYPOINTS), 0.0, []
    for number, photo in enumerate(photos):
        extractor.prepare_sample(photo)
        describe_s, (features,) = _timed(matcher.describe, [photo])
        seconds += describe_s
        records.append(_record(number, features))
    store = LocalFeatureStore(folder / "kept", matcher.feature_settings())
    store.clean()
    write_s, _ = _timed(store.write, [records])
    return (seconds + write_s) / len(photos)


def _record(number: int, features: StoredFeatures) -> LocalRecord:
    return LocalRecord(f"{number}.jpg", Fingerprint(1, 1, "0" * 64), features)


def time_matching(folder: Path, names: Sequence[str], num_pairs: int) -> list[Step]:
    """Time the verification of pairs, of photos that may show the same or not; their features stand."""
    matcher = create_matcher("rootsift", NUM_KEYPOINTS)
    work = PhotoWork(folder, matcher.describe, matcher.max_side, MAX_MEGAPIXELS)
    features = [matcher.load(work(name).value) for name in names]
    ends = np.random.default_rng(0).integers(0, len(features), (num_pairs, 2)).tolist()
    pair_s, _ = _timed(lambda pair: verify(matcher, features[pair[0]], features[pair[1]]), ends)
    return [Step(f"verified pairs, {PAIRS_PER_PHOTO} a photo", num_pairs, pair_s, PAIRS_PER_PHOTO, False)]


def _timed(work: Callable[[Any], Any], items: Sequence[Any]) -> tuple[float, list[Any]]:
    """Give processor seconds for one item, and all results."""
    before = time.process_time()
    results = [work(item) for item in items]
    return (time.process_time() - before) / max(len(items), 1), results
