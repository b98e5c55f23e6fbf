"""How old rows go: a prefix ends at a signed head, which becomes the anchor that the rest is proven from.

A cut has two parts. First, in one transaction, the anchor moves and an event says so: from then on the rows up to the
anchor count no more. Then they are deleted a few at a time, so that commits go on between; a power cut in the middle
leaves rows that nobody counts, and the next start deletes on.
"""

from __future__ import annotations

from firmware.core.codes import Code
from firmware.core.effects import Event
from firmware.journal.limits import Limits
from firmware.journal.store import Stamped, Store

DAY_MS = 86_400_000
# Wall time is not trusted to delete: what it says may be deleted grows at most ten times as fast as time passes on the
# monotonic clock. A clock set to 2099 by mistake or malice for a day costs ten days of a year's journal, not all of it;
# a board that was off for ninety days has caught up after nine.
HORIZON_SPEED = 10
FUTURE_MS = DAY_MS  # a row stamped later than this after now has a wrong stamp: its neighbours tell its age
BYTES_KEPT = 0.95  # of the limit after a cut by bytes, so that cuts are seldom


def move_horizon(store: Store, limits: Limits, utc_ms: int | None, elapsed_ms: int) -> int | None:
    """The wall time before which rows may go now; None while wall time is unknown. Within a transaction."""
    if utc_ms is None:
        return None
    wanted = utc_ms - limits.retention_days * DAY_MS
    high = store.horizon
    moved = wanted if high is None else max(high, min(wanted, high + HORIZON_SPEED * max(elapsed_ms, 0)))
    if moved != high:
        store.set_meta("horizon", moved)
    return min(moved, wanted)


def _old_prefix(store: Store, horizon: int, utc_ms: int) -> int:
    """The last row of the longest prefix that is older than the horizon; 0 for none.

    Rows of unknown or future time go with the older rows that follow them, never by themselves.
    """
    last_old = 0
    for last, low, high in store.db.execute("SELECT last, utc_min, utc_max FROM spans ORDER BY first"):
        if high is not None and high < horizon:
            last_old = last
        elif high is not None and low <= utc_ms + FUTURE_MS:
            break
    return last_old


def plan(store: Store, limits: Limits, utc_ms: int | None, horizon: int | None) -> tuple[int, str]:
    """Up to which signed head rows shall go now, and why; (0, "") for nothing."""
    anchor = store.anchor
    if horizon is not None and utc_ms is not None:
        last = _old_prefix(store, horizon, utc_ms)
        found = store.db.execute("SELECT max(seq) FROM heads WHERE seq > ? AND seq <= ?", (anchor, last)).fetchone()[0]
        if found is not None:
            return int(found), f"older than {limits.retention_days} days"
    used = store.bytes_used()
    if used > limits.retention_bytes:
        rows = store.seq - anchor
        wanted = anchor + int(rows * (used - BYTES_KEPT * limits.retention_bytes) / used)
        found = store.db.execute("SELECT min(seq) FROM heads WHERE seq > ? AND seq >= ?", (anchor, wanted)).fetchone()
        if found[0] is not None:
            return int(found[0]), f"more than {limits.retention_bytes} bytes"
    return 0, ""


def begin_cut(store: Store, seq: int, why: str, now_ms: int, utc_ms: int | None, boot: str) -> None:
    """Move the anchor to that signed head and say so in the journal. Within a transaction."""
    assert store.anchor < seq <= store.signed_seq
    (digest,) = store.db.execute("SELECT hash FROM heads WHERE seq = ?", (seq,)).fetchone()
    count = seq - store.anchor
    store.set_meta("anchor", seq)
    event = Event(Code.RETENTION_CUT, count=count, detail=f"rows to {seq} removed, {why}; anchor {digest.hex()}")
    store.append([Stamped(event, now_ms, utc_ms)], boot)


def delete_some(store: Store, rows_max: int) -> bool:
    """Delete some rows up to the anchor; whether there are more. Within a transaction."""
    anchor = store.anchor
    rows = store.db.execute(
        "SELECT seq, portal, kind, body FROM events WHERE seq <= ? ORDER BY seq LIMIT ?", (anchor, rows_max)
    ).fetchall()
    if rows:
        store.db.executemany(
            "DELETE FROM mentions WHERE person = ? AND portal = ? AND kind = ? AND seq = ?",
            [(key, portal, kind, seq) for seq, portal, kind, body in rows for key in store.people_of(body)],
        )
        store.db.execute("DELETE FROM events WHERE seq <= ?", (rows[-1][0],))
    if len(rows) == rows_max:
        return True
    store.db.execute("DELETE FROM spans WHERE last <= ?", (anchor,))
    store.db.execute("DELETE FROM heads WHERE seq < ?", (anchor,))
    return False
