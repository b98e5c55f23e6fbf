"""What people see of the core's state: types of the live views. state -> views stands in views.py."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Mode(StrEnum):
    """ONVIF DoorMode, with what the field adds. What was commanded."""

    UNKNOWN = "unknown"
    LOCKED = "locked"
    ACCESSED = "accessed"  # released for one passage
    UNLOCKED = "unlocked"  # released until further notice
    LOCKED_DOWN = "locked_down"
    LOCKED_OPEN = "locked_open"  # fire or evacuation
    OUT_OF_SERVICE = "out_of_service"


class Position(StrEnum):
    """What is proven by contact or limits. A turnstile has none. Of a barrier OPEN means that vehicles may pass."""

    NOT_MONITORED = "not_monitored"
    UNKNOWN = "unknown"
    CLOSED = "closed"
    OPEN = "open"
    FAULT = "fault"
    OPENING = "opening"  # a barrier on its way: told to move, and at neither end
    CLOSING = "closing"
    BETWEEN = "between"  # a barrier that stands at neither end


class Lamp(StrEnum):
    """What one direction of a lane sees. What was commanded."""

    DARK = "dark"
    RED = "red"
    GREEN = "green"


class SpotView(msgspec.Struct, frozen=True, omit_defaults=True):
    """One loop, beam or edge of a lane. `what` is entry, safety, exit, photocell, edge_closing or edge_opening."""

    what: str
    id: str
    active: bool = False
    trouble: str = ""  # stuck, fault, or what an input that cannot be believed says; empty: well


class LaneView(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is drawn of a barrier and its lane. `bars` are values of Bar, the gravest first."""

    mover: str  # bollard, boom, sliding_gate, swing_gate
    lights: dict[str, Lamp] = {}  # direction -> what it sees
    warning: bool = False  # light and sounder before and through a close
    spots: tuple[SpotView, ...] = ()
    serving: str = ""  # the direction that may go, or goes: in, out, both; empty: nobody
    waiting: dict[str, int] = {}  # direction -> vehicles that were let in and wait for their turn
    bars: tuple[str, ...] = ()  # stop, service_key ...: what bars all powered motion, or holds it
    against: tuple[str, ...] = ()  # why it does not close, as "reason" or "reason:device"
    travel_ms: int | None = None  # what a travel takes by its history: for the drawing only
    cycles: int = 0


class HoldView(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person has decided about a portal, and until when."""

    kind: str  # locked, operator, holder: values of Hold
    until_utc_s: int | None = None  # None: no end, or wall time is not known


class CallView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody has pressed the call button of an entrance, and the call stands."""

    access_point: str
    portal: str
    since_utc_s: int | None = None  # None: wall time is not known
    answered: bool = False
    by: str = ""  # who answered, by the name of the account


class PortalView(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """One portal now. `alarms` are values of Code, the gravest first; `why` are values of Reason."""

    id: str
    kind: str  # door, turnstile, barrier
    mode: Mode = Mode.UNKNOWN
    position: Position = Position.NOT_MONITORED
    why: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    acknowledged: bool = True
    hold: HoldView | None = None
    lane: LaneView | None = None


class SiteView(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """The whole site now."""

    portals: tuple[PortalView, ...] = ()
    fire: bool = False
    lockdown: bool = False
    evacuation: bool = False
    clock_known: bool = False
    store_failed: bool = False
    roster_version: int | None = None
    devices_lost: tuple[str, ...] = ()
    readers_muted: tuple[str, ...] = ()
    readers_enrolling: tuple[str, ...] = ()  # a credential that nobody has becomes somebody's there
    alarms: tuple[str, ...] = ()  # the site's own
    subjects: dict[str, tuple[str, ...]] = {}  # of those: the readers, devices or site that tell them
    unacknowledged: tuple[str, ...] = ()  # readers, devices and the site with an alarm, over or not, nobody has seen
    occupancy: dict[str, int] = {}
    calls: tuple[CallView, ...] = ()  # that stand now
