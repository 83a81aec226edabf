"""Matches that sit at the same place of two different photos: watermarks, date stamps, logos, borders, dust.

Whatever lies over the view stays where it is when the view changes. So matches at the same place, of the same size and
direction, prove nothing, unless the two photos are alike altogether at that alignment: the same view taken twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from hloc.matching.base import Matches
from hloc.matching.maps import angle_difference
from storage.formats.local_features import THUMBNAIL_SIDE, StoredFeatures
from storage.formats.matches import PairMatches

SAME_PLACE = 0.004  # share of the longest side: 4 pixels of 1024, what resampling and JPEG move a stamp
SAME_SIZE = 0.15  # of the logarithm of the diameter
SAME_ANGLE_DEG = 10.0
NEAR_PLACE, NEAR_SIZE = 3 * SAME_PLACE, 2 * SAME_SIZE  # for further matches, once there is an overlay
LEAST_MATCHES = 3  # at the same place by the same rule; fewer happen by chance

LEAST_PARTNERS = 2  # photos of other content that hold the same thing at the same place

BLOCK = 8  # pixels of the 64 x 64 thumbnail
LEAST_TEXTURE = 2.0  # standard deviation in grey levels of a block without its slow changes
LEAST_BLOCKS = 6
LEAST_CORRELATION = 0.5
LEAST_SHARE = 0.5

# Of the nine rules: each corner twice, then no corner.
CORNERS = np.array([*product((0.0, 1.0), repeat=2)] * 2 + [(0.0, 0.0)])


def find_overlay(first: StoredFeatures, second: StoredFeatures, matches: Matches) -> NDArray[np.bool_]:
    """Say which matches (N,) are of what lies over two photos of different content.

    Parameters
    ----------
    first, second : StoredFeatures
        The two photos.
    matches : Matches
        Between them.
    """
    is_overlay = same_places(first, second, matches)
    if is_overlay.any() and look_alike(first.thumbnail, second.thumbnail):
        is_overlay[:] = False
    return is_overlay


def same_places(first: StoredFeatures, second: StoredFeatures, matches: Matches) -> NDArray[np.bool_]:
    """Say which matches (N,) sit at the same place by a rule that three or more matches follow.

    The rules: at the same distance from the same corner, in pixels of the photos as decoded or of the whole photos;
    or at the same share of width and height.
    """
    if len(matches.first) < LEAST_MATCHES:
        return np.zeros(len(matches.first), bool)
    one, other = first.keypoints[matches.first], second.keypoints[matches.second]
    rules = _Rules.between(first, second)
    apart = rules.squared_gaps(*(each[:, :2].T.astype(np.float64) + 0.5 for each in (one, other)))
    may_hold = np.count_nonzero(apart < SAME_PLACE**2, axis=1) >= LEAST_MATCHES
    if not may_hold.any():  # most pairs, which are spared the rest
        return np.zeros(len(matches.first), bool)
    apart = apart[may_hold]
    growths = np.log(rules.growths[may_hold])[:, None]
    grown = np.log(np.maximum(other[:, 2], 1e-3) / np.maximum(one[:, 2], 1e-3)) - growths
    grown = np.abs(grown, out=grown)
    turned = np.abs(angle_difference(other[:, 3], one[:, 3])) < SAME_ANGLE_DEG
    is_same = (apart < SAME_PLACE**2) & (grown < SAME_SIZE) & turned
    holds = np.count_nonzero(is_same, axis=1) >= LEAST_MATCHES
    is_near = (apart[holds] < NEAR_PLACE**2) & (grown[holds] < NEAR_SIZE) & turned
    found: NDArray[np.bool_] = is_near.any(axis=0)
    return found


@dataclass(frozen=True, eq=False)
class _Rules:
    """Nine ways (R) to lay one photo over another: corner on corner, in pixels of either kind, or border on border.

    Places (x, y) times ``starts`` or ``ends`` (R, 2), moved apart by ``moves`` (R, 2), are compared in ``units`` (R,);
    diameters grow by ``growths`` (R,).
    """

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    moves: NDArray[np.float64]
    units: NDArray[np.float64]
    growths: NDArray[np.float64]

    @classmethod
    def between(cls, first: StoredFeatures, second: StoredFeatures) -> _Rules:
        """Give the rules for two photos."""
        size, other_size = first.photo_size, second.photo_size
        one, other = max(first.image_size) / max(size), max(second.image_size) / max(other_size)
        factors = np.ones((9, 2)), np.ones((9, 2))
        factors[0][4:8], factors[1][4:8] = one, other
        factors[0][8], factors[1][8] = np.reciprocal(size, dtype=float), np.reciprocal(other_size, dtype=float)
        moves = CORNERS * (np.array(other_size) * factors[1] - np.array(size) * factors[0])
        units, growths = np.ones(9), np.ones(9)
        units[:4], units[4:8] = max(*size, *other_size), max(*first.image_size, *second.image_size)
        growths[4:8] = one / other
        growths[8] = ((other_size[0] * other_size[1]) / (size[0] * size[1])) ** 0.5
        return cls(*factors, moves, units, growths)

    def squared_gaps(self, one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the squares (R, N) of how far places (2, N) of the first photo lie from those of the second."""
        total = np.zeros((len(self.units), one.shape[1]))
        for axis in range(2):
            gaps = np.multiply.outer(self.starts[:, axis], one[axis])
            gaps -= np.multiply.outer(self.ends[:, axis], other[axis])
            gaps += self.moves[:, axis, None]
            gaps /= self.units[:, None]
            gaps *= gaps
            total += gaps
        return total


def known_overlays(matches: PairMatches, least_partners: int = LEAST_PARTNERS) -> dict[int, NDArray[np.intp]]:
    """Find the keypoints that are overlay by the evidence of the whole collection.

    Parameters
    ----------
    matches : PairMatches
        Of all pairs.
    least_partners : int
        Different photos, each of other content, that must hold the same thing at the same place.

    Returns
    -------
    dict of int to ndarray of int
        Photo to the rows of its keypoints that are overlay, ascending; photos without any are left out.
    """
    pairs = np.repeat(np.arange(len(matches)), np.diff(matches.overlay_ends, prepend=0))
    photos = np.concatenate([matches.first[pairs], matches.second[pairs]]).astype(np.int64)
    partners = np.concatenate([matches.second[pairs], matches.first[pairs]]).astype(np.int64)
    keypoints = matches.overlays.T.ravel().astype(np.int64)
    seen = np.unique(np.column_stack([photos, keypoints, partners]), axis=0)
    places, counts = np.unique(seen[:, :2], axis=0, return_counts=True)
    places = places[counts >= least_partners]
    return {int(photo): places[places[:, 0] == photo, 1].astype(np.intp) for photo in np.unique(places[:, 0])}


def pairs_held_by_overlays(matches: PairMatches, known: Mapping[int, NDArray[np.intp]]) -> NDArray[np.intp]:
    """Give the pairs in which a match between two known overlay keypoints counted."""
    held = []
    for pair in range(len(matches)):
        first, second = known.get(int(matches.first[pair])), known.get(int(matches.second[pair]))
        if first is None or second is None:
            continue
        inliers = matches.inliers_of(pair)
        if (np.isin(inliers[:, 0], first) & np.isin(inliers[:, 1], second)).any():
            held.append(pair)
    return np.array(held, np.intp)


def look_alike(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> bool:
    """Say whether two thumbnails (64, 64) show the same view: most blocks with texture in both correlate.

    Photos of different content with the same watermark agree in few blocks; a second shot agrees in nearly all. A
    shift of one thumbnail pixel is allowed for. Where hardly a block has texture, the answer is no.
    """
    one, other = _detail(first), _detail(second)
    is_textured = (_block_deviation(one) > LEAST_TEXTURE) & (_block_deviation(other) > LEAST_TEXTURE)
    if is_textured.sum() < LEAST_BLOCKS:
        return False
    shifts = product((-1, 0, 1), repeat=2)
    correlations = np.stack([_block_correlation(one, np.roll(other, shift, axis=(0, 1))) for shift in shifts])
    return bool((correlations.max(axis=0)[is_textured] > LEAST_CORRELATION).mean() >= LEAST_SHARE)


def _detail(thumbnail: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Take the slow changes of brightness away: skies and grounds of all photos are alike in them."""
    grey = thumbnail.astype(np.float32)
    return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), 3.0))


def _blocks(detail: NDArray[np.float32]) -> NDArray[np.float32]:
    count = THUMBNAIL_SIDE // BLOCK
    return detail.reshape(count, BLOCK, count, BLOCK).swapaxes(1, 2).reshape(count * count, BLOCK * BLOCK)


def _block_deviation(detail: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(_blocks(detail).std(axis=1))


def _block_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    first, second = (_blocks(each) - _blocks(each).mean(axis=1, keepdims=True) for each in (one, other))
    lengths = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    return np.asarray((first * second).sum(axis=1) / np.maximum(lengths, 1e-9))
