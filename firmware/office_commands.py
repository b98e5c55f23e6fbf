"""What a named person asks of the controller at the office's socket: of the roster here, of readers' keys, of faces."""

from __future__ import annotations

from typing import Annotated

import msgspec

from firmware.core.access import Factor
from firmware.core.account_facts import Act


class OfficeCommand(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, kw_only=True):
    """Base. `issuer` names the person, `why` is kept in the journal's erasable part; neither may be empty."""

    issuer: str
    why: str


class Suspend(OfficeCommand, frozen=True, kw_only=True):
    """Refuse one credential, or (`factor` and `key` None) all of a holder's. In force at once, clock or not."""

    holder: str | None = None  # one of holder, or factor and key
    factor: Factor | None = None
    key: str | None = None  # canonical; a PIN as its digits
    lost: bool = False
    until_s: int | None = None  # UTC; None: as long as a suspension may last


class Leave(OfficeCommand, frozen=True, kw_only=True):
    """A holder leaves: every credential off at once, those enrolled here ended."""

    holder: str
    until_s: int | None = None


class Lift(OfficeCommand, frozen=True, kw_only=True):
    """End local entries: one by its id, or every suspension of a holder or of a credential (it was found)."""

    entry: str | None = None
    holder: str | None = None
    factor: Factor | None = None
    key: str | None = None


class Enrol(OfficeCommand, frozen=True, kw_only=True):
    """A further credential of a holder. Without `key` it is presented at `reader` within `for_ms`.

    Then the one Answer comes when that is over: presented, or with the reasons why not. As with Invite.
    `replaces` names credential ids of the holder that are suspended as lost in the same change.
    """

    holder: str
    factor: Factor = Factor.CARD
    key: str | None = None
    reader: str | None = None
    for_ms: int = 30_000
    until_s: int | None = None
    replaces: tuple[str, ...] = ()
    replaces_all: bool = False  # all other credentials of the same factor


class Invite(OfficeCommand, frozen=True, kw_only=True):
    """A visitor, with an end and a number of uses. Without `key` the credential is presented at `reader`."""

    visitor: str  # the new holder's id
    profiles: tuple[str, ...]
    until_s: int
    use_limit: int
    from_s: int | None = None
    household: str | None = None  # the host's
    escorted: bool = False
    factor: Factor = Factor.CARD
    key: str | None = None
    reader: str | None = None
    for_ms: int = 30_000


class CancelEnrolment(OfficeCommand, frozen=True, kw_only=True):
    reader: str


class Erase(OfficeCommand, frozen=True, kw_only=True):
    """Erase a holder from overlay, ledger and journal bodies. The roster has to be built without the holder before."""

    holder: str


class ListOverlay(OfficeCommand, frozen=True, kw_only=True):
    """The local entries with their conflicts; answered by an Overlaid."""


class RollKey(OfficeCommand, frozen=True, kw_only=True):
    """Give a reader a new key over its secure channel. The answer comes when it has proven it, or not, in time."""

    reader: str
    within_s: int


class InstallReader(OfficeCommand, frozen=True, kw_only=True):
    """Let a reader in with the default key for a while, to give it its own. The answer comes when that is over."""

    reader: str
    within_s: int


class TakenConsent(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A consent as it was taken on site (firmware/faces/consent.py says what may be)."""

    version: str
    language: str
    text: str  # sha256 of what was read
    given_by: str
    given_s: int
    expires_s: int
    under_14: bool = False
    guardian: str = ""


class EnrolFace(OfficeCommand, frozen=True, kw_only=True):
    """Keep a holder's templates, by this consent; in place of older ones. `issuer` was there and is its witness.

    Each template: 192 numbers, float16 little-endian; `turns`: the angle each was taken at.
    """

    holder: str
    consent: TakenConsent
    embedder: str  # sha256 of the model
    templates: Annotated[tuple[Annotated[bytes, msgspec.Meta(max_length=384)], ...], msgspec.Meta(max_length=8)]
    turns: Annotated[tuple[float, ...], msgspec.Meta(max_length=8)]

    def __repr__(self) -> str:
        return f"EnrolFace({self.holder!r}, ...)"  # this ends up in tracebacks


class WithdrawFace(OfficeCommand, frozen=True, kw_only=True):
    """Wipe a holder's templates: the consent is withdrawn. The answer carries a signed receipt."""

    holder: str


class WipeFaces(OfficeCommand, frozen=True, kw_only=True):
    """Wipe the templates of all, also of a store that cannot be read any more."""


class ListFaces(OfficeCommand, frozen=True, kw_only=True):
    """Who is enrolled, and by which consent; answered by a FacesListed."""


class ListReceipts(OfficeCommand, frozen=True, kw_only=True):
    """The receipts of templates that were wiped without anybody's asking; answered by a ReceiptsListed."""


class TellBackup(OfficeCommand, frozen=True, kw_only=True):
    """A backup of this controller waits for its name until the journal knows of it. `detail`: how much is in it."""

    detail: Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9 :;,._-]{1,400}\Z")]
    address: Annotated[str, msgspec.Meta(max_length=64)] = ""  # from where, of the page
    forgotten: bool = False  # no backup: what stood before the last restore is about to go


class TellPeople(OfficeCommand, frozen=True, kw_only=True):
    """The source of the roster is about to be edited, or looked into for a purpose: answered once it is committed.

    `act` is EDITED, EDIT_NOT_DONE, HANDED_IN or LOOKED_UP; `detail` names nobody.
    """

    act: Act
    address: Annotated[str, msgspec.Meta(max_length=64)] = ""
    holder: Annotated[str, msgspec.Meta(max_length=64)] = ""
    detail: Annotated[str, msgspec.Meta(max_length=100)] = ""


AnyOfRoster = Suspend | Leave | Lift | Enrol | Invite | CancelEnrolment | Erase | ListOverlay
AnyOfKeys = RollKey | InstallReader
AnyOfFaces = EnrolFace | WithdrawFace | WipeFaces | ListFaces | ListReceipts
AnyOfficeCommand = AnyOfRoster | AnyOfKeys | AnyOfFaces | TellBackup | TellPeople
