"""From a picture to what is known of the faces in it; an embedding only where somebody asked for one.

`look` finds and judges and never embeds. `embed_one` embeds the one face of a look that is good enough, and is called
only for whoever asked: at an enrolment, after a holder's card or PIN, or where a site may look for one of many.
"""

from __future__ import annotations

from typing import NamedTuple

from models.faces import eyes, quality
from models.faces.alignment import aligned
from models.faces.detector import LEAST, Face, detect
from models.faces.embedder import Embedding, embed
from models.faces.landmarks import Mesh, Pose, five, mesh_of, pose_of
from models.faces.quality import Judged, Limits
from models.interpreter import Loaded, load_interpreter
from models.warp import Picture

NAMES = ("face_detector", "face_detector_back", "face_landmarks", "face_iris", "face_embedder")  # of the manifest
BESIDE = 0.5  # of the largest face's side: a smaller one stands behind and is not who asks


class Models(NamedTuple):
    """Loaded once. `detector_far` sees smaller faces and is slower: it is asked where the other has none."""

    detector: Loaded
    detector_far: Loaded
    landmarks: Loaded
    eyes: Loaded
    embedder: Loaded


class Look(NamedTuple):
    """The one face of a picture, or why there is none that counts: no_face, two_faces, no_mesh, or quality's words."""

    face: Face | None
    mesh: Mesh | None
    pose: Pose | None
    straight: Picture | None
    judged: Judged | None
    why: tuple[str, ...]


def load(runtime: str | None = None, threads: int = 1) -> Models:
    """The models by their names in the manifest. Raises ModelError where one is missing or damaged."""
    return Models(*(load_interpreter(name, runtime, threads) for name in NAMES))


def faces(models: Models, picture: Picture, least: float = LEAST) -> list[Face]:
    """All faces, the largest first; looked for by the far detector where the near one finds none."""
    found = detect(models.detector, picture, least) or detect(models.detector_far, picture, least)
    return sorted(found, key=lambda each: -each.side)


def look(models: Models, picture: Picture, limits: Limits = quality.COMPARE) -> Look:
    """Find the one face of a picture u8[h, w, 3] and judge it. Nobody is embedded."""
    return of_faces(models, picture, faces(models, picture), limits)


def of_faces(models: Models, picture: Picture, found: list[Face], limits: Limits) -> Look:
    """As `look`, of faces that are found already, the largest first."""
    if not found:
        return _none("no_face")
    if len(found) > 1 and found[1].side >= BESIDE * found[0].side:
        return _none("two_faces")
    mesh = mesh_of(models.landmarks, picture, found[0])
    if mesh is None:
        return _none("no_mesh")
    pose = pose_of(mesh.points, eyes.openness(models.eyes, picture, mesh.points))
    try:
        straight = aligned(picture, five(mesh.points))
    except ValueError:
        return _none("no_mesh")
    judged = quality.judge(found[0], mesh, pose, straight, picture.shape[:2], limits)
    return Look(found[0], mesh, pose, straight, judged, judged.why)


def embed_one(models: Models, seen: Look) -> Embedding | None:
    """The embedding of the face that was looked at; None where it does not count."""
    if seen.straight is None or seen.why:
        return None
    return embed(models.embedder, seen.straight)


def _none(why: str) -> Look:
    return Look(None, None, None, None, None, (why,))
