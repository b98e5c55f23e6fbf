"""Looking through cameras, as the core has it: who looks, why and how long is told. Nothing of it moves anything."""

from __future__ import annotations

from firmware.core.codes import Code, Reason
from firmware.core.draft import Draft
from firmware.core.effects import Body
from firmware.core.refusals import ID_CHARACTERS_MAX
from firmware.core.viewing_facts import CameraViewed, Viewing

DETAIL_CHARACTERS_MAX = 100
PURPOSE_CHARACTERS_MAX = 200
CAMERAS_MAX = 16

_CODE: dict[Viewing, Code] = {
    Viewing.BEGUN: Code.VIEWING_BEGUN,
    Viewing.ENDED: Code.VIEWING_ENDED,
    Viewing.REFUSED: Code.COMMAND_REFUSED,
}


def camera_viewed(draft: Draft, fact: CameraViewed) -> None:
    """Tell it, an event for each camera. Without a name or a purpose nobody looks."""
    told = fact.viewing
    sound = bool(fact.issuer and fact.cameras and (fact.purpose or told is Viewing.ENDED))
    reasons = fact.reasons if sound else (Reason.NOT_ALLOWED,)
    body = Body(
        issuer=fact.issuer[:ID_CHARACTERS_MAX] or None,
        address=fact.address[:ID_CHARACTERS_MAX] or None,
        note=fact.purpose[:PURPOSE_CHARACTERS_MAX] or None,
    )
    for camera in fact.cameras[:CAMERAS_MAX] or (None,):
        draft.record(
            _CODE[told] if sound else Code.COMMAND_REFUSED,
            device=camera,
            reasons=reasons,
            detail=fact.detail[:DETAIL_CHARACTERS_MAX],
            body=None if body == Body() else body,
            request=fact.request,
        )
