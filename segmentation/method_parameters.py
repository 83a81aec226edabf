"""The parameters of every method; names and defaults are those of segmentimg (package ``icas`` 1.1) where it has them.

Lengths and areas in pixels are those of the photo: a method that works on a smaller copy scales them with it. By
default they are ``auto``: segmentimg's up to half a megapixel, then larger as the photo is larger.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from segmentation.parameters import Auto, Parameters, parameter, size

_GRID = "larger photos are segmented on a copy of this many megapixels, and the labels enlarged; 0: never"
_SEED = "of everything random"
_IMPORTANCE = "row and column are divided by it: more is less compact"
_LEAST_SEGMENT = "smaller segments join a neighbour, in pixels"
_MOST_SIDE = 10_000


@dataclass(frozen=True)
class GridParameters(Parameters):
    """What all methods can be told."""

    grid_megapixels: float = parameter(2.0, _GRID, 0, 1000)


@dataclass(frozen=True)
class EdgeParameters(GridParameters):
    """Of ``edge``."""

    edge_th: float = parameter(60.0, "gradients at or above it are edges; 255 is the strongest of the photo", 0, 255)
    bilateral_d: int = parameter(7, "diameter of the bilateral filter, in pixels of the copy", 1, 31)
    sigma_color: float = parameter(100.0, "of the bilateral filter, in grey levels", 0, 1000, spelling="sigmaColor")
    sigma_space: float = parameter(100.0, "of the bilateral filter, in pixels", 0, 1000, spelling="sigmaSpace")
    template_window_size: int = parameter(
        7, "side of the patches that non-local means compares", 1, 51, spelling="templateWindowSize", is_odd=True
    )
    search_window_size: int = parameter(
        21, "side of the window that it looks for them in", 1, 101, spelling="searchWindowSize", is_odd=True
    )
    h: float = parameter(10.0, "strength of non-local means on lightness", 0, 100)
    h_color: float = parameter(10.0, "strength of non-local means on colour", 0, 100, spelling="hColor")


@dataclass(frozen=True)
class SuperpixelParameters(GridParameters):
    """Of ``superpixel``."""

    region_size: int | Auto = size(40, "wanted side of a superpixel, in pixels", 2, _MOST_SIDE)
    ruler: float = parameter(30.0, "how smooth superpixels are: more is more compact", 0, 1000)


@dataclass(frozen=True)
class KMeansParameters(GridParameters):
    """Of ``kmeans``."""

    grid_megapixels: float = parameter(0.0, _GRID, 0, 1000)
    k: int = parameter(15, "number of clusters", 1, 1000)
    color_importance: float | Auto = size(5.0, _IMPORTANCE, 1e-3, 1e6)
    attempts: int = parameter(3, "times that centres are fitted from other starts; the best counts", 1, 100)
    sample_size: int = parameter(20_000, "pixels that centres are fitted to; 0: all", 0, 10**9)
    seed: int = parameter(0, _SEED, 0, 2**31 - 1)


@dataclass(frozen=True)
class SlicKMeansParameters(SuperpixelParameters):
    """Of ``slickmeans``; segmentimg takes places as they are, which is a ``color_importance`` of 1."""

    k: int = parameter(15, "number of clusters", 1, 1000)
    color_importance: float | Auto = size(1.0, _IMPORTANCE, 1e-3, 1e6, before=1.0)
    attempts: int = parameter(10, "times that centres are fitted from other starts; the best counts", 1, 100)
    seed: int = parameter(0, _SEED, 0, 2**31 - 1)


@dataclass(frozen=True)
class ChanVeseParameters(GridParameters):
    """Of ``chanvase``."""

    grid_megapixels: float = parameter(0.15, _GRID, 0, 1000)
    number_of_bins: int = parameter(20, "steps that the level set is cut into", 1, 256)


@dataclass(frozen=True)
class FelzenszwalbParameters(GridParameters):
    """Of ``felzenszwalb``."""

    grid_megapixels: float = parameter(1.0, _GRID, 0, 1000)
    segment_scale: float | Auto = size(100.0, "more gives larger segments", 0, 1e9, dimension=2)
    sigma: float = parameter(0.5, "of the Gaussian filter before, in pixels of the copy", 0, 50)
    min_segment_size: int | Auto = size(100, _LEAST_SEGMENT, 0, 10**9, dimension=2)


@dataclass(frozen=True)
class QuickshiftParameters(GridParameters):
    """Of ``quickshift``."""

    grid_megapixels: float = parameter(0.25, _GRID, 0, 1000)
    segment_size: float = parameter(
        100.0, "largest distance in colour and place of two linked pixels of the copy", 0, 1e6
    )
    color_weight: float = parameter(0.5, "0 to 1: more gives colour more weight than place", 0, 1)
    seed: int = parameter(0, _SEED, 0, 2**31 - 1)


@dataclass(frozen=True)
class GraphParameters(GridParameters):
    """Of ``graph``."""

    sigma: float = parameter(0.5, "of the Gaussian filter before, in pixels of the copy", 1e-3, 50)
    k: float | Auto = size(15.0, "more gives larger segments", 0, 1e6, dimension=2)
    min_segment_size: int | Auto = size(100, _LEAST_SEGMENT, 0, 10**9, dimension=2)


@dataclass(frozen=True)
class GrabCutParameters(GridParameters):
    """Of ``grabcut``; the first two are for folders of photos, where nobody draws."""

    margin: float = parameter(0.125, "the rectangle leaves this share of width and height free on each side", 0, 0.49)
    iterations: int = parameter(5, "rounds of GrabCut", 1, 100)
    grid_megapixels: float = parameter(0.3, _GRID, 0, 1000)
    refine: bool = parameter(True, "let borders of a smaller copy follow the edges of the photo")
    seed: int = parameter(0, _SEED, 0, 2**31 - 1)


@dataclass(frozen=True)
class SamParameters(GridParameters):
    """Of ``sam``."""

    grid_megapixels: float = parameter(1.0, _GRID, 0, 1000)
    checkpoint: Path | None = parameter(None, "weights of Segment Anything; never downloaded", kind=Path)
    model_type: str = parameter("auto", "vit_b, vit_l, vit_h, or a configuration of SAM 2; auto: by the file's name")
    device: str = parameter("cpu", "what computes: cpu, cuda, cuda:N or mps")
    points_per_side: int = parameter(32, "points along a side that are asked for masks", 1, 256)
