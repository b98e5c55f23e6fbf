"""Symbols of the trade, drawn between two points: resistor, fuse, diode, varistor, contact, coil, earth, opto-isolator.

A part lies in the middle between its points, which are level or upright; the wire to both is drawn with it.
Resistors are boxes (IEC 60617).
"""

from __future__ import annotations

from docs.drawing.sheet import SIZE, Point, Sheet, Words


def _halves(a: Point, b: Point, long: float) -> tuple[Point, Point, bool]:
    """Where a part of this length begins and ends between two points, and whether it stands upright."""
    middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
    upright = a[0] == b[0]
    way = 1 if (b[1] > a[1] if upright else b[0] > a[0]) else -1
    half = long / 2 * way
    if upright:
        return (middle[0], middle[1] - half), (middle[0], middle[1] + half), True
    return (middle[0] - half, middle[1]), (middle[0] + half, middle[1]), False


def _leads(sheet: Sheet, a: Point, b: Point, long: float, kind: str) -> tuple[Point, Point, bool]:
    start, end, upright = _halves(a, b, long)
    if start != a:
        sheet.line(a, start, kind=kind)
    if end != b:
        sheet.line(end, b, kind=kind)
    return start, end, upright


def _label(
    sheet: Sheet, start: Point, end: Point, upright: bool, label: Words, side: str, off: float, kind: str
) -> None:
    """Words beside a part: right or left of an upright one, over or under a level one."""
    if not label:
        return
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    lines = sheet.say(label).count("\n")
    if upright:
        y += SIZE * 0.35 - lines * SIZE * 0.68
        sheet.text(
            x + (off if side == "right" else -off), y, label, anchor="start" if side == "right" else "end", kind=kind
        )
    else:
        at = y - off - lines * SIZE * 1.35 if side == "over" else y + off + SIZE * 0.8
        sheet.text(x, at, label, anchor="middle", kind=kind)


def resistor(sheet: Sheet, a: Point, b: Point, label: Words = "", side: str = "right", kind: str = "ink") -> None:
    """A resistor."""
    start, end, upright = _leads(sheet, a, b, 38, kind)
    left, top = min(start[0], end[0]), min(start[1], end[1])
    sheet.box(*((left - 7, top, 14, 38) if upright else (left, top - 7, 38, 14)))
    _label(sheet, start, end, upright, label, side, 15, "ink")


def varistor(sheet: Sheet, a: Point, b: Point, label: Words = "", side: str = "right") -> None:
    """A varistor: a resistor with a stroke through it."""
    resistor(sheet, a, b)
    start, end, upright = _halves(a, b, 38)
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    sheet.line((x - 15, y + 13), (x - 15, y + 20), (x + 15, y - 20)) if upright else sheet.line(
        (x - 20, y + 14), (x - 14, y + 14), (x + 18, y - 15)
    )
    _label(sheet, start, end, upright, label, side, 24, "ink")


def fuse(sheet: Sheet, a: Point, b: Point, label: Words = "", side: str = "over", kind: str = "plus") -> None:
    """A fuse: a box with the wire through it."""
    start, end, upright = _leads(sheet, a, b, 36, kind)
    left, top = min(start[0], end[0]), min(start[1], end[1])
    sheet.box(*((left - 6, top, 12, 36) if upright else (left, top - 6, 36, 12)))
    sheet.line(start, end, kind=kind)
    _label(sheet, start, end, upright, label, side, 13, "ink")


def diode(sheet: Sheet, a: Point, b: Point, label: Words = "", side: str = "right") -> None:
    """A diode that conducts from a to b: its stripe is at b."""
    start, end, upright = _leads(sheet, a, b, 20, "ink")
    if upright:
        sheet.area((start[0] - 10, start[1]), (start[0] + 10, start[1]), end)
        sheet.line((end[0] - 11, end[1]), (end[0] + 11, end[1]))
    else:
        sheet.area((start[0], start[1] - 10), (start[0], start[1] + 10), end)
        sheet.line((end[0], end[1] - 11), (end[0], end[1] + 11))
    _label(sheet, start, end, upright, label, side, 17, "ink")


def contact(
    sheet: Sheet, a: Point, b: Point, label: Words = "", side: str = "right", closed: bool = False, kind: str = "ink"
) -> None:
    """A contact at rest: normally open, or normally closed."""
    start, end, upright = _leads(sheet, a, b, 30, kind)
    for each in (start, end):
        sheet.dot(*each, kind=kind)
    if upright:
        down = 1 if end[1] > start[1] else -1
        sheet.line(start, (end[0] + (3 if closed else 15), end[1] - (0 if closed else 5 * down)), kind=kind)
        if closed:
            sheet.line(end, (end[0] + 9, end[1]), kind=kind)
    else:
        sheet.line(start, (end[0], end[1] - (3 if closed else 15)), kind=kind)
        if closed:
            sheet.line(end, (end[0], end[1] - 9), kind=kind)
    _label(sheet, start, end, upright, label, side, 21, "ink")


def coil(sheet: Sheet, a: Point, b: Point, label: Words = "", side: str = "left", kind: str = "ink") -> None:
    """A coil: of a relay, a strike, a magnet."""
    start, end, upright = _leads(sheet, a, b, 34, kind)
    left, top = min(start[0], end[0]), min(start[1], end[1])
    sheet.box(*((left - 22, top, 44, 34) if upright else (left, top - 22, 34, 44)))
    sheet.line((left - 22, top + 34), (left + 22, top)) if upright else sheet.line(
        (left, top + 22), (left + 34, top - 22)
    )
    _label(sheet, start, end, upright, label, side, 32, "ink")


def ground(sheet: Sheet, x: float, y: float, kind: str = "minus") -> None:
    """The 0 V of the electronics."""
    sheet.line((x - 11, y), (x + 11, y), kind=kind)


def earth(sheet: Sheet, x: float, y: float, kind: str = "good") -> None:
    """Protective earth."""
    for number, half in enumerate((12, 8, 4)):
        sheet.line((x - half, y + number * 5), (x + half, y + number * 5), kind=kind)


def block(
    sheet: Sheet, x: float, y: float, wide: float, high: float, *lines: Words, kind: str = "ink", note_from: int = 1
) -> None:
    """A device: a box with its name in bold, and notes under it."""
    sheet.box(x, y, wide, high, kind=kind)
    for number, words in enumerate(lines):
        noted = number >= note_from
        sheet.text(
            x + wide / 2,
            y + 22 + number * 19,
            words,
            anchor="middle",
            kind="note" if noted else "ink",
            size=13 if noted else 14,
            bold=not noted,
        )


def terminal(sheet: Sheet, x: float, y: float, label: Words, inside: str = "left", kind: str = "ink") -> None:
    """A screw of a device at (x, y), with its name on the device's side."""
    sheet.circle(x, y, 4.5, fill="paper")
    if not label:
        return
    if inside == "left":
        sheet.text(x - 11, y + 5, label, anchor="end", size=13, kind=kind)
    else:
        sheet.text(x + 11, y + 5, label, anchor="start", size=13, kind=kind)


def opto(sheet: Sheet, x: float, y: float, label: Words = "") -> tuple[Point, Point, Point, Point]:
    """An opto-isolator with its corner at (x, y): anode, cathode, collector, emitter as points on its edge."""
    sheet.box(x, y, 110, 90)
    anode, cathode, collector, emitter = (x, y + 20), (x, y + 70), (x + 110, y + 20), (x + 110, y + 70)
    led = x + 28
    sheet.line(anode, (led, y + 20), (led, y + 36))
    sheet.area((led - 9, y + 36), (led + 9, y + 36), (led, y + 52))
    sheet.line((led - 10, y + 52), (led + 10, y + 52))
    sheet.line((led, y + 52), (led, y + 70), cathode)
    for dy in (38, 48):
        sheet.line((led + 15, y + dy), (led + 31, y + dy), kind="signal")
        sheet.area((led + 37, y + dy), (led + 30, y + dy - 3.5), (led + 30, y + dy + 3.5), kind="signal")
    base = x + 76
    sheet.line((base, y + 30), (base, y + 60))
    sheet.line((base, y + 38), (base + 18, y + 20), collector)
    sheet.line((base, y + 52), (base + 18, y + 70), emitter)
    sheet.area((base + 18, y + 70), (base + 8, y + 65.5), (base + 13, y + 60), kind="ink")
    if label:
        sheet.text(x + 55, y - 9, label, anchor="middle", size=13)
    return anode, cathode, collector, emitter


def cross(sheet: Sheet, x: float, y: float, half: float = 14) -> None:
    """Not so."""
    sheet.line((x - half, y - half), (x + half, y + half), kind="bad")
    sheet.line((x - half, y + half), (x + half, y - half), kind="bad")


def tick(sheet: Sheet, x: float, y: float) -> None:
    """So."""
    sheet.line((x - 9, y), (x - 2, y + 8), (x + 11, y - 9), kind="good")
