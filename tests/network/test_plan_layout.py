"""The plan of any site: every portal, reader and camera drawn once, nothing over anything, all within the picture."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.config import load
from firmware.core.site import (
    AccessPoint,
    Area,
    Barrier,
    Direction,
    Door,
    Drive,
    Light,
    Mover,
    Sensor,
    Site,
    Turnstile,
)
from firmware.network.plan.drawing import WIDTH, Box, Drawing
from firmware.network.plan.layout import draw
from firmware.network.settings import cameras_of

SITES = Path(__file__).parents[2] / "provisioning" / "sites"
SITE_FILES = sorted(path for path in SITES.glob("*.toml") if not path.name.endswith((".plants.toml", "rules.toml")))
AREAS = ("compound", "lobby", "shed", "parking", "roof", "cellar")
NAMES = ("", "Front door", "停车场东侧的升降柱出入口", "W" * 80, "A long name of many words that goes on and on")


def boxes_of(drawing: Drawing) -> list[Box]:
    """Everything that is drawn or written but rooms and roads, which others stand in."""
    found = [box for portal in drawing.portals for box in portal.parts()]
    found += [region.title for region in drawing.regions]
    found += [drawing.title, *(box for device, text in drawing.loose for box in (device.box, text))]
    return [*found, drawing.loose_title] if drawing.loose else found


def holds(drawing: Drawing, site: Site, cameras: frozenset[str]) -> None:
    """What must be true of any plan."""
    picture = Box(0, 0, WIDTH, drawing.height)
    boxes = boxes_of(drawing)
    assert all(box.w > 0 and box.h > 0 for box in boxes)
    assert all(picture.holds(box) for box in boxes), "within the picture"
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other), (one, other)
    assert Counter(portal.id for portal in drawing.portals) == Counter(portal.id for portal in site.portals)
    for portal in site.portals:
        called = any(point.call for point in portal.access_points)
        assert called == any(drawn.id == portal.id and drawn.call is not None for drawn in drawing.portals)
    readers = {each for portal in site.portals for point in portal.access_points for each in point.readers}
    assert Counter(drawing.devices) == Counter(readers | cameras)
    for one, other in itertools.combinations(drawing.regions, 2):
        assert not one.box.overlaps(other.box) or one.box.holds(other.box) or other.box.holds(one.box)
    for portal in drawing.portals:
        assert portal.text.h >= 20 * (2 + portal.lines)
        for box in portal.parts():
            assert portal.row.holds(box) or box == portal.symbol, (portal.id, box)
        walls = [region.box for region in drawing.regions if region.box.x == portal.wall]
        assert any(box.y <= portal.row.y and portal.row.bottom <= box.bottom for box in walls), "it stands in a wall"
        if portal.road is not None and portal.mover is not None:
            assert all(portal.road.holds(part.box) for part in (*portal.spots, portal.mover))
            xs = [spot.box.x for spot in portal.spots if spot.what == "entry"]
            assert all(x < portal.mover.box.x for x in xs), "the entry loop lies before the barrier"


@pytest.mark.parametrize("path", SITE_FILES, ids=lambda path: path.stem)
def test_every_site_of_the_house_is_drawn(path: Path) -> None:
    config, problems = load(path)
    assert config is not None, problems
    cameras = cameras_of(config.devices)
    drawing = draw(config.site, config.portal_names, cameras)
    holds(drawing, config.site, cameras)
    drawn = {portal.id: portal for portal in drawing.portals}
    for portal in config.site.portals:
        if not isinstance(portal, Barrier):
            continue
        inputs = [portal.entry, portal.exit, *(each.input for each in (*portal.safety, *portal.photocells))]
        inputs += [each.input for each in (*portal.edges_closing, *portal.edges_opening)]
        assert sorted(spot.id for spot in drawn[portal.id].spots) == sorted(filter(None, inputs))
        assert {lamps.way for lamps in drawn[portal.id].lamps} == {light.direction.value for light in portal.lights}
        assert drawn[portal.id].mover is not None
        assert drawn[portal.id].mover.count == len(portal.drives)


def test_the_demo_gate_is_the_place_that_its_file_describes() -> None:
    config, _ = load(SITES / "community_gate.toml")
    assert config is not None
    drawing = draw(config.site, config.portal_names, cameras_of(config.devices))
    rooms = {region.area: region.box for region in drawing.regions}
    drawn = {portal.id: portal for portal in drawing.portals}
    assert rooms["compound"].holds(rooms["lobby"]), "the hall leads from the compound"
    assert drawn["hall"].wall == rooms["lobby"].x
    assert drawn["front_door"].wall == rooms["compound"].x
    kinds = {
        device.id: (device.what, device.box.x < portal.wall) for portal in drawn.values() for device in portal.devices
    }
    assert kinds["lane_camera"] == ("camera", True), "it looks at whoever comes in"
    assert kinds["hall_in_reader"] == ("reader", True)
    assert kinds["hall_out_reader"] == ("reader", False)
    lane = {spot.what: spot.box.x for spot in drawn["vehicle_lane"].spots}
    assert lane["entry"] < lane["photocell"] < lane["safety"] < lane["exit"]


@st.composite
def sites(draw_from: st.DrawFn) -> tuple[Site, dict[str, str], frozenset[str]]:
    areas = st.sampled_from((None, *AREAS))
    numbers = itertools.count()
    portals: list[Door | Turnstile | Barrier] = []
    names: dict[str, str] = {}
    cameras: set[str] = set()

    def point(portal: str) -> AccessPoint:
        number = next(numbers)
        readers = tuple(f"reader_{number}_{each}" for each in range(draw_from(st.integers(0, 4))))
        cameras.update(readers[: draw_from(st.integers(0, 1))])
        direction = draw_from(st.sampled_from(("in", "out")))
        return AccessPoint(
            f"point_{number}",
            portal,
            readers,
            area_from=draw_from(areas),
            area_to=draw_from(areas),
            direction=direction,
            call=draw_from(st.sampled_from((None, f"button_{number}"))),
        )

    for number in range(draw_from(st.integers(0, 8))):
        name = f"portal_{number}"
        names[name] = draw_from(st.sampled_from(NAMES)) or name
        points = tuple(point(name) for _ in range(draw_from(st.integers(0, 3))))
        kind = draw_from(st.sampled_from(("door", "turnstile", "barrier")))
        if kind == "door":
            portals.append(Door(name, "lock", access_points=points))
        elif kind == "turnstile":
            portals.append(Turnstile(name, "in", "out", access_points=points))
        else:
            portals.append(_barrier(draw_from, name, points))
    cameras |= {f"camera_{each}" for each in range(draw_from(st.integers(0, 3)))}
    return Site("site", portals=tuple(portals), areas=tuple(map(Area, AREAS))), names, frozenset(cameras)


def _barrier(draw_from: st.DrawFn, name: str, points: tuple[AccessPoint, ...]) -> Barrier:
    def sensors(what: str, most: int) -> tuple[Sensor, ...]:
        return tuple(Sensor(f"{name}_{what}_{each}") for each in range(draw_from(st.integers(0, most))))

    return Barrier(
        name,
        draw_from(st.sampled_from(list(Mover))),
        tuple(Drive("open", "close", ("up",), ("down",)) for _ in range(draw_from(st.integers(1, 6)))),
        access_points=points,
        entry=draw_from(st.sampled_from((None, f"{name}_entry"))),
        exit=draw_from(st.sampled_from((None, f"{name}_exit"))),
        safety=sensors("loop", 6),
        photocells=sensors("beam", 8),
        edges_closing=sensors("edge", 4),
        edges_opening=sensors("back", 4),
        lights=tuple(Light(way, "red") for way in Direction if draw_from(st.booleans())),
    )


@given(sites())
def test_any_site_is_laid_out(made: tuple[Site, dict[str, str], frozenset[str]]) -> None:
    site, names, cameras = made
    holds(draw(site, names, cameras), site, cameras)
