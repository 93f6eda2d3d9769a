"""Turns the tensors of a BERT-like encoder into an int8 ONNX graph. Called by cli.weights.prepare.

The graph takes `tokens` (batch, length, dimension), rows of the token table, which has a file of its own, and
`attention_mask` (batch, length). It gives `embedding` (batch, dimension): the mean of the last layer over the
mask, at unit length. It is written node by node from numpy arrays, so neither torch nor an exporter is needed
and the same tensors always give the same bytes. Matrices are int8 with a scale per output column; activations
are quantised as they come. Nodes of the domain `com.microsoft` are onnxruntime's own fused kernels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from shared.embedders.token_table import TABLE_FILE, row_type

Floats = NDArray[np.float32]
FUSED = "com.microsoft"
GRAPH_FILE = "model.onnx"
# The large tensors lie outside the graph, and onnxruntime maps that file into memory: once the matrices are
# packed for the processor, they take none.
TENSORS_FILE = "tensors.bin"
PAGE = 4096  # bytes: tensors of this size and more, each from the beginning of a page


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """A trained encoder. Tensor names are those of Hugging Face's BERT; matrices are (out, in)."""

    tensors: Mapping[str, Floats]
    heads: int
    layers: int
    epsilon: float


def write_graph(encoder: Encoder, folder: Path) -> None:
    """GRAPH_FILE, TENSORS_FILE and TABLE_FILE in `folder`."""
    graph = _Graph(encoder)
    hidden = graph.token_embeddings()
    for layer in range(encoder.layers):
        hidden = graph.encoder_layer(hidden, f"encoder.layer.{layer}.")
    graph.mean_pool(hidden)
    (folder / GRAPH_FILE).write_bytes(graph.model().SerializeToString(deterministic=True))
    (folder / TENSORS_FILE).write_bytes(graph.outside)
    (folder / TABLE_FILE).write_bytes(_token_table(encoder.tensors["embeddings.word_embeddings.weight"]))


def _token_table(matrix: Floats) -> bytes:
    values, scales = _quantised_rows(matrix)
    rows = np.empty(len(matrix), row_type(matrix.shape[1]))
    rows["values"], rows["scale"] = values, scales[:, 0]
    return rows.tobytes()


def _quantised_rows(matrix: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Symmetric int8 with one scale per row: matrix ≈ values * scales."""
    scales = np.maximum(np.abs(matrix).max(axis=1, keepdims=True), 1e-12) / 127.0
    return np.rint(matrix / scales).astype(np.int8), scales.astype(np.float32)


class _Graph:
    """Nodes and constants in the making; each method adds some and returns the name of its output."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self.outside = bytearray()
        self._width = encoder.tensors["embeddings.position_embeddings.weight"].shape[1]

    def token_embeddings(self) -> str:
        tensors = self._encoder.tensors
        positions = self._constant(
            "positions",
            tensors["embeddings.position_embeddings.weight"]
            + tensors["embeddings.token_type_embeddings.weight"][0],
        )
        length = self._add("Shape", ["tokens"], start=1, end=2)
        first = self._integers("first", [0])
        used = self._add("Slice", [positions, first, length, first])
        return self._layer_norm(self._add("Add", ["tokens", used]), "embeddings.LayerNorm")

    def encoder_layer(self, hidden: str, prefix: str) -> str:
        attended = self._linear(self._attention(hidden, prefix), prefix + "attention.output.dense")
        hidden = self._layer_norm(self._add("Add", [hidden, attended]), prefix + "attention.output.LayerNorm")
        inner = self._add("Gelu", [self._linear(hidden, prefix + "intermediate.dense")], domain=FUSED)
        outer = self._linear(inner, prefix + "output.dense")
        return self._layer_norm(self._add("Add", [hidden, outer]), prefix + "output.LayerNorm")

    def mean_pool(self, hidden: str) -> None:
        last = self._integers("last_axis", [-1])
        mask = self._add("Cast", ["attention_mask"], to=TensorProto.FLOAT)
        masked = self._add("Mul", [hidden, self._add("Unsqueeze", [mask, last])])
        # The sum over the mask points where the mean does, and only the direction counts.
        total = self._add("ReduceSum", [masked, self._integers("length_axis", [1])], keepdims=0)
        norm = self._add("ReduceL2", [total, last], keepdims=1)
        self._nodes.append(helper.make_node("Div", [total, norm], ["embedding"]))

    def model(self) -> onnx.ModelProto:
        inputs = [
            helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["batch", "length", self._width]),
            helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["batch", "length"]),
        ]
        output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", self._width])
        graph = helper.make_graph(self._nodes, "encoder", inputs, [output], self._constants)
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid(FUSED, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9)

    def _attention(self, hidden: str, prefix: str) -> str:
        parts = [f"{prefix}attention.self.{part}" for part in ("query", "key", "value")]
        tensors = self._encoder.tensors
        weight = np.concatenate([tensors[part + ".weight"] for part in parts])
        bias = np.concatenate([tensors[part + ".bias"] for part in parts])
        joined = self._matmul(hidden, weight, bias, prefix + "qkv")
        split = [f"{prefix}{part}" for part in ("q", "k", "v")]
        self._nodes.append(helper.make_node("Split", [joined], split, axis=-1, num_outputs=3))
        mask = self._mask()
        return self._add(
            "MultiHeadAttention", [*split, "", mask], domain=FUSED, num_heads=self._encoder.heads
        )

    def _mask(self) -> str:
        if not any("mask_int32" in node.output for node in self._nodes):
            node = helper.make_node("Cast", ["attention_mask"], ["mask_int32"], to=TensorProto.INT32)
            self._nodes.append(node)
        return "mask_int32"

    def _linear(self, hidden: str, name: str) -> str:
        tensors = self._encoder.tensors
        return self._matmul(hidden, tensors[name + ".weight"], tensors[name + ".bias"], name)

    def _matmul(self, hidden: str, weight: Floats, bias: Floats, name: str) -> str:
        values, scales = _quantised_rows(weight)
        inputs = [
            hidden,
            self._constant(name + ".weight", np.ascontiguousarray(values.T)),
            self._constant(name + ".scales", scales[:, 0]),
            "",  # symmetric: no zero point
            self._constant(name + ".bias", bias),
        ]
        return self._add("DynamicQuantizeMatMul", inputs, domain=FUSED)

    def _layer_norm(self, hidden: str, name: str) -> str:
        weight = self._constant(name + ".weight", self._encoder.tensors[name + ".weight"])
        bias = self._constant(name + ".bias", self._encoder.tensors[name + ".bias"])
        return self._add("LayerNormalization", [hidden, weight, bias], epsilon=self._encoder.epsilon)

    def _integers(self, name: str, values: list[int]) -> str:
        return self._constant(name, np.array(values, np.int64))

    def _constant(self, name: str, values: NDArray[np.generic]) -> str:
        if not any(tensor.name == name for tensor in self._constants):
            values = np.ascontiguousarray(values)
            is_large = values.nbytes >= PAGE
            make = self._tensor_outside if is_large else numpy_helper.from_array
            self._constants.append(make(values, name))
        return name

    def _tensor_outside(self, values: NDArray[np.generic], name: str) -> onnx.TensorProto:
        self.outside += bytes(-len(self.outside) % PAGE)
        tensor = TensorProto(name=name, dims=values.shape)
        tensor.data_type = helper.np_dtype_to_tensor_dtype(values.dtype)
        tensor.data_location = TensorProto.EXTERNAL
        place = {"location": TENSORS_FILE, "offset": len(self.outside), "length": values.nbytes}
        for key, value in place.items():
            tensor.external_data.add(key=key, value=str(value))
        self.outside += values.tobytes()
        return tensor

    def _add(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        output = f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output
