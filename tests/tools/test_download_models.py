"""The script that fetches weights, against a server on this machine."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.model_files import MODEL_FILES
from tests.hloc.netvlad_reference import draw_net, write_net
from tests.storage.download_server import FileServer, serving
from tools.download_models import main, parse_args

NETVLAD_PLACE = Path("netvlad") / "VGG16-NetVLAD-Pitts30K.mat"
TOKYO_PLACE = Path("netvlad") / "VGG16-NetVLAD-TokyoTM.mat"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder that the script uses by default."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.downloads.MAX_FAILURES", 1)
    monkeypatch.setattr("storage.downloads.CHUNK_SIZE", 10_000)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_net(tmp_path / "elsewhere.mat", draw_net())


@pytest.fixture
def sha256(weights: Path) -> str:
    return hashlib.sha256(weights.read_bytes()).hexdigest()


@pytest.fixture
def server(weights: Path) -> Iterator[FileServer]:
    with serving(FileServer(weights.read_bytes())) as files:
        yield files


def run(*arguments: object) -> int:
    return main(parse_args([str(argument) for argument in arguments]))


def test_weights_are_fetched_to_the_place_where_extraction_finds_them(
    server: FileServer, cache: Path, weights: Path, sha256: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from hloc.extractors.netvlad import find_weights

    assert find_weights() is None
    assert run("netvlad", "--url", server.url, "--sha256", sha256) == 0
    assert find_weights() == cache / NETVLAD_PLACE
    assert (cache / NETVLAD_PLACE).read_bytes() == weights.read_bytes()
    shown = capsys.readouterr()
    assert shown.out.splitlines() == ["netvlad: fetched", f"  path: {cache / NETVLAD_PLACE}", f"  sha256: {sha256}"]
    assert "licence: the NetVLAD code is MIT" in shown.err


def test_without_a_sum_given_the_published_one_is_asked_for(
    server: FileServer, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("netvlad", "--url", server.url) == 1
    assert f"expected {MODEL_FILES['netvlad'].sha256}" in capsys.readouterr().err
    assert not (cache / NETVLAD_PLACE).exists()


def test_weights_that_are_there_are_not_fetched_again(
    server: FileServer, sha256: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run("netvlad", "--url", server.url, "--sha256", sha256)
    capsys.readouterr()
    assert run("netvlad", "--url", server.url, "--sha256", sha256) == 0
    assert "netvlad: already there" in capsys.readouterr().out
    assert len(server.requests) == 1


def test_cut_weights_in_the_cache_are_replaced_and_said(
    server: FileServer, cache: Path, weights: Path, sha256: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (cache / NETVLAD_PLACE).parent.mkdir(parents=True)
    (cache / NETVLAD_PLACE).write_bytes(weights.read_bytes()[:1000])
    assert run("netvlad", "--url", server.url, "--sha256", sha256) == 0
    assert (cache / NETVLAD_PLACE).read_bytes() == weights.read_bytes()
    assert "is cut, altered or another file" in capsys.readouterr().err


def test_an_interrupted_download_goes_on_with_the_same_command(
    server: FileServer, cache: Path, weights: Path, sha256: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.plan[:] = [50_000, "503"]
    command = ("netvlad", "--url", server.url, "--sha256", sha256)
    assert run(*command) == 1
    assert "run the same command again to go on" in capsys.readouterr().err
    assert run(*command) == 1
    assert run(*command) == 0
    assert server.starts == [None, 50_000, 50_000]
    assert (cache / NETVLAD_PLACE).read_bytes() == weights.read_bytes()


def test_a_file_fetched_elsewhere_is_checked_and_copied(
    cache: Path, weights: Path, sha256: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("netvlad", "--from", weights, "--sha256", sha256) == 0
    assert (cache / NETVLAD_PLACE).read_bytes() == weights.read_bytes()
    assert "netvlad: copied" in capsys.readouterr().out


def test_a_file_fetched_elsewhere_with_another_sum_is_refused(
    cache: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("netvlad", "--from", weights) == 1
    assert f"{weights} is cut, altered or another file" in capsys.readouterr().err
    assert not (cache / NETVLAD_PLACE).exists()


def test_a_file_that_is_not_there_is_a_wrong_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("netvlad", "--from", tmp_path / "absent.mat") == 2
    assert "there is no such file" in capsys.readouterr().err


def test_weights_without_a_published_sum_are_read_and_their_sum_is_told(
    server: FileServer, cache: Path, sha256: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("tokyotm", "--url", server.url) == 0
    shown = capsys.readouterr().out
    assert f"sha256: {sha256}" in shown
    assert "nobody published a checksum" in shown
    assert f"--weights {cache / TOKYO_PLACE}" in shown


def test_a_login_page_in_place_of_weights_without_a_sum_is_refused(
    server: FileServer, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.content = b"<html>Please log in</html>" * 100
    assert run("tokyotm", "--url", server.url) == 1
    assert "is no NetVLAD weight file" in capsys.readouterr().err
    assert not (cache / TOKYO_PLACE).exists()


def test_another_cache_folder_is_named_in_the_next_command(
    server: FileServer, tmp_path: Path, sha256: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run("netvlad", "--url", server.url, "--sha256", sha256, "--cache-dir", tmp_path / "other")
    assert f"--weights {tmp_path / 'other' / NETVLAD_PLACE}" in capsys.readouterr().out


def test_the_result_can_be_had_as_json(
    server: FileServer, cache: Path, sha256: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("netvlad", "--url", server.url, "--sha256", sha256, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "model": "netvlad",
        "status": "fetched",
        "path": str(cache / NETVLAD_PLACE),
        "sha256": sha256,
        "origin": server.url,
        "is_verified": True,
    }


def test_quiet_says_nothing_on_standard_error(
    server: FileServer, sha256: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("netvlad", "--url", server.url, "--sha256", sha256, "--quiet") == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("sha256", ["", "abc", "g" * 64, "a" * 63, "a" * 65])
def test_a_sum_that_is_none_is_a_wrong_call(server: FileServer, sha256: str) -> None:
    assert run("netvlad", "--url", server.url, "--sha256", sha256) == 2
    assert server.requests == []


def test_an_address_and_a_file_together_are_a_wrong_call(server: FileServer, weights: Path) -> None:
    assert run("netvlad", "--url", server.url, "--from", weights) == 2


def test_an_unknown_model_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_args(["resnet"])
    assert caught.value.code == 2
    assert "netvlad" in capsys.readouterr().err


def test_help_loads_nothing_heavy(root_dir: Path) -> None:
    code = (
        "import sys, tools.download_models; print({'requests', 'scipy', 'torch', 'numpy', 'tqdm'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root_dir, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_script_runs_as_a_module(root_dir: Path, server: FileServer, tmp_path: Path, sha256: str) -> None:
    command = [sys.executable, "-m", "tools.download_models", "netvlad", "--url", server.url, "--sha256", sha256]
    done = subprocess.run(
        [*command, "--cache_dir", str(tmp_path / "cache")], cwd=root_dir, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "cache" / NETVLAD_PLACE).is_file()


def test_every_model_is_described_in_the_help() -> None:
    import tools.download_models

    assert all(f"  {model} " in str(tools.download_models.__doc__) for model in MODEL_FILES)
