"""Visitors: invited at the controller at once, with an end and a number of uses; who they are stands here only.

The controller knows an id, the host's household and a key. The visitor's name is kept in a file of the desk's own, and
goes a month after the visit.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from msgspec.structs import replace

from firmware.core.access import Factor
from firmware.journal.errors import JournalError
from firmware.journal.ledger import LedgerEntry
from firmware.journal.reading import reading
from firmware.journal.schema import select_ledger
from firmware.messages import Invite, LocalEntry
from firmware.people.at_once import SLACK_S, UNANSWERED, Asked, AtOnce, By, at_once
from firmware.people.errors import Denied
from firmware.people.following import forget_visitor, visitor_names
from firmware.people.gate import at_reader, instant, lift, taken, zone_of
from firmware.people.holders import CODE_BYTES, MADE, typed_key
from firmware.people.jobs import Lane, Work
from firmware.people.line import AT_GATE, MANAGER, MANAGERS, Desk, Line, Lines, LongLine
from firmware.people.place import Place
from firmware.people.promises import one_line
from firmware.people.rows import shown
from firmware.people_words.base import Asker
from firmware.people_words.holders import Edited, LiftHere
from firmware.people_words.visitors import (
    NAME_CHARACTERS_MAX,
    EndVisit,
    InviteAtReader,
    Invited,
    InviteVisitor,
    ListVisitors,
    VisitorRow,
    Visitors,
)
from firmware.roster import understood, visitor_book
from firmware.roster.entry import USE_LIMIT_MAX, VISITOR_S_MAX
from firmware.roster.keys import NAME
from firmware.roster.understood import NotUnderstood
from firmware.terminal import now_utc_s

DETAIL = "visitor invited"  # as the journal is told
ROWS_MAX = 200
DAY_S = 86_400


class _Meant(NamedTuple):
    """An invitation as it was typed, understood."""

    visitor: str
    name: str
    profile: str
    household: str | None
    from_s: int | None
    until_s: int
    uses: int


def listed(desk: Desk, who: Asker, question: ListVisitors) -> Visitors:
    """A guard sees whose visit is today, by name, host and time: that is what is asked at the gate. Raises Denied."""
    place, now_s = desk.place, now_utc_s()
    entries = [entry for entry in place.local().entries if entry.kind == "visitor"]
    full = MANAGER in who.roles
    if not full:
        entries = [entry for entry in entries if (entry.valid_from_s or 0) < now_s + DAY_S]
    elif question.entry:
        entries = [entry for entry in entries if entry.id == question.entry]
    entries.sort(key=lambda entry: (entry.valid_from_s or 0, entry.expires_s, entry.id))
    shown_now = entries[question.skip : question.skip + ROWS_MAX]
    names, hosts = _names(place, shown_now), _hosts(place, shown_now)
    memories = _memories(place, [entry.holder for entry in shown_now])
    rows = []
    for entry in shown_now:
        host = hosts.get(entry.household or "", entry.household or "")
        memory = None if memories is None else memories.get(entry.holder, LedgerEntry())
        rows.append(_row(entry, names.get(entry.holder, ""), host, memory, full))
    return Visitors(rows=tuple(rows), more=len(entries) > question.skip + ROWS_MAX)


def _row(entry: LocalEntry, name: str, host: str, memory: LedgerEntry | None, full: bool) -> VisitorRow:
    """`memory` is None where the gate's memory cannot be read."""
    used = None if memory is None else sum(memory.uses.values())
    limit = entry.use_limit or 0
    left = None if used is None else max(0, limit - used)
    phase = "open"
    if (entry.valid_from_s or 0) > now_utc_s():
        phase = "coming"
    elif left == 0:
        phase = "used"
    elif used:
        phase = "inside"
    row = VisitorRow(
        entry=entry.id if full else "",
        id=entry.holder,
        name=name,
        host=host,
        from_s=entry.valid_from_s,
        until_s=entry.expires_s,
        use_limit=limit,
        left=left,
        phase=phase,
    )
    if not full:
        return row
    last_s, last_at = (None, "") if memory is None else (memory.last_s, memory.last_point or "")
    return replace(row, kind=entry.factor, by=entry.issuer, why=entry.why, last_s=last_s, last_at=last_at)


def _memories(place: Place, holders: list[str]) -> dict[str, LedgerEntry] | None:
    """What the gate remembers of visitors: passages and the last one; None: nothing can be read."""
    path = place.state / "journal" / "journal.db"
    try:
        with reading(path, steps_max=None) as connection:
            sql = f"{select_ledger(connection)} WHERE holder = ?"
            rows = [connection.execute(sql, (holder,)).fetchone() for holder in holders]
    except (JournalError, OSError):
        return None
    return {row[0]: LedgerEntry.of_columns(row) for row in rows if row is not None}


# -- inviting ---------------------------------------------------------------------------------------------------------


def invite(desk: Desk, who: Asker, question: InviteVisitor) -> Invited:
    """By what is typed, or by a QR code that is made. Raises Denied."""
    place = desk.place
    meant = _meant(place, question.fields)
    kind = question.fields.get("kind", "")
    code = secrets.token_urlsafe(CODE_BYTES) if kind == MADE else ""
    factor, key = (Factor.CODE, code) if code else typed_key(place, question.fields)
    command = Invite(factor=factor, key=key, **_shared(who, meant, question.why, question.escorted))  # type: ignore[arg-type]
    with _invited(place, who, meant, question.why) as one:
        taken(one.ask(command))
    return Invited(visitor=meant.visitor, shown=shown(factor, key), code=code, entry=_entry_of(place, meant.visitor))


def _entry_of(place: Place, visitor: str) -> str:
    """The local entry of somebody who is invited; "" where the controller does not say it now."""
    try:
        return next((entry.id for entry in place.local().entries if entry.holder == visitor), "")
    except Denied:
        return ""


def invite_at_reader(desk: Desk, who: Asker, question: InviteAtReader, work: Work) -> Invited:
    """By what is presented. Raises Denied."""
    place = desk.place
    meant = _meant(place, question.fields)
    shared = _shared(who, meant, question.why, question.escorted)
    command = Invite(reader=question.reader, for_ms=question.seconds * 1000, **shared)  # type: ignore[arg-type]
    with _invited(place, who, meant, question.why, question.seconds + SLACK_S) as one:
        presented, entry, _ = at_reader(place, work, one, command)
    kind, _, key = presented.partition(":")
    return Invited(visitor=meant.visitor, shown=shown(Factor(kind), key), entry=entry)


def _shared(who: Asker, meant: _Meant, why: str, escorted: bool) -> dict[str, object]:
    return {
        "issuer": who.name,
        "why": one_line(why),
        "visitor": meant.visitor,
        "profiles": (meant.profile,),
        "until_s": meant.until_s,
        "use_limit": meant.uses,
        "from_s": meant.from_s,
        "household": meant.household,
        "escorted": escorted,
    }


def _meant(place: Place, fields: dict[str, str]) -> _Meant:
    """Raises Denied, with the field that is wrong."""
    name = " ".join(fields.get("name", "").split())
    if not name or len(name) > NAME_CHARACTERS_MAX or not name.isprintable():
        raise Denied("people_bad_visitor", field="name")
    zone, now_s = zone_of(place), now_utc_s()
    from_s = instant(fields.get("from", ""), zone, "from", end=False)
    until_s = instant(fields.get("until", ""), zone, "until", end=True)
    if until_s is None or until_s <= max(now_s, from_s or 0) or until_s - now_s > VISITOR_S_MAX:
        raise Denied("people_bad_visit_until", field="until")
    try:
        uses = understood.count(fields.get("uses", "").strip() or "2", 1, USE_LIMIT_MAX)
    except NotUnderstood as error:
        raise Denied("people_bad_uses", field="uses", found=error.found) from error
    profile = fields.get("profile", "")
    if not NAME.fullmatch(profile):
        raise Denied("people_bad_profile", field="profile")
    household = _host(place, fields.get("host", "").strip())
    return _Meant(f"v{secrets.token_hex(5)}", name, profile, household, from_s, until_s, uses)


def _host(place: Place, typed: str) -> str | None:
    """The household that is visited, by its label or id. Raises Denied."""
    if not typed:
        return None
    if not place.source_path.exists():
        return typed[:32]
    with place.reading() as source:
        sql = "SELECT id FROM household WHERE id = ? OR label = ? COLLATE NOCASE ORDER BY id <> ? LIMIT 2"
        found = [id for (id,) in source.db.execute(sql, (typed, typed, typed))]
    if not found or (len(found) > 1 and found[0] != typed):
        raise Denied("people_bad_host", field="host")
    return str(found[0])


@contextmanager
def _invited(place: Place, who: Asker, meant: _Meant, why: str, waits_s: int = 0) -> Iterator[AtOnce]:
    """The name first, so that nobody is invited of whom nobody knows who it is; it goes where nothing comes of it.

    Raises Denied.
    """
    until_s = now_utc_s() + waits_s if waits_s else 0
    with at_once(place, Asked(who, By.INVITED, DETAIL, meant.visitor, why, until_s=until_s)) as one:
        with visitor_names(place) as path:
            visitor_book.add(path, now_utc_s(), meant.visitor, meant.name, meant.until_s, meant.household)
        try:
            yield one
        except Denied as denied:
            if denied.said.word != UNANSWERED:
                forget_visitor(place, meant.visitor)
            raise


def end_visit(desk: Desk, who: Asker, question: EndVisit) -> Edited:
    """Raises Denied."""
    entry = next((each for each in desk.place.local().entries if each.id == question.entry), None)
    if entry is None or entry.kind != "visitor":
        raise Denied("people_entry_gone")
    return lift(desk, who, LiftHere(holder=entry.holder, entry=entry.id, why=question.why))


# -- who they are -----------------------------------------------------------------------------------------------------


def _names(place: Place, entries: list[LocalEntry]) -> dict[str, str]:
    with visitor_names(place) as path:
        return visitor_book.names(path, now_utc_s(), [entry.holder for entry in entries])


def _hosts(place: Place, entries: list[LocalEntry]) -> dict[str, str]:
    if not place.source_path.exists():
        return {}
    with place.reading() as source:
        ids = {entry.household for entry in entries if entry.household}
        sql = "SELECT label FROM household WHERE id = ?"
        found = {id: source.db.execute(sql, (id,)).fetchone() for id in ids}
    return {id: row[0] for id, row in found.items() if row is not None and row[0]}


LINES: Lines = {
    ListVisitors: Line(AT_GATE, listed, slow=True),
    InviteVisitor: Line(MANAGERS, invite, slow=True),
    InviteAtReader: LongLine(MANAGERS, invite_at_reader, Lane.READER),
    EndVisit: Line(MANAGERS, end_visit, slow=True),
}
