"""What is told of a training while it runs: a curve, log lines, and scalars for TensorBoard."""

from __future__ import annotations

import csv
import importlib.util
import io
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.atomic import write_text
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.json_file import read_stage_input
from training.checkpoints import MADE_BY
from training.judging import MEASURES, Jury
from training.learning import Progress

log = logging.getLogger(__name__)
CURVE_FILE, TENSORBOARD_FOLDER = "curve.csv", "tensorboard"


def check_tensorboard() -> None:
    """Raise StageError when the package tensorboard is not installed."""
    if importlib.util.find_spec("tensorboard") is None:
        raise StageError("--tensorboard needs the package tensorboard; pip install tensorboard")


class Curve:
    """Lines of figures, one for every report of a training, in a CSV file; those of an earlier leg are kept.

    Parameters
    ----------
    path : Path
        The file.
    columns : tuple of str
        The first counts and grows from line to line.
    made_by : str
        The command that makes the file, for messages.
    differs_by : str
        What a training with other columns has, for the message.

    Raises
    ------
    UsageError
        When the file that is there has other columns.
    DamagedFileError
        When it is no such file.
    """

    def __init__(
        self, path: Path, columns: tuple[str, ...], *, made_by: str = MADE_BY, differs_by: str = "other settings"
    ) -> None:
        self.path, self.columns = path, columns
        self.rows = self._former_rows(made_by, differs_by) if path.is_file() else []

    def add(self, row: dict[str, str]) -> None:
        """Add a line, show it in the log, and write the file."""
        # A killed leg may have got further than its last checkpoint: those lines come again.
        count = self.columns[0]
        self.rows = [*(former for former in self.rows if int(former[count]) < int(row[count])), row]
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(self.path, text.getvalue())
        log.info("%s", ", ".join(f"{name} {value}" for name, value in row.items()))

    def _former_rows(self, made_by: str, differs_by: str) -> list[dict[str, str]]:
        content = read_stage_input(self.path, made_by)
        try:
            reader = csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
            if tuple(reader.fieldnames or ()) != self.columns:
                raise UsageError(f"{self.path} is of a training with {differs_by}; give another --output_dir")
            rows = list(reader)
            if any(None in row or None in row.values() for row in rows):
                raise ValueError(f"a line has not {len(self.columns)} values")
            for row in rows:
                int(row[self.columns[0]])
        except (UnicodeDecodeError, csv.Error, ValueError, TypeError) as error:
            raise DamagedFileError(
                f"damaged: {self.path} ({error}); remove it to begin the curve anew, or give another --output_dir"
            ) from error
        return rows


class Reports:
    """Takes reports of progress, measures the student, and writes both down.

    Parameters
    ----------
    folder : Path
        Where ``curve.csv`` lies; lines of an earlier leg are kept.
    losses : iterable of str
        Names of the losses.
    jury : Jury or None
        Who measures.
    has_tensorboard : bool
        Whether scalars go to the folder ``tensorboard`` too.

    Raises
    ------
    UsageError
        When the folder holds the curve of a training with other losses.
    """

    def __init__(self, folder: Path, losses: Iterable[str], jury: Jury | None, has_tensorboard: bool = False) -> None:
        self.jury = jury
        columns = ("samples", "seconds", "input_side", *(f"{name}_loss" for name in losses), *MEASURES)
        self.curve = Curve(folder / CURVE_FILE, columns, differs_by="another --objective")
        self._scalars = Scalars(folder / TENSORBOARD_FOLDER) if has_tensorboard else None

    def add(self, progress: Progress) -> None:
        """Take one report."""
        measures = {} if self.jury is None else self.jury.measure(progress.student)
        losses = {f"{name}_loss": loss for name, loss in progress.losses.items()}
        row = {"samples": str(progress.samples), "seconds": f"{progress.seconds:.0f}"}
        row |= {"input_side": str(progress.input_side)}
        row |= {name: f"{number:.4f}" for name, number in (losses | measures).items()}
        self.curve.add(row)
        if self._scalars is not None:
            self._scalars.add(progress.samples, losses | {"learning_rate": progress.rate} | measures)

    def close(self) -> None:
        """End the scalars' file."""
        if self._scalars is not None:
            self._scalars.close()


class Scalars:
    """Numbers for TensorBoard; each leg of a training writes a file of its own.

    Parameters
    ----------
    folder : Path
        What ``tensorboard --logdir`` is given.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer: Any = None

    def add(self, samples: int, numbers: dict[str, float]) -> None:
        """Add numbers by name; those that an earlier leg wrote for as many samples or more are hidden."""
        from torch.utils.tensorboard import SummaryWriter

        if self._writer is None:
            self._writer = SummaryWriter(str(self.folder), purge_step=samples)
        for name, number in numbers.items():
            self._writer.add_scalar(name, number, samples)
        self._writer.flush()

    def close(self) -> None:
        """End the file."""
        if self._writer is not None:
            self._writer.close()


@dataclass(frozen=True)
class Epoch:
    """What is told of an epoch.

    Attributes
    ----------
    number : int
        From 1.
    seconds : float
        Time spent in all, that of earlier legs included.
    rate : float
        Learning rate, at the end of the epoch.
    training_loss : float
        Mean over the pictures learnt from, while they were learnt from.
    validation_loss : float or None
        Mean over the others, after the epoch; None where there are none.
    """

    number: int
    seconds: float
    rate: float
    training_loss: float
    validation_loss: float | None


class EpochReports:
    """Takes what is told of each epoch and writes it to ``curve.csv``, and to the folder ``tensorboard``.

    Parameters
    ----------
    folder : Path
        Where both lie; lines of an earlier leg are kept.
    made_by : str
        The command that makes the file, for messages.
    has_tensorboard : bool
        Whether scalars are written for TensorBoard too.

    Raises
    ------
    UsageError
        When the folder holds the curve of another tool.
    """

    columns = ("epoch", "seconds", "learning_rate", "training_loss", "validation_loss")

    def __init__(self, folder: Path, made_by: str, has_tensorboard: bool = False) -> None:
        self.curve = Curve(folder / CURVE_FILE, self.columns, made_by=made_by, differs_by="another tool")
        self._scalars = Scalars(folder / TENSORBOARD_FOLDER) if has_tensorboard else None

    def add(self, epoch: Epoch) -> None:
        """Take what is told of an epoch."""
        told = {"training_loss": epoch.training_loss, "validation_loss": epoch.validation_loss}
        losses = {name: loss for name, loss in told.items() if loss is not None}
        row = {"epoch": str(epoch.number), "seconds": f"{epoch.seconds:.0f}", "learning_rate": f"{epoch.rate:g}"}
        self.curve.add(row | {name: f"{loss:.6g}" for name, loss in losses.items()})
        if self._scalars is not None:
            self._scalars.add(epoch.number, losses | {"learning_rate": epoch.rate})

    def close(self) -> None:
        """End the scalars' file."""
        if self._scalars is not None:
            self._scalars.close()
