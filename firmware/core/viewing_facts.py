"""Facts of looking through cameras from the page: who began, why, and when it ended. They move nothing."""

from __future__ import annotations

from enum import StrEnum

from firmware.core.fact import Command


class Viewing(StrEnum):
    BEGUN = "begun"
    ENDED = "ended"  # `detail` says by what, and how long it was
    REFUSED = "refused"  # it was asked for and no picture is shown; `reasons` say why


class CameraViewed(Command, frozen=True, kw_only=True):
    """Somebody looks through these cameras, or no more. No picture is shown before this is committed.

    `issuer` is who looks, `address` from where; `purpose` is what was stated. `detail` names no person. `shift_s`: it
    is a guard's of the shift, which lasts so long from its first viewing on; 0: it is none.
    """

    viewing: Viewing
    cameras: tuple[str, ...]
    address: str = ""
    purpose: str = ""
    detail: str = ""
    reasons: tuple[str, ...] = ()
    shift_s: int = 0
