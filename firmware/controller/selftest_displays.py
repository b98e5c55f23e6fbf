"""What displays show in a self-test: numbers that nobody knows who does not stand before them.

The person is asked twice, in an order that nobody knows: once about the number that stands there, once about another
one. Whoever says yes to everything fails, and so does whoever says no to everything. Who knows this and guesses the
order is right each second time: that the report says how often it was tried is all there is against it.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable

from firmware.selftest.run import Run
from firmware.selftest.steps import Step, Task
from firmware.selftest.watching import Question

DIGITS = "123456789"
PLACES = 4  # the narrowest display has four columns


def questions_of(step: Step, draw: random.Random | None = None) -> tuple[Question, ...]:
    """Of a display two questions; of anything else none. `draw` None: by the system's own randomness."""
    if step.task is not Task.DISPLAY:
        return ()
    draw = draw or secrets.SystemRandom()
    # Three numbers that differ in every place: a glance tells one from another.
    shown, next_shown, other = (
        "".join(places) for places in zip(*(draw.sample(DIGITS, 3) for _ in range(PLACES)), strict=True)
    )
    questions = [Question(shown, shown), Question(next_shown, other)]
    draw.shuffle(questions)
    return tuple(questions)


class Numbers:
    """Has a display show what the run asks about now, and what it showed before once that is over."""

    def __init__(self) -> None:
        self.show: Callable[[str, str], None] = lambda _display, _number: None
        self.over: Callable[[str], None] = lambda _display: None
        self._shown: dict[str, str] = {}

    def follow(self, run: Run | None) -> None:
        """The run may be another one."""
        running = None if run is None else run.running
        question = None if running is None else running.watch.question
        wanted = {} if running is None or question is None else {running.step.device: question.shows}
        for display in [name for name in self._shown if name not in wanted]:
            self.over(display)
        for display, number in wanted.items():
            if self._shown.get(display) != number:
                self.show(display, number)
        self._shown = wanted
