"""The machines of portals and site, as tables. What their actions do stands in the files of those who run them.

The first state of each is where it begins. Pairs that are impossible are listed as ignored beside those that mean
nothing: a repeated report, a timer that another row has stopped.
"""

from __future__ import annotations

from enum import StrEnum

from firmware.core.table import Row, Table, ignore


class Leaf(StrEnum):
    """A door leaf by its contact. Only CLOSED is proven closed."""

    UNKNOWN = "unknown"  # not reported yet
    CLOSED = "closed"
    OPEN = "open"  # as expected, and timed
    WARNED = "warned"  # open, the pre-alarm was given
    HELD = "held"  # open too long: alarm
    FORCED = "forced"  # opened without release or request-to-exit: alarm, until it closes
    FREE = "free"  # open while the portal is released until further notice: not timed
    FAULT = "fault"  # the contact cannot be believed


class LeafTrigger(StrEnum):
    OPENED = "opened"  # while released for a passage, or after a request-to-exit
    OPENED_FREE = "opened_free"  # while released until further notice
    OPENED_UNEXPECTED = "opened_unexpected"
    CLOSED = "closed"
    FAULTED = "faulted"
    WARN_DUE = "warn_due"
    HELD_DUE = "held_due"
    FREED = "freed"  # the release until further notice began
    BOUND = "bound"  # and ended
    NEXT_GRANTED = "next_granted"  # somebody else may go through now


_L, _O = Leaf, LeafTrigger
_TIMED = (_O.WARN_DUE, _O.HELD_DUE)
_OPENINGS = (_O.OPENED, _O.OPENED_FREE, _O.OPENED_UNEXPECTED)

LEAF: Table[Leaf, LeafTrigger] = Table(
    "leaf",
    Leaf,
    LeafTrigger,
    rows=(
        # A door that is found open was opened while nobody looked: no alarm, but it is timed.
        Row(_L.UNKNOWN, _O.OPENED, _L.OPEN, ("opened", "time")),
        Row(_L.UNKNOWN, _O.OPENED_FREE, _L.FREE, ("opened",)),
        Row(_L.UNKNOWN, _O.OPENED_UNEXPECTED, _L.OPEN, ("opened", "time")),
        Row(_L.UNKNOWN, _O.CLOSED, _L.CLOSED),
        Row(_L.UNKNOWN, _O.FAULTED, _L.FAULT, ("fault",)),
        Row(_L.CLOSED, _O.OPENED, _L.OPEN, ("opened", "time", "prove")),
        Row(_L.CLOSED, _O.OPENED_FREE, _L.FREE, ("opened", "prove")),
        Row(_L.CLOSED, _O.OPENED_UNEXPECTED, _L.FORCED, ("forced",)),
        Row(_L.CLOSED, _O.FAULTED, _L.FAULT, ("fault",)),
        Row(_L.OPEN, _O.CLOSED, _L.CLOSED, ("untime", "closed", "relock")),
        Row(_L.OPEN, _O.FAULTED, _L.FAULT, ("untime", "fault")),
        Row(_L.OPEN, _O.WARN_DUE, _L.WARNED, ("warn",)),
        Row(_L.OPEN, _O.HELD_DUE, _L.HELD, ("held",)),
        Row(_L.OPEN, _O.FREED, _L.FREE, ("untime",)),
        Row(_L.OPEN, _O.NEXT_GRANTED, _L.OPEN, ("retime",)),
        Row(_L.WARNED, _O.CLOSED, _L.CLOSED, ("untime", "closed", "relock")),
        Row(_L.WARNED, _O.FAULTED, _L.FAULT, ("untime", "fault")),
        Row(_L.WARNED, _O.HELD_DUE, _L.HELD, ("held",)),
        Row(_L.WARNED, _O.FREED, _L.FREE, ("untime",)),
        Row(_L.WARNED, _O.NEXT_GRANTED, _L.OPEN, ("retime",)),
        Row(_L.HELD, _O.CLOSED, _L.CLOSED, ("held_ended", "closed", "relock")),
        Row(_L.HELD, _O.FAULTED, _L.FAULT, ("held_ended", "fault")),
        Row(_L.HELD, _O.FREED, _L.FREE, ("held_ended",)),
        Row(_L.FORCED, _O.CLOSED, _L.CLOSED, ("closed",)),
        Row(_L.FORCED, _O.FAULTED, _L.FAULT, ("fault",)),
        Row(_L.FREE, _O.CLOSED, _L.CLOSED, ("closed", "relock")),
        Row(_L.FREE, _O.FAULTED, _L.FAULT, ("fault",)),
        Row(_L.FREE, _O.BOUND, _L.OPEN, ("time",)),
        Row(_L.FAULT, _O.OPENED, _L.OPEN, ("healthy", "opened", "time")),
        Row(_L.FAULT, _O.OPENED_FREE, _L.FREE, ("healthy", "opened")),
        Row(_L.FAULT, _O.OPENED_UNEXPECTED, _L.OPEN, ("healthy", "opened", "time")),
        Row(_L.FAULT, _O.CLOSED, _L.CLOSED, ("healthy", "closed", "relock")),
    ),
    ignored=(
        *ignore(_L.UNKNOWN, *_TIMED, _O.FREED, _O.BOUND, _O.NEXT_GRANTED),
        *ignore(_L.CLOSED, _O.CLOSED, *_TIMED, _O.FREED, _O.BOUND, _O.NEXT_GRANTED),
        *ignore(_L.OPEN, *_OPENINGS, _O.BOUND),
        *ignore(_L.WARNED, *_OPENINGS, _O.WARN_DUE, _O.BOUND),
        *ignore(_L.HELD, *_OPENINGS, *_TIMED, _O.BOUND, _O.NEXT_GRANTED),
        *ignore(_L.FORCED, *_OPENINGS, *_TIMED, _O.FREED, _O.BOUND, _O.NEXT_GRANTED),
        *ignore(_L.FREE, *_OPENINGS, *_TIMED, _O.FREED, _O.NEXT_GRANTED),
        *ignore(_L.FAULT, _O.FAULTED, *_TIMED, _O.FREED, _O.BOUND, _O.NEXT_GRANTED),
    ),
)


class Passing(StrEnum):
    """One passage through one way of a portal, from the grant to its proof."""

    IDLE = "idle"
    RELEASED = "released"  # granted, not yet opened or turned
    PROVEN = "proven"  # opened; the lock stays released until the door closes or the time is over
    SETTLING = "settling"  # secured again; an opening of the last moment may still be reported, debounced


class PassingTrigger(StrEnum):
    GRANTED = "granted"
    OPENED = "opened"  # the contact, or nothing to prove it by
    TURNED = "turned"  # the passage pulse of a turnstile: proves the passage and ends the release
    CLOSED = "closed"  # of a door that relocks on closing
    EXPIRED = "expired"
    SETTLED = "settled"
    CANCELLED = "cancelled"  # something above it in the order of priorities has begun


_P, _Q = Passing, PassingTrigger

PASSING: Table[Passing, PassingTrigger] = Table(
    "passing",
    Passing,
    PassingTrigger,
    rows=(
        Row(_P.IDLE, _Q.GRANTED, _P.RELEASED, ("start",)),
        Row(_P.RELEASED, _Q.GRANTED, _P.RELEASED, ("not_taken", "start")),
        Row(_P.RELEASED, _Q.OPENED, _P.PROVEN, ("taken",)),
        Row(_P.RELEASED, _Q.TURNED, _P.IDLE, ("stop", "taken")),
        Row(_P.RELEASED, _Q.EXPIRED, _P.SETTLING, ("settle",)),
        Row(_P.RELEASED, _Q.CANCELLED, _P.IDLE, ("stop", "not_taken")),
        Row(_P.PROVEN, _Q.GRANTED, _P.RELEASED, ("start",)),
        Row(_P.PROVEN, _Q.CLOSED, _P.IDLE, ("stop",)),
        Row(_P.PROVEN, _Q.EXPIRED, _P.IDLE),
        Row(_P.PROVEN, _Q.CANCELLED, _P.IDLE, ("stop",)),
        Row(_P.SETTLING, _Q.GRANTED, _P.RELEASED, ("not_taken", "start")),
        Row(_P.SETTLING, _Q.OPENED, _P.IDLE, ("stop", "taken")),
        Row(_P.SETTLING, _Q.TURNED, _P.IDLE, ("stop", "taken")),
        Row(_P.SETTLING, _Q.SETTLED, _P.IDLE, ("not_taken",)),
        Row(_P.SETTLING, _Q.CANCELLED, _P.IDLE, ("stop", "not_taken")),
    ),
    ignored=(
        *ignore(_P.IDLE, _Q.OPENED, _Q.TURNED, _Q.CLOSED, _Q.EXPIRED, _Q.SETTLED, _Q.CANCELLED),
        # A door that stood open at the grant may close and open again for its holder.
        *ignore(_P.RELEASED, _Q.CLOSED, _Q.SETTLED),
        *ignore(_P.PROVEN, _Q.OPENED, _Q.TURNED, _Q.SETTLED),
        *ignore(_P.SETTLING, _Q.CLOSED, _Q.EXPIRED),
    ),
)


class Exit(StrEnum):
    """One request-to-exit device."""

    IDLE = "idle"
    ACTIVE = "active"
    STUCK = "stuck"  # active for too long: reported, and still obeyed
    FAULT = "fault"


class ExitTrigger(StrEnum):
    PRESSED = "pressed"
    LET_GO = "let_go"
    FAULTED = "faulted"
    STUCK_DUE = "stuck_due"


_E, _X = Exit, ExitTrigger

EXIT: Table[Exit, ExitTrigger] = Table(
    "exit",
    Exit,
    ExitTrigger,
    rows=(
        Row(_E.IDLE, _X.PRESSED, _E.ACTIVE, ("request", "watch")),
        Row(_E.IDLE, _X.FAULTED, _E.FAULT, ("fault",)),
        Row(_E.ACTIVE, _X.LET_GO, _E.IDLE, ("unwatch", "linger")),
        Row(_E.ACTIVE, _X.FAULTED, _E.FAULT, ("unwatch", "linger", "fault")),
        Row(_E.ACTIVE, _X.STUCK_DUE, _E.STUCK, ("stuck",)),
        Row(_E.STUCK, _X.LET_GO, _E.IDLE, ("unstuck",)),
        Row(_E.STUCK, _X.FAULTED, _E.FAULT, ("unstuck", "fault")),
        Row(_E.FAULT, _X.PRESSED, _E.ACTIVE, ("healthy", "request", "watch")),
        Row(_E.FAULT, _X.LET_GO, _E.IDLE, ("healthy",)),
    ),
    ignored=(
        *ignore(_E.IDLE, _X.LET_GO, _X.STUCK_DUE),
        *ignore(_E.ACTIVE, _X.PRESSED),
        *ignore(_E.STUCK, _X.PRESSED, _X.STUCK_DUE),
        *ignore(_E.FAULT, _X.FAULTED, _X.STUCK_DUE),
    ),
)


class Pulse(StrEnum):
    """The passage contact of one direction of a turnstile."""

    UNKNOWN = "unknown"  # not reported yet
    IDLE = "idle"
    ACTIVE = "active"
    STUCK = "stuck"
    FAULT = "fault"


class PulseTrigger(StrEnum):
    ROSE = "rose"
    FELL = "fell"
    FAULTED = "faulted"
    STUCK_DUE = "stuck_due"


_U, _V = Pulse, PulseTrigger

PULSE: Table[Pulse, PulseTrigger] = Table(
    "pulse",
    Pulse,
    PulseTrigger,
    rows=(
        # Only an edge that was seen proves a passage: the first level after a start or a fault does not.
        Row(_U.UNKNOWN, _V.ROSE, _U.ACTIVE, ("watch",)),
        Row(_U.UNKNOWN, _V.FELL, _U.IDLE),
        Row(_U.UNKNOWN, _V.FAULTED, _U.FAULT, ("fault",)),
        Row(_U.IDLE, _V.ROSE, _U.ACTIVE, ("turned", "watch")),
        Row(_U.IDLE, _V.FAULTED, _U.FAULT, ("fault",)),
        Row(_U.ACTIVE, _V.FELL, _U.IDLE, ("unwatch",)),
        Row(_U.ACTIVE, _V.FAULTED, _U.FAULT, ("unwatch", "fault")),
        Row(_U.ACTIVE, _V.STUCK_DUE, _U.STUCK, ("fault",)),
        Row(_U.STUCK, _V.FELL, _U.IDLE, ("healthy",)),
        Row(_U.STUCK, _V.FAULTED, _U.FAULT),
        Row(_U.FAULT, _V.ROSE, _U.ACTIVE, ("healthy", "watch")),
        Row(_U.FAULT, _V.FELL, _U.IDLE, ("healthy",)),
    ),
    ignored=(
        *ignore(_U.UNKNOWN, _V.STUCK_DUE),
        *ignore(_U.IDLE, _V.FELL, _V.STUCK_DUE),
        *ignore(_U.ACTIVE, _V.ROSE),
        *ignore(_U.STUCK, _V.ROSE, _V.STUCK_DUE),
        *ignore(_U.FAULT, _V.FAULTED, _V.STUCK_DUE),
    ),
)


class Hold(StrEnum):
    """What a person has decided about a portal until further notice."""

    NONE = "none"
    LOCKED = "locked"  # by an operator, until ReleasePortal
    OPERATOR = "operator"  # held open by an operator
    HOLDER = "holder"  # held open by a holder who presented twice


class HoldTrigger(StrEnum):
    LOCK = "lock"
    HOLD = "hold"
    TOGGLE = "toggle"
    RELEASE = "release"
    EXPIRED = "expired"
    INTERRUPTED = "interrupted"  # lockdown, out of service, a failed or lost lock: what was open stays no longer so


_H, _K = Hold, HoldTrigger

HOLD: Table[Hold, HoldTrigger] = Table(
    "hold",
    Hold,
    HoldTrigger,
    rows=(
        Row(_H.NONE, _K.LOCK, _H.LOCKED),
        Row(_H.NONE, _K.HOLD, _H.OPERATOR, ("time",)),
        Row(_H.NONE, _K.TOGGLE, _H.HOLDER, ("time",)),
        Row(_H.LOCKED, _K.RELEASE, _H.NONE),
        Row(_H.OPERATOR, _K.LOCK, _H.LOCKED, ("untime",)),
        Row(_H.OPERATOR, _K.HOLD, _H.OPERATOR, ("time",)),
        Row(_H.OPERATOR, _K.RELEASE, _H.NONE, ("untime",)),
        Row(_H.OPERATOR, _K.EXPIRED, _H.NONE, ("untime",)),
        Row(_H.OPERATOR, _K.INTERRUPTED, _H.NONE, ("untime",)),
        Row(_H.HOLDER, _K.LOCK, _H.LOCKED, ("untime",)),
        Row(_H.HOLDER, _K.HOLD, _H.OPERATOR, ("time",)),
        Row(_H.HOLDER, _K.TOGGLE, _H.NONE, ("untime",)),
        Row(_H.HOLDER, _K.RELEASE, _H.NONE, ("untime",)),
        Row(_H.HOLDER, _K.EXPIRED, _H.NONE),
        Row(_H.HOLDER, _K.INTERRUPTED, _H.NONE, ("untime",)),
    ),
    ignored=(
        *ignore(_H.NONE, _K.RELEASE, _K.EXPIRED, _K.INTERRUPTED),
        *ignore(_H.LOCKED, _K.LOCK, _K.HOLD, _K.TOGGLE, _K.EXPIRED, _K.INTERRUPTED),
        *ignore(_H.OPERATOR, _K.TOGGLE),
    ),
)


class Opening(StrEnum):
    """What the unlock schedule wants of a portal."""

    OFF = "off"
    WAITING = "waiting"  # the schedule is active, but only a person may begin it
    UNLOCKED = "unlocked"


class OpeningTrigger(StrEnum):
    BEGAN = "began"  # the schedule became active by the passing of time, and nothing stands against it
    FOUND = "found"  # it is active, but after a start, a clock set, a new roster, or while something stands against it
    ENDED = "ended"  # it is not active, or wall time is unknown
    PERSON = "person"  # somebody has passed whose passage may begin it, or an operator lets it go on
    INTERRUPTED = "interrupted"


_N, _G = Opening, OpeningTrigger

OPENING: Table[Opening, OpeningTrigger] = Table(
    "opening",
    Opening,
    OpeningTrigger,
    rows=(
        Row(_N.OFF, _G.BEGAN, _N.UNLOCKED),
        Row(_N.OFF, _G.FOUND, _N.WAITING),
        Row(_N.WAITING, _G.PERSON, _N.UNLOCKED),
        Row(_N.WAITING, _G.ENDED, _N.OFF),
        Row(_N.UNLOCKED, _G.ENDED, _N.OFF),
        Row(_N.UNLOCKED, _G.INTERRUPTED, _N.WAITING),
    ),
    ignored=(
        *ignore(_N.OFF, _G.ENDED, _G.PERSON, _G.INTERRUPTED),
        *ignore(_N.WAITING, _G.BEGAN, _G.FOUND, _G.INTERRUPTED),
        *ignore(_N.UNLOCKED, _G.BEGAN, _G.FOUND, _G.PERSON),
    ),
)


class Fire(StrEnum):
    """The site's fire release."""

    NONE = "none"
    ACTIVE = "active"  # an input is active or not healthy
    UNRESET = "unreset"  # the inputs are inactive again, and a person has to end it


class FireTrigger(StrEnum):
    RAISED = "raised"
    CLEARED = "cleared"  # where the input ends it
    CLEARED_UNRESET = "cleared_unreset"  # where a person ends it
    RESET = "reset"


_F, _R = Fire, FireTrigger

FIRE: Table[Fire, FireTrigger] = Table(
    "fire",
    Fire,
    FireTrigger,
    rows=(
        Row(_F.NONE, _R.RAISED, _F.ACTIVE),
        Row(_F.ACTIVE, _R.CLEARED, _F.NONE, ("ended",)),
        Row(_F.ACTIVE, _R.CLEARED_UNRESET, _F.UNRESET),
        Row(_F.UNRESET, _R.RAISED, _F.ACTIVE),
        Row(_F.UNRESET, _R.RESET, _F.NONE, ("ended",)),
    ),
    ignored=(
        *ignore(_F.NONE, _R.CLEARED, _R.CLEARED_UNRESET, _R.RESET),
        *ignore(_F.ACTIVE, _R.RAISED, _R.RESET),
        *ignore(_F.UNRESET, _R.CLEARED, _R.CLEARED_UNRESET),
    ),
)


class Peers(StrEnum):
    """The other controllers that tell of passages into and out of shared areas. Only HEARD is whole."""

    UNHEARD = "unheard"  # since the start; that they were lost is told when they should have been heard
    HEARD = "heard"  # all of them, and nothing that they told is missing
    LOST = "lost"


class PeersTrigger(StrEnum):
    HEARD = "heard"
    LOST = "lost"


_B, _D = Peers, PeersTrigger

PEERS: Table[Peers, PeersTrigger] = Table(
    "peers",
    Peers,
    PeersTrigger,
    rows=(
        Row(_B.UNHEARD, _D.HEARD, _B.HEARD),
        Row(_B.UNHEARD, _D.LOST, _B.LOST, ("lost",)),
        Row(_B.HEARD, _D.LOST, _B.LOST, ("lost",)),
        Row(_B.LOST, _D.HEARD, _B.HEARD, ("heard",)),
    ),
    ignored=(*ignore(_B.HEARD, _D.HEARD), *ignore(_B.LOST, _D.LOST)),
)

TABLES = (LEAF, PASSING, EXIT, PULSE, HOLD, OPENING, FIRE, PEERS)
