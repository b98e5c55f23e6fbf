"""What can be asked of the gate at the page: each kind with its words, and the command of the core that it becomes.

Pure: an order in, a command out. Who may give which stands in firmware/network/routes.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from firmware.core.facts import (
    Acknowledge,
    Afar,
    EndEvacuation,
    EndLockdown,
    HoldOpen,
    LockPortal,
    OpenOnce,
    ReleasePortal,
    ResetFault,
    SetOutOfService,
    StartEvacuation,
    StartLockdown,
)
from firmware.core.site import Barrier, Closing, Direction, Door, Remote, Site, SiteRemote, Turnstile
from firmware.messages import AnyCommand

HOLD_MINUTES = (15, 30, 60, 120, 240, 480)
SUBJECT_CHARACTERS_MAX = 64  # ids of a site are shorter


class What(StrEnum):
    OPEN = "open"
    HOLD = "hold"
    LOCK = "lock"
    RELEASE = "release"  # ends lock and hold
    RESET = "reset"  # a latched fault
    OUT_OF_SERVICE = "out_of_service"  # for an installer's work; the page of devices offers it
    IN_SERVICE = "in_service"
    ACKNOWLEDGE = "acknowledge"
    LOCKDOWN = "lockdown"
    END_LOCKDOWN = "end_lockdown"
    EVACUATION = "evacuation"
    END_EVACUATION = "end_evacuation"


OF_PORTAL = (What.OPEN, What.HOLD, What.LOCK, What.RELEASE, What.RESET, What.OUT_OF_SERVICE, What.IN_SERVICE)
OF_SITE = (What.LOCKDOWN, What.END_LOCKDOWN, What.EVACUATION, What.END_EVACUATION)
TICKED = (What.LOCKDOWN, What.EVACUATION)  # a tick besides the button: whole sites hang on it
GRAVE = (What.LOCK, What.RESET, What.OUT_OF_SERVICE, *TICKED)  # how its button looks
_REMOTE = {
    What.OPEN: Remote.OPEN,
    What.HOLD: Remote.HOLD,
    What.LOCK: Remote.LOCK,
    What.RESET: Remote.RESET,
    What.OUT_OF_SERVICE: Remote.SERVICE,
    What.IN_SERVICE: Remote.SERVICE,
}


class Order(msgspec.Struct, frozen=True):
    """One thing that somebody asks for. `portals`: of a lockdown; none: everywhere. `way`: an access point's id."""

    what: What
    portal: str = ""
    way: str = ""
    until_utc_s: int | None = None
    for_ms: int | None = None
    portals: tuple[str, ...] = ()
    subject: str = ""


class Portal(msgspec.Struct, frozen=True):
    """What has to be known of a portal to say what an order does to it."""

    kind: str  # door, turnstile, barrier
    release_ms: int | None = None
    ways: Mapping[str, str] = {}  # direction -> access point, of what has two
    closes: bool = True  # by itself, when its time is over
    remote: frozenset[str] = frozenset(Remote)
    cycles_service: int | None = None  # of a barrier: after so many its service is due


class Gate(msgspec.Struct, frozen=True):
    """The same of the whole site."""

    portals: Mapping[str, Portal] = {}
    remote: frozenset[str] = frozenset(SiteRemote)

    def offers(self, what: What, portal: str = "") -> bool:
        """Whether the site lets the page ask this. The core decides by the same words (firmware/core/afar.py)."""
        if what in OF_SITE:
            return what.value.removeprefix("end_") in self.remote
        if what is What.ACKNOWLEDGE:
            return True
        known = self.portals.get(portal)
        if known is None:
            return False
        if what is What.RELEASE:
            return not known.remote.isdisjoint((Remote.LOCK, Remote.HOLD))
        return _REMOTE[what] in known.remote

    def offering(self, what: What) -> tuple[str, ...]:
        """The portals of which it may be asked."""
        return tuple(portal for portal in self.portals if self.offers(what, portal))


def gate_of(site: Site) -> Gate:
    return Gate({portal.id: _portal_of(portal) for portal in site.portals}, frozenset(site.remote))


def _portal_of(portal: Door | Turnstile | Barrier) -> Portal:
    remote = frozenset(portal.remote)
    if isinstance(portal, Door):
        return Portal("door", portal.release_ms, remote=remote)
    ways: dict[str, str] = {}
    for point in portal.access_points:
        ways.setdefault(Direction(point.direction).value, point.id)
    if isinstance(portal, Turnstile):
        return Portal("turnstile", portal.release_ms, ways, remote=remote)
    return Portal("barrier", None, ways, portal.closing is Closing.AUTOMATIC, remote, portal.cycles_service)


def command_of(order: Order, issuer: str, afar: Afar) -> AnyCommand:
    """The command that the controller is asked; its request is the message's."""
    portal = order.portal
    match order.what:
        case What.OPEN:
            return OpenOnce(issuer, afar=afar, portal=portal, access_point=order.way or None)
        case What.HOLD:
            return HoldOpen(issuer, afar=afar, portal=portal, for_ms=order.for_ms, until_utc_s=order.until_utc_s)
        case What.LOCK:
            return LockPortal(issuer, afar=afar, portal=portal)
        case What.RELEASE:
            return ReleasePortal(issuer, afar=afar, portal=portal)
        case What.RESET:
            return ResetFault(issuer, afar=afar, portal=portal)
        case What.OUT_OF_SERVICE | What.IN_SERVICE:
            return SetOutOfService(issuer, afar=afar, portal=portal, out=order.what is What.OUT_OF_SERVICE)
        case What.ACKNOWLEDGE:
            return Acknowledge(issuer, afar=afar, subject=order.subject)
        case What.LOCKDOWN:
            return StartLockdown(issuer, afar=afar, portals=order.portals)
        case What.END_LOCKDOWN:
            return EndLockdown(issuer, afar=afar)
        case What.EVACUATION:
            return StartEvacuation(issuer, afar=afar, confirmed=True)
        case What.END_EVACUATION:
            return EndEvacuation(issuer, afar=afar)
