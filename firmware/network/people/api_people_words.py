"""What the API says and takes of holders and households: the schemas of the OpenAPI document are made from these.

`..._text` is for people, in the language that was asked for. A credential is named by its `ref`: the pseudonym that the
journal has, too; its key stands in no address.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware.people_words.holders import SKIP_MAX

FLAG_NAMES = ("visitor", "escorted", "escort", "extended", "holds_open", "unlocks_first", "exempt", "vehicle")
PROFILES_MAX, SPACES_MAX = 64, 1_000

Flag = Literal["visitor", "escorted", "escort", "extended", "holds_open", "unlocks_first", "exempt", "vehicle"]
Id = Annotated[str, Meta(max_length=64)]
Revision = Annotated[int, Meta(ge=0, le=2**53 - 1)]
NameText = Annotated[str, Meta(min_length=1, max_length=100)]
LineText = Annotated[str, Meta(max_length=100)]
PhoneText = Annotated[str, Meta(max_length=64)]
NoteText = Annotated[str, Meta(max_length=1_000)]
Why = Annotated[str, Meta(max_length=200)]
ProfileName = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,31}$")]
Profiles = Annotated[tuple[ProfileName, ...], Meta(min_length=1, max_length=PROFILES_MAX)]
Flags = Annotated[tuple[Flag, ...], Meta(max_length=len(FLAG_NAMES))]
Instant = Annotated[datetime, Meta(tz=True)]
Number = Annotated[int, Meta(ge=0)]


# -- lists ------------------------------------------------------------------------------------------------------------


class PersonRow(msgspec.Struct, frozen=True):
    """One holder in a list. `mark` is "suspended" where everything of it is off at the gate now, else empty."""

    id: str
    name: str
    household: str
    label: str
    relation: str
    phone_end: str
    profiles: tuple[str, ...]
    credentials: Number
    mark: str
    mark_text: str


class People(msgspec.Struct, frozen=True):
    """Holders by their ids. `after` goes into the next question; null: these were the last.

    `marked`: the controller has said who is suspended; else no row has a mark.
    """

    people: tuple[PersonRow, ...]
    after: str | None
    marked: bool


class PeopleSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All words of `text` in name, unit, phone or card number. `after` is the one of the answer before."""

    text: Annotated[str, Meta(max_length=200)]
    after: Annotated[int, Meta(ge=0, le=SKIP_MAX)] = 0


class PeopleMatches(msgspec.Struct, frozen=True):
    """Whoever has all of the words. `after` is null where there are no more, or so many that more words are needed.

    `listed` false: the list is kept elsewhere, and only an id or a whole card number finds somebody here.
    """

    people: tuple[PersonRow, ...]
    after: int | None
    listed: bool


class PlateSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose plate it is. `purpose` stands in the journal, with who asks, before anything is answered."""

    plate: Annotated[str, Meta(min_length=1, max_length=32)]
    purpose: Annotated[str, Meta(min_length=5, max_length=200)]


class ReaderChoice(msgspec.Struct, frozen=True):
    id: str
    name: str


class PeopleChoices(msgspec.Struct, frozen=True):
    """What may be chosen of a holder, and where something can be presented. Times without an offset are of `time_zone`.

    `here`: the list is kept at this controller, and it takes the rosters made of it.
    """

    profiles: tuple[str, ...]
    flags: tuple[str, ...]
    readers: tuple[ReaderChoice, ...]
    card_formats: tuple[str, ...]
    time_zone: str
    here: bool


# -- one holder -------------------------------------------------------------------------------------------------------


class PersonHousehold(msgspec.Struct, frozen=True):
    id: str
    label: str
    spaces: Number | None


class PersonCredential(msgspec.Struct, frozen=True):
    """One credential, without anything that could be presented: of a PIN nothing is shown, of a code its end.

    `state`: in_force (the gate has it so), waiting (it has not), changed (it has an older state of it), removed (only
    the gate has it yet), enrolled (at this controller only, by the local entry `entry`, until `entry_until`), unknown.
    `status` is what the list says: active, suspended, lost. `held` is the local entry that refuses it here now, as
    `held_as`, until `held_until`.
    """

    ref: str
    kind: str
    kind_text: str
    shown: str
    state: str
    state_text: str
    status: str
    status_text: str
    valid_from: datetime | None
    valid_until: datetime | None
    use_limit: int | None
    printed: str
    duress: bool
    held: str
    held_as: str
    held_until: datetime | None
    entry: str
    entry_until: datetime | None


class PersonEntry(msgspec.Struct, frozen=True):
    """A local entry of the controller: suspend (`status`: suspended, lost, left), enrol, visitor.

    `whole`: of everything that the holder has. `conflict`: what the roster says otherwise.
    """

    entry: str
    kind: str
    kind_text: str
    status: str
    whole: bool
    issuer: str
    why: str
    created: datetime | None
    until: datetime | None
    conflict: str


class PersonChange(msgspec.Struct, frozen=True):
    """A change of the list. `at_gate`: the roster in service has it."""

    revision: Number
    at: datetime | None
    who: str
    why: str
    kind: str
    at_gate: bool


class Person(msgspec.Struct, frozen=True):
    """All of one holder. `revision` goes into the next change of it.

    `listed` false: only the roster or local entries know it, and no name is known here. `at_gate`: in_force, changed,
    waiting, removed, unlisted (only local entries know it), unknown. `waits`: something of it is to be brought to the
    gate yet. `suspended`: the local entry that refuses everything of it now, or empty. `local_known` false: the
    controller is silent, and local entries are not known. `credentials_more`: how many are not told here.
    """

    id: str
    listed: bool
    revision: Number
    name: str
    phone: str
    relation: str
    note: str
    profiles: tuple[str, ...]
    flags: tuple[str, ...]
    household: PersonHousehold | None
    at_gate: str
    at_gate_text: str
    waits: bool
    suspended: str
    pin_with: bool
    duress_with: bool
    credentials: tuple[PersonCredential, ...]
    credentials_more: Number
    local: tuple[PersonEntry, ...]
    local_known: bool
    members: tuple[PersonRow, ...]
    history: tuple[PersonChange, ...]


class PersonNew(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A holder to be added. `household` is a unit's id or label; `new_household`: make it where nobody has it."""

    name: NameText
    profiles: Profiles
    household: LineText = ""
    new_household: bool = False
    phone: PhoneText = ""
    relation: LineText = ""
    flags: Flags = ()
    note: NoteText = ""
    why: Why = ""


class PersonPut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is kept of a holder, as it is to be: what is left out is empty. Where somebody was faster, 409."""

    revision: Revision
    name: NameText
    profiles: Profiles
    household: LineText = ""
    new_household: bool = False
    phone: PhoneText = ""
    relation: LineText = ""
    flags: Flags = ()
    note: NoteText = ""
    why: Why = ""


class PersonKept(msgspec.Struct, frozen=True):
    """It is in the list; the gate has it when it is brought there. `changed` false: all of it was so already."""

    id: str
    revision: Number
    changed: bool


class PersonSuspend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Refuse at the gate at once: the credential `ref`, or, where it is empty, everything.

    `until`: an instant, to the second; null: until it is lifted, or as long as a suspension may last. It has an offset,
    so that it is exact also where clocks change and a local minute comes twice.
    """

    ref: Annotated[str, Meta(max_length=16)] = ""
    until: Instant | None = None
    lost: bool = False
    why: Why = ""


class PersonLift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End a local entry of the holder: a suspension, or what was enrolled here."""

    entry: Annotated[str, Meta(min_length=1, max_length=16)]
    why: Why = ""


class PersonAtGate(msgspec.Struct, frozen=True):
    """The controller has taken it, and its journal has it. `reasons` are what it says besides."""

    id: str
    at_gate: bool
    reasons: tuple[str, ...]
    reasons_text: str


class PersonEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody leaves: everything is off at the gate at once; with `remove` the list forgets it, too."""

    revision: Revision
    remove: bool = True
    why: Why = ""


class PersonEnded(msgspec.Struct, frozen=True):
    """`at_gate`: it is off there; false: the gate never knew it. `removed`: the list has it no more."""

    id: str
    at_gate: bool
    removed: bool


# -- households -------------------------------------------------------------------------------------------------------


class HouseholdRow(msgspec.Struct, frozen=True):
    id: str
    label: str
    spaces: Number | None
    members: Number


class Households(msgspec.Struct, frozen=True):
    """By their ids. `after` goes into the next question; null: these were the last."""

    households: tuple[HouseholdRow, ...]
    after: str | None


class Household(msgspec.Struct, frozen=True):
    """`members_more`: there are more; `people` with this household has all."""

    id: str
    revision: Number
    label: str
    spaces: Number | None
    note: str
    members: tuple[PersonRow, ...]
    members_more: bool


class HouseholdPut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is kept of a household, as it is to be: what is left out is empty. Where somebody was faster, 409."""

    revision: Revision
    label: LineText = ""
    spaces: Annotated[int, Meta(ge=0, le=SPACES_MAX)] | None = None
    note: NoteText = ""
    why: Why = ""


class HouseholdKept(msgspec.Struct, frozen=True):
    """`changed` false: all of it was so already."""

    id: str
    revision: Number
    changed: bool


class HouseholdRemove(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Refused as long as somebody is in it."""

    revision: Revision
    why: Why = ""
