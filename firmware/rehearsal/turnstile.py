"""A tripod turnstile: arms locked both ways, released each way, a pulse for each person, arms that drop in danger."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from firmware.rehearsal.contacts import bounce
from firmware.rehearsal.errors import ActionError
from firmware.rehearsal.layout import TurnstileLayout, high
from firmware.rehearsal.wires import Wires

Direction = Literal["in", "out"]


class Walk(StrEnum):
    """What became of somebody who walked up to the arms."""

    TURNED = "turned"
    LOCKED = "locked"
    DROPPED = "dropped"  # walked through where the arms hang down: nothing turns, no pulse
    OCCUPIED = "occupied"  # somebody is between the arms


class TurnstileState(msgspec.Struct, frozen=True):
    """What a person sees at the turnstile."""

    id: str
    released_in: bool
    released_out: bool
    dropped: bool
    turning: Direction | None
    passed_in: int
    passed_out: int
    faults: dict[str, bool]


class Turnstile:
    """One turnstile. The pulse comes when the arms are half way round."""

    def __init__(self, layout: TurnstileLayout, wires: Wires) -> None:
        self.layout = layout
        self._wires = wires
        self._turning: Direction | None = None
        self._passed: dict[Direction, int] = {"in": 0, "out": 0}
        self._faults = {"pulse_lost": False, "pulse_stuck": False, "arms_broken": False}
        for output in (layout.release_in, layout.release_out, layout.drop):
            if output is not None:
                wires.add_output(output, layout.id, lambda _level, _at_ns: None)
        for pulse in (layout.passage_in, layout.passage_out):
            if pulse is not None:
                wires.add_input(pulse, not high(layout.pulse_level), layout.id)

    def walk(self, direction: Direction, *, force: bool = False) -> Walk:
        """Somebody walks up and pushes the arm; `force` turns it though it is locked."""
        if self._turning is not None:
            return Walk.OCCUPIED
        if self._dropped():
            return Walk.DROPPED
        if not (force or self._faults["arms_broken"] or self._released(direction)):
            return Walk.LOCKED
        self._turning = direction
        self._wires.call_in(self.layout.turn_ms / 2, lambda: self._half_way(direction))
        self._wires.call_in(self.layout.turn_ms, self._turned)
        self._wires.changed()
        return Walk.TURNED

    def _half_way(self, direction: Direction) -> None:
        self._passed[direction] += 1
        line = self._pulse_line(direction)
        if line is not None and not self._faults["pulse_lost"]:
            active = high(self.layout.pulse_level)
            bounce(self._wires, line, active, self.layout.bounce_ms)
            self._wires.call_in(
                self.layout.pulse_ms, lambda: bounce(self._wires, line, not active, self.layout.bounce_ms)
            )
        self._wires.changed()

    def _turned(self) -> None:
        self._turning = None
        self._wires.changed()

    def set_fault(self, fault: str, on: bool) -> None:
        """pulse_lost: passages are not told; pulse_stuck: the inward pulse lasts; arms_broken: they turn unreleased."""
        if fault not in self._faults:
            raise ActionError(f"a turnstile has no fault {fault[:40]!r}; it has {', '.join(self._faults)}")
        if fault == "pulse_stuck":
            if self.layout.passage_in is None:
                raise ActionError(f"turnstile {self.layout.id} has no passage pulse inwards")
            self._wires.stick(self.layout.passage_in, fault, high(self.layout.pulse_level) if on else None)
        self._faults[fault] = on
        self._wires.changed()

    def state(self) -> TurnstileState:
        return TurnstileState(
            id=self.layout.id,
            released_in=self._released("in"),
            released_out=self._released("out"),
            dropped=self._dropped(),
            turning=self._turning,
            passed_in=self._passed["in"],
            passed_out=self._passed["out"],
            faults=dict(self._faults),
        )

    def _released(self, direction: Direction) -> bool:
        return self._active(self.layout.release_in if direction == "in" else self.layout.release_out)

    def _dropped(self) -> bool:
        line = self.layout.drop
        return line is not None and self._wires.reaches(line) == high(self.layout.drop_level)

    def _pulse_line(self, direction: Direction) -> str | None:
        return self.layout.passage_in if direction == "in" else self.layout.passage_out

    def _active(self, line: str | None) -> bool:
        return line is not None and self._wires.reaches(line) == high(self.layout.active_level)
