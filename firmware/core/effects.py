"""What is to be done, imperative. The core returns these in order; the outlet carries them out.

Actuate, then group-commit: SetOutput, Show, Announce and Mute go out at once; Record, Remember and Keep of one step are
one transaction of the journal.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from firmware.core.codes import Code


class Effect(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Base of all effects; the tag is the class name."""


class SetOutput(Effect, frozen=True):
    """`on` means released (a lock, a turnstile's direction), dropped (arms) or lit; the driver knows the polarity."""

    output: str
    on: bool


class Feedback(StrEnum):
    """What a reader shows. How (LED, buzzer, text) is the driver's."""

    IDLE = "idle"
    GRANTED = "granted"
    DENIED = "denied"
    NEXT_FACTOR = "next_factor"  # the PIN, or the card
    SECOND_PERSON = "second_person"
    LOCKED_OUT = "locked_out"
    HELD_WARNING = "held_warning"  # the door has been open for long: close it
    UNLOCKED = "unlocked"
    LOCKDOWN = "lockdown"
    ENROLLING = "enrolling"  # the next credential that nobody has becomes somebody's
    CALLING = "calling"  # whoever pressed the call button: it rings
    ANSWERED = "answered"  # somebody has taken the call


class Show(Effect, frozen=True):
    reader: str
    feedback: Feedback


class Announce(Effect, frozen=True):
    """What the display of an access point says. `reason` is a word of firmware.core.announce.PUBLIC, or empty.

    `reader` is where somebody was answered; empty: nobody stands there.
    """

    display: str
    feedback: Feedback
    reason: str = ""
    reader: str = ""


class Mute(Effect, frozen=True):
    """Stop listening to a reader in a noise storm; Unmute tries again."""

    reader: str


class Unmute(Effect, frozen=True):
    reader: str


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """The personal part of an event: erasable, hashed with its own salt. Ids of the roster, never names.

    Only accounts of the page go by the names that their people chose.
    """

    holder: str | None = None
    household: str | None = None
    credential: str | None = None
    second_holder: str | None = None  # the escort or the second person
    token: str | None = None  # pseudonym of an unknown credential
    issuer: str | None = None
    note: str | None = None  # why, in the issuer's words
    evidence: str | None = None  # under which a camera's frame is kept for a while
    reads: int | None = None  # of a plate: how many frames agreed, and how sure the weaker of finding and reading was
    certainty: float | None = None
    account: str | None = None  # of the page: what was administered, or logged in to
    address: str | None = None  # from where, on the network


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept for people to read later. `reasons` are codes in the order in which they led to it."""

    code: Code
    portal: str | None = None
    access_point: str | None = None
    reader: str | None = None
    device: str | None = None  # input, output or device id
    reasons: tuple[str, ...] = ()  # "code" or "code:argument"
    count: int = 1
    detail: str = ""  # a short machine-made text without personal content
    body: Body | None = None
    request: str = ""


class Record(Effect, frozen=True):
    event: Event


class Remember(Effect, frozen=True):
    """Change the ledger of one holder, in the transaction of its event.

    `area` is where a proven passage led ("" for unknown, after a request-to-exit or forgiveness);
    `uses` is added to the credential's use count.
    """

    holder: str
    area: str | None = None  # None: unchanged
    entered_s: int | None = None
    credential: str | None = None
    uses: int = 0
    household: str | None = None
    vehicle: bool = False
    passed_at: str | None = None  # the access point of a proven passage, with its instant (UTC; None: not known)
    passed_s: int | None = None
    controller: str = ""  # whose access point it is; empty: ours


class ForgetAreas(Effect, frozen=True):
    """Every holder's area is unknown again (forgiveness for all)."""


class Keep(Effect, frozen=True):
    """Survive the power: latched faults, lockdown, out-of-service, lock-outs. None removes the key."""

    key: str
    value: str | None


AnyEffect = SetOutput | Show | Announce | Mute | Unmute | Record | Remember | ForgetAreas | Keep
