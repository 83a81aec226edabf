from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hloc import approximate
from hloc.proposals import Proposals, propose
from stages.extract import extract_features
from stages.extract_shard import extract_shard
from stages.merge import merge_features
from stages.settings.pipeline import ExtractSettings, MergeSettings
from storage.errors import UsageError
from storage.report import RunReport
from tests.drawn_photos import save_photos
from tests.fake_models import MeanColour


@pytest.fixture(autouse=True)
def _colour_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.extract.create_extractor", lambda model, options: MeanColour())


@pytest.fixture
def forgetful_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the library: an index that proposes the five nearest only."""

    def propose_five(vectors: Any, is_usable: Any, count: int) -> Proposals:
        proposals, five = Proposals.empty(len(vectors), count), propose(vectors, is_usable, 5, 64)
        proposals.values[:, :5], proposals.indices[:, :5] = five.values, five.indices
        return proposals

    monkeypatch.setattr(approximate, "import_usearch", lambda: None)
    monkeypatch.setattr("stages.extract.import_usearch", lambda: None)
    monkeypatch.setattr("hloc.retrieval.propose_approximately", propose_five)


def run(folder: Path, **options: Any) -> RunReport:
    if not (folder / "photos").is_dir():
        save_photos(folder / "photos", 12)
    return extract_features(
        ExtractSettings(folder / "photos", folder / "out", model="street", num_workers=0, min_score=-1.0, **options)
    )


def origin_of(report: RunReport) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(report.outputs["pairs"]).with_suffix(".json").read_text())
    return found


def test_pairs_and_report_say_that_the_search_was_exact(tmp_path: Path) -> None:
    report = run(tmp_path)
    assert origin_of(report)["search"] == "exact" == report.settings["search"]
    assert report.notes == []


@pytest.mark.usefixtures("forgetful_index")
def test_an_approximate_search_is_told_with_its_measured_recall(tmp_path: Path) -> None:
    report = run(tmp_path, search="approximate", num_to_match=10)
    assert origin_of(report)["search"] == "approximate" == report.settings["search"]
    assert report.notes == [
        "approximate search: it found 50.0% of the true 10 most similar photos, measured on a sample; --search exact "
        "misses none"
    ]


@pytest.mark.usefixtures("forgetful_index")
def test_pairs_of_the_other_search_are_made_anew(tmp_path: Path) -> None:
    lines = []
    for search in ("approximate", "exact", "exact"):
        report = run(tmp_path, search=search, num_to_match=10)
        lines.append(len(Path(report.outputs["pairs"]).read_text().splitlines()))
    assert lines == [12 * 5, 12 * 10, 12 * 10]
    assert report.is_current


def test_exact_pairs_of_a_former_version_stay(tmp_path: Path) -> None:
    report = run(tmp_path)
    path = Path(report.outputs["pairs"]).with_suffix(".json")
    former = origin_of(report)
    del former["search"], former["checksum"]
    path.write_text(json.dumps(former))
    assert run(tmp_path).is_current


def test_an_index_without_the_library_is_refused_before_any_photo_is_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(approximate.importlib, "import_module", fails)
    with pytest.raises(UsageError, match="usearch cannot be used"):
        run(tmp_path, search="approximate")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("forgetful_index")
def test_shards_are_merged_with_the_search_that_they_were_called_with(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 12)
    settings = ExtractSettings(
        tmp_path / "photos", tmp_path / "out", model="street", num_workers=0, search="approximate", shard="1/1"
    )
    extract_shard(settings)
    assert origin_of(merge_features(MergeSettings(tmp_path / "out")))["search"] == "approximate"
    again = merge_features(MergeSettings(tmp_path / "out", search="exact"))
    assert origin_of(again)["search"] == "exact"
