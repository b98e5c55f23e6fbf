"""One way to run a model, on ai-edge-litert or on tflite-runtime, whichever is here; its weights are proven first."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.manifest import ModelError, weights

RUNTIMES = {"ai-edge-litert": "ai_edge_litert.interpreter", "tflite-runtime": "tflite_runtime.interpreter"}


class Scale(NamedTuple):
    """How whole numbers stand for values: value = scale * (number - zero). scale 0: they are values already."""

    scale: float
    zero: int


class Loaded:
    """A model that is ready to run. Not for two threads at once."""

    def __init__(self, interpreter: Any, runtime: str) -> None:
        self.runtime = runtime
        self._interpreter = interpreter
        interpreter.allocate_tensors()
        self._input = interpreter.get_input_details()[0]
        self._outputs = sorted(interpreter.get_output_details(), key=lambda each: str(each["name"]))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the input."""
        return tuple(int(each) for each in self._input["shape"])

    def run(self, values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Answer for one input of `shape`; outputs in the order of their names. Raises ValueError on another shape."""
        if values.shape != self.shape:
            raise ValueError(f"the model takes {self.shape}, not {values.shape}")
        self._interpreter.set_tensor(self._input["index"], _coded(values, self._input))
        self._interpreter.invoke()
        return [_decoded(self._interpreter.get_tensor(each["index"]), each) for each in self._outputs]


def runtimes() -> list[str]:
    """The runtimes that are installed here, the preferred one first."""
    found = []
    for name, module in RUNTIMES.items():
        try:
            importlib.import_module(module)
        except ImportError:
            continue
        found.append(name)
    return found


def load_interpreter(name: str, runtime: str | None = None, threads: int = 1) -> Loaded:
    """Load a model of the manifest. `runtime`: a certain one, else the first that is installed.

    Raises ModelError where the model is not what the manifest says, or no runtime is installed.
    """
    content = weights(name)
    chosen: Sequence[str] = runtimes() if runtime is None else [runtime]
    if not chosen:
        text = "neither ai-edge-litert nor tflite-runtime is installed: install menshen[vision]"
        raise ModelError(text, "no_runtime")
    try:
        module = importlib.import_module(RUNTIMES[chosen[0]])
    except (KeyError, ImportError) as error:
        here = ", ".join(runtimes()) or "-"
        text = f"the runtime {chosen[0]!r} is not installed; here are: {here}"
        raise ModelError(text, "other_runtime", runtime=chosen[0], here=here) from error
    return Loaded(module.Interpreter(model_content=content, num_threads=threads), chosen[0])


def _scale(details: dict[str, Any]) -> Scale:
    scale, zero = details["quantization"]
    return Scale(float(scale), int(zero))


def _coded(values: NDArray[np.float32], details: dict[str, Any]) -> NDArray[Any]:
    kind = details["dtype"]
    if kind == np.float32:
        return values
    scale = _scale(details)
    limits = np.iinfo(kind)
    return np.asarray(np.rint(values / scale.scale + scale.zero).clip(limits.min, limits.max).astype(kind))


def _decoded(numbers: NDArray[Any], details: dict[str, Any]) -> NDArray[np.float32]:
    if numbers.dtype == np.float32:
        return np.asarray(numbers)
    scale = _scale(details)
    return np.asarray(((numbers.astype(np.float32) - scale.zero) * scale.scale).astype(np.float32))
