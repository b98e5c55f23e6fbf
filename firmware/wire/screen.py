"""Draws the installer's view as lines of a terminal, from what is known alone: any size from 30 x 12 on, in columns.

Plain ANSI (ECMA-48): home, erase to the end of the line, reverse, bold. No colours that somebody must see, no regions,
no second screen, so that SSH clients of phones can show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from firmware.config import escaped
from firmware.messages import Wire
from firmware.terminal import fitted, width
from firmware.wire.client import Picture
from firmware.wire.said import BAD, Cells, Saying

WIDTH_MIN, HEIGHT_MIN = 30, 12
NARROW = 66  # below this there is no room for dates and counters
ABOVE, BELOW = 2, 5  # lines over and under the table
SHOW = "\x1b[0m\x1b[?25h"
HIDE = "\x1b[?25l"
HOME, CLEAR, REST_OF_LINE, REST = "\x1b[H", "\x1b[2J", "\x1b[K", "\x1b[J"
REVERSE, BOLD, PLAIN = "\x1b[7m", "\x1b[1m", "\x1b[0m"


class Size(NamedTuple):
    columns: int
    lines: int


class Seen(NamedTuple):
    """What the person in front of it has chosen, and what is said to them."""

    portal: str = ""  # whose wires are shown; empty: all
    device: str = ""  # the row that is chosen
    note: str = ""
    warning: str = ""  # what is shown is old, or somebody's hand is on an output
    by: str = ""  # who may hold outputs; empty: nobody, it only shows


def chosen(picture: Picture, portal: str = "", device: str = "") -> list[Wire]:
    """The wires to show: of one portal, or one device with its points; portal by portal in the order of the site."""
    order = {each.id: place for place, each in enumerate(picture.portals)}
    found = [wire for wire in picture.wires if not portal or wire.portal == portal]
    found = [wire for wire in found if not device or device in (wire.id, wire.board)]
    return sorted(found, key=lambda wire: order.get(wire.portal, len(order)))


def draw(picture: Picture, seen: Seen, saying: Saying, size: Size) -> list[str]:
    """The lines of the whole screen, `size.lines` of them at most, none wider than `size.columns`."""
    columns, height = max(size.columns, WIDTH_MIN), max(size.lines, HEIGHT_MIN)
    rows = _rows(picture, seen, saying, columns)
    room = height - ABOVE - BELOW
    here = next((place for place, (wire, _) in enumerate(rows) if wire is not None and wire.id == seen.device), 0)
    page = here // room
    pages = max(1, -(-len(rows) // room))
    lines = [_head(picture, seen, saying, columns, page, pages), _titles(saying, columns)]
    for wire, line in rows[page * room : (page + 1) * room]:
        lines.append(f"{REVERSE}{line}{PLAIN}" if wire is not None and wire.id == seen.device else line)
    lines += [""] * (ABOVE + room - len(lines))
    return lines + _foot(picture, seen, saying, columns)


def page_of(picture: Picture, seen: Seen, size: Size, by: int) -> str:
    """The device to choose for the next page (`by` 1) or the last one (-1)."""
    entries = _entries(picture, seen.portal)
    here = next((place for place, wire in enumerate(entries) if wire is not None and wire.id == seen.device), 0)
    room = max(size.lines, HEIGHT_MIN) - ABOVE - BELOW
    first = min(max(0, here // room + by), (len(entries) - 1) // room) * room if entries else 0
    return next((wire.id for wire in entries[first:] if wire is not None), seen.device)


def frame(lines: Sequence[str]) -> str:
    """What a terminal has to be sent: drawn over what stands there, so that nothing flickers."""
    return HOME + "\r\n".join(f"{line}{REST_OF_LINE}" for line in lines) + REST


# -- parts ------------------------------------------------------------------------------------------------------------


def _entries(picture: Picture, portal: str) -> list[Wire | None]:
    """What stands on the lines of the table: a wire, or (None) the name of the portal of those that follow."""
    entries: list[Wire | None] = []
    under: str | None = None
    for wire in chosen(picture, portal):
        if wire.portal != under:
            under = wire.portal
            entries.append(None)
        entries.append(wire)
    return entries


def _rows(picture: Picture, seen: Seen, saying: Saying, columns: int) -> list[tuple[Wire | None, str]]:
    entries = _entries(picture, seen.portal)
    rows: list[tuple[Wire | None, str]] = []
    for wire, following in zip(entries, [*entries[1:], None], strict=True):
        if wire is not None:
            rows.append((wire, _row(wire, saying, columns)))
        else:
            assert following is not None, "a portal's name stands over its wires"
            rows.append((None, f"{BOLD}{fitted(_portal(picture, following.portal, saying), columns)}{PLAIN}"))
    return rows


def _portal(picture: Picture, name: str, saying: Saying) -> str:
    portal = picture.portal(name)
    if portal is None:
        return saying.say("no_portal")
    state = saying.say("out_of_service" if portal.out_of_service else "in_service")
    return f"{saying.word('portal_kind', portal.kind)} {name}{saying.comma}{state}"


def _row(wire: Wire, saying: Saying, columns: int) -> str:
    mark = "*" if wire.tried else "!" if wire.level in BAD else " "
    return mark + _line(saying.cells(wire), columns - 1)


def _titles(saying: Saying, columns: int) -> str:
    return " " + _line(Cells(*(saying.word("column", name) for name in Cells._fields)), columns - 1)


def _line(cells: Cells, columns: int) -> str:
    if columns < NARROW:
        times = 8  # of the day; the whole date stands below the table
        changed = cells.changed[-times:] if cells.changed[:1].isdigit() else cells.changed
        first = columns - 12 - times - 2
        return f"{fitted(cells.id, first)} {fitted(cells.level, 12)} {fitted(changed, times)}"
    spare = columns - 16 - 14 - 12 - 19 - 4
    ids = 16 + min(max(0, spare - 24), 24)
    parts = ((cells.id, ids), (cells.use, 14), (cells.level, 12), (cells.changed, 19))
    line = " ".join(fitted(text, wide) for text, wide in parts)
    return f"{line} {fitted(cells.counters, max(0, columns - width(line) - 1))}"


def _head(picture: Picture, seen: Seen, saying: Saying, columns: int, page: int, pages: int) -> str:
    shown = seen.portal or saying.say("all")
    key = "head_narrow" if columns < NARROW else "head"
    text = saying.say(key, site=picture.site, time=saying.time(picture), portal=shown, page=page + 1, pages=pages)
    return f"{BOLD}{fitted(text, columns)}{PLAIN}"


def _foot(picture: Picture, seen: Seen, saying: Saying, columns: int) -> list[str]:
    """The chosen wire in full, what was said, and what to press."""
    wire = picture.wire(seen.device)
    lines = [""] * 2 if wire is None else _details(wire, saying)
    shown = [fitted(line, columns) for line in lines]
    shown += [f"{BOLD}{fitted(line, columns)}{PLAIN}" for line in _wrapped(seen.warning or seen.note, columns)]
    narrow = "_narrow" if columns < NARROW else ""
    shown.append(fitted(saying.say(f"keys_{'hold' if seen.by else 'look'}{narrow}"), columns))
    return shown


def _wrapped(text: str, columns: int) -> list[str]:
    """What is said, on two lines: broken where it has spaces, else where the first line ends."""
    place = len(text)
    while width(text[:place]) > columns:
        place -= 1
    if place < len(text):
        place = text.rfind(" ", place // 2, place + 1) + 1 or place
    return [text[:place], text[place:]]


def _details(wire: Wire, saying: Saying) -> list[str]:
    cells = saying.cells(wire)
    where = saying.comma.join((*wire.lines, *((wire.board,) if wire.board else ())))
    first = [cells.id, wire.kind, where, cells.use, cells.level, cells.changed]
    if wire.why:
        second = wire.why
    elif wire.role == "output":
        second = saying.reasons(wire.refused) if wire.refused and not wire.tried else saying.say("may_be_held")
    else:
        second = cells.counters
    return ["  ".join(filter(None, first)), escaped(" ".join(second.split()))]
