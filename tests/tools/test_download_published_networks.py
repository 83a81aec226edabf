"""The script that fetches weights and code of published networks, against a server on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hloc.extractors import create_extractor
from hloc.extractors.base import ExtractorOptions
from storage.errors import StageError
from storage.hub_code import DINOV2, HUB_CODE, SALAD, HubRepository
from storage.model_files import MODEL_FILES, ModelFile
from tests.hloc.stand_ins import SMALL_NETWORK, photo, put_weights, small_network, write_code
from tests.storage.download_server import FileServer, serving
from tests.storage.hub_archives import archive_of
from tools.download_models import main, parse_args

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder that the script uses by default."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("storage.downloads.MAX_FAILURES", 1)
    monkeypatch.setattr("storage.downloads.CHUNK_SIZE", 1000)
    return tmp_path / "torch" / "hub"


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights of DINOv2's stand-in, as its makers would publish them; no sum of them is known."""
    path = put_weights(tmp_path / "makers", "dinov2", small_network(768))
    known = MODEL_FILES["dinov2"]
    entry = ModelFile(known.url, known.place, None, 1, "a stand-in", "Apache-2.0")
    monkeypatch.setitem(MODEL_FILES, "dinov2", entry)
    return path


@pytest.fixture
def code(tmp_path: Path) -> bytes:
    """An archive of the stand-in's code at the pinned revision."""
    write_code(tmp_path / "code", "dinov2_of_tool", "dinov2_vitb14", 768)
    conf = (tmp_path / "code" / "hubconf.py").read_text(encoding="utf-8")
    return archive_of(DINOV2, {"hubconf.py": conf, "small_dinov2_of_tool.py": SMALL_NETWORK})


@pytest.fixture
def elsewhere(tmp_path: Path, weights: Path, code: bytes) -> Path:
    """A folder with what a browser saved on another machine."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / weights.name).write_bytes(weights.read_bytes())
    (folder / DINOV2.archive_name).write_bytes(code)
    return folder


@pytest.fixture
def code_server(code: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    with serving(FileServer(code)) as files:
        monkeypatch.setattr(HubRepository, "url", property(lambda _self: files.url))
        yield files


def run(*arguments: object) -> int:
    return main(parse_args([str(argument) for argument in arguments]))


def test_code_is_not_fetched_without_the_user_s_word(
    cache: Path, code_server: FileServer, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("dinov2", "--from", weights) == 2
    said = capsys.readouterr().err
    assert f"https://github.com/facebookresearch/dinov2/tree/{DINOV2.commit} (Apache-2.0)" in said
    assert "fetched and run on this machine" in said and "add --trust_code" in said
    assert code_server.requests == [] and not cache.exists()


def test_code_and_weights_are_fetched_to_where_extraction_finds_them(
    cache: Path, code_server: FileServer, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StageError, match=r"python -m tools\.download_models dinov2 --trust_code"):
        create_extractor("dinov2", ExtractorOptions())
    with serving(FileServer(weights.read_bytes())) as files:
        assert run("dinov2", "--url", files.url, "--trust_code") == 0
    assert DINOV2.folder(cache) is not None
    assert not list(cache.glob("*.zip*"))
    shown = capsys.readouterr()
    assert "licence: Apache-2.0" in shown.err
    assert shown.out.splitlines()[0] == "dinov2: fetched"
    assert "use it with: python extract_features.py --model dinov2" in shown.out
    made = create_extractor("dinov2", ExtractorOptions(device="cpu"))
    assert made.describe([made.prepare(photo())]).shape == (1, 768)


def test_an_interrupted_download_of_code_goes_on(
    cache: Path, code_server: FileServer, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code_server.plan = [1000]
    with serving(FileServer(weights.read_bytes())) as files:
        command = ["dinov2", "--url", files.url, "--trust_code"]
        assert run(*command) == 1
        assert "run the same command again to go on" in capsys.readouterr().err
        assert DINOV2.folder(cache) is None
        assert run(*command) == 0
    assert code_server.starts == [None, 1000]
    assert DINOV2.folder(cache) is not None


def test_code_of_another_revision_is_refused(
    cache: Path, code_server: FileServer, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code_server.content = archive_of(DINOV2, comment="1" * 40)
    assert run("dinov2", "--url", "http://nowhere.invalid/", "--trust_code") == 1
    assert "is not facebookresearch/dinov2 at the revision" in capsys.readouterr().err
    assert DINOV2.folder(cache) is None


def test_files_fetched_elsewhere_are_taken_from_a_folder(cache: Path, elsewhere: Path, weights: Path) -> None:
    assert run("dinov2", "--from", elsewhere, "--trust_code") == 0
    assert DINOV2.folder(cache) is not None
    assert (cache / MODEL_FILES["dinov2"].place).read_bytes() == weights.read_bytes()


def test_another_machine_s_cache_can_be_that_folder(cache: Path, elsewhere: Path, tmp_path: Path) -> None:
    assert run("dinov2", "--from", elsewhere, "--trust_code") == 0
    other = tmp_path / "other"
    assert run("dinov2", "--from", cache, "--trust_code", "--cache_dir", other) == 0
    assert DINOV2.folder(other) is not None
    assert (other / MODEL_FILES["dinov2"].place).is_file()


def test_code_that_is_there_needs_no_word_and_is_not_fetched_again(
    elsewhere: Path, code_server: FileServer, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("dinov2", "--from", elsewhere, "--trust_code") == 0
    assert run("dinov2") == 0
    assert "dinov2: already there" in capsys.readouterr().out
    assert code_server.requests == []


def test_a_folder_without_the_code_says_what_is_missing(
    elsewhere: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / DINOV2.archive_name).unlink()
    assert run("dinov2", "--from", elsewhere, "--trust_code") == 2
    assert f"there is none of {DINOV2.archive_name}" in capsys.readouterr().err


def test_a_single_file_is_not_enough_where_code_is_missing(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("dinov2", "--from", weights, "--trust_code") == 2
    assert f"needs code as well; name a folder that also holds {DINOV2.archive_name}" in capsys.readouterr().err


def test_weights_without_a_known_sum_are_looked_at(
    elsewhere: Path, weights: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / weights.name).write_bytes(weights.read_bytes()[:-100])
    assert run("dinov2", "--from", elsewhere, "--trust_code") == 1
    assert "is cut or damaged" in capsys.readouterr().err
    assert not (cache / MODEL_FILES["dinov2"].place).exists()


def test_torchvision_s_weights_are_checked_by_the_sum_in_their_name(
    tmp_path: Path, weights: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("resnet50", "--from", weights) == 1
    assert "expected 11ad3fa6" in capsys.readouterr().err
    assert not (cache / "checkpoints" / "resnet50-11ad3fa6.pth").exists()


def test_the_list_says_what_to_fetch_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("salad", "--list") == 0
    shown = capsys.readouterr().out
    for code in (SALAD, DINOV2):
        assert code.url in shown and f"as {code.archive_name}" in shown
    assert MODEL_FILES["salad"].url in shown and str(MODEL_FILES["salad"].sha256) in shown
    assert "--from FOLDER --trust_code" in shown and "GPL-3.0" in shown


def test_the_list_can_be_had_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("salad", "--list", "--json") == 0
    content = json.loads(capsys.readouterr().out)
    assert [file["name"] for file in content["files"]] == ["dino_salad.ckpt", SALAD.archive_name, DINOV2.archive_name]


def test_another_cache_folder_is_explained(
    elsewhere: Path, tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("dinov2", "--from", elsewhere, "--trust_code", "--cache_dir", tmp_path / "x") == 0
    assert f"models are looked for in {cache}; set TORCH_HOME" in capsys.readouterr().out


def test_models_with_code_are_marked_in_the_help() -> None:
    import tools.download_models

    lines = {line.split()[0]: line for line in str(tools.download_models.__doc__).splitlines() if line.startswith("  ")}
    assert {model for model in MODEL_FILES if " + " in lines[model]} == set(HUB_CODE)
