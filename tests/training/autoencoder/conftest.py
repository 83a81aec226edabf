"""Pictures that can be learnt in seconds: of one colour each, with some noise."""

from __future__ import annotations

import numpy as np
import pytest

from training.autoencoder.learning import Pictures
from training.autoencoder.settings import AutoencoderSettings

TINY = AutoencoderSettings(size=(32, 32), epochs=3, batch_size=4, learning_rate=3e-3, validation_share=0.2, seed=3)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def pictures() -> Pictures:
    rng = np.random.default_rng(0)
    colours = rng.integers(120, 250, (10, 1, 1, 3))
    drawn = (colours + rng.normal(0, 4, (10, 32, 32, 3))).clip(0, 255).astype(np.uint8)
    return Pictures(list(drawn), "drawn")
