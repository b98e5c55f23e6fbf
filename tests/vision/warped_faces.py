"""Still pictures of faces, warped as if a head turned and eyes shut, or as a print that is held before a camera.

A head is taken for half an ellipsoid between cheeks, forehead and chin; lids are painted in the skin's colour. What a
print does is a pinhole's projection of a sheet that is turned, tilted or bent like a tube.
"""

from __future__ import annotations

import numpy as np

from models.faces.landmarks import CHEEK_LEFT, CHEEK_RIGHT, CHIN, FOREHEAD

AWAY = 2.2  # from camera to print, in sides of the print
FINE = 2_001
# Outer corner, upper lid twice, inner corner, lower lid twice, of the right and the left eye.
RIMS = ((33, 160, 158, 133, 153, 144), (263, 387, 385, 362, 380, 373))


def sampled(picture, x, y):
    """The picture at these places, between its pixels too."""
    high, wide = picture.shape[:2]
    x, y = np.clip(x, 0, wide - 1.001), np.clip(y, 0, high - 1.001)
    left, top = x.astype(int), y.astype(int)
    across, down = (x - left)[..., None], (y - top)[..., None]
    values = picture.astype(np.float32)
    upper = values[top, left] * (1 - across) + values[top, left + 1] * across
    lower = values[top + 1, left] * (1 - across) + values[top + 1, left + 1] * across
    return np.rint(upper * (1 - down) + lower * down).astype(np.uint8)


def turned(picture, points, degrees):
    """A head that is turned by so many degrees to its own left. `points`: of the mesh of the straight one."""
    high, wide = picture.shape[:2]
    middle_x = (points[CHEEK_RIGHT, 0] + points[CHEEK_LEFT, 0]) / 2
    middle_y = (points[FOREHEAD, 1] + points[CHIN, 1]) / 2
    half_x = 1.15 * abs(points[CHEEK_LEFT, 0] - points[CHEEK_RIGHT, 0]) / 2
    half_y = 1.25 * abs(points[CHIN, 1] - points[FOREHEAD, 1]) / 2
    angle, across = np.radians(degrees), np.linspace(-3, 3, FINE)
    x = (np.arange(wide) - middle_x) / half_x
    source = np.empty((high, wide))
    for row in range(high):
        ahead = np.sqrt(np.clip(1 - across**2 - ((row - middle_y) / half_y) ** 2, 0, None))
        goes = np.where(np.abs(across) > 1, across, across * np.cos(angle) + ahead * np.sin(angle))
        source[row] = np.interp(x, np.maximum.accumulate(goes) + np.arange(FINE) * 1e-9, across)
    rows = np.repeat(np.arange(high, dtype=float)[:, None], wide, axis=1)
    return sampled(picture, source * half_x + middle_x, rows)


def shut(picture, points):
    """Both eyes covered by lids."""
    y, x = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]].astype(float)
    painted = picture.copy()
    for rim in RIMS:
        eye = points[list(rim)].astype(float)
        left, right = sorted((eye[0, 0], eye[3, 0]))
        corner, upper, lower = (eye[[0, 3], 1].mean(), eye[[1, 2], 1].mean(), eye[[4, 5], 1].mean())
        arch = 1.25 * np.sqrt(np.clip(1 - ((x - (left + right) / 2) / (0.55 * (right - left))) ** 2, 0, None))
        top, low = corner + (upper - corner) * arch, corner + (lower - corner) * arch
        below = round(lower + 1.6 * (lower - upper))
        skin = picture[below - 2 : below + 3, round(left) : round(right)].reshape(-1, 3).mean(axis=0)
        painted[(arch > 0) & (y >= top - 1) & (y <= low)] = skin * 0.88
        painted[(arch > 0) & (np.abs(y - low) < 1.3)] = skin * 0.35  # lashes
    return painted


def printed(picture, degrees, bent=np.inf, *, tilted=0.0):
    """A square print, turned by so many degrees or tilted; `bent`: the radius of the tube it lies on, in its sides."""
    side = picture.shape[0]
    assert picture.shape[1] == side
    if tilted:  # a turn about the other axis
        return printed(picture.transpose(1, 0, 2), tilted).transpose(1, 0, 2)
    angle, along = np.radians(degrees), np.linspace(-0.5, 0.5, FINE)
    flat = np.isinf(bent)
    x, ahead = (along, 0 * along) if flat else (bent * np.sin(along / bent), bent * np.cos(along / bent) - bent)
    away = AWAY - (ahead * np.cos(angle) - x * np.sin(angle))
    seen = (x * np.cos(angle) + ahead * np.sin(angle)) / away
    place = (np.arange(side) - side / 2) / side / AWAY
    source = np.interp(place, np.maximum.accumulate(seen) + np.arange(FINE) * 1e-12, along)
    rows = place[:, None] * np.interp(source, along, away)[None, :]
    columns = np.repeat(source[None, :], side, axis=0)
    shown = sampled(picture, columns * side + side / 2, rows * side + side / 2)
    shown[:, (place < seen.min()) | (place > seen.max())] = 96
    return shown
