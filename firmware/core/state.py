"""The whole state of the core: what stands at each portal and reader, and at the site. Frozen; a step makes a new one.

Dictionaries in it are never written to: a step copies the ones that it changes (draft.py).
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from firmware.core.access import Rulebook
from firmware.core.barrier.state import BarrierState, initial_barrier
from firmware.core.call_machines import Button, Call
from firmware.core.effects import Feedback
from firmware.core.facts import Level
from firmware.core.lane.state import LaneState
from firmware.core.machines import Exit, Fire, Hold, Leaf, Opening, Passing, Peers, Pulse
from firmware.core.modes import Claim
from firmware.core.passage import Grant
from firmware.core.reader import ReaderState
from firmware.core.site import Door, Site
from firmware.core.timers import NO_TIMERS, Timers
from firmware.core.wiring import Portal, Wiring, locks, wire

EVERYWHERE = "*"  # in `lockdown`
TRIAL = "*trial"  # in `deadlines`: no id of a portal or reader begins so
SHIFTS = "*shifts"
KEPT_UNREADABLE = "kept_unreadable"  # why a fault is latched: the store that keeps faults could not be read


class WayState(msgspec.Struct, frozen=True):
    """One output that lets people through: a door's lock, or one direction of a turnstile."""

    passing: Passing = Passing.IDLE
    grant: Grant | None = None  # of the passage that is awaited or just proven; None for an operator's
    by_operator: bool = False  # the passage was released by an operator
    leaving: bool = False  # the passage leads out by an access point with direction "out"
    extended: bool = False  # the passage belongs to somebody who needs longer
    follower: Grant | None = None  # the second of two persons at a turnstile: may turn once the first one's turn ends
    claim: Claim = Claim.NOBODY  # the first in the order of priorities, as of the last step
    commanded: bool | None = None  # what was last sent to the output; None: nothing that can be relied on
    pulse: Pulse = Pulse.UNKNOWN
    tried: bool = False  # an installer holds it released, to see that it works


class PortalState(msgspec.Struct, frozen=True):
    """One portal. `leaf` is None without a contact; `exits` has one entry for each request-to-exit device."""

    ways: tuple[WayState, ...]
    leaf: Leaf | None = None
    exits: tuple[Exit, ...] = ()
    hold: Hold = Hold.NONE
    hold_until_utc_s: int | None = None  # a hold that was asked for until an instant of wall time
    opening: Opening = Opening.OFF
    asked_open: bool = False  # somebody asked to exit while the leaf was open: its closing does not end that
    free: Claim | None = None  # why it is released until further notice, as of the last step
    shown: Feedback = Feedback.IDLE  # what its readers show while nobody is served
    out_of_service: bool = False
    fault: str | None = None  # why a fault is latched
    lost: frozenset[str] = frozenset()  # outputs whose device is lost
    dropped: bool | None = None  # what was last sent to a turnstile's drop output
    acknowledged: bool = True
    timers: Timers = NO_TIMERS


class Roadway(msgspec.Struct, frozen=True):
    """One barrier and its lane. Each knows of the other what stands in Demand and Report (core/barrier/step.py)."""

    barrier: BarrierState
    lane: LaneState = LaneState()


class Trial(NamedTuple):
    """An output that an installer holds on (trial.py). `request` is what it is renewed and ended by."""

    output: str
    portal: str
    issuer: str
    request: str
    began_ms: int
    until_ms: int  # it ends then, unless it is renewed before


class CallState(msgspec.Struct, frozen=True):
    """The call button of one access point (calls.py)."""

    button: Button = Button.UNKNOWN
    call: Call = Call.NONE
    since_ms: int = 0  # when it began to ring; means nothing while there is no call
    presses: int = 0
    by: str = ""  # who has answered
    timers: Timers = NO_TIMERS


class Shift(NamedTuple):
    """What a guard looks through cameras for until this shift is over (viewings.py)."""

    purpose: str
    until_ms: int
    until_utc_s: int | None = None  # of one that began before the start, until wall time is known
    dated: bool = True  # its end stands in what is kept; else wall time was unknown until now


class State(msgspec.Struct, frozen=True):
    """Everything the core knows. `offset_ms` is UTC minus the monotonic clock, None while wall time is unknown."""

    site: Site
    wiring: Wiring
    portals: dict[str, PortalState]  # doors and turnstiles
    lanes: dict[str, Roadway]  # barriers
    readers: dict[str, ReaderState]
    calls: dict[str, CallState] = {}  # access points with a call button
    rulebook: Rulebook = Rulebook(version=0)
    deadlines: dict[str, int] = {}  # portal or reader -> its earliest deadline
    due_ms: int | None = None  # the earliest of all
    offset_ms: int | None = None
    fire: Fire = Fire.NONE
    fire_levels: dict[str, Level] = {}  # of those that have reported
    evacuation: bool = False
    lockdown: frozenset[str] = frozenset()  # portals, or EVERYWHERE
    occupancy: dict[str, int] = {}
    ledger_doubted: bool = False  # it may lack passages, until everybody is forgiven
    peers: Peers = Peers.UNHEARD  # where no area is shared, nobody asks
    store_failed: bool = False
    kept_unreadable: bool = False
    devices_lost: frozenset[str] = frozenset()
    outputs_failed: frozenset[str] = frozenset()  # devices whose failure was told, and which were not well since
    tampered: frozenset[str] = frozenset()  # inputs
    trial: Trial | None = None
    shifts: dict[str, Shift] = {}  # of guards who have looked, by their names
    tested: frozenset[str] = frozenset()  # portals that are out of service for a self-test, and for nothing else
    unacknowledged: frozenset[str] = frozenset()  # readers, devices and the site with an alarm that nobody has seen


def initial(site: Site) -> State:
    """The state before the first fact, which is Started. Nothing is commanded yet, and no level is known."""
    wiring = wire(site)
    return State(
        site=site,
        wiring=wiring,
        portals={name: _untouched(portal) for name, portal in wiring.portals.items()},
        lanes={name: Roadway(initial_barrier(plan)) for name, plan in wiring.barriers.items()},
        readers={reader: ReaderState() for reader in wiring.posts},
        calls={point.id: CallState() for point in wiring.points.values() if point.call is not None},
    )


def _untouched(portal: Portal) -> PortalState:
    ways = tuple(WayState() for _ in locks(portal))
    if not isinstance(portal, Door):
        return PortalState(ways=ways)
    leaf = None if portal.contact is None else Leaf.UNKNOWN
    return PortalState(ways=ways, leaf=leaf, exits=tuple(Exit.IDLE for _ in portal.rex))
