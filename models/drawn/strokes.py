"""Letters and digits as strokes, in the manner of embossed plates: lines with rounded corners in a box of 45 by 90 mm.

No font has the shapes that are embossed into plates, and theirs may not be copied: these are our own, drawn after what
the eye sees on the road. Width, weight, roundness and slant vary, so that a reader learns the letter and not the type.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

WIDTH_MM, HEIGHT_MM = 45.0, 90.0
OVER = 4  # times finer than what is returned
CORNER_STEPS = 6


class Style(NamedTuple):
    """How a set of letters is drawn. Lengths in mm of the box of 45 by 90.

    `weight`: width of a stroke; `roundness`: 0 (sharp) to 1.2; `slant`: shift of the top by so much of the height;
    `shake`: how far corners may lie from their places, the same for each letter of one style.
    """

    weight: float = 10.0
    roundness: float = 1.0
    slant: float = 0.0
    shake: float = 0.0
    seed: int = 0


# A stroke is a list of corners (x, y, radius); one that ends where it began is closed. The middle of the stroke runs
# between 5 and 40 across, 5 and 85 down.
Corner = tuple[float, float, float]
Stroke = tuple[Corner, ...]


def _s(*corners: tuple[float, ...]) -> Stroke:
    return tuple((each[0], each[1], each[2] if len(each) > 2 else 0.0) for each in corners)


ROUND = _s((22.5, 5), (40, 5, 17), (40, 85, 17), (5, 85, 17), (5, 5, 17), (22.5, 5))
LOW_LOOP = _s((22.5, 40), (40, 40, 16), (40, 85, 16), (5, 85, 16), (5, 40, 16), (22.5, 40))
HIGH_LOOP = _s((22.5, 5), (40, 5, 16), (40, 50, 16), (5, 50, 16), (5, 5, 16), (22.5, 5))

STROKES: dict[str, tuple[Stroke, ...]] = {
    "0": (ROUND,),
    "1": (_s((12, 17), (23, 5), (23, 85)),),
    "2": (_s((5, 26), (5, 5, 17), (40, 5, 17), (40, 40, 14), (5, 85), (41, 85)),),
    "3": (
        _s((5, 23), (5, 5, 16), (39, 5, 16), (39, 43, 15), (20, 43)),
        _s((20, 43), (40, 43, 15), (40, 85, 16), (5, 85, 16), (5, 66)),
    ),
    "4": (_s((24, 5), (4, 64), (42, 64)), _s((31, 40), (31, 85))),
    "5": (_s((38, 5), (8, 5), (7, 44), (12, 37, 6), (40, 37, 16), (40, 85, 16), (5, 85, 16), (5, 68)),),
    "6": (LOW_LOOP, _s((27, 5), (5, 52, 10), (5, 62))),
    "7": (_s((5, 5), (40, 5), (19, 85)),),
    "8": (
        _s((22.5, 5), (38, 5, 14), (38, 43, 14), (7, 43, 14), (7, 5, 14), (22.5, 5)),
        _s((22.5, 43), (40, 43, 16), (40, 85, 16), (5, 85, 16), (5, 43, 16), (22.5, 43)),
    ),
    "9": (HIGH_LOOP, _s((18, 85), (40, 38, 10), (40, 28))),
    "A": (_s((4, 87), (22.5, 3), (41, 87)), _s((10, 60), (35, 60))),
    "B": (
        _s((7, 44), (7, 5), (37, 5, 14), (37, 44, 14), (7, 44)),
        _s((7, 44), (40, 44, 15), (40, 85, 15), (7, 85), (7, 44)),
    ),
    "C": (_s((40, 27), (40, 5, 17), (5, 5, 17), (5, 85, 17), (40, 85, 17), (40, 63)),),
    "D": (_s((7, 44), (7, 5), (40, 5, 18), (40, 85, 18), (7, 85), (7, 44)),),
    "E": (_s((40, 5), (7, 5), (7, 85), (40, 85)), _s((7, 44), (35, 44))),
    "F": (_s((40, 5), (7, 5), (7, 87)), _s((7, 45), (35, 45))),
    "G": (_s((40, 26), (40, 5, 17), (5, 5, 17), (5, 85, 17), (40, 85, 17), (40, 49), (24, 49)),),
    "H": (_s((6, 3), (6, 87)), _s((39, 3), (39, 87)), _s((6, 44), (39, 44))),
    "I": (_s((22.5, 3), (22.5, 87)),),
    "J": (_s((35, 3), (35, 85, 16), (6, 85, 16), (6, 62)),),
    "K": (_s((7, 3), (7, 87)), _s((39, 3), (7, 55)), _s((18, 38), (41, 87))),
    "L": (_s((7, 3), (7, 85), (40, 85)),),
    "M": (_s((5, 87), (5, 5), (22.5, 55), (40, 5), (40, 87)),),
    "N": (_s((6, 87), (6, 5), (39, 85), (39, 3)),),
    "O": (ROUND,),
    "P": (_s((7, 87), (7, 5), (40, 5, 16), (40, 48, 16), (7, 48)),),
    "Q": (ROUND, _s((25, 62), (42, 88))),
    "R": (_s((7, 87), (7, 5), (39, 5, 16), (39, 46, 16), (7, 46)), _s((22, 46), (41, 87))),
    "S": (_s((40, 25), (40, 5, 16), (5, 5, 16), (5, 43, 16), (40, 43, 16), (40, 85, 16), (5, 85, 16), (5, 65)),),
    "T": (_s((4, 5), (41, 5)), _s((22.5, 5), (22.5, 87))),
    "U": (_s((5, 3), (5, 85, 17), (40, 85, 17), (40, 3)),),
    "V": (_s((4, 3), (22.5, 85), (41, 3)),),
    "W": (_s((3, 3), (12, 85), (22.5, 25), (33, 85), (42, 3)),),
    "X": (_s((5, 3), (40, 87)), _s((40, 3), (5, 87))),
    "Y": (_s((4, 3), (22.5, 46), (41, 3)), _s((22.5, 46), (22.5, 87))),
    "Z": (_s((5, 5), (40, 5), (5, 85), (40, 85)),),
}


def outline(stroke: Stroke, style: Style, chance: np.random.Generator) -> NDArray[np.float64]:
    """Points along the middle of a stroke, f64[n, 2] in mm, its corners rounded."""
    corners = np.array([(x, y) for x, y, _ in stroke], dtype=np.float64)
    if style.shake:
        moved = chance.normal(0, style.shake, corners.shape)
        if stroke[0][:2] == stroke[-1][:2]:
            moved[-1] = moved[0]
        corners = corners + moved
    points = [corners[0]]
    for index in range(1, len(corners) - 1):
        before, here, after = corners[index - 1 : index + 2]
        radius = stroke[index][2] * style.roundness
        before_mm, after_mm = float(np.linalg.norm(here - before)), float(np.linalg.norm(after - here))
        reach = min(radius, before_mm * 0.98, after_mm * 0.98)
        if reach < 1:
            points.append(here)
            continue
        start = here + (before - here) / before_mm * reach
        end = here + (after - here) / after_mm * reach
        for part in np.linspace(0, 1, CORNER_STEPS):
            # A curve between a circle and a parabola: the middle is pulled towards the corner.
            points.append(
                (1 - part) ** 2 * start
                + 2 * part * (1 - part) * (0.85 * here + 0.15 * (start + end) / 2)
                + part**2 * end
            )
    points.append(corners[-1])
    return np.array(points)


def glyph(letter: str, width_px: int, height_px: int, style: Style) -> NDArray[np.uint8]:
    """Return the mask of a letter, u8[height, width], 255 where it is. Raises KeyError for what has no strokes."""
    chance = np.random.default_rng((style.seed, ord(letter)))
    picture = Image.new("L", (width_px * OVER, height_px * OVER))
    draw = ImageDraw.Draw(picture)
    scale = np.array([width_px * OVER / WIDTH_MM, height_px * OVER / HEIGHT_MM])
    weight_px = style.weight * float(scale.min())
    for stroke in STROKES[letter]:
        points = outline(stroke, style, chance)
        points[:, 0] += style.slant * (HEIGHT_MM / 2 - points[:, 1])
        # Strokes stay inside the box, however heavy they are.
        margin = max(style.weight / 2, 1.0)
        points[:, 0] = (points[:, 0] - 22.5) * (WIDTH_MM / 2 - margin) / 20.0 + 22.5
        points[:, 1] = (points[:, 1] - 45.0) * (HEIGHT_MM / 2 - margin) / 42.0 + 45.0
        placed = [(float(x), float(y)) for x, y in points * scale]
        draw.line(placed, fill=255, width=max(1, round(weight_px)), joint="curve")
        half = weight_px / 2
        for x, y in (placed[0], placed[-1]):
            draw.ellipse((x - half, y - half, x + half, y + half), fill=255)
    return np.asarray(picture.resize((width_px, height_px), Image.Resampling.BOX))
