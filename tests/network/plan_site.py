"""A site with one of everything that the plan draws, and the states that go with it."""

from __future__ import annotations

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
from firmware.network.plan.layout import draw
from firmware.network.settings import Settings
from tests.network.running import PORTAL_NAMES, settings

SITE = Site(
    "north_gate",
    portals=(
        Door(
            "front_door",
            "lock",
            access_points=(AccessPoint("front_in", "front_door", ("front_reader",), None, "yard"),),
        ),
        Door("bike_shed", "bike_lock", access_points=(AccessPoint("bike_in", "bike_shed", ("shed_reader",)),)),
        Turnstile(
            "hall",
            "in",
            "out",
            access_points=(
                AccessPoint("hall_in", "hall", ("hall_reader",), "yard", "lobby"),
                AccessPoint("hall_out", "hall", (), "lobby", "yard", direction="out"),
            ),
        ),
        Barrier(
            "north_lane",
            Mover.BOLLARD,
            (Drive("open", "close", ("up",), ("down",)),),
            access_points=(AccessPoint("lane_in", "north_lane", ("lane_camera",), None, "yard"),),
            entry="entry_1",
            exit="exit_1",
            safety=(Sensor("safety_1"),),
            photocells=(Sensor("photocell_1"),),
            edges_closing=(Sensor("edge_closing_1"),),
            lights=(Light(Direction.IN, "red_in"), Light(Direction.OUT, "red_out")),
        ),
    ),
    areas=(Area("yard"), Area("lobby")),
)
CAMERAS = frozenset({"lane_camera", "roof_camera"})


def plan_settings(**more: object) -> Settings:
    names = PORTAL_NAMES | {"north_lane": "North lane"}
    return settings(portal_names=names, plan=draw(SITE, names, CAMERAS), **more)
