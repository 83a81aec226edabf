"""Writes the tiny checkpoint ``tests/archives/simclr-tensorflow/`` and what TensorFlow itself computes with it.

Not run by the tests: it needs TensorFlow, which the project does without. The files here were made with
``pip install tensorflow-cpu`` (2.21.0, Python 3.11) by

    python tests/archives/make_simclr_checkpoint.py tests/archives/simclr-tensorflow

The network is written with TensorFlow's own operations and its paddings by name (``SAME``, ``VALID``), as the papers
and google-research/simclr describe it, so that it shares nothing with ``networks/simclr.py``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

EPSILON = 1e-5
SIZES = ((64, 64), (50, 38), (33, 47))
STEP = 12


class Scope:
    """Variables of one network, numbered as TensorFlow's layers number them; the second copy takes other values."""

    def __init__(self, prefix: str, seed: int) -> None:
        self.prefix, self.rng = prefix, np.random.default_rng(seed)
        self.counts = {"conv2d": 0, "batch_normalization": 0}
        self.variables: dict[str, Any] = {}

    def variable(self, name: str, value: Any) -> Any:
        made = tf.compat.v1.get_variable(self.prefix + name, initializer=np.asarray(value, np.float32))
        self.variables[self.prefix + name] = made
        return made

    def layer(self, kind: str) -> str:
        number = self.counts[kind]
        self.counts[kind] += 1
        return f"base_model/{kind}" + (f"_{number}" if number else "")

    def convolved(self, maps: Any, outs: int, side: int, stride: int = 1) -> Any:
        ins = maps.shape[-1]
        values = self.rng.normal(size=(side, side, ins, outs)) * (2 / (side * side * ins)) ** 0.5
        kernel = self.variable(self.layer("conv2d") + "/kernel", values)
        if stride > 1:
            maps = fixed_padding(maps, side)
        return tf.nn.conv2d(maps, kernel, stride, "VALID" if stride > 1 else "SAME")

    def normed(self, maps: Any, relu: bool = True, name: str | None = None, center: bool = True) -> Any:
        name = name or self.layer("batch_normalization")
        channels, rng = maps.shape[-1], self.rng
        gamma = self.variable(name + "/gamma", rng.uniform(0.5, 1.5, channels))
        beta = self.variable(name + "/beta", rng.normal(size=channels) * 0.3) if center else None
        mean = self.variable(name + "/moving_mean", rng.normal(size=channels) * 0.2)
        variance = self.variable(name + "/moving_variance", rng.uniform(0.5, 2, channels))
        maps = tf.nn.batch_normalization(maps, mean, variance, beta, gamma, EPSILON)
        return tf.nn.relu(maps) if relu else maps


def fixed_padding(maps: Any, side: int) -> Any:
    begin = (side - 1) // 2
    return tf.pad(maps, [[0, 0], [begin, side - 1 - begin], [begin, side - 1 - begin], [0, 0]])


def selective(scope: Scope, maps: Any, channels: int, stride: int) -> Any:
    both = tf.stack(tf.split(scope.normed(scope.convolved(maps, 2 * channels, 3, stride)), 2, axis=3))
    everywhere = tf.reduce_mean(tf.reduce_sum(both, axis=0), [1, 2], keepdims=True)
    squeezed = scope.normed(scope.convolved(everywhere, max(int(channels * 0.0625), 32), 1))
    weights = tf.nn.softmax(tf.stack(tf.split(scope.convolved(squeezed, 2 * channels, 1), 2, axis=3)), axis=0)
    return tf.reduce_sum(both * weights, axis=0)


def bottleneck(scope: Scope, maps: Any, channels: int, stride: int, is_first: bool, has_kernels: bool) -> Any:
    shortcut = maps
    if is_first and has_kernels:
        padded = fixed_padding(maps, 2) if stride > 1 else maps
        pooled = tf.nn.avg_pool2d(padded, 2, stride, "VALID" if stride > 1 else "SAME")
        shortcut = scope.normed(scope.convolved(pooled, 4 * channels, 1), relu=False)
    elif is_first:
        shortcut = scope.normed(scope.convolved(maps, 4 * channels, 1, stride), relu=False)
    maps = scope.normed(scope.convolved(maps, channels, 1))
    if has_kernels:
        maps = selective(scope, maps, channels, stride)
    else:
        maps = scope.normed(scope.convolved(maps, channels, 3, stride))
    return tf.nn.relu(scope.normed(scope.convolved(maps, 4 * channels, 1), relu=False) + shortcut)


def encoded(scope: Scope, pixels: Any, base: int, blocks: list[int], has_kernels: bool) -> Any:
    maps = pixels
    for outs, stride in ((base // 2, 2), (base // 2, 1), (base, 1)) if has_kernels else ():
        maps = scope.normed(scope.convolved(maps, outs, 3, stride))
    if not has_kernels:
        maps = scope.normed(scope.convolved(maps, base, 7, 2))
    maps = tf.nn.max_pool2d(maps, 3, 2, "SAME")
    for stage, count in enumerate(blocks):
        for block in range(count):
            stride = 2 if stage and not block else 1
            maps = bottleneck(scope, maps, base << stage, stride, not block, has_kernels)
    return tf.reduce_mean(maps, [1, 2])


def projected(scope: Scope, features: Any, outs: int) -> Any:
    for index in range(3):
        is_last, name = index == 2, f"head_contrastive/nl_{index}"
        ins = features.shape[-1]
        kernel = scope.variable(f"{name}/dense/kernel", scope.rng.normal(size=(ins, outs if is_last else ins)) * 0.3)
        normed = f"{name}/batch_normalization"
        features = scope.normed(features @ kernel, relu=not is_last, name=normed, center=not is_last)
    return features


def main(folder: Path, base: int, blocks: list[int], has_kernels: bool, sizes: Any) -> None:
    tf.compat.v1.disable_eager_execution()
    pixels = {size: np.random.default_rng(sum(size)).random((2, *size, 3), np.float32) for size in sizes}
    taken = tf.compat.v1.placeholder(tf.float32, (2, None, None, 3))
    raw, averaged = Scope("", 1), Scope("ema_model/", 2)
    wanted = {}
    for name, scope in (("raw", raw), ("ema", averaged)):
        features = encoded(scope, taken, base, blocks, has_kernels)
        wanted[name] = (features, projected(scope, features, 8))
    dimension = int(wanted["raw"][0].shape[-1])
    scope = Scope("", 3)
    scope.variable("head_supervised/linear_layer/dense/kernel", scope.rng.normal(size=(dimension, 5)))
    scope.variable("head_supervised/linear_layer/dense/bias", np.arange(5))
    scope.variable("base_model/conv2d/kernel/Momentum", np.ones((3, 3, 3, base // 2)))
    tf.compat.v1.get_variable("global_step", initializer=np.int64(STEP))
    found: dict[str, Any] = {"shape": {"blocks": blocks, "width": base / 64, "selective": has_kernels}, "expected": []}
    with tf.compat.v1.Session() as session:
        session.run(tf.compat.v1.global_variables_initializer())
        for name, tensors in wanted.items():
            for size in sizes:
                features, heads = session.run(tensors, {taken: pixels[size]})
                entry = {"weights": name, "size": size, "features": features.tolist(), "projected": heads.tolist()}
                found["expected"].append(entry)
        folder.mkdir(parents=True, exist_ok=True)
        tf.compat.v1.train.Saver().save(session, str(folder / "model.ckpt"), global_step=STEP, write_meta_graph=False)
    (folder / "expected.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--base", type=int, default=2)
    parser.add_argument("--blocks", type=int, nargs="+", default=[2, 1])
    parser.add_argument("--no_kernels", action="store_true")
    parser.add_argument("--side", type=int, help="of one square picture, in place of the three small ones")
    args = parser.parse_args()
    pictures = ((args.side, args.side),) if args.side else SIZES
    main(args.folder, args.base, args.blocks, not args.no_kernels, pictures)
