"""What a barrier and its lane may not ask for: the rules of motion (R0 to R19, firmware/README.md) put to a site file.

Like policies.py, which calls it: a rule whose key is spoiled already says nothing. Wires and buses: lane_wires.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from drivers.contact import ContactConfig
from firmware.config import BarrierWords, Draft, PortalDraft, Problems, sensors_of, shown
from firmware.controller.points import BusTime, Point, supervises
from firmware.core.site import Barrier, Closing, Direction, Door, DriveCommand, DriveMode, Mover

DRIVES_MAX = 8  # of one barrier: a wide road has six bollards
GATES = (Mover.SLIDING_GATE, Mover.SWING_GATE)
MOVERS = {"arm_detached": Mover.BOOM, "pit_water": Mover.BOLLARD}  # keys that make sense for one mover only


class Lane(NamedTuple):
    """One barrier of a draft, and what its rules look at."""

    path: str
    barrier: Barrier
    words: BarrierWords | None
    given: frozenset[str]
    draft: Draft
    points: Mapping[str, Point]
    times: Mapping[str, BusTime]
    problems: Problems

    def sound(self, *keys: str) -> bool:
        return not any(self.problems.touch(f"{self.path}.{key}") for key in keys)

    def directions(self) -> set[str] | None:
        """The directions in which access points lead; None where one of them is not known."""
        lost = re.compile(rf"{re.escape(self.path)}\.access_point(\[\d+\](\.direction)?)?")
        if any(lost.fullmatch(problem.path) for problem in self.problems.found):
            return None
        return {point.direction for point in self.barrier.access_points}

    def refuse(self, key: str, found: object, rule: str, **values: str | int) -> None:
        """One problem at a key of the barrier's table; None is shown as not there."""
        if self.sound(key):
            self.problems.add(f"{self.path}.{key}", "-" if found is None else shown(found), rule, near="", **values)


def lane_of(
    each: PortalDraft,
    barrier: Barrier,
    draft: Draft,
    points: Mapping[str, Point],
    times: Mapping[str, BusTime],
    problems: Problems,
) -> Lane:
    words = each.words if isinstance(each.words, BarrierWords) else None
    return Lane(each.path, barrier, words, each.given, draft, points, times, problems)


def check_lane(lane: Lane) -> None:
    """Add every problem of this barrier's keys."""
    _check_automatic(lane)  # first: what it asks for is asked for once
    _check_machine(lane)
    _check_driving(lane)
    _check_sensors(lane)
    _check_fire(lane)
    _check_way_out(lane)
    _check_roadway(lane)


def _check_machine(lane: Lane) -> None:
    """R6: ends are proven. R12, R19: it can be stopped, and leaves a stop by a person in sight."""
    barrier = lane.barrier
    if not 1 <= len(barrier.drives) <= DRIVES_MAX and lane.sound("drive"):
        lane.problems.add(f"{lane.path}.drive", str(len(barrier.drives)), "list_length", least=1, most=DRIVES_MAX)
    for index, drive in enumerate(barrier.drives):
        for key in ("opened", "closed"):
            if not getattr(drive, key):
                lane.refuse(f"drive[{index}].{key}", [], "lane_end_proof")
        if barrier.command is DriveCommand.PULSE and drive.permit is None and lane.sound("command"):
            lane.refuse(f"drive[{index}].permit", None, "lane_pulse_permit")
    if barrier.stop is None:
        lane.refuse("stop", None, "lane_stop")
    if barrier.reset is None:
        lane.refuse("reset", None, "lane_reset")
    if barrier.closing is Closing.HOLD_TO_RUN and barrier.key_close is None and lane.sound("closing"):
        lane.refuse("key_close", None, "lane_key_close")
    if barrier.emergency_close and not barrier.safety and lane.sound("safety"):
        lane.refuse("emergency_close", barrier.emergency_close, "lane_emergency")
    for key, mover in MOVERS.items():
        if getattr(barrier, key) and barrier.mover is not mover:
            lane.refuse(key, getattr(barrier, key), "lane_mover", mover=mover.value)
    if lane.words is not None and lane.sound("by_wire"):
        needed = {"stop": True, "safety": barrier.closing is Closing.AUTOMATIC, "fire": barrier.fire_opens}
        for what, wanted in needed.items():
            if wanted and what not in lane.words.by_wire:
                lane.problems.add(f"{lane.path}.by_wire", shown(list(lane.words.by_wire)), "lane_by_wire", what=what)


def _check_driving(lane: Lane) -> None:
    """FIELD.md, section 3: outputs are the motion only where hardware drops them and limits cut the motor."""
    barrier = lane.barrier
    if barrier.mode is not DriveMode.DRIVING or not lane.sound("mode"):
        return
    if barrier.drops_ms is None:
        lane.refuse("drops_ms", None, "lane_driving_drops")
    if not barrier.limits_cut:
        lane.refuse("limits_cut", False, "lane_driving_limits")
    if barrier.command is not DriveCommand.HELD:
        lane.refuse("command", barrier.command.value, "lane_driving_held")
    if barrier.mover in GATES and len(barrier.drives) > 1:
        lane.refuse("drive", len(barrier.drives), "lane_driving_leaves")


def _check_automatic(lane: Lane) -> None:
    """R7, R8, R11: what an automatic close needs; where it is missing, only the local key closes."""
    barrier = lane.barrier
    if barrier.closing is not Closing.AUTOMATIC or not lane.sound("closing"):
        return
    for key in ("entry", "safety", "exit", "warning", "sounder"):
        if not getattr(barrier, key):
            lane.refuse(key, None, f"lane_automatic_{key}")
    lights = {light.direction: (index, light) for index, light in enumerate(barrier.lights)}
    led = lane.directions() or set()
    for direction in Direction:
        if direction not in led:
            continue
        if direction not in lights:
            lane.refuse("light", None, "lane_automatic_light", direction=direction.value)
        elif lights[direction][1].green is None:
            lane.refuse(f"light[{lights[direction][0]}].green", None, "lane_automatic_green", direction=direction.value)
    lists = {"safety": barrier.safety, "photocell": barrier.photocells, "edge_closing": barrier.edges_closing}
    principles = [key for key, devices in lists.items() if devices]
    if barrier.pedestrians and barrier.safety and len(principles) < 2 and lane.sound("photocell", "edge_closing"):
        lane.refuse("pedestrians", True, "lane_two_principles", present=", ".join(principles))


def _check_sensors(lane: Lane) -> None:
    """R1, R8: a device that cannot be proven healthy does not count, so it must be provable."""
    for path, key, sensor in sensors_of(lane.barrier):
        point = lane.points.get(sensor.input)
        contact = point.device.settings if point is not None else None
        if sensor.supervised and point is not None and not supervises(point):
            lane.refuse(f"{path}.supervised", True, "lane_supervised")
        if key.startswith("edge") and sensor.test is None and sensor.fault is None and not sensor.supervised:
            lane.refuse(f"{path}.test", None, "lane_edge_proof")
        if sensor.test is None or point is None or not isinstance(contact, ContactConfig) or not lane.sound("test_ms"):
            continue
        debounce = f"{point.path}.debounce_ms"
        if contact.debounce_ms >= lane.barrier.test_ms and not lane.problems.touch(debounce):
            lane.problems.add(
                debounce, str(contact.debounce_ms), "below", other=f"{lane.path}.test_ms", most=lane.barrier.test_ms
            )


def _check_fire(lane: Lane) -> None:
    """R14: what opens on fire is told of it."""
    barrier, site = lane.barrier, lane.draft.site
    if not lane.sound("fire_opens", "fire_key") or site is None or lane.problems.touch("site.fire_inputs"):
        return
    if not barrier.fire_opens:
        if barrier.fire_key is not None:
            lane.refuse("fire_key", barrier.fire_key, "lane_fire_key")
    elif not site.fire_inputs and barrier.fire_key is None:
        lane.refuse("fire_opens", True, "lane_fire_input")


def _check_way_out(lane: Lane) -> None:
    """DESIGN.md, section 5, point 1: a barrier is no way of escape, and where it bars the whole way there is another.

    A person walks past a bollard and under a boom; a gate closes from post to post.
    """
    words = lane.words
    if words is None:
        return
    if words.escape:
        lane.refuse("escape", True, "barrier_escape")
    if words.egress_by is not None:
        check_egress_by(lane.path, words.egress_by, lane.draft, lane.problems)
    elif words.egress is None and lane.barrier.mover in GATES and lane.sound("mover", "egress_by"):
        lane.refuse("egress", None, "barrier_egress")


def check_egress_by(path: str, beside: str, draft: Draft, problems: Problems) -> None:
    """What is named as the way out beside a portal is a door that everybody leaves by."""
    other = next((each for each in draft.portals if each.portal.id == beside), None)
    if other is None or problems.touch(f"{other.path}.escape") or problems.touch(f"{path}.egress_by"):
        return
    if not isinstance(other.portal, Door) or not other.portal.escape:
        problems.add(f"{path}.egress_by", shown(beside), "egress_by_no_escape")


def _check_roadway(lane: Lane) -> None:
    """Keys that say something of a lane only together with others."""
    barrier = lane.barrier
    if barrier.loops_mm is not None and lane.sound("entry", "safety") and not (barrier.entry and barrier.safety):
        lane.refuse("loops_mm", barrier.loops_mm, "lane_loops_mm")
    if barrier.loops_mm is None and "speed_kmh_max" in lane.given and lane.sound("loops_mm"):
        lane.refuse("speed_kmh_max", barrier.speed_kmh_max, "lane_speed")
    directions = lane.directions()
    if barrier.priority is not None and directions is not None and len(directions) < 2:
        lane.refuse("priority", barrier.priority.value, "lane_priority")
