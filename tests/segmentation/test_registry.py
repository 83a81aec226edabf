"""The registry of methods."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from segmentation import AUTOMATIC, METHODS, create_segmenter, flags, method_parameters
from storage.errors import UsageError


def test_there_are_eight_automatic_methods_and_two_others() -> None:
    assert AUTOMATIC == (
        "edge",
        "superpixel",
        "kmeans",
        "slickmeans",
        "chanvase",
        "felzenszwalb",
        "quickshift",
        "graph",
    )
    assert set(METHODS) - set(AUTOMATIC) == {"grabcut", "sam"}


@pytest.mark.parametrize("name", METHODS)
def test_each_method_bears_its_own_name_and_can_be_pickled(name: str) -> None:
    segmenter = pickle.loads(pickle.dumps(create_segmenter(name)))
    assert segmenter.name == name and segmenter.parameters == METHODS[name].parameters()


def test_an_unknown_method_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="'otsu'.*edge, superpixel"):
        create_segmenter("otsu")


def test_a_parameter_of_another_method_is_refused_with_its_takers() -> None:
    with pytest.raises(UsageError, match="--region_size: --method graph has no use for it.*superpixel, slickmeans"):
        method_parameters("graph", {"region_size": "20"})


def test_a_parameter_of_no_method_is_refused() -> None:
    with pytest.raises(UsageError, match="no method takes it"):
        method_parameters("graph", {"colour": "20"})


def test_given_values_take_the_place_of_defaults() -> None:
    assert method_parameters("kmeans", {"k": "4"}).as_json()["k"] == 4


def test_flags_know_who_takes_them() -> None:
    assert set(flags()["k"]) == {"kmeans", "slickmeans", "graph"}
    assert flags()["grid_megapixels"]["chanvase"].default == 0.15


def test_the_registry_imports_nothing_heavy(root_dir: Path) -> None:
    code = "import sys, segmentation; print(sorted({'numpy', 'cv2', 'skimage', 'scipy', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=root_dir, capture_output=True, text=True).stdout == "[]\n"
