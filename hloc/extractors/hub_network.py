"""Networks that are built by their makers' code, in torch hub's cache; what that code would fetch, it is given.

The code is run as it is, by ``torch.hub.load`` from its folder. While it runs, every way by which it could reach the
network is answered from the cache or refused, so that a run never fetches anything and never takes another revision.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hloc.devices import import_torch
from hloc.extractors.base import ExtractorOptions
from hloc.extractors.imagenet import import_torchvision
from hloc.extractors.picture import Picture
from hloc.extractors.torch_network import TorchExtractor, read_state
from storage.errors import StageError, UsageError
from storage.hub_code import HUB_CODE, HubRepository
from storage.model_files import cache_folder, fetch_command

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class HubNetwork:
    """How a published network is built, what it sees, what it gives.

    Attributes
    ----------
    entry : str
        The function of ``hubconf.py``.
    picture : Picture
        What the network sees.
    dimension : int
        Length D of its descriptors.
    arguments : mapping
        Of the entry function.
    packages : tuple of str
        What ``pip install`` needs beyond this project's requirements.
    without_weights : tuple of str
        Builders of torchvision that the code calls only for weights that its own replace.
    left_empty : tuple of str
        Repositories that the code loads only for weights that its own replace.
    """

    entry: str
    picture: Picture
    dimension: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    without_weights: tuple[str, ...] = ()
    left_empty: tuple[str, ...] = ()


class HubExtractor(TorchExtractor):
    """A network that its makers' code builds.

    Raises
    ------
    StageError
        When weights or code are not in the cache; the message names the command that fetches them.
    UsageError
        When ``--weights`` is given: the code has its own.
    """

    is_exportable = False  # code of others may count on one size of picture: only on request, and then checked

    def __init__(self, options: ExtractorOptions, network: HubNetwork) -> None:
        if options.weights is not None:
            raise UsageError(f"--weights {options.weights}: {options.model} takes only its own weights; leave it out")
        super().__init__(options, network.picture, network.dimension)
        self.network = network
        self.folders = {code.name.lower(): _folder_of(code, options.model) for code in HUB_CODE[options.model]}

    def settings(self) -> dict[str, Any]:
        """Give what :class:`TorchExtractor` gives, and the revisions of the code."""
        revisions = {code.name: code.commit for code in HUB_CODE[self.name]}
        return super().settings() | {"code": ", ".join(f"{name}@{commit}" for name, commit in revisions.items())}

    def build(self) -> torch.nn.Module:
        """Let the makers' code build the network, from the cache alone."""
        folder, load = next(iter(self.folders.values())), import_torch().hub.load  # before it is replaced
        with served_from_cache(self.weights, self.folders, self.network):
            try:
                module: torch.nn.Module = load(
                    str(folder), self.network.entry, source="local", **self.network.arguments
                )
            except StageError:
                raise
            except Exception as error:  # whatever the code of others raises
                raise StageError(self._explained(error, folder)) from error
        return module

    def _explained(self, error: Exception, folder: Path) -> str:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        if isinstance(error, ImportError) or "Missing dependencies" in reason:
            packages = " ".join(self.network.packages) or "-r requirements.txt"
            return f"the published code of {self.name} lacks a package ({reason}); pip install {packages}"
        return (
            f"the published code of {self.name} does not build its network ({reason}); remove {folder} and fetch it "
            f"again with: {fetch_command(self.name)}"
        )


def _folder_of(repository: HubRepository, model: str) -> Path:
    folder = repository.folder(cache_folder())
    if folder is None:
        missing = cache_folder() / repository.place
        raise StageError(f"the published code of {model} is not in {missing}; fetch it with: {fetch_command(model)}")
    return folder


@contextmanager
def served_from_cache(weights: Path, folders: Mapping[str, Path], network: HubNetwork) -> Iterator[None]:
    """Give the code of a hub repository what it asks for from the cache, and nothing else, while the block runs.

    Parameters
    ----------
    weights : Path
        What every request for weights is answered with.
    folders : mapping of str to Path
        Repositories (``owner/name`` in lower case) that the code may load by ``torch.hub.load``; they are built without
        weights, as the code's own weights replace theirs.
    network : HubNetwork
        What else need not be fetched, because it is replaced.
    """
    torch = import_torch()
    hub = torch.hub
    load = hub.load

    def load_nested(repository: str, entry: str, *args: Any, **options: Any) -> Any:
        name = repository.partition(":")[0].lower()
        if name in network.left_empty:
            return torch.nn.Identity()
        if name not in folders:
            raise StageError(f"the published code asks for {repository}, which nobody has looked at; it is not fetched")
        for option in ("source", "trust_repo", "force_reload", "skip_validation", "pretrained"):
            options.pop(option, None)
        return load(str(folders[name]), entry, *args, source="local", pretrained=False, **options)

    def read_weights(_url: str, *_args: Any, **_options: Any) -> Any:
        return read_state(weights)

    def refuse(url: str, *_args: Any, **_options: Any) -> Any:
        raise StageError(f"the published code asks for {url}; nothing is fetched during a run")

    with ExitStack() as stack:
        stack.enter_context(_replaced(hub, "load", load_nested))
        stack.enter_context(_replaced(hub, "load_state_dict_from_url", read_weights))
        stack.enter_context(_replaced(hub, "download_url_to_file", refuse))
        for builder in network.without_weights:
            stack.enter_context(_built_without_weights(builder))
        if "huggingface_hub" in network.packages:
            stack.enter_context(_answer_hugging_face(weights))
        stack.enter_context(redirect_stdout(sys.stderr))  # standard output is for results
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", message="xFormers")  # DINOv2 tells of every speed-up that is not installed
        yield


def _built_without_weights(builder: str) -> AbstractContextManager[None]:
    models = import_torchvision().models
    build = getattr(models, builder)

    def without_weights(*_args: Any, **options: Any) -> Any:
        return build(**{key: value for key, value in options.items() if key not in ("weights", "pretrained")})

    return _replaced(models, builder, without_weights)


@contextmanager
def _replaced(module: Any, name: str, value: Any) -> Iterator[None]:
    """Put ``value`` into a module while the block runs."""
    former = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, former)


@contextmanager
def _answer_hugging_face(weights: Path) -> Iterator[None]:
    try:
        module = importlib.import_module("huggingface_hub")
    except ImportError:
        yield  # the code says by itself what it lacks
        return
    with _replaced(module, "hf_hub_download", lambda *_args, **_options: str(weights)):
        yield
