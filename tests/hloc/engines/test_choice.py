"""Which engine computes a network, and what is refused before anything is loaded."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from extract_features import ENGINES as FLAG_ENGINES
from extract_features import PRECISIONS as FLAG_PRECISIONS
from hloc import engines
from hloc.engines import ENGINES, LEAST_COSINE, PRECISIONS, Engine, choose_engine
from storage.errors import StageError, UsageError

ALL = {"torch", "ncnn", "openvino", "onnxruntime"}


def choose(
    monkeypatch: pytest.MonkeyPatch,
    asked: str | None = None,
    precision: str | None = None,
    installed: set[str] | frozenset[str] = frozenset(ALL),
    device: str = "cpu",
    is_exportable: bool = True,
    is_chain: bool = False,
) -> Engine:
    monkeypatch.setattr(engines, "is_installed", lambda name: name in installed)
    return choose_engine(
        asked, precision, device=device, model="netvlad", is_exportable=is_exportable, is_chain=is_chain
    )


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        (ALL, "openvino"),
        (ALL - {"openvino"}, "onnxruntime"),
        ({"torch", "openvino"}, "openvino"),
        ({"torch"}, "torch"),
        (set(), "torch"),  # which then says by itself how it is installed
    ],
)
def test_the_fastest_exact_engine_that_is_installed_is_taken(
    monkeypatch: pytest.MonkeyPatch, installed: set[str], expected: str
) -> None:
    assert choose(monkeypatch, None, installed=installed) == Engine(expected, "fp32")
    assert choose(monkeypatch, "auto", installed=installed) == Engine(expected, "fp32")


def test_a_gpu_is_left_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose(monkeypatch, device="cuda:1") == Engine("torch", "fp32")
    assert choose(monkeypatch, None, "fp16", device="cuda") == Engine("torch", "fp16")
    with pytest.raises(UsageError, match="--engine openvino: computes netvlad on the processor; use --device cpu"):
        choose(monkeypatch, "openvino", device="cuda")


def test_a_network_that_may_not_survive_the_export_is_left_to_torch_unless_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert choose(monkeypatch, is_exportable=False).name == "torch"
    assert choose(monkeypatch, "openvino", is_exportable=False).name == "openvino"


def test_a_chain_of_convolutions_goes_to_ncnn_and_nothing_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose(monkeypatch, is_chain=True) == Engine("ncnn", "fp32")
    assert choose(monkeypatch, "ncnn", is_chain=True) == Engine("ncnn", "fp32")
    assert choose(monkeypatch, is_chain=True, installed=ALL - {"ncnn"}).name == "openvino"
    assert choose(monkeypatch, None, "bf16", is_chain=True).name == "openvino"
    assert choose(monkeypatch, is_chain=True, device="cuda").name == "torch"
    with pytest.raises(UsageError, match="--precision bf16: ncnn does not compute in it .*--precision fp32"):
        choose(monkeypatch, "ncnn", "bf16", is_chain=True)


def test_less_than_fp32_is_taken_only_on_request_and_by_an_engine_that_computes_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert choose(monkeypatch, None, "bf16") == Engine("openvino", "bf16")
    assert choose(monkeypatch, None, "bf16", installed={"torch", "onnxruntime"}) == Engine("torch", "bf16")


@pytest.mark.parametrize(
    ("asked", "precision", "message"),
    [
        ("onnxruntime", "bf16", "--precision bf16: onnxruntime does not compute in it .*--engine torch or openvino"),
        (
            "openvino",
            "fp16",
            "--precision fp16: openvino does not compute in it on the processor; use --precision fp32",
        ),
        ("openvino", "int8", "--precision int8: openvino does not compute in it .*use --engine onnxruntime, or"),
        ("ncnn", None, "--engine ncnn: computes netvlad alone, not netvlad; use --engine auto"),
        ("torch", "int8", "--precision int8: torch does not compute in it .*use --engine onnxruntime, or"),
        ("tensorrt", None, "--engine tensorrt: choose from auto, torch, ncnn, openvino, onnxruntime"),
        (None, "float32", "--precision float32: choose from fp32, bf16, fp16, int8"),
    ],
)
def test_what_an_engine_cannot_do_is_refused_with_what_can_be_chosen(
    monkeypatch: pytest.MonkeyPatch, asked: str | None, precision: str | None, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        choose(monkeypatch, asked, precision)


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ("openvino", "needs openvino and onnx; pip install openvino onnx"),
        ("onnxruntime", "needs onnxruntime and onnx; pip install onnxruntime onnx"),
        ("ncnn", "needs ncnn and torch; pip install ncnn torch"),
        ("torch", "needs torch; pip install -r requirements.txt"),
    ],
)
def test_a_missing_package_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, engine: str, message: str
) -> None:
    with pytest.raises(StageError, match=f"--engine {engine} {message}$"):
        choose(monkeypatch, engine, installed=set())


def test_an_engine_that_reads_graphs_is_taken_only_where_graphs_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnx" else find_spec(name))
    assert not engines.is_installed("onnxruntime")
    assert choose_engine(None, None, device="cpu", model="netvlad").name == "torch"


def test_the_flags_offer_what_there_is() -> None:
    assert FLAG_ENGINES == ENGINES and FLAG_PRECISIONS == PRECISIONS == tuple(LEAST_COSINE)


def test_choosing_imports_no_engine(root_dir: Path) -> None:
    code = (
        "import sys; from hloc.engines import choose_engine; choose_engine(None, None, device='cpu', model='m');"
        "print({'torch', 'openvino', 'onnxruntime'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root_dir, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_int8_is_taken_only_when_it_is_asked_for_and_stands_in_the_settings_with_its_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert choose(monkeypatch, "auto").precision == "fp32"
    assert choose(monkeypatch, "auto", "int8") == Engine("onnxruntime", "int8")
    assert choose(monkeypatch, "auto", "int8").settings()["quantisation"] == engines.QUANTISATION_VERSION
    assert "quantisation" not in Engine("onnxruntime").settings()
    with pytest.raises(UsageError, match="--precision int8: torch does not compute in it on cuda; use"):
        choose(monkeypatch, "auto", "int8", device="cuda")
