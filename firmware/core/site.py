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


class Remote(StrEnum):
    """What may be asked of a portal from afar, by the page (firmware/core/afar.py)."""

    OPEN = "open"  # once
    HOLD = "hold"  # open until an instant
    LOCK = "lock"  # and to end that
    RESET = "reset"  # a latched fault
    SERVICE = "service"  # out of service, and back


class SiteRemote(StrEnum):
    """What may be asked of the whole site from afar, and ended."""

    LOCKDOWN = "lockdown"
    EVACUATION = "evacuation"


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
    direction: str = "in"  # turnstiles and lanes: "in" or "out"
    display: str | None = None  # device that shows text to whoever stands there
    call: str | None = None  # input of a button by which whoever stands there asks for a person
    call_ms: int = 60_000  # how long it rings where nobody answers


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
    remote: tuple[Remote, ...] = tuple(Remote)


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
    remote: tuple[Remote, ...] = tuple(Remote)


class Mover(StrEnum):
    """What moves. `open` lets vehicles through: a bollard is down then, a boom is up, a gate stands aside."""

    BOLLARD = "bollard"
    BOOM = "boom"
    SLIDING_GATE = "sliding_gate"
    SWING_GATE = "swing_gate"


class DriveMode(StrEnum):
    REQUESTING = "requesting"  # the drive has its own controller; it is asked to move
    DRIVING = "driving"  # the outputs are the motion: refused unless they drop by themselves (FIELD.md, section 3)


class DriveCommand(StrEnum):
    """How a drive with its own controller is asked."""

    HELD = "held"  # it moves while the request is on
    PULSE = "pulse"  # a pulse starts it; only its permit stops it


class Closing(StrEnum):
    AUTOMATIC = "automatic"  # after a passage, a hold or a window; with healthy safety devices only (R8)
    HOLD_TO_RUN = "hold_to_run"  # by the local key, in sight, and by nothing else (R9)


class SensorKind(StrEnum):
    """The principle by which a safety device notices somebody (R8: two of them where people can walk)."""

    LOOP = "loop"
    PHOTOCELL = "photocell"
    EDGE = "edge"


class Direction(StrEnum):
    """Through a lane: IN goes from the entry loop to the exit loop, OUT the other way."""

    IN = "in"
    OUT = "out"


class Sensor(msgspec.Struct, frozen=True):
    """A safety device that vetoes motion. Wired so that a broken wire or a lost supply reads active (R1)."""

    input: str
    test: str | None = None  # output: while it is on, a healthy device reads active
    fault: str | None = None  # input: the device's own fault relay
    supervised: bool = False  # end-of-line resistors: a break and a short read OPEN and SHORT
    stuck_ms: int = 600_000  # active for longer is a fault, and the barrier stays open (R16)


class Drive(msgspec.Struct, frozen=True):
    """One bollard, boom or leaf, or several on one pump: what moves them, and what proves where they are.

    `open` and `close` are outputs in the sense of Mover. Every limit of `opened` is active at the open end.
    """

    open: str
    close: str
    opened: tuple[str, ...]
    closed: tuple[str, ...]
    permit: str | None = None  # output: on while the drive may move; that it drops stops the drive
    brake: str | None = None  # output: on releases the brake
    fault: str | None = None  # input


class Light(msgspec.Struct, frozen=True):
    """The lights that one direction of a lane sees. Outputs."""

    direction: Direction
    red: str
    green: str | None = None


class Cold(msgspec.Struct, frozen=True):
    """At and below this temperature a travel may take this many times its limit (R6)."""

    celsius: int
    factor: float


class Barrier(msgspec.Struct, frozen=True, tag="barrier"):
    """A portal that moves, with its lane: the roadway through it, loops, lights and keys (FIELD.md, section 3).

    Going in, a vehicle meets `entry`, then the safety loops at the barrier, then `exit`. Every name is an input or an
    output; every one that is not there is None. Active means: occupied, pressed, turned, open, lost, wet, reached.
    """

    id: str
    mover: Mover
    drives: tuple[Drive, ...]
    access_points: tuple[AccessPoint, ...] = ()
    mode: DriveMode = DriveMode.REQUESTING
    command: DriveCommand = DriveCommand.HELD
    closing: Closing = Closing.HOLD_TO_RUN
    pedestrians: bool = True  # people can walk through the lane
    # loops and safety devices
    entry: str | None = None
    exit: str | None = None
    safety: tuple[Sensor, ...] = ()  # loops at the barrier
    photocells: tuple[Sensor, ...] = ()
    edges_closing: tuple[Sensor, ...] = ()
    edges_opening: tuple[Sensor, ...] = ()
    # keys and states of the machine
    stop: str | None = None  # the stop circuit: pressed, or its wire is broken (R12)
    reset: str | None = None  # the local reset, in sight of the lane (R12, R19)
    service_key: str | None = None
    cover: str | None = None  # hand crank inserted, or the drive's cover open (R19)
    key_open: str | None = None  # hold-to-run, in sight (R9)
    key_close: str | None = None
    emergency_close: str | None = None  # the guarded switch of the emergency fast raise (R15)
    fire_key: str | None = None  # the fire brigade's: opens and holds, without credential or network
    arm_detached: str | None = None
    pit_water: str | None = None
    mains: str | None = None  # the mains are lost, the drive runs on its battery (R13)
    battery: str | None = None  # the battery is low
    temperature: str | None = None  # device that measures it, for `cold`
    # what tells people
    lights: tuple[Light, ...] = ()
    warning: str | None = None
    sounder: str | None = None
    # times and sizes
    travel_ms_max: int = 15_000
    cold: tuple[Cold, ...] = ()
    dead_ms: int = 500  # between the two directions (R5)
    warning_ms: int = 2_000  # light and sounder before a close, and through it (R7)
    clear_ms: int = 2_000  # after the last safety device has cleared (R2: 1 s at least)
    test_ms: int = 300  # for a device to answer each half of its self-test
    pulse_ms: int = 500
    back_off_ms: int = 500  # after an obstruction of the opening direction (R3)
    passage_ms_max: int = 30_000  # from green to the safety loop (R11)
    gap_ms_max: int = 3_000  # from one loop to the next of a vehicle that is shorter than their distance
    leave_ms_max: int = 10_000  # on the last loop of its way, after which the lane is closed behind it
    queue_ms_max: int = 180_000  # that a vehicle waits for its turn
    queue_max: int = 8
    beam_ms_max: int = 20_000  # a beam blocked before a closed barrier (R16)
    proof_ms_max: int = 86_400_000  # since a device without self-test was last seen to work (R1)
    loops_mm: int | None = None  # from the entry loop to the first safety loop, to measure speed
    speed_kmh_max: int = 15
    cycles_service: int = 100_000  # of wear, after which maintenance is due (R18)
    tests_days: int = 365  # between force and device tests (R18)
    budget_ms: int = 150  # from a safety input to the stop output, buses included
    drops_ms: int | None = None  # driving: the outputs drop by themselves in hardware within this time
    limits_cut: bool = False  # driving: the limit switches cut the motor by wire
    fire_opens: bool = True  # fire and evacuation open it, and hold it (R14)
    priority: Direction | None = None  # who goes first where both wait; None: who came first
    unlock_schedule: str | None = None  # open while it is active
    closed_schedule: str | None = None  # nobody enters while it is active, but who is exempt (market day, night)
    remote: tuple[Remote, ...] = tuple(Remote)


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
    portals: tuple[Door | Turnstile | Barrier, ...] = ()
    readers: tuple[Reader, ...] = ()
    areas: tuple[Area, ...] = ()
    fire_inputs: tuple[str, ...] = ()
    tamper_inputs: tuple[str, ...] = ()  # of the enclosure
    duress_roles: tuple[str, ...] = ()  # who is told of duress elsewhere; empty: duress PINs are refused
    fire_reset: str = "input"  # "input": ends with the input; "person": ends by a command after the input
    remote: tuple[SiteRemote, ...] = tuple(SiteRemote)
