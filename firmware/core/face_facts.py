"""Facts of enrolled faces: what became of a consent and the templates that rest on it. Nothing of a face is in them."""

from __future__ import annotations

from enum import StrEnum

from firmware.core.fact import Fact


class FaceChange(StrEnum):
    TAKING = "taking"  # somebody before a camera has consented to be enrolled; nothing was looked at before it
    ENROLLED = "enrolled"
    WITHDRAWN = "withdrawn"  # by whom it is about, or for them: the templates are wiped
    EXPIRED = "expired"  # so are they when the consent's time is over
    DROPPED = "dropped"  # and when the roster has the holder, or the holder's face, no more
    OUTDATED = "outdated"  # templates of other weights, like nobody by these: to be enrolled anew
    REFUSED = "refused"  # it was asked for and not done; `reasons` say why
    FAILED = "failed"  # what is enrolled cannot be kept, or what was kept cannot be trusted


class FaceChanged(Fact, frozen=True):
    """A consent was taken, withdrawn or is over, which holds already. `issuer`, `request`, `note` as in OverlayChanged.

    `revision` is that of the store after it (0: it changed nothing); the core keeps it, so that an older file is known
    for one. `detail` names no person.
    """

    change: FaceChange
    holder: str | None = None
    until_s: int | None = None
    issuer: str = ""
    request: str = ""
    note: str = ""
    detail: str = ""
    reasons: tuple[str, ...] = ()
    revision: int = 0
