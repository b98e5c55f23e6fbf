"""Enrolment at a reader: for a while, a credential that nobody has becomes the named holder's when it is presented.

It releases nothing and keeps nobody out: a credential that somebody has is an ordinary reading meanwhile, and the
enrolment goes on waiting. It ends by a credential, by time, by a person, or with the reader; it is not kept over the
power. Whose the credential is stands in the overlay already when the core learns of it.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from firmware.core.table import Row, Table, ignore

WAIT_MS_MIN = 5_000  # to walk from the desk to the reader
WAIT_MS_MAX = 120_000  # a reader that is left alone must not take the first stranger's card for somebody's


class Stage(StrEnum):
    IDLE = "idle"
    WAITING = "waiting"


class Trigger(StrEnum):
    STARTED = "started"
    ENROLLED = "enrolled"
    CANCELLED = "cancelled"  # by a person
    INTERRUPTED = "interrupted"  # the reader was muted or lost
    DUE = "due"


class Enrolling(msgspec.Struct, frozen=True):
    """What a reader that is set to enrol waits for, until `until_ms`."""

    holder: str
    issuer: str
    request: str
    until_ms: int
    issued_to: str | None = None  # whose the last credential was that was presented meanwhile and is somebody's already


TABLE: Table[Stage, Trigger] = Table(
    "enrolment",
    Stage,
    Trigger,
    rows=(
        Row(Stage.IDLE, Trigger.STARTED, Stage.WAITING, ("begin",)),
        # It was presented in time, and the time was over before the core learned of it.
        Row(Stage.IDLE, Trigger.ENROLLED, Stage.IDLE, ("enrol",)),
        Row(Stage.WAITING, Trigger.ENROLLED, Stage.IDLE, ("enrol", "end")),
        Row(Stage.WAITING, Trigger.CANCELLED, Stage.IDLE, ("tell_cancelled", "end")),
        Row(Stage.WAITING, Trigger.INTERRUPTED, Stage.IDLE, ("tell_interrupted", "end")),
        Row(Stage.WAITING, Trigger.DUE, Stage.IDLE, ("tell_over", "end")),
    ),
    # One at a time: the command that asks for a second one is refused.
    ignored=(
        *ignore(Stage.IDLE, Trigger.CANCELLED, Trigger.INTERRUPTED, Trigger.DUE),
        *ignore(Stage.WAITING, Trigger.STARTED),
    ),
)
