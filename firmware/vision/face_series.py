"""An enrolment through a camera that is looked through anyway: frames of one person at several angles, step by step.

Asked for by the controller, once a consent stands in its journal; for a minute, and nobody is embedded before or after.
What goes back are templates; pictures are not kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from firmware.sightings import FaceTaken, Take
from firmware.vision.face_enrolment import Series
from firmware.vision.face_limits import ANGLES_MIN, TURN_APART
from firmware.vision.face_session import NO_MODELS
from firmware.vision.work import Detection

ENROL = "face_enrol"  # what the worker is asked for
TELL_NS = 300_000_000  # between two that say how far it is: no person reads faster
WHYS_MAX = 4
STRAIGHT, LEFT, RIGHT = "straight", "left", "right"  # the person's own left and right


class FaceSeries:
    """Of one camera, from its asking to its end. `over`: it has all it needs, or cannot go on."""

    def __init__(self, asked: Take, embedder: str) -> None:
        """`embedder`: the sha256 of the model whose embeddings come in."""
        self.asked = asked
        self.over = False
        self.counts: Counter[str] = Counter()
        self._embedder = embedder
        self._series = Series()
        self._told = FaceTaken(asked.camera, asked.ask)
        self._told_ns = 0

    @property
    def wanted(self) -> str:
        """What the worker is to do with the next frame; empty: nothing."""
        return "" if self.over else ENROL

    def see(self, faces: Sequence[Detection], at_ns: int) -> FaceTaken | None:
        """One frame's face, as far as it is one; what the controller is told, where there is something new."""
        if self.over:
            return None
        if at_ns > self.asked.until_ns:
            return self._end(("late",))
        one = faces[0] if len(faces) == 1 else None
        if one is not None and one.why == NO_MODELS:
            return self._end((NO_MODELS,))
        why = self._take(one)
        if self._series.enough:
            return self._end(())
        return self._say(why, at_ns)

    def _take(self, one: Detection | None) -> tuple[str, ...]:
        """Why this frame is none to be kept; empty: it was kept."""
        if one is None:
            return ("no_face",)
        if one.why:
            return tuple(one.why.split(","))[:WHYS_MAX]
        if not one.vector or len(one.pose) != 2:
            return ("no_face",)
        turn = one.pose[0]
        if self._series.has(turn):
            return ("same_angle",)
        why = self._series.add(np.frombuffer(one.vector, "<f4"), turn)
        self.counts["face_enrolled" if not why else f"face_{why[0]}"] += 1
        return why

    @property
    def step(self) -> str:
        """What the person is to do next: the first angle that is missing."""
        turns = self._series.turns
        if not any(abs(turn) <= TURN_APART for turn in turns):
            return STRAIGHT
        return LEFT if not any(turn > TURN_APART for turn in turns) else RIGHT

    def _say(self, why: tuple[str, ...], at_ns: int) -> FaceTaken | None:
        """How far it is, when that has changed, and not faster than anybody reads."""
        now = FaceTaken(self.asked.camera, self.asked.ask, len(self._series.turns), ANGLES_MIN, self.step, why)
        taken = now.taken != self._told.taken
        if now == self._told or (not taken and at_ns - self._told_ns < TELL_NS):
            return None
        self._told, self._told_ns = now, at_ns
        return now

    def _end(self, why: tuple[str, ...]) -> FaceTaken:
        self.over = True
        templates = () if why else self._series.templates()
        turns = () if why else self._series.turns
        return FaceTaken(
            self.asked.camera,
            self.asked.ask,
            len(self._series.turns),
            ANGLES_MIN,
            "",
            why,
            True,
            self._embedder,
            templates,
            turns,
        )
