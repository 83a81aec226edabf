"""What is said of files to fetch, and of files that came."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stages.download_listing import files_listing, result_text
from storage.model_files import MODEL_FILES, cache_folder, cached_path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))


def test_the_list_has_every_file_and_the_sum_of_the_last() -> None:
    files = [("a.index", "https://x/a.index"), ("a.data", "https://x/a.data")]
    told = json.loads(files_listing("simclrv1-r50-1x", files, "ab" * 32, True))["files"]
    assert [(file["name"], file["sha256"]) for file in told] == [("a.index", None), ("a.data", "ab" * 32)]
    text = files_listing("simclrv1-r50-1x", files, None, False)
    assert "https://x/a.index\n    as a.index, sha256 not known" in text
    assert text.endswith("then: python -m tools.download_models simclrv1-r50-1x --from FOLDER")


def test_the_list_of_a_model_with_code_has_the_code_and_the_flag() -> None:
    text = files_listing("megaloc", [("a", "https://x/a")], None, False)
    assert "https://github.com/gmberton/MegaLoc/archive/" in text and text.endswith("--from FOLDER --trust_code")


def told(model: str, path: Path, cache_dir: Path | None = None, is_verified: bool = True) -> str:
    result = {"model": model, "status": "fetched", "path": str(path), "sha256": "ab", "is_verified": is_verified}
    return result_text(result, cache_dir or cache_folder())


@pytest.mark.parametrize("model", ["resnet50", "simclrv2-r50-2x-sk1"])
def test_a_model_in_its_place_is_used_by_its_name(model: str) -> None:
    assert told(model, cached_path(model)).endswith(f"use it with: python extract_features.py --model {model}")


def test_netvlad_in_its_place_needs_no_word() -> None:
    assert "use it with" not in told("netvlad", cached_path("netvlad"))


def test_other_weights_are_named_to_the_model_that_takes_them(tmp_path: Path) -> None:
    path = cache_folder() / "simclr" / "simclrv2-r50-2x-sk1-pretrained-raw.pth"
    assert told("simclrv2-r50-2x-sk1", path).endswith(f"--model simclrv2-r50-2x-sk1 --weights {path}")
    assert told("tokyotm", cached_path("tokyotm")).endswith(f"--model netvlad --weights {cached_path('tokyotm')}")
    assert f"--model netvlad --weights {tmp_path / 'a'}" in told("netvlad", tmp_path / "a", tmp_path)


def test_another_cache_folder_is_explained(tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert f"models are looked for in {cache_folder()}" in told("resnet50", cached_path("resnet50", other), other)


def test_what_nobody_vouches_for_is_said() -> None:
    assert "nobody published a checksum" in told("cosplace", cached_path("cosplace"), is_verified=False)
    assert "nobody published" not in told("cosplace", cached_path("cosplace"))


def test_every_model_of_the_table_can_be_told() -> None:
    assert all(told(model, cached_path(model)).startswith(f"{model}: fetched") for model in MODEL_FILES)
