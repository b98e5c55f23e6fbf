"""Rows of the source as the desk works with them: a holder, its credentials by their pseudonyms, what the gate has."""

from __future__ import annotations

import sqlite3
from typing import Any, NamedTuple

import msgspec

from firmware.core.access import Factor
from firmware.people_words.holders import PersonRow
from firmware.roster.keys import KIND, token_of
from firmware.roster.roster import Enrolled, Roster
from firmware.roster.schema import FLAGS, STATUSES
from firmware.roster.source.pins import read_pin

FACTOR = {number: factor for factor, number in KIND.items()}
PHONE_END = 4  # digits of a phone that stand in a list: enough to tell two of a name apart
PEOPLE_SQL = (
    "SELECT h.id, h.name, h.household, u.label, h.relation, h.phone, h.profiles,"
    " (SELECT count(*) FROM credential WHERE holder = h.id) + (SELECT count(*) FROM vehicle WHERE holder = h.id)"
    " FROM holder AS h LEFT JOIN household AS u ON u.id = h.household"
)
_names = msgspec.json.Decoder(tuple[str, ...])


class Pseudonyms(NamedTuple):
    """Makes the refs of credentials: the keys of the roster in service, whose tokens the gate's entries have."""

    keys: Any  # firmware.roster.authority.Keys

    def ref(self, factor: Factor, key: str | bytes) -> str:
        return token_of(self.keys, factor, key)


class Credential(NamedTuple):
    """One credential of the source; a vehicle's plate is one. `key` is as the roster has it: a PIN's is its digest."""

    ref: str
    factor: Factor
    key: str | bytes
    id: str  # as edits of the source name it: card:H10301:12:34567, a plate
    status: int
    duress: bool
    valid_from_s: int | None
    valid_until_s: int | None
    use_limit: int | None
    printed: str

    @property
    def entity(self) -> str:
        return "vehicle" if self.factor is Factor.PLATE else "credential"


def credentials_of(db: sqlite3.Connection, holder: str, pseudonyms: Pseudonyms) -> list[Credential]:
    """All of a holder, by kind and key."""
    rows = db.execute(
        "SELECT kind, key, status, duress, valid_from_s, valid_until_s, use_limit, printed FROM credential"
        " WHERE holder = ? UNION ALL SELECT ?, plate, status, 0, valid_from_s, valid_until_s, use_limit, kind"
        " FROM vehicle WHERE holder = ? ORDER BY 1, 2",
        (holder, KIND[Factor.PLATE], holder),
    )
    found = []
    for number, text, status, duress, valid_from_s, valid_until_s, use_limit, printed in rows:
        factor = FACTOR[number]
        key: str | bytes = text
        if factor is Factor.PIN:
            pin = read_pin(text)
            key = b"" if pin is None else pin.digest
        id = text if factor is Factor.PLATE else f"{factor.value}:{text}"
        validity = (valid_from_s, valid_until_s, use_limit)
        ref = pseudonyms.ref(factor, key)
        found.append(Credential(ref, factor, key, id, status, bool(duress), *validity, printed or ""))
    return found


def shown(factor: Factor, key: str | bytes) -> str:
    """A credential as a manager sees it: no PIN, and of a code only its end."""
    if factor is Factor.PIN or isinstance(key, bytes):
        return ""
    if factor is Factor.CODE:
        return f"…{key[-4:]}" if len(key) > 8 else "…"
    return key


def person(row: tuple[Any, ...], mark: str = "") -> PersonRow:
    """A row of PEOPLE_SQL."""
    id, name, household, label, relation, phone, profiles, credentials = row
    digits = "".join(letter for letter in phone or "" if letter.isdecimal())
    return PersonRow(
        id=id,
        name=name or "",
        household=household or "",
        label=label or "",
        relation=relation or "",
        phone_end=digits[-PHONE_END:] if len(digits) > PHONE_END else "",
        profiles=_names.decode(profiles),
        credentials=credentials,
        mark=mark,
    )


def same_at_gate(mine: Credential, theirs: Enrolled, holder: str) -> bool:
    """Whether the gate has this credential just so."""
    return (
        theirs.holder == holder
        and theirs.status == STATUSES[mine.status]
        and theirs.duress == mine.duress
        and (theirs.valid_from_s, theirs.valid_until_s, theirs.use_limit)
        == (mine.valid_from_s, mine.valid_until_s, mine.use_limit)
    )


def holder_at_gate(roster: Roster | None, db: sqlite3.Connection, holder: str) -> str:
    """How what the list says of the holder as a whole stands to the gate: in_force, changed, waiting, unknown."""
    if roster is None:
        return "unknown"
    theirs = roster.holder(holder)
    row = db.execute(
        "SELECT household, profiles, flags, spaces FROM holder LEFT JOIN household ON household.id = household"
        " WHERE holder.id = ?",
        (holder,),
    ).fetchone()
    if theirs is None:
        return "waiting"
    household, profiles, flags, spaces = row
    mine = (household, tuple(sorted(_names.decode(profiles))), flags, spaces)
    same = mine == (theirs.household, tuple(sorted(theirs.profiles)), theirs.flags, theirs.spaces)
    return "in_force" if same else "changed"


def revision_of(db: sqlite3.Connection, holder: str) -> int:
    """The newest batch that touched a holder, or one of its credentials now; 0: none did."""
    owned = (
        "SELECT kind || ':' || key FROM credential WHERE holder = :id",
        "SELECT plate FROM vehicle WHERE holder = :id",
    )
    sql = (
        "SELECT max((SELECT ifnull(max(batch), 0) FROM change WHERE entity = 'holder' AND id = :id),"
        f" (SELECT ifnull(max(batch), 0) FROM change WHERE entity = 'credential' AND id IN ({owned[0]})),"
        f" (SELECT ifnull(max(batch), 0) FROM change WHERE entity = 'vehicle' AND id IN ({owned[1]})))"
    )
    return int(db.execute(sql, {"id": holder}).fetchone()[0])


def flags_of(bits: int) -> str:
    """As forms and edits write them."""
    return ";".join(name for name, bit in FLAGS.items() if bits & bit)
