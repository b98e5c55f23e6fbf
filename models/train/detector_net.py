"""The net that finds plates: f32[n, h, w, 3] in 0..1 -> f32[n, h/8, w/8, 9].

Of each cell: how surely it is a plate's middle, and where the four corners are from it, in cells. Any size that divides
by 32. Whole convolutions: on a processor that multiplies bfloat16 by the tile they train four times faster than layers
that look at each channel alone. On a board's processor neither was measured.
"""

from __future__ import annotations

from typing import Any

import keras

WIDTHS = (24, 48, 96, 128)

layers = keras.layers


def _full(x: Any, width: int, stride: int = 1, size: int = 3) -> Any:
    x = layers.Conv2D(width, size, strides=stride, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.98)(x))


def _block(x: Any, width: int) -> Any:
    y = layers.Conv2D(width, 3, padding="same", use_bias=False)(_full(x, width))
    return layers.ReLU()(layers.add([x, layers.BatchNormalization(momentum=0.98)(y)]))


def _mixed(x: Any, width: int) -> Any:
    return layers.BatchNormalization(momentum=0.98)(layers.Conv2D(width, 1, use_bias=False)(x))


def _joined(near: Any, deep: Any, width: int) -> Any:
    """What lies deeper, twice as large, added to what is near."""
    return layers.ReLU()(layers.add([_mixed(near, width), layers.UpSampling2D(2, interpolation="nearest")(deep)]))


def detector_net(height: int | None = None, width: int | None = None) -> keras.Model:
    """Return the net, untrained."""
    first, second, third, last = WIDTHS
    picture = keras.Input((height, width, 3), name="picture")
    x = _full(_full(picture, first, 4, 7), first)
    eighth = _block(_block(_full(x, second, 2), second), second)
    sixteenth = _block(_block(_full(eighth, third, 2), third), third)
    deep = _block(_block(_full(sixteenth, last, 2), last), last)
    up = _block(_joined(sixteenth, _mixed(deep, second), second), second)
    up = _full(_block(_joined(eighth, up, second), second), second)
    heat = layers.Conv2D(1, 1, bias_initializer=keras.initializers.Constant(-4.0))(up)
    corners = layers.Conv2D(8, 1)(up)
    found = layers.Activation("linear", dtype="float32")(layers.concatenate([heat, corners]))
    return keras.Model(picture, found, name="plate_detector")
