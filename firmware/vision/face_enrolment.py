"""From pictures of one person to templates: several angles, each good, all of one face. Pictures are not kept."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firmware.vision.face_limits import ANGLES_MAX, ANGLES_MIN, SAME_MIN, TURN_APART
from firmware.vision.frames import Picture
from models.faces import pipeline, quality
from models.faces.embedder import Embedding


class Verdict(NamedTuple):
    """What became of one picture: taken, or every reason against it (models/faces, or other_person, same_angle)."""

    taken: bool
    why: tuple[str, ...]
    turn: float
    side_px: float
    sharp: float


class Enrolment:
    """Takes picture after picture of somebody who has consented before."""

    def __init__(self, models: pipeline.Models) -> None:
        self._models = models
        self._taken: list[tuple[Embedding, float]] = []

    @property
    def enough(self) -> bool:
        return len(self._taken) >= ANGLES_MIN

    @property
    def full(self) -> bool:
        return len(self._taken) >= ANGLES_MAX

    @property
    def turns(self) -> tuple[float, ...]:
        return tuple(turn for _, turn in self._taken)

    def take(self, picture: Picture) -> Verdict:
        """Judge a picture and keep what its face looks like, if it is good and of a new angle."""
        seen = pipeline.look(self._models, picture, quality.ENROL)
        turn = 0.0 if seen.pose is None else seen.pose.turn
        side_px, sharp = (0.0, 0.0) if seen.judged is None else (seen.judged.side_px, seen.judged.sharp)
        if seen.why:
            return Verdict(False, seen.why, turn, side_px, sharp)
        if self.full or any(abs(turn - other) < TURN_APART for _, other in self._taken):
            return Verdict(False, ("same_angle",), turn, side_px, sharp)
        embedding = pipeline.embed_one(self._models, seen)
        assert embedding is not None, "nothing stands against it"
        if self._taken and float(embedding @ self._taken[0][0]) < SAME_MIN:
            return Verdict(False, ("other_person",), turn, side_px, sharp)
        self._taken.append((embedding, turn))
        return Verdict(True, (), turn, side_px, sharp)

    def templates(self) -> tuple[bytes, ...]:
        """Each as 192 numbers, float16 little-endian."""
        return tuple(embedding.astype("<f2").tobytes() for embedding, _ in self._taken)


def matrix(templates: list[bytes]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """f32[n, 192] of templates as they are kept; each of length 1 again."""
    rows = np.frombuffer(b"".join(templates), "<f2").reshape(-1, 192).astype(np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6), np.float32)
