"""The faces of letters on drawn plates: our own strokes, or a font of this machine; masks of one size, kept.

Fonts are looked for, never shipped: a machine draws with those that it has, and Chinese characters need one.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from models.drawn.strokes import STROKES, Style, glyph

FONTS = Path("/usr/share/fonts")
CHINESE = (
    ("opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("opentype/noto/NotoSansCJK-Bold.ttc", 2),
    ("truetype/wqy/wqy-zenhei.ttc", 0),
    ("truetype/wqy/wqy-microhei.ttc", 0),
)
LATIN = (
    ("truetype/dejavu/DejaVuSansCondensed-Bold.ttf", 0),
    ("truetype/dejavu/DejaVuSans-Bold.ttf", 0),
    ("truetype/liberation/LiberationSansNarrow-Bold.ttf", 0),
    ("truetype/liberation/LiberationSans-Bold.ttf", 0),
    ("truetype/roboto/unhinted/RobotoCondensed-Bold.ttf", 0),
    ("truetype/roboto/unhinted/RobotoCondensed-Medium.ttf", 0),
    ("truetype/opendin/OSP-DIN.ttf", 0),
    ("opentype/national-park/NationalPark-Heavy.otf", 0),
    ("opentype/national-park/NationalPark-Regular.otf", 0),
    ("opentype/bebas-neue/BebasNeue-Bold.otf", 0),
    ("opentype/bebas-neue/BebasNeue-Regular.otf", 0),
    ("truetype/open-sans/OpenSans-CondBold.ttf", 0),
)
SMALL = (
    "truetype/dejavu/DejaVuSerif-Bold.ttf",
    "truetype/dejavu/DejaVuSans-Bold.ttf",
    "truetype/liberation/LiberationSerif-BoldItalic.ttf",
    "truetype/liberation/LiberationSans-Bold.ttf",
    "truetype/roboto/unhinted/RobotoCondensed-Bold.ttf",
)
NARROW = "1I"  # keep their own width in a font: stretched, they would be a block
BIG_PX = 160


class FontMissing(OSError):
    """There is no font on this machine that has Chinese characters: install fonts-noto-cjk."""


@lru_cache(maxsize=1)
def chinese_fonts() -> tuple[tuple[str, int], ...]:
    """Those of CHINESE that are here. Raises FontMissing where none is."""
    found = tuple((str(FONTS / name), index) for name, index in CHINESE if (FONTS / name).is_file())
    if not found:
        raise FontMissing("no font with Chinese characters is installed: install fonts-noto-cjk")
    return found


@lru_cache(maxsize=1)
def latin_fonts() -> tuple[tuple[str, int], ...]:
    return tuple((str(FONTS / name), index) for name, index in LATIN if (FONTS / name).is_file())


@lru_cache(maxsize=1)
def small_fonts() -> tuple[str, ...]:
    return tuple(str(FONTS / name) for name in SMALL if (FONTS / name).is_file())


@lru_cache(maxsize=64)
def _font(path: str, index: int, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size_px, index=index)


@lru_cache(maxsize=20_000)
def stroked(letter: str, width_px: int, height_px: int, style: Style) -> NDArray[np.uint8]:
    return glyph(letter, width_px, height_px, style)


@lru_cache(maxsize=20_000)
def printed(
    letter: str, width_px: int, height_px: int, font: tuple[str, int], heavier_px: int = 0
) -> NDArray[np.uint8]:
    """The mask of a font's letter that fills its cell, u8[height, width]. `heavier_px`: of 160, added to strokes."""
    face = _font(font[0], font[1], BIG_PX)
    left, top, right, bottom = face.getbbox(letter, stroke_width=heavier_px)
    picture = Image.new("L", (int(right - left) or 1, int(bottom - top) or 1))
    ImageDraw.Draw(picture).text((-left, -top), letter, fill=255, font=face, stroke_width=heavier_px)
    wide = width_px
    if letter in NARROW:
        wide = max(2, min(width_px, round(picture.width * height_px / picture.height)))
    sized = picture.resize((wide, height_px), Image.Resampling.BOX)
    if wide == width_px:
        return np.asarray(sized)
    cell = Image.new("L", (width_px, height_px))
    cell.paste(sized, ((width_px - wide) // 2, 0))
    return np.asarray(cell)


def has_strokes(letter: str) -> bool:
    return letter in STROKES


@lru_cache(maxsize=4_000)
def line(text: str, height_px: int, font: str) -> NDArray[np.uint8]:
    """The mask of a small line of text, u8[height, its width]."""
    face = _font(font, 0, max(6, height_px))
    left, top, right, bottom = face.getbbox(text)
    picture = Image.new("L", (int(right - left) or 1, int(bottom - top) or 1))
    ImageDraw.Draw(picture).text((-left, -top), text, fill=255, font=face)
    return np.asarray(picture)
