"""What a person may be asked to do before a camera, in which order, how long it takes, and in which words it is shown.

The order is drawn where it is asked, at the border.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import pairwise, product

STEPS = 3
STEP_MS_MAX = 5_000  # for one step, and for looking straight ahead before the first one
CHALLENGE_MS = (STEPS + 1) * STEP_MS_MAX  # that a reader has to wait for all of them


class Step(StrEnum):
    """Left and right are the person's own."""

    BLINK = "blink"
    LEFT = "left"
    RIGHT = "right"


Steps = tuple[Step, ...]
# No two alike in a row, and a blink among them: a print that is bent like a head turns far enough, but blinks never.
ORDERS: tuple[Steps, ...] = tuple(
    steps
    for steps in product(Step, repeat=STEPS)
    if Step.BLINK in steps and all(one is not other for one, other in pairwise(steps))
)


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


def drawn(choose: Callable[[Sequence[Steps]], Steps]) -> Steps:
    """An order of steps, one of ten. `choose` is secrets.choice where it matters."""
    return choose(ORDERS)
