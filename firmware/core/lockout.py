"""Guards the PINs of one reader: wrong tries are counted, then PINs are refused for a growing time. Cards are not.

GB 50396 5.1.5: an alarm after at most five wrong tries. What is counted ends in three ways only: another holder's right
PIN than the one that cleared it last (one resident's own PIN cannot buy endless tries), a quiet time of
`pin_lockout_ms_max`, or a person's command. It is kept over the power, tries included.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from firmware.core.codes import Code
from firmware.core.effects import AnyEffect, Event, Keep, Record
from firmware.core.site import Reader
from firmware.core.table import Row, Table, ignore

DOUBLINGS_MAX = 20  # 60 s << 20 is two years: beyond every pin_lockout_ms_max, and the shift stays small


class Stage(StrEnum):
    OPEN = "open"
    LOCKED = "locked"


class Trigger(StrEnum):
    WRONG = "wrong"  # a wrong PIN
    LAST = "last"  # the wrong PIN that reaches pin_tries_max
    RIGHT = "right"  # another holder's right PIN than the last that cleared the tries
    DUE = "due"  # the lock-out has lasted, or the quiet time has
    CLEARED = "cleared"  # by a person


class Guard(msgspec.Struct, frozen=True):
    """`until_ms` ends the lock-out while LOCKED, and the memory of tries and lock-outs while OPEN."""

    stage: Stage = Stage.OPEN
    tries: int = 0
    lockouts: int = 0  # within memory: each doubles the next
    until_ms: int | None = None
    cleared_by: str | None = None  # the holder whose right PIN cleared the tries last


TABLE: Table[Stage, Trigger] = Table(
    "lockout",
    Stage,
    Trigger,
    rows=(
        Row(Stage.OPEN, Trigger.WRONG, Stage.OPEN, ("count",)),
        Row(Stage.OPEN, Trigger.LAST, Stage.LOCKED, ("lock",)),
        Row(Stage.OPEN, Trigger.RIGHT, Stage.OPEN, ("clear_tries",)),
        Row(Stage.OPEN, Trigger.DUE, Stage.OPEN, ("forget",)),
        Row(Stage.OPEN, Trigger.CLEARED, Stage.OPEN, ("forget",)),
        Row(Stage.LOCKED, Trigger.DUE, Stage.OPEN, ("end", "remember")),
        Row(Stage.LOCKED, Trigger.CLEARED, Stage.OPEN, ("end", "forget")),
    ),
    # While PINs are refused, none is looked at: neither wrong nor right ones count.
    ignored=ignore(Stage.LOCKED, Trigger.WRONG, Trigger.LAST, Trigger.RIGHT),
)

NO_TRIES = Guard()


def key(reader: Reader) -> str:
    """Under which the store keeps the guard of a reader."""
    return f"lockout:{reader.id}"


def wrong(reader: Reader, guard: Guard, now_ms: int) -> tuple[Guard, tuple[AnyEffect, ...]]:
    """A wrong PIN was tried. While locked out nothing counts."""
    last = guard.tries + 1 >= reader.pin_tries_max
    return _on(reader, guard, Trigger.LAST if last else Trigger.WRONG, now_ms)


def right(reader: Reader, guard: Guard, now_ms: int, holder: str) -> tuple[Guard, tuple[AnyEffect, ...]]:
    """A right PIN was given by this holder."""
    if guard.tries == 0 or guard.cleared_by == holder:
        return guard, ()
    guard, effects = _on(reader, guard, Trigger.RIGHT, now_ms)
    return msgspec.structs.replace(guard, cleared_by=holder), effects


def due(reader: Reader, guard: Guard, now_ms: int) -> tuple[Guard, tuple[AnyEffect, ...]]:
    """`until_ms` is reached."""
    return _on(reader, guard, Trigger.DUE, now_ms)


def clear(reader: Reader, guard: Guard, now_ms: int) -> tuple[Guard, tuple[AnyEffect, ...]]:
    """A person ends the lock-out and the memory of it."""
    return _on(reader, guard, Trigger.CLEARED, now_ms)


def restore(reader: Reader, kept: dict[str, str] | None, now_ms: int) -> Guard:
    """The guard after the power came back: what remained of a lock-out runs again in full.

    A kept text that is not ours is taken for a first lock-out. With None (the store could not be read) PINs are
    accepted: doors go on by the roster (DESIGN.md, section 4).
    """
    text = None if kept is None else kept.get(key(reader))
    if text is None:
        return NO_TRIES
    words = text.split()
    if len(words) == 3 and words[0] in (Stage.OPEN, Stage.LOCKED) and words[1].isdecimal() and words[2].isdecimal():
        stage, tries, lockouts = Stage(words[0]), int(words[1][:4]), int(words[2][:4])
    else:
        stage, tries, lockouts = Stage.LOCKED, 0, 1
    delay_ms = _delay_ms(reader, lockouts) if stage is Stage.LOCKED else reader.pin_lockout_ms_max
    return Guard(stage, min(tries, reader.pin_tries_max - 1), lockouts, now_ms + delay_ms)


def _on(reader: Reader, guard: Guard, trigger: Trigger, now_ms: int) -> tuple[Guard, tuple[AnyEffect, ...]]:
    target, actions = TABLE.on(guard.stage, trigger)
    turn = _Turn(reader, guard, now_ms)
    for action in actions:
        ACTIONS[action](turn)
    guard = Guard(target, turn.tries, turn.lockouts, turn.until_ms, turn.cleared_by)
    if actions:
        blank = target is Stage.OPEN and not guard.tries and not guard.lockouts
        turn.effects.append(Keep(key(reader), None if blank else f"{target} {guard.tries} {guard.lockouts}"))
    return guard, tuple(turn.effects)


def _delay_ms(reader: Reader, lockouts: int) -> int:
    """How long the lock-out lasts that is the `lockouts`-th within memory."""
    doublings = min(max(lockouts - 1, 0), DOUBLINGS_MAX)
    return min(reader.pin_lockout_ms << doublings, reader.pin_lockout_ms_max)


class _Turn:
    """One trigger at one guard: its actions, and what they change."""

    def __init__(self, reader: Reader, guard: Guard, now_ms: int) -> None:
        self.reader = reader
        self.now_ms = now_ms
        self.tries = guard.tries
        self.lockouts = guard.lockouts
        self.until_ms = guard.until_ms
        self.cleared_by = guard.cleared_by
        self.effects: list[AnyEffect] = []

    def count(self) -> None:
        self.tries += 1
        self.remember()

    def lock(self) -> None:
        self.lockouts += 1
        delay_ms = _delay_ms(self.reader, self.lockouts)
        self.until_ms = self.now_ms + delay_ms
        event = Event(Code.PIN_LOCKED_OUT, reader=self.reader.id, count=self.tries + 1, detail=f"{delay_ms} ms")
        self.effects.append(Record(event))
        self.tries = 0

    def clear_tries(self) -> None:
        self.tries = 0
        if not self.lockouts:
            self.until_ms = None

    def remember(self) -> None:
        self.until_ms = self.now_ms + self.reader.pin_lockout_ms_max

    def forget(self) -> None:
        self.tries, self.lockouts, self.until_ms, self.cleared_by = 0, 0, None, None

    def end(self) -> None:
        self.effects.append(Record(Event(Code.PIN_LOCKOUT_ENDED, reader=self.reader.id)))


ACTIONS = {
    "count": _Turn.count,
    "lock": _Turn.lock,
    "clear_tries": _Turn.clear_tries,
    "remember": _Turn.remember,
    "forget": _Turn.forget,
    "end": _Turn.end,
}
TABLE.check_actions(ACTIONS)
