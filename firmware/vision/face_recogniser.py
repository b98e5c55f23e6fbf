"""What the worker does with faces: only where somebody asks, and embedded only where that is asked for by itself.

The models are loaded where a camera is for faces: a site without faces never loads them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from firmware.vision.face_series import ENROL
from firmware.vision.face_session import EMBED, FIND, NO_MODELS
from firmware.vision.frames import Picture
from firmware.vision.work import Detection

if TYPE_CHECKING:
    from models.faces.pipeline import Models


class FaceRecogniser:
    """In the worker's process. Where a model is missing it says so once, and to whoever asks; plates are read on."""

    def __init__(self, runtime: str | None = None) -> None:
        self._runtime = runtime
        self._models: Models | None = None
        self._missing = ""
        self._said = False

    def load(self) -> str:
        """Load the models, once. What is wrong with them, and what to do; empty: nothing."""
        from models.faces import pipeline
        from models.manifest import ModelError

        if self._models is None and not self._missing:
            try:
                self._models = pipeline.load(self._runtime)
            except ModelError as error:
                self._missing = str(error)
        return self._missing

    def __call__(self, picture: Picture, wanted: Sequence[str]) -> list[Detection]:
        """The one face before the camera, with why it does not count; none where several do, or none is asked for."""
        if not {FIND, EMBED, ENROL} & set(wanted):
            return []
        from models.faces import pipeline, quality

        missing = self.load()
        if self._models is None:
            if not self._said:
                self._said = True
                print(f"menshen vision: {missing}", file=sys.stderr, flush=True)
            return [Detection("face", (0.0, 0.0, 0.0, 0.0), 0.0, why=NO_MODELS)]
        enrols = ENROL in wanted  # a template is compared for years: stricter than what is compared with it
        seen = pipeline.look(self._models, picture, quality.ENROL if enrols else quality.COMPARE)
        if seen.face is None or seen.pose is None:
            return []
        embedding = pipeline.embed_one(self._models, seen) if enrols or EMBED in wanted else None
        vector = b"" if embedding is None else embedding.astype("<f4").tobytes()
        sure = min(1.0, max(0.0, seen.face.sure))
        pose = (seen.pose.turn, seen.pose.eyes)
        return [Detection("face", seen.face.box, sure, why=",".join(seen.why)[:64], pose=pose, vector=vector)]
