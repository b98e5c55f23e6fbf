"""What stands at the site: portals, access points, readers, areas, as the core sees them. Types; config.py makes them.

Ids are unique over the site, `[a-z0-9_]+`; an input, output or reader is named by its device id. Durations are
milliseconds.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from firmware.core.access import Factor, Zone


class Antipassback(StrEnum):
    """What happens when a holder enters an area that the ledger says the holder is already in."""

    OFF = "off"
    SOFT = "soft"  # passes, with an event
    HARD = "hard"  # refused; soft while the ledger cannot be trusted


class LockKind(StrEnum):
    FAIL_SAFE = "fail_safe"  # no current: released
    FAIL_SECURE = "fail_secure"  # no current: secured


class RexMode(StrEnum):
    SHUNT = "shunt"  # the handle opens by itself: the contact is only shunted
    UNLOCK = "unlock"  # the lock is released as well


class Requirement(msgspec.Struct, frozen=True):
    """While `schedule` is active, any one of the combinations in `accept` is enough; all factors of one are needed."""

    accept: tuple[tuple[Factor, ...], ...]
    schedule: str = "always"


class AccessPoint(msgspec.Struct, frozen=True):
    """One direction through a portal, with its readers."""

    id: str
    portal: str
    readers: tuple[str, ...] = ()
    area_from: str | None = None
    area_to: str | None = None
    requirements: tuple[Requirement, ...] = ()  # the first whose schedule is active; none: one of any factor
    antipassback: Antipassback = Antipassback.OFF
    antipassback_timed_s: int | None = None  # the same area again only after this time (by the ledger's entry time)
    two_person: bool = False
    two_person_ms: int = 15_000  # between the first and the second person, and between a visitor and the escort
    direction: str = "in"  # turnstiles: "in" or "out"


class Rex(msgspec.Struct, frozen=True):
    """A request-to-exit device. It is never refused (DESIGN.md, section 5, point 1)."""

    input: str
    mode: RexMode = RexMode.UNLOCK
    stuck_ms: int = 60_000  # active longer than this is reported, once


class Door(msgspec.Struct, frozen=True, tag="door"):
    """A portal that is locked or unlocked. IEC 60839-11-1: release >= 3 s, permitted open time >= 10 s by default."""

    id: str
    lock: str  # output
    lock_kind: LockKind = LockKind.FAIL_SECURE
    access_points: tuple[AccessPoint, ...] = ()
    contact: str | None = None  # input; active means open
    rex: tuple[Rex, ...] = ()
    escape: bool = False  # an escape route: fire and evacuation release it
    release_ms: int = 5_000
    open_ms_max: int = 30_000
    prealarm_ms: int = 5_000  # before open_ms_max; 0: none
    extended_release_ms: int = 15_000  # for holders who need longer
    extended_open_ms_max: int = 60_000
    rex_shunt_ms: int = 10_000  # a door opened within this time after request-to-exit is not forced
    relock_on_close: bool = True
    unlock_schedule: str | None = None  # unlocked while it is active
    first_card: bool = False  # the schedule unlocks only after a holder with `unlocks_first` has passed
    interlock: tuple[str, ...] = ()  # portals that must be closed and secured before a credential opens this one
    hold_open_ms_max: int = 4 * 3_600_000  # for double-swipe hold-open
    double_swipe_ms: int = 5_000


class Turnstile(msgspec.Struct, frozen=True, tag="turnstile"):
    """A portal that lets one person through per release and tells each passage by a pulse."""

    id: str
    release_in: str  # output
    release_out: str  # output
    access_points: tuple[AccessPoint, ...] = ()
    passage_in: str | None = None  # input; a pulse for each passage
    passage_out: str | None = None
    drop: str | None = None  # output that drops the arms; fire and evacuation
    escape: bool = False
    release_ms: int = 8_000
    extended_release_ms: int = 20_000
    unlock_schedule: str | None = None
    interlock: tuple[str, ...] = ()


class Reader(msgspec.Struct, frozen=True):
    """How a reader is guarded. GB 50396 5.1.5: an alarm after at most five wrong tries."""

    id: str
    tamper: str | None = None  # input
    pin_tries_max: int = 5
    pin_lockout_ms: int = 60_000  # doubles with each further lock-out, up to pin_lockout_ms_max
    pin_lockout_ms_max: int = 3_600_000
    factor_ms: int = 10_000  # to give the next factor
    repeat_ms: int = 500  # the same credential again within this time is one presentation
    unknown_burst: int = 10  # refusals recorded one by one within `unknown_window_ms`; further ones in sums
    unknown_window_ms: int = 60_000
    noise_max: int = 20  # noise reports within `noise_window_ms` that mute the reader
    noise_window_ms: int = 10_000
    mute_ms: int = 30_000


class Area(msgspec.Struct, frozen=True):
    """The space on one side of a portal."""

    id: str
    occupancy_max: int | None = None
    quota: bool = False  # household parking spaces are counted here
    shared: bool = False  # other controllers have borders of it too, and tell of passages (firmware/exchange.py)


class Site(msgspec.Struct, frozen=True):
    """All of it. An active fire input means fire; one that is not healthy is a fault and releases too (R14)."""

    id: str
    zone: Zone = Zone("UTC")
    portals: tuple[Door | Turnstile, ...] = ()
    readers: tuple[Reader, ...] = ()
    areas: tuple[Area, ...] = ()
    fire_inputs: tuple[str, ...] = ()
    tamper_inputs: tuple[str, ...] = ()  # of the enclosure
    duress_roles: tuple[str, ...] = ()  # who is told of duress elsewhere; empty: duress PINs are refused
    fire_reset: str = "input"  # "input": ends with the input; "person": ends by a command after the input
