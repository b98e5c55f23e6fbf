"""Of which kind a plate is: by what it says where that tells, else by the colour of its ground.

Colours after GA 36-2018: blue, yellow, white, black, and green for new energy, which has eight characters.
"""

from __future__ import annotations

import numpy as np

from models.plates.alphabet import PROVINCES
from models.warp import Picture, Quad, straightened

HEIGHT, WIDTH = 24, 72
LAST = {"警": "white", "学": "yellow", "挂": "yellow", "港": "black", "澳": "black", "使": "black", "领": "black"}
EIGHT = 8
YELLOW = 1.25  # so many times as much red and green as blue
BLUE, BLUER = 1.15, 1.03  # so many times as much blue as red; and beside the ink's
BLACK = 0.22  # of the ink's brightness, where that is at least LIT and no part of it differs by GREY
GREY, LIT = 45, 110


def kind_of(picture: Picture, quad: Quad, text: str) -> str:
    """blue, green, yellow, white, black; latin of what is no Chinese plate; unknown where nothing was read."""
    if not text:
        return "unknown"
    if text[0] == "使":
        return "black"
    if text[0] not in PROVINCES:
        return "latin"
    if text[-1] in LAST:
        return LAST[text[-1]]
    if len(text) == EIGHT:
        return "green"
    try:
        return colour_of(straightened(picture, quad, HEIGHT, WIDTH))
    except ValueError:
        return "unknown"


def colour_of(plate: Picture) -> str:
    """blue, yellow, white or black: the ground of a straightened plate; unknown where light or a lens hides it.

    The ground is what most pixels have, ink the others: dark on yellow and white, bright on blue and black. The colour
    of the ground is judged beside the ink's, which is grey, so that a lamp's own colour does not count.
    """
    values = plate[HEIGHT // 8 : -HEIGHT // 8, WIDTH // 16 : -WIDTH // 16].astype(np.float32).reshape(-1, 3)
    bright = values.mean(axis=1)
    low, high = np.percentile(bright, (5, 95))
    upper = bright > (low + high) / 2
    if not 0 < upper.sum() < len(upper):
        return "unknown"
    dark_rgb, bright_rgb = values[~upper].mean(axis=0) + 1, values[upper].mean(axis=0) + 1
    blue = dark_rgb[2] / dark_rgb[0]
    bluer = blue / (bright_rgb[2] / bright_rgb[0])
    yellow = min(bright_rgb[0], bright_rgb[1]) / bright_rgb[2]
    if dark_rgb.mean() < BLACK * bright_rgb.mean() and np.ptp(dark_rgb) < GREY and bright_rgb.mean() > LIT:
        return "black" if upper.mean() < 0.5 else "yellow" if yellow > YELLOW else "white"
    if blue > BLUE and yellow < YELLOW:
        return "blue"
    if upper.mean() > 0.5:
        return "yellow" if yellow > YELLOW else "white"
    return "blue" if bluer > BLUER else "unknown"
