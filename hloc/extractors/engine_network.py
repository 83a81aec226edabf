"""What networks of PyTorch share: the same network by any engine, in any precision that it computes in."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from pathlib import Path

from hloc.devices import has_bf16
from hloc.engines import NCNN, TORCH, Engine, choose_engine
from hloc.engines.graph import Source, exported_graph
from hloc.engines.ncnn_chain import open_chain
from hloc.engines.photo_network import CheckedShape, PhotoNetwork
from hloc.engines.runs import open_graph, open_torch
from hloc.extractors.network import Network, NetworkExtractor
from storage.errors import UsageError


class EngineExtractor(NetworkExtractor):
    """A network of PyTorch that PyTorch, ncnn, OpenVINO or ONNX Runtime computes.

    Parameters
    ----------
    weights : Path
        The weight file, which is there.
    device : str
        Where the network computes; see :func:`hloc.devices.resolve_device`.
    engine, precision : str or None
        See :func:`hloc.engines.choose_engine`; whether they can be had shows when the settings are asked for.

    Attributes
    ----------
    is_exportable : bool
        Whether ``auto`` may take another engine than PyTorch: the network is known to give the same values as an
        ONNX graph, at every size of picture.
    is_chain : bool
        Whether its body is a chain of convolutions, which ncnn computes.
    compiles : bool
        Whether PyTorch compiles the network first, ``--compile``.
    """

    is_exportable = True
    is_chain = False
    compiles = False

    def __init__(self, weights: Path, device: str, engine: str | None, precision: str | None) -> None:
        super().__init__(weights, device)
        self._asked = (engine, precision)

    @abstractmethod
    def build_parts(self) -> PhotoNetwork:
        """Build the network on the processor, with its weights."""

    @property
    @abstractmethod
    def fixed_size(self) -> tuple[int, int] | None:
        """Height and width of prepared photos when all have the same; None when they vary."""

    @cached_property
    def engine(self) -> Engine:
        """What computes the network, chosen once.

        Raises
        ------
        UsageError
            When it cannot do what the flags ask for on this machine.
        StageError
            When its package is missing.
        """
        asked, precision = self._asked
        device = self.resolved_device()
        is_exportable, is_chain = (able and not self.compiles for able in (self.is_exportable, self.is_chain))
        chosen = choose_engine(
            asked, precision, device=device, model=self.name, is_exportable=is_exportable, is_chain=is_chain
        )
        if self.compiles and chosen.name != TORCH:
            raise UsageError(f"--compile: is for --engine torch, not for {chosen.name}; leave one of them out")
        if chosen.precision == "bf16" and not has_bf16(device):
            raise UsageError(f"--precision bf16: no bf16 instructions on this {device}; use --precision fp32")
        return chosen

    def load(self, device: str) -> Network:
        """Open the network with its engine."""
        if self.engine.name in (TORCH, NCNN):
            parts = self.build_parts()
            if self.engine.name == NCNN:
                run = open_chain(parts, self.name)
            else:
                run = open_torch(parts, device, self.engine, self.name, self.compiles)
            dimension = self.measured_dimension(parts)
        else:
            graph = exported_graph(Source(self.name, self.weights_sha256, self.fixed_size, self.build_parts))
            run, dimension = open_graph(graph, self.engine, self.name), graph.dimension
        return CheckedShape(run, self.name, self.engine.precision, dimension)

    @abstractmethod
    def measured_dimension(self, parts: PhotoNetwork) -> int:
        """Give the length of the descriptors of a network that was just built."""
