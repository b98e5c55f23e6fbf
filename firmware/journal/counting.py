"""How many rows of each kind there are in each piece of time: for charts, within the limits of a search."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from firmware.core.codes import Code
from firmware.journal.query import between, number_of, ranges, window_of
from firmware.journal.reading import SEARCH_STEPS_MAX, never, reading

_KINDS = frozenset(Code)


def count(
    path: Path,
    *,
    since_utc: int,
    until_utc: int,
    step_ms: int,
    portal: str | None = None,
    expired: Callable[[], bool] = never,
) -> dict[tuple[int, Code], int]:
    """Rows by (instant, kind), where the instant is wall time in milliseconds, rounded down to a multiple of `step_ms`.

    `since_utc` <= time < `until_utc`; rows of unknown wall time, and of kinds that this release does not know, count
    nowhere. A row that sums several is one.

    Raises QueryTooLong, JournalUnreachable, JournalDamaged.
    """
    assert step_ms > 0
    counted: dict[tuple[int, Code], int] = {}
    with reading(path, steps_max=SEARCH_STEPS_MAX, expired=expired) as connection:
        place = None if portal is None else number_of(connection, portal)
        if portal is not None and place is None:
            return {}
        words = {
            number: Code(word) for number, word in connection.execute("SELECT id, word FROM words") if word in _KINDS
        }
        window = window_of(since_utc, until_utc)
        whole = between(connection, None, None)
        assert whole is not None, "without cursors there is no other epoch"
        sql = (
            "SELECT utc_ms - utc_ms % ?, kind, count(*) FROM events"
            " WHERE seq BETWEEN ? AND ? AND utc_ms >= ? AND utc_ms < ? AND (? IS NULL OR portal = ?) GROUP BY 1, 2"
        )
        for span in ranges(connection, *whole, window, oldest=False):
            rows = connection.execute(sql, (step_ms, span.first, span.last, since_utc, until_utc, place, place))
            for at_ms, kind, many in rows:
                if kind in words:
                    key = (at_ms, words[kind])
                    counted[key] = counted.get(key, 0) + many
    return counted
