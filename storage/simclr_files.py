"""The checkpoints of SimCLR that Google publishes: where they are, where what is made of them is kept.

Source: the folders ``simclrv1`` and ``simclrv2`` of the bucket ``simclr-checkpoints`` that the README of
google-research/simclr names. No checksums are published; ``docs/models.md`` says what is done about it.
"""

from __future__ import annotations

from dataclasses import dataclass

BUCKET = "https://storage.googleapis.com/simclr-checkpoints"
FOLDER = "simclr"  # of the cache
SOURCES = {1: "Chen et al., SimCLR (ICML 2020)", 2: "Chen et al., SimCLR v2 (NeurIPS 2020)"}
LICENCE = "code Apache-2.0 (google-research/simclr); no separate statement for the checkpoints is known"
# By version and kind: the step that the files are named after; of the first version one for each width.
STEPS: dict[int, dict[str, tuple[int, int, int]]] = {
    1: {
        "pretrain": (225206, 225206, 225206),
        "finetune_100pct": (9384, 18768, 4692),
        "finetune_10pct": (939, 939, 470),
    },
    2: {
        "pretrained": (250228,) * 3,
        "finetuned_100pct": (37535,) * 3,
        "finetuned_10pct": (3754,) * 3,
        "finetuned_1pct": (751,) * 3,
        "supervised": (28151,) * 3,
    },
}
CATEGORIES = tuple(category for kinds in STEPS.values() for category in kinds)
FIRST_WIDTHS = ("1x", "2x", "4x")
# Megabytes of the converted file, by the number of its weights.
MEGABYTES = {
    "simclrv1-r50-1x": 102, "simclrv1-r50-2x": 392, "simclrv1-r50-4x": 1535,
    "simclrv2-r50-1x-sk0": 137, "simclrv2-r50-1x-sk1": 184, "simclrv2-r50-2x-sk0": 529, "simclrv2-r50-2x-sk1": 715,
    "simclrv2-r101-1x-sk0": 213, "simclrv2-r101-1x-sk1": 302,
    "simclrv2-r101-2x-sk0": 833, "simclrv2-r101-2x-sk1": 1182,
    "simclrv2-r152-1x-sk0": 276, "simclrv2-r152-1x-sk1": 399,
    "simclrv2-r152-2x-sk0": 1083, "simclrv2-r152-2x-sk1": 1568, "simclrv2-r152-3x-sk1": 3511,
}  # fmt: skip


@dataclass(frozen=True)
class SimclrCheckpoint:
    """A published checkpoint.

    Attributes
    ----------
    model : str
        The model's name here, ``simclrv2-r50-2x-sk1``.
    category : str
        What was done to it; a folder of the bucket.
    """

    model: str
    category: str

    @property
    def version(self) -> int:
        """1 or 2."""
        return int(self.model.removeprefix("simclrv")[0])

    @property
    def folder_name(self) -> str:
        """The makers' name of the network: ``r50_2x_sk1``, or ``1x`` of the first version."""
        parts = self.model.split("-")[1:]
        return parts[-1] if self.version == 1 else "_".join(parts)

    @property
    def step(self) -> int:
        """The training step that its files are named after."""
        steps = STEPS[self.version][self.category]
        return steps[FIRST_WIDTHS.index(self.folder_name)] if self.version == 1 else steps[0]

    @property
    def url(self) -> str:
        """The folder that holds its files."""
        return f"{BUCKET}/simclrv{self.version}/{self.category}/{self.folder_name}"

    @property
    def stem(self) -> str:
        """Begin of the names of the three files that hold it."""
        return f"model.ckpt-{self.step}"

    @property
    def needed_files(self) -> tuple[str, str]:
        """What its weights are made of: index first, then the numbers."""
        return f"{self.stem}.index", f"{self.stem}.data-00000-of-00001"

    @property
    def all_files(self) -> tuple[str, ...]:
        """All that TensorFlow needs to go on with it."""
        return (f"{self.stem}.meta", "graph.pbtxt", "checkpoint", *self.needed_files)

    @property
    def sums_place(self) -> str:
        """Where the sums of its files are kept, relative to the cache."""
        return f"{FOLDER}/{self.model}-{self.category}.json"

    @property
    def tensorflow_place(self) -> str:
        """Where its files lie while they are converted, and after with ``--keep_tf``."""
        return f"{FOLDER}/tensorflow/{self.model}-{self.category}"

    def converted_place(self, is_raw: bool = False, exact_padding: bool = True) -> str:
        """Give where the converted weights are kept; the plain name is for what the model is described by."""
        notes = "" if exact_padding else "-symmetric"
        if is_raw and self.version == 2:
            notes = f"-raw{notes}"
        if notes or self.category != default_category(self.model):
            notes = f"-{self.category}{notes}"
        return f"{FOLDER}/{self.model}{notes}.pth"


def default_category(model: str) -> str:
    """Give the kind of checkpoint that descriptors come from: trained without labels, nothing more."""
    return next(iter(STEPS[SimclrCheckpoint(model, "").version]))


def published_checkpoint(model: str, category: str | None = None) -> SimclrCheckpoint:
    """Give a published checkpoint of a model; by default the one that descriptors come from.

    Raises
    ------
    KeyError
        When there is none.
    """
    found = SimclrCheckpoint(model, category or default_category(model))
    if model not in MEGABYTES or found.category not in STEPS[found.version]:
        raise KeyError(category)
    return found
