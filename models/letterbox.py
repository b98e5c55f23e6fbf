"""A picture of any size in the one size that a model takes: scaled as a whole, the rest grey."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.warp import Picture

GREY = 114


class Boxed(NamedTuple):
    """A picture u8[height, width, 3] that holds another one, `scale` times as large, at its left top."""

    picture: Picture
    scale: float


def boxed(picture: Picture, height: int, width: int) -> Boxed:
    """Scale a picture into height x width; never beyond twice its size."""
    scale = min(height / picture.shape[0], width / picture.shape[1], 2.0)
    high, wide = max(1, round(picture.shape[0] * scale)), max(1, round(picture.shape[1] * scale))
    image = Image.fromarray(picture)
    if scale == 0.5 and picture.shape[0] % 2 == 0 and picture.shape[1] % 2 == 0:
        small = image.reduce(2)
    else:
        small = image.resize((wide, high), Image.Resampling.BILINEAR, reducing_gap=2.0)
    whole = np.full((height, width, 3), GREY, np.uint8)
    whole[:high, :wide] = np.asarray(small)
    return Boxed(whole, scale)


def unit(picture: Picture) -> NDArray[np.float32]:
    """u8[h, w, 3] as f32[1, h, w, 3] in 0..1."""
    return np.asarray(picture[None].astype(np.float32) * np.float32(1 / 255))
