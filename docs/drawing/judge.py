"""Judges a sheet: words that overlap, lie on a stroke, leave the sheet, are too small or too pale."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from docs.drawing.sheet import COLOURS, SIZE_MIN, WORD_KINDS, Box, Point, Sheet

CONTRAST_MIN = 4.5  # of words to their ground: WCAG 2.1, success criterion 1.4.3
EDGE = 8.0  # that words keep from the sheet's edge
APART = 0.5  # that boxes of words may share by rounding


def faults(sheet: Sheet) -> Iterator[str]:
    """Everything that is wrong with where the words are."""
    for text in sheet.texts:
        box = text.box
        if box.left < EDGE or box.top < EDGE or box.right > sheet.wide - EDGE or box.bottom > sheet.high - EDGE:
            yield f"leaves the sheet: {text.words}"
        if text.size < SIZE_MIN:
            yield f"is too small: {text.words}"
        tight = Box(box.left + 1, box.top + 1, box.right - 1, box.bottom - 1)
        if any(_crosses(tight, *stroke) for stroke in sheet.strokes):
            yield f"lies on a stroke: {text.words}"
    for one, other in combinations(sheet.texts, 2):
        if _overlap(one.box, other.box):
            yield f"overlap: {one.words} | {other.words}"


def pale() -> Iterator[str]:
    """Every colour of words that does not stand out from a ground they may lie on."""
    for theme, name in enumerate(("light", "dark")):
        for kind in WORD_KINDS:
            for under in ("paper", "box", "soft"):
                found = contrast(COLOURS[kind][theme], COLOURS[under][theme])
                if found < CONTRAST_MIN:
                    yield f"{kind} on {under}, {name}: {found:.1f}"


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2.1, relative luminance)."""
    lights = sorted((_luminance(one), _luminance(other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _overlap(one: Box, other: Box) -> bool:
    wide = min(one.right, other.right) - max(one.left, other.left)
    high = min(one.bottom, other.bottom) - max(one.top, other.top)
    return wide > APART and high > APART


def _crosses(box: Box, start: Point, end: Point) -> bool:
    """Whether a stroke runs through a box (Liang and Barsky)."""
    least, most = 0.0, 1.0
    way = (end[0] - start[0], end[1] - start[1])
    for axis, (low, high) in enumerate(((box.left, box.right), (box.top, box.bottom))):
        if way[axis] == 0:
            if not low < start[axis] < high:
                return False
            continue
        near, far = sorted(((low - start[axis]) / way[axis], (high - start[axis]) / way[axis]))
        least, most = max(least, near), min(most, far)
        if least >= most:
            return False
    return True
