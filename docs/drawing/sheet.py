"""A sheet to draw a wiring picture on: lines, boxes and words, and the SVG they become.

The same calls give the same bytes. A sheet paints its own background, light or dark as the reader's screen has it, so
that its words are readable on any page; and it remembers where its words and strokes lie, so that judge.py can tell
what overlaps.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple
from xml.sax.saxutils import escape

Words = str | tuple[str, str]  # English and Chinese, or what is the same in both
Point = tuple[float, float]

LANGUAGES = ("en", "zh")
# What each part is painted with, on light and on dark. The judge asks that words stand out from both.
COLOURS = {
    "paper": ("#ffffff", "#0d1117"),
    "box": ("#f3f5f8", "#171d26"),
    "ink": ("#1b1f24", "#e6edf3"),
    "note": ("#4f5863", "#a9b3bd"),
    "plus": ("#b3261e", "#ff8a80"),
    "minus": ("#1f5fbf", "#82bcff"),
    "signal": ("#7a4b00", "#e3b341"),
    "good": ("#176b2f", "#63d67c"),
    "bad": ("#b3261e", "#ff8a80"),
    "faint": ("#aab3bd", "#49525d"),
    "soft": ("#dbe7d9", "#1d3323"),
}
WORD_KINDS = ("ink", "note", "plus", "minus", "signal", "good", "bad")
STROKES = {"ink": 1.8, "plus": 2.2, "minus": 2.2, "signal": 2.0, "note": 1.4, "good": 2.2, "bad": 2.2, "faint": 1.2}
FONTS = "'DejaVu Sans','Noto Sans CJK SC','PingFang SC','Microsoft YaHei',sans-serif"
SIZE, SIZE_MIN, SIZE_TITLE = 14, 13, 18
LEADING = 1.35  # of lines of one text
ASCENT, DESCENT = 0.80, 0.24  # of the letters, in sizes


class Box(NamedTuple):
    """A rectangle by its edges."""

    left: float
    top: float
    right: float
    bottom: float


class Text(NamedTuple):
    """One line of words as it lies on the sheet."""

    words: str
    x: float
    y: float
    size: int
    anchor: str
    kind: str
    bold: bool

    @property
    def box(self) -> Box:
        wide = width(self.words, self.size) * (1.08 if self.bold else 1.0)
        left = self.x - wide * {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor]
        return Box(left, self.y - self.size * ASCENT, left + wide, self.y + self.size * DESCENT)


def width(words: str, size: float) -> float:
    """How wide words are, rather too much: DejaVu Sans, and square Chinese letters."""
    return size * sum(_letter(each) for each in words)


def _letter(each: str) -> float:
    if unicodedata.east_asian_width(each) in "WF":
        return 1.0
    if each in " .,:;'|!iIjl()[]-tfr/":
        return 0.42
    if each in "mwMW%@":
        return 0.98
    if each in "+−=<>±≥≤Ω→":
        return 0.84
    return 0.70 if each.isupper() else 0.63


class Sheet:
    """One picture in one language."""

    def __init__(self, wide: int, high: int, language: str, title: Words, about: Words) -> None:
        self.wide, self.high = wide, high
        self.language = language
        self.texts: list[Text] = []
        self.strokes: list[tuple[Point, Point]] = []  # what no words may lie on
        self._drawn: list[str] = []
        self._title, self._about = self.say(title), self.say(about)
        self.text(24, 34, title, size=SIZE_TITLE, bold=True)

    def say(self, words: Words) -> str:
        """The words in this sheet's language."""
        return words if isinstance(words, str) else words[LANGUAGES.index(self.language)]

    def line(self, *points: Point, kind: str = "ink", dashed: bool = False) -> None:
        """A stroke from point to point."""
        self.strokes += pairwise(points)
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        at = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self._drawn.append(f'<polyline class="s-{kind}" points="{at}"{dash}/>')

    def area(self, *points: Point, kind: str = "ink") -> None:
        """A filled shape."""
        self.strokes += list(zip(points, (*points[1:], points[0]), strict=True))
        at = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self._drawn.append(f'<polygon class="f-{kind}" points="{at}"/>')

    def box(
        self, x: float, y: float, wide: float, high: float, kind: str = "ink", fill: str = "box", dashed: bool = False
    ) -> None:
        """A rectangle with an edge."""
        corners = ((x, y), (x + wide, y), (x + wide, y + high), (x, y + high))
        self.strokes += list(zip(corners, (*corners[1:], corners[0]), strict=True))
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        self._drawn.append(
            f'<rect class="s-{kind} f-{fill}" x="{_n(x)}" y="{_n(y)}" '
            f'width="{_n(wide)}" height="{_n(high)}" rx="3"{dash}/>'
        )

    def circle(self, x: float, y: float, radius: float, kind: str = "ink", fill: str = "box") -> None:
        """A ring; strokes around it are kept as a square."""
        ring = ((x - radius, y - radius), (x + radius, y - radius), (x + radius, y + radius), (x - radius, y + radius))
        self.strokes += list(zip(ring, (*ring[1:], ring[0]), strict=True))
        self._drawn.append(f'<circle class="s-{kind} f-{fill}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"/>')

    def dot(self, x: float, y: float, kind: str = "ink") -> None:
        """Where wires are joined."""
        self._drawn.append(f'<circle class="f-{kind}" cx="{_n(x)}" cy="{_n(y)}" r="3.6"/>')

    def text(
        self,
        x: float,
        y: float,
        words: Words,
        size: int = SIZE,
        anchor: str = "start",
        kind: str = "ink",
        bold: bool = False,
    ) -> None:
        """Words with their first line's foot at y; a line break begins another line."""
        for number, each in enumerate(self.say(words).split("\n")):
            line = Text(each, x, y + number * size * LEADING, size, anchor, kind, bold)
            self.texts.append(line)
            weight = ' font-weight="bold"' if bold else ""
            side = f' text-anchor="{anchor}"' if anchor != "start" else ""
            self._drawn.append(
                f'<text class="t-{kind}" x="{_n(line.x)}" y="{_n(line.y)}" font-size="{size}"{side}{weight}>'
                f"{escape(each)}</text>"
            )

    def svg(self) -> str:
        """The picture as it stands in a file."""
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.wide} {self.high}" width="{self.wide}" '
            f'height="{self.high}" role="img" lang="{self.language}" font-family="{FONTS}">',
            "<!-- Made by `make pictures` (docs/drawing); change that, not this. -->",
            f"<title>{escape(self._title)}</title>",
            f"<desc>{escape(self._about)}</desc>",
            f"<style>{''.join(_styles(0))}@media (prefers-color-scheme: dark){{{''.join(_styles(1))}}}</style>",
            f'<rect class="f-paper" width="{self.wide}" height="{self.high}" rx="8"/>',
            *self._drawn,
            "</svg>",
        ]
        return "\n".join(lines) + "\n"


def _styles(theme: int) -> Iterable[str]:
    for name, colours in COLOURS.items():
        yield f".f-{name}{{fill:{colours[theme]}}}"
    for name, wide in STROKES.items():
        shape = f"stroke:{COLOURS[name][theme]};stroke-width:{wide};stroke-linejoin:round;stroke-linecap:round"
        yield f".s-{name}{{{shape}}}"
    if theme == 0:
        yield "polyline{fill:none}"
    for name in WORD_KINDS:
        yield f".t-{name}{{fill:{COLOURS[name][theme]}}}"


def _n(number: float) -> str:
    """A number without a useless end."""
    return f"{number:.1f}".rstrip("0").rstrip(".")
