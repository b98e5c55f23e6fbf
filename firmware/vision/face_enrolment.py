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


class Series:
    """Embeddings of one person at several angles; `why` of what is not kept is empty where it is."""

    def __init__(self) -> None:
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

    def has(self, turn: float) -> bool:
        """Whether there is one of about this angle, or no place for another one."""
        return self.full or any(abs(turn - other) < TURN_APART for _, other in self._taken)

    def add(self, embedding: Embedding, turn: float) -> tuple[str, ...]:
        """Keep it, if it is of the same person as the first."""
        if self._taken and float(embedding @ self._taken[0][0]) < SAME_MIN:
            return ("other_person",)
        self._taken.append((embedding, turn))
        return ()

    def templates(self) -> tuple[bytes, ...]:
        """Each as 192 numbers, float16 little-endian."""
        return tuple(embedding.astype("<f2").tobytes() for embedding, _ in self._taken)


class Enrolment:
    """Takes picture after picture of somebody who has consented before."""

    def __init__(self, models: pipeline.Models) -> None:
        self._models = models
        self._series = Series()

    @property
    def enough(self) -> bool:
        return self._series.enough

    @property
    def full(self) -> bool:
        return self._series.full

    @property
    def turns(self) -> tuple[float, ...]:
        return self._series.turns

    def take(self, picture: Picture) -> Verdict:
        """Judge a picture and keep what its face looks like, if it is good and of a new angle."""
        seen = pipeline.look(self._models, picture, quality.ENROL)
        turn = 0.0 if seen.pose is None else seen.pose.turn
        side_px, sharp = (0.0, 0.0) if seen.judged is None else (seen.judged.side_px, seen.judged.sharp)
        if seen.why:
            return Verdict(False, seen.why, turn, side_px, sharp)
        if self._series.has(turn):
            return Verdict(False, ("same_angle",), turn, side_px, sharp)
        embedding = pipeline.embed_one(self._models, seen)
        assert embedding is not None, "nothing stands against it"
        why = self._series.add(embedding, turn)
        return Verdict(not why, why, turn, side_px, sharp)

    def templates(self) -> tuple[bytes, ...]:
        """Each as 192 numbers, float16 little-endian."""
        return self._series.templates()


def matrix(templates: list[bytes]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """f32[n, 192] of templates as they are kept; each of length 1 again."""
    rows = np.frombuffer(b"".join(templates), "<f2").reshape(-1, 192).astype(np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6), np.float32)
