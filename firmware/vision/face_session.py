"""Compares the one face before a camera, because the controller asked for it, and only until it has an answer.

While nobody asks there is no session, no face is looked for, and nobody is embedded. In a session a frame is embedded
only when the face is alone, good and looks this way, and no more of them than the answer takes. What does not match is
forgotten with the frame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware.faces.likeness import MARGIN, THRESHOLD
from firmware.faces.steps import Step
from firmware.vision import challenge
from firmware.vision.challenge import Sight, State
from firmware.vision.face_limits import TRIES_MAX
from firmware.vision.following import Voted
from firmware.vision.work import Detection

FIND, EMBED = "face", "face_embed"  # what the worker is asked for
NO_MODELS = "no_models"  # why it can do neither
STEEP = 16.0  # of the confidence: 0.9 at the threshold, 0.99 for 0.65


class Asked(NamedTuple):
    """What the controller asked: whose face is it of these? One holder's after a card or PIN, or of many.

    `faces`: whose each row is; `rows`: f32[n, 192], of length 1; `steps`: of a challenge, or none.
    """

    ask: str
    faces: tuple[str, ...]
    rows: NDArray[np.float32]
    reads_min: int
    steps: tuple[Step, ...]
    until_ns: int


class FaceSession:
    """One ask at one camera. `over`: it has answered, or failed (`why`), or its time is over."""

    def __init__(self, asked: Asked, at_ns: int) -> None:
        self.asked = asked
        self.over = False
        self.why = ""
        self.embedded = 0
        self._state: State | None = challenge.begun(asked.steps, at_ns) if asked.steps else None
        self._compared = -1  # after so many steps the face was compared
        self._agreed: list[tuple[str, float]] = []
        self._differed = 0

    @property
    def step(self) -> Step | None:
        """What the person is to do now."""
        return None if self._state is None else self._state.asked

    def wanted(self, at_ns: int) -> str:
        """What the worker is to do with the next frame; empty: nothing."""
        if self.over or at_ns > self.asked.until_ns:
            self._end("late")
            return ""
        return EMBED if self._wants_embedding() else FIND

    def see(self, faces: Sequence[Detection], at_ns: int) -> Voted | None:
        """One frame's faces; the answer, once there is one."""
        if self.over or at_ns > self.asked.until_ns:
            self._end("late")
            return None
        one = faces[0] if len(faces) == 1 else None
        if one is not None and one.why == NO_MODELS:
            self._end(NO_MODELS)
            return None
        if self._state is not None:
            self._state = challenge.seen(self._state, None if one is None else _sight(one), at_ns)
            if self._state.failed is not None:
                self._end(self._state.failed.value)
                return None
        if one is None or not one.vector:
            return None
        return self._compare(one)

    def _wants_embedding(self) -> bool:
        state = self._state
        if state is None:
            return True
        # Before the first step and after each one: who did the steps is who is compared.
        return (state.straight and self._compared < state.done) or state.passed

    def _compare(self, one: Detection) -> Voted | None:
        self.embedded += 1
        likeness = self.asked.rows @ np.frombuffer(one.vector, "<f4")
        face, best = self._best(likeness)
        if face is None or (self._agreed and self._agreed[-1][0] != face):
            self._differs()
            return None
        self._agreed.append((face, best))
        if self._state is not None:
            self._compared = self._state.done
        if len(self._agreed) < self.asked.reads_min or (self._state is not None and not self._state.passed):
            return None
        self._end("")
        worst = min(score for _, score in self._agreed)
        return Voted("face", face, one.found, confidence(worst), len(self._agreed), "unknown", one.box, 1)

    def _differs(self) -> None:
        """Somebody else. With a challenge that ends it: a face was exchanged, or it never was this one."""
        self._agreed.clear()
        self._differed += 1
        if self._state is not None or self._differed >= TRIES_MAX:
            self._end("other")

    def _best(self, likeness: NDArray[np.float32]) -> tuple[str | None, float]:
        """Whose it is, if it is like enough, and of many clearly more like one than like any other."""
        if not len(likeness) or not np.isfinite(likeness).all():
            return None, 0.0
        place = int(likeness.argmax())
        face, best = self.asked.faces[place], float(likeness[place])
        others = [float(each) for each, whose in zip(likeness, self.asked.faces, strict=True) if whose != face]
        if best < THRESHOLD or (others and best - max(others) < MARGIN):
            return None, best
        return face, best

    def _end(self, why: str) -> None:
        if not self.over:
            self.over, self.why = True, why


def confidence(likeness: float) -> float:
    """0..1, as cameras' sightings have it: 0.9 at the threshold."""
    return 1 / (1 + math.exp(-(math.log(9) + STEEP * (likeness - THRESHOLD))))


def _sight(face: Detection) -> Sight | None:
    if len(face.pose) != 2 or face.why:
        return None
    left, top, right, low = face.box
    turn, eyes = face.pose
    return Sight(turn, eyes, (left + right) / 2, (top + low) / 2, max(right - left, low - top))
