"""The script that fetches and converts checkpoints of SimCLR, against a server on this machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hloc.extractors import create_extractor
from hloc.extractors.base import ExtractorOptions
from networks.simclr import PUBLISHED_SHAPES
from networks.simclr_weights import read_simclr_weights
from storage.formats.tf_checkpoint import open_tf_checkpoint
from storage.model_files import cached_path
from tests.hloc.stand_ins import photo
from tests.networks.tiny_simclr import TINY, drawn, drawn_head, put_checkpoint, variables_of
from tests.storage.download_server import FileServer, serving
from tools.download_models import main, parse_args

torch = pytest.importorskip("torch", reason="these networks need PyTorch")

MODEL = "simclrv2-r50-2x-sk1"
STEM = "model.ckpt-250228"
INDEX, NUMBERS = f"{STEM}.index", f"{STEM}.data-00000-of-00001"
OTHERS = {f"{STEM}.meta": b"graph", "graph.pbtxt": b"graph as text", "checkpoint": b"model_checkpoint_path"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder that the script uses by default; the model is a tiny one."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("storage.downloads.MAX_FAILURES", 1)
    monkeypatch.setattr("storage.downloads.CHUNK_SIZE", 1000)
    for model in (MODEL, "simclrv1-r50-4x"):
        monkeypatch.setitem(PUBLISHED_SHAPES, model, TINY)
    return tmp_path / "torch" / "hub"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The five files, of a tiny network."""
    folder = tmp_path_factory.mktemp("published")
    put_checkpoint(folder / STEM, drawn(1), drawn(2), drawn_head(3))
    return {name: (folder / name).read_bytes() for name in (INDEX, NUMBERS)} | OTHERS


@pytest.fixture
def server(published: dict[str, bytes]) -> Iterator[FileServer]:
    with serving(FileServer(b"", contents=dict(published))) as files:
        yield files


def run(*arguments: object) -> int:
    return main(parse_args([str(argument) for argument in arguments]))


def fetch(server: FileServer, *arguments: object) -> int:
    return run(MODEL, "--url", server.url.rpartition("/")[0], "--quiet", *arguments)


def asked_for(server: FileServer) -> list[str]:
    return [request.path.rpartition("/")[2] for request in server.requests]


def encoder_of(path: Path) -> dict[str, Any]:
    return read_simclr_weights(path, TINY).encoder


def is_that_of(path: Path, seed: int) -> bool:
    wanted = drawn(seed).state_dict()
    return all(torch.equal(value, wanted[name]) for name, value in encoder_of(path).items() if "tracked" not in name)


def test_a_checkpoint_is_fetched_converted_and_described_with(
    server: FileServer, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(server) == 0
    path = cached_path(MODEL)
    said = capsys.readouterr().out
    assert f"path: {path}" in said and f"python extract_features.py --model {MODEL}\n" in said
    assert "nobody published a checksum" in said
    assert asked_for(server) == [INDEX, NUMBERS]  # no more than what the conversion needs
    assert is_that_of(path, 2)  # the averaged weights
    made = create_extractor(MODEL, ExtractorOptions(device="cpu", engine="torch"))
    descriptor = made.describe([made.prepare(photo())])[0]
    with torch.inference_mode():
        pixels = torch.from_numpy(made.prepare(photo()).copy()).permute(2, 0, 1)[None] / 255
        expected = torch.nn.functional.normalize(drawn(2)(pixels))[0].numpy()
    np.testing.assert_allclose(descriptor, expected, atol=1e-6)
    assert not list((cache / "simclr" / "tensorflow").rglob("model*"))


def test_the_file_says_what_it_was_made_of(server: FileServer) -> None:
    assert fetch(server) == 0
    content = torch.load(cached_path(MODEL), weights_only=True)
    told = {key: value for key, value in content.items() if isinstance(value, str | int)}
    assert told == {
        "format": "simclr-weights", "format_version": 1, "model": MODEL, "category": "pretrained", "step": 250228,
        "weights": "ema", "padding": "tensorflow",
    }  # fmt: skip
    assert set(content) - set(told) == {"encoder", "head", "classifier"}


def test_a_second_call_fetches_and_writes_nothing(server: FileServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch(server) == 0
    before = cached_path(MODEL).stat().st_mtime_ns
    server.requests.clear()
    capsys.readouterr()
    assert fetch(server, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["status"] == "already there" and result["origin"] is None and result["is_verified"]
    assert server.requests == [] and cached_path(MODEL).stat().st_mtime_ns == before


def test_a_converted_file_that_was_altered_is_made_anew(server: FileServer) -> None:
    assert fetch(server) == 0
    good = cached_path(MODEL).read_bytes()
    cached_path(MODEL).write_bytes(good[:-1])
    assert fetch(server) == 0
    assert cached_path(MODEL).read_bytes() == good


def test_raw_weights_and_the_other_padding_are_kept_under_names_of_their_own(
    server: FileServer, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(server, "--raw") == 0
    raw = cache / "simclr" / f"{MODEL}-pretrained-raw.pth"
    assert is_that_of(raw, 1) and not cached_path(MODEL).exists()
    assert f"--model {MODEL} --weights {raw}" in capsys.readouterr().out
    assert fetch(server, "--no_exact_padding") == 0
    symmetric = cache / "simclr" / f"{MODEL}-pretrained-symmetric.pth"
    assert is_that_of(symmetric, 2) and not read_simclr_weights(symmetric, TINY).exact_padding


def test_another_kind_of_checkpoint_is_fetched_by_its_own_step(cache: Path, published: dict[str, bytes]) -> None:
    renamed = {name.replace("250228", "751"): content for name, content in published.items()}
    with serving(FileServer(b"", contents=renamed)) as server:
        assert fetch(server, "--category", "finetuned_1pct") == 0
    assert (cache / "simclr" / f"{MODEL}-finetuned_1pct.pth").is_file()


def test_all_five_files_are_kept_on_request(server: FileServer, cache: Path, published: dict[str, bytes]) -> None:
    assert fetch(server, "--keep_tf") == 0
    folder = cache / "simclr" / "tensorflow" / f"{MODEL}-pretrained"
    assert {name: (folder / name).read_bytes() for name in published} == published
    server.requests.clear()
    assert fetch(server, "--keep_tf") == 0 and fetch(server, "--raw", "--keep_tf") == 0
    assert server.requests == []


def test_the_five_files_come_later_too(server: FileServer, cache: Path, published: dict[str, bytes]) -> None:
    assert fetch(server) == 0
    assert fetch(server, "--keep_tf") == 0
    folder = cache / "simclr" / "tensorflow" / f"{MODEL}-pretrained"
    assert all((folder / name).is_file() for name in published)


# -- sums -------------------------------------------------------------------------------------------------------------


def test_the_sums_of_what_came_first_are_kept_and_another_file_is_refused_later(
    server: FileServer, cache: Path, published: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(server) == 0
    sums = json.loads((cache / "simclr" / f"{MODEL}-pretrained.json").read_text(encoding="utf-8"))
    assert sums["files"] == {name: hashlib.sha256(published[name]).hexdigest() for name in (INDEX, NUMBERS)}
    assert sums["converted"] == {f"{MODEL}.pth": hashlib.sha256(cached_path(MODEL).read_bytes()).hexdigest()}
    put_checkpoint(tmp_path / "other" / STEM, drawn(8), drawn(9), drawn_head(3))
    server.contents = {name: (tmp_path / "other" / name).read_bytes() for name in (INDEX, NUMBERS)}
    assert fetch(server, "--raw") == 1
    assert f"expected {sums['files'][INDEX]}" in capsys.readouterr().err
    assert not list((cache / "simclr").glob("*raw*"))


def test_what_comes_again_with_the_same_sums_counts_as_verified(
    server: FileServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(server, "--json") == 0
    assert json.loads(capsys.readouterr().out)["is_verified"] is False
    assert fetch(server, "--raw", "--json") == 0
    assert json.loads(capsys.readouterr().out)["is_verified"] is True


def test_a_sum_that_the_user_trusts_is_asked_for(server: FileServer, published: dict[str, bytes]) -> None:
    assert fetch(server, "--sha256", "0" * 64) == 1
    assert not cached_path(MODEL).exists()
    assert fetch(server, "--sha256", hashlib.sha256(published[NUMBERS]).hexdigest()) == 0


def test_a_damaged_file_of_sums_is_named(server: FileServer, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = cache / "simclr" / f"{MODEL}-pretrained.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"format": "simclr-sums", "format_version": 1, "files": 3}', encoding="utf-8")
    assert fetch(server) == 1
    assert f"damaged: {path}" in capsys.readouterr().err


# -- what goes wrong --------------------------------------------------------------------------------------------------


def test_an_interrupted_download_goes_on_where_it_stopped(server: FileServer) -> None:
    server.plan = [None, 20_000]  # the index comes whole, the numbers break off
    assert fetch(server) == 1
    assert fetch(server) == 0
    assert server.starts == [None, None, 20_000] and is_that_of(cached_path(MODEL), 2)


def test_a_missing_file_is_told_with_its_address(server: FileServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert server.contents is not None
    del server.contents[NUMBERS]
    assert fetch(server) == 1
    said = capsys.readouterr().err
    assert f"/{NUMBERS}: no such file (the server answers 404" in said and "Traceback" not in said


def test_a_page_in_place_of_a_checkpoint_is_refused(server: FileServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.contents = {INDEX: b"<html>log in first</html>", NUMBERS: b"<html>"}
    assert fetch(server) == 1
    assert "is no index of a TensorFlow checkpoint" in capsys.readouterr().err
    assert not cached_path(MODEL).exists()


def test_numbers_of_another_length_than_the_index_says_are_refused(
    server: FileServer, published: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    assert server.contents is not None
    server.contents[NUMBERS] = published[NUMBERS][:-4]
    assert fetch(server) == 1
    assert "is cut or of another checkpoint" in capsys.readouterr().err


def test_altered_numbers_are_refused_and_fetched_anew(
    server: FileServer, published: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / INDEX).write_bytes(published[INDEX])
    name = "ema_model/base_model/conv2d_3/kernel"
    altered = bytearray(published[NUMBERS])
    altered[open_tf_checkpoint(tmp_path / STEM).variables[name].offset + 1] ^= 1
    assert server.contents is not None
    server.contents[NUMBERS] = bytes(altered)
    assert fetch(server) == 1
    assert f"the checksum of {name!r} does not agree" in capsys.readouterr().err
    server.contents[NUMBERS] = published[NUMBERS]
    assert fetch(server) == 0 and is_that_of(cached_path(MODEL), 2)


def test_a_checkpoint_whose_network_sees_nothing_is_refused(
    tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blind = {f"ema_model/{name}": value for name, value in variables_of(drawn(2)).items()}
    blind["ema_model/base_model/conv2d/kernel"] = 0 * blind["ema_model/base_model/conv2d/kernel"]
    put_checkpoint(tmp_path / "blind" / STEM, drawn(1), drawn(2), **blind)
    assert run(MODEL, "--from", tmp_path / "blind", "--quiet") == 1
    assert "the same descriptor for two different pictures" in capsys.readouterr().err
    assert not cached_path(MODEL).exists() and (tmp_path / "blind" / INDEX).is_file()


# -- calls ------------------------------------------------------------------------------------------------------------


def test_files_fetched_elsewhere_are_converted_where_they_lie(tmp_path: Path, published: dict[str, bytes]) -> None:
    for name in (INDEX, NUMBERS):
        (tmp_path / name).write_bytes(published[name])
    assert run(MODEL, "--from", tmp_path, "--quiet") == 0
    assert is_that_of(cached_path(MODEL), 2) and (tmp_path / NUMBERS).is_file()


def test_a_folder_without_the_files_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(MODEL, "--from", tmp_path, "--quiet") == 2
    assert f"--from {tmp_path}: there is no {INDEX} in it" in capsys.readouterr().err


def test_the_list_names_what_to_fetch_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(MODEL, "--list") == 0
    said = capsys.readouterr().out
    address = "https://storage.googleapis.com/simclr-checkpoints/simclrv2/pretrained/r50_2x_sk1"
    assert f"{address}/{INDEX}" in said and f"{address}/{NUMBERS}" in said and "graph.pbtxt" not in said
    assert run(MODEL, "--list", "--keep_tf", "--json") == 0
    names = {file["name"] for file in json.loads(capsys.readouterr().out)["files"]}
    assert names == {INDEX, NUMBERS, *OTHERS}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (
            [MODEL, "--category", "pretrain"],
            "--category pretrain: choose for simclrv2-r50-2x-sk1 from pretrained, fine",
        ),
        (["simclrv1-r50-4x", "--category", "supervised"], "from pretrain, finetune_100pct, finetune_10pct"),
        (["simclrv1-r50-4x", "--raw"], "--raw: simclrv1-r50-4x has one set of weights only"),
        (["resnet50", "--raw"], "--raw: is for the models of simclr, resnet50 has no use for it"),
        (["netvlad", "--keep_tf"], "--keep_tf: is for the models of simclr"),
        ([MODEL, "--sha256", "12"], "--sha256 12: must be 64 hexadecimal digits"),
        ([MODEL, "--url", "http://x", "--from", "y"], "--url and --from: give one of the two"),
    ],
)
def test_wrong_calls_are_told(arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2
    assert reason in capsys.readouterr().err
