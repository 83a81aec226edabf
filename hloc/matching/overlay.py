"""Matches that sit at the same place of two different photos: watermarks, date stamps, logos, borders, dust.

Whatever lies over the view stays where it is when the view changes. So matches at the same place, of the same size and
direction, prove nothing, unless the two photos are alike altogether at that alignment: the same view taken twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from hloc.matching.base import Matches
from hloc.matching.geometry import angle_difference
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

Places = tuple[NDArray[np.float64], NDArray[np.float64], float, float]


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
    one, other = first.keypoints[matches.first], second.keypoints[matches.second]
    found = np.zeros(len(one), bool)
    turned = np.abs(angle_difference(other[:, 3], one[:, 3])) < SAME_ANGLE_DEG
    for start, end, growth, unit in _rules(first, second, one, other):
        grown = np.log(np.maximum(other[:, 2], 1e-3) / np.maximum(one[:, 2], 1e-3)) - np.log(growth)
        apart = np.linalg.norm(start - end, axis=1) / unit
        if (turned & (apart < SAME_PLACE) & (np.abs(grown) < SAME_SIZE)).sum() >= LEAST_MATCHES:
            found |= turned & (apart < NEAR_PLACE) & (np.abs(grown) < NEAR_SIZE)
    return found


def _rules(
    first: StoredFeatures, second: StoredFeatures, one: NDArray[np.float32], other: NDArray[np.float32]
) -> Iterator[Places]:
    """Give, for each rule, both places (N, 2) that it compares, the growth of diameters and the unit of length."""
    sizes = np.array([first.photo_size, second.photo_size], np.float64)
    whole = np.array([first.image_size, second.image_size], np.float64)
    start, end = one[:, :2].astype(np.float64) + 0.5, other[:, :2].astype(np.float64) + 0.5
    factors = whole.max(axis=1) / sizes.max(axis=1)
    for corner in product((0.0, 1.0), repeat=2):
        from_corner = start - corner * sizes[0], end - corner * sizes[1]
        yield *from_corner, 1.0, float(sizes.max())
        yield from_corner[0] * factors[0], from_corner[1] * factors[1], factors[0] / factors[1], float(whole.max())
    yield start / sizes[0], end / sizes[1], float(np.sqrt(sizes[1].prod() / sizes[0].prod())), 1.0


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
