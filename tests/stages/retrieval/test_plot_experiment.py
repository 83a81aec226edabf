"""The stage of ``tools.plot_experiment``, its page, and the two commands."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from stages.retrieval.plot_experiment import named_runs, plot_experiment
from stages.retrieval.search_experiment import search_experiment
from stages.settings.search import PlotExperimentSettings, SearchSettings
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.json_file import with_checksum
from storage.formats.search_results import RESULTS_NAME, read_results
from tests.stages.drawn_search import draw_search
from tools import plot_experiment as plot_tool
from tools import search_experiment as search_tool
from web.experiment.page import experiment_page


@pytest.fixture
def settings(tmp_path: Path) -> SearchSettings:
    return replace(draw_search(tmp_path), metric=("cosine", "l1"), warmup=0)


@pytest.fixture
def results(settings: SearchSettings) -> Path:
    search_experiment(settings)
    return settings.results_dir


def test_a_picture_and_a_page_are_drawn(results: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    outputs = (tmp_path / "a.png", tmp_path / "a.html")
    report = plot_experiment(PlotExperimentSettings((results,), outputs), experiment_page)
    assert report.counts == {"experiments": 1, "runs": 2, "charts": 3}
    assert Image.open(io.BytesIO(outputs[0].read_bytes())).width == 1100
    page = outputs[1].read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>") and page.count("data:image/png;base64,") == 3
    assert "drawn, flat, l1" in page and "http" not in page.split("<body>")[1]


def test_a_second_run_writes_nothing(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "stages.retrieval.plot_experiment.draw_charts", lambda runs, k, charts: f"{len(runs)} {k}".encode()
    )
    given = PlotExperimentSettings((results,), (tmp_path / "a.png",))
    assert not plot_experiment(given, json.dumps).is_current and plot_experiment(given, json.dumps).is_current


def test_experiments_of_one_model_are_told_apart_by_their_folders(results: Path) -> None:
    content = read_results(results)
    runs = named_runs([(results, content), (Path("other/search.json"), content)])
    assert [run["series"] for run in runs] == [
        "drawn (results), flat, cosine",
        "drawn (results), flat, l1",
        "drawn (other), flat, cosine",
        "drawn (other), flat, l1",
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"results": ()}, "--results is missing"),
        ({"output": (Path("a.pdf"),)}, "must end in"),
        ({"k": 7}, "have in common: 1, 5, 10"),
    ],
    ids=str,
)
def test_a_wrong_call_is_refused_by_its_flag(results: Path, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plot_experiment(replace(PlotExperimentSettings((results,)), **given), json.dumps)


def test_results_without_recall_cannot_be_drawn(settings: SearchSettings) -> None:
    search_experiment(replace(settings, truth=None))
    with pytest.raises(StageError, match="no recall"):
        plot_experiment(PlotExperimentSettings((settings.results_dir,)), json.dumps)


def test_results_that_lack_runs_are_damaged(results: Path) -> None:
    content = json.loads((results / RESULTS_NAME).read_text(encoding="utf-8"))
    (results / RESULTS_NAME).write_text(json.dumps(with_checksum({**content, "runs": []})), encoding="utf-8")
    with pytest.raises(DamagedFileError, match="lacks runs"):
        read_results(results)


def test_results_that_are_not_there_name_the_command(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"python -m tools\.search_experiment"):
        read_results(tmp_path)


def test_the_commands_run_one_after_the_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    drawn = draw_search(tmp_path)
    files = ["--database", str(drawn.database[0]), "--queries", str(drawn.queries[0]), "--truth", str(drawn.truth)]
    call = [*files, "--results_dir", str(tmp_path / "r"), "--backend", "numpy", "--json", "--quiet", "--k", "1", "3"]
    assert search_tool.main(search_tool.parse_args(call)) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["runs"] == 1
    call = ["--results", str(tmp_path / "r"), "--output", str(tmp_path / "page.html")]
    assert plot_tool.main(plot_tool.parse_args(call)) == 0 and (tmp_path / "page.html").is_file()


def test_a_call_without_files_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert search_tool.main(search_tool.parse_args([])) == 2 and plot_tool.main(plot_tool.parse_args([])) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 2 and "--database" in shown and "--results" in shown


def test_the_defaults_are_those_of_the_settings() -> None:
    given = {key: value for key, value in vars(search_tool.parse_args([])).items() if key not in ("quiet", "json")}
    assert SearchSettings(**given) == SearchSettings()
