"""The dialog between a reader and the people in front of it: a next factor, the card of a PIN, a second person.

Decisions say what comes next; the table says what the reader does then. One dialog a reader at a time.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from firmware.core.access import Factor, Known
from firmware.core.table import Row, Table, ignore


class Stage(StrEnum):
    IDLE = "idle"
    FACTOR = "factor"  # waits for a further factor of one holder
    CARD = "card"  # a PIN came first that identifies nobody by itself: waits for what it belongs to
    PERSON = "person"  # waits for a second person or an escort


class Trigger(StrEnum):
    GRANTED = "granted"
    DENIED = "denied"
    WRONG_PIN = "wrong_pin"
    LAST_WRONG_PIN = "last_wrong_pin"  # the one that locks PINs out
    NEEDS_FACTOR = "needs_factor"
    NEEDS_PERSON = "needs_person"
    PIN_FIRST = "pin_first"
    TIMEOUT = "timeout"
    WITHDRAWN = "withdrawn"  # whoever it waits for was suspended, or leaves


class Pending(msgspec.Struct, frozen=True):
    """What a reader waits for, until `until_ms`.

    `holder` is whose second factor it waits for, and None at the other stages: intake compares a PIN with that
    holder's. While `stage` is CARD intake keeps the digits, and compares them with the holder of what comes next.
    """

    stage: Stage
    until_ms: int
    rulebook_version: int  # another roster ends the dialog: what was decided may hold no more
    holder: str | None = None
    known: Known | None = None  # of that holder
    factors: tuple[Factor, ...] = ()  # given by that holder
    reasons: tuple[str, ...] = ()  # of the decision that asked; of the first person's where one waits
    duress: bool = False  # one of the factors is a duress PIN; it is told already
    first: Known | None = None  # the first person
    person_until_ms: int = 0  # by when the other person has to begin


TABLE: Table[Stage, Trigger] = Table(
    "dialog",
    Stage,
    Trigger,
    rows=(
        Row(Stage.IDLE, Trigger.GRANTED, Stage.IDLE, ("grant",)),
        Row(Stage.IDLE, Trigger.DENIED, Stage.IDLE, ("refuse",)),
        Row(Stage.IDLE, Trigger.WRONG_PIN, Stage.IDLE, ("refuse",)),
        Row(Stage.IDLE, Trigger.LAST_WRONG_PIN, Stage.IDLE, ("refuse", "show_lockout")),
        Row(Stage.IDLE, Trigger.NEEDS_FACTOR, Stage.FACTOR, ("ask_factor",)),
        Row(Stage.IDLE, Trigger.NEEDS_PERSON, Stage.PERSON, ("ask_person",)),
        Row(Stage.IDLE, Trigger.PIN_FIRST, Stage.CARD, ("ask_card",)),
        # A wrong PIN may be tried again until the dialog's time is over or PINs are locked out.
        Row(Stage.FACTOR, Trigger.GRANTED, Stage.IDLE, ("grant", "close")),
        Row(Stage.FACTOR, Trigger.DENIED, Stage.IDLE, ("refuse", "close")),
        Row(Stage.FACTOR, Trigger.WRONG_PIN, Stage.FACTOR, ("refuse",)),
        Row(Stage.FACTOR, Trigger.LAST_WRONG_PIN, Stage.IDLE, ("refuse", "show_lockout", "close")),
        Row(Stage.FACTOR, Trigger.NEEDS_FACTOR, Stage.FACTOR, ("ask_factor",)),
        Row(Stage.FACTOR, Trigger.NEEDS_PERSON, Stage.PERSON, ("ask_person",)),
        Row(Stage.FACTOR, Trigger.TIMEOUT, Stage.IDLE, ("expire", "close")),
        Row(Stage.FACTOR, Trigger.WITHDRAWN, Stage.IDLE, ("withdraw", "close")),
        # The wrong PIN of a card that came after it ends the dialog: its digits are compared once.
        Row(Stage.CARD, Trigger.GRANTED, Stage.IDLE, ("grant", "close")),
        Row(Stage.CARD, Trigger.DENIED, Stage.IDLE, ("refuse", "close")),
        Row(Stage.CARD, Trigger.WRONG_PIN, Stage.IDLE, ("refuse", "close")),
        Row(Stage.CARD, Trigger.LAST_WRONG_PIN, Stage.IDLE, ("refuse", "show_lockout", "close")),
        Row(Stage.CARD, Trigger.NEEDS_FACTOR, Stage.FACTOR, ("ask_factor",)),
        Row(Stage.CARD, Trigger.NEEDS_PERSON, Stage.PERSON, ("ask_person",)),
        Row(Stage.CARD, Trigger.PIN_FIRST, Stage.CARD, ("ask_card",)),
        Row(Stage.CARD, Trigger.TIMEOUT, Stage.IDLE, ("expire", "close")),
        Row(Stage.CARD, Trigger.WITHDRAWN, Stage.IDLE, ("withdraw", "close")),
        # Whoever is refused as a second person leaves the first one waiting.
        Row(Stage.PERSON, Trigger.GRANTED, Stage.IDLE, ("grant", "close")),
        Row(Stage.PERSON, Trigger.DENIED, Stage.PERSON, ("refuse",)),
        Row(Stage.PERSON, Trigger.WRONG_PIN, Stage.PERSON, ("refuse",)),
        Row(Stage.PERSON, Trigger.LAST_WRONG_PIN, Stage.IDLE, ("refuse", "show_lockout", "close")),
        Row(Stage.PERSON, Trigger.NEEDS_FACTOR, Stage.FACTOR, ("ask_factor",)),
        Row(Stage.PERSON, Trigger.NEEDS_PERSON, Stage.PERSON, ("ask_person",)),
        Row(Stage.PERSON, Trigger.PIN_FIRST, Stage.CARD, ("ask_card",)),
        Row(Stage.PERSON, Trigger.TIMEOUT, Stage.IDLE, ("expire", "close")),
        Row(Stage.PERSON, Trigger.WITHDRAWN, Stage.IDLE, ("withdraw", "close")),
    ),
    # Nothing waits in IDLE; and while a holder is waited for, a PIN is that holder's or wrong.
    ignored=(*ignore(Stage.IDLE, Trigger.TIMEOUT, Trigger.WITHDRAWN), *ignore(Stage.FACTOR, Trigger.PIN_FIRST)),
)
