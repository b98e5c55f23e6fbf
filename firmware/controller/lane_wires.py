"""How a barrier's wires and buses fail, and how long they take: what `menshen check` refuses there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drivers.contact import ContactConfig
from firmware.config import Part, parts_of, shown
from firmware.controller.lane_policies import Lane
from firmware.controller.points import Output, Point, input_of, output_of
from firmware.core.site import DriveMode

ON_MS_OVER_MAX = 2_000  # that the second layer's limit may lie above the longest travel

# Purposes of firmware/config/barrier_parts.py.
SAFETY = ("safety", "photocell", "edge_closing", "edge_opening")
FAULTS = tuple(f"{key}_fault" for key in SAFETY)
STOPPING = frozenset(("stop", "service_key", "cover", "drive_fault", *SAFETY, *FAULTS))
# What must read active when its wire breaks or its supply is lost (R1, R12, R14, R19) ...
FAIL_ACTIVE = STOPPING | {"entry", "exit", "fire_key", "arm_detached", "mains"}
# ... and what must not: a broken wire commands nothing, and proves no end of a motion.
FAIL_IDLE = frozenset(("opened", "closed", "reset", "key_open", "key_close", "emergency_close"))
MOTION = frozenset(("open", "close"))
STOPS = MOTION | {"permit"}  # outputs that end a motion when they drop
# Nobody in command: nothing moves, and nobody is told to drive.
OFF_WHEN_LOST = STOPS | {"brake", "green_in", "green_out"}


def check_lane_wires(lane: Lane) -> None:
    """Add every problem of this barrier's wires."""
    _check_inputs(lane)
    _check_outputs(lane)
    _check_bus(lane)


def _used(lane: Lane, purposes: Iterable[str]) -> Iterator[tuple[Part, Point]]:
    for part in parts_of(lane.barrier):
        point = lane.points.get(part.device)
        if part.purpose in purposes and point is not None:
            yield part, point


def _check_inputs(lane: Lane) -> None:
    """A broken wire means the safe side of each input, and what stops a motion does not wait for its debounce."""
    for part, point in _used(lane, FAIL_ACTIVE | FAIL_IDLE):
        _check_break(lane, point, part.key, lane.barrier.id, active=part.purpose in FAIL_ACTIVE)
    for part, point in _used(lane, STOPPING):
        settings, path = point.device.settings, f"{point.device.path}.prompt"
        if isinstance(settings, ContactConfig) and not settings.prompt and not lane.problems.touch(path):
            lane.problems.add(path, "false", "lane_prompt", key=part.key, portal=lane.barrier.id)
    site = lane.draft.site
    if site is None or not lane.barrier.fire_opens or not lane.sound("fire_opens"):
        return
    for index, name in enumerate(site.fire_inputs):
        if name in lane.points:
            _check_break(lane, lane.points[name], f"fire_inputs[{index}]", site.id, active=True)


def _check_break(lane: Lane, point: Point, key: str, owner: str, *, active: bool) -> None:
    wire = input_of(point)
    if wire is None or wire.fails_active is active or lane.problems.touch(wire.path):
        return
    rule = "lane_wire_break" if active else "lane_wire_break_idle"
    settings = point.device.settings
    if isinstance(settings, ContactConfig):
        found = shown(settings.active_level.value)
        lane.problems.add(wire.path, found, rule, key=key, portal=owner)
    else:
        found = shown(list(getattr(settings, "normally_closed", ())))
        lane.problems.add(wire.path, found, f"{rule}_point", key=key, portal=owner, name=point.name)


def _outputs(lane: Lane, purposes: Iterable[str]) -> Iterator[tuple[Part, Output]]:
    for part, point in _used(lane, purposes):
        output = output_of(point)
        if output is not None:
            yield part, output


def _check_outputs(lane: Lane) -> None:
    """What is left when nobody commands, and the second layer: a motion output lets go by itself when we do not."""
    barrier, problems = lane.barrier, lane.problems
    for part, output in _outputs(lane, OFF_WHEN_LOST):
        if output.on_lost and not problems.touch(output.on_lost_path):
            problems.add(output.on_lost_path, shown("on"), "lane_on_lost", key=part.key, portal=barrier.id)
    if not lane.sound("travel_ms_max", "cold", "mode"):
        return
    coldest = max((each.factor for each in barrier.cold), default=1.0)
    least = round(barrier.travel_ms_max * max(coldest, 1.0))
    most = least + ON_MS_OVER_MAX
    for part, output in _outputs(lane, MOTION):
        path, limit = output.on_ms_max_path, output.on_ms_max
        wrong = not least <= limit <= most if barrier.mode is DriveMode.DRIVING else 0 < limit < least
        if wrong and not problems.touch(path):
            found = str(limit) if limit else "-"
            problems.add(path, found, "lane_on_ms_max", key=part.key, portal=barrier.id, least=least, most=most)


def _check_bus(lane: Lane) -> None:
    """From a safety input to the stop output within budget_ms, whatever buses lie between."""
    budget = lane.barrier.budget_ms
    if not lane.sound("budget_ms"):
        return
    slow = False
    waits: dict[bool, tuple[float, str]] = {False: (0.0, ""), True: (0.0, "")}  # of the slowest input and output
    for part, _ in _used(lane, STOPPING | STOPS):
        time = lane.times.get(part.device)
        if time is None:
            continue
        wait = time.output_ms if part.output else time.input_ms
        waits[part.output] = max(waits[part.output], (wait, part.key))
        longest = max(wait, time.round_ms)
        if longest > budget:
            slow = True
            lane.refuse(part.key, part.device, "lane_bus_round", bus=time.bus, round=round(longest), most=budget)
    total = waits[False][0] + waits[True][0]
    if not slow and total > budget:
        keys = ", ".join(key for _, key in waits.values() if key)
        lane.refuse("budget_ms", budget, "lane_bus_budget", keys=keys, total=round(total))
