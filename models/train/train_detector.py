"""Trains the detector of plates: `python -m models.train.train_detector DATA OUT`. Seeded; goes on where it ended."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from models.drawn.plate import any_plate
from models.train import scenes
from models.train.loop import Rates, Training, TrainingError, demand

SIZE = 24
KEEP_EVERY = 250
RATES = Rates(2e-3, 1e-5, 300)
CORNERS = 0.25  # the weight of corners beside the heat
DRAWN = 6_000


def feed(data: Path, seed: int, _done: int, queue: Any) -> None:
    """Put batches into the queue, without end."""
    os.nice(5)
    train = data / "train"
    chance = np.random.default_rng(seed)
    real = scenes.labelled(train / "scenes_cn") + scenes.labelled(train / "scenes_ccpd") * 2
    plates = [any_plate(chance, scenes.KINDS, 0.4) for _ in range(DRAWN)]
    cells = scenes.SIDE // scenes.STRIDE
    while True:
        pictures = np.empty((SIZE, scenes.SIDE, scenes.SIDE, 3), np.uint8)
        answers = np.empty((SIZE, cells, cells, 10), np.float32)
        for index in range(SIZE):
            pictures[index], quads = scenes.sample(chance, real, plates)
            heat, corners, weight = scenes.targets(quads)
            answers[index] = np.concatenate([heat[..., None], weight[..., None], corners], axis=-1)
        queue.put((pictures, answers))


def losses(found: Any, answers: Any) -> tuple[Any, Any]:
    """(of the middles, of the corners). The middles' after X. Zhou et al., Objects as Points, 2019."""
    import tensorflow as tf

    heat, weight, corners = answers[..., 0], answers[..., 1], answers[..., 2:]
    score = tf.clip_by_value(tf.sigmoid(found[..., 0]), 1e-5, 1 - 1e-5)
    peak = tf.cast(heat > 0.999, tf.float32)
    one = -peak * (1 - score) ** 2 * tf.math.log(score)
    none = -(1 - peak) * (1 - heat) ** 4 * score**2 * tf.math.log(1 - score)
    away = tf.reduce_sum(tf.abs(found[..., 1:] - corners), -1) * weight
    many = tf.maximum(1.0, tf.reduce_sum(tf.cast(weight > 0, tf.float32)))
    return tf.reduce_sum(one + none) / tf.maximum(1.0, tf.reduce_sum(peak)), tf.reduce_sum(away) / many


def train(data: Path, out: Path, steps: int, seed: int, say: Callable[[str], None]) -> None:
    """Train to `steps`; keeps a state beside the weights each 250 steps."""
    import keras
    import tensorflow as tf

    from models.train.detector_net import detector_net

    keras.utils.set_random_seed(seed)
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    net = detector_net()
    training = Training(net, out, RATES, seed)

    @tf.function
    def learn(pictures: Any, answers: Any) -> Any:
        with tf.GradientTape() as tape:
            marks, where = losses(net(tf.cast(pictures, tf.float32) / 255, training=True), answers)
            loss = marks + CORNERS * where
        training.apply(tape, loss)
        return marks, where

    training.run(steps, feed, (data,), learn, "detector", KEEP_EVERY, lambda: None, say)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=6_000, help="of 24 pictures each")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    try:
        demand([given.data / "train" / name for name in ("scenes_cn", "scenes_ccpd")])
        given.out.mkdir(parents=True, exist_ok=True)
        train(given.data, given.out, given.steps, given.seed, lambda line: print(line, flush=True))
    except TrainingError as error:
        print(f"train: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
