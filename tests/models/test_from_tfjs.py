"""From a graph of TensorFlow.js to TFLite: the network answers what the graph's operations say, done by numpy."""

import json

import numpy as np
import pytest

from models.from_tfjs import HEADS, SIZE, GraphError, converted
from models.interpreter import RUNTIMES, Loaded, runtimes

CLASSES = 5
SHAPES = 2  # boxes a cell
CHANCE = np.random.default_rng(3)


def ints(values):
    return {"list": {"i": [str(each) for each in values]}}


def windows(stride, padding="SAME"):
    return {
        "strides": ints([1, stride, stride, 1]),
        "dilations": ints([1, 1, 1, 1]),
        "padding": {"s": list(padding.encode())},
    }


class Graph:
    """A small SSD: six heads of strided 1 x 1 convolutions, the first after a chain with everything that is folded."""

    def __init__(self):
        self.nodes = [{"name": "Preprocessor/sub", "op": "Sub", "input": ["image", "one"], "attr": {}}]
        self.weights = {}
        self.chain()
        for number in range(HEADS):
            source = "chain/sum" if number == 0 else "Preprocessor/sub"
            channels = 4 if number == 0 else 3
            for kind, wide in (("BoxEncodingPredictor", 4), ("ClassPredictor", CLASSES)):
                name = f"BoxPredictor_{number}/{kind}"
                self.constant(f"{name}/weights", (1, 1, channels, SHAPES * wide))
                self.constant(f"{name}/biases", (SHAPES * wide,))
                self.node(f"{name}/Conv2D", "Conv2D", [source, f"{name}/weights"], windows(60 + 20 * number))
                self.node(f"{name}/BiasAdd", "BiasAdd", [f"{name}/Conv2D", f"{name}/biases"])

    def chain(self):
        self.constant("first/weights", (1, 1, 3, 4))
        self.constant("first/shift", (4,))
        self.node("first", "Conv2D", ["Preprocessor/sub", "first/weights"], windows(2))
        self.node("first/add", "Add", ["first", "first/shift"])
        self.node("first/relu", "Relu6", ["first/add"])
        self.constant("deep/weights", (3, 3, 4, 1))
        for part in ("gamma", "beta", "mean", "variance"):
            self.constant(f"deep/{part}", (4,))
        self.weights["deep/variance"] = np.abs(self.weights["deep/variance"]) + np.float32(0.5)
        self.node("deep", "DepthwiseConv2dNative", ["first/relu", "deep/weights"], windows(1))
        norm = ["deep", "deep/gamma", "deep/beta", "deep/mean", "deep/variance"]
        self.node("deep/norm", "FusedBatchNorm", norm, {"epsilon": {"f": 0.001}})
        self.node("deep/relu", "Relu6", ["deep/norm"])
        self.constant("last/weights", (1, 1, 4, 4))
        self.constant("last/factor", (4,))
        self.constant("last/shift", (4,))
        self.node("last", "Conv2D", ["deep/relu", "last/weights"], windows(1))
        self.node("last/mul", "Mul", ["last", "last/factor"])
        self.node("leaf", "AddN", ["last/mul", "first/relu"])
        self.node("chain/sum", "Add", ["last/shift", "leaf"])

    def constant(self, name, shape):
        self.weights[name] = CHANCE.normal(0, 1, shape).astype(np.float32)

    def node(self, name, op, inputs, attributes=None):
        self.nodes.append({"name": name, "op": op, "input": inputs, "attr": attributes or {}})

    def write(self, folder):
        listed = [{"name": name, "shape": list(each.shape), "dtype": "float32"} for name, each in self.weights.items()]
        content = b"".join(each.astype("<f4").tobytes() for each in self.weights.values())
        (folder / "shard1").write_bytes(content[:100])
        (folder / "shard2").write_bytes(content[100:])
        graph = {
            "modelTopology": {"node": self.nodes},
            "weightsManifest": [{"paths": ["shard1", "shard2"], "weights": listed}],
        }
        (folder / "model.json").write_text(json.dumps(graph), encoding="utf-8")

    def answer(self, picture, classes):
        """The graph by numpy: (boxes, scores before the sigmoid)."""
        w = {name: each.astype(np.float64) for name, each in self.weights.items()}
        first = (picture[:, ::2, ::2] @ w["first/weights"][0, 0] + w["first/shift"]).clip(0, 6)
        padded = np.pad(first, ((0, 0), (1, 1), (1, 1), (0, 0)))
        high, wide = first.shape[1:3]
        deep = sum(
            padded[:, y : y + high, x : x + wide] * w["deep/weights"][y, x, :, 0] for y in range(3) for x in range(3)
        )
        deep = (deep - w["deep/mean"]) / np.sqrt(w["deep/variance"] + 0.001) * w["deep/gamma"] + w["deep/beta"]
        last = deep.clip(0, 6) @ w["last/weights"][0, 0] * w["last/factor"] + first + w["last/shift"]
        boxes, scores = [], []
        for number in range(HEADS):
            cells = (last if number == 0 else picture)[:, :: 60 + 20 * number, :: 60 + 20 * number]
            name = f"BoxPredictor_{number}"
            box = cells @ w[f"{name}/BoxEncodingPredictor/weights"][0, 0] + w[f"{name}/BoxEncodingPredictor/biases"]
            score = cells @ w[f"{name}/ClassPredictor/weights"][0, 0] + w[f"{name}/ClassPredictor/biases"]
            boxes.append(box.reshape(1, -1, 4))
            scores.append(score.reshape(1, -1, CLASSES)[..., classes])
        return np.concatenate(boxes, axis=1), np.concatenate(scores, axis=1)


def loaded(content, runtime):
    module = pytest.importorskip(RUNTIMES[runtime])
    return Loaded(module.Interpreter(model_content=content, num_threads=1), runtime)


@pytest.mark.parametrize("runtime", sorted(RUNTIMES))
def test_the_network_answers_as_the_graph(tmp_path, runtime):
    graph = Graph()
    graph.write(tmp_path)
    picture = CHANCE.normal(0, 1, (1, SIZE, SIZE, 3)).astype(np.float32)
    boxes, scores = loaded(converted(tmp_path, [3, 0]), runtime).run(picture)
    expected_boxes, expected_scores = graph.answer(picture.astype(np.float64), [3, 0])
    assert boxes == pytest.approx(expected_boxes, abs=1e-3)
    assert scores == pytest.approx(expected_scores, abs=1e-3)


def test_the_same_graph_gives_the_same_bytes(tmp_path):
    Graph().write(tmp_path)
    assert converted(tmp_path, [1]) == converted(tmp_path, [1])
    assert runtimes()


def spoiled(change):
    graph = Graph()
    change(graph)
    return graph


def named(graph, name):
    return next(each for each in graph.nodes if each["name"] == name)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda graph: named(graph, "last").update(op="MaxPool"), "MaxPool"),
        (lambda graph: named(graph, "first").update(attr=windows(2, "VALID")), "windows"),
        (lambda graph: named(graph, "last/mul").update(input=["last", "nobody"]), "2 tensors"),
        (lambda graph: graph.nodes.remove(named(graph, "last")), "no last"),
        (lambda graph: named(graph, "last/mul").update(op="Relu6", input=["last"]), "adds"),
        (lambda graph: graph.weights.pop("BoxPredictor_5/ClassPredictor/weights"), "tensors|no weight"),
        (lambda graph: graph.nodes.append({"name": "x", "op": "Add", "input": ["last/mul"], "attr": {}}), "2 times"),
    ],
)
def test_another_kind_of_graph_is_refused(tmp_path, change, says):
    spoiled(change).write(tmp_path)
    with pytest.raises(GraphError, match=says):
        converted(tmp_path, [1])


def test_a_class_that_is_not_there_is_refused(tmp_path):
    Graph().write(tmp_path)
    with pytest.raises(GraphError, match="5 classes"):
        converted(tmp_path, [CLASSES])


def test_what_is_cut_off_is_refused(tmp_path):
    Graph().write(tmp_path)
    shard = tmp_path / "shard2"
    shard.write_bytes(shard.read_bytes()[:-4])
    with pytest.raises(GraphError, match="end within"):
        converted(tmp_path, [1])
    shard.unlink()
    with pytest.raises(GraphError, match="shard"):
        converted(tmp_path, [1])
    (tmp_path / "model.json").write_text('{"modelTopology": ', encoding="utf-8")
    with pytest.raises(GraphError, match="cannot be read"):
        converted(tmp_path, [1])
