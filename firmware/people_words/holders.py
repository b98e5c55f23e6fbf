"""Questions about holders, households and their credentials, and what is answered. Times are UTC seconds.

A credential is named by its `ref`: the pseudonym of 16 hex digits that the journal has, too, and never by its key.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from firmware.people_words.base import Found, IdText, Question, ShortText

PAGE_ROWS = 20
SUSPENDED_UNTIL_S_MAX = 7_258_118_400  # 2200-01-01, as of times that are typed
SKIP_MAX = 2_000  # whoever looks further types more
RefText = Annotated[str, msgspec.Meta(max_length=16)]
FieldText = Annotated[
    str, msgspec.Meta(max_length=5_000)
]  # a holder's 64 profiles, one behind the other, are the longest
Typed = Annotated[dict[Annotated[str, msgspec.Meta(max_length=32)], FieldText], msgspec.Meta(max_length=16)]
WhyText = Annotated[str, msgspec.Meta(max_length=200)]
MEMBERS_MAX = 50


class FindPeople(Question, frozen=True, kw_only=True):
    """Whoever has all words of `text` in name, unit, phone or card number; or, with a purpose, the plate."""

    text: ShortText = ""
    skip: Annotated[int, msgspec.Meta(ge=0, le=SKIP_MAX)] = 0
    plate: bool = False
    purpose: WhyText = ""


class PersonRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One holder in a list. `mark`: suspended, not_at_gate, or empty."""

    id: str
    name: str = ""
    household: str = ""
    label: str = ""  # of the household
    relation: str = ""
    phone_end: str = ""
    profiles: tuple[str, ...] = ()
    credentials: int = 0
    mark: str = ""


class PeopleFound(Found, frozen=True, kw_only=True):
    rows: tuple[PersonRow, ...]
    more: bool = False
    source: bool = True  # False: no names are known here, only ids of the roster


class LookAtHolder(Question, frozen=True, kw_only=True):
    """Answered by a HolderSheet; with `ref` it has that credential alone."""

    holder: IdText
    ref: RefText = ""


class CredentialRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One credential. `shown` is fit for a manager's eyes: no PIN, no code.

    `state`: in_force (the gate has it so), waiting (it has not), changed (it has an older state of it), removed (it is
    not in the list any more, and the gate has it yet), enrolled (at this controller only). `status` is what the list
    says: active, suspended, lost. `held` is the local entry that refuses it here at once.
    """

    ref: str
    kind: str
    shown: str
    state: str
    status: str = "active"
    valid_from_s: int | None = None
    valid_until_s: int | None = None
    use_limit: int | None = None
    printed: str = ""
    duress: bool = False
    held: str = ""
    held_until_s: int = 0
    held_as: str = ""  # suspended, lost
    entry: str = ""  # of what was enrolled here
    entry_until_s: int = 0


class LocalRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One local entry of a holder."""

    entry: str
    kind: str  # suspend, enrol, visitor
    status: str = ""  # of a suspension: suspended, lost, left
    whole: bool = False  # all that the holder has
    issuer: str = ""
    why: str = ""
    created_s: int = 0
    expires_s: int = 0
    conflict: str = ""


class Happened(msgspec.Struct, frozen=True, omit_defaults=True):
    """One batch that changed a holder."""

    batch: int
    at_s: int
    who: str
    why: str
    kind: str
    at_gate: bool


class AskChoices(Question, frozen=True, kw_only=True):
    """What forms offer; answered by Choices."""


class Choices(Found, frozen=True, kw_only=True):
    profiles: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()  # of cards that the readers of this site deliver, as far as is known
    time_zone: str = ""
    mine: bool = True
    source: bool = True


class HolderSheet(Found, frozen=True, kw_only=True):
    """All of one holder. `revision` is the newest batch that touched it: an edit says which one it has seen.

    `at_gate`: in_force, changed, waiting, removed, unlisted (only local entries know it), unknown where no roster can
    be read.
    """

    id: str
    source: bool = True
    revision: int = 0
    fields: dict[str, str] = msgspec.field(default_factory=dict)  # as the form has them; `household` is its id
    label: str = ""  # of the household
    spaces: int | None = None
    at_gate: str = "unknown"
    pin_with: bool = False
    duress_with: bool = False
    credentials: tuple[CredentialRow, ...] = ()
    credentials_more: int = 0  # that did not fit into the answer
    local: tuple[LocalRow, ...] = ()
    local_known: bool = True  # the controller has answered
    members: tuple[PersonRow, ...] = ()
    history: tuple[Happened, ...] = ()
    choices: Choices = Choices()


class EditHolder(Question, frozen=True, kw_only=True):
    """Add (`holder` empty) or change one. `revision` is what was seen; `fields` as the form has them.

    `household` of the fields is a unit's label or id; where nobody has it, `new_household` says that it is to be made.
    """

    holder: IdText = ""
    revision: Annotated[int, msgspec.Meta(ge=0)] = 0
    fields: Typed
    new_household: bool = False
    why: WhyText = ""


class Edited(Found, frozen=True, kw_only=True):
    """It is in the list. `batch` is the one that did it, 0 where all was so already. `at_gate`: said by the gate."""

    id: str
    batch: int
    at_gate: bool = False
    reasons: tuple[str, ...] = ()  # of the controller, where it did not take what was to be in force at once
    code: str = ""  # of a QR code that was made, to be shown once
    ref: str = ""  # of a credential that was added

    def __repr__(self) -> str:
        return f"Edited({self.id!r}, {self.batch}, at_gate={self.at_gate}, reasons={self.reasons})"  # never the code


class LookAtHousehold(Question, frozen=True, kw_only=True):
    household: IdText


class HouseholdSheet(Found, frozen=True, kw_only=True):
    id: str
    revision: int
    fields: dict[str, str]  # label, spaces, note
    members: tuple[PersonRow, ...] = ()
    more: bool = False


class EditHousehold(Question, frozen=True, kw_only=True):
    household: IdText
    revision: Annotated[int, msgspec.Meta(ge=0)]
    fields: Typed
    remove: bool = False
    why: WhyText = ""


class AddCredential(Question, frozen=True, kw_only=True):
    """A credential as it is typed. `at_once`: the controller takes it now, without waiting for a roster."""

    holder: IdText
    kind: Annotated[str, msgspec.Meta(max_length=8)]  # card, tag, code, plate; made: a code that is made now
    fields: Typed  # key, valid_from, valid_until, use_limit, printed
    at_once: bool = True
    why: WhyText = ""


class GivePin(Question, frozen=True, kw_only=True):
    """A PIN: beside a card, beside a card under duress, or alone. Empty `digits`: one is made."""

    holder: IdText
    use: Annotated[str, msgspec.Meta(max_length=8)]  # with, duress, alone
    digits: Annotated[str, msgspec.Meta(max_length=16)] = ""
    why: WhyText = ""

    def __repr__(self) -> str:
        return "GivePin(...)"  # this ends up in tracebacks


class PinGiven(Found, frozen=True, kw_only=True):
    """To be shown once: it stands nowhere."""

    holder: str
    use: str
    digits: str

    def __repr__(self) -> str:
        return "PinGiven(...)"


class EditCredential(Question, frozen=True, kw_only=True):
    """Change one (`fields`: status, valid_from, valid_until, use_limit, printed), or `remove` it."""

    holder: IdText
    ref: RefText
    revision: Annotated[int, msgspec.Meta(ge=0)]
    fields: Typed = msgspec.field(default_factory=dict)
    remove: bool = False
    why: WhyText = ""


class DropPin(Question, frozen=True, kw_only=True):
    """Take the PIN beside a card away."""

    holder: IdText
    use: Annotated[str, msgspec.Meta(max_length=8)]  # with, duress
    why: WhyText = ""


class SuspendHere(Question, frozen=True, kw_only=True):
    """Refuse at the gate at once: one credential (`ref`), or all.

    Until `until_s`, or until `until` as it is typed in the site's time; neither: until lifted.
    """

    holder: IdText
    ref: RefText = ""
    lost: bool = False
    until: ShortText = ""
    until_s: Annotated[int, msgspec.Meta(ge=0, le=SUSPENDED_UNTIL_S_MAX)] | None = None
    why: WhyText = ""


class LiftHere(Question, frozen=True, kw_only=True):
    """End a local entry of a holder: a suspension, or what was enrolled here."""

    holder: IdText
    entry: Annotated[str, msgspec.Meta(max_length=16)]
    why: WhyText = ""


class EndHolder(Question, frozen=True, kw_only=True):
    """Somebody leaves: all off at the gate at once; with `remove` out of the list, too."""

    holder: IdText
    revision: Annotated[int, msgspec.Meta(ge=0)]
    remove: bool = True
    why: WhyText = ""


class EnrolAtReader(Question, frozen=True, kw_only=True):
    """What is presented at `reader` within `seconds` becomes the holder's: long. Outcome: EnrolledThere.

    `replaces` is the ref of one that is lost: it is off in the same change.
    """

    holder: IdText
    reader: IdText
    kind: Annotated[str, msgspec.Meta(max_length=8)] = "card"
    seconds: Annotated[int, msgspec.Meta(ge=5, le=120)] = 30
    replaces: RefText = ""
    why: WhyText = ""


class EnrolledThere(Found, frozen=True, kw_only=True):
    """`kept`: it is in the list, too; else it holds until `until_s` only, and `why_not` says why."""

    holder: str
    shown: str
    entry: str
    ref: str = ""
    kept: bool = True
    why_not: str = ""
    reasons: tuple[str, ...] = ()


class TakeBack(Question, frozen=True, kw_only=True):
    """It was the wrong one: end the entry, and take the credential out of the list. Answered by Edited."""

    holder: IdText
    entry: Annotated[str, msgspec.Meta(max_length=16)]
    ref: RefText = ""


class BringToGate(Question, frozen=True, kw_only=True):
    """Build a roster of the list, sign it, hand it in, and wait for the controller's answer: long. Outcome: Brought.

    `batch` is the newest that whoever asks has seen: where the list has moved on, nothing is brought.
    """

    batch: Annotated[int, msgspec.Meta(ge=0)]
    why: WhyText = ""


class Brought(Found, frozen=True, kw_only=True):
    """`answer`: taken, refused (`why`), or none: it lies there, and is taken by the controller that starts next."""

    answer: str
    version: int = 0
    batch: int = 0
    holders: int = 0
    credentials: int = 0
    why: str = ""
    problems: tuple[str, ...] = ()


class BeginSource(Question, frozen=True, kw_only=True):
    """Make an empty list, where there is none: with one profile for all access points. Answered by Edited."""

    why: WhyText = ""


AnyOfHolders = (
    FindPeople
    | LookAtHolder
    | AskChoices
    | EditHolder
    | LookAtHousehold
    | EditHousehold
    | AddCredential
    | GivePin
    | EditCredential
    | DropPin
    | SuspendHere
    | LiftHere
    | EndHolder
    | EnrolAtReader
    | TakeBack
    | BringToGate
    | BeginSource
)
AnyFoundOfHolders = PeopleFound | HolderSheet | Choices | Edited | HouseholdSheet | PinGiven | EnrolledThere | Brought
