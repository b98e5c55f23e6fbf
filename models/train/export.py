"""Turns trained weights into TFLite: `python -m models.train.export DATA WEIGHTS... OUT.tflite --net reader`.

Of several states of one training, the mean of their weights. Prints what the manifest should say of it.
int8 keeps inputs and outputs as float32: how pictures become whole numbers is the model's affair, not its user's.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Batch = NDArray[np.float32]
SAMPLES = 300  # pictures that the ranges of whole numbers are taken from
DETECTOR = (384, 640)


def plates(data: Path, seed: int) -> Iterator[Batch]:
    """Pictures such as the reader sees, f32[1, 48, 144, 3]."""
    from models.train import bank
    from models.train.train_reader import SIZE, sources

    chance = np.random.default_rng(seed)
    drawn_from = sources(data, 1_500, seed)
    for _ in range(SAMPLES // SIZE + 1):
        for picture in bank.batch(chance, drawn_from, SIZE, 0.4)[0]:
            yield picture[None].astype(np.float32) / 255


def pictures(data: Path, seed: int) -> Iterator[Batch]:
    """Pictures such as the detector sees, f32[1, 384, 640, 3]."""
    from models.drawn.plate import any_plate
    from models.train import scenes

    chance = np.random.default_rng(seed)
    real = scenes.labelled(data / "train" / "scenes_cn") + scenes.labelled(data / "train" / "scenes_ccpd")
    drawn = [any_plate(chance, scenes.KINDS, 0.4) for _ in range(500)]
    for _ in range(SAMPLES // 3):
        whole = np.full((*DETECTOR, 3), 114, np.uint8)
        whole[:320, :320] = scenes.sample(chance, real, drawn)[0]
        whole[:320, 320:] = scenes.sample(chance, real, drawn)[0]
        yield whole[None].astype(np.float32) / 255


def fixed(kind: str) -> tuple[Any, Callable[[Path, int], Iterator[Batch]]]:
    """The net with its whole input shape, in float32, and what it is shown."""
    import keras

    keras.mixed_precision.set_global_policy("float32")
    if kind == "reader":
        from models.train.reader_net import reader_net

        return reader_net(), plates
    from models.train.detector_net import detector_net

    return detector_net(*DETECTOR), pictures


def answers(net: Any) -> Any:
    """The net's answer, or, of several that it lays together at its end, each: in int8 each has a scale of its own."""
    import keras

    for layer in net.layers:
        if isinstance(layer, keras.layers.Concatenate):
            return keras.Model(net.input, layer.input)
    return net


def load_mean(net: Any, weights: Sequence[Path]) -> None:
    """Give the net the mean of the weights of several files."""
    states = []
    for each in weights:
        net.load_weights(str(each))
        states.append(net.get_weights())
    net.set_weights([np.mean(parts, axis=0) for parts in zip(*states, strict=True)])


def export(data: Path, weights: Sequence[Path], out: Path, kind: str, how: str, seed: int) -> dict[str, object]:
    """Write the TFLite file; returns what the manifest should say of it."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    net, shown = fixed(kind)
    load_mean(net, weights)
    told = answers(net)

    @tf.function(input_signature=[tf.TensorSpec((1, *net.input_shape[1:]), tf.float32, name="picture")])
    def answer(picture: Any) -> Any:
        return told(picture, training=False)

    # With its weights as constants: left as variables, TensorFlow 2.21 writes a file without any.
    frozen = convert_variables_to_constants_v2(answer.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    if how != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if how == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if how == "int8":
        converter.representative_dataset = lambda: ([each] for each in shown(data, seed))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
    content = converter.convert()
    if len(content) < net.count_params():
        raise RuntimeError(f"{len(content)} bytes cannot hold {net.count_params()} weights")
    part = out.with_name(out.name + ".part")
    part.write_bytes(content)
    part.replace(out)  # whole or not at all
    return {"file": out.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path, nargs="+")
    parser.add_argument("out", type=Path)
    parser.add_argument("--net", choices=("reader", "detector"), required=True)
    parser.add_argument("--how", choices=("int8", "float16", "float32"), default="float16")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    print(json.dumps(export(given.data, given.weights, given.out, given.net, given.how, given.seed)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
