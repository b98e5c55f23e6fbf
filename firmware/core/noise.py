"""Mutes a reader whose wires carry a storm of noise, tells of it, and tries it again after a growing time."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from firmware.core.codes import Code
from firmware.core.effects import AnyEffect, Event, Mute, Record, Unmute
from firmware.core.site import Reader
from firmware.core.table import Row, Table, ignore

DOUBLINGS_MAX = 7  # 30 s grows to 64 minutes: a repaired reader is heard again within about an hour


class Stage(StrEnum):
    LISTENING = "listening"
    WATCHED = "watched"  # noise was seen, or it was muted: what comes is told in one event when the time ends
    MUTED = "muted"


class Trigger(StrEnum):
    NOISE = "noise"
    STORM = "storm"  # the noise report that reaches noise_max within noise_window_ms
    DUE = "due"


Recent = tuple[tuple[int, int], ...]  # (at_ms, count) of the reports of the last noise_window_ms; at most noise_max


class Hearing(msgspec.Struct, frozen=True):
    """What was heard of one reader lately."""

    stage: Stage = Stage.LISTENING
    recent: Recent = ()
    count: int = 0  # not told yet
    kinds: tuple[str, ...] = ()  # not told yet
    mutes: int = 0  # in a row
    until_ms: int | None = None


TABLE: Table[Stage, Trigger] = Table(
    "noise",
    Stage,
    Trigger,
    rows=(
        Row(Stage.LISTENING, Trigger.NOISE, Stage.WATCHED, ("add", "open_window")),
        Row(Stage.LISTENING, Trigger.STORM, Stage.MUTED, ("add", "mute")),
        Row(Stage.WATCHED, Trigger.NOISE, Stage.WATCHED, ("add",)),
        Row(Stage.WATCHED, Trigger.STORM, Stage.MUTED, ("add", "mute")),
        Row(Stage.WATCHED, Trigger.DUE, Stage.LISTENING, ("settle",)),
        Row(Stage.MUTED, Trigger.DUE, Stage.WATCHED, ("unmute",)),
    ),
    # Listening has no deadline. What a muted reader still says was on its way when it was muted.
    ignored=(
        *ignore(Stage.LISTENING, Trigger.DUE),
        *ignore(Stage.MUTED, Trigger.NOISE, Trigger.STORM),
    ),
)

QUIET = Hearing()


def heard(
    reader: Reader, hearing: Hearing, now_ms: int, kind: str, count: int
) -> tuple[Hearing, tuple[AnyEffect, ...]]:
    """The reader reported `count` pieces of noise of one kind. While it is muted that changes nothing."""
    since_ms = now_ms - reader.noise_window_ms
    recent = (*(earlier for earlier in hearing.recent if earlier[0] > since_ms), (now_ms, max(count, 1)))
    storm = sum(pieces for _, pieces in recent) >= reader.noise_max
    return _on(reader, hearing, Trigger.STORM if storm else Trigger.NOISE, now_ms, recent, kind)


def due(reader: Reader, hearing: Hearing, now_ms: int) -> tuple[Hearing, tuple[AnyEffect, ...]]:
    """`until_ms` is reached."""
    return _on(reader, hearing, Trigger.DUE, now_ms, hearing.recent, "")


def _on(
    reader: Reader, hearing: Hearing, trigger: Trigger, now_ms: int, recent: Recent, kind: str
) -> tuple[Hearing, tuple[AnyEffect, ...]]:
    target, actions = TABLE.on(hearing.stage, trigger)
    turn = _Turn(reader, hearing, now_ms, recent, kind)
    for action in actions:
        ACTIONS[action](turn)
    return Hearing(target, turn.recent, turn.count, turn.kinds, turn.mutes, turn.until_ms), tuple(turn.effects)


class _Turn:
    """One trigger at one hearing: its actions, and what they change. `heard` ends with the noise just reported."""

    def __init__(self, reader: Reader, hearing: Hearing, now_ms: int, heard: Recent, kind: str) -> None:
        self.reader = reader
        self.now_ms = now_ms
        self.heard = heard
        self.kind = kind
        self.recent = hearing.recent
        self.count = hearing.count
        self.kinds = hearing.kinds
        self.mutes = hearing.mutes
        self.until_ms = hearing.until_ms
        self.effects: list[AnyEffect] = []

    def add(self) -> None:
        self.recent = self.heard
        self.count += self.heard[-1][1]
        if self.kind not in self.kinds:
            self.kinds = (*self.kinds, self.kind)

    def open_window(self) -> None:
        self.until_ms = self.now_ms + self.reader.noise_window_ms

    def mute(self) -> None:
        self.mutes += 1
        mute_ms = self._mute_ms()
        self.until_ms = self.now_ms + mute_ms
        detail = f"{mute_ms} ms; {', '.join(self.kinds)}"
        self.effects.append(Mute(self.reader.id))
        self.effects.append(Record(Event(Code.READER_MUTED, reader=self.reader.id, count=self.count, detail=detail)))
        self.recent, self.count, self.kinds = (), 0, ()

    def unmute(self) -> None:
        """As long as it was muted it has to prove itself, and at least for one window."""
        self.until_ms = self.now_ms + max(self._mute_ms(), self.reader.noise_window_ms)
        self.effects.append(Unmute(self.reader.id))
        self.effects.append(Record(Event(Code.READER_UNMUTED, reader=self.reader.id)))

    def settle(self) -> None:
        """Tell what was heard. It still counts towards a storm, but the next mute is a first one."""
        if self.count:
            detail = ", ".join(self.kinds)
            event = Event(Code.READER_NOISE, reader=self.reader.id, count=self.count, detail=detail)
            self.effects.append(Record(event))
        self.count, self.kinds, self.mutes, self.until_ms = 0, (), 0, None

    def _mute_ms(self) -> int:
        return self.reader.mute_ms << min(self.mutes - 1, DOUBLINGS_MAX)


ACTIONS = {
    "add": _Turn.add,
    "open_window": _Turn.open_window,
    "mute": _Turn.mute,
    "unmute": _Turn.unmute,
    "settle": _Turn.settle,
}
TABLE.check_actions(ACTIONS)
