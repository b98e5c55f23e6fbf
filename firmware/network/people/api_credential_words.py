"""What the API says and takes of credentials, PINs and readers: the document's schemas are made from these.

What is secret (digits of a PIN, what a code says) is in no text of these objects, so that it ends up in no traceback.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware.network.people.api_people_words import Instant, Number, PersonCredential, Revision, Why

KEY_CHARACTERS_MAX = 256
USES_MAX = 1_000_000  # as firmware/roster/understood.py
SECONDS_MIN, SECONDS_MAX = 5, 120

KeyText = Annotated[str, Meta(max_length=KEY_CHARACTERS_MAX)]
FormatText = Annotated[str, Meta(max_length=32)]
PrintedText = Annotated[str, Meta(max_length=100)]
Uses = Annotated[int, Meta(ge=1, le=USES_MAX)]
Ref = Annotated[str, Meta(max_length=16)]
Seconds = Annotated[int, Meta(ge=SECONDS_MIN, le=SECONDS_MAX)]
ReaderId = Annotated[str, Meta(min_length=1, max_length=64)]
Digits = Annotated[str, Meta(pattern="^(?:[0-9]{4,10})?$")]


class CredentialSheet(msgspec.Struct, frozen=True):
    """One credential of a holder. `revision` goes into the next change of it."""

    holder: str
    revision: Number
    credential: PersonCredential


class CredentialNew(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A credential as it is typed; of the kind "made" a QR code is made, which the answer shows once.

    `key` is the credential as it is read, or of a card as it is printed (facility,number), with its `format` where
    readers here deliver several. `at_once`: the controller takes it now, without waiting for a roster, unless it begins
    later or counts its uses. Times are of the minute: seconds are left out.
    """

    kind: Literal["card", "tag", "code", "plate", "made"]
    key: KeyText = ""
    format: FormatText = ""
    status: Literal["active", "suspended", "lost"] = "active"
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    use_limit: Uses | None = None
    printed: PrintedText = ""
    at_once: bool = True
    why: Why = ""

    def __repr__(self) -> str:
        return f"CredentialNew({self.kind!r}, ...)"


class CredentialGiven(msgspec.Struct, frozen=True):
    """It is in the list (`revision`; 0: at this controller only), and with `at_gate` in force at the gate now.

    `reasons` say why it is not, where it was to be. `code` is what a QR code that was made says: nobody can read it
    again, but whoever asks again under the same key.
    """

    holder: str
    ref: str
    revision: Number
    at_gate: bool
    reasons: tuple[str, ...]
    reasons_text: str
    code: str

    def __repr__(self) -> str:
        return f"CredentialGiven({self.holder!r}, {self.ref!r}, ...)"


class CredentialAtReader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is presented at `reader` within `seconds` becomes the holder's.

    `replaces` is the ref of one that is off in the same change.
    """

    reader: ReaderId
    kind: Literal["card", "tag", "code"] = "card"
    seconds: Seconds = 30
    replaces: Ref = ""
    why: Why = ""


class CredentialPut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is kept of a credential but its key, as it is to be: what is left out is empty.

    Where somebody was faster, 409. Times are of the minute: seconds are left out.
    """

    revision: Revision
    status: Literal["active", "suspended", "lost"] = "active"
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    use_limit: Uses | None = None
    printed: PrintedText = ""
    why: Why = ""


class CredentialRemove(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Out of the list; the gate knows it until the list is brought there."""

    revision: Revision
    why: Why = ""


class CredentialKept(msgspec.Struct, frozen=True):
    """It is so in the list; the gate has it when it is brought there. `changed` false: it was so already."""

    holder: str
    revision: Number
    changed: bool


class TakingBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was presented was the wrong one: `entry` is the local entry that the job has told."""

    entry: Annotated[str, Meta(min_length=1, max_length=16)]


class TakenBack(msgspec.Struct, frozen=True):
    """The entry has ended at the gate; `changed`: it is out of the list, too."""

    holder: str
    at_gate: bool
    changed: bool


# -- PINs -------------------------------------------------------------------------------------------------------------


class PinNew(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A PIN beside a card ("with"), beside a card under duress, or alone; without `digits` they are made."""

    use: Literal["with", "duress", "alone"]
    digits: Digits = ""
    why: Why = ""

    def __repr__(self) -> str:
        return f"PinNew({self.use!r}, ...)"


class PinShown(msgspec.Struct, frozen=True):
    """It is shown once: the list keeps a digest. Whoever asks again under the same key gets this answer again."""

    holder: str
    use: Literal["with", "duress", "alone"]
    digits: str

    def __repr__(self) -> str:
        return f"PinShown({self.holder!r}, ...)"


class PinDrop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take a PIN beside a card away."""

    use: Literal["with", "duress"]
    why: Why = ""


class PinDropped(msgspec.Struct, frozen=True):
    """It is out of the list; the gate knows it until the list is brought there. `changed` false: there was none."""

    holder: str
    revision: Number
    changed: bool


# -- readers ----------------------------------------------------------------------------------------------------------


class EnrolReader(msgspec.Struct, frozen=True):
    id: str
    name: str
    portal: str


class EnrolReaders(msgspec.Struct, frozen=True):
    """Readers at which something can be presented to be enrolled, and the formats of the cards they read."""

    readers: tuple[EnrolReader, ...]
    card_formats: tuple[str, ...]


_AT = datetime.fromisoformat("2026-12-24T08:00:00+00:00")
CREDENTIAL_EXAMPLES: tuple[msgspec.Struct, ...] = (
    CredentialSheet(
        holder="h4711",
        revision=83,
        credential=PersonCredential(
            ref="9f86d081884c7d65",
            kind="card",
            kind_text="Card",
            shown="H10301:12:34567",
            state="waiting",
            state_text="waits to be brought to the gate",
            status="active",
            status_text="in force",
            valid_from=None,
            valid_until=_AT,
            use_limit=None,
            printed="012 34567",
            duress=False,
            held="",
            held_as="",
            held_until=None,
            entry="",
            entry_until=None,
        ),
    ),
    CredentialNew(kind="card", key="H10301:12:34567", valid_until=_AT, printed="012 34567", why="moves in"),
    CredentialGiven("h4711", "9f86d081884c7d65", 84, True, (), "", ""),
    CredentialAtReader(reader="front_reader"),
    CredentialPut(revision=84, status="active", valid_until=_AT, printed="012 34567"),
    CredentialRemove(revision=84, why="given back"),
    CredentialKept("h4711", 85, True),
    TakingBack(entry="l00c0ffee"),
    TakenBack("h4711", True, True),
    PinNew(use="with"),
    PinShown("h4711", "with", "402973"),
    PinDrop(use="with"),
    PinDropped("h4711", 86, True),
    EnrolReaders((EnrolReader("front_reader", "Front door", "front_door"),), ("H10301",)),
)
