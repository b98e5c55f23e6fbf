"""A piece of a picture, straightened: four corners in, a rectangle out. numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # u8[h, w, 3], RGB
Quad = NDArray[np.float32]  # f32[4, 2]: left top, right top, right bottom, left bottom; pixels
LEVEL = np.float32(1e-9)  # as good as on the horizon


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


def onto(corners: NDArray[np.float64], width: float, height: float) -> NDArray[np.float64]:
    """The 3 x 3 map that takes a rectangle from 0, 0 onto four corners. Raises ValueError, see projection().

    Written out (P. Heckbert, Fundamentals of Texture Mapping, 1989): solving eight equations for it took longer than
    all the rest on a busy machine, for its threads.
    """
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners.tolist()
    across, down = (x1 - x2, y1 - y2), (x3 - x2, y3 - y2)
    askew = (x0 - x1 + x2 - x3, y0 - y1 + y2 - y3)
    area = across[0] * down[1] - down[0] * across[1]
    opposite = (x1 - x0) * (y3 - y0) - (x3 - x0) * (y1 - y0)
    if not area or not opposite:
        raise ValueError("the four corners are no quadrangle")
    g = (askew[0] * down[1] - down[0] * askew[1]) / area
    h = (across[0] * askew[1] - askew[0] * across[1]) / area
    unit = [[x1 - x0 + g * x1, x3 - x0 + h * x3, x0], [y1 - y0 + g * y1, y3 - y0 + h * y3, y0], [g, h, 1.0]]
    return np.asarray(np.array(unit) / np.array([width, height, 1.0]))


def halves(picture: Picture, times: int) -> Picture:
    """The picture halved so many times, each pixel the mean of four."""
    for _ in range(times):
        height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
        if min(height, width) < 4:
            break
        rows = picture[0:height:2, :width].astype(np.uint16)
        rows += picture[1:height:2, :width]  # rows first: whole lines of memory
        four = rows[:, 0::2] + rows[:, 1::2]
        picture = ((four + 2) >> 2).astype(np.uint8)
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
    back = onto(corners, width, height).astype(np.float32)
    x = np.arange(width, dtype=np.float32) + np.float32(0.5)
    y = (np.arange(height, dtype=np.float32) + np.float32(0.5))[:, None]
    depth = back[2, 0] * x + (back[2, 1] * y + back[2, 2])
    depth = np.where(np.abs(depth) < LEVEL, LEVEL, depth)
    return _sampled(
        piece,
        (back[0, 0] * x + (back[0, 1] * y + back[0, 2])) / depth - np.float32(0.5),
        (back[1, 0] * x + (back[1, 1] * y + back[1, 2])) / depth - np.float32(0.5),
    )


def _sampled(picture: Picture, x: NDArray[np.float32], y: NDArray[np.float32]) -> Picture:
    """Between four pixels each. Colour by colour, and in place where it can be: this is half of the time of a plate."""
    height, width = picture.shape[:2]
    x, y = x.clip(0, width - 1), y.clip(0, height - 1)
    left, top = x.astype(np.int32), y.astype(np.int32)
    across, down = x - left, y - top
    right, low = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    top *= width
    low *= width
    planes = np.ascontiguousarray(picture.reshape(-1, picture.shape[2]).T, dtype=np.float32)
    upper, lower = (_between(planes.take(row + left, 1), planes.take(row + right, 1), across) for row in (top, low))
    found = _between(upper, lower, down)
    found += np.float32(0.5)
    return np.ascontiguousarray(found.astype(np.uint8).transpose(1, 2, 0))


def _between(one: NDArray[np.float32], other: NDArray[np.float32], share: NDArray[np.float32]) -> NDArray[np.float32]:
    other -= one
    other *= share
    one += other
    return one


def box_of(x: float, y: float, width: float, height: float) -> Quad:
    """The corners of an upright box."""
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], dtype=np.float32)
