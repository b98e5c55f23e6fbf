"""Enrolled faces, as the core has them: what became of one is told. Nothing of it releases or locks anything."""

from __future__ import annotations

from firmware.core.codes import Code
from firmware.core.draft import Draft
from firmware.core.effects import Body
from firmware.core.face_facts import FaceChange, FaceChanged
from firmware.core.local import DETAIL_CHARACTERS_MAX
from firmware.core.turn import said_of

FACES = "faces"  # the key under which the store keeps the newest revision of the templates

_CODE: dict[FaceChange, Code] = {
    FaceChange.TAKING: Code.FACE_TAKING,
    FaceChange.ENROLLED: Code.FACE_ENROLLED,
    FaceChange.WITHDRAWN: Code.FACE_WITHDRAWN,
    FaceChange.EXPIRED: Code.FACE_EXPIRED,
    FaceChange.DROPPED: Code.FACE_DROPPED,
    FaceChange.OUTDATED: Code.FACE_OUTDATED,
    FaceChange.REFUSED: Code.FACE_REFUSED,
    FaceChange.FAILED: Code.FACE_FAILED,
}


def face_changed(draft: Draft, fact: FaceChanged) -> None:
    """Tell it. The revision is kept first, so that a file that was put back is known for one."""
    if fact.revision:
        draft.keep(FACES, str(fact.revision))
    body = Body(holder=fact.holder, issuer=fact.issuer or None, note=fact.note or None)
    detail = " ".join(filter(None, (said_of("", fact.until_s).strip(), fact.detail)))
    draft.record(
        _CODE[fact.change],
        reasons=fact.reasons,
        detail=detail[:DETAIL_CHARACTERS_MAX],
        body=None if body == Body() else body,
        request=fact.request,
    )
