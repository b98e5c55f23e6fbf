"""An SSD that was published for TensorFlow.js, as TFLite: without TensorFlow, only with the classes that are wanted.

The graph (`model.json` and its shards) is TensorFlow's, frozen. Its loop that scales pictures and its last part that
makes boxes of answers are left out: `models/letterbox.py` and `models/ssd.py` do that. Batch norms become part of their
convolutions, as TensorFlow's own converter does it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.tflite_file import Made, Network

INPUT, SIZE = "Preprocessor/sub", 300
HEADS = 6
FOLDED = ("Relu6", "Add", "BiasAdd", "Mul", "FusedBatchNorm")  # what may become part of a convolution
NODES_MAX = 5000


class GraphError(ValueError):
    """The graph is not the kind of SSD that can be turned into TFLite here."""


class _Node(msgspec.Struct):
    name: str
    op: str
    input: list[str] = []
    attr: dict[str, Any] = {}


class _Topology(msgspec.Struct):
    node: list[_Node]


class _Weight(msgspec.Struct):
    name: str
    shape: list[int]
    dtype: str


class _Shards(msgspec.Struct):
    paths: list[str]
    weights: list[_Weight]


class _Graph(msgspec.Struct):
    modelTopology: _Topology
    weightsManifest: list[_Shards]


@dataclass
class _Folded:
    """A convolution that is not written yet: what follows it may still become part of it."""

    name: str
    source: Made
    weights: NDArray[np.float64]
    stride: int
    depthwise: bool
    bias: NDArray[np.float64] = field(init=False)
    more: Made | None = None  # what is added to it
    relu6: bool = False

    def __post_init__(self) -> None:
        self.bias = np.zeros(self.weights.shape[2] if self.depthwise else self.weights.shape[3])

    def times(self, factors: NDArray[np.float64]) -> None:
        self.weights = self.weights * (factors[:, None] if self.depthwise else factors)
        self.bias = self.bias * factors


def converted(folder: Path, classes: list[int]) -> bytes:
    """The SSD in a folder as TFLite: f32[1,300,300,3] in -1..1 -> boxes f32[1,1917,4] and scores
    f32[1,1917,len(classes)] before the sigmoid.

    `classes`: which of the graph's classes, in this order. Raises GraphError where it is another kind of graph.
    """
    try:
        graph = msgspec.json.decode((folder / "model.json").read_bytes(), type=_Graph)
    except (OSError, msgspec.DecodeError) as error:
        raise GraphError(f"{folder / 'model.json'} cannot be read: {error}") from error
    if len(graph.modelTopology.node) > NODES_MAX:
        raise GraphError(f"the graph has more than {NODES_MAX} nodes")
    return _Conversion(graph.modelTopology.node, _weights(folder, graph), classes).written()


def _weights(folder: Path, graph: _Graph) -> dict[str, NDArray[Any]]:
    """All constants, from the shards one after the other."""
    found: dict[str, NDArray[Any]] = {}
    for group in graph.weightsManifest:
        try:
            content = b"".join((folder / name).read_bytes() for name in group.paths)
        except OSError as error:
            raise GraphError(f"a shard of the weights cannot be read: {error}") from error
        start = 0
        for each in group.weights:
            kind = {"float32": "<f4", "int32": "<i4"}.get(each.dtype)
            if kind is None:
                raise GraphError(f"the weight {each.name} is of {each.dtype}")
            end = start + 4 * int(np.prod(each.shape, dtype=np.int64))
            if end > len(content):
                raise GraphError(f"the shards end within the weight {each.name}")
            found[each.name] = np.frombuffer(content[start:end], kind).reshape(each.shape)
            start = end
    return found


class _Conversion:
    """One graph on its way into a network."""

    def __init__(self, nodes: list[_Node], weights: dict[str, NDArray[Any]], classes: list[int]) -> None:
        self._nodes = {each.name: each for each in nodes}
        self._weights = weights
        self._classes = classes
        self._used = Counter(name for each in nodes for name in each.input)
        self._network = Network()
        self._input = self._network.value("input", (1, SIZE, SIZE, 3))
        self._made: dict[str, Made] = {INPUT: self._input}

    def written(self) -> bytes:
        boxes = self._network.concatenated(
            "boxes", [self._head(each, "BoxEncodingPredictor", 4) for each in range(HEADS)]
        )
        scores = self._network.concatenated(
            "scores", [self._head(each, "ClassPredictor", len(self._classes)) for each in range(HEADS)]
        )
        return self._network.written([self._input], [boxes, scores], "SSD, converted by Menshen")

    def _head(self, number: int, kind: str, wide: int) -> Made:
        """The answers of one size of cells: f32[1, cells x shapes, wide]."""
        name = f"BoxPredictor_{number}/{kind}/BiasAdd"
        folded = self._folded(name)
        if kind == "ClassPredictor":
            shapes = self._boxes_a_cell(number)
            every = len(folded.bias) // shapes
            if not all(0 <= each < every for each in self._classes):
                raise GraphError(f"the graph has {every} classes")
            kept = [shape * every + each for shape in range(shapes) for each in self._classes]
            folded.weights, folded.bias = folded.weights[..., kept], folded.bias[kept]
        made = self._write(name, folded)
        return self._network.reshaped(f"{name}/flat", made, (1, int(np.prod(made.shape)) // wide, wide))

    def _boxes_a_cell(self, number: int) -> int:
        return int(self._constant(f"BoxPredictor_{number}/BoxEncodingPredictor/biases").size) // 4

    def _value(self, name: str) -> Made:
        """What a node computes, in the network."""
        if name not in self._made:
            self._made[name] = self._write(name, self._folded(name))
        return self._made[name]

    def _write(self, name: str, folded: _Folded) -> Made:
        weights, bias = folded.weights.astype(np.float32), folded.bias.astype(np.float32)
        add = self._network.depthwise if folded.depthwise else self._network.convolution
        if folded.more is None:
            return add(name, folded.source, weights, bias, folded.stride, folded.relu6)
        part = add(f"{name}/part", folded.source, weights, bias, folded.stride, False)
        return self._network.sum(name, part, folded.more)

    def _folded(self, name: str) -> _Folded:
        """A node and the convolution before it, as one convolution."""
        node = self._node(name)
        if node.op in ("Conv2D", "DepthwiseConv2dNative"):
            kernel = self._constant(node.input[1]).astype(np.float64)
            return _Folded(name, self._value(node.input[0]), kernel, self._stride(node), node.op != "Conv2D")
        if node.op == "AddN" and len(node.input) == 2:
            folded, more = self._only(node.input[0]), self._value(node.input[1])
            if folded.more is not None or folded.relu6:
                raise GraphError(f"{name} adds to what was added already")
            folded.more = more
            return folded
        if node.op not in FOLDED:
            raise GraphError(f"{name}: a {node.op} cannot be part of a convolution")
        constants = [each for each in node.input if each in self._weights]
        others = [each for each in node.input if each not in self._weights]
        if len(others) != 1:
            raise GraphError(f"{name} is a {node.op} of {len(others)} tensors")
        folded = self._only(others[0])
        if folded.relu6:
            raise GraphError(f"{name} comes after what cannot be folded")
        self._apply(node, folded, [self._constant(each).astype(np.float64) for each in constants])
        return folded

    def _apply(self, node: _Node, folded: _Folded, constants: list[NDArray[np.float64]]) -> None:
        """Make an operation with constants part of a convolution."""
        if node.op == "Relu6" and folded.more is None:
            folded.relu6 = True
        elif node.op in ("Add", "BiasAdd"):
            folded.bias = folded.bias + constants[0]
        elif node.op == "Mul" and folded.more is None:
            folded.times(constants[0])
        elif node.op == "FusedBatchNorm" and folded.more is None:
            scale, offset, mean, variance = constants
            factors = scale / np.sqrt(variance + float(node.attr["epsilon"]["f"]))
            folded.times(factors)
            folded.bias = folded.bias + (offset - mean * factors)
        else:
            raise GraphError(f"{node.name}: a {node.op} cannot be part of a convolution")

    def _only(self, name: str) -> _Folded:
        """As `_folded`, of what one node alone uses: else it would be computed twice."""
        if self._used[name] != 1:
            raise GraphError(f"{name} is used {self._used[name]} times")
        return self._folded(name)

    def _stride(self, node: _Node) -> int:
        """Raises GraphError where the windows are not as they are written here."""
        strides = [int(each) for each in node.attr["strides"]["list"]["i"]]
        spread = [int(each) for each in node.attr.get("dilations", {}).get("list", {}).get("i", [1])]
        padding = bytes(node.attr["padding"]["s"])
        if strides[1] != strides[2] or set(spread) != {1} or padding != b"SAME":
            raise GraphError(f"{node.name} has windows of another kind")
        return strides[1]

    def _node(self, name: str) -> _Node:
        try:
            return self._nodes[name]
        except KeyError:
            raise GraphError(f"the graph has no {name}") from None

    def _constant(self, name: str) -> NDArray[Any]:
        try:
            return self._weights[name]
        except KeyError:
            raise GraphError(f"the graph has no weight {name}") from None
