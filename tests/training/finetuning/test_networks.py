"""Networks that can be fine-tuned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from networks.simclr import PUBLISHED_SHAPES, SimclrShape
from networks.simclr import make_encoder as make_simclr
from networks.simclr_conversion import convert_checkpoint
from networks.simclr_weights import SimclrWeights, write_simclr_weights
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.tf_checkpoint import open_tf_checkpoint
from tests.networks.tiny_simclr import drawn, drawn_head, put_checkpoint
from training.checkpoints import save_checkpoint
from training.finetuning.networks import begin, filled, make_encoder, read_encoder
from training.finetuning.settings import MODELS
from training.settings import StudentSettings
from training.student import make_student

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

VALUES = torch.rand(2, 3, 64, 64, generator=torch.manual_seed(0))


SIMCLR, SELECTIVE = "simclrv1-r50-1x", "simclrv2-r50-1x-sk1"


@pytest.fixture(autouse=True)
def tiny_simclr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks of SimCLR with four blocks of few channels under published names."""
    monkeypatch.setitem(PUBLISHED_SHAPES, SIMCLR, SimclrShape((1, 1, 1, 1), width=1 / 16))
    monkeypatch.setitem(PUBLISHED_SHAPES, SELECTIVE, SimclrShape((1, 1, 1, 1), width=1 / 16, selective=True))


@pytest.mark.parametrize(("model", "dimension"), [("tiny", 32), ("resnet18", 512), (SIMCLR, 128), (SELECTIVE, 128)])
def test_a_network_gives_descriptors_of_its_dimension(model: str, dimension: int) -> None:
    encoder = make_encoder(model, begin(model, None).shape)
    assert encoder.dimension == dimension and encoder.module.eval()(VALUES).shape == (2, dimension)


@pytest.mark.parametrize("model", ["tiny", "resnet18", SIMCLR])
def test_the_seed_alone_decides_random_weights(model: str) -> None:
    shape = begin(model, None).shape
    states = [make_encoder(model, shape, seed).module.state_dict() for seed in (3, 3, 4)]
    name = next(name for name, value in states[0].items() if value.ndim == 4 and value.shape[2] > 1)
    assert torch.equal(states[0][name], states[1][name]) and not torch.equal(states[0][name], states[2][name])


@pytest.mark.parametrize("model", ["tiny", "resnet18", SIMCLR, SELECTIVE])
def test_the_parts_are_disjoint_and_leave_the_last_stage(model: str) -> None:
    encoder = make_encoder(model, begin(model, None).shape)
    parts = [{id(p) for module in part for p in module.parameters()} for part in encoder.parts]
    assert len(parts) == 4 and all(parts)
    assert sum(map(len, parts)) == len(set.union(*parts)) < len(list(encoder.module.parameters()))


def test_the_stages_of_a_student_begin_where_its_maps_shrink() -> None:
    shape = begin("tiny", None).shape | {"depths": (1, 2, 3, 1)}
    encoder = make_encoder("tiny", shape)
    assert [len(part) for part in encoder.parts] == [1, 1, 3, 4]


def test_the_shipped_weights_give_the_descriptors_of_the_student() -> None:
    pytest.importorskip("onnx")
    from hloc.extractors.street import WEIGHTS
    from training.initial import read_initial

    start = begin("street", WEIGHTS)
    encoder = filled(make_encoder("street", start.shape), start.state, WEIGHTS)
    student = make_student(StudentSettings())
    student.load_state_dict(read_initial(WEIGHTS).weights)
    with torch.inference_mode():
        assert torch.allclose(encoder.module.eval()(VALUES), student.eval()(255 * VALUES)[0])
    assert start.whitening is not None and start.whitening.mean.shape == (384,)


def test_published_weights_of_torchvision_begin_a_resnet_without_its_classifier(tmp_path: Path) -> None:
    from torchvision.models import resnet18

    published = resnet18(weights=None).eval()
    torch.save(published.state_dict(), tmp_path / "resnet18.pth")
    start = begin("resnet18", tmp_path / "resnet18.pth")
    encoder = filled(make_encoder("resnet18", start.shape), start.state, "file")
    published.fc = torch.nn.Identity()
    mean, std = (np.array(v, np.float32) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    normal = (VALUES - torch.from_numpy(mean)[:, None, None]) / torch.from_numpy(std)[:, None, None]
    with torch.inference_mode():
        assert torch.allclose(encoder.module.eval()(VALUES), published(normal), atol=1e-5)


def test_every_published_network_of_simclr_can_be_fine_tuned() -> None:
    assert set(PUBLISHED_SHAPES) <= set(MODELS)


@pytest.mark.parametrize("exact_padding", [True, False])
def test_converted_weights_begin_a_network_of_simclr_with_the_padding_that_they_ask_for(
    tmp_path: Path, exact_padding: bool
) -> None:
    published = make_simclr(PUBLISHED_SHAPES[SIMCLR], exact_padding=exact_padding, seed=3)
    weights = SimclrWeights(published.state_dict(), None, exact_padding)
    write_simclr_weights(tmp_path / "converted.pt", weights, {"model": SIMCLR})
    start = begin(SIMCLR, tmp_path / "converted.pt")
    encoder = filled(make_encoder(SIMCLR, start.shape), start.state, "file")
    with torch.inference_mode():
        assert torch.equal(encoder.module.eval()(VALUES), published.eval()(VALUES))


def test_a_checkpoint_of_tensorflow_begins_a_fine_tuning_with_the_descriptors_that_it_had(tmp_path: Path) -> None:
    shape = PUBLISHED_SHAPES[SELECTIVE]
    raw, averaged = drawn(1, shape), drawn(2, shape)
    checkpoint = open_tf_checkpoint(put_checkpoint(tmp_path / "model.ckpt-7", raw, averaged, drawn_head(3, shape)))
    write_simclr_weights(tmp_path / "w.pt", convert_checkpoint(checkpoint, shape, is_averaged=True), {})
    start = begin(SELECTIVE, tmp_path / "w.pt")
    encoder = filled(make_encoder(SELECTIVE, start.shape), start.state, "w.pt")
    with torch.inference_mode():
        found = encoder.module.eval()(VALUES)
        assert torch.equal(found, averaged(VALUES)) and not torch.allclose(found, raw(VALUES))


def test_weights_of_simclr_that_are_not_there_name_the_command_that_fetches_them(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="fetch it with: python -m tools.download_models simclrv1-r50-1x"):
        begin(SIMCLR, tmp_path / "none.pt")


def checkpoint(path: Path, model: str = "tiny") -> Path:
    shape = begin(model, None).shape
    encoder = make_encoder(model, shape, 7)
    save_checkpoint(path, {"model": model, "shape": shape, "encoder": encoder.module.state_dict()})
    return path


def test_a_checkpoint_gives_its_network_back(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "epoch-0003.pt")
    model, encoder = read_encoder(path)
    again = make_encoder("tiny", begin("tiny", None).shape, 7).module.eval()
    assert model == "tiny" and not encoder.module.training
    assert torch.equal(encoder.module(VALUES), again(VALUES))
    assert torch.equal(begin("tiny", path).state["student.head.bias"], encoder.module.state_dict()["student.head.bias"])


def test_a_checkpoint_of_another_model_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is of --model tiny, not resnet18"):
        begin("resnet18", checkpoint(tmp_path / "epoch-0003.pt"))


def test_an_unknown_model_is_a_wrong_call() -> None:
    with pytest.raises(UsageError, match="--model vgg"):
        begin("vgg", None)
    with pytest.raises(UsageError, match="--model vgg"):
        make_encoder("vgg", {})


def test_weights_of_another_network_are_refused_by_their_file(tmp_path: Path) -> None:
    other = make_encoder("tiny", begin("tiny", None).shape | {"dimension": 5}).module.state_dict()
    with pytest.raises(DamagedFileError, match="w.pt holds the weights of another network"):
        filled(make_encoder("tiny", begin("tiny", None).shape), other, tmp_path / "w.pt")


def test_a_file_that_is_no_checkpoint_of_a_fine_tuning_says_so(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "other.pt", {"network": {}})
    with pytest.raises(DamagedFileError, match="no checkpoint of a fine-tuning"):
        read_encoder(tmp_path / "other.pt")
