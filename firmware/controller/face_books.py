"""Whether a face may be enrolled: by the roster in service, the consent, and what was taken of the face."""

from __future__ import annotations

import math
import struct

from firmware.core.access import Factor
from firmware.core.codes import Reason
from firmware.faces import consent as consents
from firmware.faces.consent import Consent
from firmware.faces.enrolled import LENGTH, TEMPLATE_BYTES, TEMPLATES_MAX, Enrolled, Template
from firmware.faces.errors import ConsentRefused
from firmware.faces.likeness import EMBEDDER
from firmware.messages import EnrolFace, TakenConsent
from firmware.roster.roster import Roster

TEMPLATES_MIN = 3  # several angles
OFF_MAX = 0.01  # by which the length of a template may differ from 1


class FaceRefused(Exception):
    """It is not done; the reasons."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons


def enrolled_of(command: EnrolFace, roster: Roster | None, now_s: int | None) -> Enrolled:
    """What is to be kept. Raises FaceRefused; RosterError of a roster that cannot be read goes through."""
    face, consent = consent_of(command.holder, command.consent, command.issuer, roster, now_s)
    if command.embedder != EMBEDDER:  # it would be compared with what other weights make of a face
        raise FaceRefused(Reason.FACE_MODEL)
    assert now_s is not None, "without a clock no consent may be"
    return Enrolled(
        face=face,
        holder=command.holder,
        consent=consent,
        embedder=command.embedder,
        enrolled_s=now_s,
        templates=_templates(command),
    )


def consent_of(
    holder: str, taken: TakenConsent, witness: str, roster: Roster | None, now_s: int | None
) -> tuple[str, Consent]:
    """The holder's face by the roster, and the consent; before anything of a face is looked at. Raises as above."""
    if now_s is None:
        raise FaceRefused(Reason.CLOCK_UNKNOWN_REFUSED)
    face = _face_of(holder, roster)
    consent = Consent(
        version=taken.version,
        language=taken.language,
        text=taken.text,
        given_by=taken.given_by,
        given_s=taken.given_s,
        witness=witness,
        expires_s=taken.expires_s,
        under_14=taken.under_14,
        guardian=taken.guardian,
    )
    try:
        consents.check(consent, now_s)
    except ConsentRefused as error:
        raise FaceRefused(*(f"{Reason.FACE_CONSENT}:{word}" for word in error.words)) from error
    return face, consent


def _face_of(holder: str, roster: Roster | None) -> str:
    """The key of the face that the roster gives this holder, beside something else: a face is never the only way in."""
    if roster is None or roster.holder(holder) is None:
        raise FaceRefused(Reason.NOT_FOUND_HOLDER)
    issued = roster.credentials_of(holder)
    faces = [key for factor, key, _ in issued if factor is Factor.FACE]
    if not faces:
        raise FaceRefused(Reason.FACE_NOT_IN_ROSTER)
    others = [one for factor, _, one in issued if factor is not Factor.FACE and one.status == "active"]
    if not others:
        raise FaceRefused(Reason.FACE_ONLY)
    face = faces[0]
    assert isinstance(face, str), "only PINs are digests"
    return face


def issued(one: Enrolled, roster: Roster) -> bool:
    """Whether the roster still gives this holder this face. Raises RosterError of one that cannot be read."""
    found = roster.find(Factor.FACE, one.face)
    return found is not None and found.holder == one.holder


def _templates(command: EnrolFace) -> tuple[Template, ...]:
    """Several, of several angles, each of them an embedding."""
    values, turns = command.templates, command.turns
    several = TEMPLATES_MIN <= len(values) <= TEMPLATES_MAX
    if not several or len(turns) != len(values) or len(set(values)) != len(values):
        raise FaceRefused(Reason.FACE_PICTURES)
    if not all(math.isfinite(turn) and abs(turn) <= 1 for turn in turns):
        raise FaceRefused(Reason.FACE_PICTURES)
    for each in values:
        if len(each) != TEMPLATE_BYTES:
            raise FaceRefused(Reason.FACE_PICTURES)
        length = math.sqrt(math.fsum(one * one for one in struct.unpack(f"<{LENGTH}e", each)))
        if not abs(length - 1) <= OFF_MAX:  # of what is no number, too
            raise FaceRefused(Reason.FACE_PICTURES)
    return tuple(Template(each, round(turn, 3)) for each, turn in zip(values, turns, strict=True))
