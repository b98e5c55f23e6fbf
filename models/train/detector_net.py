"""The net that finds plates: f32[n, h, w, 3] in 0..1 -> f32[n, h/8, w/8, 9].

Of each cell: how surely it is a plate's middle, and where the four corners are from it, in cells. Any size that divides
by 32. Small: most of its layers look at each channel alone and then mix them.
"""

from __future__ import annotations

from typing import Any

import keras

WIDTHS = (16, 32, 64, 96, 128)

layers = keras.layers


def _norm(x: Any) -> Any:
    return layers.ReLU(max_value=6.0)(layers.BatchNormalization(momentum=0.98)(x))


def _full(x: Any, width: int, stride: int = 1) -> Any:
    return _norm(layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False)(x))


def _apart(x: Any, width: int, stride: int = 1, size: int = 3) -> Any:
    x = _norm(layers.DepthwiseConv2D(size, strides=stride, padding="same", use_bias=False)(x))
    return layers.BatchNormalization(momentum=0.98)(layers.Conv2D(width, 1, use_bias=False)(x))


def _block(x: Any, width: int) -> Any:
    wide = _norm(layers.Conv2D(2 * width, 1, use_bias=False)(x))
    return layers.add([x, _apart(wide, width, size=5)])


def _mixed(x: Any, width: int) -> Any:
    return layers.BatchNormalization(momentum=0.98)(layers.Conv2D(width, 1, use_bias=False)(x))


def detector_net(height: int | None = None, width: int | None = None) -> keras.Model:
    """Return the net, untrained."""
    first, second, third, fourth, last = WIDTHS
    picture = keras.Input((height, width, 3), name="picture")
    x = _full(picture, first, 2)
    x = _norm(_apart(x, second, 2))
    x = _block(x, second)
    eighth = _norm(_apart(x, third, 2))
    for _ in range(2):
        eighth = _block(eighth, third)
    sixteenth = _norm(_apart(eighth, fourth, 2))
    for _ in range(3):
        sixteenth = _block(sixteenth, fourth)
    deep = _norm(_apart(sixteenth, last, 2))
    for _ in range(3):
        deep = _block(deep, last)
    up = layers.add([_mixed(sixteenth, third), layers.UpSampling2D(2, interpolation="nearest")(_mixed(deep, third))])
    up = _block(layers.ReLU()(up), third)
    up = layers.add([_mixed(eighth, third), layers.UpSampling2D(2, interpolation="nearest")(up)])
    up = _block(layers.ReLU()(up), third)
    up = _full(up, third)
    heat = layers.Conv2D(1, 1, bias_initializer=keras.initializers.Constant(-4.0))(up)
    corners = layers.Conv2D(8, 1)(up)
    found = layers.Activation("linear", dtype="float32")(layers.concatenate([heat, corners]))
    return keras.Model(picture, found, name="plate_detector")
