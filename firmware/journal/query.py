"""The newest rows of a holder, portal, kind or time, alone or together, in any size of journal.

The two indexes give lists of row numbers, newest first, one for each (portal, kind) and one for each (person, portal,
kind). A search that leaves a column open merges the lists of all its values; there are as many as the site has
portals, or the code has kinds, and each is asked only for rows newer than the oldest one still wanted. Wall time may
jump, so it is turned into ranges of row numbers by the table of spans; only the spans at the edges are read row by
row. The order is the journal's own: newest means committed last.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from firmware.core.codes import Code
from firmware.journal.errors import QueryRefused
from firmware.journal.reading import SEARCH_STEPS_MAX, anchor_of, epoch_of, never, read_row, reading
from firmware.journal.rows import Row, people_in, person_key

ROWS_MAX = 1_000  # of one search; a page shows a hundred
SEQ_MAX = (1 << 63) - 1


class _Range(NamedTuple):
    """Rows from `first` to `last`; where it is not `exact`, each row's wall time has to be looked at."""

    first: int
    last: int
    exact: bool


class _Window(NamedTuple):
    """Wall time from `since_ms` to before `until_ms`."""

    since_ms: int
    until_ms: int


class _List(NamedTuple):
    """One list of row numbers: a table and the columns that are fixed."""

    table: str
    fixed: tuple[tuple[str, int], ...]

    def newest(
        self, connection: sqlite3.Connection, span: _Range, window: _Window | None, newer_than: int, limit: int
    ) -> list[int]:
        """Its newest row numbers within a range of rows and, where that is not exact, within the window."""
        where = [f"t.{column} = ?" for column, _ in self.fixed]
        arguments = [value for _, value in self.fixed]
        where.append("t.seq BETWEEN ? AND ?")
        arguments += [max(span.first, newer_than + 1), span.last]
        source = f"{self.table} t"
        if window is not None and not span.exact:
            if self.table == "events":
                where.append("t.utc_ms >= ? AND t.utc_ms < ?")
            else:
                source += " CROSS JOIN events e ON e.seq = t.seq"
                where.append("e.utc_ms >= ? AND e.utc_ms < ?")
            arguments += window
        sql = f"SELECT t.seq FROM {source} WHERE {' AND '.join(where)} ORDER BY t.seq DESC LIMIT ?"
        return [row[0] for row in connection.execute(sql, (*arguments, limit))]


def search(
    path: Path,
    *,
    holder: str | None = None,
    portal: str | None = None,
    kind: Code | None = None,
    since_utc: int | None = None,
    until_utc: int | None = None,
    before: tuple[int, int] | None = None,
    limit: int = 100,
    with_bodies: bool = False,
    expired: Callable[[], bool] = never,
) -> list[Row]:
    """The newest rows for which all that is given holds, newest first.

    `holder` finds rows that mention the holder, as the second person too. `since_utc` <= time < `until_utc`, in
    milliseconds since 1970; rows of unknown wall time are in no time range. `before` is (epoch, seq) of the last row
    of the page before. `limit` is at most ROWS_MAX. Bodies (who) are read only where asked for. `expired` is asked
    about every millisecond of work; true ends the search.

    Raises QueryRefused, QueryTooLong, JournalUnreachable, JournalDamaged.
    """
    if not 1 <= limit <= ROWS_MAX:
        raise QueryRefused(f"a search gives 1 to {ROWS_MAX} rows (asked for {limit}): use `before` for further pages")
    with reading(path, steps_max=SEARCH_STEPS_MAX, expired=expired) as connection:
        top = SEQ_MAX
        if before is not None:
            epoch = epoch_of(connection)
            if before[0] < epoch:
                return []
            top = before[1] - 1 if before[0] == epoch else SEQ_MAX
        lists = _lists(connection, holder, portal, kind)
        window = None
        if since_utc is not None or until_utc is not None:
            window = _Window(-SEQ_MAX if since_utc is None else since_utc, SEQ_MAX if until_utc is None else until_utc)
        found: list[int] = []
        for span in _ranges(connection, anchor_of(connection) + 1, top, window):
            found += _merge(connection, lists, span, window, limit - len(found))
            if len(found) >= limit:
                break
        rows: list[Row] = []
        for seq in found:
            row = read_row(connection, seq, with_bodies=with_bodies or holder is not None)
            if row is not None and (holder is None or _is_about(row, holder)):
                rows.append(row if with_bodies or holder is None else _without_body(row))
        return rows


def _is_about(row: Row, holder: str) -> bool:
    """Two holders may share a key of the index; the body decides."""
    return row.event.body is not None and holder in people_in(row.event.body)


def _without_body(row: Row) -> Row:
    return replace(row, event=replace(row.event, body=None))


# -- lists ------------------------------------------------------------------------------------------------------------


def _lists(connection: sqlite3.Connection, holder: str | None, portal: str | None, kind: Code | None) -> list[_List]:
    """The lists to merge; none where a word never occurred."""
    fixed: dict[str, int] = {}
    for column, word in (("portal", portal), ("kind", kind.value if kind is not None else None)):
        if word is not None:
            found = connection.execute("SELECT id FROM words WHERE word = ?", (word,)).fetchone()
            if found is None:
                return []
            fixed[column] = found[0]
    if holder is None and not fixed:
        return [_List("events", ())]
    table, leading = "events", dict[str, int]()
    if holder is not None:
        table, leading = "mentions", {"person": person_key(holder)}
    portals = [fixed["portal"]] if "portal" in fixed else list(_values(connection, table, leading, "portal"))
    lists: list[_List] = []
    for place in portals:
        here = {**leading, "portal": place}
        kinds = [fixed["kind"]] if "kind" in fixed else list(_values(connection, table, here, "kind"))
        lists += [_List(table, (*here.items(), ("kind", number))) for number in kinds]
    return lists


def _values(connection: sqlite3.Connection, table: str, fixed: dict[str, int], column: str) -> Iterator[int]:
    """The values of the next column of an index: one seek for each, however many rows it has."""
    where = "".join(f"{name} = ? AND " for name in fixed)
    sql = f"SELECT {column} FROM {table} WHERE {where}{column} > ? ORDER BY {column} LIMIT 1"
    value = -1
    while True:
        row = connection.execute(sql, (*fixed.values(), value)).fetchone()
        if row is None:
            return
        value = row[0]
        yield value


def _merge(
    connection: sqlite3.Connection, lists: list[_List], span: _Range, window: _Window | None, limit: int
) -> list[int]:
    """The newest rows of all lists in a range, newest first."""
    best: list[int] = []  # a heap: the oldest of the best is first
    for each in lists:
        floor = best[0] if len(best) == limit else 0
        for seq in each.newest(connection, span, window, floor, limit):
            if len(best) < limit:
                heapq.heappush(best, seq)
            elif seq > best[0]:
                heapq.heapreplace(best, seq)
    return sorted(best, reverse=True)


# -- time -------------------------------------------------------------------------------------------------------------


def _ranges(connection: sqlite3.Connection, floor: int, top: int, window: _Window | None) -> Iterator[_Range]:
    """The rows from `floor` to `top` that a window can hold, newest first. Neighbouring exact spans are one range."""
    if window is None:
        yield _Range(floor, top, exact=True)
        return
    spans = connection.execute(
        "SELECT first, last, utc_min >= ? AND utc_max < ? AND unknown = 0 FROM spans"
        " WHERE utc_max >= ? AND utc_min < ? AND last >= ? AND first <= ? ORDER BY first DESC",
        (*window, *window, floor, top),
    )
    waiting: _Range | None = None
    for first, last, exact in spans:
        span = _Range(max(first, floor), min(last, top), bool(exact))
        if waiting is not None and waiting.exact and span.exact and span.last == waiting.first - 1:
            waiting = _Range(span.first, waiting.last, exact=True)
            continue
        if waiting is not None:
            yield waiting
        waiting = span
    if waiting is not None:
        yield waiting
