"""Where a work folder keeps its three folders."""

from __future__ import annotations

from pathlib import Path

from stages.settings.tools import PlotSettings, ThresholdSettings
from stages.work_places import WorkPlaces, work_places


def test_without_a_work_folder_they_are_those_of_the_other_scripts() -> None:
    assert work_places(ThresholdSettings()) == WorkPlaces(Path("datasets"), Path("netvlad"), Path("results"))


def test_a_folder_that_is_given_comes_before_that_of_the_work_folder() -> None:
    settings = PlotSettings(Path("work/demo"), outputs_dir=Path("features"))
    assert work_places(settings) == WorkPlaces(Path("work/demo/datasets"), Path("features"), Path("work/demo/results"))
