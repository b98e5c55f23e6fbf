"""How a person's traces go: body and salt are overwritten, the commitment stays, and a tombstone names the rows.

Not reached by this: files that were moved aside, exports, and what the community server has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from firmware.core.codes import Code
from firmware.core.effects import Body, Event
from firmware.journal.rows import commitment_of, decode_body, people_in, person_key
from firmware.journal.store import Stamped, Store

ROWS_MAX = 200  # in one transaction, and named by one tombstone: their numbers fit a header

AnyPlace = tuple[int, int, int]  # portal, kind, seq: the rest of the key of `mentions`
BEGINNING: AnyPlace = (-1, -1, -1)


class Erasure(NamedTuple):
    """Who is erased, and by whom: `asked` says that in the tombstones, and must not name who is erased."""

    holder: str
    asked: Body | None = None
    request: str = ""


def erase_some(
    store: Store, erasure: Erasure, after: AnyPlace, now_ms: int, utc_ms: int | None, boot: str
) -> AnyPlace | None:
    """Erase some rows that mention a holder, after that place; where to go on, None at the end. Within a transaction.

    The holder's ledger entry goes too. A row that mentions two people loses its body for both. Where somebody asked,
    there is a tombstone even if it names no row.
    """
    holder = erasure.holder
    key = person_key(holder)
    places: list[AnyPlace] = store.db.execute(
        "SELECT portal, kind, seq FROM mentions WHERE person = ? AND (portal, kind, seq) > (?, ?, ?) LIMIT ?",
        (key, *after, ROWS_MAX),
    ).fetchall()
    erased: list[int] = []
    for portal, kind, seq in places:
        row = store.db.execute("SELECT body, salt FROM events WHERE seq = ?", (seq,)).fetchone()
        if row is None or row[0] is None or not _mentions(row[0], holder):
            continue
        body, salt = row
        store.db.execute(
            "UPDATE events SET body = NULL, salt = NULL, commitment = ? WHERE seq = ?", (commitment_of(salt, body), seq)
        )
        store.db.executemany(
            "DELETE FROM mentions WHERE person = ? AND portal = ? AND kind = ? AND seq = ?",
            [(other, portal, kind, seq) for other in store.people_of(body)],
        )
        erased.append(seq)
    store.db.execute("DELETE FROM ledger WHERE holder = ?", (holder,))
    if erased or (erasure.asked is not None and after == BEGINNING):
        event = Event(
            Code.ERASED,
            count=len(erased),
            detail=write_ranges(sorted(erased)),
            body=erasure.asked,
            request=erasure.request,
        )
        store.append([Stamped(event, now_ms, utc_ms)], boot)
    return places[-1] if len(places) == ROWS_MAX else None


def _mentions(body: bytes, holder: str) -> bool:
    try:
        return holder in people_in(decode_body(body))
    except msgspec.DecodeError:
        return False


def write_ranges(numbers: Iterable[int]) -> str:
    """Ascending numbers as text: `3,7-9`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def read_ranges(text: str) -> Iterator[range]:
    """The inverse of `write_ranges`. Raises ValueError."""
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        yield range(int(first), int(last or first) + 1)
