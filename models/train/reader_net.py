"""The net that reads plates: f32[n, 48, 144, 3] in 0..1 -> f32[n, 36, 75], at 36 places a score of each character.

Convolutions only, so that it quantises well and runs alike on both runtimes. The height is folded away by the last of
them; what lies beside a place is seen by two long ones.
"""

from __future__ import annotations

from typing import Any

import keras

from models.plates.alphabet import BLANK
from models.train.bank import HEIGHT, WIDTH

WIDTHS = (24, 48, 80, 128, 192)
PLACES = WIDTH // 4

layers = keras.layers


def _norm(x: Any) -> Any:
    return layers.ReLU()(layers.BatchNormalization(momentum=0.98)(x))


def _down(x: Any, width: int, strides: tuple[int, int]) -> Any:
    return _norm(layers.Conv2D(width, 3, strides=strides, padding="same", use_bias=False)(x))


def _block(x: Any, width: int) -> Any:
    y = _norm(layers.Conv2D(width, 3, padding="same", use_bias=False)(x))
    y = layers.BatchNormalization(momentum=0.98)(layers.Conv2D(width, 3, padding="same", use_bias=False)(y))
    return layers.ReLU()(layers.add([x, y]))


def _along(x: Any, width: int) -> Any:
    y = _norm(layers.Conv2D(width, (1, 7), padding="same", use_bias=False)(x))
    return layers.add([x, y])


def reader_net() -> keras.Model:
    """Return the net, untrained."""
    first, second, third, fourth, last = WIDTHS
    picture = keras.Input((HEIGHT, WIDTH, 3), name="picture")
    x = _down(picture, first, (2, 2))  # 24 x 72
    x = _block(_down(x, second, (2, 2)), second)  # 12 x 36
    x = _block(_down(x, third, (2, 1)), third)  # 6 x 36
    x = _block(_block(_down(x, fourth, (2, 1)), fourth), fourth)  # 3 x 36
    x = _norm(layers.Conv2D(last, (3, 1), use_bias=False)(x))  # 1 x 36
    x = layers.Dropout(0.1)(_along(_along(x, last), last))
    x = layers.Conv2D(BLANK + 1, 1)(x)
    scores = layers.Activation("linear", dtype="float32")(layers.Reshape((PLACES, BLANK + 1))(x))
    return keras.Model(picture, scores, name="plate_reader")
