"""What a person may be asked to do before a camera, in which order, how long it takes, and in which words it is shown.

The order is drawn where it is asked, at the border.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

STEPS = 3  # twelve orders of three kinds, no two alike in a row
STEP_MS_MAX = 5_000  # for one step, and for looking straight ahead before the first one
CHALLENGE_MS = (STEPS + 1) * STEP_MS_MAX  # that a reader has to wait for all of them


class Step(StrEnum):
    """Left and right are the person's own."""

    BLINK = "blink"
    LEFT = "left"
    RIGHT = "right"


class Prompt(StrEnum):
    """What is shown to whoever stands there. A display says it in its languages, a reader in what the site gave it."""

    LOOK = "face_look"  # straight into the camera
    BLINK = "face_blink"
    LEFT = "face_left"
    RIGHT = "face_right"
    AGAIN = "face_again"  # not recognised: begin anew


def prompt_of(step: str) -> Prompt:
    """How a step is shown; without a step: look straight ahead. Raises ValueError where there is no such step."""
    return Prompt(f"face_{Step(step)}") if step else Prompt.LOOK


def drawn(choose: Callable[[Sequence[Step]], Step]) -> tuple[Step, ...]:
    """An order of steps. `choose` is secrets.choice where it matters."""
    steps: list[Step] = []
    for _ in range(STEPS):
        steps.append(choose([each for each in Step if not steps or each is not steps[-1]]))
    return tuple(steps)
