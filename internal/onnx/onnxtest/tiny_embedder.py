"""Writes tiny_embedder.onnx: a face embedder of another kind than the built-in
one (96 x 96, 48 values), with random weights. It tells colours and places
apart, not people. Needs Debian's python3-onnx.

usage: python3 tiny_embedder.py
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(7)


def weights(name, *shape):
    values = rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))
    return numpy_helper.from_array(values.astype(np.float32), name)


graph = helper.make_graph(
    [
        helper.make_node("Conv", ["data", "kernel"], ["maps"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Relu", ["maps"], ["active"]),
        helper.make_node("GlobalAveragePool", ["active"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "dense"], ["fc1"], transB=1),
    ],
    "tiny_embedder",
    [helper.make_tensor_value_info("data", TensorProto.FLOAT, [1, 3, 96, 96])],
    [helper.make_tensor_value_info("fc1", TensorProto.FLOAT, [1, 48])],
    [weights("kernel", 16, 3, 8, 8), weights("dense", 48, 16)],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
model.ir_version = 8
onnx.checker.check_model(model)
onnx.save(model, "tiny_embedder.onnx")
