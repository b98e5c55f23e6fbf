"""What a reader's lights and buzzer do for each word of feedback, and the player that does it.

The patterns' times are the reader's own: no decision hangs on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag
from typing import TYPE_CHECKING, NamedTuple

from drivers.bus.lines import BusError, Lines, OutputLine
from drivers.loop_time import call_at_ns, loop_ns

if TYPE_CHECKING:
    import asyncio

MS = 1_000_000  # nanoseconds


class Lamp(IntFlag):
    """What can be lit (or sounded) on a reader."""

    DARK = 0
    GREEN = 1
    RED = 2
    BUZZER = 4


class Step(NamedTuple):
    lit: Lamp
    ms: int


class Pattern(NamedTuple):
    """Steps in order; then again from the first (`repeats`), or, being over, back to what rested before.

    No steps but `rest`: the reader rests so until another resting pattern comes.
    """

    steps: tuple[Step, ...] = ()
    repeats: bool = False
    rest: Lamp | None = None


_BEEP = Step(Lamp.RED | Lamp.BUZZER, 80)
_PAUSE = Step(Lamp.RED, 80)

# The words are those of firmware.core.effects.Feedback; a test compares the two.
PATTERNS: dict[str, Pattern] = {
    "idle": Pattern(rest=Lamp.DARK),
    "unlocked": Pattern(rest=Lamp.GREEN),
    "lockdown": Pattern(rest=Lamp.RED),
    "granted": Pattern((Step(Lamp.GREEN | Lamp.BUZZER, 150), Step(Lamp.GREEN, 2_850))),
    "denied": Pattern((_BEEP, _PAUSE, _BEEP, _PAUSE, _BEEP, Step(Lamp.RED, 1_120))),
    "next_factor": Pattern((Step(Lamp.GREEN, 250), Step(Lamp.DARK, 250)), repeats=True),
    "second_person": Pattern(
        (Step(Lamp.GREEN, 150), Step(Lamp.DARK, 100), Step(Lamp.GREEN, 150), Step(Lamp.DARK, 600)), repeats=True
    ),
    "locked_out": Pattern((Step(Lamp.RED, 500), Step(Lamp.DARK, 500)), repeats=True),
    # Both lamps in turn, which nothing else does: whoever stands there sees that this is no ordinary reading.
    "enrolling": Pattern((Step(Lamp.GREEN, 400), Step(Lamp.RED, 400)), repeats=True),
    # Whoever called is told that it rings, by a slow sign; and that somebody has taken it, by one that stays.
    "calling": Pattern((Step(Lamp.GREEN, 200), Step(Lamp.DARK, 1_800)), repeats=True),
    "answered": Pattern((Step(Lamp.GREEN, 1_800), Step(Lamp.DARK, 200)), repeats=True),
    "held_warning": Pattern((Step(Lamp.RED | Lamp.BUZZER, 200), Step(Lamp.RED, 800)), repeats=True),
}


class Indicator:
    """Plays patterns on up to three outputs of one device. Lines that the reader does not have are left out."""

    def __init__(self, device: str, lines: Lines, outputs: Mapping[Lamp, str], lit_level: bool) -> None:
        self._device = device
        self._lines = lines
        self._outputs = dict(outputs)
        self._lit_level = lit_level
        self._claimed: dict[Lamp, OutputLine] = {}
        self._lit = Lamp.DARK
        self._rest = Lamp.DARK
        self._pattern = PATTERNS["idle"]
        self._step = 0
        self._step_ends_ns = 0
        self._timer: asyncio.TimerHandle | None = None
        self.failures = 0

    def start(self) -> None:
        """Claim the outputs, dark. Raises BusError; stop() is to be called then too."""
        self._rest = self._lit = Lamp.DARK
        for lamp, line in self._outputs.items():
            self._claimed[lamp] = self._lines.claim_output(line, self._device, not self._lit_level)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for output in self._claimed.values():
            output.close()
        self._claimed.clear()

    def show(self, feedback: str) -> None:
        """Start a pattern in place of the one that plays. Unknown words, and words before start(), show nothing."""
        pattern = PATTERNS.get(feedback)
        if pattern is None or not self._claimed:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if pattern.rest is not None:
            self._rest = pattern.rest
            self._light(pattern.rest)
            return
        self._pattern = pattern
        self._step = 0
        self._step_ends_ns = loop_ns()
        self._play()

    def safe(self) -> None:
        """Dark, claimed or not, and no pattern goes on. Never raises; failures are counted."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._lit = self._rest = Lamp.DARK
        for line in self._outputs.values():
            try:
                self._lines.set_now(line, not self._lit_level)
            except BusError:
                self.failures += 1

    def _play(self) -> None:
        self._timer = None
        steps = self._pattern.steps
        if self._step == len(steps):
            if not self._pattern.repeats:
                self._light(self._rest)
                return
            self._step = 0
        step = steps[self._step]
        self._step += 1
        self._step_ends_ns += step.ms * MS
        self._light(step.lit)
        self._timer = call_at_ns(self._step_ends_ns, self._play)

    def _light(self, lit: Lamp) -> None:
        for lamp, output in self._claimed.items():
            if (lit ^ self._lit) & lamp:
                try:
                    output.set(bool(lit & lamp) == self._lit_level)
                except BusError:
                    self.failures += 1  # the driver's run() is woken by the same loss and reports it
        self._lit = lit
