"""PINs of holders: given, and told once; taken away. In the list stands a digest that only this controller can make."""

from __future__ import annotations

import secrets

from firmware.core.access import Factor
from firmware.people.editing import edited
from firmware.people.errors import Denied
from firmware.people.holders import owner_of, there
from firmware.people.line import MANAGERS, Desk, Line, Lines
from firmware.people_words.base import Asker
from firmware.people_words.holders import DropPin, Edited, GivePin, PinGiven
from firmware.roster.keys import valid
from firmware.roster.source import edit
from firmware.roster.source.batch import Batch
from firmware.roster.source.pins import Digester

PIN_DIGITS = 6  # of one that is made: a million, a thousand times what a lock-out lets be tried in a night
PIN_TRIES_MAX = 20  # until a PIN is found that nobody has
_PIN_FIELD = {"with": "pin_with", "duress": "duress_pin_with"}


def give_pin(desk: Desk, who: Asker, question: GivePin) -> PinGiven:
    """Typed or made; it is told once, here, and stands in the list as a keyed digest. Raises Denied."""
    place = desk.place
    typed = question.digits.strip()
    if typed and not valid(Factor.PIN, typed):
        raise Denied("people_bad_pin", field="digits")
    if question.use not in ("with", "duress", "alone"):
        raise Denied("people_bad_kind", field="use")
    identity = place.identity()
    with edited(place, who, f"PIN {question.use}", holder=question.holder, why=question.why) as batch:
        there(batch, question.holder)
        if question.use != "alone":
            digits = typed or _made()
            edit.set_fields(batch, "holder", question.holder, {_PIN_FIELD[question.use]: digits}, identity)
        else:
            digits = typed or _free(batch, identity)
            (_, key) = edit.key_of("credential", f"pin:{digits}", identity)
            if owner_of(batch.db, Factor.PIN, str(key)) is not None:
                raise Denied("people_pin_taken", field="digits")
            edit.add(batch, "credential", f"pin:{digits}", {"holder": question.holder}, identity)
    return PinGiven(holder=question.holder, use=question.use, digits=digits)


def _made() -> str:
    return "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS))


def _free(batch: Batch, identity: Digester) -> str:
    """A PIN that nobody has. Raises Denied."""
    for _ in range(PIN_TRIES_MAX):
        digits = _made()
        (_, key) = edit.key_of("credential", f"pin:{digits}", identity)
        if owner_of(batch.db, Factor.PIN, str(key)) is None:
            return digits
    raise Denied("people_pins_full", field="digits")


def drop_pin(desk: Desk, who: Asker, question: DropPin) -> Edited:
    """Raises Denied."""
    field = _PIN_FIELD.get(question.use)
    if field is None:
        raise Denied("people_bad_kind", field="use")
    with edited(desk.place, who, "PIN taken away", holder=question.holder, why=question.why) as batch:
        there(batch, question.holder)
        edit.set_fields(batch, "holder", question.holder, {field: ""})
    return Edited(id=question.holder, batch=batch.id if batch.changes else 0)


LINES: Lines = {
    GivePin: Line(MANAGERS, give_pin, slow=True),
    DropPin: Line(MANAGERS, drop_pin, slow=True),
}
