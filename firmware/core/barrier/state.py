"""The state of one barrier. Frozen; a step makes a new one."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from firmware.core.barrier.history import History
from firmware.core.barrier.machines import Latch, Motion, Obstruction, Testing, Watch
from firmware.core.barrier.plan import Plan
from firmware.core.facts import Level
from firmware.core.timers import Timed


class End(StrEnum):
    """What all limits together say."""

    UNKNOWN = "unknown"  # one has not reported yet
    CLOSED = "closed"
    OPEN = "open"
    BETWEEN = "between"
    BOTH = "both"  # one drive at both ends
    LOST = "lost"  # one cannot be believed


class Want(StrEnum):
    """For whom the lane wants the barrier open (R0: from lockdown down)."""

    NOBODY = "nobody"
    LEAVING = "leaving"  # somebody on the way out, whom no lockdown keeps in
    OPERATOR = "operator"
    CREDENTIAL = "credential"
    SCHEDULE = "schedule"


class SpotState(msgspec.Struct, frozen=True):
    """One safety device."""

    watch: Watch = Watch.UNKNOWN
    proven: bool = False  # seen to change, or to answer its self-test, not too long ago (R1)
    masked: bool = False  # its self-test holds it active: that it reads so means nothing
    seen: bool = False  # it was active since a vehicle entered the lane
    rises: int = 0  # since `rises_from_ms`: too many in a short time are a flicker
    rises_from_ms: int = 0


class BarrierState(Timed, frozen=True):
    """Levels and outputs stand in the order of the plan. Instants are milliseconds of the monotonic clock."""

    levels: tuple[Level | None, ...]  # None: not reported since the start
    spots: tuple[SpotState, ...]
    commanded: tuple[bool | None, ...]  # what was last sent to each output; None: nothing that can be relied on
    motion: Motion = Motion.UNKNOWN
    end: End = End.UNKNOWN
    keys: tuple[bool, bool] = (False, False)  # to open, to close: turned since the start, and held
    tripped: bool = False  # it goes back from somebody whom it has met
    homed: bool = False  # proven open since the start: its position is known, wherever it was stopped after that
    drift_ms: int = 0  # driven to close for so long, and an open limit did not let go: it proves nothing (R6)
    by_key: bool = False  # the motion, or its warning, is somebody's who holds the local key
    stop: Latch = Latch.CLEAR
    isolation: Latch = Latch.CLEAR
    emergency: Latch = Latch.CLEAR
    raising: bool = False  # the emergency close was asked for since the start; one that was kept only bars
    obstruction: Obstruction = Obstruction.NONE
    testing: Testing = Testing.IDLE
    fault: str | None = None  # why motion is latched
    lost: frozenset[str] = frozenset()  # motion outputs whose device is lost
    fire: bool = False
    evacuation: bool = False
    lockdown: bool = False
    want: Want = Want.NOBODY
    owed: bool = False  # a close that something has earned: a passage, a hold's end, a window's end, an order
    doubt: bool = False  # the lane is not proven clear, until a person has looked (R1)
    go: tuple[bool, bool] = (False, False)  # directions that may see green: in, out
    tried: str | None = None  # a lamp or sounder that an installer holds on, while the lane is out of service
    waits_told: bool = False
    began_ms: int | None = None  # of the motion that runs
    whole: bool = False  # which began at the other end: only such a travel can be compared with others
    cold_factor: float = 1.0
    history: History = History()


def initial_barrier(plan: Plan) -> BarrierState:
    """Before the first fact: nothing is known, nothing was commanded."""
    return BarrierState(
        levels=(None,) * len(plan.inputs),
        spots=(SpotState(),) * len(plan.spots),
        commanded=(None,) * len(plan.outputs),
        cold_factor=max((each.factor for each in plan.barrier.cold), default=1.0),
    )
