"""What the staged rows would make of the source, as tables of its own columns: the rows as they will be.

`new_household`, `new_holder`, `new_credential` and `new_vehicle` hold every row that the sheet names, as it will stand;
`gone` the ids that are to be removed. A column that the sheet lacks keeps what the source has.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from typing import NamedTuple

from firmware.core.access import Factor
from firmware.roster.errors import shown
from firmware.roster.importing.lines import NOT_GIVEN
from firmware.roster.importing.mapping import EVERYTHING
from firmware.roster.importing.matching import Conflict
from firmware.roster.importing.staging import Staging
from firmware.roster.importing.words import WITHDRAWN
from firmware.roster.keys import KIND
from firmware.roster.source.pins import Digester, pin_text

_PLATE = KIND[Factor.PLATE]
_HOLDER_TEXTS = ("household", "name", "phone", "relation", "profiles", "note")  # of a line, "" where the cell is empty
_AGREED = (*((column, "''") for column in _HOLDER_TEXTS), ("flags", "0"))  # with what an empty cell is
_NO_PROFILES = "[]"


class Whole(NamedTuple):
    """How much of the source the sheet is the whole list of."""

    scope: str | None  # HOUSEHOLDS, EVERYTHING; None: what it does not name stays
    kinds: frozenset[int]  # of credentials for which it has columns


def differ(
    staging: Staging, whole: Whole, default_profiles: str | None, digester: Digester | None
) -> Iterator[Conflict]:
    """Make the tables; the rows that cannot be, beside others or beside the source, are given back."""
    db = staging.db
    yield from _holders(db, default_profiles)
    yield from _pins(staging, digester)
    yield from _households(db)
    _issued(db)
    yield from _same_card(db)
    _scope(db, whole)
    yield from _card_of_another(db)
    _credentials(db)
    _gone(db, whole)


def _merged(column: str) -> str:
    """The value that the rows of one person agree on; an empty cell agrees with every value."""
    return f"max(l.{column}) AS {column}"


def _holders(db: sqlite3.Connection, default_profiles: str | None) -> Iterator[Conflict]:
    """`want` and `new_holder`."""
    texts = ", ".join(_merged(column) for column in _HOLDER_TEXTS)
    differs = " + ".join(
        f"(min(nullif(l.{column}, {empty})) IS NOT max(nullif(l.{column}, {empty}))) * {1 << place}"
        for place, (column, empty) in enumerate(_AGREED)
    )
    db.execute(
        "CREATE TABLE temp.want AS SELECT p.id AS id, min(l.n) AS n, max(l.n) AS last, max(p.fresh) AS fresh,"
        f" {texts}, max(l.flags) AS flags, {differs} AS differs"
        " FROM temp.line l JOIN temp.person p ON p.key = l.person GROUP BY p.id"
    )
    db.execute("CREATE UNIQUE INDEX temp.want_id ON want (id)")
    keep = ", ".join(
        f"CASE WHEN w.{column} IS NULL THEN h.{column} ELSE nullif(w.{column}, '') END"
        for column in ("household", "name", "phone", "relation")
    )
    db.execute(
        "CREATE TABLE temp.new_holder (id TEXT PRIMARY KEY, household TEXT, name TEXT, phone TEXT, relation TEXT,"
        " profiles TEXT, flags INTEGER, pin_with TEXT, duress_pin_with TEXT, note TEXT) WITHOUT ROWID"
    )
    db.execute(
        f"INSERT INTO temp.new_holder SELECT w.id, {keep},"
        " coalesce(nullif(w.profiles, ''), h.profiles, ?), coalesce(w.flags, h.flags, 0), h.pin_with,"
        " h.duress_pin_with, CASE WHEN w.note IS NULL THEN h.note ELSE nullif(w.note, '') END"
        " FROM temp.want w LEFT JOIN main.holder h ON h.id = w.id ORDER BY w.id",
        (default_profiles,),
    )
    contradicted = "SELECT n, last, name, differs FROM temp.want WHERE differs <> 0 ORDER BY n"
    for n, last, name, bits in db.execute(contradicted):
        for place, (column, _) in enumerate(_AGREED):
            if bits >> place & 1:
                yield Conflict(n, column, shown(name or ""), "rows_differ", {"n": last, "column": column})
                yield Conflict(last, column, shown(name or ""), "rows_differ", {"n": n, "column": column})
    bare = "SELECT w.n FROM temp.want w JOIN temp.new_holder h ON h.id = w.id WHERE h.profiles IS NULL ORDER BY w.n"
    for (n,) in db.execute(bare):
        yield Conflict(n, "profiles", '""', "profile_missing", {})
    db.execute("UPDATE temp.new_holder SET profiles = ? WHERE profiles IS NULL", (_NO_PROFILES,))


def _pins(staging: Staging, digester: Digester | None) -> Iterator[Conflict]:
    """Digest the PINs that are given beside another credential: their salt is the holder's id."""
    db = staging.db
    db.execute("CREATE TABLE temp.pin (id TEXT, name TEXT, text TEXT, n INTEGER, PRIMARY KEY (id, name))")
    whose = "SELECT p.id FROM temp.line l JOIN temp.person p ON p.key = l.person WHERE l.n = ?"
    for n, column, text in staging.pins():
        found = db.execute(whose, (n,)).fetchone()
        if found is None:
            continue  # its row was left out
        digest = pin_text(digester, found[0], text) if text.isdecimal() and digester is not None else text
        sql = "INSERT INTO temp.pin VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n RETURNING text, n"
        other, first = db.execute(sql, (found[0], column, digest, n)).fetchone()
        if other != digest:
            yield Conflict(n, column, "", "rows_differ", {"n": first, "column": column})
    for column in ("pin_with", "duress_pin_with"):
        db.execute(
            f"UPDATE temp.new_holder SET {column} = p.text FROM temp.pin p WHERE p.id = new_holder.id AND p.name = ?",
            (column,),
        )
    same = (
        "SELECT a.n FROM temp.pin a JOIN temp.pin b ON b.id = a.id AND b.text = a.text AND b.name > a.name ORDER BY 1"
    )
    for (n,) in db.execute(same):
        yield Conflict(n, "duress_pin_with", "", "pin_same", {})


def _households(db: sqlite3.Connection) -> Iterator[Conflict]:
    """`new_household`. How a household is written is its label only where that is not its id."""
    db.execute(
        "CREATE TABLE temp.new_household (id TEXT PRIMARY KEY, label TEXT, spaces INTEGER, note TEXT, n INTEGER,"
        " last INTEGER, differs INTEGER) WITHOUT ROWID"
    )
    db.execute(
        "INSERT INTO temp.new_household SELECT l.household,"
        " CASE WHEN max(l.label) IS NOT NULL THEN nullif(max(l.label), '')"
        " WHEN h.id IS NOT NULL THEN h.label ELSE nullif(max(l.written), l.household) END,"
        f" CASE WHEN max(l.spaces) IS NULL THEN h.spaces ELSE nullif(max(l.spaces), {NOT_GIVEN}) END,"
        " CASE WHEN max(l.household_note) IS NULL THEN h.note ELSE nullif(max(l.household_note), '') END,"
        " min(l.n), max(l.n),"
        f" min(nullif(l.spaces, {NOT_GIVEN})) IS NOT max(nullif(l.spaces, {NOT_GIVEN}))"
        " FROM temp.line l LEFT JOIN main.household h ON h.id = l.household"
        " WHERE l.household <> '' GROUP BY l.household"
    )
    sql = "SELECT n, last, id FROM temp.new_household WHERE differs ORDER BY n"
    for n, last, id in db.execute(sql):
        yield Conflict(n, "spaces", shown(id), "rows_differ", {"n": last, "column": "spaces"})
        yield Conflict(last, "spaces", shown(id), "rows_differ", {"n": n, "column": "spaces"})


def _issued(db: sqlite3.Connection) -> None:
    """`issued`: every credential of the sheet once, by its first row; `withdrawn`: those that were given back."""
    db.execute(
        "CREATE TABLE temp.issued (kind INTEGER, key TEXT, holder TEXT, n INTEGER, status INTEGER, duress INTEGER,"
        " valid_from_s INTEGER, valid_until_s INTEGER, use_limit INTEGER, printed TEXT, vehicle_kind TEXT,"
        " vehicle_description TEXT, place INTEGER, PRIMARY KEY (kind, key)) WITHOUT ROWID"
    )
    columns = (
        "i.kind, i.key, p.id, i.n, i.status, i.duress, i.valid_from_s, i.valid_until_s, i.use_limit, i.printed,"
        " i.vehicle_kind, i.vehicle_description, i.place"
    )
    joined = "FROM temp.item i JOIN temp.line l ON l.n = i.n JOIN temp.person p ON p.key = l.person"
    db.execute(
        f"INSERT OR IGNORE INTO temp.issued SELECT {columns} {joined} WHERE i.status IS NOT {WITHDRAWN} ORDER BY i.n"
    )
    db.execute(
        f"CREATE TABLE temp.withdrawn AS SELECT i.kind AS kind, i.key AS key, p.id AS holder {joined}"
        f" WHERE i.status = {WITHDRAWN}"
    )
    db.execute("CREATE INDEX temp.withdrawn_key ON withdrawn (kind, key)")  # else each card of the source reads it all


def _same_card(db: sqlite3.Connection) -> Iterator[Conflict]:
    """A credential that stands in the sheet for two holders, or twice for one and not alike."""
    again = (
        "SELECT i.n, i.kind, i.key, i.place, s.n, s.place, s.holder = p.id, coalesce(l.name, p.id),"
        " coalesce(o.name, s.holder), l.household, o.household, i.printed IS NOT s.printed, i.printed, s.printed"
        " FROM temp.item i JOIN temp.line l ON l.n = i.n JOIN temp.person p ON p.key = l.person"
        " JOIN temp.issued s ON s.kind = i.kind AND s.key = i.key JOIN temp.line o ON o.n = s.n"
        f" WHERE i.status IS NOT {WITHDRAWN} AND (s.holder <> p.id OR i.status IS NOT s.status OR i.duress <> s.duress"
        " OR i.valid_from_s IS NOT s.valid_from_s OR i.valid_until_s IS NOT s.valid_until_s"
        " OR i.use_limit IS NOT s.use_limit OR (i.kind = 1 AND i.printed IS NOT s.printed)) ORDER BY i.n"
    )
    rows = db.execute(again)
    for n, kind, key, place, first, first_place, same, name, other, home, other_home, differs, *written in rows:
        if kind == _PLATE and not same and differs:  # to a camera they are one plate, to people perhaps two
            here, there = (shown(text or key) for text in written)
            code = "two_plates_to_people"
        else:
            here = there = shown(key) if kind != KIND[Factor.PIN] else ""
            card = differs and kind == KIND[Factor.CARD]
            code = "two_holders" if not same else "two_cards_one_key" if card else "credential_twice"
        who, whom = _named(name, home), _named(other, other_home)
        yield Conflict(n, f"#{place}", here, code, {"n": first, "who": who, "other": whom, "written": there})
        yield Conflict(first, f"#{first_place}", there, code, {"n": n, "who": whom, "other": who, "written": here})


def _named(name: str, household: str | None) -> str:
    """A person, for a message to the office."""
    return shown(name, bare=True) + (f" ({shown(household, bare=True)})" if household else "")


def _scope(db: sqlite3.Connection, whole: Whole) -> None:
    """`scope`: the holders of the source of whom the sheet is the whole list."""
    if whole.scope is None:
        where = "false"
    elif whole.scope == EVERYTHING:
        where = "true"
    else:
        where = "household IN (SELECT id FROM temp.new_household) OR id IN (SELECT id FROM temp.want)"
    db.execute("CREATE TABLE temp.scope (id TEXT PRIMARY KEY) WITHOUT ROWID")
    db.execute(f"INSERT INTO temp.scope SELECT id FROM main.holder WHERE {where} ORDER BY id")


def _card_of_another(db: sqlite3.Connection) -> Iterator[Conflict]:
    """A credential that is somebody else's in the source, of whom the sheet is not the whole list."""
    for entity, on in (("credential", "k.kind = s.kind AND k.key = s.key"), ("vehicle", "k.plate = s.key")):
        kind = "s.kind <> 4" if entity == "credential" else "s.kind = 4"
        sql = (
            "SELECT s.n, s.kind, s.key, s.place, coalesce(w.name, s.holder), w.household, k.holder, h.name, h.household"
            f" FROM temp.issued s JOIN main.{entity} k ON {on} JOIN temp.want w ON w.id = s.holder"
            f" LEFT JOIN main.holder h ON h.id = k.holder WHERE {kind} AND k.holder <> s.holder"
            " AND NOT EXISTS (SELECT 1 FROM temp.scope c WHERE c.id = k.holder)"
            " AND NOT EXISTS (SELECT 1 FROM temp.withdrawn d WHERE d.kind = s.kind AND d.key = s.key"
            f" AND d.holder = k.holder) ORDER BY s.n"
        )
        for n, number, key, place, name, home, id, other, other_home in db.execute(sql):
            found = shown(key) if number != KIND[Factor.PIN] else ""
            values = {"who": _named(name, home), "other": _named(other or id, other_home), "id": id}
            yield Conflict(n, f"#{place}", found, "plate_of_another" if number == _PLATE else "card_of_another", values)


def _credentials(db: sqlite3.Connection) -> None:
    """`new_credential` and `new_vehicle`, as they will stand."""

    def number(column: str) -> str:
        return f"CASE WHEN s.{column} IS NULL THEN k.{column} ELSE nullif(s.{column}, {NOT_GIVEN}) END"

    common = f"coalesce(s.status, k.status, 0), {{duress}}{number('valid_from_s')}, {number('valid_until_s')}"
    common += f", {number('use_limit')}"
    db.execute(
        "CREATE TABLE temp.new_credential (kind INTEGER, key TEXT, holder TEXT, status INTEGER, duress INTEGER,"
        " valid_from_s INTEGER, valid_until_s INTEGER, use_limit INTEGER, printed TEXT, PRIMARY KEY (kind, key))"
        " WITHOUT ROWID"
    )
    db.execute(
        f"INSERT INTO temp.new_credential SELECT s.kind, s.key, s.holder, {common.format(duress='s.duress, ')},"
        " coalesce(s.printed, k.printed) FROM temp.issued s"
        f" LEFT JOIN main.credential k ON k.kind = s.kind AND k.key = s.key WHERE s.kind <> {_PLATE}"
    )
    db.execute(
        "CREATE TABLE temp.new_vehicle (plate TEXT PRIMARY KEY, holder TEXT, kind TEXT, description TEXT,"
        " status INTEGER, valid_from_s INTEGER, valid_until_s INTEGER, use_limit INTEGER) WITHOUT ROWID"
    )
    keep = "CASE WHEN s.vehicle_{0} IS NULL THEN k.{0} ELSE nullif(s.vehicle_{0}, '') END"
    db.execute(
        f"INSERT INTO temp.new_vehicle SELECT s.key, s.holder, {keep.format('kind')}, {keep.format('description')},"
        f" {common.format(duress='')} FROM temp.issued s"
        f" LEFT JOIN main.vehicle k ON k.plate = s.key WHERE s.kind = {_PLATE}"
    )


def _gone(db: sqlite3.Connection, whole: Whole) -> None:
    """`gone`: what is to be removed. Whoever loses the last credential goes too, if the sheet does not name them."""
    db.execute("CREATE TABLE temp.gone (entity TEXT, kind INTEGER, key TEXT, PRIMARY KEY (entity, kind, key))")
    add = "INSERT OR IGNORE INTO temp.gone"
    here = "EXISTS (SELECT 1 FROM temp.issued s WHERE s.kind = {kind} AND s.key = {key})"
    scope = "k.holder IN (SELECT id FROM temp.scope)"
    given_back = (
        "EXISTS (SELECT 1 FROM temp.withdrawn d WHERE d.kind = {kind} AND d.key = {key} AND d.holder = k.holder)"
    )
    for entity, kind, key, kinds in (
        ("credential", "k.kind", "k.key", whole.kinds - {_PLATE}),
        ("vehicle", str(_PLATE), "k.plate", whole.kinds & {_PLATE}),
    ):
        listed = f"{kind} IN ({_numbers(kinds)}) AND {scope}" if kinds else "false"
        db.execute(
            f"{add} SELECT '{entity}', {kind}, {key} FROM main.{entity} k"
            f" WHERE NOT {here.format(kind=kind, key=key)} AND (({listed}) OR {given_back.format(kind=kind, key=key)})"
        )
    if whole.scope is None or not whole.kinds:
        return
    left = (
        "EXISTS (SELECT 1 FROM main.credential k WHERE k.holder = h.id AND NOT EXISTS (SELECT 1 FROM temp.gone g"
        " WHERE g.entity = 'credential' AND g.kind = k.kind AND g.key = k.key)"
        " AND NOT EXISTS (SELECT 1 FROM temp.issued s WHERE s.kind = k.kind AND s.key = k.key))"
        " OR EXISTS (SELECT 1 FROM main.vehicle k WHERE k.holder = h.id AND NOT EXISTS (SELECT 1 FROM temp.gone g"
        f" WHERE g.entity = 'vehicle' AND g.kind = {_PLATE} AND g.key = k.plate)"
        f" AND NOT EXISTS (SELECT 1 FROM temp.issued s WHERE s.kind = {_PLATE} AND s.key = k.plate))"
    )
    owned = "EXISTS (SELECT 1 FROM main.credential k WHERE k.holder = h.id)"
    cards = KIND[Factor.CARD] in whole.kinds  # a list of vehicles says nothing about those who have none
    db.execute(
        f"{add} SELECT 'holder', 0, h.id FROM main.holder h JOIN temp.scope c ON c.id = h.id"
        f" WHERE NOT EXISTS (SELECT 1 FROM temp.want w WHERE w.id = h.id) AND NOT ({left})"
        f" AND ({'true' if cards else owned + ' OR EXISTS (SELECT 1 FROM main.vehicle k WHERE k.holder = h.id)'})"
    )
    if whole.scope == EVERYTHING:
        db.execute(
            f"{add} SELECT 'household', 0, f.id FROM main.household f"
            " WHERE NOT EXISTS (SELECT 1 FROM temp.new_household n WHERE n.id = f.id)"
            " AND NOT EXISTS (SELECT 1 FROM main.holder h WHERE h.household = f.id"
            " AND NOT EXISTS (SELECT 1 FROM temp.gone g WHERE g.entity = 'holder' AND g.kind = 0 AND g.key = h.id)"
            " AND NOT EXISTS (SELECT 1 FROM temp.want w WHERE w.id = h.id))"
        )


def _numbers(kinds: Collection[int]) -> str:
    return ", ".join(str(kind) for kind in sorted(kinds))
