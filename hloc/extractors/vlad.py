"""VLAD: the descriptor that needs no weights and no download; everything it knows it learns on the user's own photos.

Upright RootSIFT, partly whitened; VLAD of two small codebooks (4096 numbers). A collection that fits into the sample
also gets coordinates by selective matching with each of its photos (:mod:`hloc.anchors`); a larger one gets its VLADs
whitened by what the sample shows instead. Figures: ``benchmarks/vlad.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from hloc.anchors import Anchors, Residuals, learn_anchors, quantised_residuals
from hloc.codebook import encode_vlad, learn_codebooks
from hloc.extractors.base import PICTURE_FLAGS, ExtractorOptions, LearntExtractor
from hloc.local_features import SIFT_LENGTH, Detection, root_sift
from hloc.whitening import ShrunkenWhitening, Whitening, learn_shrunken_whitening, learn_whitening, unit_rows
from storage.errors import UsageError

UNDERSTOOD_FLAGS = PICTURE_FLAGS
RESIZE_MAX = 640  # as good as 800 and 1024 pixels, in 64 % of the time of 800
MIN_SIDE = 16  # below it no keypoint is found
NUM_KEYPOINTS = 2000
SEED = 0

SAMPLE_SIZE = 1024  # photos; what is kept of each takes 250 kB, and the state at most 75 MB
NUM_TRAINING_DESCRIPTORS = 100_000
LOCAL_DIMENSION = 96  # of RootSIFT's 128; 64 lose 1 to 2 points of mAP
LOCAL_POWER = 0.25  # half-way to full whitening: +1 and +3 points of mAP on the two collections

NUM_WORDS = 1024  # for selective matching; 512 lose 1 to 2 points, 1536 gain less than half a point
VLAD_DIMENSION = 32  # of a local descriptor, two codebooks of 64 words: 4096 numbers, as NetVLAD
VLAD_WORDS = 64
VLAD_CODEBOOKS = 2

# Share of the selective matches in a score; the rest is VLAD's, which also serves photos that come later.
ANCHOR_SHARE = 0.85
SHRINKAGE = 3.0  # for photos that the whitening was not learnt on: mAP 0.711 against 0.655 without whitening


def create(options: ExtractorOptions) -> VladExtractor:
    """Make the extractor that the flags ask for."""
    return VladExtractor.of(options)


class VladExtractor(LearntExtractor):
    """VLAD of upright RootSIFT with what was learnt on a sample of the collection.

    Parameters
    ----------
    resize_max : int, optional
        Longest side, in pixels, of the photos that keypoints are sought in.
    num_keypoints : int
        Most keypoints of a photo.
    seed : int
        Of all random choices in learning. The same photos and seed give the same numbers on the same machine.

    Attributes
    ----------
    is_upright : bool
        False turns each local descriptor to its dominant gradient.

    Raises
    ------
    UsageError
        When a value is too small.
    """

    name = "vlad"
    is_upright = True
    sample_size = SAMPLE_SIZE

    def __init__(
        self, *, resize_max: int | None = RESIZE_MAX, num_keypoints: int = NUM_KEYPOINTS, seed: int = SEED
    ) -> None:
        self.max_side: int = RESIZE_MAX if resize_max is None else resize_max
        if self.max_side < MIN_SIDE:
            raise UsageError(f"--resize_max {resize_max}: must be at least {MIN_SIDE} pixels for {self.name}")
        if num_keypoints < 1:
            raise UsageError(f"num_keypoints {num_keypoints}: must be at least 1")
        self.num_keypoints = num_keypoints
        self.detection: Detection = Detection(self.max_side, num_keypoints, self.is_upright)
        self.seed = seed
        self.learnt_on = 0
        self._local: Whitening | None = None
        self._codebooks = np.zeros((0, 0, VLAD_DIMENSION), np.float32)
        self._words = np.zeros((0, LOCAL_DIMENSION), np.float32)
        self._whitening: ShrunkenWhitening | None = None
        self._anchors: Anchors | None = None

    @classmethod
    def of(cls, options: ExtractorOptions) -> Self:
        """Make the extractor that the flags ask for.

        Raises
        ------
        UsageError
            When weights or a graphics card are asked for: this model has no use for either.
        """
        if options.weights is not None:
            raise UsageError(
                f"--weights {options.weights}: {cls.name} learns on your own photos and takes no weights; leave it"
            )
        if options.device not in ("auto", "cpu"):
            raise UsageError(f"--device {options.device}: {cls.name} computes on the CPU only; use auto or cpu")
        return cls(resize_max=options.resize_max)

    @property
    def dimension(self) -> int:
        """Length of a descriptor: 4096, less for a handful of photos, and up to one more for each sample photo."""
        return int(self._codebooks.size + (self._anchors.projection.shape[1] if self._anchors else 0))

    def settings(self) -> dict[str, Any]:
        """Give what was set; what was learnt is :meth:`state`."""
        return {
            "model": self.name,
            "resize_max": self.max_side,
            "num_keypoints": self.num_keypoints,
            "seed": self.seed,
        }

    def prepare_sample(self, photo: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """Give the photo's SIFT descriptors, uint8 (M, 128)."""
        return {"descriptors": self.detection.of(photo).descriptors}

    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give the unit vector (D,) of an upright RGB photo (H, W, 3); zeros when it shows no keypoint."""
        return self.prepare_from_sample(self.prepare_sample(photo))

    def prepare_from_sample(self, kept: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Give the unit vector (D,) of a photo from its SIFT descriptors."""
        with _one_thread():
            return self._describe(self._local_descriptors(kept["descriptors"]))

    def learn(self, sample: Sequence[Mapping[str, NDArray[Any]]]) -> None:
        """Learn directions, words and, for as far as the number of photos allows, whitening or anchors.

        Whitening that is learnt on the very photos that it is used for takes away what makes each of them itself; so
        a collection that is whole in the sample gets anchors, a larger one gets whitening.
        """
        with _one_thread():
            self._learn_words(sample)
            described = (self._local_descriptors(kept["descriptors"]) for kept in sample)
            self._whitening = self._anchors = None
            if len(sample) >= self.sample_size:
                vlads = np.stack([self._vlad(descriptors) for descriptors in described])
                self._whitening = learn_shrunken_whitening(vlads, SHRINKAGE)
            elif sample:
                residuals = [self._residuals(descriptors) for descriptors in described]
                self._anchors = learn_anchors(residuals, len(self._words))
        self.learnt_on = len(sample)

    def state(self) -> dict[str, NDArray[Any]]:
        """Give all learnt arrays by name."""
        if self._local is None:
            return {}
        state = {
            "learnt_on": np.array(self.learnt_on),
            "codebooks": self._codebooks,
            "words": self._words,
            **_prefixed("local", self._local),
        }
        if self._whitening is not None:
            state |= _prefixed("whitening", self._whitening)
        if self._anchors is not None:
            state |= _prefixed("anchors", self._anchors)
        return state

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what :meth:`state` gave.

        Raises
        ------
        ValueError
            When an array is missing.
        """
        try:
            self._local = Whitening(**_without_prefix("local", state))
            self._codebooks, self._words = np.asarray(state["codebooks"]), np.asarray(state["words"])
            self.learnt_on = int(state["learnt_on"])
            whitening, anchors = _without_prefix("whitening", state), _without_prefix("anchors", state)
            self._whitening = ShrunkenWhitening(**whitening) if whitening else None
            self._anchors = Anchors(**anchors) if anchors else None
        except (KeyError, TypeError) as error:
            raise ValueError(f"what {self.name} learnt is not complete: {error}") from error

    def _local_descriptors(self, descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
        if self._local is None:
            raise ValueError(f"{self.name} has learnt nothing yet: call learn or load_state first")
        return self._local.apply(root_sift(descriptors))

    def _learn_words(self, sample: Sequence[Mapping[str, NDArray[Any]]]) -> None:
        random = np.random.default_rng(self.seed)
        wanted = -(-NUM_TRAINING_DESCRIPTORS // max(len(sample), 1))
        chosen = [np.zeros((0, SIFT_LENGTH), np.uint8)]
        for kept in sample:
            descriptors = kept["descriptors"]
            chosen.append(descriptors[random.permutation(len(descriptors))[:wanted]])
        training = root_sift(np.concatenate(chosen))
        self._local = learn_whitening(training, LOCAL_DIMENSION, LOCAL_POWER)
        training = self._local.apply(training)
        self._words = learn_codebooks(training, NUM_WORDS, 1, self.seed)[0]
        self._codebooks = learn_codebooks(_first_dimensions(training), VLAD_WORDS, VLAD_CODEBOOKS, self.seed)

    def _vlad(self, descriptors: NDArray[np.float32]) -> NDArray[np.float32]:
        return encode_vlad(_first_dimensions(descriptors), self._codebooks)

    def _residuals(self, descriptors: NDArray[np.float32]) -> Residuals:
        return quantised_residuals(descriptors, self._words)

    def _describe(self, descriptors: NDArray[np.float32]) -> NDArray[np.float32]:
        vlad = self._vlad(descriptors)
        if self._whitening is not None:
            return self._whitening.apply(vlad)
        if self._anchors is None:
            return vlad
        coordinates = self._anchors.describe(self._residuals(descriptors))
        return unit_rows(np.concatenate([vlad * (1 - ANCHOR_SHARE) ** 0.5, coordinates * ANCHOR_SHARE**0.5]))


def _first_dimensions(descriptors: NDArray[np.float32]) -> NDArray[np.float32]:
    return unit_rows(descriptors[:, :VLAD_DIMENSION])


def _prefixed(prefix: str, learnt: Any) -> dict[str, NDArray[Any]]:
    return {f"{prefix}_{key}": values for key, values in asdict(learnt).items()}


def _without_prefix(prefix: str, state: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {
        key.removeprefix(f"{prefix}_"): np.asarray(values)
        for key, values in state.items()
        if key.startswith(f"{prefix}_")
    }


@cache
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()


def _one_thread() -> AbstractContextManager[Any]:
    """Compute on one thread: sums over several round differently, and a photo's vector must not hang on that."""
    limit: AbstractContextManager[Any] = _thread_pools().limit(limits=1)
    return limit
