"""What the plan of a site is made of: boxes in units of the picture, and what stands in each. Types only.

A unit is a pixel where the picture is as wide as it was laid out for (`WIDTH`), a phone's column.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

WIDTH = 328


class Box(NamedTuple):
    """A rectangle; x to the right, y down."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        return self.x + self.w

    @property
    def bottom(self) -> int:
        return self.y + self.h

    def overlaps(self, other: Box) -> bool:
        """Whether they share more than an edge."""
        across = self.x < other.right and other.x < self.right
        return across and self.y < other.bottom and other.y < self.bottom

    def holds(self, other: Box) -> bool:
        return self.x <= other.x and self.y <= other.y and other.right <= self.right and other.bottom <= self.bottom


class Device(msgspec.Struct, frozen=True):
    """A reader or a camera. `looks` is where a camera looks to: in or out."""

    id: str
    what: str  # reader, camera
    box: Box
    looks: str = "in"


class Spot(msgspec.Struct, frozen=True):
    """A loop, beam or edge of a lane. `what` is entry, safety, exit, photocell, edge_closing or edge_opening."""

    id: str
    what: str
    box: Box


class Lamps(msgspec.Struct, frozen=True):
    """The lights that one direction sees."""

    way: str
    box: Box


class Mover(msgspec.Struct, frozen=True):
    """What moves in a lane, and how many of it."""

    kind: str  # bollard, boom, sliding_gate, swing_gate
    count: int
    box: Box


class Portal(msgspec.Struct, frozen=True):
    """A portal in the wall of its region. Of a door or turnstile `symbol` is where it is drawn, of a lane `mover`."""

    id: str
    kind: str  # door, turnstile, barrier
    row: Box  # all of it
    wall: int  # x of the wall that it stands in
    text: Box
    lines: int  # of its name
    call: Box | None = None  # of the call button of an entrance
    outer: str = ""  # the area it leads from, where the picture does not show that
    symbol: Box | None = None
    mover: Mover | None = None
    road: Box | None = None
    devices: tuple[Device, ...] = ()
    spots: tuple[Spot, ...] = ()
    lamps: tuple[Lamps, ...] = ()

    def parts(self) -> tuple[Box, ...]:
        """Everything that is drawn of it, each in a box of its own."""
        single = (self.text, self.symbol, self.call, None if self.mover is None else self.mover.box)
        many = [device.box for device in self.devices]
        many += [spot.box for spot in self.spots]
        many += [lamps.box for lamps in self.lamps]
        return (*(box for box in single if box is not None), *many)


class Region(msgspec.Struct, frozen=True):
    """An area, drawn as a room; "" is what lies behind portals for which no area is named."""

    area: str
    box: Box
    title: Box


class Drawing(msgspec.Struct, frozen=True):
    """The whole plan. `loose` are cameras that hang at no access point, each with where its name is written."""

    height: int = 0
    title: Box = Box(0, 0, 0, 0)
    regions: tuple[Region, ...] = ()
    portals: tuple[Portal, ...] = ()
    loose: tuple[tuple[Device, Box], ...] = ()
    loose_title: Box = Box(0, 0, 0, 0)

    @property
    def devices(self) -> tuple[str, ...]:
        """Ids of all readers and cameras that are drawn."""
        placed = [device.id for portal in self.portals for device in portal.devices]
        return (*placed, *(device.id for device, _ in self.loose))
