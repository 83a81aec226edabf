"""The views of an epoch: which photos come together, and what is drawn of them, for any number of processes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from storage.errors import UsageError
from training.batches import Batch
from training.finetuning.augmentation import augmented
from training.finetuning.settings import FinetuneSettings, ViewSettings
from training.positives import Collection, Positives
from training.processes import Processes

SPLIT, ORDER, VIEWS, JUDGED_VIEWS = range(4)  # what is drawn from the seed, each by generators of its own


def split_groups(positives: Positives, share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the photos that are learnt from and those that are not, both sorted; what shows the same stays together.

    Parameters
    ----------
    positives : Positives
        Of all photos.
    share : float
        Of the groups, at least two, that are not learnt from; none where the share is 0 or there are fewer than four.
    seed : int
        Of the choice.
    """
    groups = np.unique(positives.groups)
    if share == 0 or len(groups) < 4:  # noqa: PLR2004
        return np.arange(len(positives.groups)), np.array([], np.int64)
    count = min(len(groups) - 2, max(2, round(share * len(groups))))
    chosen = np.random.default_rng([seed, SPLIT]).permutation(groups)[:count]
    is_chosen = np.isin(positives.groups, chosen)
    return np.flatnonzero(~is_chosen), np.flatnonzero(is_chosen)


class EpochPairs:
    """The batches of this process in one epoch.

    Each step takes ``batch_size`` photos for each process and part; what is left over at the end waits for another
    epoch's order. A photo's views depend on the epoch and its place in the order alone.

    Parameters
    ----------
    collection : Collection
        The photos.
    numbers : ndarray of int64
        Which of them are learnt from.
    settings : FinetuneSettings
        How.
    processes : Processes
        Who takes which part.

    Raises
    ------
    UsageError
        When there are fewer photos than one step takes.
    """

    def __init__(
        self, collection: Collection, numbers: NDArray[np.int64], settings: FinetuneSettings, processes: Processes
    ) -> None:
        self.collection, self.numbers, self.settings, self.processes = collection, numbers, settings, processes
        self.photos_of_part = settings.batch_size * processes.count
        self.photos_of_step = self.photos_of_part * settings.accumulate
        if self.photos_of_part < 2:  # noqa: PLR2004
            raise UsageError("--batch_size 1: one photo has nothing to be told apart from; give 2 or more")
        if self.photos_of_step > len(numbers):
            raise UsageError(
                f"--batch_size {settings.batch_size}: a step takes {self.photos_of_step} photos (--accumulate and all "
                f"processes counted), but {len(numbers)} are learnt from; give a smaller one"
            )
        self.num_steps = len(numbers) // self.photos_of_step

    def draw(self, epoch: int, part: int) -> Batch:
        """Draw the views of a part of a step; parts are numbered through the epoch."""
        order = np.random.default_rng([self.settings.seed, ORDER, epoch]).permutation(self.numbers)
        first = part * self.photos_of_part + self.processes.rank * self.settings.batch_size
        places = range(first, first + self.settings.batch_size)
        return draw_views(self.collection, order, places, (self.settings.seed, VIEWS, epoch), self.settings.views)


def validation_batches(
    collection: Collection, numbers: NDArray[np.int64], settings: FinetuneSettings, processes: Processes
) -> list[Batch]:
    """Draw the views that a network is judged on, this process's share: the same ones after every epoch.

    Each process gets as many batches of the same sizes; up to as many photos as there are processes are left out.
    """
    size, drawn = settings.batch_size * processes.count, []
    seeds = (settings.seed, JUDGED_VIEWS)
    # in names' order a batch could be of one building, and nothing to tell apart
    order = np.random.default_rng(seeds).permutation(numbers)
    for start in range(0, len(numbers), size):
        share = min(size, len(numbers) - start) // processes.count
        if share * processes.count < 2:  # noqa: PLR2004
            continue
        first = start + processes.rank * share
        drawn.append(draw_views(collection, order, range(first, first + share), seeds, settings.views))
    return drawn


def draw_views(
    collection: Collection, order: NDArray[np.int64], places: range, seeds: tuple[int, ...], settings: ViewSettings
) -> Batch:
    """Draw two views for each of some places: of the photo there, and of one that shows the same, where one does.

    Parameters
    ----------
    collection : Collection
        The photos.
    order : ndarray of int64
        The photo at each place.
    places : range
        Which places, N.
    seeds : tuple of int
        What everything is drawn from, with the place.
    settings : ViewSettings
        How.

    Returns
    -------
    Batch
        2 N views; views i and N + i are a pair. Those of photos that show the same have the same group.
    """
    firsts, seconds, numbers = [], [], []
    for place in places:
        rng = np.random.default_rng([*seeds, place])
        photo = int(order[place])
        partner = collection.positives.other(photo, rng)
        firsts.append(augmented(collection.photos[photo], settings, rng))
        seconds.append(augmented(collection.photos[partner], settings, rng))
        numbers.append(photo)
    return Batch.of_pairs([*firsts, *seconds], collection.positives.groups[numbers])
