"""What all clusterers of pairs have in common."""

from __future__ import annotations

import subprocess
import sys

import pytest

from clustering import CLUSTERERS, get_clusterer
from clustering.clusterers.base import PairClusterer
from clustering.clusterers.evidence import EvidenceSettings
from clustering.clusterers.specified import SpecifiedSettings
from storage.errors import UsageError
from tests.conftest import ROOT


@pytest.mark.parametrize("name", CLUSTERERS)
def test_a_clusterer_goes_by_the_name_of_its_line(name: str) -> None:
    assert get_clusterer(name).name == name and issubclass(get_clusterer(name), PairClusterer)


def test_looking_up_names_and_parameters_imports_no_library() -> None:
    code = (
        "import sys; from clustering import pair_parameters; pair_parameters(); "
        "print({'scipy', 'numpy'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.stdout == "set()\n"


def test_thresholds_without_a_default_are_those_of_the_pairs() -> None:
    made = SpecifiedSettings.from_flags({"file_order": True, "agreement_thresh": 0.4}, (0.6, 0.3))
    assert made == SpecifiedSettings(0.6, 0.3, file_order=True)


def test_probabilities_have_thresholds_of_their_own() -> None:
    assert EvidenceSettings.from_flags({"agreement_thresh": 0.4}, (0.6, 0.5)) == EvidenceSettings(agreement_thresh=0.4)


def test_a_strong_threshold_below_the_weak_default_takes_the_weak_one_along() -> None:
    made = EvidenceSettings.from_flags({"strong_edg_thresh": 0.2}, (0.6, 0.3))
    assert (made.strong_edg_thresh, made.weak_edg_thresh) == (0.2, 0.2)


def test_a_weak_threshold_that_is_given_above_the_strong_one_is_refused() -> None:
    with pytest.raises(UsageError, match="--weak_edg_thresh must not be above --strong_edg_thresh"):
        SpecifiedSettings.from_flags({"weak_edg_thresh": 0.7}, (0.6, 0.3))


@pytest.mark.parametrize(
    ("name", "strong", "weak"),
    [
        ("components", "decision", "unsure"),
        ("evidence", "few_agree", "unsure"),
        ("specified", "few_agree", "few_agree"),
    ],
)
def test_a_clusterer_says_why_photos_of_a_pair_are_apart(name: str, strong: str, weak: str) -> None:
    assert (get_clusterer(name).why_apart(True), get_clusterer(name).why_apart(False)) == (strong, weak)
