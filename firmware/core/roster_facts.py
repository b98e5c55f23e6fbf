"""Facts about who may do what: the roster, its local entries, and what readers are told to enrol."""

from __future__ import annotations

from enum import StrEnum

from firmware.core.access import Rulebook
from firmware.core.face_facts import FaceChanged
from firmware.core.fact import Fact
from firmware.core.key_facts import ReaderKeyed


class RosterReplaced(Fact, frozen=True):
    """`receipt` says which file it is, in a line without personal content; `kept` is the core's memory of it (Keep)."""

    rulebook: Rulebook
    receipt: str = ""
    kept: dict[str, str] = {}  # noqa: RUF012


class RosterRefused(Fact, frozen=True):
    """A roster file was refused; the last good one stays."""

    version: int | None
    why: str


class OverlayChange(StrEnum):
    """What became of a local entry of the roster."""

    SUSPENDED = "suspended"  # one credential, or all of a holder's; refused from now on
    LIFTED = "lifted"  # a suspension ended by a person: found again
    LEFT = "left"  # a holder leaves: all credentials off at once
    ENROLLED = "enrolled"  # a further credential of a holder
    INVITED = "invited"  # a visitor
    REVOKED = "revoked"  # an enrolled credential or a visitor ended by a person
    EXPIRED = "expired"  # its time is over
    ABSORBED = "absorbed"  # the roster now says the same
    CONFLICTED = "conflicted"  # the roster says otherwise; `detail` says how, and what holds
    FAILED = "failed"  # it could not be saved, or what was saved cannot be trusted; `detail` says which
    REFUSED = "refused"  # it was asked for and not made; `reasons` say why


class OverlayChanged(Fact, frozen=True):
    """A local entry was made or ended, and is in force already: intake looks it up. The core tells, and ends dialogs.

    `issuer` is who asked for it, empty where nobody did; `request` links the answer; `note` is the issuer's why.
    `revision` is the overlay's after it (0: the change left no revision): the core keeps it. `issued_to` is whose the
    credential is that was refused to `holder`.
    """

    change: OverlayChange
    entry: str = ""
    holder: str | None = None
    credential: str | None = None
    until_s: int | None = None
    issuer: str = ""
    request: str = ""
    note: str = ""
    detail: str = ""
    reasons: tuple[str, ...] = ()
    revision: int = 0
    issued_to: str | None = None


class HolderWithdrawn(Fact, frozen=True):
    """What this holder had begun here ends now; why is told by the OverlayChanged that follows once it is saved."""

    holder: str


class CredentialEnrolled(Fact, frozen=True):
    """At a reader that was set to enrol, a credential was presented that nobody has; it is the holder's from now on.

    `issuer`, `request` and `note` are those of its StartEnrolment, `revision` is as in OverlayChanged.
    """

    reader: str
    entry: str
    holder: str
    credential: str
    until_s: int | None = None
    visitor: bool = False  # the holder is a visitor, invited by this
    issuer: str = ""
    request: str = ""
    note: str = ""
    revision: int = 0


AnyOfRoster = (
    ReaderKeyed | RosterReplaced | RosterRefused | OverlayChanged | HolderWithdrawn | CredentialEnrolled | FaceChanged
)
