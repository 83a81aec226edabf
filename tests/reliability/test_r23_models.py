"""R23: nothing that a model's file says is run; files that are cut or altered are named."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from storage.errors import StageError
from storage.formats.clusters import read_clusters
from storage.formats.features import read_features
from storage.formats.manifest import read_manifest
from storage.formats.mapped_array import map_array
from storage.formats.tf_checkpoint import open_tf_checkpoint
from storage.formats.weights import read_netvlad_weights
from storage.hub_code import COSPLACE, unpack_archive
from storage.model_files import MODEL_FILES
from tests.reliability.campaign import Campaign
from tests.reliability.example_files import TINY
from tests.storage.download_server import FileServer, serving
from tests.storage.formats.tensorflow_writer import write_checkpoint
from tests.storage.hub_archives import archive_of
from tools.download_models import main, parse_args


@dataclass(frozen=True)
class Trap:
    """An object that makes a folder when it is unpickled; ``marker`` is the folder."""

    marker: str

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.marker,)


@dataclass(frozen=True)
class Case:
    """A file with something to run in it, and what reads it."""

    file_name: str
    write: Callable[[Path, Trap], object]
    read: Callable[[Path], object]


def _torch_file(path: Path, trap: Trap, is_zip: bool = True) -> None:
    import torch

    state = {"state_dict": {"weight": torch.zeros(2)}, "trap": trap}
    torch.save(state, path, _use_new_zipfile_serialization=is_zip)


def _pickle(path: Path, trap: Trap) -> None:
    path.write_bytes(pickle.dumps({"weight": trap}))


def _read_state(path: Path) -> object:
    from hloc.extractors.torch_network import read_state

    return read_state(path)


def _read_simclr(path: Path) -> object:
    from networks.simclr_weights import read_simclr_weights

    return read_simclr_weights(path, TINY)


def _read_checkpoint(path: Path) -> object:
    from training.checkpoints import read_checkpoint

    return read_checkpoint(path)


def _read_epoch(path: Path) -> object:
    from training.finetuning.checkpoints import newest_checkpoint

    return newest_checkpoint(path.parents[1], "any", "cpu")


def _open_onnx(path: Path) -> object:
    from hloc.onnx_session import open_session

    return open_session(path.read_bytes(), path, "onnx")


def _open_student(path: Path) -> object:
    from training.export import read_student

    return read_student(path)


def _array(path: Path, trap: Trap) -> None:
    with path.open("wb") as file:
        np.save(file, np.array([trap], dtype=object), allow_pickle=True)  # what an attacker writes


def _arrays(path: Path, trap: Trap) -> None:
    np.savez(path.with_suffix(""), weight=np.array([trap], dtype=object))


def _outside_data(path: Path, _trap: Trap) -> None:
    import onnx

    tensor = onnx.helper.make_tensor("w", onnx.TensorProto.FLOAT, [1], [0.0])
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../../etc/passwd")
    out = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["w"], ["y"])], "g", [], [out], [tensor])
    path.write_bytes(onnx.helper.make_model(graph).SerializeToString())


def _tensorflow_text(path: Path, trap: Trap) -> None:
    write_checkpoint(path.with_suffix(""), {"a": np.zeros(2, np.float32)})
    path.write_bytes(path.read_bytes()[:-60] + pickle.dumps(trap))


def _tensorflow_pickle(path: Path, trap: Trap) -> None:
    path.write_bytes(pickle.dumps(trap))


def _hdf5_opaque(path: Path, trap: Trap) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["format"] = "global-features"
        file.attrs["format_version"] = 2
        file.attrs["settings"] = np.void(pickle.dumps(trap))
        file["names"] = np.void(pickle.dumps(trap))


def _json_tags(path: Path, trap: Trap) -> None:
    path.write_text(f'{{"0": [{{"py/reduce": [{{"py/function": "os.mkdir"}}, {{"py/tuple": ["{trap.marker}"]}}]}}]}}')


def _prefix_reader(path: Path) -> object:
    return open_tf_checkpoint(path.with_suffix(""))


CASES = [
    Case("network.pth", _torch_file, _read_state),
    Case("old.pth", lambda path, trap: _torch_file(path, trap, is_zip=False), _read_state),
    Case("raw.pth", _pickle, _read_state),
    Case("named.safetensors", _pickle, _read_state),
    Case("simclr.pth", _torch_file, _read_simclr),
    Case("simclr-raw.pth", _pickle, _read_simclr),
    Case("checkpoint.pt", _torch_file, _read_checkpoint),
    Case("checkpoint-raw.pt", _pickle, _read_checkpoint),
    Case("checkpoints/epoch-0001.pt", _torch_file, _read_epoch),
    Case("network.onnx", _pickle, _open_onnx),
    Case("outside.onnx", _outside_data, _open_onnx),
    Case("street.onnx", _pickle, _open_student),
    Case("array.npy", _array, map_array),
    Case("raw.npy", _pickle, map_array),
    Case("arrays.npz", _arrays, map_array),
    Case("netvlad.mat", _pickle, read_netvlad_weights),
    Case("model.ckpt-1.index", _tensorflow_pickle, _prefix_reader),
    Case("altered.ckpt-1.index", _tensorflow_text, _prefix_reader),
    Case("features.h5", _pickle, read_features),
    Case("opaque.h5", _hdf5_opaque, read_features),
    Case("manifest.json", _pickle, read_manifest),
    Case("clusters.json", _json_tags, read_clusters),
]


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    return Trap(str(tmp_path / "was run"))


def test_the_trap_works(trap: Trap) -> None:
    pickle.loads(pickle.dumps(trap))
    assert Path(trap.marker).is_dir()


def test_nothing_that_a_model_says_is_run(campaign: Campaign, tmp_path: Path, trap: Trap) -> None:
    pytest.importorskip("torch", reason="the files of PyTorch are read by it")
    pytest.importorskip("onnxruntime", reason="ONNX files are read by it")
    for attempt, case in zip(campaign.attempts(len(CASES), len(CASES)), CASES, strict=True):
        with attempt:
            path = tmp_path / str(attempt.number) / case.file_name
            path.parent.mkdir(parents=True)
            case.write(path, trap)
            with pytest.raises(StageError) as caught:
                case.read(path)
            assert path.name in str(caught.value), f"the message does not say which file: {caught.value}"
            assert "\n" not in str(caught.value) and "weights_only" not in str(caught.value)
            assert not Path(trap.marker).exists(), f"{case.file_name} was run"


# -- downloads --------------------------------------------------------------------------------------------------------

CONTENT = np.random.default_rng(0).bytes(100_000)
SUM = hashlib.sha256(CONTENT).hexdigest()


@dataclass(frozen=True)
class Answer:
    """How a server misbehaves, and what the message must say."""

    content: bytes
    plan: tuple[int | str | None, ...]
    says: str
    flags: tuple[str, ...] = ("--sha256", SUM)


def _broken(place: int) -> bytes:
    altered = bytearray(CONTENT)
    altered[place] ^= 1
    return bytes(altered)


ANSWERS = [
    Answer(CONTENT, (1000,) * 9, "ended after|broke off"),
    Answer(CONTENT, (0,) * 9, "ended after|broke off"),
    Answer(CONTENT, (99_999,) * 9, "ended after|broke off"),
    Answer(_broken(0), (), f"expected {SUM}"),
    Answer(_broken(99_999), (), f"expected {SUM}"),
    Answer(CONTENT[:-1], (), f"expected {SUM}"),
    Answer(b"", (), f"expected {SUM}"),
    Answer(b"<html>Please log in</html>", (), f"expected {SUM}"),
    Answer(CONTENT, (), f"expected {MODEL_FILES['netvlad'].sha256}", ()),
    Answer(CONTENT, ("404",) * 9, "no such file"),
    Answer(CONTENT, ("503",) * 9, "503"),
]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("storage.downloads.MAX_FAILURES", 1)
    monkeypatch.setattr("storage.downloads.CHUNK_SIZE", 10_000)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    yield tmp_path / "torch" / "hub"


def test_downloads_that_are_cut_or_altered_leave_nothing(
    campaign: Campaign, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = cache / MODEL_FILES["netvlad"].place
    for attempt, each in zip(campaign.attempts(len(ANSWERS), len(ANSWERS)), ANSWERS, strict=True):
        with attempt, serving(FileServer(each.content, plan=list(each.plan))) as server:
            code = main(parse_args(["netvlad", "--url", server.url, *each.flags]))
            said = capsys.readouterr().err
            assert code == 1 and not target.exists()
            assert server.url in said
            assert any(part in said for part in each.says.split("|")), said
            assert not [path for path in cache.rglob("*") if path.is_file() and path.suffix in (".mat", ".tmp")]


def test_code_of_another_revision_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "code.zip"
    path.write_bytes(archive_of(COSPLACE, comment="0" * 40))
    with pytest.raises(StageError, match="is not gmberton/CosPlace at the revision"):
        unpack_archive(path, COSPLACE, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
