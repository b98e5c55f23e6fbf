"""The worlds that are explored whole: each a few of the things that can happen, in every order.

Together they hold every input, machine and command; what two slices do not share was never tried in one order. The
product (product_world.py), random walks and simulated passages mix all of it, not exhaustively.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware.core.barrier.state import Want
from firmware.core.facts import Level
from firmware.core.site import Mover, Sensor
from tests.core.lanes.barrier_world import BarrierWorld, demands, inputs
from tests.core.lanes.explore import World
from tests.core.lanes.lane_scene import barrier
from tests.core.lanes.lane_world import CLOSED, IN, OPENED, OPERATOR, OUT, REPORTS, WINDOWS, LaneWorld

_THREE = (Level.ACTIVE, Level.INACTIVE, Level.LOST)
_SUPERVISED = (Sensor("loop", supervised=True),)
BOLLARD = barrier(safety=_SUPERVISED)
LOOP_ONLY = barrier(safety=_SUPERVISED, photocells=(), pedestrians=False)
MUTE = barrier(photocells=(), pedestrians=False)  # a loop that nothing but a recent change proves
GATE = barrier(
    mover=Mover.SLIDING_GATE,
    safety=_SUPERVISED,
    photocells=(),
    edges_closing=(Sensor("edge", supervised=True),),
    edges_opening=(Sensor("behind", supervised=True),),
)
PULSED = barrier(
    safety=_SUPERVISED, photocells=(), pedestrians=False, edges_opening=(Sensor("behind", supervised=True),)
)
_CREDENTIAL = demands(Want.CREDENTIAL)
_LIMITS = [*inputs("is_up", "is_down"), *inputs("is_up", levels=(Level.LOST,))]
_FIRE = [("site", True, False, False), ("site", False, False, False)]

BARRIER_SLICES: dict[str, Callable[[], World]] = {
    # the interlock, self-tests, obstructions
    "devices": lambda: BarrierWorld(BOLLARD, [*inputs("loop", "beam"), *demands(Want.NOBODY, Want.CREDENTIAL)]),
    "lost devices": lambda: BarrierWorld(
        LOOP_ONLY, [*inputs("loop", levels=_THREE), *inputs("mains", "reset"), *_CREDENTIAL, ("close",), ("reset",)]
    ),
    "self-test": lambda: BarrierWorld(BOLLARD, [*inputs("beam", levels=_THREE), *inputs("reset"), *_CREDENTIAL]),
    "proofs": lambda: BarrierWorld(MUTE, [*inputs("loop", levels=_THREE), *_CREDENTIAL, ("close",)]),
    # the machine
    "limits": lambda: BarrierWorld(
        LOOP_ONLY,
        [*inputs("is_up", "is_down", levels=_THREE), *inputs("service_key", "reset"), *demands(Want.OPERATOR)],
        travels=False,
    ),
    "limits in a close": lambda: BarrierWorld(
        LOOP_ONLY, [*_LIMITS, *inputs("drive_fault", "reset"), ("close",)], travels=False, at="is_down"
    ),
    "limits in a turn": lambda: BarrierWorld(
        LOOP_ONLY, [*_LIMITS, ("close",), *demands(Want.OPERATOR)[:1]], travels=False, at="is_down"
    ),
    "limits and key": lambda: BarrierWorld(LOOP_ONLY, [*_LIMITS, *inputs("key_close")], travels=False, at="nowhere"),
    "limits of a gate": lambda: BarrierWorld(
        GATE,
        [*_LIMITS, *inputs("behind", "drive_fault", levels=(Level.ACTIVE,)), *demands(Want.OPERATOR)[:1]],
        travels=False,
    ),
    "outputs": lambda: BarrierWorld(
        LOOP_ONLY,
        [
            *(("failed", "down"), ("lost", "up"), ("back", "up"), ("lost", "permit"), ("back", "permit"), ("reset",)),
            *inputs("drive_fault", "reset"),
            *_CREDENTIAL,
        ],
    ),
    "gate": lambda: BarrierWorld(GATE, [*inputs("edge", "behind", "reset"), *_CREDENTIAL]),
    "gate stopped": lambda: BarrierWorld(GATE, [*inputs("behind", "stop", "reset"), *demands(Want.OPERATOR)]),
    "bollard pinched": lambda: BarrierWorld(PULSED, [*inputs("behind", levels=_THREE), *inputs("reset"), *_CREDENTIAL]),
    # persons, and who comes first
    "bars": lambda: BarrierWorld(
        LOOP_ONLY, [*inputs("stop", "service_key", "cover", "reset"), *_CREDENTIAL], power=True
    ),
    "keys": lambda: BarrierWorld(LOOP_ONLY, [*inputs("key_open", "key_close", "loop"), *_CREDENTIAL]),
    "key and stop": lambda: BarrierWorld(LOOP_ONLY, [*inputs("key_close", "stop", "reset"), *_CREDENTIAL]),
    "power": lambda: BarrierWorld(
        LOOP_ONLY, [*inputs("emergency", "reset", "loop"), *_CREDENTIAL, ("emergency",), ("close",)], power=True
    ),
    "site": lambda: BarrierWorld(
        LOOP_ONLY,
        [
            *(("site", fire, False, lockdown) for fire in (True, False) for lockdown in (True, False)),
            ("site", False, True, False),
            *inputs("fire_key"),
            *demands(Want.CREDENTIAL, Want.LEAVING, Want.OPERATOR),
        ],
        fire_inputs=("fire",),
    ),
    "fire": lambda: BarrierWorld(LOOP_ONLY, [*_FIRE, *inputs("loop", "fire_key"), *_CREDENTIAL], fire_inputs=("fire",)),
    "fire and stop": lambda: BarrierWorld(
        LOOP_ONLY, [*_FIRE, *inputs("stop", "service_key", "reset"), *_CREDENTIAL], fire_inputs=("fire",), power=True
    ),
    "fire and edges": lambda: BarrierWorld(
        GATE, [*_FIRE, *inputs("behind", "reset"), *demands(Want.OPERATOR)], fire_inputs=("fire",)
    ),
}

_SOME = [("report", CLOSED), ("report", OPENED)]
_LOCKDOWN = [("lockdown", True), ("lockdown", False)]


def lane(alphabet: list[object], *loops: str) -> Callable[[], World]:
    return lambda: LaneWorld(barrier(queue_max=1), alphabet, loops)  # type: ignore[arg-type]


LANE_SLICES: dict[str, Callable[[], World]] = {
    "vehicles": lane([("report", OPENED), ("confirm",)], "entry", "exit", "loop", "cover"),
    "passages": lane([IN, *_SOME], "entry", "exit", "loop"),
    "both ways": lane([IN, OUT, ("report", OPENED)], "entry", "exit", "loop"),
    "persons": lane([IN, ("hold",), ("lock",), ("release",), *_LOCKDOWN, *_SOME], "entry", "loop"),
    "taken over": lane([IN, OPERATOR, *REPORTS], "entry", "loop"),
    "leaving": lane([OUT, *_LOCKDOWN, *_SOME], "exit", "loop"),
    "windows": lane([IN, ("service", True), ("service", False), *WINDOWS, *_SOME], "entry", "loop"),
}
SLICES = BARRIER_SLICES | LANE_SLICES
