"""What a student is to make small: its distance from a teacher, and from itself on another crop of the same photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.processes import gathered, own_rank

if TYPE_CHECKING:
    import torch


def cosine_loss(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Give 1 less the mean cosine of the rows of two tensors (B, D)."""
    from torch.nn.functional import cosine_similarity

    return 1.0 - cosine_similarity(student.float(), teacher.float(), dim=1).mean()


def relational_loss(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Give the mean squared difference of the cosine matrices (B, B) of two batches (B, D)."""
    from torch.nn.functional import normalize

    ours, theirs = normalize(student.float(), dim=1), normalize(teacher.float(), dim=1)
    return (ours @ ours.T - theirs @ theirs.T).square().mean()


def local_loss(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Give 1 less the mean cosine over places; the student's map (B, D, h, w) is brought to the teacher's (B, D, H, W).

    The student's map is interpolated where it is smaller and averaged where it is larger.
    """
    from torch.nn.functional import adaptive_avg_pool2d, cosine_similarity, interpolate

    height, width = teacher.shape[2:]
    if student.shape[2] >= height:
        resampled = adaptive_avg_pool2d(student.float(), (height, width))
    else:
        resampled = interpolate(student.float(), (height, width), mode="bilinear", align_corners=False)
    return 1.0 - cosine_similarity(resampled, teacher.float(), dim=1).mean()


def contrastive_loss(vectors: torch.Tensor, groups: torch.Tensor, temperature: float) -> torch.Tensor:
    """Give the normalised temperature-scaled cross entropy (NT-Xent) of pairs of crops.

    Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations" (2020), equation 1; only that
    crops of photos known to show the same are left out of each other's negatives. Computed as a masked log-sum-exp,
    which holds at any temperature.

    Where several processes learn together, the negatives are those of all of them; the mean is over this process's
    rows, so that the mean over processes is that over all rows. All must have as many rows.

    Parameters
    ----------
    vectors : torch.Tensor, shape (2 N, D)
        Row i and row N + i are a pair.
    groups : torch.Tensor of int64, shape (2 N,)
        Crops with the same number are no negatives of each other.
    temperature : float
        What cosines are divided by, above 0.
    """
    import torch
    from torch.nn.functional import cross_entropy, normalize

    unit = normalize(vectors.float(), dim=1)
    everyone, all_groups = gathered(unit), gathered(groups)
    rows = torch.arange(len(unit), device=unit.device)
    partners = rows.roll(len(unit) // 2) + own_rank() * len(unit)
    is_left_out = groups[:, None] == all_groups[None]
    is_left_out[rows, partners] = False
    return cross_entropy((unit @ everyone.T / temperature).masked_fill(is_left_out, float("-inf")), partners)
