"""What the desk shows of holders: the list that was sought, and everything of one, beside what the gate has of it."""

from __future__ import annotations

import sqlite3

import msgspec

from firmware.core.access import Factor
from firmware.core.account_facts import Act
from firmware.messages import LocalEntry
from firmware.people.errors import Denied
from firmware.people.line import MANAGERS, Desk, Line, Lines
from firmware.people.place import Local, Place
from firmware.people.promises import tell
from firmware.people.rows import (
    PEOPLE_SQL,
    Credential,
    Pseudonyms,
    credentials_of,
    flags_of,
    holder_at_gate,
    person,
    revision_of,
    same_at_gate,
    shown,
)
from firmware.people.standing import served_batch
from firmware.people_words.base import Asker
from firmware.people_words.holders import (
    MEMBERS_MAX,
    PAGE_ROWS,
    AskChoices,
    Choices,
    CredentialRow,
    FindPeople,
    Happened,
    HolderSheet,
    HouseholdSheet,
    LocalRow,
    LookAtHolder,
    LookAtHousehold,
    PeopleFound,
    PersonRow,
)
from firmware.roster.keys import ID, canonical, valid
from firmware.roster.roster import Enrolled, Roster
from firmware.roster.schema import FLAGS, STATUSES

HISTORY_MAX = 8
CREDENTIALS_MAX = 500  # of one holder, in one answer; a fleet may have thousands
PURPOSE_CHARACTERS_MIN = 5
FORM_FLAGS = tuple(name for name in FLAGS if name not in ("visitor",))
_NO_LOCAL = Local((), 0)


def find(desk: Desk, who: Asker, question: FindPeople) -> PeopleFound:
    """Raises Denied."""
    place, text = desk.place, question.text.strip()
    if question.plate:
        return _by_plate(desk, who, question)
    if not place.source_path.exists():
        return _in_roster(place, text)
    ids, more = desk.index.find(text, question.skip, PAGE_ROWS)
    with place.reading() as source:
        marks = _marks(place)
        rows = [
            person(row, marks.get(id, ""))
            for id in ids
            if (row := source.db.execute(f"{PEOPLE_SQL} WHERE h.id = ?", (id,)).fetchone()) is not None
        ]
    return PeopleFound(rows=tuple(rows), more=more)


def _by_plate(desk: Desk, who: Asker, question: FindPeople) -> PeopleFound:
    """Whose plate it is, exactly: for a purpose, which the journal has first. Whether it is known is answered then."""
    key = canonical(Factor.PLATE, question.text)
    if not valid(Factor.PLATE, key):
        raise Denied("people_bad_plate", field="text")
    if len(question.purpose.strip()) < PURPOSE_CHARACTERS_MIN:
        raise Denied("people_purpose_needed", field="purpose")
    place = desk.place
    with place.served() as roster:
        keys = place.authority().keys_of(roster)
        known = None if roster is None else roster.find(Factor.PLATE, key)
    tell(place, who, Act.LOOKED_UP, f"plate {Pseudonyms(keys).ref(Factor.PLATE, key)}", why=question.purpose)
    if not place.source_path.exists():
        return PeopleFound(rows=() if known is None else (PersonRow(id=known.holder),), source=False)
    with place.reading() as source:
        sql = f"{PEOPLE_SQL} JOIN vehicle AS v ON v.holder = h.id WHERE v.plate = ?"
        return PeopleFound(rows=tuple(person(row) for row in source.db.execute(sql, (key,))))


def _in_roster(place: Place, text: str) -> PeopleFound:
    """Where the list is somebody else's: a holder by its id, or by the whole of a card's number."""
    found: Enrolled | None = None
    with place.served() as roster:
        if roster is not None and text:
            found = roster.holder(text) if ID.fullmatch(text) else None
            found = found or (roster.find(Factor.CARD, text) if valid(Factor.CARD, text) else None)
        if roster is None or found is None:
            return PeopleFound(rows=(), source=False)
        owned = len(roster.credentials_of(found.holder))
    row = PersonRow(id=found.holder, household=found.household or "", profiles=found.profiles, credentials=owned)
    return PeopleFound(rows=(row,), source=False)


def _marks(place: Place) -> dict[str, str]:
    """Who is held as a whole by a local entry now."""
    try:
        entries = place.local(wait=False).entries
    except Denied:
        return {}
    return {entry.holder: "suspended" for entry in entries if entry.kind == "suspend" and entry.credential is None}


def choices(desk: Desk, _who: Asker, _question: AskChoices) -> Choices:
    """Raises Denied."""
    return _choices(desk.place)


def _choices(place: Place) -> Choices:
    config = place.config
    readers = tuple(
        reader for portal in config.site.portals for point in portal.access_points for reader in point.readers
    )
    offered = Choices(
        flags=FORM_FLAGS,
        readers=tuple(dict.fromkeys(readers)),
        formats=place.card_formats(),
        time_zone=config.time_zone,
        mine=place.rights().mine,
        source=place.source_path.exists(),
    )
    if offered.source:
        with place.reading() as source:
            names = tuple(name for (name,) in source.db.execute("SELECT name FROM profile ORDER BY name"))
        return msgspec.structs.replace(offered, profiles=names)
    with place.served() as roster:
        names = () if roster is None else tuple(sorted(roster.rulebook().profiles))
    return msgspec.structs.replace(offered, profiles=names)


def look(desk: Desk, _who: Asker, question: LookAtHolder) -> HolderSheet:
    """Raises Denied."""
    place = desk.place
    try:
        local, known = place.local(), True
    except Denied:
        local, known = _NO_LOCAL, False
    offered = _choices(place)
    with place.served() as roster:
        if roster is not None and known and local.roster_version != roster.version:
            roster = None  # the file is not what the controller says it serves: nothing is shown as in force
        pseudonyms = Pseudonyms(place.authority().keys_of(roster))
        if not offered.source:
            return _sheet_of_roster(place, roster, question, local, known, offered, pseudonyms)
        with place.reading() as source, source.snapshot() as db:
            row = db.execute(
                "SELECT h.name, h.phone, h.relation, h.profiles, h.flags, h.note, u.label, u.id, u.spaces,"
                " h.pin_with, h.duress_pin_with FROM holder AS h LEFT JOIN household AS u ON u.id = h.household"
                " WHERE h.id = ?",
                (question.holder,),
            ).fetchone()
            if row is None:
                return _sheet_of_roster(place, roster, question, local, known, offered, pseudonyms)
            name, phone, relation, profiles, flags, note, label, household, spaces, pin, duress = row
            mine = credentials_of(db, question.holder, pseudonyms)
            rows = _asked(_credential_rows(mine, roster, question.holder, local, pseudonyms), question)
            served = served_batch(source, "" if roster is None else roster.seal.source)
            return HolderSheet(
                id=question.holder,
                revision=revision_of(db, question.holder),
                fields={
                    "name": name or "",
                    "phone": phone or "",
                    "relation": relation or "",
                    "profiles": ";".join(_decoded(profiles)),
                    "flags": flags_of(flags),
                    "note": note or "",
                    "household": household or "",
                },
                label=label or "",
                spaces=spaces,
                at_gate=holder_at_gate(roster, db, question.holder),
                pin_with=pin is not None,
                duress_with=duress is not None,
                credentials=rows[:CREDENTIALS_MAX],
                credentials_more=max(0, len(rows) - CREDENTIALS_MAX),
                local=_local_rows(local, question.holder),
                local_known=known,
                members=_members(db, household, question.holder),
                history=_history(db, question.holder, served),
                choices=offered,
            )


def _sheet_of_roster(
    place: Place,
    roster: Roster | None,
    question: LookAtHolder,
    local: Local,
    known: bool,
    offered: Choices,
    pseudonyms: Pseudonyms,
) -> HolderSheet:
    """What is known of somebody who is not in a list here: by the roster, and by local entries."""
    holder = question.holder
    theirs = None if roster is None else roster.holder(holder)
    mine = _local_rows(local, holder)
    if theirs is None and not mine:
        raise Denied("people_not_found", holder=holder[:32])
    rows = _asked(_credential_rows([], roster, holder, local, pseudonyms), question)
    if not place.source_path.exists():
        rows = tuple(_in_force(row) for row in rows)
    fields = {} if theirs is None else {"household": theirs.household or "", "profiles": ";".join(theirs.profiles)}
    return HolderSheet(
        id=holder,
        source=False,
        fields=fields,
        at_gate="unlisted" if theirs is None else "removed" if place.source_path.exists() else "in_force",
        spaces=None if theirs is None else theirs.spaces,
        credentials=rows[:CREDENTIALS_MAX],
        credentials_more=max(0, len(rows) - CREDENTIALS_MAX),
        local=mine,
        local_known=known,
        choices=offered,
    )


def _asked(rows: tuple[CredentialRow, ...], question: LookAtHolder) -> tuple[CredentialRow, ...]:
    return tuple(row for row in rows if row.ref == question.ref) if question.ref else rows


def _in_force(row: CredentialRow) -> CredentialRow:
    return msgspec.structs.replace(row, state="in_force") if row.state == "removed" else row


def _credential_rows(
    mine: list[Credential], roster: Roster | None, holder: str, local: Local, pseudonyms: Pseudonyms
) -> tuple[CredentialRow, ...]:
    """The list's, then what the gate has beside it, then what was enrolled here."""
    held = {entry.credential: entry for entry in local.entries if entry.kind == "suspend" and entry.holder == holder}
    enrolled = {entry.credential: entry for entry in local.entries if entry.kind == "enrol" and entry.holder == holder}
    rows: list[CredentialRow] = []
    for each in mine:
        theirs = None if roster is None else roster.find(each.factor, each.key)
        state = "unknown" if roster is None else "waiting"
        if theirs is not None and theirs.holder == holder:
            state = "in_force" if same_at_gate(each, theirs, holder) else "changed"
        here = enrolled.pop(each.ref, None)
        if here is not None and state in ("waiting", "unknown"):
            state = "enrolled"
        row = CredentialRow(
            ref=each.ref,
            kind=each.factor.value,
            shown=shown(each.factor, each.key),
            state=state,
            status=STATUSES[each.status],
            valid_from_s=each.valid_from_s,
            valid_until_s=each.valid_until_s,
            use_limit=each.use_limit,
            printed=each.printed,
            duress=each.duress,
        )
        rows.append(_beside(row, held, here))
    listed = {each.ref for each in mine}
    for factor, key, theirs in () if roster is None else roster.credentials_of(holder):
        ref = pseudonyms.ref(factor, key)
        if ref in listed:
            continue
        row = CredentialRow(
            ref=ref,
            kind=factor.value,
            shown=shown(factor, key),
            state="removed",
            status=theirs.status,
            valid_from_s=theirs.valid_from_s,
            valid_until_s=theirs.valid_until_s,
            use_limit=theirs.use_limit,
            duress=theirs.duress,
        )
        rows.append(_beside(row, held, enrolled.pop(ref, None)))
    for token, entry in enrolled.items():
        row = CredentialRow(ref=token or "", kind=entry.factor, shown="", state="enrolled")
        rows.append(_beside(row, held, entry))
    return tuple(rows)


def _beside(row: CredentialRow, held: dict[str | None, LocalEntry], here: LocalEntry | None) -> CredentialRow:
    """The row with what local entries say of it."""
    if here is not None:
        row = msgspec.structs.replace(row, entry=here.id, entry_until_s=here.expires_s)
    entry = held.get(row.ref) or held.get(None)
    if entry is None:
        return row
    as_what = entry.status or "suspended"
    return msgspec.structs.replace(row, held=entry.id, held_until_s=entry.expires_s, held_as=as_what)


def _local_rows(local: Local, holder: str) -> tuple[LocalRow, ...]:
    return tuple(
        LocalRow(
            entry=entry.id,
            kind=entry.kind,
            status=entry.status,
            whole=entry.credential is None,
            issuer=entry.issuer,
            why=entry.why,
            created_s=entry.created_s or 0,
            expires_s=entry.expires_s,
            conflict=entry.conflict,
        )
        for entry in local.entries
        if entry.holder == holder
    )


def _members(db: sqlite3.Connection, household: str | None, but: str = "") -> tuple[PersonRow, ...]:
    if household is None:
        return ()
    sql = f"{PEOPLE_SQL} WHERE h.household = ? AND h.id <> ? ORDER BY h.name, h.id LIMIT {MEMBERS_MAX + 1}"
    return tuple(person(row) for row in db.execute(sql, (household, but)))


def _history(db: sqlite3.Connection, holder: str, served: int | None) -> tuple[Happened, ...]:
    sql = (
        "SELECT id, at_s, who, why, kind FROM batch WHERE id IN"
        " (SELECT batch FROM change WHERE entity = 'holder' AND id = :id UNION"
        " SELECT batch FROM change WHERE entity = 'credential' AND id IN"
        " (SELECT kind || ':' || key FROM credential WHERE holder = :id) UNION"
        " SELECT batch FROM change WHERE entity = 'vehicle' AND id IN"
        f" (SELECT plate FROM vehicle WHERE holder = :id)) ORDER BY id DESC LIMIT {HISTORY_MAX}"
    )
    rows = db.execute(sql, {"id": holder}).fetchall()
    return tuple(
        Happened(batch=id, at_s=at_s, who=who, why=why or "", kind=kind, at_gate=served is not None and id <= served)
        for id, at_s, who, why, kind in rows
    )


def look_at_household(desk: Desk, _who: Asker, question: LookAtHousehold) -> HouseholdSheet:
    """Raises Denied."""
    with desk.place.reading() as source, source.snapshot() as db:
        row = db.execute("SELECT label, spaces, note FROM household WHERE id = ?", (question.household,)).fetchone()
        if row is None:
            raise Denied("people_no_household")
        label, spaces, note = row
        sql = "SELECT ifnull(max(batch), 0) FROM change WHERE entity = 'household' AND id = ?"
        members = _members(db, question.household)
        return HouseholdSheet(
            id=question.household,
            revision=db.execute(sql, (question.household,)).fetchone()[0],
            fields={"label": label or "", "spaces": "" if spaces is None else str(spaces), "note": note or ""},
            members=members[:MEMBERS_MAX],
            more=len(members) > MEMBERS_MAX,
        )


def _decoded(profiles: str) -> tuple[str, ...]:
    return msgspec.json.decode(profiles, type=tuple[str, ...])


LINES: Lines = {
    FindPeople: Line(MANAGERS, find, slow=True),
    AskChoices: Line(MANAGERS, choices),
    LookAtHolder: Line(MANAGERS, look, slow=True),
    LookAtHousehold: Line(MANAGERS, look_at_household),
}
