from __future__ import annotations

import json
from pathlib import Path

import pytest

import export_clusters
from stages.settings.pipeline import ExportSettings
from tests.drawn_photos import save_photos


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three photos, two of one building; the test stands beside the folders."""
    monkeypatch.chdir(tmp_path)
    names = save_photos(tmp_path / "datasets", 3)
    (tmp_path / "results").mkdir()
    clusters = json.dumps({"0": names[:2], "-1": names[2:]})
    (tmp_path / "results/clusters.json").write_text(clusters, encoding="utf-8")
    return tmp_path / "results"


def run(*args: str) -> int:
    return export_clusters.main(export_clusters.parse_args(args))


def test_defaults_are_those_of_the_settings() -> None:
    args = export_clusters.parse_args([])
    settings = ExportSettings()
    for name in vars(settings):
        assert getattr(args, name) == getattr(settings, name)


def test_buildings_get_their_folders(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    folders = {path.name: len(list(path.iterdir())) for path in (results / "building_images").iterdir()}
    assert folders == {"building_1": 2, "NotAssigned": 1}
    output = capsys.readouterr()
    assert "exported: 3" in output.out
    assert str(Path("results/building_images")) in output.out
    assert output.err == ""


def test_second_run_says_so(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (run(), run()) == (0, 0)
    assert "already up to date" in capsys.readouterr().out


def test_dry_run_prints_the_plan(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--dry_run") == 0
    planned = Path("results/building_images/NotAssigned/photo_002.jpg")
    assert f"{Path('datasets/photo_002.jpg')}: {planned}" in capsys.readouterr().out
    assert not (results / "building_images").exists()


def test_missing_photo_gives_three(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("datasets/photo_001.jpg").unlink()
    assert run() == 3
    assert "'photo_001.jpg': is missing in datasets" in capsys.readouterr().out


def test_missing_clusters_give_one_and_the_command(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (results / "clusters.json").unlink()
    assert run() == 1
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1)
    assert "python create_clusters.py" in output.err


def test_folder_of_somebody_else_gives_one(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (results / "building_images").mkdir()
    (results / "building_images/mine.jpg").write_bytes(b"mine")
    assert run() == 1
    assert "mine.jpg" in capsys.readouterr().err
    assert (results / "building_images/mine.jpg").read_bytes() == b"mine"


def test_unknown_mode_gives_two() -> None:
    with pytest.raises(SystemExit) as ending:
        export_clusters.parse_args(["--mode", "move"])
    assert ending.value.code == 2


def test_json_is_the_report(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json") == 0
    assert json.loads(capsys.readouterr().out)["counts"]["buildings"] == 1
