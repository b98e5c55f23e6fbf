"""What a face looks like in 192 numbers, and how alike two are. Templates are such numbers; nothing is kept here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.interpreter import Loaded
from models.warp import Picture

LENGTH = 192
Embedding = NDArray[np.float32]  # f32[192], of length 1


def embed(model: Loaded, face: Picture) -> Embedding:
    """The embedding of a straightened face u8[112, 112, 3]. Raises ValueError where the model says nothing of it."""
    (answer,) = model.run((face[None].astype(np.float32) - np.float32(127.5)) / np.float32(128))
    return normalised(answer[0])


def normalised(values: NDArray[np.float32]) -> Embedding:
    """Of length 1. Raises ValueError of what has none."""
    length = float(np.linalg.norm(values.astype(np.float64)))
    if not np.isfinite(length) or length < 1e-6:
        raise ValueError("an embedding of no length")
    return np.asarray(values / np.float32(length), np.float32)


def likeness(face: Embedding, templates: NDArray[np.float32]) -> NDArray[np.float32]:
    """f32[n], -1..1: the cosine between a face f32[192] and each of n templates f32[n, 192]."""
    return np.asarray(templates @ face)
