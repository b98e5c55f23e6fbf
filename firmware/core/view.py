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
    """What is proven by the contact. A turnstile has none."""

    NOT_MONITORED = "not_monitored"
    UNKNOWN = "unknown"
    CLOSED = "closed"
    OPEN = "open"
    FAULT = "fault"


class PortalView(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """One portal now. `alarms` are values of Code, the gravest first; `why` are values of Reason."""

    id: str
    kind: str  # door, turnstile
    mode: Mode = Mode.UNKNOWN
    position: Position = Position.NOT_MONITORED
    why: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    acknowledged: bool = True


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
    occupancy: dict[str, int] = {}
