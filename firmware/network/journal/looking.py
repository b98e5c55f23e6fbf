"""One page of the journal out of its file: newest first, by cursors, and for a plate by looking through bodies."""

from __future__ import annotations

from pathlib import Path

import msgspec

from firmware.core.codes import Code
from firmware.journal import Row, search
from firmware.network.events import HIDDEN
from firmware.network.journal.desk import Expired
from firmware.network.journal.filters import Cursor

PAGE_ROWS = 100
AT_NEWER_ROWS = 25  # of a page around a moment: what came after it
SCAN_ROWS = 500  # looked through at once
SCAN_ROWS_MAX = 10_000  # for one page: no index leads to a pseudonym


class Question(msgspec.Struct, frozen=True):
    """What is searched for. `token` is a credential's pseudonym: rows of it only."""

    portal: str | None = None
    kinds: frozenset[Code] | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    at_ms: int | None = None
    before: Cursor | None = None
    after: Cursor | None = None
    holder: str | None = None
    token: str | None = None
    with_bodies: bool = False


class Found(msgspec.Struct, frozen=True):
    """Rows, newest first. `older` and `newer` are where to go on, None where there is nothing.

    `moment` is how many rows are newer than the moment that was asked for; `looked_through` says that no more was
    looked at than down to `older`, though fewer rows than a page were found.
    """

    rows: tuple[Row, ...]
    older: Cursor | None = None
    newer: Cursor | None = None
    moment: int | None = None
    looked_through: bool = False


def look(path: Path, question: Question, expired: Expired) -> Found:
    """Blocks. Raises JournalError, OSError."""
    if question.token is not None:
        return _of_token(path, question, expired)
    if question.at_ms is not None:
        return _around(path, question, question.at_ms, expired)
    if question.after is not None:
        rows = _search(path, question, expired, after=question.after, oldest=True)
        page = rows[:PAGE_ROWS][::-1]
        behind = cursor_of(page[-1]) if page else (question.after[0], question.after[1] + 1)
        return Found(_shown(page), behind, cursor_of(page[0]) if len(rows) > PAGE_ROWS else None)
    rows = _search(path, question, expired, before=question.before)
    page = rows[:PAGE_ROWS]
    newer = page[0] if page and question.before is not None else None
    older = cursor_of(page[-1]) if len(rows) > PAGE_ROWS else None
    return Found(_shown(page), older, None if newer is None else cursor_of(newer))


def _around(path: Path, question: Question, at_ms: int, expired: Expired) -> Found:
    """What came after a moment, and what was before it."""
    late, early = question.until_ms, question.since_ms
    after = msgspec.structs.replace(question, since_ms=at_ms if early is None else max(at_ms, early))
    before = msgspec.structs.replace(question, until_ms=at_ms if late is None else min(at_ms, late))
    newer = _search(path, after, expired, oldest=True, limit=AT_NEWER_ROWS + 1)
    older = _search(path, before, expired, limit=PAGE_ROWS - AT_NEWER_ROWS + 1)
    shown = [*newer[:AT_NEWER_ROWS][::-1], *older[: PAGE_ROWS - AT_NEWER_ROWS]]
    return Found(
        _shown(shown),
        cursor_of(shown[-1]) if len(older) > PAGE_ROWS - AT_NEWER_ROWS else None,
        cursor_of(shown[0]) if len(newer) > AT_NEWER_ROWS else None,
        len(_shown(newer[:AT_NEWER_ROWS])),
    )


def _search(
    path: Path,
    question: Question,
    expired: Expired,
    *,
    before: Cursor | None = None,
    after: Cursor | None = None,
    oldest: bool = False,
    limit: int = PAGE_ROWS + 1,
) -> list[Row]:
    return search(
        path,
        holder=question.holder,
        portal=question.portal,
        kinds=question.kinds,
        since_utc=question.since_ms,
        until_utc=question.until_ms,
        before=before,
        after=after,
        oldest=oldest,
        limit=limit,
        with_bodies=question.with_bodies,
        expired=expired,
    )


def _of_token(path: Path, question: Question, expired: Expired) -> Found:
    """Rows of one credential: its holder's, by the index, and those of before it was anybody's, looked through."""
    nobodys = frozenset({Code.UNKNOWN_CREDENTIAL})
    parts = [question] if question.holder is not None else []
    kinds = nobodys if question.kinds is None else question.kinds & nobodys
    if kinds:
        parts.append(msgspec.structs.replace(question, holder=None, kinds=kinds))
    found: dict[Cursor, Row] = {}
    floor: Cursor | None = None  # down to here everything was looked at
    for part in parts:
        rows, reached = _scan(path, part, expired)
        found |= {cursor_of(row): row for row in rows}
        if reached is not None:
            floor = reached if floor is None else max(floor, reached)
    whole = sorted((row for at, row in found.items() if floor is None or at >= floor), key=cursor_of, reverse=True)
    page = whole[:PAGE_ROWS]
    older = cursor_of(page[-1]) if len(whole) > PAGE_ROWS else floor
    return Found(_shown(page), older, looked_through=older is not None and len(page) < PAGE_ROWS)


def _scan(path: Path, question: Question, expired: Expired) -> tuple[list[Row], Cursor | None]:
    """The newest rows of the token, and down to which row was looked; None: down to the last."""
    rows: list[Row] = []
    before = question.before
    for _ in range(SCAN_ROWS_MAX // SCAN_ROWS):
        some = _search(path, question, expired, before=before, limit=SCAN_ROWS)
        rows += [row for row in some if _has_token(row, question.token)]
        if len(some) < SCAN_ROWS:
            return rows, None
        before = cursor_of(some[-1])
        if len(rows) > PAGE_ROWS:
            break
    return rows, before


def _has_token(row: Row, token: str | None) -> bool:
    body = row.event.body
    return body is not None and token in (body.credential, body.token)


def cursor_of(row: Row) -> Cursor:
    return row.epoch, row.seq


def _shown(rows: list[Row]) -> tuple[Row, ...]:
    """Without what must not be seen on any screen."""
    return tuple(row for row in rows if row.event.code not in HIDDEN)
