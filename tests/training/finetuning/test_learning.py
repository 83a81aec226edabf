"""Learning from pairs of views: the loss falls, a killed leg goes on bit for bit, frozen parts stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from networks.simclr import PUBLISHED_SHAPES, SimclrShape
from storage.errors import StageError, UsageError
from tests.training.finetuning.conftest import TINY, save_buildings, tiny_recipe
from training.finetuning.checkpoints import checkpoint_path, list_checkpoints
from training.finetuning.learning import Finetuning, Running, make_head
from training.finetuning.networks import begin, make_encoder
from training.finetuning.settings import FinetuneRecipe, FinetuneSettings
from training.photo_set import find_photos, load_photos
from training.positives import Collection, no_positives, positives_of_groups
from training.reporting import Epoch

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "photos"
    save_buildings(folder, 6, 4)
    return folder


def learning_of(recipe: FinetuneRecipe, folder: Path, in_field: bool = False) -> Finetuning:
    loaded = load_photos(find_photos([folder]))
    positives = positives_of_groups(folder / "labels.csv", loaded) if in_field else no_positives(len(loaded.photos))
    start = begin(recipe.model, None)
    encoder = make_encoder(recipe.model, start.shape, recipe.learning.seed)
    return Finetuning(Collection(loaded.photos, loaded.digest, positives), recipe, encoder, start)


def run(
    recipe: FinetuneRecipe, folder: Path, stop_after: int | None = None
) -> tuple[dict[str, torch.Tensor], list[Epoch]]:
    told: list[Epoch] = []
    network = learning_of(recipe, folder).run(Running(recipe.output_dir, told.append, stop_after))
    return network.state_dict(), told


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("in_field", [False, True])
def test_a_few_epochs_lower_the_loss(photos: Path, tmp_path: Path, in_field: bool) -> None:
    recipe = tiny_recipe(tmp_path, replace(TINY, epochs=10, validation_share=0))
    told: list[Epoch] = []
    learning_of(recipe, photos, in_field).run(Running(recipe.output_dir, told.append))
    last = [epoch.training_loss for epoch in told[-3:]]
    assert len(told) == 10 and sum(last) / 3 < 0.9 * told[0].training_loss
    assert told[0].validation_loss is None


@pytest.mark.parametrize("optimizer", ["lars", "adamw", "sgd"])
def test_a_killed_fine_tuning_ends_with_the_same_weights_bit_for_bit(
    photos: Path, tmp_path: Path, optimizer: str
) -> None:
    settings = replace(TINY, optimizer=optimizer, learning_rate=0.01, nesterov=optimizer != "adamw", accumulate=2)
    whole, told = run(tiny_recipe(tmp_path / "whole", settings), photos)
    recipe = tiny_recipe(tmp_path / "legs", settings)
    run(recipe, photos, 1)
    run(recipe, photos, 1)
    legs, last = run(recipe, photos)
    assert same(whole, legs) and last[-1].training_loss == told[-1].training_loss
    assert last[-1].validation_loss == told[-1].validation_loss is not None
    begun, _ = run(tiny_recipe(tmp_path / "none", settings), photos, 0)
    assert not same(whole, begun)


def test_a_killed_fine_tuning_of_simclr_ends_with_the_same_weights_bit_for_bit(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = "simclrv2-r50-1x-sk1"
    monkeypatch.setitem(PUBLISHED_SHAPES, model, SimclrShape((1, 1, 1, 1), width=1 / 16, selective=True))
    whole, legs = (replace(tiny_recipe(tmp_path / name), model=model) for name in ("whole", "legs"))
    run(legs, photos, 1)
    assert same(run(whole, photos)[0], run(legs, photos)[0])


def test_the_same_call_again_learns_nothing_more(photos: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path)
    first, _ = run(recipe, photos)
    again, told = run(recipe, photos)
    assert same(first, again) and told == []


def test_only_the_start_and_the_newest_checkpoints_stay(photos: Path, tmp_path: Path) -> None:
    recipe = replace(tiny_recipe(tmp_path, replace(TINY, epochs=5)), keep_last=2, save_every=1)
    run(recipe, photos)
    assert list(list_checkpoints(recipe.output_dir)) == [0, 4, 5]
    sparse = replace(recipe, output_dir=tmp_path / "sparse", save_every=3)
    run(sparse, photos)
    assert list(list_checkpoints(sparse.output_dir)) == [0, 3, 5]


@pytest.mark.parametrize("changes", [{"seed": 2}, {"temperature": 0.2}, {"epochs": 9}, {"freeze": "stem"}])
def test_a_fine_tuning_with_other_settings_is_refused(photos: Path, tmp_path: Path, changes: dict[str, int]) -> None:
    recipe = tiny_recipe(tmp_path)
    run(recipe, photos, 1)
    with pytest.raises(UsageError, match="of a fine-tuning with other settings, photos or weights"):
        run(replace(recipe, learning=replace(TINY, **changes)), photos)


@pytest.mark.parametrize(("freeze", "num_frozen"), [("none", 0), ("stem", 1), ("stage2", 3), ("stage3", 4)])
def test_frozen_parts_stay_as_they_were_norms_included(
    photos: Path, tmp_path: Path, freeze: str, num_frozen: int
) -> None:
    recipe = tiny_recipe(tmp_path, replace(TINY, epochs=1, freeze=freeze))
    learning = learning_of(recipe, photos)
    start = make_encoder("tiny", learning.start.shape, TINY.seed)
    encoder = make_encoder("tiny", learning.start.shape, TINY.seed)
    encoder.module.load_state_dict(learning.run(Running(recipe.output_dir)).state_dict())
    for number, (before, after) in enumerate(zip(start.parts, encoder.parts, strict=True)):
        is_same = all(same(one.state_dict(), other.state_dict()) for one, other in zip(before, after, strict=True))
        assert is_same == (number < num_frozen)


@pytest.mark.parametrize("keep_norms", [False, True])
def test_norms_can_be_kept_while_the_rest_learns(photos: Path, tmp_path: Path, keep_norms: bool) -> None:
    recipe = tiny_recipe(tmp_path, replace(TINY, epochs=1, keep_norms=keep_norms))
    before = {k: v.clone() for k, v in learning_of(recipe, photos).encoder.state_dict().items()}
    after, _ = run(recipe, photos)
    statistics = [name for name in before if name.endswith("running_mean")]
    assert all(torch.equal(before[name], after[name]) == keep_norms for name in statistics)
    assert not torch.equal(before["student.head.weight"], after["student.head.weight"])


def test_accumulated_parts_make_one_step_of_their_mean_gradient(photos: Path, tmp_path: Path) -> None:
    plain = replace(TINY, epochs=1, optimizer="sgd", momentum=0.0, schedule="none", learning_rate=0.1, keep_norms=True)
    recipe = tiny_recipe(tmp_path, replace(plain, accumulate=4, validation_share=0))
    learning = learning_of(recipe, photos)
    begun = learning_of(recipe, photos)
    whole = torch.nn.Sequential(begun.encoder, begun.head).eval()
    for part in range(4):
        (begun._loss(whole, begun.pairs.draw(0, part)) / 4).backward()
    expected = begun.encoder.student.head.weight - 0.1 * (
        begun.encoder.student.head.weight.grad + 1e-6 * begun.encoder.student.head.weight
    )
    assert learning.pairs.num_steps == 1
    learning.run(Running(recipe.output_dir))
    assert torch.allclose(learning.encoder.student.head.weight, expected, atol=1e-7)


def test_a_loss_that_is_no_number_ends_the_fine_tuning(photos: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path, replace(TINY, optimizer="sgd", learning_rate=1e30))
    with pytest.raises(StageError, match="no number any more in epoch .* lower --learning_rate than 1e\\+30"):
        run(recipe, photos)


def test_views_drawn_ahead_by_threads_change_nothing(photos: Path, tmp_path: Path) -> None:
    alone, _ = run(tiny_recipe(tmp_path / "a"), photos)
    ahead, _ = run(replace(tiny_recipe(tmp_path / "b"), num_workers=2), photos)
    assert same(alone, ahead)


def test_checkpoints_say_what_they_are(photos: Path, tmp_path: Path) -> None:
    from training.checkpoints import read_checkpoint

    recipe = tiny_recipe(tmp_path)
    run(recipe, photos, 2)
    state = read_checkpoint(checkpoint_path(recipe.output_dir, 2))
    assert (state["model"], state["epoch"], state["shape"]["dimension"]) == ("tiny", 2, 32)


def test_the_head_has_two_layers_or_is_none() -> None:
    head = make_head(16, 4, 0)
    assert head(torch.zeros(2, 16)).shape == (2, 4) and len(list(head.parameters())) == 4
    assert list(make_head(16, 0, 0).parameters()) == []
    assert FinetuneSettings().projection == 128
