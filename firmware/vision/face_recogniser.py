"""What the worker does with faces: only where somebody asks, and embedded only where that is asked for by itself.

The models are loaded with the first ask: a site without faces never loads them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from firmware.vision.face_session import EMBED, FIND
from firmware.vision.frames import Picture
from firmware.vision.work import Detection

if TYPE_CHECKING:
    from models.faces.pipeline import Models


class FaceRecogniser:
    """In the worker's process. Where a model is missing it says so once, and finds nobody."""

    def __init__(self, runtime: str | None = None) -> None:
        self._runtime = runtime
        self._models: Models | None = None
        self._failed = False

    def __call__(self, picture: Picture, wanted: Sequence[str]) -> list[Detection]:
        """The one face before the camera, with why it does not count; none where several do, or none is asked for."""
        if FIND not in wanted and EMBED not in wanted:
            return []
        from models.faces import pipeline, quality
        from models.manifest import ModelError

        if self._models is None and not self._failed:
            try:
                self._models = pipeline.load(self._runtime)
            except ModelError as error:  # plates are read on; nobody is recognised by face
                self._failed = True
                print(f"menshen vision: {error}", file=sys.stderr, flush=True)
        if self._models is None:
            return []
        seen = pipeline.look(self._models, picture, quality.COMPARE)
        if seen.face is None or seen.pose is None:
            return []
        embedding = pipeline.embed_one(self._models, seen) if EMBED in wanted else None
        vector = b"" if embedding is None else embedding.astype("<f4").tobytes()
        sure = min(1.0, max(0.0, seen.face.sure))
        pose = (seen.pose.turn, seen.pose.eyes)
        return [Detection("face", seen.face.box, sure, why=",".join(seen.why)[:64], pose=pose, vector=vector)]
