"""A barrier of plain numbers on virtual time, with every edge written down: for the tests of barrier and lane."""

from __future__ import annotations

import asyncio

from firmware.rehearsal.layout import layout_of
from firmware.rehearsal.plants import Plants
from firmware.rehearsal.virtual_time import run_virtual
from firmware.rehearsal.wires import Wires

MS = 1_000_000

# Round numbers, no bounce, no delays: what is expected can be worked out in the head.
LANE = {
    "id": "lane",
    "mover": "bollard",
    "travel_open_ms": 2_000,
    "travel_close_ms": 4_000,
    "stop_ms": 0,
    "limit_permille": 10,
    "height_mm": 600,
    "starts": "open",
    "bounce_ms": 0,
    "lane_mm": [-10_000, 10_000],
    "narrow_mm": [-2_500, 2_500],
    "drive": [
        {"open": "OPEN", "close": "CLOSE", "permit": "PERMIT", "opened": ["IS_OPEN"], "closed": ["IS_CLOSED"]}
        | {"fault": "FAULT"}
    ],
    "loop": [
        {"id": "entry", "line": "ENTRY", "zone_mm": [-5_000, -3_000], "delay_ms": 0},
        {"id": "safety", "line": "SAFETY", "zone_mm": [-1_000, 1_000], "delay_ms": 0},
        {"id": "exit", "line": "EXIT", "zone_mm": [3_000, 5_000], "delay_ms": 0},
    ],
    "photocell": [{"id": "beam", "line": "BEAM", "at_mm": 0, "height_mm": 500, "test": "TEST", "delay_ms": 0}],
    "keys": {
        "stop": "STOP",
        "reset": "RESET",
        "service_key": "SERVICE",
        "key_open": "KEY_OPEN",
        "key_close": "KEY_CLOSE",
        "fire_key": "FIRE_KEY",
        "mains": "MAINS",
        "battery": "BATTERY",
    },
    "lamps": {"red_in": "RED_IN", "green_in": "GREEN_IN", "red_out": "RED_OUT", "green_out": "GREEN_OUT"},
}


class LaneYard:
    """The plants of LANE with changes, and what went over their wires."""

    def __init__(self, seed=7, switches=(), **changes):
        table = {"barrier": [{**LANE, **changes}], "switch": list(switches)}
        self.wires = Wires(asyncio.get_running_loop(), seed, edge_by_edge=True)
        self.plants = Plants(layout_of(table), self.wires)
        self.barrier = self.plants.barriers["lane"]
        self.lane = self.barrier.lane
        self.edges = []
        self.began_ns = self.wires.now_ns()
        self.wires.listen(self.edges.extend)

    def drive(self, **levels):
        for line, level in levels.items():
            self.wires.drive(line, bool(level))

    def level(self, line):
        return self.wires.levels([line])[line]

    def ms(self, at_ns):
        return round((at_ns - self.began_ns) / MS, 3)

    def of(self, line):
        """Instants in milliseconds and levels of one input."""
        return [(self.ms(edge.at_ns), edge.level) for edge in self.edges if edge.line == line]

    async def until_ms(self, at_ms):
        await asyncio.sleep(self.began_ns / 1e9 + at_ms / 1e3 - asyncio.get_running_loop().time())


def in_yard(story, **changes):
    """Run `story(yard)` on virtual time."""

    async def run():
        yard = LaneYard(**changes)
        try:
            return await story(yard)
        finally:
            yard.plants.close()

    return run_virtual(run())
