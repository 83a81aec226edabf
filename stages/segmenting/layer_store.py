"""Layers that were made and not taken yet: the newest ones, of bounded memory."""

from __future__ import annotations

from collections import OrderedDict

from segmentation.painting.layers import Layer
from stages.segmenting.painted_photo import layer_file
from storage.errors import StageError

MAX_LAYERS = 8
MAX_BYTES = 64 << 20


class LayerStore:
    """The newest layers, each by its photo and its file."""

    def __init__(self, max_layers: int = MAX_LAYERS, max_bytes: int = MAX_BYTES) -> None:
        self._max_layers, self._max_bytes = max_layers, max_bytes
        self._layers: OrderedDict[tuple[int, str], Layer] = OrderedDict()

    def add(self, photo: int, layer: Layer) -> str:
        """Add a layer; give its file. Older ones are forgotten beyond the limits."""
        file = layer_file(layer)
        self._layers[photo, file] = layer
        self._layers.move_to_end((photo, file))
        while len(self._layers) > self._max_layers or (self.num_bytes > self._max_bytes and len(self._layers) > 1):
            self._layers.popitem(last=False)
        return file

    @property
    def num_bytes(self) -> int:
        """Memory that they take."""
        return sum(layer.runs.nbytes for layer in self._layers.values())

    def get(self, photo: int, file: str) -> Layer | None:
        """Give a layer; None when there is none, or it is forgotten."""
        return self._layers.get((photo, file))

    def find(self, photo: int, file: str) -> Layer:
        """Give a layer; StageError when there is none, or it is forgotten."""
        layer = self.get(photo, file)
        if layer is None:
            raise StageError("this preview is forgotten: make it again")
        return layer
