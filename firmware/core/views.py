"""What people see of a state: made for pages and panels, without names and without any trace of duress."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from firmware.core import reader
from firmware.core.call_machines import Call
from firmware.core.codes import Code
from firmware.core.lane_views import lane_view
from firmware.core.levels import FAULT_LEVELS, Level
from firmware.core.machines import Exit, Fire, Hold, Leaf, Peers, Pulse
from firmware.core.modes import RANK
from firmware.core.site import Door
from firmware.core.state import PortalState, State
from firmware.core.timers import Timers
from firmware.core.view import CallView, HoldView, Mode, PortalView, Position, SiteView
from firmware.core.wiring import IN, Portal

MS_PER_S = 1000

_POSITION: dict[Leaf | None, Position] = {
    None: Position.NOT_MONITORED,
    Leaf.UNKNOWN: Position.UNKNOWN,
    Leaf.CLOSED: Position.CLOSED,
    Leaf.FAULT: Position.FAULT,
}


def view(state: State) -> SiteView:
    """The site as it is now."""
    subjects = _site_alarms(state)
    return SiteView(
        portals=tuple(_any_portal(state, portal.id) for portal in state.site.portals),
        fire=state.fire is not Fire.NONE,
        lockdown=bool(state.lockdown),
        evacuation=state.evacuation,
        clock_known=state.offset_ms is not None,
        store_failed=state.store_failed,
        roster_version=state.rulebook.version or None,
        devices_lost=tuple(sorted(state.devices_lost)),
        readers_muted=tuple(sorted(name for name, at in state.readers.items() if reader.muted(at))),
        readers_enrolling=tuple(sorted(name for name, at in state.readers.items() if at.enrolling is not None)),
        alarms=tuple(subjects),
        subjects=subjects,
        unacknowledged=tuple(sorted(state.unacknowledged)),
        occupancy=state.occupancy,
        calls=tuple(_calls(state)),
    )


def _any_portal(state: State, name: str) -> PortalView:
    plan = state.wiring.barriers.get(name)
    if plan is not None:
        road = state.lanes[name]
        held = _hold(state, road.lane.hold, road.lane.hold_until_utc_s, road.lane.timers)
        return lane_view(plan, road, held)
    now = state.portals[name]
    return _portal(state.wiring.portals[name], now, _hold(state, now.hold, now.hold_until_utc_s, now.timers))


def _hold(state: State, hold: Hold, until_utc_s: int | None, timers: Timers) -> HoldView | None:
    """A hold that was asked for until an instant keeps it though the clock jumps; one for a time ends by our clock."""
    if hold is Hold.NONE:
        return None
    ends_ms = next((at_ms for at_ms, name in timers if name == "hold"), None)
    if until_utc_s is None and ends_ms is not None and state.offset_ms is not None:
        until_utc_s = (state.offset_ms + ends_ms) // MS_PER_S
    return HoldView(hold.value, until_utc_s)


def _portal(portal: Portal, now: PortalState, held: HoldView | None) -> PortalView:
    return PortalView(
        id=portal.id,
        kind="door" if isinstance(portal, Door) else "turnstile",
        mode=_mode(now),
        position=_POSITION.get(now.leaf, Position.OPEN),
        why=_why(now),
        alarms=_alarms(now),
        acknowledged=now.acknowledged,
        hold=held,
    )


def _mode(now: PortalState) -> Mode:
    """What was commanded; of a turnstile, the way that lets more people through."""
    if any(way.commanded is None for way in now.ways):
        return Mode.UNKNOWN
    if now.free is not None:
        return RANK[now.free].mode
    ranks = [RANK[way.claim] for way in now.ways]
    return next((rank for rank in ranks if rank.released), ranks[IN]).mode


def _why(now: PortalState) -> tuple[str, ...]:
    claims = dict.fromkeys([now.free] if now.free is not None else [way.claim for way in now.ways])
    return tuple(reason for claim in claims if claim and (reason := RANK[claim].reason) is not None)


def _alarms(now: PortalState) -> tuple[str, ...]:
    found = (
        (Code.FORCED, now.leaf is Leaf.FORCED),
        (Code.FAULT, now.fault is not None),
        (Code.DEVICE_LOST, bool(now.lost)),
        (Code.HELD, now.leaf is Leaf.HELD),
        (Code.HELD_WARNING, now.leaf is Leaf.WARNED),
        (Code.CONTACT_FAULT, now.leaf is Leaf.FAULT or Exit.FAULT in now.exits),
        (Code.PASSAGE_PULSE_FAULT, any(way.pulse in (Pulse.STUCK, Pulse.FAULT) for way in now.ways)),
        (Code.REX_STUCK, Exit.STUCK in now.exits),
    )
    return tuple(code for code, there in found if there)


def _calls(state: State) -> Iterator[CallView]:
    for point, now in state.calls.items():
        if now.call is not Call.NONE:
            since_s = None if state.offset_ms is None else (state.offset_ms + now.since_ms) // MS_PER_S
            portal = state.wiring.points[point].portal
            yield CallView(point, portal, since_s, now.call is Call.ANSWERED, now.by)


def _site_alarms(state: State) -> dict[str, tuple[str, ...]]:
    """The site's own alarms, each with who tells it: what a person acknowledges."""
    site = (state.site.id,)
    faulty = [device for device, level in state.fire_levels.items() if level in FAULT_LEVELS]
    active = [device for device, level in state.fire_levels.items() if level is Level.ACTIVE]
    at_readers = {at.tamper: at.id for at in state.site.readers}
    found: tuple[tuple[Code, Iterable[str]], ...] = (
        (Code.FIRE, (active or site) if state.fire is not Fire.NONE else ()),
        (Code.EVACUATION, site if state.evacuation else ()),
        (Code.LOCKDOWN, site if state.lockdown else ()),
        (Code.FIRE_INPUT_FAULT, faulty),
        (Code.TAMPER, {at_readers.get(device, device) for device in state.tampered}),
        (Code.PIN_LOCKED_OUT, (name for name, at in state.readers.items() if reader.locked_out(at))),
        (Code.READER_MUTED, (name for name, at in state.readers.items() if reader.muted(at))),
        (Code.KEPT_UNREADABLE, site if state.kept_unreadable else ()),
        (Code.STORE_FAILED, site if state.store_failed else ()),
        (Code.DEVICE_LOST, state.devices_lost),
        (Code.CLOCK_LOST, site if state.offset_ms is None else ()),
        (Code.PEERS_LOST, site if state.peers is Peers.LOST else ()),
    )
    return {code.value: tuple(subjects) for code, each in found if (subjects := sorted(each))}
