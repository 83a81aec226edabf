"""What is learnt from at a step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from storage.errors import UsageError
from tests.training.conftest import TINY_LEARNING, TINY_STUDENT
from tests.training.test_export import used_student
from training.batches import Batch, draw_batch
from training.objectives import Objective, adapt, contrast, distil, distil_and_contrast
from training.photo_set import PhotoSet
from training.pool import Pool
from training.positives import Collection, joined, no_positives
from training.settings import ContrastiveSettings
from training.student import make_student
from training.views import Views

CONTRASTIVE = ContrastiveSettings()


@pytest.fixture
def views(photos: PhotoSet) -> Views:
    collection = Collection(photos.photos, photos.digest, no_positives(len(photos.photos)))
    return Views(collection, CONTRASTIVE.crops, 0)


@pytest.fixture
def objectives(pool: Pool, views: Views) -> dict[str, Objective]:
    return {
        "distill": distil(pool, TINY_LEARNING),
        "simclr": contrast(views, TINY_LEARNING, CONTRASTIVE),
        "both": distil_and_contrast(pool, views, TINY_LEARNING, CONTRASTIVE),
        "adapt": adapt(views, TINY_LEARNING, CONTRASTIVE, used_student(TINY_STUDENT), "former"),
    }


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("distill", ["cosine", "relational", "local"]),
        ("simclr", ["contrastive"]),
        ("both", ["cosine", "relational", "local", "contrastive"]),
        ("adapt", ["cosine", "relational", "local", "contrastive"]),
    ],
)
def test_each_objective_has_its_losses(objectives: dict[str, Objective], kind: str, names: list[str]) -> None:
    objective = objectives[kind]
    losses = objective.losses(make_student(TINY_STUDENT), objective.draw(0))
    assert list(losses) == list(objective.weights) == names
    assert all(loss.isfinite() for loss in losses.values())


@pytest.mark.parametrize("kind", ["distill", "simclr", "both", "adapt"])
def test_a_step_looks_at_as_many_crops_whatever_is_learnt(objectives: dict[str, Objective], kind: str) -> None:
    draw = objectives[kind].draw
    assert draw(0).pixels.shape == (16, 3, 32, 32) and draw(9).pixels.shape == (16, 3, 48, 48)


def test_with_both_half_of_the_crops_are_the_teachers_and_half_are_pairs(
    objectives: dict[str, Objective], pool: Pool, views: Views
) -> None:
    batch = objectives["both"].draw(3)
    taught, pairs = draw_batch(pool, TINY_LEARNING, 3, 8), views.draw(3, 4, 32)
    assert torch.equal(batch.pixels, torch.cat([taught.pixels, pairs.pixels]))
    assert batch.answers is not None and taught.answers is not None and torch.equal(batch.answers, taught.answers)
    assert batch.groups is not None and pairs.groups is not None and torch.equal(batch.groups, pairs.groups)


def test_with_both_each_loss_sees_its_own_crops(objectives: dict[str, Objective]) -> None:
    objective, network = objectives["both"], used_student(TINY_STUDENT)
    batch = objective.draw(0)
    together = objective.losses(network, batch)
    taught = objectives["distill"].losses(network, Batch(batch.pixels[:8], batch.answers, batch.maps))
    pairs = objectives["simclr"].losses(network, Batch(batch.pixels[8:], groups=batch.groups))
    for name, loss in (taught | pairs).items():
        torch.testing.assert_close(together[name], loss)


def test_the_total_is_the_weighted_sum(objectives: dict[str, Objective]) -> None:
    losses = {"cosine": torch.tensor(1.0), "relational": torch.tensor(0.1), "local": torch.tensor(3.0)}
    assert objectives["distill"].total(losses).item() == pytest.approx(1 + 20 * 0.1 + 0.5 * 3)
    assert objectives["simclr"].total({"contrastive": torch.tensor(2.0)}).item() == pytest.approx(2)
    total = objectives["both"].total(losses | {"contrastive": torch.tensor(2.0)})
    assert total.item() == pytest.approx(4.5 + CONTRASTIVE.weight * 2)


def test_a_student_that_has_not_changed_agrees_with_its_anchor(objectives: dict[str, Objective]) -> None:
    objective = objectives["adapt"]
    losses = objective.losses(used_student_of(objective), objective.draw(0))
    assert [losses[name].item() for name in ("cosine", "relational", "local")] == pytest.approx([0, 0, 0], abs=1e-5)
    changed = objective.losses(make_student(TINY_STUDENT, seed=5).eval(), objective.draw(0))
    assert changed["cosine"].item() > 0.1


def used_student_of(objective: Objective) -> torch.nn.Module:
    """The anchor's twin."""
    assert objective.anchor is not None
    twin = make_student(TINY_STUDENT)
    twin.load_state_dict(objective.anchor.state_dict())
    return twin.eval()


def test_the_anchor_does_not_learn(objectives: dict[str, Objective]) -> None:
    objective = objectives["adapt"]
    objective.total(objective.losses(make_student(TINY_STUDENT), objective.draw(0))).backward()
    assert objective.anchor is not None and not objective.anchor.training
    assert all(parameter.grad is None for parameter in objective.anchor.parameters())


def test_what_the_crops_are_of_is_part_of_the_identity(objectives: dict[str, Objective], pool: Pool) -> None:
    assert {"photos", "teacher"} <= pool.identity.keys()
    assert objectives["distill"].identity["pool"] == objectives["both"].identity["pool"] == pool.identity


def test_photos_pairs_and_anchor_are_part_of_the_identity(views: Views) -> None:
    def identity(views: Views, anchor: str = "one", contrastive: ContrastiveSettings = CONTRASTIVE) -> str:
        return repr(adapt(views, TINY_LEARNING, contrastive, make_student(TINY_STUDENT), anchor).identity)

    others = [
        *(
            identity(replace(views, collection=replace(views.collection, **other)))
            for other in ({"digest": "others"}, {"positives": joined(6, np.array([[0, 1]]))})
        ),
        identity(views, "two"),
        identity(views, contrastive=replace(CONTRASTIVE, weight=0.2)),
    ]
    assert identity(views) == identity(views)
    assert len({identity(views), *others}) == 5


@pytest.mark.parametrize(("kind", "size"), [("simclr", 2), ("simclr", 5), ("both", 4), ("both", 18)])
def test_a_batch_that_cannot_be_divided_is_refused(pool: Pool, views: Views, kind: str, size: int) -> None:
    learning = replace(TINY_LEARNING, batch_size=size)
    with pytest.raises(UsageError, match=f"--batch_size {size}: must be a multiple of"):
        if kind == "both":
            distil_and_contrast(pool, views, learning, CONTRASTIVE)
        else:
            contrast(views, learning, CONTRASTIVE)
