"""The registry of methods that cut a photo into segments, one per file.

A new method is one file here with a class that follows :class:`segmentation.base.Segmenter`, its parameters in
``method_parameters.py``, and one line in ``METHODS``. Importing this module imports nothing heavy.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segmentation.method_parameters import (
    ChanVeseParameters,
    EdgeParameters,
    FelzenszwalbParameters,
    GrabCutParameters,
    GraphParameters,
    GridParameters,
    KMeansParameters,
    QuickshiftParameters,
    SamParameters,
    SlicKMeansParameters,
    SuperpixelParameters,
)
from segmentation.parameters import Parameter
from storage.errors import UsageError

if TYPE_CHECKING:
    from segmentation.base import Segmenter

DEFAULT_METHOD = "graph"


@dataclass(frozen=True)
class Method:
    """A registered method.

    Attributes
    ----------
    module, class_name : str
        Where its class is.
    parameters : type
        Its parameters.
    summary : str
        What it does, in a line.
    is_automatic : bool
        Whether it needs neither strokes nor weights: one of the eight that ``--preview all`` shows.
    """

    module: str
    class_name: str
    parameters: type[GridParameters]
    summary: str
    is_automatic: bool = True


METHODS: dict[str, Method] = {
    "edge": Method("edge", "EdgeSegmenter", EdgeParameters, "regions between strong edges"),
    "superpixel": Method("superpixel", "SuperpixelSegmenter", SuperpixelParameters, "superpixels of even size"),
    "kmeans": Method("kmeans", "KMeansSegmenter", KMeansParameters, "clusters of pixels by colour and place"),
    "slickmeans": Method("slickmeans", "SlicKMeansSegmenter", SlicKMeansParameters, "clusters of superpixels"),
    "chanvase": Method("chanvase", "ChanVeseSegmenter", ChanVeseParameters, "steps of a Chan-Vese level set"),
    "felzenszwalb": Method(
        "felzenszwalb", "FelzenszwalbSegmenter", FelzenszwalbParameters, "graph of pixels, by scikit-image"
    ),
    "quickshift": Method("quickshift", "QuickshiftSegmenter", QuickshiftParameters, "modes of colour and place"),
    "graph": Method("graph", "GraphSegmenter", GraphParameters, "graph of pixels, by OpenCV; the fastest"),
    "grabcut": Method("grabcut", "GrabCutSegmenter", GrabCutParameters, "one object against the rest", False),
    "sam": Method("sam", "SamSegmenter", SamParameters, "Segment Anything, from a checkpoint", False),
}
AUTOMATIC = tuple(name for name, method in METHODS.items() if method.is_automatic)


def check_method(name: str) -> Method:
    """Give the method of that name; UsageError when there is none, which lists the names."""
    if name not in METHODS:
        raise UsageError(f"--method {name!r}: is not known; choose one of {', '.join(METHODS)}")
    return METHODS[name]


def method_parameters(name: str, given: Mapping[str, Any] | None = None) -> GridParameters:
    """Give the parameters of a method, those that were given in the place of its defaults.

    Parameters
    ----------
    name : str
        Key of ``METHODS``.
    given : mapping of str to Any, optional
        Values, which may be text, by the name of the parameter.

    Raises
    ------
    UsageError
        When the method is not known, does not take one of them, or a value is out of range.
    """
    method = check_method(name)
    known = {each.name for each in method.parameters.described()}
    for flag in given or {}:
        if flag not in known:
            takers = ", ".join(other for other in METHODS if flag in _names(other)) or "no method"
            raise UsageError(f"--{flag}: --method {name} has no use for it ({takers} takes it); leave it out")
    return method.parameters.from_given(given or {})


def _names(name: str) -> set[str]:
    return {each.name for each in METHODS[name].parameters.described()}


def create_segmenter(name: str, parameters: GridParameters | None = None) -> Segmenter[Any]:
    """Give a segmenter: an object whose ``segment`` turns a photo into a label image.

    Parameters
    ----------
    name : str
        Key of ``METHODS``.
    parameters : GridParameters, optional
        As :func:`method_parameters` gives them; default: the method's own.

    Raises
    ------
    UsageError
        When the method is not known.
    """
    method = check_method(name)
    module = importlib.import_module(f"segmentation.{method.module}")
    segmenter: Segmenter[Any] = getattr(module, method.class_name)(parameters or method.parameters())
    return segmenter


def flags() -> dict[str, dict[str, Parameter]]:
    """Give every parameter of any method: name to the methods that take it, each with its own default and range."""
    found: dict[str, dict[str, Parameter]] = {}
    for name, method in METHODS.items():
        for each in method.parameters.described():
            found.setdefault(each.name, {})[name] = each
    return found
