"""The machines of a lane, as tables: the vehicle at the barrier, by its loops; and the passage that is served.

A vehicle's own words: `near` is the loop that it came from, `far` the one that it goes to.
"""

from __future__ import annotations

from enum import StrEnum

from firmware.core.table import Row, Table, ignore


class Track(StrEnum):
    """The vehicle at the barrier, as loops and beams see it."""

    CLEAR = "clear"
    COVERED = "covered"  # a beam is broken, or a loop cannot be believed: somebody, but no vehicle as far as known
    ON = "on"  # on the safety loop, from its near loop
    THROUGH = "through"  # and has reached its far loop
    SPLIT = "split"  # the far loop let go while the safety loop did not: it backs, or another one follows
    GAP = "gap"  # off the safety loop and on no other: short, or lost by its loop
    LEAVING = "leaving"  # off the safety loop by way of the far one
    STRAY = "stray"  # on the safety loop from nowhere


class TrackTrigger(StrEnum):
    ENTERED = "entered"  # the safety loop takes a vehicle that came from a loop
    AGAIN = "again"  # it takes one that cannot have come from elsewhere: the one that left it just now
    STRAYED = "strayed"  # it takes one that came from no loop
    COVERED = "covered"
    UNCOVERED = "uncovered"
    FAR_ON = "far_on"
    FAR_NEXT = "far_next"  # and between two bodies the beam was clear: another vehicle
    FAR_OFF = "far_off"
    # nothing is at the barrier any more, and of the loops before and behind it this is active:
    OFF_NEAR = "off_near"
    OFF_FAR = "off_far"
    OFF_BOTH = "off_both"
    OFF_NONE = "off_none"
    GAP_DUE = "gap_due"
    LEAVE_DUE = "leave_due"


_K, _T = Track, TrackTrigger
_OFFS = (_T.OFF_NEAR, _T.OFF_FAR, _T.OFF_BOTH, _T.OFF_NONE)
_TAKES = (_T.ENTERED, _T.AGAIN, _T.STRAYED)
_COVERS = (_T.COVERED, _T.UNCOVERED)
_DUES = (_T.GAP_DUE, _T.LEAVE_DUE)

TRACK: Table[Track, TrackTrigger] = Table(
    "track",
    Track,
    TrackTrigger,
    rows=(
        Row(_K.CLEAR, _T.ENTERED, _K.ON, ("enter",)),
        Row(_K.CLEAR, _T.STRAYED, _K.STRAY),
        Row(_K.CLEAR, _T.COVERED, _K.COVERED),
        Row(_K.COVERED, _T.ENTERED, _K.ON, ("enter",)),
        Row(_K.COVERED, _T.STRAYED, _K.STRAY),
        Row(_K.COVERED, _T.UNCOVERED, _K.CLEAR),
        Row(_K.ON, _T.FAR_ON, _K.THROUGH),
        Row(_K.ON, _T.FAR_NEXT, _K.THROUGH),
        Row(_K.ON, _T.OFF_NEAR, _K.CLEAR, ("turned_back",)),
        Row(_K.ON, _T.OFF_FAR, _K.LEAVING, ("passed", "time_leave")),
        Row(_K.ON, _T.OFF_BOTH, _K.CLEAR, ("unclear",)),
        Row(_K.ON, _T.OFF_NONE, _K.GAP, ("time_gap",)),
        Row(_K.THROUGH, _T.FAR_OFF, _K.SPLIT),
        Row(_K.THROUGH, _T.OFF_FAR, _K.LEAVING, ("passed", "time_leave")),
        Row(_K.THROUGH, _T.OFF_BOTH, _K.LEAVING, ("passed", "time_leave")),
        Row(_K.SPLIT, _T.FAR_ON, _K.THROUGH),
        Row(_K.SPLIT, _T.FAR_NEXT, _K.THROUGH, ("passed", "followed")),
        Row(_K.SPLIT, _T.OFF_NEAR, _K.CLEAR, ("unclear",)),
        Row(_K.SPLIT, _T.OFF_NONE, _K.GAP, ("time_gap",)),
        Row(_K.GAP, _T.FAR_ON, _K.LEAVING, ("untime", "passed", "time_leave")),
        Row(_K.GAP, _T.FAR_NEXT, _K.LEAVING, ("untime", "passed", "time_leave")),
        Row(_K.GAP, _T.AGAIN, _K.ON, ("untime",)),
        Row(_K.GAP, _T.GAP_DUE, _K.CLEAR, ("lost",)),
        Row(_K.LEAVING, _T.FAR_OFF, _K.CLEAR, ("untime", "left")),
        Row(_K.LEAVING, _T.LEAVE_DUE, _K.CLEAR, ("left",)),
        Row(_K.LEAVING, _T.ENTERED, _K.ON, ("untime", "left", "enter")),
        Row(_K.LEAVING, _T.AGAIN, _K.THROUGH, ("untime",)),
        Row(_K.STRAY, _T.ENTERED, _K.ON, ("enter",)),
        Row(_K.STRAY, _T.OFF_NEAR, _K.CLEAR),
        Row(_K.STRAY, _T.OFF_FAR, _K.CLEAR),
        Row(_K.STRAY, _T.OFF_BOTH, _K.CLEAR),
        Row(_K.STRAY, _T.OFF_NONE, _K.CLEAR),
    ),
    ignored=(
        *ignore(_K.CLEAR, _T.AGAIN, _T.UNCOVERED, _T.FAR_ON, _T.FAR_NEXT, _T.FAR_OFF, *_OFFS, *_DUES),
        *ignore(_K.COVERED, _T.AGAIN, _T.COVERED, _T.FAR_ON, _T.FAR_NEXT, _T.FAR_OFF, *_OFFS, *_DUES),
        *ignore(_K.ON, *_TAKES, *_COVERS, _T.FAR_OFF, *_DUES),
        *ignore(_K.THROUGH, *_TAKES, *_COVERS, _T.FAR_ON, _T.FAR_NEXT, _T.OFF_NEAR, _T.OFF_NONE, *_DUES),
        *ignore(_K.SPLIT, *_TAKES, *_COVERS, _T.FAR_OFF, _T.OFF_FAR, _T.OFF_BOTH, *_DUES),
        *ignore(_K.GAP, _T.ENTERED, _T.STRAYED, *_COVERS, _T.FAR_OFF, *_OFFS, _T.LEAVE_DUE),
        *ignore(_K.LEAVING, _T.STRAYED, *_COVERS, _T.FAR_ON, _T.FAR_NEXT, *_OFFS, _T.GAP_DUE),
        *ignore(_K.STRAY, _T.AGAIN, _T.STRAYED, *_COVERS, _T.FAR_ON, _T.FAR_NEXT, _T.FAR_OFF, *_DUES),
    ),
)


class Passage(StrEnum):
    """The passage that is served now. One credential, one passage (R11)."""

    IDLE = "idle"
    OPENING = "opening"  # red until the barrier is proven open
    READY = "ready"  # green
    PASSING = "passing"  # on the safety loop
    LEAVING = "leaving"  # proven; the lane behind it is not clear yet


class PassageTrigger(StrEnum):
    OFFERED = "offered"
    OFFERED_OPEN = "offered_open"  # the barrier is open already
    OPENED = "opened"
    UNOPENED = "unopened"  # it is not proven open any more
    ENTERED = "entered"
    PASSED = "passed"
    TURNED_BACK = "turned_back"
    UNCLEAR = "unclear"  # it left, and which way is not known
    LOST = "lost"  # its loop lost it
    FOLLOWED = "followed"  # another vehicle is on the safety loop behind it, and had asked
    FOLLOWED_UNASKED = "followed_unasked"
    LEFT = "left"
    DUE = "due"  # nobody came (R11)
    REVOKED = "revoked"  # somebody above it in the order of priorities


_P, _Q = Passage, PassageTrigger

PASSAGE: Table[Passage, PassageTrigger] = Table(
    "passage",
    Passage,
    PassageTrigger,
    rows=(
        Row(_P.IDLE, _Q.OFFERED, _P.OPENING, ("time_opening",)),
        Row(_P.IDLE, _Q.OFFERED_OPEN, _P.READY, ("time",)),
        Row(_P.OPENING, _Q.OPENED, _P.READY, ("time",)),
        Row(_P.OPENING, _Q.DUE, _P.IDLE, ("not_taken", "end")),  # it does not open
        Row(_P.OPENING, _Q.REVOKED, _P.IDLE, ("untime", "not_taken", "end")),
        Row(_P.READY, _Q.UNOPENED, _P.OPENING, ("time_opening",)),
        Row(_P.READY, _Q.ENTERED, _P.PASSING, ("untime",)),
        # A vehicle that stood on the safety loop already when the barrier opened is not seen to enter it.
        Row(_P.READY, _Q.PASSED, _P.LEAVING, ("untime", "taken")),
        Row(_P.READY, _Q.TURNED_BACK, _P.IDLE, ("untime", "not_taken", "change_over", "end")),
        Row(_P.READY, _Q.UNCLEAR, _P.IDLE, ("untime", "not_taken", "change_over", "end")),
        Row(_P.READY, _Q.LOST, _P.IDLE, ("untime", "not_taken", "change_over", "end")),
        Row(_P.READY, _Q.DUE, _P.IDLE, ("not_taken", "change_over", "end")),
        Row(_P.READY, _Q.REVOKED, _P.IDLE, ("untime", "not_taken", "change_over", "end")),
        Row(_P.PASSING, _Q.PASSED, _P.LEAVING, ("taken",)),
        Row(_P.PASSING, _Q.TURNED_BACK, _P.IDLE, ("not_taken", "end")),
        Row(_P.PASSING, _Q.UNCLEAR, _P.IDLE, ("not_taken", "end")),
        Row(_P.PASSING, _Q.LOST, _P.IDLE, ("not_taken", "end")),
        Row(_P.LEAVING, _Q.FOLLOWED, _P.PASSING, ("next",)),
        Row(_P.LEAVING, _Q.FOLLOWED_UNASKED, _P.LEAVING, ("tailgate",)),
        Row(_P.LEAVING, _Q.UNCLEAR, _P.IDLE, ("end",)),
        Row(_P.LEAVING, _Q.LOST, _P.IDLE, ("end",)),
        Row(_P.LEAVING, _Q.LEFT, _P.IDLE, ("end",)),
    ),
    ignored=(
        *ignore(_P.IDLE, *(trigger for trigger in _Q if trigger not in (_Q.OFFERED, _Q.OFFERED_OPEN))),
        *ignore(_P.OPENING, _Q.OFFERED, _Q.OFFERED_OPEN, _Q.UNOPENED, _Q.ENTERED, _Q.PASSED, _Q.TURNED_BACK),
        *ignore(_P.OPENING, _Q.UNCLEAR, _Q.LOST),
        *ignore(_P.OPENING, _Q.FOLLOWED, _Q.FOLLOWED_UNASKED, _Q.LEFT),
        *ignore(_P.READY, _Q.OFFERED, _Q.OFFERED_OPEN, _Q.OPENED),
        *ignore(_P.READY, _Q.FOLLOWED, _Q.FOLLOWED_UNASKED, _Q.LEFT),
        *ignore(_P.PASSING, _Q.OFFERED, _Q.OFFERED_OPEN, _Q.OPENED, _Q.UNOPENED, _Q.ENTERED, _Q.LEFT, _Q.DUE),
        *ignore(_P.PASSING, _Q.FOLLOWED, _Q.FOLLOWED_UNASKED, _Q.REVOKED),
        *ignore(_P.LEAVING, _Q.OFFERED, _Q.OFFERED_OPEN, _Q.OPENED, _Q.UNOPENED, _Q.ENTERED, _Q.PASSED),
        *ignore(_P.LEAVING, _Q.TURNED_BACK, _Q.DUE, _Q.REVOKED),
    ),
)

TABLES = (TRACK, PASSAGE)
