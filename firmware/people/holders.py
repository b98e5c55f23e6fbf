"""Edits of the list: holders, households and their credentials. Each is one batch, told before it counts.

An edit names the newest batch that whoever makes it has seen of the holder; where somebody else was faster, nothing is
overwritten, and it is said who it was.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NoReturn
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from firmware.core.access import Factor, Profile, Rule, Rulebook
from firmware.messages import Enrol
from firmware.people.at_once import Asked, By, at_once
from firmware.people.editing import edited
from firmware.people.errors import Denied
from firmware.people.line import MANAGERS, Desk, Line, Lines
from firmware.people.place import Place
from firmware.people.promises import one_line, promised
from firmware.people.rows import Credential, Pseudonyms, credentials_of, revision_of
from firmware.people_words.base import Asker
from firmware.people_words.holders import (
    AddCredential,
    BeginSource,
    EditCredential,
    Edited,
    EditHolder,
    EditHousehold,
)
from firmware.roster import understood
from firmware.roster.entry import ENROLMENT_S_DEFAULT
from firmware.roster.files import remove
from firmware.roster.importing.cards import WIDTHS
from firmware.roster.keys import ID, KIND, canonical, valid
from firmware.roster.rules import Rules
from firmware.roster.source import edit
from firmware.roster.source.batch import Batch, Kind
from firmware.roster.source.rules import write_rules
from firmware.roster.source.store import Source
from firmware.roster.understood import NotUnderstood
from firmware.terminal import now_utc_s

HOLDER_FIELDS = ("name", "phone", "relation", "profiles", "flags", "note")
HOUSEHOLD_FIELDS = ("label", "spaces", "note")
CREDENTIAL_FIELDS = ("status", "valid_from", "valid_until", "use_limit", "printed")
CODE_BYTES = 16  # 128 bits: nobody guesses what a QR code says
MADE = "made"  # the kind of a QR code that is made here
FIRST_PROFILE = "everywhere"
_PRINTED_CARD = re.compile(
    r"\A\s*0*([0-9]{1,3})\s*[,:/ ]\s*0*([0-9]{1,5})\s*\Z"
)  # facility and number, as cards show it


def edit_holder(desk: Desk, who: Asker, question: EditHolder) -> Edited:
    """Add or change one. Raises Denied."""
    place, adds = desk.place, not question.holder
    id = f"p{secrets.token_hex(5)}" if adds else question.holder
    fields = {name: question.fields[name] for name in HOLDER_FIELDS if name in question.fields}
    with edited(place, who, "holder added" if adds else "holder changed", holder=id, why=question.why) as batch:
        if not adds:
            unchanged(batch, id, question.revision)
        if "household" in question.fields:
            fields["household"] = _household(batch, question.fields["household"].strip(), question.new_household)
        if adds:
            if not (fields.get("name") or "").strip():
                raise Denied("people_bad_name", field="name")
            edit.add(batch, "holder", id, fields)
        else:
            edit.set_fields(batch, "holder", id, fields)
    return Edited(id=id, batch=batch.id if batch.changes else 0)


def unchanged(batch: Batch, holder: str, seen: int) -> None:
    """Nobody else has changed the holder since batch `seen`. Raises Denied."""
    there(batch, holder)
    not_moved(batch.db, revision_of(batch.db, holder), seen)


def there(batch: Batch, holder: str) -> None:
    """The list has this holder. Raises Denied."""
    if batch.db.execute("SELECT 1 FROM holder WHERE id = ?", (holder,)).fetchone() is None:
        raise Denied("people_not_found", holder=holder[:32])


def not_moved(db: sqlite3.Connection, revision: int, seen: int) -> None:
    """Raises Denied, with who was faster."""
    if revision > seen:
        who, at_s = db.execute("SELECT who, at_s FROM batch WHERE id = ?", (revision,)).fetchone()
        raise Denied("people_changed_meanwhile", who=who, at_s=str(at_s))


def _household(batch: Batch, typed: str, make: bool) -> str:
    """The id of the unit that is meant by its label or id; a new one where that was asked for. Raises Denied."""
    if not typed:
        return ""
    sql = "SELECT id FROM household WHERE id = ? OR label = ? COLLATE NOCASE ORDER BY id <> ? LIMIT 3"
    found = [id for (id,) in batch.db.execute(sql, (typed, typed, typed))]
    if found and (len(found) == 1 or found[0] == typed):
        return str(found[0])
    if found:
        raise Denied("people_household_twice", field="household", ids=", ".join(found))
    if not make:
        raise Denied("people_household_new", field="household")
    id = typed if ID.fullmatch(typed) else f"u{secrets.token_hex(5)}"
    edit.add(batch, "household", id, {"label": typed})
    return id


def edit_household(desk: Desk, who: Asker, question: EditHousehold) -> Edited:
    """Raises Denied."""
    id = question.household
    fields = {name: text for name, text in question.fields.items() if name in HOUSEHOLD_FIELDS}
    with edited(
        desk.place, who, "household removed" if question.remove else "household changed", why=question.why
    ) as b:
        sql = "SELECT ifnull(max(batch), 0) FROM change WHERE entity = 'household' AND id = ?"
        not_moved(b.db, b.db.execute(sql, (id,)).fetchone()[0], question.revision)
        if question.remove:
            edit.remove(b, "household", id)
        else:
            edit.set_fields(b, "household", id, fields)
    return Edited(id=id, batch=b.id if b.changes else 0)


# -- credentials ------------------------------------------------------------------------------------------------------


def typed_key(place: Place, fields: Mapping[str, str]) -> tuple[Factor, str]:
    """Kind and canonical key of what somebody typed into `kind`, `key` and, of a card, `format`. Raises Denied.

    A card may be typed as it is printed, facility and number (012,34567), where it is said, or clear, in which format
    the readers here deliver it; nothing is guessed.
    """
    kind, text = fields.get("kind", ""), fields.get("key", "").strip()
    if kind not in {factor.value for factor in Factor} - {Factor.PIN.value, Factor.FACE.value}:
        raise Denied("people_bad_kind", field="kind")
    factor = Factor(kind)
    key = canonical(factor, text)
    printed = _PRINTED_CARD.match(text)
    if factor is Factor.CARD and printed is not None:
        key = _as_printed(place, int(printed[1]), int(printed[2]), fields.get("format", ""))
    if not valid(factor, key):
        raise Denied(f"people_bad_{factor.value}", field="key")
    return factor, key


def _as_printed(place: Place, facility: int, number: int, chosen: str) -> str:
    """The key of a card by its two printed numbers. Raises Denied."""
    formats = place.card_formats()
    name = chosen if chosen in formats else formats[0] if len(formats) == 1 else ""
    if not name:
        raise Denied("people_which_format", field="key", what=", ".join(formats))
    facility_bits, number_bits = WIDTHS[name]
    if facility >> facility_bits or number >> number_bits:
        raise Denied("people_not_of_format", field="key", what=name)
    return f"{name}:{facility}:{number}"


def add_credential(desk: Desk, who: Asker, question: AddCredential) -> Edited:
    """Into the list, and with `at_once` to the controller, too. Raises Denied: then it is in neither."""
    place = desk.place
    made = secrets.token_urlsafe(CODE_BYTES) if question.kind == MADE else ""
    typed = {**question.fields, "kind": "code", "key": made} if made else {**question.fields, "kind": question.kind}
    factor, key = typed_key(place, typed)
    fields = {name: text for name, text in question.fields.items() if name in CREDENTIAL_FIELDS and text.strip()}
    fields = _zoned(place, fields)
    late = _beyond(fields)
    with place.served() as roster:
        ref = Pseudonyms(place.authority().keys_of(roster)).ref(factor, key)
    if not place.rights().mine or not place.source_path.exists():
        if late:
            raise Denied("people_not_only_here", field=late)
        here = _only_here(place, who, question, factor, key, _until(place, fields))
        return replace(here, code=made, ref=ref)
    with edited(place, who, f"{factor.value} added", holder=question.holder, why=question.why) as batch:
        put_credential(batch, question.holder, factor, key, fields)
    told = Edited(id=question.holder, batch=batch.id, code=made, ref=ref)
    until_s, now_s = _until(place, fields), now_utc_s()
    if not question.at_once or late or (until_s is not None and until_s <= now_s):
        return told
    if until_s is not None and until_s > now_s + ENROLMENT_S_DEFAULT:
        until_s = None  # it ends before that here, and a roster has it by then
    return _at_once(place, who, question, factor, key, until_s, told)


def _beyond(fields: Mapping[str, str]) -> str:
    """What is asked for that no entry at the controller holds to, only a roster; "" where nothing is."""
    if fields.get("status", "active").strip() != "active":
        return "status"
    return next((name for name in ("valid_from", "use_limit") if name in fields), "")


def _zoned(place: Place, fields: Mapping[str, str]) -> dict[str, str]:
    """Times of the page's zone, with it: the list may have been begun under another one. Raises Denied."""
    zoned = dict(fields)
    for name in ("valid_from", "valid_until"):
        if zoned.get(name, "").strip():
            at_s = _instant(place, zoned[name].strip(), name)
            zoned[name] = datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%MZ")
    return zoned


def _until(place: Place, fields: Mapping[str, str]) -> int | None:
    """Raises Denied."""
    typed = fields.get("valid_until", "")
    return _instant(place, typed, "valid_until") if typed else None


def _instant(place: Place, typed: str, name: str) -> int:
    try:
        return understood.time(typed, ZoneInfo(place.config.time_zone), end=name == "valid_until")
    except NotUnderstood as error:
        raise Denied(f"people_bad_{name}", field=name, found=error.found) from error


def _at_once(
    place: Place, who: Asker, question: AddCredential, factor: Factor, key: str, until_s: int | None, told: Edited
) -> Edited:
    """At the controller, too; where it refuses, the list has it all the same, and it is said."""
    try:
        why = one_line(question.why)
        answer = place.ask(
            Enrol(issuer=who.name, why=why, holder=question.holder, factor=factor, key=key, until_s=until_s)
        )
    except Denied as denied:
        return replace(told, reasons=(denied.said.word,))
    return replace(told, at_gate=answer.done, reasons=answer.reasons)


def _only_here(
    place: Place, who: Asker, question: AddCredential, factor: Factor, key: str, until_s: int | None
) -> Edited:
    """Where the list is somebody else's: at this controller only, for a while. Raises Denied."""
    id, why = question.holder, one_line(question.why)
    command = Enrol(issuer=who.name, why=why, holder=id, factor=factor, key=key, until_s=until_s)
    with at_once(place, Asked(who, By.ENROLLED, f"{factor.value} enrolled here", id, question.why)) as one:
        answer = one.ask(command)
        if not answer.done:
            raise Denied("people_gate_refused", reasons=" ".join(answer.reasons))
    return Edited(id=id, batch=0, at_gate=True, reasons=answer.reasons)


def put_credential(batch: Batch, holder: str, factor: Factor, key: str, fields: dict[str, str]) -> None:
    """A credential of a holder, which nobody has yet. Raises Denied, ChangeRefused."""
    there(batch, holder)
    entity, id = ("vehicle", key) if factor is Factor.PLATE else ("credential", f"{factor.value}:{key}")
    columns = dict(fields)
    if entity == "vehicle":
        columns.pop("printed", None)
    owner = owner_of(batch.db, factor, key)
    if owner is not None and factor is Factor.PLATE:
        raise Denied("people_plate_taken", field="key")  # whose it is takes a purpose in the journal (sheets.py)
    if owner is not None:
        _taken(batch.db, owner)
    edit.add(batch, entity, id, {"holder": holder, **columns})


def owner_of(db: sqlite3.Connection, factor: Factor, key: str) -> str | None:
    """Whose credential it is by the list."""
    if factor is Factor.PLATE:
        row = db.execute("SELECT holder FROM vehicle WHERE plate = ?", (key,)).fetchone()
    else:
        row = db.execute("SELECT holder FROM credential WHERE kind = ? AND key = ?", (KIND[factor], key)).fetchone()
    return None if row is None else str(row[0])


def _taken(db: sqlite3.Connection, owner: str) -> NoReturn:
    row = db.execute("SELECT name FROM holder WHERE id = ?", (owner,)).fetchone()
    raise Denied("people_key_taken", field="key", holder=owner, name=(row and row[0]) or owner)


def edit_credential(desk: Desk, who: Asker, question: EditCredential) -> Edited:
    """Raises Denied."""
    place = desk.place
    fields = _zoned(place, {name: text for name, text in question.fields.items() if name in CREDENTIAL_FIELDS})
    what = "credential removed" if question.remove else "credential changed"
    with place.served() as roster:
        pseudonyms = Pseudonyms(place.authority().keys_of(roster))
    with edited(place, who, what, holder=question.holder, why=question.why) as batch:
        unchanged(batch, question.holder, question.revision)
        found = credential_of(batch.db, question.holder, question.ref, pseudonyms)
        if question.remove:
            edit.remove(batch, found.entity, found.id)
        else:
            if found.entity == "vehicle":
                fields.pop("printed", None)
            edit.set_fields(batch, found.entity, found.id, fields)
    return Edited(id=question.holder, batch=batch.id if batch.changes else 0)


def credential_of(db: sqlite3.Connection, holder: str, ref: str, pseudonyms: Pseudonyms) -> Credential:
    """Raises Denied where the holder has none of this ref any more."""
    for each in credentials_of(db, holder, pseudonyms):
        if each.ref == ref:
            return each
    raise Denied("people_credential_gone")


# -- an empty list ----------------------------------------------------------------------------------------------------


def begin(desk: Desk, who: Asker, question: BeginSource) -> Edited:
    """Make the list, where there is none: with the rules of the roster in service, or one profile. Raises Denied."""
    place = desk.place
    if not place.rights().mine:
        raise Denied("people_not_ours")
    if place.source_path.exists():
        raise Denied("people_source_there")
    with place.served() as roster:
        everywhere = Profile(FIRST_PROFILE, (Rule(("*",), "always"),))
        book = Rulebook(1, {FIRST_PROFILE: everywhere}, {}) if roster is None else roster.rulebook()
    why, at_s = one_line(question.why), now_utc_s()
    told = promised(place, who, "list begun", batch=1, at_s=at_s, why=why)
    try:
        aside = place.source_path.with_name(place.source_path.name + ".new")
        for left in ("", "-wal", "-shm"):  # by a start that was cut
            remove(aside.with_name(aside.name + left))
        with (
            place.sourced(),
            Source.create(aside, time_zone=place.config.time_zone, who=who.name, why=why, at_s=at_s) as source,
            source.batch(Kind.RULES, who.name, why, at_s) as batch,
        ):
            write_rules(batch, Rules(book, None))
        aside.rename(place.source_path)
    except OSError as error:
        told.broken()
        raise Denied("people_source_failed", text=f"{place.source_path}: {error.strerror}") from error
    except BaseException:
        told.broken()
        raise
    told.kept()
    return Edited(id="", batch=batch.id)


LINES: Lines = {
    EditHolder: Line(MANAGERS, edit_holder, slow=True),
    EditHousehold: Line(MANAGERS, edit_household, slow=True),
    AddCredential: Line(MANAGERS, add_credential, slow=True),
    EditCredential: Line(MANAGERS, edit_credential, slow=True),
    BeginSource: Line(MANAGERS, begin, slow=True),
}
