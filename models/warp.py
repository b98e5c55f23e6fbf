"""A piece of a picture, straightened: four corners in, a rectangle out. numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # u8[h, w, 3], RGB
Quad = NDArray[np.float32]  # f32[4, 2]: left top, right top, right bottom, left bottom; pixels


def projection(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 3 x 3 map that takes four points to four others. Raises ValueError where three of them are on one line."""
    rows, answers = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        answers += [u, v]
    try:
        found = np.linalg.solve(np.array(rows), np.array(answers))
    except np.linalg.LinAlgError as error:
        raise ValueError("the four corners are no quadrangle") from error
    return np.append(found, 1.0).reshape(3, 3)


def halves(picture: Picture, times: int) -> Picture:
    """The picture halved so many times, each pixel the mean of four."""
    for _ in range(times):
        height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
        if min(height, width) < 4:
            break
        whole = picture[:height, :width].astype(np.uint16)
        picture = ((whole[0::2, 0::2] + whole[1::2, 0::2] + whole[0::2, 1::2] + whole[1::2, 1::2] + 2) // 4).astype(
            np.uint8
        )
    return picture


def straightened(picture: Picture, quad: Quad, height: int, width: int) -> Picture:
    """What lies between four corners as u8[height, width, 3]; what lies outside of the picture repeats its edge.

    Raises ValueError where the corners are no quadrangle.
    """
    corners = np.asarray(quad, dtype=np.float64)
    if not np.isfinite(corners).all():
        raise ValueError("the four corners are no quadrangle")
    # Only what is needed, and coarser where many pixels fall onto one: the mean of them, not a chance one.
    pad = 2 + 0.05 * float(np.ptp(corners, axis=0).max())
    low = np.maximum(np.floor(corners.min(axis=0) - pad), 0).astype(int)
    high = np.minimum(np.ceil(corners.max(axis=0) + pad), [picture.shape[1], picture.shape[0]]).astype(int)
    if (high - low).min() < 1:
        raise ValueError("the four corners lie outside of the picture")
    piece = picture[low[1] : high[1], low[0] : high[0]]
    wide = max(float(np.linalg.norm(corners[1] - corners[0])), float(np.linalg.norm(corners[2] - corners[3])))
    times = max(0, int(np.floor(np.log2(max(1.0, wide / width) + 0.25))))
    piece = halves(piece, times)
    corners = (corners - low) / 2**times
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    back = projection(target, corners)
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    depth = back[2, 0] * x + back[2, 1] * y + back[2, 2]
    depth = np.where(np.abs(depth) < 1e-9, 1e-9, depth)
    return _sampled(
        piece,
        (back[0, 0] * x + back[0, 1] * y + back[0, 2]) / depth - 0.5,
        (back[1, 0] * x + back[1, 1] * y + back[1, 2]) / depth - 0.5,
    )


def _sampled(picture: Picture, x: NDArray[np.float64], y: NDArray[np.float64]) -> Picture:
    """Between four pixels each."""
    height, width = picture.shape[:2]
    x, y = x.clip(0, width - 1), y.clip(0, height - 1)
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    right, low = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = (x - left).astype(np.float32)[..., None], (y - top).astype(np.float32)[..., None]
    pixels = picture.reshape(-1, picture.shape[2])
    top, low = top * width, low * width
    upper = pixels.take(top + left, 0) * (1 - across) + pixels.take(top + right, 0) * across
    lower = pixels.take(low + left, 0) * (1 - across) + pixels.take(low + right, 0) * across
    return np.asarray((upper * (1 - down) + lower * down + 0.5).clip(0, 255).astype(np.uint8))


def box_of(x: float, y: float, width: float, height: float) -> Quad:
    """The corners of an upright box."""
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], dtype=np.float32)
