"""The event that a person asks about: if she may see it without a purpose; and what its record itself tells."""

from __future__ import annotations

import asyncio
from datetime import tzinfo
from pathlib import Path

from firmware.core.codes import Code
from firmware.journal import Row, search
from firmware.network.events import HIDDEN
from firmware.network.journal.desk import Expired, ReadingDesk
from firmware.network.journal.errors import NotUnderstood
from firmware.network.journal.filters import Cursor, filter_of, purpose_of
from firmware.network.journal.kinds import part_for, sight_of
from firmware.network.journal.looking import cursor_of
from firmware.network.journal.pages import HOUR_MS, SHIFT_HOURS
from firmware.network.live import Live
from firmware.network.questions.showing import telling
from firmware.network.sessions import Session
from firmware.people_words.questions import AskWhy

NO_ROW = "questions_bad_row"


class Rows:
    """`desk` reads the journal's file."""

    def __init__(self, desk: ReadingDesk, live: Live, zone: tzinfo) -> None:
        self._desk = desk
        self._live = live
        self._zone = zone
        self._now_s = asyncio.get_running_loop().time

    async def seen(self, person: Session, typed: str) -> Row:
        """Without who it was. Raises PageError."""
        at = filter_of({"before": typed}, self._zone).before
        if at is None:
            raise NotUnderstood(NO_ROW)
        part = part_for(sight_of(person.roles), None)
        since_ms = None
        if part.of_shift:
            now_ms = self._live.utc_ms_at(self._now_s())
            since_ms = None if now_ms is None else now_ms - SHIFT_HOURS * HOUR_MS

        def look(path: Path, expired: Expired) -> list[Row]:
            before: Cursor = (at[0], at[1] + 1)
            return search(path, kinds=part.kinds, since_utc=since_ms, before=before, limit=1, expired=expired)

        rows = await self._desk.query(look)
        if not rows or cursor_of(rows[0]) != at or rows[0].event.code in HIDDEN:
            raise NotUnderstood(NO_ROW)
        return rows[0]


def asking_why(row: Row, purpose: str) -> AskWhy:
    """Who it was, for a purpose. Raises NotUnderstood."""
    return AskWhy(epoch=row.epoch, seq=row.seq, why=purpose_of(purpose))


def recorded(row: Row) -> tuple[str, tuple[str, ...], list[str]]:
    """Of a decision: its outcome, its reasons, and what stood in the way, as the record has them."""
    outcome = "granted" if row.event.code is Code.GRANTED else "denied"
    return outcome, row.event.reasons, telling(row.event.reasons) if outcome == "denied" else []
