"""Lays the plan of a site out: areas as rooms, portals in their walls, lanes along their roadway. Pure, by whole units.

The outside is on the left; whoever comes in goes to the right. Rooms stand one below the other, so that the plan is
one column on a phone and nothing overlaps whatever the site has (tests/network/test_plan_layout.py).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping

from msgspec.structs import replace

from firmware.core.site import AccessPoint, Barrier, Site
from firmware.network.plan.borders import OUTSIDE, Border, Room, rooms, stands_outside
from firmware.network.plan.drawing import WIDTH, Box, Device, Drawing, Lamps, Mover, Portal, Region, Spot

GAP = 4
MARGIN = 8
STRIP = 62  # left of a wall: where readers of whoever comes in hang
TITLE_H = 30
LINE_H, SMALL_H = 23, 20  # of a name, and of a line below it
LETTER = 9  # of a name, at most on average; a Chinese one is two
DEVICE = (46, 30)
SYMBOL = (58, 56)  # a door or turnstile, from just outside of its wall
LAMP = (24, 36)
ROAD_H = 66
MOVER_W = 36
LOOP_W, BEAM_W = 40, 20
LINES_MAX = 2  # of a name


def draw(site: Site, names: Mapping[str, str], cameras: Collection[str]) -> Drawing:
    """The plan of a site. `names` are those of portals; `cameras` the ids of devices that are cameras."""
    return _Pen(names, cameras).drawn(site)


class _Pen:
    """Draws downwards: `_y` is where the next thing stands."""

    def __init__(self, names: Mapping[str, str], cameras: Collection[str]) -> None:
        self._names = names
        self._cameras = cameras
        self._y = TITLE_H + GAP
        self._regions: list[Region] = []
        self._portals: list[Portal] = []

    def drawn(self, site: Site) -> Drawing:
        all_rooms = rooms(site)
        for room in all_rooms:
            if room.within is OUTSIDE:
                self._room(room, all_rooms, STRIP + GAP, WIDTH - GAP)
        loose_title = Box(0, self._y, WIDTH, TITLE_H)
        loose = tuple(self._loose(site))
        return Drawing(
            height=self._y,
            title=Box(GAP, 0, WIDTH - 2 * GAP, TITLE_H),
            regions=tuple(self._regions),
            portals=tuple(self._portals),
            loose=loose,
            loose_title=loose_title if loose else Box(0, 0, 0, 0),
        )

    def _room(self, room: Room, all_rooms: Collection[Room], wall: int, right: int) -> None:
        """A room with its wall at x = `wall`, and the rooms within it."""
        top = self._y
        self._y += TITLE_H
        for border in room.borders:
            shown = border.outer == room.within
            self._portals.append(self._portal(border, wall, right - GAP, "" if shown else border.outer or ""))
            self._y = self._portals[-1].row.bottom + GAP
        for other in all_rooms:
            if other.within == room.area:
                self._y += GAP
                self._room(other, (), wall + STRIP, right - MARGIN)
        self._y += GAP
        title = Box(wall + MARGIN, top + 2, right - wall - 2 * MARGIN, TITLE_H - 4)
        self._regions.append(Region(room.area, Box(wall, top, right - wall, self._y - top), title))
        self._y += MARGIN

    # -- portals ------------------------------------------------------------------------------------------------------

    def _portal(self, border: Border, wall: int, right: int, outer: str) -> Portal:
        portal = border.portal
        barrier = isinstance(portal, Barrier)
        text_x = wall + (MARGIN if barrier else SYMBOL[0])
        lines = _lines(self._names.get(portal.id, portal.id), right - text_x)
        text_h = LINE_H * lines + SMALL_H * (3 if outer else 2)
        text = Box(text_x, self._y, right - text_x, text_h)
        outside = [point for point in portal.access_points if stands_outside(point, border)]
        inside = [point for point in portal.access_points if point not in outside]
        calls = any(point.call is not None for point in portal.access_points)
        # In the strip before the wall, one below the other: the call button first, then readers and cameras.
        strip_x, y = wall - STRIP + GAP, self._y
        call = Box(strip_x, y, *DEVICE) if calls else None
        y += DEVICE[1] + GAP if calls else 0
        outer_devices = self._column(outside, strip_x, y)
        y += len(outer_devices) * (DEVICE[1] + GAP)
        lamps_out: list[Lamps] = []
        if barrier:
            assert isinstance(portal, Barrier)
            for light in portal.lights:
                if light.direction.value == "in":
                    lamps_out.append(Lamps("in", Box(strip_x, y, *LAMP)))
            y += LAMP[1] + GAP if lamps_out else 0
        inner_y = text.bottom + GAP
        first = 0
        lamps_in: list[Lamps] = []
        if isinstance(portal, Barrier) and any(light.direction.value == "out" for light in portal.lights):
            lamps_in.append(Lamps("out", Box(text_x, inner_y, *LAMP)))
            first = LAMP[0] + GAP
        inner_devices = self._rows(inside, text_x, first, right, inner_y)
        inner = [*(device.box for device in inner_devices), *(lamp.box for lamp in lamps_in)]
        bottom = max([y, text.bottom, self._y + SYMBOL[1], *(box.bottom for box in inner)])
        made = Portal(
            id=portal.id,
            kind="barrier" if barrier else type(portal).__name__.lower(),
            row=Box(strip_x, self._y, right - strip_x, bottom - self._y),
            wall=wall,
            text=text,
            lines=lines,
            call=call,
            outer=outer,
            devices=(*outer_devices, *inner_devices),
            lamps=(*lamps_out, *lamps_in),
        )
        return self._road(made, portal, bottom + GAP) if isinstance(portal, Barrier) else self._in_wall(made)

    def _in_wall(self, made: Portal) -> Portal:
        return replace(made, symbol=Box(made.wall - 10, made.row.y, SYMBOL[0] - GAP, SYMBOL[1]))

    def _column(self, points: Iterable[AccessPoint], x: int, y: int) -> list[Device]:
        readers = [reader for point in points for reader in point.readers]
        step = DEVICE[1] + GAP
        return [self._device(reader, Box(x, y + place * step, *DEVICE)) for place, reader in enumerate(readers)]

    def _rows(self, points: Iterable[AccessPoint], left: int, first: int, right: int, y: int) -> list[Device]:
        """Side by side from `left`, the first line `first` further, as many as fit and the others below."""
        found: list[Device] = []
        x, height = left + first, LAMP[1] if first else DEVICE[1]  # lights stand in the first line
        for reader in (reader for point in points for reader in point.readers):
            if x + DEVICE[0] > right and x > left:
                x, y, height = left, y + height + GAP, DEVICE[1]
            found.append(self._device(reader, Box(x, y, *DEVICE), "out"))
            x += DEVICE[0] + GAP
        return found

    def _device(self, name: str, box: Box, looks: str = "in") -> Device:
        return Device(name, "camera" if name in self._cameras else "reader", box, looks)

    # -- lanes --------------------------------------------------------------------------------------------------------

    def _road(self, made: Portal, barrier: Barrier, top: int) -> Portal:
        """The roadway below, as a vehicle meets it that comes in: entry loop, barrier with its beams and edges, safety
        loops, exit loop. What does not fit goes on below."""
        left, right = made.row.x, made.row.right
        mover = Mover(barrier.mover.value, len(barrier.drives), Box(made.wall - MOVER_W // 2, top, MOVER_W, ROAD_H))
        spots = []
        if barrier.entry is not None:
            spots.append(Spot(barrier.entry, "entry", Box(left, top, mover.box.x - GAP - left, ROAD_H)))
        x, y = mover.box.right + GAP, top
        for name, what in _after(barrier):
            width = LOOP_W if what in ("safety", "exit") else BEAM_W
            if x + width > right:
                x, y = mover.box.right + GAP, y + ROAD_H + GAP
            spots.append(Spot(name, what, Box(x, y, width, ROAD_H)))
            x += width + GAP
        road = Box(left, top, right - left, y + ROAD_H - top)
        row = Box(left, made.row.y, right - left, road.bottom - made.row.y)
        return replace(made, row=row, mover=mover, road=road, spots=tuple(spots))

    # -- cameras elsewhere --------------------------------------------------------------------------------------------

    def _loose(self, site: Site) -> Iterable[tuple[Device, Box]]:
        """Cameras that hang at no access point, below everything."""
        placed = {reader for portal in site.portals for point in portal.access_points for reader in point.readers}
        left = sorted(set(self._cameras) - placed)
        self._y += TITLE_H if left else 0
        for name in left:
            box = Box(GAP, self._y, *DEVICE)
            yield self._device(name, box), Box(box.right + GAP, self._y, WIDTH - box.right - 2 * GAP, DEVICE[1])
            self._y += DEVICE[1] + GAP


def _after(barrier: Barrier) -> Iterable[tuple[str, str]]:
    """The loops, beams and edges that a vehicle meets at the barrier and behind it."""
    for sensors, what in (
        (barrier.edges_opening, "edge_opening"),
        (barrier.edges_closing, "edge_closing"),
        (barrier.photocells, "photocell"),
        (barrier.safety, "safety"),
    ):
        for sensor in sensors:
            yield sensor.input, what
    if barrier.exit is not None:
        yield barrier.exit, "exit"


def _lines(name: str, width: int) -> int:
    """How many lines a name takes, at most LINES_MAX; a longer one is cut by the browser, and whole on its card."""
    wide = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in name)
    return 1 if wide * LETTER <= width else LINES_MAX
