"""What both trainings share: the rate over the steps, the running mean of weights, a state to go on from, batches."""

from __future__ import annotations

import multiprocessing
import queue
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

MEAN_KEEP = 0.998  # of the running mean of weights, which is what is kept
QUEUE = 12  # batches that wait
LOOK_S = 5.0  # so often it is looked whether the feeder still lives

Learn = Callable[..., Sequence[Any]]


class TrainingError(Exception):
    """A training that cannot go on: why, and what to do."""


def demand(folders: Sequence[Path]) -> None:
    """Raises TrainingError that names each folder without a labels.csv."""
    lacking = [str(folder) for folder in folders if not (folder / "labels.csv").is_file()]
    if lacking:
        raise TrainingError(f"no labels.csv in {', '.join(lacking)}: DATA is the folder that holds train and dev")


def next_batch(batches: Any, feeder: Any, look_s: float = LOOK_S) -> Any:
    """Wait for the next batch. Raises TrainingError when the process that fills the queue has ended."""
    while True:
        lives = feeder.is_alive()
        try:
            return batches.get(timeout=look_s)
        except queue.Empty:
            if not lives:
                raise TrainingError("the process that draws pictures has died: its own words stand above") from None


class Rates(NamedTuple):
    """A warm start of `warm` steps to `top`, then half a cosine down to `last`."""

    top: float
    last: float
    warm: int

    def at(self, step: int, steps: int) -> float:
        if step < self.warm:
            return self.top * (step + 1) / self.warm
        part = (step - self.warm) / max(1, steps - self.warm)
        return self.last + (self.top - self.last) * 0.5 * (1 + float(np.cos(np.pi * min(1.0, part))))


class Training:
    """A net in training. `learn` is given by its owner: one batch in, the losses out, gradients applied."""

    def __init__(self, net: Any, out: Path, rates: Rates, seed: int) -> None:
        import keras
        import tensorflow as tf

        self.net, self.rates, self.seed, self._out = net, rates, seed, out
        self.optimiser = keras.optimizers.AdamW(rates.top, weight_decay=0.01, clipnorm=5.0)
        self.optimiser.build(net.trainable_variables)
        self._mean = [tf.Variable(each, trainable=False) for each in net.trainable_variables]
        self._done = tf.Variable(0, dtype=tf.int64)
        state = tf.train.Checkpoint(net=net, optimiser=self.optimiser, mean=self._mean, done=self._done)
        self._kept = tf.train.CheckpointManager(state, str(out / "state"), 1)
        if self._kept.latest_checkpoint:
            state.restore(self._kept.latest_checkpoint).assert_consumed()

    @property
    def done(self) -> int:
        """Steps."""
        return int(self._done)

    def apply(self, tape: Any, loss: Any) -> None:
        """One step down the gradient, and the mean after it. Called inside of `learn`."""
        import tensorflow as tf

        variables = self.net.trainable_variables
        self.optimiser.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        for old, new in zip(self._mean, variables, strict=True):
            old.assign(MEAN_KEEP * old + (1 - MEAN_KEEP) * tf.cast(new, old.dtype))

    def keep(self, name: str, look: Callable[[], None]) -> None:
        """Write the mean's weights as NAME.weights.h5, look at how good they are, and keep the state."""
        import tensorflow as tf

        own = [tf.identity(each) for each in self.net.trainable_variables]
        for each, average in zip(self.net.trainable_variables, self._mean, strict=True):
            each.assign(average)
        self.net.save_weights(str(self._out / f"{name}.weights.h5"))
        look()
        for each, back in zip(self.net.trainable_variables, own, strict=True):
            each.assign(back)
        self._kept.save()

    def run(
        self,
        steps: int,
        feed: Callable[..., None],
        fed: tuple[Any, ...],
        learn: Learn,
        name: str,
        every: int,
        look: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        """Train up to `steps`. `feed(*fed, seed, done, queue)` fills the queue with batches in a process of its own."""
        import tensorflow as tf

        apart = multiprocessing.get_context("spawn")
        batches: Any = apart.Queue(QUEUE)
        feeder = apart.Process(target=feed, args=(*fed, self.seed + self.done, self.done, batches), daemon=True)
        feeder.start()
        told: list[list[float]] = []
        started = time.monotonic()
        try:
            while self.done < steps:
                self.optimiser.learning_rate.assign(self.rates.at(self.done, steps))
                batch = next_batch(batches, feeder)
                told.append([float(each) for each in learn(*map(tf.constant, batch))])
                self._done.assign_add(1)
                if self.done % 100 == 0:
                    pace = len(told) * len(batch[0]) / (time.monotonic() - started)
                    losses = ", ".join(f"{each:.3f}" for each in np.mean(told, axis=0))
                    say(f"step {self.done} of {steps}: loss {losses}; {pace:.0f} pictures/s")
                    told, started = [], time.monotonic()
                if self.done % every == 0 or self.done == steps:
                    self.keep(name, look)
                    started = time.monotonic()
        finally:
            feeder.terminate()
            feeder.join()
