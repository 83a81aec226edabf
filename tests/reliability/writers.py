"""Scripts that write, run in this process on drawn inputs; what they leave, read and compared."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import h5py
from PIL import Image

from storage import temporaries

STAGING = (".resizing", ".preprocessing")
FAKE_MODELS = ("mean_colour", "centred_colour")
# Files that say how long something took, or hold the checksum of one that does: no two runs write the same.
TIMED = {
    "tools.cluster_features": ("selection.csv",),
    "tools.evaluate_finetuning": ("curve.csv", "*.pt", "evaluation.*"),
    "tools.finetune_simclr": ("curve.csv", "*.pt"),
    "tools.search_experiment": ("search.json", "search.csv"),
    "tools.train_autoencoder": ("curve.csv", "*.pt"),
    "tools.train_descriptor": ("curve.csv", "*.pt", "recipe.json"),
}


@dataclass(frozen=True)
class Outcome:
    """What a run of a script came to.

    Attributes
    ----------
    code : int
        Exit code.
    messages : str
        What it printed to standard error.
    """

    code: int
    messages: str


@dataclass(frozen=True)
class Writer:
    """A script and a call of it.

    Attributes
    ----------
    name : str
        Of the table.
    module : str
        The script, as a module.
    arguments : str
        Of the command line; all paths are relative to the folder that it runs in.
    draw : callable
        Draws its inputs into a folder; True draws them as they are after the run whose results stand.
    has_former : bool
        Whether results of an earlier run may stand.
    is_light : bool
        Whether it takes no more than moments, and neither PyTorch nor scikit-learn.
    packages : tuple of str
        Packages that it cannot do without and that may be missing.
    growing : tuple of str
        Names of the files that it replaces as it goes on, by what tells of all that is done so far.
    stores : tuple of str
        Names or paths of the files (as patterns) that hold what was computed, photo by photo: how many photos each of
        them holds hangs on how often the script was stopped; and journals, to which each run adds.
    tree : str
        A folder that it replaces as a whole.
    passing : tuple of str
        Paths (as patterns) of files that stand as they came until a later step changes them.
    refuses_other_photos : bool
        Whether it goes on only with the very photos that it began with, and says so.
    """

    name: str
    module: str
    arguments: str
    draw: Callable[[Path, bool], None]
    has_former: bool = True
    is_light: bool = True
    packages: tuple[str, ...] = ()
    growing: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    tree: str = ""
    passing: tuple[str, ...] = ()
    refuses_other_photos: bool = False

    def run(self, folder: Path) -> Outcome:
        """Run the script in ``folder``, in this process."""
        script = importlib.import_module(self.module)
        messages = io.StringIO()
        as_new = patch.object(temporaries, "_tidied", set())  # as in a process of its own
        with as_new, chdir(folder), fake_models(), redirect_stderr(messages), redirect_stdout(io.StringIO()):
            code = script.main(script.parse_args([*self.arguments.split(), "--quiet"]))
        return Outcome(code, messages.getvalue())

    def prepare(self, folder: Path, has_former: bool) -> None:
        """Draw the inputs; with results of an earlier run where they may stand and are wished."""
        folder.mkdir(parents=True)
        if has_former and self.has_former:
            self.draw(folder, False)
            outcome = self.run(folder)
            assert outcome.code == 0, outcome
        self.draw(folder, True)


@contextmanager
def fake_models() -> Iterator[None]:
    """Let the scripts know quick models that look at nothing but colours."""
    from hloc.extractors import MODELS, ModelEntry, create_extractor
    from tests.fake_models import CentredColour, MeanColour

    classes = dict(zip(FAKE_MODELS, (MeanColour, CentredColour), strict=True))
    entries = {name: ModelEntry(name, 0.5, 0.4) for name in FAKE_MODELS}

    def create(model: str, options: object) -> object:
        return classes[model]() if model in classes else create_extractor(model, options)  # type: ignore[arg-type]

    with patch.dict(MODELS, entries), patch("stages.extract.create_extractor", create):
        yield


def restore(prepared: Path, folder: Path) -> None:
    """Put a copy of a prepared folder in the place of whatever a broken run left."""
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(prepared, folder, symlinks=True)


def leftovers(folder: Path) -> list[str]:
    """Give the temporary files and folders below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob(".*") if is_leftover(path.name))


def is_leftover(path: str) -> bool:
    """Say whether a name is that of a temporary file or folder."""
    name = path.rpartition("/")[2]
    return name.startswith(".") and (".tmp" in name or name in STAGING)


def final_files(folder: Path) -> dict[str, str]:
    """Give the SHA-256 of every file that is no leftover, no lock and no report of a run, by relative path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        is_passing = any(part.startswith(".lock") or ".tmp" in part or ".old-" in part for part in parts)
        if path.is_file() and not is_passing and not {"reports", *STAGING} & set(parts):
            found["/".join(parts)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def is_whole(path: Path) -> bool:
    """Say whether a file can be read to its end, as its ending says that it can be."""
    if path.suffix == ".json":
        json.loads(path.read_text(encoding="utf-8"))
    elif path.suffix == ".jsonl":
        assert all(isinstance(json.loads(line), dict) for line in path.read_text(encoding="utf-8").splitlines())
    elif path.suffix == ".h5":
        with h5py.File(path, "r") as file:
            file.visititems(lambda _, node: node[()] if isinstance(node, h5py.Dataset) else None)
    elif path.suffix in (".jpg", ".png"):
        with Image.open(path) as photo:
            photo.load()
    return path.stat().st_size > 0
