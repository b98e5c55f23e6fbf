"""What a person may be asked to do before a camera, and in which order: drawn where it is asked, at the border."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

STEPS = 3  # twelve orders of three kinds, no two alike in a row


class Step(StrEnum):
    """Left and right are the person's own."""

    BLINK = "blink"
    LEFT = "left"
    RIGHT = "right"


def drawn(choose: Callable[[Sequence[Step]], Step]) -> tuple[Step, ...]:
    """An order of steps. `choose` is secrets.choice where it matters."""
    steps: list[Step] = []
    for _ in range(STEPS):
        steps.append(choose([each for each in Step if not steps or each is not steps[-1]]))
    return tuple(steps)
