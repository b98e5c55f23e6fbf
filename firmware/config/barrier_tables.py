"""How a barrier and its lane are written in a site file: limits of every key, and what stands there for people only.

R and a number in a limit's reason name a rule of motion (firmware/README.md).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from firmware.config.convert import Limit, Shape
from firmware.config.limits import HOUR_MS, ID, MINUTE_MS, NAME, SECOND_MS
from firmware.core.site import Barrier, Cold, Drive, Light, Sensor

PowerLoss = Literal["opens", "hand_release"]
ByWire = Literal["stop", "safety", "fire"]


class BarrierWords(msgspec.Struct, frozen=True):
    """What stands in a barrier's table for people and for `menshen check`, and not for the core.

    `power_loss`: what the drive itself does when the mains fail, declared and tested at commissioning (R13). "opens":
    it opens by itself; "hand_release": it stays, and people open it with a marked key.
    `by_wire`: what acts in hardware or in the drive too, when this controller is dead (DESIGN.md, section 5): the stop
    circuit, the safety devices, the fire input.
    `egress` and `egress_by`: how people get out beside a gate that bars the whole way. "mechanical": a wicket that a
    hand always opens from inside; or the id of a door or turnstile here with escape = true. `escape` is refused.
    """

    power_loss: PowerLoss
    by_wire: tuple[ByWire, ...]
    name: str | None = None
    egress: Literal["mechanical"] | None = None
    egress_by: str | None = None
    escape: bool = False


TRAVEL_MS_MAX = 3 * MINUTE_MS  # a heavy sliding gate of 12 m needs a minute

_DEVICES = (
    *("entry", "exit", "stop", "reset", "service_key", "cover", "key_open", "key_close", "emergency_close"),
    *("fire_key", "arm_detached", "pit_water", "mains", "battery", "temperature", "warning", "sounder"),
)

BARRIER_SHAPES: dict[type, Shape] = {
    BarrierWords: Shape(
        limits={
            "name": NAME,
            "power_loss": Limit(rule="barrier_power_loss"),
            "by_wire": Limit(rule="barrier_by_wire"),
            "egress": Limit(rule="barrier_egress"),
            "egress_by": ID,
        }
    ),
    Sensor: Shape(
        limits={
            "input": ID,
            "test": ID,
            "fault": ID,
            "stuck_ms": Limit(10 * SECOND_MS, 24 * HOUR_MS, "R16"),
        }
    ),
    Drive: Shape(limits=dict.fromkeys(("open", "close", "opened", "closed", "permit", "brake", "fault"), ID)),
    Light: Shape(limits={"direction": Limit(rule="direction"), "red": ID, "green": ID}),
    Cold: Shape(limits={"celsius": Limit(-60, 20), "factor": Limit(1, 5, "R6")}),
    Barrier: Shape(
        written={
            "drives": "drive",
            "access_points": "access_point",
            "photocells": "photocell",
            "edges_closing": "edge_closing",
            "edges_opening": "edge_opening",
            "lights": "light",
        },
        limits={
            "id": ID,
            **dict.fromkeys(_DEVICES, ID),
            "travel_ms_max": Limit(SECOND_MS, TRAVEL_MS_MAX, "R6"),
            "dead_ms": Limit(100, 5 * SECOND_MS, "R5"),
            "warning_ms": Limit(SECOND_MS, 30 * SECOND_MS, "R7"),
            "clear_ms": Limit(SECOND_MS, MINUTE_MS, "R2"),
            "test_ms": Limit(50, 5 * SECOND_MS, "R8"),
            "pulse_ms": Limit(100, 5 * SECOND_MS),
            "back_off_ms": Limit(100, 3 * SECOND_MS, "R3"),
            "passage_ms_max": Limit(5 * SECOND_MS, 10 * MINUTE_MS, "R11"),
            "gap_ms_max": Limit(500, MINUTE_MS, "R11"),
            "leave_ms_max": Limit(SECOND_MS, 10 * MINUTE_MS, "R11"),
            "queue_ms_max": Limit(10 * SECOND_MS, HOUR_MS),
            "queue_max": Limit(1, 32),
            "beam_ms_max": Limit(SECOND_MS, 20 * SECOND_MS, "R16"),
            "proof_ms_max": Limit(MINUTE_MS, 7 * 24 * HOUR_MS, "R1"),
            "loops_mm": Limit(300, 50_000),
            "speed_kmh_max": Limit(3, 60),
            "cycles_service": Limit(100, 10_000_000, "R18"),
            "tests_days": Limit(1, 366, "R18"),
            "budget_ms": Limit(5, 500),
            "drops_ms": Limit(10, SECOND_MS),
            "priority": Limit(rule="direction"),
            "unlock_schedule": NAME,
            "closed_schedule": NAME,
        },
    ),
}
