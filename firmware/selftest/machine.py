"""The machine of one step of a self-test, as a table: from "now do it" to what was observed of it.

A step passes only where the expected device moved, came back and stayed, and no other one moved with it. What an
action does stands in watching.py.
"""

from __future__ import annotations

from enum import StrEnum

from firmware.core.table import Row, Table, ignore


class Stage(StrEnum):
    WAITING = "waiting"  # nobody has begun it
    LISTENING = "listening"  # it has begun, and nothing has come
    ACCUSED = "accused"  # another device moved; for a moment it is seen whether the right one does, too
    MOVED = "moved"  # the right one moved, and is not back
    SETTLING = "settling"  # it is back; it has to stay there
    ASKING = "asking"  # the rest nobody can see but the person there
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Trigger(StrEnum):
    BEGIN = "begin"
    EDGE = "edge"  # an expected device left where it was
    BACK = "back"  # and every one that is expected has been away, and is back
    ONCE = "once"  # what has no way back: a reading, a measurement
    OTHER = "other"  # a device moved that nobody should have touched
    ODD = "odd"  # an expected one is lost, not healthy, or tells noise
    BOUNCED = "bounced"  # to and fro, more often than a hand does
    DUE = "due"  # the time of this stage is over
    QUESTION = "question"  # the same, where the person has to say the rest
    SHOWN = "shown"  # it shows something, and the person is asked what
    YES = "yes"
    NO = "no"
    BLIND = "blind"  # the person says yes to what it does not show
    REFUSED = "refused"  # the core did not do what the step needs
    SKIP = "skip"
    STOP = "stop"  # the person, the power or the run broke it off


_S, _T = Stage, Trigger
_RUNS = (_S.LISTENING, _S.ACCUSED, _S.MOVED, _S.SETTLING, _S.ASKING)
_OBSERVED = (_T.EDGE, _T.BACK, _T.ONCE, _T.OTHER, _T.ODD, _T.BOUNCED)
_SAID = (_T.SHOWN, _T.YES, _T.NO, _T.BLIND)
_OVER = (_S.PASSED, _S.FAILED, _S.SKIPPED)

STEP: Table[Stage, Trigger] = Table(
    "self-test step",
    Stage,
    Trigger,
    rows=[
        Row(_S.WAITING, _T.BEGIN, _S.LISTENING, ("begin",)),
        Row(_S.WAITING, _T.SKIP, _S.SKIPPED, ("skip",)),
        Row(_S.LISTENING, _T.EDGE, _S.MOVED, ("note", "await_back")),
        Row(_S.LISTENING, _T.ONCE, _S.SETTLING, ("note", "settle")),
        Row(_S.LISTENING, _T.OTHER, _S.ACCUSED, ("wait_for_right_one",)),
        Row(_S.LISTENING, _T.ODD, _S.FAILED, ("blame_device",)),
        Row(_S.LISTENING, _T.DUE, _S.FAILED, ("blame_silence",)),
        Row(_S.ACCUSED, _T.EDGE, _S.FAILED, ("blame_both",)),
        Row(_S.ACCUSED, _T.ONCE, _S.FAILED, ("blame_both",)),
        Row(_S.ACCUSED, _T.ODD, _S.FAILED, ("blame_device",)),
        Row(_S.ACCUSED, _T.DUE, _S.FAILED, ("blame_other",)),
        Row(_S.MOVED, _T.EDGE, _S.MOVED, ("note",)),
        Row(_S.MOVED, _T.BACK, _S.SETTLING, ("settle",)),
        Row(_S.MOVED, _T.OTHER, _S.FAILED, ("blame_both",)),
        Row(_S.MOVED, _T.ODD, _S.FAILED, ("blame_device",)),
        Row(_S.MOVED, _T.BOUNCED, _S.FAILED, ("blame_bounce",)),
        Row(_S.MOVED, _T.DUE, _S.FAILED, ("blame_stuck",)),
        Row(_S.SETTLING, _T.EDGE, _S.MOVED, ("note", "await_back")),
        Row(_S.SETTLING, _T.ONCE, _S.SETTLING, ("note",)),
        Row(_S.SETTLING, _T.OTHER, _S.FAILED, ("blame_both",)),
        Row(_S.SETTLING, _T.ODD, _S.FAILED, ("blame_device",)),
        Row(_S.SETTLING, _T.DUE, _S.PASSED, ("prove",)),
        Row(_S.SETTLING, _T.QUESTION, _S.ASKING, ("ask",)),
        Row(_S.LISTENING, _T.SHOWN, _S.ASKING, ("ask",)),
        Row(_S.ASKING, _T.SHOWN, _S.ASKING, ("ask",)),
        Row(_S.ASKING, _T.BLIND, _S.FAILED, ("blame_blind",)),
        Row(_S.ASKING, _T.YES, _S.PASSED, ("believe",)),
        Row(_S.ASKING, _T.NO, _S.FAILED, ("blame_word",)),
        Row(_S.ASKING, _T.ODD, _S.FAILED, ("blame_device",)),
        Row(_S.ASKING, _T.DUE, _S.FAILED, ("blame_no_word",)),
        *(Row(stage, _T.REFUSED, _S.FAILED, ("blame_core",)) for stage in _RUNS),
        *(Row(stage, _T.SKIP, _S.SKIPPED, ("skip",)) for stage in _RUNS),
        *(Row(stage, _T.STOP, _S.WAITING, ("forget",)) for stage in _RUNS),
        *(Row(stage, _T.BEGIN, _S.LISTENING, ("begin",)) for stage in _OVER),
        Row(_S.FAILED, _T.SKIP, _S.SKIPPED, ("skip",)),
    ],
    ignored=[
        *ignore(_S.WAITING, *_OBSERVED, *_SAID, _T.DUE, _T.QUESTION, _T.REFUSED, _T.STOP),
        *ignore(_S.LISTENING, _T.BEGIN, _T.BACK, _T.BOUNCED, _T.QUESTION, _T.YES, _T.NO, _T.BLIND),
        *ignore(_S.ACCUSED, _T.OTHER, _T.BEGIN, _T.BACK, _T.BOUNCED, _T.QUESTION, *_SAID),
        *ignore(_S.MOVED, _T.BEGIN, _T.ONCE, _T.QUESTION, *_SAID),
        *ignore(_S.SETTLING, _T.BEGIN, _T.BACK, _T.BOUNCED, *_SAID),
        *ignore(_S.ASKING, _T.BEGIN, _T.EDGE, _T.BACK, _T.ONCE, _T.OTHER, _T.BOUNCED, _T.QUESTION),
        *ignore(_S.PASSED, *_OBSERVED, *_SAID, _T.DUE, _T.QUESTION, _T.REFUSED, _T.SKIP, _T.STOP),
        *ignore(_S.FAILED, *_OBSERVED, *_SAID, _T.DUE, _T.QUESTION, _T.REFUSED, _T.STOP),
        *ignore(_S.SKIPPED, *_OBSERVED, *_SAID, _T.DUE, _T.QUESTION, _T.REFUSED, _T.SKIP, _T.STOP),
    ],
)
RUNNING = frozenset(_RUNS)
OVER = frozenset(_OVER)
