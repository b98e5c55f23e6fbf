"""Edits by hand: one household, holder, credential or vehicle at a time, its columns as people write them.

Ids: of a credential KIND:KEY (card:H10301:12:34567, tag:...), of a vehicle its plate, else the id. Columns are those of
FIELDS; empty text clears one. Nothing is guessed: each text is understood exactly (roster/understood.py) or refused.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from firmware.core.access import Factor
from firmware.roster import understood
from firmware.roster.errors import shown
from firmware.roster.keys import KEY_CHARACTERS_MAX, KIND
from firmware.roster.source.batch import Batch
from firmware.roster.source.errors import ChangeMisused, ChangeRefused, FieldRefused
from firmware.roster.source.pins import Digester, pin_text, read_pin
from firmware.roster.source.schema import KEYS
from firmware.roster.understood import NotUnderstood

NAME_CHARACTERS_MAX = 100  # names, labels, kinds of vehicles
PHONE_CHARACTERS_MAX = 64  # several numbers, with spaces
NOTE_CHARACTERS_MAX = 1_000  # as long as a cell of a sheet
ID_CHARACTERS_MAX = KEY_CHARACTERS_MAX + 8  # the longest key behind its kind's name
_PIN = "pin:"
YES = {"yes": 1, "no": 0}

Value = str | int | None
_name = partial(understood.words, characters_max=NAME_CHARACTERS_MAX)
_note = partial(understood.words, characters_max=NOTE_CHARACTERS_MAX)


class _Context(NamedTuple):
    """What an edit is understood with."""

    db: sqlite3.Connection
    zone: tzinfo
    holder: str  # whose PIN it is; "" for a PIN of its own
    digester: Digester | None


class Field(NamedTuple):
    """One column as people write it."""

    column: str
    read: Callable[[_Context, str], Value]
    cleared: Value = None  # what empty text makes of it
    needed: bool = False  # it cannot be empty


def _words(understand: Callable[[str], Value]) -> Callable[[_Context, str], Value]:
    return lambda _, text: understand(text)


def _profiles(context: _Context, text: str) -> str:
    known = [name for (name,) in context.db.execute("SELECT name FROM profile ORDER BY name")]
    return msgspec.json.encode(understood.profiles(text, known)).decode()


def _pin(context: _Context, text: str) -> str:
    if context.digester is None:
        raise ChangeRefused("A PIN is kept as a digest only: give the state folder that has the digest key (--state).")
    return pin_text(context.digester, context.holder, text)


def _yes(text: str) -> int:
    if text not in YES:
        raise NotUnderstood(shown(text), f"allowed are {', '.join(YES)}")
    return YES[text]


_VALIDITY = {
    "status": Field("status", _words(understood.status), cleared=0),
    "valid_from": Field("valid_from_s", lambda context, text: understood.time(text, context.zone, end=False)),
    "valid_until": Field("valid_until_s", lambda context, text: understood.time(text, context.zone, end=True)),
    "use_limit": Field("use_limit", _words(partial(understood.count, least=1, most=understood.USES_MAX))),
}
_HOLDER = Field("holder", _words(understood.identifier), needed=True)

FIELDS: dict[str, dict[str, Field]] = {
    "household": {
        "label": Field("label", _words(_name)),
        "spaces": Field("spaces", _words(partial(understood.count, least=0, most=understood.SPACES_MAX))),
        "note": Field("note", _words(_note)),
    },
    "holder": {
        "household": Field("household", _words(understood.identifier)),
        "name": Field("name", _words(_name)),
        "phone": Field("phone", _words(partial(understood.words, characters_max=PHONE_CHARACTERS_MAX))),
        "relation": Field("relation", _words(_name)),
        "profiles": Field("profiles", _profiles, needed=True),
        "flags": Field("flags", _words(understood.flags), cleared=0),
        "pin_with": Field("pin_with", _pin),
        "duress_pin_with": Field("duress_pin_with", _pin),
        "note": Field("note", _words(_note)),
    },
    "credential": {
        "holder": _HOLDER,
        **_VALIDITY,
        "duress": Field("duress", _words(_yes), cleared=0),
        "printed": Field("printed", _words(_name)),
    },
    "vehicle": {
        "holder": _HOLDER,
        **_VALIDITY,
        "kind": Field("kind", _words(_name)),
        "description": Field("description", _words(_note)),
    },
}
PINS = ("pin_with", "duress_pin_with")  # the columns whose text is never shown


def add(batch: Batch, entity: str, id: str, fields: Mapping[str, str], digester: Digester | None = None) -> None:
    """Add one. Raises ChangeRefused: it is there already, a column is not understood, or a needed one is missing.

    A PIN that identifies alone is the credential `pin:DIGITS`.
    """
    key = key_of(entity, id, digester)
    if _there(batch.db, entity, key):
        owner = "" if "holder" not in FIELDS[entity] else f" It is of holder {_owner(batch.db, entity, key)}."
        if entity == "vehicle" and key != (id,):
            owner += f" A camera reads it as {key[0]}: it sees no space, dot or hyphen."
        raise ChangeRefused(f"{entity} {_named(entity, id)} is already there.{owner} Change it with `set`.")
    values = _values(batch, entity, id, fields, digester)
    missing = [name for name, field in FIELDS[entity].items() if field.needed and field.column not in values]
    if missing:
        raise FieldRefused(f"{entity} {_named(entity, id)}: {', '.join(missing)} must be given.", missing[0])
    row = {**dict(zip(KEYS[entity], key, strict=True)), **values}
    marks = ", ".join("?" * len(row))
    batch.db.execute(f"INSERT INTO {entity} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    _check(batch.db, entity, key, id)


def set_fields(batch: Batch, entity: str, id: str, fields: Mapping[str, str], digester: Digester | None = None) -> None:
    """Change columns of one. Raises ChangeRefused: it is not there, or a column is not understood."""
    key = _found(batch.db, entity, id)
    values = _values(batch, entity, id, fields, digester)
    if not values:
        raise ChangeRefused(f"{entity} {_named(entity, id)}: say what to change, as COLUMN=VALUE.")
    changed = ", ".join(f"{column} = ?" for column in values)
    batch.db.execute(f"UPDATE {entity} SET {changed} WHERE {_where(entity)}", (*values.values(), *key))
    _check(batch.db, entity, key, id)


def remove(batch: Batch, entity: str, id: str) -> None:
    """Remove one; a holder goes with all credentials and vehicles. Raises ChangeRefused where it is not there.

    A household that still has holders is refused when the batch ends, naming up to 20 of them.
    """
    key = _found(batch.db, entity, id)
    if entity == "holder":
        for owned in ("credential", "vehicle"):
            batch.db.execute(f"DELETE FROM {owned} WHERE holder = ?", key)
    batch.db.execute(f"DELETE FROM {entity} WHERE {_where(entity)}", key)


def key_of(entity: str, id: str, digester: Digester | None = None) -> tuple[Value, ...]:
    """The key columns of an id as people write it. Raises ChangeRefused."""
    if entity not in FIELDS:
        raise ChangeRefused(
            f"{shown(entity)} cannot be edited so: {', '.join(FIELDS)} can; profiles, schedules, special days and "
            "areas with `roster edit SOURCE rules RULES.toml`."
        )
    try:
        if not id.startswith(_PIN):  # a PIN is not shown, however it was mistyped
            understood.words(id, ID_CHARACTERS_MAX)
        if entity == "vehicle":
            return (understood.plate(id),)
        if entity != "credential":
            return (understood.identifier(id),)
        word, _, text = id.partition(":")
        kinds = [factor.value for factor in Factor if factor is not Factor.PLATE]
        if word not in kinds:
            hint = "a plate is a vehicle's; " if word == Factor.PLATE.value else ""
            found = shown(word) if word else "nothing"
            raise NotUnderstood(found, f"{hint}KIND:KEY is allowed, KIND one of {', '.join(kinds)}")
        factor = Factor(word)
        if factor is Factor.PIN and read_pin(text) is None:
            if digester is None:
                raise ChangeRefused(
                    "credential pin: write it as `show` does; a new PIN needs the digest key (--state)."
                )
            return KIND[factor], pin_text(digester, "", text)
        return KIND[factor], text if factor is Factor.PIN else understood.key(factor, text)
    except NotUnderstood as error:
        raise ChangeRefused(f"{entity}: {error}") from error


def _values(
    batch: Batch, entity: str, id: str, fields: Mapping[str, str], digester: Digester | None
) -> dict[str, Value]:
    (zone,) = batch.db.execute("SELECT value FROM setting WHERE name = 'time_zone'").fetchone()
    context = _Context(batch.db, ZoneInfo(zone), id if entity == "holder" else "", digester)
    values: dict[str, Value] = {}
    for name, text in fields.items():
        field = FIELDS[entity].get(name)
        if field is None:
            raise ChangeMisused(f"{entity} has no column {shown(name)}: it has {', '.join(FIELDS[entity])}.")
        stripped = text.strip()
        if not stripped and field.needed:
            raise FieldRefused(f"{entity} {_named(entity, id)}: {name} cannot be empty.", name)
        try:
            values[field.column] = field.read(context, stripped) if stripped else field.cleared
        except NotUnderstood as error:
            raise FieldRefused(f"{entity} {_named(entity, id)}, {name}: {error}", name, error.found) from error
    return values


def _check(db: sqlite3.Connection, entity: str, key: tuple[Value, ...], id: str) -> None:
    """What only the whole row shows."""
    if entity == "holder":
        profiles, plain, duress = db.execute(
            "SELECT profiles, pin_with, duress_pin_with FROM holder WHERE id = ?", key
        ).fetchone()
        if profiles == "[]":
            raise FieldRefused(f"holder {_named(entity, id)}: profiles cannot be empty.", "profiles")
        if plain is not None and plain == duress:
            message = f"holder {_named(entity, id)}: the duress PIN must differ from the other one."
            raise FieldRefused(message, "duress_pin_with")
    elif entity in ("credential", "vehicle"):
        sql = f"SELECT valid_from_s, valid_until_s FROM {entity} WHERE {_where(entity)}"
        start, end = db.execute(sql, key).fetchone()
        if start is not None and end is not None and start >= end:
            message = f"{entity} {_named(entity, id)}: valid_until must be after valid_from."
            raise FieldRefused(message, "valid_until")


def _found(db: sqlite3.Connection, entity: str, id: str) -> tuple[Value, ...]:
    key = key_of(entity, id)
    if not _there(db, entity, key):
        raise ChangeRefused(
            f"{entity} {_named(entity, id)} is not there. `menshen roster show SOURCE search` finds it."
        )
    return key


def _there(db: sqlite3.Connection, entity: str, key: tuple[Value, ...]) -> bool:
    return db.execute(f"SELECT 1 FROM {entity} WHERE {_where(entity)}", key).fetchone() is not None


def _owner(db: sqlite3.Connection, entity: str, key: tuple[Value, ...]) -> str:
    return str(db.execute(f"SELECT holder FROM {entity} WHERE {_where(entity)}", key).fetchone()[0])


def _where(entity: str) -> str:
    return " AND ".join(f"{key} = ?" for key in KEYS[entity])


def _named(entity: str, id: str) -> str:
    """An id for a message; never the digits of a PIN."""
    if entity == "credential" and id.startswith(_PIN):
        return "pin"
    return shown(id, bare=True)
