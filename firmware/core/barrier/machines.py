"""The machines of a barrier, as tables. What their actions do stands in the files of those who run them.

The first state of each is where it begins. Rules of motion are named R0 to R19 as in FIELD.md, section 3.
"""

from __future__ import annotations

from enum import StrEnum

from firmware.core.table import Row, Table, ignore


class Motion(StrEnum):
    """Where a barrier is and what it does. Only CLOSED and OPEN are proven, by every limit of that end."""

    UNKNOWN = "unknown"  # its limits have not said, or are lost
    CLOSED = "closed"
    OPEN = "open"
    BETWEEN = "between"  # at rest at neither end: red, alarm, and no motion but a person's (R13)
    WARNING = "warning"  # light and sounder before it closes (R7), and the self-tests meanwhile (R8)
    CLOSING = "closing"
    OPENING = "opening"
    PAUSING = "pausing"  # the dead time before it opens (R5)
    REVERSING = "reversing"  # the same while it goes back from a close, whoever wants what (R3)
    RECOILING = "recoiling"  # the dead time before it backs off; latched as FAULT is
    BACKING = "backing"  # briefly away from whom it met while it opened (R3)
    FAULT = "fault"  # latched: nothing moves until a person has reset it (R6)


class MotionTrigger(StrEnum):
    # what the limits say
    AT_CLOSED = "at_closed"
    AT_OPEN = "at_open"
    OFF_LIMITS = "off_limits"
    JUMPED = "jumped"  # it left an end, or came to one, and nobody had moved it
    CONTRADICTED = "contradicted"  # both ends at once
    LIMIT_LOST = "limit_lost"
    # what is wanted
    OPEN_NOW = "open_now"
    OPEN_LATER = "open_later"  # the dead time of the last motion still runs
    WARN = "warn"
    WITHDRAWN = "withdrawn"  # nobody wants it closed any more, or somebody stands there
    REVERSE = "reverse"
    HALT = "halt"
    # what it meets
    OBSTRUCTED = "obstructed"
    PINCHED = "pinched"  # while it opened: stays where it is
    RECOIL = "recoil"  # while it opened: backs off
    BLOCKED = "blocked"  # it may not go the way it waited for
    BROKEN = "broken"  # drive fault, an output that failed or is lost, the arm is off
    # time
    WARNED = "warned"
    RESTED = "rested"
    OVERDUE = "overdue"
    BACKED = "backed"
    # persons
    RESET = "reset"


_M, _T = Motion, MotionTrigger
_WANTS = (_T.OPEN_NOW, _T.OPEN_LATER, _T.WARN, _T.WITHDRAWN, _T.REVERSE)
_MEETS = (_T.OBSTRUCTED, _T.PINCHED, _T.RECOIL, _T.BLOCKED)
_TIMES = (_T.WARNED, _T.RESTED, _T.OVERDUE, _T.BACKED)

# Whatever ends in UNKNOWN with "look" is told by the limits at once where it really is.
MOTION: Table[Motion, MotionTrigger] = Table(
    "motion",
    Motion,
    MotionTrigger,
    rows=(
        Row(_M.UNKNOWN, _T.AT_CLOSED, _M.CLOSED),
        Row(_M.UNKNOWN, _T.AT_OPEN, _M.OPEN),
        Row(_M.UNKNOWN, _T.OFF_LIMITS, _M.BETWEEN, ("between",)),
        Row(_M.UNKNOWN, _T.CONTRADICTED, _M.FAULT, ("latch",)),
        Row(_M.UNKNOWN, _T.BROKEN, _M.FAULT, ("latch",)),
        Row(_M.CLOSED, _T.AT_OPEN, _M.OPEN),  # by the limits, which tell each for itself: never in one step
        Row(_M.CLOSED, _T.OFF_LIMITS, _M.BETWEEN, ("between",)),
        Row(_M.CLOSED, _T.JUMPED, _M.FAULT, ("latch",)),
        Row(_M.CLOSED, _T.CONTRADICTED, _M.FAULT, ("latch",)),
        Row(_M.CLOSED, _T.LIMIT_LOST, _M.UNKNOWN),
        Row(_M.CLOSED, _T.OPEN_NOW, _M.OPENING, ("start",)),
        Row(_M.CLOSED, _T.OPEN_LATER, _M.PAUSING),
        Row(_M.CLOSED, _T.BROKEN, _M.FAULT, ("latch",)),
        Row(_M.OPEN, _T.AT_CLOSED, _M.CLOSED),
        Row(_M.OPEN, _T.OFF_LIMITS, _M.BETWEEN, ("between",)),
        Row(_M.OPEN, _T.JUMPED, _M.FAULT, ("latch",)),
        Row(_M.OPEN, _T.CONTRADICTED, _M.FAULT, ("latch",)),
        Row(_M.OPEN, _T.LIMIT_LOST, _M.UNKNOWN, ("disown",)),
        Row(_M.OPEN, _T.WARN, _M.WARNING, ("warn",)),
        Row(_M.OPEN, _T.BROKEN, _M.FAULT, ("latch",)),
        Row(_M.BETWEEN, _T.AT_CLOSED, _M.CLOSED),
        Row(_M.BETWEEN, _T.AT_OPEN, _M.OPEN),
        Row(_M.BETWEEN, _T.CONTRADICTED, _M.FAULT, ("latch",)),
        Row(_M.BETWEEN, _T.LIMIT_LOST, _M.UNKNOWN),
        Row(_M.BETWEEN, _T.OPEN_NOW, _M.OPENING, ("start",)),
        Row(_M.BETWEEN, _T.OPEN_LATER, _M.PAUSING),
        Row(_M.BETWEEN, _T.WARN, _M.WARNING, ("warn",)),  # by the local key or the emergency close only
        Row(_M.BETWEEN, _T.BROKEN, _M.FAULT, ("latch",)),
        Row(_M.WARNING, _T.AT_CLOSED, _M.CLOSED, ("unwarn",)),
        Row(_M.WARNING, _T.AT_OPEN, _M.OPEN, ("unwarn",)),
        Row(_M.WARNING, _T.OFF_LIMITS, _M.BETWEEN, ("unwarn", "between")),
        Row(_M.WARNING, _T.JUMPED, _M.FAULT, ("unwarn", "latch")),
        Row(_M.WARNING, _T.CONTRADICTED, _M.FAULT, ("unwarn", "latch")),
        Row(_M.WARNING, _T.LIMIT_LOST, _M.UNKNOWN, ("unwarn", "disown")),
        Row(_M.WARNING, _T.WITHDRAWN, _M.UNKNOWN, ("unwarn", "look")),
        Row(_M.WARNING, _T.HALT, _M.UNKNOWN, ("unwarn", "disown", "look")),
        Row(_M.WARNING, _T.BROKEN, _M.FAULT, ("unwarn", "latch")),
        Row(_M.WARNING, _T.WARNED, _M.CLOSING, ("unwarn", "start")),
        Row(_M.CLOSING, _T.AT_CLOSED, _M.CLOSED, ("stop", "arrived_closed")),
        # The drive itself met somebody and went back, or its limit says what is not so: in any case it is driven back.
        Row(_M.CLOSING, _T.AT_OPEN, _M.REVERSING, ("stop", "drift", "obstruct")),
        Row(_M.CLOSING, _T.CONTRADICTED, _M.FAULT, ("stop", "latch")),
        Row(_M.CLOSING, _T.LIMIT_LOST, _M.FAULT, ("stop", "latch")),
        Row(_M.CLOSING, _T.REVERSE, _M.REVERSING, ("stop",)),
        Row(_M.CLOSING, _T.HALT, _M.UNKNOWN, ("stop", "halted", "look")),
        Row(_M.CLOSING, _T.OBSTRUCTED, _M.REVERSING, ("stop", "obstruct")),
        Row(_M.CLOSING, _T.BROKEN, _M.FAULT, ("stop", "latch")),
        Row(_M.CLOSING, _T.OVERDUE, _M.FAULT, ("stop", "latch")),
        Row(_M.OPENING, _T.AT_OPEN, _M.OPEN, ("stop", "arrived_open")),
        Row(_M.OPENING, _T.CONTRADICTED, _M.FAULT, ("stop", "latch")),
        Row(_M.OPENING, _T.LIMIT_LOST, _M.FAULT, ("stop", "latch")),
        Row(_M.OPENING, _T.HALT, _M.UNKNOWN, ("stop", "halted", "look")),
        Row(_M.OPENING, _T.PINCHED, _M.FAULT, ("stop", "latch")),
        Row(_M.OPENING, _T.RECOIL, _M.RECOILING, ("stop", "latch")),
        Row(_M.OPENING, _T.BROKEN, _M.FAULT, ("stop", "latch")),
        Row(_M.OPENING, _T.OVERDUE, _M.FAULT, ("stop", "latch")),
        Row(_M.PAUSING, _T.AT_OPEN, _M.OPEN),
        Row(_M.PAUSING, _T.CONTRADICTED, _M.FAULT, ("latch",)),
        Row(_M.PAUSING, _T.LIMIT_LOST, _M.FAULT, ("latch",)),
        Row(_M.PAUSING, _T.WITHDRAWN, _M.UNKNOWN, ("look",)),
        Row(_M.PAUSING, _T.HALT, _M.UNKNOWN, ("halted", "look")),
        Row(_M.PAUSING, _T.BLOCKED, _M.UNKNOWN, ("halted", "look")),
        Row(_M.PAUSING, _T.BROKEN, _M.FAULT, ("latch",)),
        Row(_M.PAUSING, _T.RESTED, _M.OPENING, ("start",)),
        Row(_M.REVERSING, _T.AT_OPEN, _M.OPEN),
        Row(_M.REVERSING, _T.CONTRADICTED, _M.FAULT, ("latch",)),
        Row(_M.REVERSING, _T.LIMIT_LOST, _M.FAULT, ("latch",)),
        Row(_M.REVERSING, _T.HALT, _M.UNKNOWN, ("halted", "look")),
        Row(_M.REVERSING, _T.BLOCKED, _M.UNKNOWN, ("halted", "look")),
        Row(_M.REVERSING, _T.BROKEN, _M.FAULT, ("latch",)),
        Row(_M.REVERSING, _T.RESTED, _M.OPENING, ("start",)),
        Row(_M.RECOILING, _T.CONTRADICTED, _M.FAULT),
        Row(_M.RECOILING, _T.LIMIT_LOST, _M.FAULT),
        Row(_M.RECOILING, _T.HALT, _M.FAULT),
        Row(_M.RECOILING, _T.BLOCKED, _M.FAULT),
        Row(_M.RECOILING, _T.BROKEN, _M.FAULT),
        Row(_M.RECOILING, _T.RESTED, _M.BACKING, ("back",)),
        Row(_M.RECOILING, _T.RESET, _M.UNKNOWN, ("unlatch", "look")),
        Row(_M.BACKING, _T.AT_CLOSED, _M.FAULT, ("stop",)),
        Row(_M.BACKING, _T.CONTRADICTED, _M.FAULT, ("stop",)),
        Row(_M.BACKING, _T.LIMIT_LOST, _M.FAULT, ("stop",)),
        Row(_M.BACKING, _T.HALT, _M.FAULT, ("stop",)),
        Row(_M.BACKING, _T.OBSTRUCTED, _M.FAULT, ("stop",)),
        Row(_M.BACKING, _T.BROKEN, _M.FAULT, ("stop",)),
        Row(_M.BACKING, _T.BACKED, _M.FAULT, ("stop",)),
        Row(_M.BACKING, _T.RESET, _M.UNKNOWN, ("stop", "unlatch", "look")),
        Row(_M.FAULT, _T.RESET, _M.UNKNOWN, ("unlatch", "look")),
    ),
    ignored=(
        *ignore(_M.UNKNOWN, _T.JUMPED, _T.LIMIT_LOST, *_WANTS, _T.HALT, *_MEETS, *_TIMES, _T.RESET),
        *ignore(_M.CLOSED, _T.AT_CLOSED, _T.WARN, _T.WITHDRAWN, _T.REVERSE, _T.HALT, *_MEETS, *_TIMES, _T.RESET),
        *ignore(
            _M.OPEN,
            _T.AT_OPEN,
            _T.OPEN_NOW,
            _T.OPEN_LATER,
            _T.WITHDRAWN,
            _T.REVERSE,
            _T.HALT,
            *_MEETS,
            *_TIMES,
            _T.RESET,
        ),
        *ignore(_M.BETWEEN, _T.OFF_LIMITS, _T.JUMPED, _T.WITHDRAWN, _T.REVERSE, _T.HALT, *_MEETS, *_TIMES, _T.RESET),
        *ignore(_M.WARNING, _T.OPEN_NOW, _T.OPEN_LATER, _T.WARN, _T.REVERSE, *_MEETS),
        *ignore(_M.WARNING, _T.RESTED, _T.OVERDUE, _T.BACKED, _T.RESET),
        *ignore(_M.CLOSING, _T.OFF_LIMITS, _T.JUMPED, _T.OPEN_NOW, _T.OPEN_LATER, _T.WARN, _T.WITHDRAWN),
        *ignore(_M.CLOSING, _T.PINCHED, _T.RECOIL, _T.BLOCKED, _T.WARNED, _T.RESTED, _T.BACKED, _T.RESET),
        # A limit that it has just left may bounce; that it does not come on is found by the travel limit.
        *ignore(_M.OPENING, _T.AT_CLOSED, _T.OFF_LIMITS, _T.JUMPED, *_WANTS),
        *ignore(_M.OPENING, _T.OBSTRUCTED, _T.BLOCKED, _T.WARNED, _T.RESTED, _T.BACKED, _T.RESET),
        *ignore(_M.PAUSING, _T.AT_CLOSED, _T.OFF_LIMITS, _T.JUMPED, _T.OPEN_NOW, _T.OPEN_LATER, _T.WARN, _T.REVERSE),
        *ignore(_M.REVERSING, _T.AT_CLOSED, _T.OFF_LIMITS, _T.JUMPED, *_WANTS),
        *ignore(_M.REVERSING, _T.OBSTRUCTED, _T.PINCHED, _T.RECOIL, _T.WARNED, _T.OVERDUE, _T.BACKED, _T.RESET),
        *ignore(_M.PAUSING, _T.OBSTRUCTED, _T.PINCHED, _T.RECOIL, _T.WARNED, _T.OVERDUE, _T.BACKED, _T.RESET),
        *ignore(_M.RECOILING, _T.AT_CLOSED, _T.AT_OPEN, _T.OFF_LIMITS, _T.JUMPED, *_WANTS),
        *ignore(_M.RECOILING, _T.OBSTRUCTED, _T.PINCHED, _T.RECOIL, _T.WARNED, _T.OVERDUE, _T.BACKED),
        *ignore(_M.BACKING, _T.AT_OPEN, _T.OFF_LIMITS, _T.JUMPED, *_WANTS),
        *ignore(_M.BACKING, _T.PINCHED, _T.RECOIL, _T.BLOCKED, _T.WARNED, _T.RESTED, _T.OVERDUE),
        *ignore(_M.FAULT, _T.AT_CLOSED, _T.AT_OPEN, _T.OFF_LIMITS, _T.JUMPED, _T.CONTRADICTED, _T.LIMIT_LOST),
        *ignore(_M.FAULT, *_WANTS, _T.HALT, *_MEETS, _T.BROKEN, *_TIMES),
    ),
)


class Latch(StrEnum):
    """The stop circuit, the isolation by key or cover, the emergency close: each ends by a reset only."""

    CLEAR = "clear"
    ACTIVE = "active"
    LEFT = "left"  # over, and waits for a person's reset


class LatchTrigger(StrEnum):
    RAISED = "raised"
    LET_GO = "let_go"
    RESET = "reset"


_L, _G = Latch, LatchTrigger

LATCH: Table[Latch, LatchTrigger] = Table(
    "latch",
    Latch,
    LatchTrigger,
    rows=(
        Row(_L.CLEAR, _G.RAISED, _L.ACTIVE, ("begun",)),
        Row(_L.ACTIVE, _G.LET_GO, _L.LEFT),
        Row(_L.LEFT, _G.RAISED, _L.ACTIVE),
        Row(_L.LEFT, _G.RESET, _L.CLEAR, ("ended",)),
    ),
    ignored=(
        *ignore(_L.CLEAR, _G.LET_GO, _G.RESET),
        *ignore(_L.ACTIVE, _G.RAISED, _G.RESET),
        *ignore(_L.LEFT, _G.LET_GO),
    ),
)


class Watch(StrEnum):
    """One safety device, as far as it can be believed."""

    UNKNOWN = "unknown"  # not reported yet
    CLEAR = "clear"
    ACTIVE = "active"
    STUCK = "stuck"  # active for too long (R16)
    FAULT = "fault"  # open, short, lost, or its own fault relay says so
    FAILED = "failed"  # it did not answer its self-test; until a person has looked


class WatchTrigger(StrEnum):
    ROSE = "rose"
    FELL = "fell"
    FAULTED = "faulted"
    STUCK_DUE = "stuck_due"
    TEST_FAILED = "test_failed"
    RESET = "reset"


_W, _V = Watch, WatchTrigger

WATCH: Table[Watch, WatchTrigger] = Table(
    "sensor",
    Watch,
    WatchTrigger,
    rows=(
        Row(_W.UNKNOWN, _V.ROSE, _W.ACTIVE, ("time",)),
        Row(_W.UNKNOWN, _V.FELL, _W.CLEAR, ("cleared",)),
        Row(_W.UNKNOWN, _V.FAULTED, _W.FAULT, ("fault",)),
        Row(_W.CLEAR, _V.ROSE, _W.ACTIVE, ("time",)),
        Row(_W.CLEAR, _V.FAULTED, _W.FAULT, ("fault",)),
        Row(_W.CLEAR, _V.TEST_FAILED, _W.FAILED, ("fault",)),
        Row(_W.ACTIVE, _V.FELL, _W.CLEAR, ("untime", "prove", "cleared")),
        Row(_W.ACTIVE, _V.FAULTED, _W.FAULT, ("untime", "fault")),
        Row(_W.ACTIVE, _V.STUCK_DUE, _W.STUCK, ("fault",)),
        Row(_W.STUCK, _V.FELL, _W.CLEAR, ("healthy", "cleared")),
        Row(_W.STUCK, _V.FAULTED, _W.FAULT),
        Row(_W.FAULT, _V.ROSE, _W.ACTIVE, ("healthy", "time")),
        Row(_W.FAULT, _V.FELL, _W.CLEAR, ("healthy", "cleared")),
        Row(_W.FAILED, _V.RESET, _W.UNKNOWN, ("healthy", "look")),
    ),
    ignored=(
        *ignore(_W.UNKNOWN, _V.STUCK_DUE, _V.TEST_FAILED, _V.RESET),
        *ignore(_W.CLEAR, _V.FELL, _V.STUCK_DUE, _V.RESET),
        *ignore(_W.ACTIVE, _V.ROSE, _V.TEST_FAILED, _V.RESET),
        *ignore(_W.STUCK, _V.ROSE, _V.STUCK_DUE, _V.TEST_FAILED, _V.RESET),
        *ignore(_W.FAULT, _V.FAULTED, _V.STUCK_DUE, _V.TEST_FAILED, _V.RESET),
        *ignore(_W.FAILED, _V.ROSE, _V.FELL, _V.FAULTED, _V.STUCK_DUE, _V.TEST_FAILED),
    ),
)


class Testing(StrEnum):
    """The self-test of all devices that are wired for it, while the warning runs (R8)."""

    IDLE = "idle"
    ASSERTED = "asserted"  # every device is made to read active
    RELEASED = "released"  # and has to read clear again
    PASSED = "passed"


class TestingTrigger(StrEnum):
    BEGIN = "begin"
    ANSWERED = "answered"
    CLEARED = "cleared"
    DUE = "due"
    ABORT = "abort"


_E, _I = Testing, TestingTrigger

TESTING: Table[Testing, TestingTrigger] = Table(
    "self_test",
    Testing,
    TestingTrigger,
    rows=(
        Row(_E.IDLE, _I.BEGIN, _E.ASSERTED, ("mask", "time")),
        Row(_E.ASSERTED, _I.ANSWERED, _E.RELEASED, ("time",)),
        Row(_E.ASSERTED, _I.DUE, _E.IDLE, ("fail", "unmask")),
        Row(_E.ASSERTED, _I.ABORT, _E.IDLE, ("untime", "unmask")),
        Row(_E.RELEASED, _I.CLEARED, _E.PASSED, ("untime", "prove")),
        Row(_E.RELEASED, _I.DUE, _E.IDLE, ("unmask",)),  # somebody stands there
        Row(_E.RELEASED, _I.ABORT, _E.IDLE, ("untime", "unmask")),
        Row(_E.PASSED, _I.ABORT, _E.IDLE),
    ),
    ignored=(
        *ignore(_E.IDLE, _I.ANSWERED, _I.CLEARED, _I.DUE, _I.ABORT),
        *ignore(_E.ASSERTED, _I.BEGIN, _I.CLEARED),
        *ignore(_E.RELEASED, _I.BEGIN, _I.ANSWERED),
        *ignore(_E.PASSED, _I.BEGIN, _I.ANSWERED, _I.CLEARED, _I.DUE),
    ),
)


class Obstruction(StrEnum):
    """How often a close has met somebody since the barrier was last closed (R4)."""

    NONE = "none"
    ONCE = "once"
    LATCHED = "latched"  # it closes no more by itself until a person has reset it


class ObstructionTrigger(StrEnum):
    MET = "met"
    CLOSED = "closed"
    RESET = "reset"


_O, _B = Obstruction, ObstructionTrigger

OBSTRUCTION: Table[Obstruction, ObstructionTrigger] = Table(
    "obstruction",
    Obstruction,
    ObstructionTrigger,
    rows=(
        Row(_O.NONE, _B.MET, _O.ONCE, ("tell",)),
        Row(_O.ONCE, _B.MET, _O.LATCHED, ("latch",)),
        Row(_O.ONCE, _B.CLOSED, _O.NONE),
        Row(_O.ONCE, _B.RESET, _O.NONE),
        Row(_O.LATCHED, _B.RESET, _O.NONE, ("unlatch",)),
    ),
    ignored=(
        *ignore(_O.NONE, _B.CLOSED, _B.RESET),
        *ignore(_O.LATCHED, _B.MET, _B.CLOSED),
    ),
)

TABLES = (MOTION, LATCH, WATCH, TESTING, OBSTRUCTION)
