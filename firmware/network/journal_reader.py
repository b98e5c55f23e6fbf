"""Reads the newest events out of the journal file for the page: the one place here that knows the journal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from firmware.journal import JournalError, search
from firmware.network.errors import EventsUnreadable
from firmware.network.events import EventLine, line_of


def read_events(path: str, limit: int, expired: Callable[[], bool], /) -> list[EventLine]:
    """The newest events, newest first, at most `limit`; bodies are not asked for. Blocks: call it in a thread.

    Raises EventsUnreadable when the file is absent, damaged or slow.
    """
    try:
        rows = search(Path(path), limit=limit, expired=expired)
    except (JournalError, OSError) as error:
        raise EventsUnreadable(str(error)) from error
    lines = (line_of(row.epoch, row.seq, row.utc_ms, row.event) for row in rows)
    return [line for line in lines if line is not None]
