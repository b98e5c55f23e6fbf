"""Writes a network as a TFLite file: the few operators that a convolutional SSD needs. The same bytes on every machine.

The format is the flatbuffer schema of TFLite (version 3); its Python classes come with ai-edge-litert.
"""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

IDENTIFIER = b"TFL3"
OPERATORS = {
    "CONV_2D": 1,
    "DEPTHWISE_CONV_2D": 2,
    "ADD": 1,
    "RESHAPE": 1,
    "CONCATENATION": 1,
}  # versions


class Made(NamedTuple):
    """A tensor of the network that is written: its number and its shape."""

    number: int
    shape: tuple[int, ...]


class Network:
    """A network in the making. Tensors and operators are kept in the order in which they were added."""

    def __init__(self) -> None:
        self._schema = importlib.import_module("ai_edge_litert.schema_py_generated")
        self._buffers: list[Any] = [self._schema.BufferT()]  # the first one is empty: tensors without a content
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._codes: list[str] = []

    def value(self, name: str, shape: tuple[int, ...]) -> Made:
        """A tensor f32 that is computed, or given as the input."""
        return self._tensor(name, shape, 0, self._schema.TensorType.FLOAT32)

    def constant(self, name: str, content: NDArray[Any]) -> Made:
        """A tensor that is known: f32 weights, or an i32 shape."""
        kind = self._schema.TensorType.INT32 if content.dtype == np.int32 else self._schema.TensorType.FLOAT32
        buffer = self._schema.BufferT()
        buffer.data = np.frombuffer(
            np.ascontiguousarray(content).astype(content.dtype.newbyteorder("<")).tobytes(), np.uint8
        )
        self._buffers.append(buffer)
        return self._tensor(name, tuple(content.shape), len(self._buffers) - 1, kind)

    def convolution(
        self, name: str, source: Made, weights: NDArray[np.float32], bias: NDArray[np.float32], stride: int, relu6: bool
    ) -> Made:
        """`weights` f32[high, wide, in, out] as TensorFlow has them; padded so that stride 1 keeps the size."""
        options = self._schema.Conv2DOptionsT()
        self._windows(options, stride, relu6)
        inputs = [
            source,
            self.constant(f"{name}/weights", weights.transpose(3, 0, 1, 2)),
            self.constant(f"{name}/bias", bias),
        ]
        made = self.value(name, self._less(source, stride, weights.shape[3]))
        self._operator("CONV_2D", inputs, made, options, "Conv2DOptions")
        return made

    def depthwise(
        self, name: str, source: Made, weights: NDArray[np.float32], bias: NDArray[np.float32], stride: int, relu6: bool
    ) -> Made:
        """`weights` f32[high, wide, channels, 1]: each channel by itself."""
        options = self._schema.DepthwiseConv2DOptionsT()
        self._windows(options, stride, relu6)
        options.depthMultiplier = 1
        inputs = [
            source,
            self.constant(f"{name}/weights", weights.transpose(3, 0, 1, 2)),
            self.constant(f"{name}/bias", bias),
        ]
        made = self.value(name, self._less(source, stride, weights.shape[2]))
        self._operator("DEPTHWISE_CONV_2D", inputs, made, options, "DepthwiseConv2DOptions")
        return made

    def sum(self, name: str, one: Made, other: Made) -> Made:
        """Two tensors of one shape, added."""
        made = self.value(name, one.shape)
        self._operator("ADD", [one, other], made, self._schema.AddOptionsT(), "AddOptions")
        return made

    def reshaped(self, name: str, source: Made, shape: tuple[int, ...]) -> Made:
        made = self.value(name, shape)
        options = self._schema.ReshapeOptionsT()
        options.newShape = list(shape)
        wanted = self.constant(f"{name}/shape", np.array(shape, np.int32))
        self._operator("RESHAPE", [source, wanted], made, options, "ReshapeOptions")
        return made

    def concatenated(self, name: str, sources: list[Made]) -> Made:
        """f32[1, n, c] one after the other, along n."""
        made = self.value(name, (1, sum(each.shape[1] for each in sources), sources[0].shape[2]))
        options = self._schema.ConcatenationOptionsT()
        options.axis = 1
        self._operator("CONCATENATION", sources, made, options, "ConcatenationOptions")
        return made

    def written(self, inputs: list[Made], outputs: list[Made], described: str) -> bytes:
        """The file's content."""
        graph = self._schema.SubGraphT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs, graph.outputs = [each.number for each in inputs], [each.number for each in outputs]
        graph.name = "main"
        model = self._schema.ModelT()
        model.version, model.description = 3, described
        model.subgraphs, model.buffers = [graph], self._buffers
        model.operatorCodes = [self._code(name) for name in self._codes]
        builder = importlib.import_module("flatbuffers").Builder(1024)
        builder.Finish(model.Pack(builder), IDENTIFIER)
        return bytes(builder.Output())

    def _tensor(self, name: str, shape: tuple[int, ...], buffer: int, kind: int) -> Made:
        tensor = self._schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer, tensor.type = name, list(shape), buffer, kind
        self._tensors.append(tensor)
        return Made(len(self._tensors) - 1, shape)

    def _operator(self, code: str, inputs: list[Made], made: Made, options: Any, kind: str) -> None:
        if code not in self._codes:
            self._codes.append(code)
        operator = self._schema.OperatorT()
        operator.opcodeIndex = self._codes.index(code)
        operator.inputs, operator.outputs = [each.number for each in inputs], [made.number]
        operator.builtinOptionsType = getattr(self._schema.BuiltinOptions, kind)
        operator.builtinOptions = options
        self._operators.append(operator)

    def _code(self, name: str) -> Any:
        code = self._schema.OperatorCodeT()
        code.builtinCode = getattr(self._schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = code.builtinCode
        code.version = OPERATORS[name]
        return code

    def _windows(self, options: Any, stride: int, relu6: bool) -> None:
        options.padding = self._schema.Padding.SAME
        options.strideH = options.strideW = stride
        options.dilationHFactor = options.dilationWFactor = 1
        kinds = self._schema.ActivationFunctionType
        options.fusedActivationFunction = kinds.RELU6 if relu6 else kinds.NONE

    @staticmethod
    def _less(source: Made, stride: int, channels: int) -> tuple[int, ...]:
        return (1, -(-source.shape[1] // stride), -(-source.shape[2] // stride), channels)
