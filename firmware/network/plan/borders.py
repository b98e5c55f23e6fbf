"""Which areas a portal stands between, and how the areas of a site lie within one another. Pure.

Where a site file names no area, nothing is guessed: the outside is everything that no area was named for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from firmware.core.site import AccessPoint, Barrier, Door, Site, Turnstile

AnyPortal = Door | Turnstile | Barrier
OUTSIDE = None
UNNAMED = ""  # the room behind portals for which no area is named
DEPTH_MAX = 2  # rooms within rooms: a third wall would leave no room for a name on a phone


class Border(NamedTuple):
    """`inner` is further from the outside than `outer`."""

    portal: AnyPortal
    outer: str | None
    inner: str


class Room(NamedTuple):
    """An area as it is drawn: within `within`; OUTSIDE: in the open."""

    area: str
    within: str | None
    borders: tuple[Border, ...]


def rooms(site: Site) -> tuple[Room, ...]:
    """Every area that a portal leads to or from, with the portals in its wall: outer ones before those within."""
    sides = {portal.id: _sides(portal.access_points) for portal in site.portals}
    depths, parents = _distances(sides)
    walls: dict[str, list[Border]] = {}
    for portal in site.portals:
        one, other = sorted(sides[portal.id], key=lambda area: depths[area])
        assert other is not None, "one of the two sides of a portal is not the outside"
        walls.setdefault(other, []).append(Border(portal, one, other))
    drawn: dict[str, int] = {}
    found = []
    for area in sorted(walls, key=lambda area: depths[area]):
        parent = parents[area]
        fits = parent is not None and drawn.get(parent, DEPTH_MAX) < DEPTH_MAX
        drawn[area] = drawn[parent] + 1 if fits and parent is not None else 1
        found.append(Room(area, parent if fits else OUTSIDE, tuple(walls[area])))
    return tuple(found)


def _sides(points: Sequence[AccessPoint]) -> tuple[str | None, str | None]:
    """The two areas that a portal stands between: those named first; one that nobody names is the outside."""
    named = dict.fromkeys(area for point in points for area in (point.area_from, point.area_to) if area is not None)
    first = tuple(named)[:2]
    if len(first) < 2:
        return OUTSIDE, first[0] if first else UNNAMED
    return first[0], first[1]


def _distances(
    sides: Mapping[str, tuple[str | None, str | None]],
) -> tuple[dict[str | None, int], dict[str | None, str | None]]:
    """How many portals lie between the outside and each area, and the area before it on the way. An area that no way
    leads to counts as one away."""
    beside: dict[str | None, list[str | None]] = {OUTSIDE: []}
    for one, other in sides.values():
        beside.setdefault(one, []).append(other)
        beside.setdefault(other, []).append(one)
    depths: dict[str | None, int] = {OUTSIDE: 0}
    parents: dict[str | None, str | None] = {}
    for start in beside:
        if start not in depths:  # cut off: from here as if from outside
            depths[start], parents[start] = 1, OUTSIDE
        _walk(start, beside, depths, parents)
    return depths, parents


def _walk(
    start: str | None,
    beside: Mapping[str | None, Sequence[str | None]],
    depths: dict[str | None, int],
    parents: dict[str | None, str | None],
) -> None:
    ahead = deque([start])
    while ahead:
        area = ahead.popleft()
        for next_one in beside[area]:
            if next_one not in depths:
                depths[next_one], parents[next_one] = depths[area] + 1, area
                ahead.append(next_one)


def stands_outside(point: AccessPoint, border: Border) -> bool:
    """Whether the readers of an access point hang on the outer side of its portal: one leads away from its readers."""
    if point.area_to is not None and point.area_to == border.inner:
        return True
    if point.area_from is not None and point.area_from == border.inner:
        return False
    if point.area_from is not None and point.area_from == border.outer:
        return True
    if point.area_to is not None and point.area_to == border.outer:
        return False
    return point.direction != "out"
