"""Trains the reader of plates: `python -m models.train.train_reader DATA OUT`. Seeded; goes on where it was ended.

DATA has the folders train and dev of labelled pictures; dev is only looked at, to say how far it is.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.plates.alphabet import BLANK, CHARACTERS
from models.train import bank
from models.train.loop import Rates, Training, TrainingError, demand

SIZE = 64
KEEP_EVERY = 500  # steps
RATES = Rates(1.5e-3, 1e-5, 300)
EASY = 2_500  # steps in which pictures grow as hard as they will be
CHINESE_CROPS = ("plate_crops_cn", "plate_crops_easypr", "plate_crops_ccpd")
CHINESE_SCENES = ("scenes_cn", "scenes_ccpd")
DEV = ("plate_crops_cn", "plate_crops_easypr", "plate_crops_ccpd", "plate_crops_us")


def sources(data: Path, count: int, seed: int) -> bank.Sources:
    """Draw and load all that training uses."""
    train = data / "train"
    chinese = bank.drawn(count, bank.CHINESE, seed)
    chinese += [bank.rows_in_line(each) for each in bank.drawn(count // 16, bank.DOUBLE, seed + 1)]
    return bank.Sources(
        chinese,
        bank.drawn(count // 2, bank.LATIN, seed + 2),
        bank.evened(
            [plate for name in CHINESE_CROPS for plate in bank.labelled(train / name)]
            + [plate for name in CHINESE_SCENES for plate in bank.in_scenes(train / name)]
        ),
        bank.labelled(train / "plate_crops_us"),
        [ground for name in CHINESE_SCENES for ground in bank.grounds(train / name)],
    )


def feed(data: Path, count: int, real: float, seed: int, done: int, queue: Any) -> None:
    """Put batches into the queue, without end: the process that is fed ends this one."""
    os.nice(5)
    drawn_from = sources(data, count, seed)
    chance = np.random.default_rng(seed + 100)
    while True:
        ready = min(1.0, done / EASY)
        queue.put(bank.batch(chance, drawn_from, SIZE, real * min(1.0, 0.2 + ready), ready))
        done += 1


def greedy(scores: NDArray[np.float32]) -> str:
    """The best character of each place, repeats and blanks left out."""
    best = scores.argmax(axis=-1)
    kept = [each for index, each in enumerate(best) if each != BLANK and (index == 0 or each != best[index - 1])]
    return "".join(CHARACTERS[each] for each in kept)


def look(net: Any, data: Path) -> dict[str, float]:
    """Percent of the crops of each dev folder that are read exactly, without any syntax."""
    exact = {}
    for name in DEV:
        plates = bank.labelled(data / "dev" / name)
        pictures = np.stack([bank.sized(each.picture) for each in plates])
        scores = np.asarray(net(pictures.astype(np.float32) / 255, training=False))
        right = [greedy(one) == each.text for one, each in zip(scores, plates, strict=True)]
        exact[name] = round(100 * float(np.mean(right)), 1)
    return exact


def train(data: Path, out: Path, steps: int, count: int, seed: int, real: float, say: Callable[[str], None]) -> None:
    """Train to `steps`; keeps a state beside the weights each 500 steps."""
    import keras
    import tensorflow as tf

    from models.train.reader_net import reader_net

    keras.utils.set_random_seed(seed)
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    net = reader_net()
    training = Training(net, out, RATES, seed)

    @tf.function
    def learn(pictures: Any, labels: Any, lengths: Any) -> Any:
        with tf.GradientTape() as tape:
            scores = net(tf.cast(pictures, tf.float32) / 255, training=True)
            places = tf.fill([tf.shape(scores)[0]], tf.shape(scores)[1])
            losses = tf.nn.ctc_loss(labels, scores, lengths, places, logits_time_major=False, blank_index=BLANK)
            loss = tf.reduce_mean(losses)
        training.apply(tape, loss)
        return (loss,)

    def how_far() -> None:
        say(json.dumps({"step": training.done, **look(net, data)}))

    training.run(steps, feed, (data, count, real), learn, "reader", KEEP_EVERY, how_far, say)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=12_000, help="of 64 pictures each")
    parser.add_argument(
        "--drawn", type=int, default=24_000, help="Chinese plates that are drawn; half as many Latin ones"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", type=float, default=0.25, help="share of real pictures")
    given = parser.parse_args()
    needed = [given.data / "train" / name for name in (*CHINESE_CROPS, *CHINESE_SCENES, "plate_crops_us")]
    try:
        demand([*needed, *(given.data / "dev" / name for name in DEV)])
        given.out.mkdir(parents=True, exist_ok=True)
        train(
            given.data,
            given.out,
            given.steps,
            given.drawn,
            given.seed,
            given.real,
            lambda line: print(line, flush=True),
        )
    except TrainingError as error:
        print(f"train: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
