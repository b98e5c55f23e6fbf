"""The newest rows of a holder, portal, kinds or time, alone or together, in any size of journal; or the oldest ones.

The two indexes give lists of row numbers, newest first, one for each (portal, kind) and one for each (person, portal,
kind). A search that leaves a column open merges the lists of all its values; there are as many as the site has
portals, or the code has kinds, and each is asked only for rows newer than the oldest one still wanted. Wall time may
jump, so it is turned into ranges of row numbers by the table of spans; only the spans at the edges are read row by
row. The order is the journal's own: newest means committed last.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from firmware.core.codes import Code
from firmware.journal.errors import QueryRefused
from firmware.journal.reading import SEARCH_STEPS_MAX, anchor_of, epoch_of, never, read_row, reading
from firmware.journal.rows import Row, people_in, person_key

ROWS_MAX = 1_000  # of one search; a page shows a hundred
SEQ_MAX = (1 << 63) - 1


class Range(NamedTuple):
    """Rows from `first` to `last`; where it is not `exact`, each row's wall time has to be looked at."""

    first: int
    last: int
    exact: bool


class Window(NamedTuple):
    """Wall time from `since_ms` to before `until_ms`."""

    since_ms: int
    until_ms: int


class _List(NamedTuple):
    """One list of row numbers: a table and the columns that are fixed."""

    table: str
    fixed: tuple[tuple[str, int], ...]

    def first(
        self, connection: sqlite3.Connection, span: Range, window: Window | None, oldest: bool, limit: int
    ) -> list[int]:
        """Its newest (or oldest) row numbers within a range and, where that is not exact, within the window."""
        where = [f"t.{column} = ?" for column, _ in self.fixed]
        arguments = [value for _, value in self.fixed]
        where.append("t.seq BETWEEN ? AND ?")
        arguments += [span.first, span.last]
        source = f"{self.table} t"
        if window is not None and not span.exact:
            if self.table == "events":
                where.append("t.utc_ms >= ? AND t.utc_ms < ?")
            else:
                source += " CROSS JOIN events e ON e.seq = t.seq"
                where.append("e.utc_ms >= ? AND e.utc_ms < ?")
            arguments += window
        order = "ASC" if oldest else "DESC"
        sql = f"SELECT t.seq FROM {source} WHERE {' AND '.join(where)} ORDER BY t.seq {order} LIMIT ?"
        return [row[0] for row in connection.execute(sql, (*arguments, limit))]


def search(
    path: Path,
    *,
    holder: str | None = None,
    portal: str | None = None,
    kind: Code | None = None,
    kinds: Collection[Code] | None = None,
    since_utc: int | None = None,
    until_utc: int | None = None,
    before: tuple[int, int] | None = None,
    after: tuple[int, int] | None = None,
    oldest: bool = False,
    limit: int = 100,
    with_bodies: bool = False,
    expired: Callable[[], bool] = never,
) -> list[Row]:
    """The newest rows for which all that is given holds, newest first.

    `holder` finds rows that mention the holder, as the second person too. `since_utc` <= time < `until_utc`, in
    milliseconds since 1970; rows of unknown wall time are in no time range. `before` is (epoch, seq) of the last row
    of the page before, `after` of the first row of the page behind. With `oldest` it is the oldest rows that are found,
    oldest first. `limit` is at most ROWS_MAX. Bodies (who) are read only where asked for. `expired` is asked about
    every millisecond of work; true ends the search.

    Raises QueryRefused, QueryTooLong, JournalUnreachable, JournalDamaged.
    """
    if not 1 <= limit <= ROWS_MAX:
        raise QueryRefused(f"a search gives 1 to {ROWS_MAX} rows (asked for {limit}): use `before` for further pages")
    with reading(path, steps_max=SEARCH_STEPS_MAX, expired=expired) as connection:
        part = between(connection, before, after)
        if part is None:
            return []
        wanted = kinds if kind is None else (kind,)
        lists = _lists(connection, holder, portal, wanted)
        window = None if since_utc is None and until_utc is None else window_of(since_utc, until_utc)
        found: list[int] = []
        for span in ranges(connection, *part, window, oldest):
            found += _merge(connection, lists, span, window, oldest, limit - len(found))
            if len(found) >= limit:
                break
        rows: list[Row] = []
        for seq in found:
            row = read_row(connection, seq, with_bodies=with_bodies or holder is not None)
            if row is not None and (holder is None or _is_about(row, holder)):
                rows.append(row if with_bodies or holder is None else _without_body(row))
        return rows


def between(
    connection: sqlite3.Connection, before: tuple[int, int] | None, after: tuple[int, int] | None
) -> tuple[int, int] | None:
    """The first and the last row between two cursors; None where they belong to another epoch and nothing is."""
    epoch, floor, top = epoch_of(connection), anchor_of(connection) + 1, SEQ_MAX
    if before is not None:
        if before[0] < epoch:
            return None
        top = before[1] - 1 if before[0] == epoch else SEQ_MAX
    if after is not None:
        if after[0] > epoch:
            return None
        floor = max(floor, after[1] + 1) if after[0] == epoch else floor
    return floor, top


def _is_about(row: Row, holder: str) -> bool:
    """Two holders may share a key of the index; the body decides."""
    return row.event.body is not None and holder in people_in(row.event.body)


def _without_body(row: Row) -> Row:
    return replace(row, event=replace(row.event, body=None))


# -- lists ------------------------------------------------------------------------------------------------------------


def _lists(
    connection: sqlite3.Connection, holder: str | None, portal: str | None, wanted: Collection[Code] | None
) -> list[_List]:
    """The lists to merge; none where a word never occurred."""
    place = None if portal is None else number_of(connection, portal)
    numbers = None if wanted is None else {number_of(connection, kind.value) for kind in wanted} - {None}
    if (portal is not None and place is None) or (numbers is not None and not numbers):
        return []
    if holder is None and place is None and numbers is None:
        return [_List("events", ())]
    table, leading = "events", dict[str, int]()
    if holder is not None:
        table, leading = "mentions", {"person": person_key(holder)}
    portals = [place] if place is not None else list(_values(connection, table, leading, "portal"))
    lists: list[_List] = []
    for each in portals:
        here = {**leading, "portal": each}
        one = next(iter(numbers)) if numbers is not None and len(numbers) == 1 else None
        kinds = [one] if one is not None else _values(connection, table, here, "kind")
        lists += [
            _List(table, (*here.items(), ("kind", number))) for number in kinds if numbers is None or number in numbers
        ]
    return lists


def number_of(connection: sqlite3.Connection, word: str) -> int | None:
    """The number of a portal or kind; None where it never occurred."""
    found = connection.execute("SELECT id FROM words WHERE word = ?", (word,)).fetchone()
    return None if found is None else int(found[0])


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
    connection: sqlite3.Connection, lists: list[_List], span: Range, window: Window | None, oldest: bool, limit: int
) -> list[int]:
    """The newest rows of all lists in a range, newest first; or the oldest ones, oldest first."""
    way = -1 if oldest else 1
    best: list[int] = []  # a heap: the worst of the best is first
    for each in lists:
        left = span
        if len(best) == limit:  # only what is better than that is asked for
            worst = best[0] * way
            left = span._replace(last=min(span.last, worst - 1)) if oldest else span._replace(first=worst + 1)
            left = left._replace(first=max(left.first, span.first))
        for seq in each.first(connection, left, window, oldest, limit):
            if len(best) < limit:
                heapq.heappush(best, seq * way)
            elif seq * way > best[0]:
                heapq.heapreplace(best, seq * way)
    return [seq * way for seq in sorted(best, reverse=True)]


# -- time -------------------------------------------------------------------------------------------------------------


def window_of(since_utc: int | None, until_utc: int | None) -> Window:
    return Window(-SEQ_MAX if since_utc is None else since_utc, SEQ_MAX if until_utc is None else until_utc)


def ranges(
    connection: sqlite3.Connection, floor: int, top: int, window: Window | None, oldest: bool
) -> Iterator[Range]:
    """The rows from `floor` to `top` that a window can hold, newest or oldest first. Exact neighbours are one range."""
    if window is None:
        yield Range(floor, top, exact=True)
        return
    order = "ASC" if oldest else "DESC"
    spans = connection.execute(
        "SELECT first, last, utc_min >= ? AND utc_max < ? AND unknown = 0 FROM spans"
        f" WHERE utc_max >= ? AND utc_min < ? AND last >= ? AND first <= ? ORDER BY first {order}",
        (*window, *window, floor, top),
    )
    waiting: Range | None = None
    for first, last, exact in spans:
        span = Range(max(first, floor), min(last, top), bool(exact))
        if waiting is not None and waiting.exact and span.exact:
            older, newer = (waiting, span) if oldest else (span, waiting)
            if older.last == newer.first - 1:
                waiting = Range(older.first, newer.last, exact=True)
                continue
        if waiting is not None:
            yield waiting
        waiting = span
    if waiting is not None:
        yield waiting
