"""How a picture of the wires changes with each thing that is seen: runs, self-tests, exit sequences, latches."""

from __future__ import annotations

from tests.core.lanes.picture import (
    ANSWERED,
    ASKED,
    PASSED,
    RELEASED,
    UNTESTED,
    Picture,
    at_closed,
    at_open,
    contradicted,
    explained,
    first,
    moving,
    on_fire,
    unhealthy,
    way_back_ms,
)
from tests.core.lanes.wires import (
    BACK_OFF,
    CLOSE_HELD,
    EDGE,
    EMERGENCY,
    EVACUATED_NOW,
    EVACUATION,
    FAULT,
    HOLD,
    KEPT,
    KEY,
    LOCKDOWN,
    LOCKED,
    ODD,
    OPEN_HELD,
    PLAIN,
    SERVICE,
    SLOW,
    STOP,
    TWICE,
    Plan,
    Seen,
)

STUCK_START_MS = 1_000  # an opening that never left its limit for so long may be broken off by a supervisor
_make = tuple.__new__


def advance(plan: Plan, was: Picture, seen: Seen) -> Picture:
    """The picture after one thing was seen; the very same object if nothing changed."""
    kind = seen.kind
    if kind == "input":
        return _input(plan, was, seen)
    if kind == "output":
        bit = plan.outbit.get(seen.name, 0)
        return _output(plan, was, bit, bool(seen.value), seen.t_ms)
    if kind == "command":
        return _command(plan, was, seen) if seen.value[0] == "done" else was
    if kind == "credential":
        return was._replace(granted_ms=seen.t_ms) if seen.value == "granted" else was
    if kind == "power":
        doubt = was.vacated_ms >= 0 and seen.t_ms > was.vacated_ms + plan.gap_ms
        vacated_ms = was.vacated_ms if doubt else -1
        return first(plan)._replace(latch=was.latch & KEPT, vacated_ms=vacated_ms, drift_ms=was.drift_ms)
    if kind == "lost":
        bit = plan.outbit.get(seen.name, 0)
        return _output(plan, was, bit, False, seen.t_ms)._replace(lost=was.lost | bit) if bit else was
    if kind == "recovered":
        bit = plan.outbit.get(seen.name, 0)
        return was._replace(lost=was.lost & ~bit) if was.lost & bit else was
    return was


def _input(plan: Plan, was: Picture, seen: Seen) -> Picture:
    bit = plan.bit.get(seen.name)
    if bit is None:
        return was
    act, ina, value = was.act & ~bit, was.ina & ~bit, seen.value
    if value == "active":
        act |= bit
    elif value == "inactive":
        ina |= bit
    if act == was.act and ina == was.ina and was.rep & bit:
        return was
    now = _make(Picture, (act, ina, was.rep | bit, *was[3:]))
    changes = plan.changes.get(seen.name)
    if changes is None:
        changes = tuple(CHANGES[role] for role in sorted(plan.roles[seen.name]) if role in CHANGES)
        plan.changes[seen.name] = changes
    for change in changes:
        now = change(plan, was, now, bit, seen.t_ms)
    return now


def _device(plan: Plan, was: Picture, now: Picture, bit: int, t_ms: int) -> Picture:
    active = now.act & bit
    if active:
        now = _tripped(was, now, t_ms)
    at = plan.test_at.get(bit)
    if at is not None and now.tests[at] in (ASKED, ANSWERED, RELEASED):
        now = _tested(now, at, _answer(now.tests[at], bool(active), now.ina & bit, t_ms - now.tests_ms[at], plan))
    at = plan.mute_at.get(bit)
    if at is not None and ((active and was.ina & bit) or (now.ina & bit and was.act & bit)):
        now = now._replace(shown_ms=(*now.shown_ms[:at], t_ms, *now.shown_ms[at + 1 :]))
    return now


def _tripped(was: Picture, now: Picture, t_ms: int) -> Picture:
    """Somebody was met, one a run."""
    if not was.closing or was.how == BACK_OFF or not t_ms > was.begun_ms > was.tripped_ms:
        return now
    trips = min(2, was.trips + 1)
    return now._replace(tripped_ms=t_ms, trips=trips, latch=now.latch | (TWICE if trips == 2 else 0))


def _answer(phase: int, active: bool, inactive: int, waited_ms: int, plan: Plan) -> int:
    in_time = waited_ms <= plan.test_ms
    if phase == ASKED and active and in_time:
        return ANSWERED
    if phase == RELEASED and inactive and in_time:
        return PASSED
    return UNTESTED


def _tested(now: Picture, at: int, phase: int, t_ms: int | None = None) -> Picture:
    tests = (*now.tests[:at], phase, *now.tests[at + 1 :])
    if t_ms is None:
        return now._replace(tests=tests)
    return now._replace(tests=tests, tests_ms=(*now.tests_ms[:at], t_ms, *now.tests_ms[at + 1 :]))


def _loop(plan: Plan, was: Picture, now: Picture, bit: int, t_ms: int) -> Picture:
    pending = was.vacated_ms >= 0 and t_ms <= was.vacated_ms + plan.gap_ms
    if now.act & bit:
        return now._replace(occupied=was.occupied | bit, vacated_ms=-1 if pending else was.vacated_ms)
    if now.ina & bit and was.occupied & bit:
        occupied = was.occupied & ~bit
        vacated_ms = was.vacated_ms
        if not occupied and vacated_ms < 0 and not now.act & plan.lane:
            vacated_ms = t_ms
        return now._replace(occupied=occupied, vacated_ms=vacated_ms)
    return now


def _lane(plan: Plan, was: Picture, now: Picture, bit: int, t_ms: int) -> Picture:
    if now.act & bit and was.vacated_ms >= 0 and t_ms <= was.vacated_ms + plan.gap_ms:
        return now._replace(vacated_ms=-1)
    return now


def _limit(plan: Plan, was: Picture, now: Picture, bit: int, t_ms: int) -> Picture:
    latch = now.latch
    if now.act & bit and was.ina & bit and not (was.opening if plan.opened & bit else was.closing):
        latch |= ODD
    if now.ina & bit and was.act & bit and not (was.closing if plan.opened & bit else was.opening):
        latch |= ODD
    if contradicted(plan, now) or (not (now.act | now.ina) & bit and moving(plan, was)):
        latch |= FAULT
    trips = now.trips
    if now.ina & plan.opened == plan.opened:
        now = now._replace(stays=False, drift_ms=0)
    if now.act & bit:
        if at_closed(plan, now):
            trips = 0
            latch &= ~(ODD | SLOW) if was.closing else -1
            latch &= ~HOLD if not latch & EMERGENCY else -1
        elif at_open(plan, now) and was.opening:
            latch &= ~(ODD | SLOW)
    if now.act & bit & plan.opened and at_open(plan, now):
        now = _tripped(was, now, t_ms)
        latch, trips = latch | now.latch, now.trips
    if latch != now.latch or trips != now.trips:
        now = now._replace(latch=latch, trips=trips)
    return _motion(plan, was, now, t_ms) if plan.pulsed else now


def _drive_fault(plan: Plan, was: Picture, now: Picture, bit: int, t_ms: int) -> Picture:
    if now.act & bit or (not now.ina & bit and moving(plan, was)):
        return now._replace(latch=now.latch | FAULT)
    return now


def _stop(plan: Plan, was: Picture, now: Picture, bit: int, t_ms: int) -> Picture:
    return now if now.ina & bit else now._replace(latch=now.latch | STOP)


def _service(plan: Plan, was: Picture, now: Picture, bit: int, t_ms: int) -> Picture:
    return now if now.ina & bit else now._replace(latch=now.latch | SERVICE)


def _reset(plan: Plan, was: Picture, now: Picture, bit: int, t_ms: int) -> Picture:
    """A press is a change from inactive to active: a contact that sticks is none."""
    return _reset_by(plan, now, local=True) if now.act & bit and was.ina & bit else now


def _key(plan: Plan, was: Picture, now: Picture, bit: int, t_ms: int) -> Picture:
    key = (OPEN_HELD if plan.key_open & bit else 0) | (CLOSE_HELD if plan.key_close & bit else 0)
    if now.act & bit and was.ina & bit:
        return now._replace(held=was.held | key)
    return now if now.act & bit else now._replace(held=was.held & ~key)


def _emergency(plan: Plan, was: Picture, now: Picture, bit: int, t_ms: int) -> Picture:
    if not (now.act & bit and was.ina & bit):
        return now
    against = now.act & plan.devices & ~explained(plan, now, t_ms) or unhealthy(plan, now) or now.vacated_ms >= 0
    shut_out = now.latch & (STOP | SERVICE | FAULT | EDGE | TWICE) or on_fire(plan, now)
    return now if against or shut_out else now._replace(latch=now.latch | EMERGENCY)


def _edge(plan: Plan, was: Picture, now: Picture, bit: int, t_ms: int) -> Picture:
    if now.act & bit and was.opening:
        return now._replace(latch=now.latch | EDGE, edge_ms=t_ms)
    return _edge_at_fault(plan, was, now, bit, t_ms)


def _edge_at_fault(plan: Plan, was: Picture, now: Picture, bit: int, t_ms: int) -> Picture:
    """Who cannot feel any more what is in the way stops, until somebody has looked."""
    return now._replace(latch=now.latch | ODD) if was.opening and not now.ina & bit else now


CHANGES = {
    "device": _device,
    "loop": _loop,
    "lane": _lane,
    "limit": _limit,
    "drive_fault": _drive_fault,
    "stop": _stop,
    "service": _service,
    "reset": _reset,
    "key": _key,
    "emergency": _emergency,
    "edge": _edge,
    "edge_relay": _edge_at_fault,
}


def _reset_by(plan: Plan, now: Picture, local: bool) -> Picture:
    """A person resets: by a command, or at the lane, in sight of it. What still stands is not reset."""
    gone = TWICE | EMERGENCY
    healthy = not (plan.drive_faults & ~now.ina or plan.limits & ~(now.act | now.ina) or now.lost & plan.powered)
    if healthy and not contradicted(plan, now) and not now.act & plan.edges:
        gone |= FAULT | EDGE | ODD | SLOW
    vacated_ms = now.vacated_ms
    if local:
        gone |= STOP if not plan.stop & ~now.ina else 0
        gone |= SERVICE if not plan.service & ~now.ina else 0
        vacated_ms = -1 if not plan.loops & ~now.ina else vacated_ms
    return now._replace(latch=now.latch & ~gone, trips=0, vacated_ms=vacated_ms)


SETS = {
    "lockdown": (LOCKDOWN, 0),
    "end_lockdown": (0, LOCKDOWN),
    "lock": (LOCKED, HOLD),
    "release": (0, LOCKED),
    "evacuation": (EVACUATION | EVACUATED_NOW, 0),
    "end_evacuation": (0, EVACUATION | EVACUATED_NOW),
    "hold_open": (HOLD, 0),
    "close": (0, HOLD),
    "emergency_close": (EMERGENCY, 0),
}


def _command(plan: Plan, was: Picture, seen: Seen) -> Picture:
    name = seen.name
    if name in SETS:
        on, off = SETS[name]
        return was._replace(latch=(was.latch | on) & ~off)
    if name == "open_once":
        return was._replace(granted_ms=seen.t_ms)
    if name == "reset":
        return _reset_by(plan, was, local=False)
    if name == "confirm_clear" and not plan.loops & ~was.ina:
        return was._replace(vacated_ms=-1)
    return was


def _output(plan: Plan, was: Picture, bit: int, on: bool, t_ms: int) -> Picture:
    outs = was.outs | bit if on else was.outs & ~bit
    if outs == was.outs:
        return was
    now = _make(Picture, (*was[:3], outs, *was[4:]))
    if bit & plan.powered:
        return _motion(plan, was, now, t_ms)
    if bit & plan.tests:
        for at, (device, sensor) in enumerate(plan.tested):
            if plan.outbit[str(sensor.test)] == bit:
                if on:
                    now = _tested(now, at, ASKED if now.ina & device else UNTESTED, t_ms)
                else:
                    now = _tested(now, at, RELEASED if now.tests[at] == ANSWERED else UNTESTED, t_ms)
    return now


def _motion(plan: Plan, was: Picture, now: Picture, t_ms: int) -> Picture:
    """Which drives move. Held: while the output is on. Pulsed: from the pulse until the permit drops or the end."""
    closing = opening = 0
    outs, risen = now.outs, now.outs & ~was.outs
    for at, drive in enumerate(plan.drives):
        place = 1 << at
        if outs & drive.open:
            opening |= place
        if outs & drive.close:
            closing |= place
        if plan.pulsed and outs & drive.permit:
            unproven = now.act & drive.opened != drive.opened or now.drift_ms
            if was.opening & place and not risen & drive.close and unproven:
                opening |= place
            if was.closing & place and not risen & drive.open and now.act & drive.closed != drive.closed:
                closing |= place
    if closing == was.closing and opening == was.opening:
        return now
    now = _drifted(plan, was, now, bool(closing), bool(opening), t_ms)
    latch, how, begun_ms, edge_ms, tests = now.latch, now.how if closing else "", now.begun_ms, now.edge_ms, now.tests
    if (was.closing and not closing) or (was.opening and not opening):
        latch |= _unfinished(plan, was, now, t_ms)
    if closing and not was.closing:
        backing = plan.gate and 0 <= edge_ms >= t_ms - plan.turn_ms
        how = KEY if now.held & CLOSE_HELD else BACK_OFF if backing else PLAIN
        begun_ms, edge_ms, tests = t_ms, -1, (UNTESTED,) * len(tests)
    elif opening and not was.opening:
        begun_ms, tests = t_ms, (UNTESTED,) * len(tests)
    return now._replace(
        closing=closing, opening=opening, latch=latch, how=how, begun_ms=begun_ms, edge_ms=edge_ms, tests=tests
    )


def _drifted(plan: Plan, was: Picture, now: Picture, closing: bool, opening: bool, t_ms: int) -> Picture:
    """What runs mean for the proof of open: a close that an open limit does not follow, and the way back."""
    ran_ms = t_ms - was.begun_ms
    if closing and not was.closing:
        return now._replace(stays=plan.opened != 0 and now.ina & plan.opened != plan.opened)
    if was.closing and not closing and (was.stays or (was.how != BACK_OFF and at_open(plan, now))):
        return now._replace(stays=False, drift_ms=was.drift_ms + max(1, ran_ms))
    if was.opening and not opening and was.drift_ms and ran_ms >= way_back_ms(plan, was):
        return now._replace(drift_ms=0)
    return now


def _unfinished(plan: Plan, was: Picture, now: Picture, t_ms: int) -> int:
    """A run has ended: what it leaves behind if it did not reach its end."""
    ran_ms = t_ms - was.begun_ms
    if at_closed(plan, now) if was.closing else at_open(plan, now):
        return 0
    left = 0
    if ran_ms >= plan.travel_ms:
        left |= SLOW
    if ran_ms >= plan.travel_cold_ms:
        left |= FAULT
    if was.closing and was.stays:
        left |= (ODD if ran_ms >= plan.let_go_ms else 0) | (FAULT if ran_ms >= plan.let_go_cold_ms else 0)
    if was.opening and ran_ms >= STUCK_START_MS and any(now.act & d.closed == d.closed for d in plan.drives):
        left |= ODD
    return left
