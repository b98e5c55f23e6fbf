"""How the source stands to the gate: whose rosters it takes, which is in service, what waits to be brought there."""

from __future__ import annotations

import sqlite3

from msgspec.structs import replace

from firmware.people.errors import Denied
from firmware.people.line import MANAGERS, Desk, Line, Lines
from firmware.people.place import Place
from firmware.people_words.base import (
    Asker,
    CancelJob,
    Found,
    HowAreThings,
    Job,
    LookAtJob,
    Standing,
    Waiting,
)
from firmware.roster.source.batch import Kind
from firmware.roster.source.store import Source

WAITING_MAX = 20  # batches that are named
HOLDERS_MAX = 3  # of one batch, by whose ids it is told
MANY = "*"
_CHANGING = ("edit", "import", "undo", "erase", "rules")


def how_are_things(desk: Desk, _who: Asker, _question: HowAreThings) -> Standing:
    """Raises Denied."""
    place = desk.place
    rights = place.rights()
    version, built_of, controller = in_service(place)
    known = Standing(
        source=False,
        mine=rights.mine,
        owner=rights.owner,
        served_version=version,
        controller=controller,
        running=desk.jobs.running(),
    )
    if not place.source_path.exists():
        return known
    with place.reading() as source:
        batch = served_batch(source, built_of)
        waiting = waiting_since(source, batch)
        return replace(
            known,
            source=True,
            time_zone=source.time_zone.key,
            holders=place.holders_of(source),
            batch=source.head.batch,
            served_batch=batch,
            waiting=tuple(waiting[:WAITING_MAX]),
            waiting_more=len(waiting) > WAITING_MAX,
        )


def in_service(place: Place) -> tuple[int, str, bool]:
    """Version of the roster in service, what it was built of, and whether the controller itself has said so.

    A file that lies there and is not the one that the controller serves is in force nowhere. Raises Denied.
    """
    with place.served() as roster:
        version, built_of = (0, "") if roster is None else (roster.version, roster.seal.source)
    try:
        serves = place.local().roster_version
    except Denied:
        return version, built_of, False
    return serves, built_of if serves == version else "", True


def served_batch(source: Source, built_of: str) -> int | None:
    """The batch of this source that a roster was built of, by its seal; None: it was built of something else."""
    number, _, digest = built_of.partition(":")
    if not number.isascii() or not number.isdecimal():
        return None
    row = source.db.execute("SELECT hash FROM batch WHERE id = ?", (int(number),)).fetchone()
    return int(number) if row is not None and row[0].hex() == digest else None


def waiting_since(source: Source, batch: int | None) -> list[Waiting]:
    """The batches after `batch`, the newest first, up to one more than are named. None: all of them."""
    marks = ", ".join("?" * len(_CHANGING))
    rows = source.db.execute(
        f"SELECT id, at_s, kind, who, changes, why FROM batch WHERE id > ? AND kind IN ({marks})"
        f" ORDER BY id DESC LIMIT {WAITING_MAX + 1}",
        (batch or 0, *_CHANGING),
    ).fetchall()
    return [
        Waiting(
            batch=id,
            at_s=at_s,
            kind=kind,
            who=who,
            changes=changes,
            why=why or "",
            holders=_about(source.db, id, kind, changes),
        )
        for id, at_s, kind, who, changes, why in rows
    ]


def _about(db: sqlite3.Connection, batch: int, kind: str, changes: int) -> tuple[str, ...]:
    """Whose it is about: up to HOLDERS_MAX ids of holders or households, else MANY."""
    if kind != Kind.EDIT or changes > 50:
        return (MANY,)
    sql = (
        "SELECT DISTINCT CASE entity WHEN 'holder' THEN id WHEN 'household' THEN 'household:' || id"
        " ELSE json_extract(ifnull(after, before), '$.holder') END FROM change"
        " WHERE place >= (SELECT first FROM batch WHERE batch.id = ?) AND batch = ?"
        " AND +entity IN ('holder', 'household', 'credential', 'vehicle')"
    )
    found = [name for (name,) in db.execute(sql, (batch, batch)) if name]
    other = sql.partition(" AND +entity")[0] + " AND +entity NOT IN ('holder', 'household', 'credential', 'vehicle')"
    if len(found) > HOLDERS_MAX or db.execute(other, (batch, batch)).fetchone():
        return (MANY,)
    return tuple(found)


def look_at_job(desk: Desk, _who: Asker, question: LookAtJob) -> Found:
    """Raises Denied."""
    return desk.jobs.find(question.job).told()


def cancel_job(desk: Desk, _who: Asker, question: CancelJob) -> Job:
    """Raises Denied."""
    work = desk.jobs.find(question.job)
    work.cancelled.set()
    return work.told()


LINES: Lines = {
    HowAreThings: Line(MANAGERS, how_are_things, slow=True),
    LookAtJob: Line(MANAGERS, look_at_job),
    CancelJob: Line(MANAGERS, cancel_job),
}
