"""The counts that the fractions of the roofline rest on, and its tables."""

from __future__ import annotations

import pytest

from benchmarks.bench_roofline import (
    INSTRUCTIONS,
    MEMORY,
    Stage,
    lines_of,
    operations_of_network,
    operations_of_vgg16,
)


def test_the_convolutions_of_vgg16_have_the_published_number_of_operations() -> None:
    # Simonyan and Zisserman, 2015: 15.3 billion multiplications and additions in the convolutions at 224 pixels.
    assert operations_of_vgg16(224, 224) == pytest.approx(2 * 15.35e9, rel=0.01)


def test_a_network_is_counted_from_its_shapes(tmp_path) -> None:
    onnx = pytest.importorskip("onnx")
    tensor, helper = onnx.TensorProto, onnx.helper
    kernel = helper.make_tensor("kernel", tensor.FLOAT, (4, 3, 3, 3), [0.0] * 108)
    nodes = [
        helper.make_node("Transpose", ["pixels"], ["turned"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["turned", "kernel"], ["out"], pads=[1, 1, 1, 1]),
    ]
    pixels = helper.make_tensor_value_info("pixels", tensor.FLOAT, (1, "h", "w", 3))
    out = helper.make_tensor_value_info("out", tensor.FLOAT, (1, 4, "h", "w"))
    onnx.save(helper.make_model(helper.make_graph(nodes, "drawn", [pixels], [out], [kernel])), tmp_path / "n.onnx")
    assert operations_of_network(tmp_path / "n.onnx", 10, 20) == 2 * 10 * 20 * 4 * 27


def test_a_stage_is_held_against_the_best_peak_of_the_same_round() -> None:
    slow = Stage("slow", INSTRUCTIONS, 1.0, lambda: None, [1e9, 4e9])
    fast = Stage("fast", INSTRUCTIONS, 1.0, lambda: None, [2e9, 2e9])
    copy = Stage("copy", MEMORY, 1.0, lambda: None, [8e9, 8e9])
    stage = Stage("work", INSTRUCTIONS, 1e9, lambda: None, [1e9, 1e9])
    assert lines_of([slow, fast, copy], [stage])[-1] == f"| work | {INSTRUCTIONS} | 1 | 1.000 | 0.375 |"
