"""The machines of a call button, as tables: the button by its input, and the call that stands until somebody ends it.

What their actions do stands in calls.py.
"""

from __future__ import annotations

from enum import StrEnum

from firmware.core.table import Row, Table, ignore


class Button(StrEnum):
    """A call button by its input. Only an edge that was seen is a press."""

    UNKNOWN = "unknown"  # not reported yet
    IDLE = "idle"
    PRESSED = "pressed"
    STUCK = "stuck"  # pressed for longer than anybody presses
    FAULT = "fault"  # the input cannot be believed


class ButtonTrigger(StrEnum):
    PRESSED = "pressed"
    LET_GO = "let_go"
    FAULTED = "faulted"
    STUCK_DUE = "stuck_due"


_B, _P = Button, ButtonTrigger

BUTTON: Table[Button, ButtonTrigger] = Table(
    "call_button",
    Button,
    ButtonTrigger,
    rows=(
        # The first level after a start or a fault is no press: something may lie on it since yesterday.
        Row(_B.UNKNOWN, _P.PRESSED, _B.PRESSED, ("watch",)),
        Row(_B.UNKNOWN, _P.LET_GO, _B.IDLE),
        Row(_B.UNKNOWN, _P.FAULTED, _B.FAULT, ("fault",)),
        Row(_B.IDLE, _P.PRESSED, _B.PRESSED, ("watch", "press")),
        Row(_B.IDLE, _P.FAULTED, _B.FAULT, ("fault",)),
        Row(_B.PRESSED, _P.LET_GO, _B.IDLE, ("unwatch",)),
        Row(_B.PRESSED, _P.FAULTED, _B.FAULT, ("unwatch", "fault")),
        Row(_B.PRESSED, _P.STUCK_DUE, _B.STUCK, ("stuck",)),
        Row(_B.STUCK, _P.LET_GO, _B.IDLE, ("unstuck",)),
        Row(_B.STUCK, _P.FAULTED, _B.FAULT, ("fault",)),
        Row(_B.FAULT, _P.PRESSED, _B.PRESSED, ("healthy", "watch")),
        Row(_B.FAULT, _P.LET_GO, _B.IDLE, ("healthy",)),
    ),
    ignored=(
        *ignore(_B.UNKNOWN, _P.STUCK_DUE),
        *ignore(_B.IDLE, _P.LET_GO, _P.STUCK_DUE),
        *ignore(_B.PRESSED, _P.PRESSED),
        *ignore(_B.STUCK, _P.PRESSED, _P.STUCK_DUE),
        *ignore(_B.FAULT, _P.FAULTED, _P.STUCK_DUE),
    ),
)


class Call(StrEnum):
    """Somebody at an entrance asks for a person."""

    NONE = "none"
    RINGING = "ringing"  # nobody has answered
    ANSWERED = "answered"


class CallTrigger(StrEnum):
    PRESSED = "pressed"
    ANSWERED = "answered"
    OPENED = "opened"  # a person has released the entrance: that is the answer, and the end
    ENDED = "ended"
    DUE = "due"


_C, _T = Call, CallTrigger

CALL: Table[Call, CallTrigger] = Table(
    "call",
    Call,
    CallTrigger,
    rows=(
        Row(_C.NONE, _T.PRESSED, _C.RINGING, ("called", "time")),
        # Pressing again does not make it ring for longer: a finger on the button must not ring all night.
        Row(_C.RINGING, _T.PRESSED, _C.RINGING, ("again",)),
        Row(_C.RINGING, _T.ANSWERED, _C.ANSWERED, ("answered", "talk")),
        Row(_C.RINGING, _T.OPENED, _C.NONE, ("untime", "ended")),
        Row(_C.RINGING, _T.ENDED, _C.NONE, ("untime", "ended")),
        Row(_C.RINGING, _T.DUE, _C.NONE, ("missed",)),
        Row(_C.ANSWERED, _T.PRESSED, _C.ANSWERED, ("again",)),
        Row(_C.ANSWERED, _T.ANSWERED, _C.ANSWERED, ("answered", "talk")),
        Row(_C.ANSWERED, _T.OPENED, _C.NONE, ("untime", "ended")),
        Row(_C.ANSWERED, _T.ENDED, _C.NONE, ("untime", "ended")),
        Row(_C.ANSWERED, _T.DUE, _C.NONE, ("ended",)),
    ),
    ignored=ignore(_C.NONE, _T.ANSWERED, _T.OPENED, _T.ENDED, _T.DUE),
)

TABLES = (BUTTON, CALL)
